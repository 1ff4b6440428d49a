// SPDX-License-Identifier: BSD-3-Clause
// How many threads a step uses.
#include "system/threads.hpp"

#include <chrono>
#include <thread>

#include "check.hpp"

using netlet::core::begin_step;
using netlet::core::end_step;

static std::size_t step(std::size_t threads, const void* of) {
  const std::size_t used = begin_step(threads, of);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  end_step(1e6);
  return used;
}

// Which of the two is faster depends on the machine; that both are tried does not.
static void steps_try_one_thread_and_several() {
  const int net = 0;
  bool one = false, all = false;
  for (int i = 0; i < 1000 && !(one && all); ++i) {
    const std::size_t used = step(3, &net);
    CHECK(used == 1 || used == 3);
    (used == 1 ? one : all) = true;
  }
  CHECK(one && all);
}

static void steps_of_one_thread_stay_on_it() {
  const int net = 0;
  for (int i = 0; i < 20; ++i) CHECK(step(1, &net) == 1);
}

int main() {
  steps_try_one_thread_and_several();
  steps_of_one_thread_stay_on_it();
  return check::summary();
}
