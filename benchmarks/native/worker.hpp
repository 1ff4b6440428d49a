// SPDX-License-Identifier: BSD-3-Clause
// A native program takes turns like worker.py: it prints a line of JSON when it is ready, and one for each "go".
#pragma once
#include <chrono>
#include <cstdio>

template <class F> double seconds(long calls, F& call) {
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < calls; ++i) call();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return time.count() / calls;
}

// The number of calls that take at least 30 ms.
template <class F> long calls_for(F& call) {
  long calls = 1;
  while (seconds(calls, call) * calls < 0.03) calls *= 2;
  return calls;
}

inline bool go() {
  std::fflush(stdout);
  char line[16];
  return std::fgets(line, sizeof line, stdin) != nullptr;
}
