// SPDX-License-Identifier: BSD-3-Clause
// WebAssembly: one thread, so that a lock is never waited for.
#include <time.h>

#include "system/system.hpp"

namespace netlet::core {

void Mutex::lock() {}
void Mutex::unlock() {}
void Condition::wait(Mutex&) { __builtin_trap(); }
void Condition::wake_all() {}

size_t start_threads(void (*)(size_t), size_t, size_t) { return 0; }

void yield_thread() {}

size_t processors_allowed() { return 1; }

void after_fork_in_child(void (*)()) {}

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

}  // namespace netlet::core
