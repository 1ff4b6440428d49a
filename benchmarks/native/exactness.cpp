// SPDX-License-Identifier: BSD-3-Clause
// The price of exactness: netlet's kernels compared with the same kernels without a fixed order of operations ("freed"),
// taking turns in one process. exactness.py builds and runs it; the freed tables use this processor's instruction set.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "kernels/kernels.hpp"
#include "kernels/updates.hpp"

using namespace netlet::core;

namespace netlet {
namespace reordered {  // sums, too, may be in any order
extern const core::KernelTable freed_table;
}
namespace contracted {  // sums stay in order, for functions: their rounding to integers relies on it
extern const core::KernelTable freed_table;
}
}  // namespace netlet

namespace {

template <class T> std::vector<T> numbers(size_t count) {
  std::vector<T> values(count);
  uint32_t state = 1;
  for (T& value : values) {
    state = state * 1664525 + 1013904223;
    value = T(state >> 8) / T(1 << 23) - 1;
  }
  return values;
}

// Times both in turn; prints the medians of netlet's seconds and of the ratios.
template <class T, class F> void compare(const char* what, const char* dtype, const KernelTable& freed, F run) {
  const auto seconds = [&](const Kernels<T>& kernel, long calls) {
    const auto start = std::chrono::steady_clock::now();
    for (long call = 0; call < calls; ++call) run(kernel);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / (double)calls;
  };
  const Kernels<T>&ours = kernels<T>(), &theirs = kernels_of<T>(freed);
  const std::vector<T> expected = run(ours), result = run(theirs);
  double largest = 0, error = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::fabs((double)expected[i]));
    error = std::max(error, std::fabs((double)expected[i] - (double)result[i]));
  }
  if (!(error <= 1e-4 * largest)) {
    std::printf("%s|%s|wrong: %g of %g\n", what, dtype, error, largest);
    return;
  }
  long calls = 1;
  while (seconds(ours, calls) * (double)calls < 0.01) calls *= 2;
  std::vector<double> times, ratios;
  for (int round = 0; round < 31; ++round) {
    const double first = seconds(round % 2 ? theirs : ours, calls), second = seconds(round % 2 ? ours : theirs, calls);
    times.push_back(round % 2 ? second : first);
    ratios.push_back(round % 2 ? second / first : first / second);
  }
  std::sort(times.begin(), times.end());
  std::sort(ratios.begin(), ratios.end());
  std::printf("%s|%s|%.4e|%.3f\n", what, dtype, times[times.size() / 2], ratios[ratios.size() / 2]);
}

// the three products of a layer over several rows; the forward product alone for a single row
template <class T> void products(const char* what, const char* dtype, size_t rows, size_t inputs, size_t outputs) {
  const auto x = numbers<T>(rows * inputs), w = numbers<T>(inputs * outputs), d = numbers<T>(rows * outputs);
  const std::vector<T> b(outputs, T(0.5));
  std::vector<T> y(rows * outputs), s(rows * inputs), g((inputs + 1) * outputs);
  compare<T>(what, dtype, netlet::reordered::freed_table, [&](const Kernels<T>& kernel) -> const std::vector<T>& {
    const Inputs<T> input = {x.data(), (ptrdiff_t)inputs};
    kernel.forward(rows, outputs, inputs, x.data(), (ptrdiff_t)inputs, nullptr, {w.data(), false}, b.data(),
                   NETLET_IDENTITY, nullptr, y.data());
    if (rows == 1) return y;
    kernel.backward(rows, outputs, inputs, d.data(), {w.data(), false}, NETLET_IDENTITY, x.data(), s.data());
    kernel.gradient(rows, outputs, inputs, input, {d.data(), false}, (ptrdiff_t)outputs, g.data(),
                    &g[inputs * outputs]);
    return g;
  });
}

template <class T> void function(const char* what, const char* dtype, int number) {
  const auto x = numbers<T>(2048);
  std::vector<T> y(x.size());
  compare<T>(what, dtype, netlet::contracted::freed_table, [&](const Kernels<T>& kernel) -> const std::vector<T>& {
    kernel.map(number, x.size(), x.data(), y.data());
    return y;
  });
}

// the squared error of rows of ten outputs, and its derivative
template <class T> void losses(const char* dtype) {
  constexpr size_t rows = 256, n = 10;
  auto y = numbers<T>(rows * n);
  const std::vector<T> t(rows * n, T(0.25));
  std::vector<T> delta(rows * n);
  std::vector<double> row_loss(rows);
  compare<T>("squared error, 256 rows of 10", dtype, netlet::reordered::freed_table,
             [&](const Kernels<T>& kernel) -> const std::vector<T>& {
               OutputRows<T> out = {};
               out.loss = NETLET_SQUARED_ERROR;
               out.activation = NETLET_IDENTITY;
               out.rows = rows;
               out.n = n;
               out.y = y.data();
               out.t = t.data();
               out.delta = delta.data();
               out.row_loss = row_loss.data();
               kernel.output_rows(out);
               return delta;
             });
}

// a step of Adam on parameters that fit in the cache
template <class T> void adam(const char* dtype) {
  const auto g = numbers<T>(2048);
  std::vector<T> w(g.size()), s0(g.size()), s1(g.size());
  const netlet_optimizer_config config = netlet_optimizer_defaults(NETLET_ADAM);
  const Step<T> step = {&config, true, T(config.learning_rate), T(1), T(1)};
  compare<T>("Adam, 2,048 parameters", dtype, netlet::contracted::freed_table,
             [&](const Kernels<T>& kernel) -> const std::vector<T>& {
               std::fill(w.begin(), w.end(), T(0.5));
               std::fill(s0.begin(), s0.end(), T(0));
               std::fill(s1.begin(), s1.end(), T(0));
               kernel.update(step, g.size(), g.data(), w.data(), s0.data(), s1.data());
               return w;
             });
}

template <class T> void all(const char* dtype) {
  products<T>("products of 784-128, 128 rows", dtype, 128, 784, 128);
  products<T>("products of 32-32, 256 rows", dtype, 256, 32, 32);
  products<T>("products of 32-1, 256 rows", dtype, 256, 32, 1);
  products<T>("one row, 784-128", dtype, 1, 784, 128);
  products<T>("one row, 100-10", dtype, 1, 100, 10);
  products<T>("one row, 784-1", dtype, 1, 784, 1);
  function<T>("sigmoid of 2,048", dtype, NETLET_SIGMOID);
  function<T>("tanh of 2,048", dtype, NETLET_TANH);
  losses<T>(dtype);
  adam<T>(dtype);
}

}  // namespace

int main() {
  std::printf("%s\n", netlet_isa());
  all<float>("float32");
  all<double>("float64");
}
