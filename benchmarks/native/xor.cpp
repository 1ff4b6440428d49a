// SPDX-License-Identifier: BSD-3-Clause
// The XOR workload written by hand, to show what is possible: sizes fixed at 2-3-1, the four rows in the four lanes of a
// vector, every parameter in all lanes, its own exponential function. Any rounding will do.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "worker.hpp"

typedef double V __attribute__((vector_size(32)));
typedef std::int64_t I __attribute__((vector_size(32)));

static V splat(double x) { return V{x, x, x, x}; }

#if defined(__clang__)
#define SHUFFLE(x, a, b, c, d) __builtin_shufflevector(x, x, a, b, c, d)
#else
#define SHUFFLE(x, a, b, c, d) __builtin_shuffle(x, I{a, b, c, d})
#endif

// the sum of the lanes, in all lanes
static V across(V x) {
  x += SHUFFLE(x, 2, 3, 0, 1);
  return x + SHUFFLE(x, 1, 0, 3, 2);
}

// exp(-x) for |x| < 700: 2^n times a polynomial within half a log(2), error about 1e-13
static V exp_of_minus(V x) {
  const V magic = splat(0x1.8p52);
  const V shifted = magic - x * splat(1 / M_LN2), n = shifted - magic;
  const V r = -x - n * splat(M_LN2);
  // Estrin's scheme: short chains
  const V r2 = r * r, r4 = r2 * r2;
  const V low = (splat(1) + r) + r2 * (splat(1. / 2) + r * splat(1. / 6));
  const V middle = (splat(1. / 24) + r * splat(1. / 120)) + r2 * (splat(1. / 720) + r * splat(1. / 5040));
  const V high = (splat(1. / 40320) + r * splat(1. / 362880)) + r2 * splat(1. / 3628800);
  const V p = low + r4 * (middle + r4 * high);
  return V(I(p) + (I(shifted) << 52));
}

static V sigmoid(V x) { return splat(1) / (splat(1) + exp_of_minus(x)); }

struct Network {
  V w1[2][3], b1[3], w2[3], b2;

  void train(const V (&x)[2], V y, long epochs, double learning_rate) {
    const V rate = splat(learning_rate), one = splat(1);
    Network net = *this;  // in registers
    for (long epoch = 0; epoch < epochs; ++epoch) {
      V hidden[3], sum = net.b2;
      for (int i = 0; i < 3; ++i) {
        hidden[i] = sigmoid(net.b1[i] + x[0] * net.w1[0][i] + x[1] * net.w1[1][i]);
        sum += hidden[i] * net.w2[i];
      }
      const V output = sigmoid(sum);
      const V delta = (y - output) * (output * (one - output)) * rate;
      for (int i = 0; i < 3; ++i) {
        const V hidden_delta = delta * net.w2[i] * (hidden[i] * (one - hidden[i]));
        net.w2[i] += across(delta * hidden[i]);
        net.b1[i] += across(hidden_delta);
        for (int k = 0; k < 2; ++k) net.w1[k][i] += across(hidden_delta * x[k]);
      }
      net.b2 += across(delta);
    }
    *this = net;
  }

  double loss(const V (&x)[2], V y) const {
    double total = 0;
    for (int row = 0; row < 4; ++row) {
      double sum = b2[0];
      for (int i = 0; i < 3; ++i)
        sum += w2[i][0] / (1 + std::exp(-(b1[i][0] + x[0][row] * w1[0][i][0] + x[1][row] * w1[1][i][0])));
      const double error = 1 / (1 + std::exp(-sum)) - y[row];
      total += error * error / 2;
    }
    return total / 4;
  }
};

// The arguments are the initial values: w1, b1, w2, b2.
int main(int count, char** arguments) {
  if (count != 14) return 1;
  Network net;
  V values[13];
  for (int i = 0; i < 13; ++i) values[i] = splat(std::strtod(arguments[i + 1], nullptr));
  std::memcpy(&net, values, sizeof net);
  const V x[2] = {{0, 0, 1, 1}, {0, 1, 0, 1}}, y = {0, 1, 1, 0};
  auto call = [&] { net.train(x, y, 10000, 0.1); };
  const double before = net.loss(x, y);
  call();
  const double after = net.loss(x, y);
  const long calls = calls_for(call);
  std::printf("{\"loss\": [%.12g, %.12g]}\n", before, after);
  while (go()) {
    call();
    std::printf("%.6e\n", seconds(calls, call));
  }
}
