// SPDX-License-Identifier: BSD-3-Clause
// The peak rate of fused multiply-adds with the widest vectors, as seconds per floating-point operation.
//   peak float32|float64 threads
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "worker.hpp"

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
constexpr int chains = 10;  // enough for 2 units with a latency of 4 or 5 cycles, and few enough for the registers
constexpr long steps = 20000;

template <class T> void multiply_and_add() {
  typedef T V __attribute__((vector_size(bytes)));
  volatile T one = 1, sink = 0;
  const V a = V{} + T(0.999) * one, b = V{} + T(0.001) * one;
  // separate variables: an array may be kept in memory
  V s0 = a, s1 = 2 * a, s2 = 3 * a, s3 = 4 * a, s4 = 5 * a, s5 = 6 * a, s6 = 7 * a, s7 = 8 * a, s8 = 9 * a, s9 = -a;
  for (long step = 0; step < steps; ++step) {
    s0 = s0 * a + b, s1 = s1 * a + b, s2 = s2 * a + b, s3 = s3 * a + b, s4 = s4 * a + b;
    s5 = s5 * a + b, s6 = s6 * a + b, s7 = s7 * a + b, s8 = s8 * a + b, s9 = s9 * a + b;
  }
  const V total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)) + (s8 + s9);
  sink = total[0];
  (void)sink;
}

template <class T> void run(int threads) {
  constexpr double operations = 2.0 * bytes / sizeof(T) * chains * steps;
  auto call = [] { multiply_and_add<T>(); };
  const long calls = calls_for(call);
  std::puts("{}");
  while (go()) {
    auto all = [&] {
      std::vector<std::thread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([&] { seconds(calls, call); });
      seconds(calls, call);
      for (std::thread& other : others) other.join();
    };
    all();
    std::printf("%.6e\n", seconds(1, all) / (operations * calls * threads));
  }
}

int main(int, char** arguments) {
  const int threads = std::atoi(arguments[2]);
  std::strcmp(arguments[1], "float32") == 0 ? run<float>(threads) : run<double>(threads);
}
