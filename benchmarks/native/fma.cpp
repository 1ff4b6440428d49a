// SPDX-License-Identifier: BSD-3-Clause
// Nanoseconds per fma: netlet's emulation for processors without the instruction, and the C library's. fma.py builds and
// runs it.
#include <chrono>
#include <cmath>
#include <cstdio>

#include "kernels/vec.hpp"

using namespace netlet::baseline;

// The best of nine runs; four independent sums, as in a kernel.
template <class F> double nanoseconds(int fmas, F run) {
  double best = 1e9;
  for (int round = 0; round < 9; ++round) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    if (time.count() / fmas < best) best = time.count() / fmas;
  }
  return best;
}

template <class T> void compare(const char* name) {
  constexpr int steps = 50000, lanes = Vec<T>::lanes;
  volatile T start = 1, scale = T(0.999), shift = T(1.0001), sink = 0;
  const double ours = nanoseconds(steps * 4 * lanes, [&] {
    V<T> sum[4];
    for (int i = 0; i < 4; ++i) sum[i] = splat(T(start)) + splat(T(i));
    const V<T> a = splat(T(scale)), b = splat(T(shift));
    for (int step = 0; step < steps; ++step)
      for (int i = 0; i < 4; ++i) sum[i] = fma(sum[i], a, b);
    sink = sum[0][0] + sum[1][0] + sum[2][0] + sum[3][0];
  });
  const double theirs = nanoseconds(steps * 4, [&] {
    T sum[4];
    for (int i = 0; i < 4; ++i) sum[i] = start + T(i);
    const T a = scale, b = shift;
    for (int step = 0; step < steps; ++step)
      for (int i = 0; i < 4; ++i) sum[i] = std::fma(sum[i], a, b);
    sink = sum[0] + sum[1] + sum[2] + sum[3];
  });
  std::printf("%s %.3f %.3f\n", name, ours, theirs);
}

int main() {
  compare<float>("float32");
  compare<double>("float64");
}
