// SPDX-License-Identifier: BSD-3-Clause
// The classic first example, like examples/xor.py: the same calls, the same bits.
#include <cstdio>
#include <exception>
#include <netlet/netlet.hpp>

int main() try {
  const double x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};

  netlet::Network net({2, 3, 1});
  net.initialize(netlet::Init::glorot_uniform, 0);
  netlet::Optimizer descent = netlet::SGD(0.1);
  netlet::FitOptions options;
  options.epochs = 10000;
  const netlet::History history = net.fit({x, 4, 2}, {y, 4, 1}, descent, options);

  double output[4];
  net.forward({x, 4, 2}, output);
  for (int i = 0; i < 4; ++i) std::printf("%g xor %g = %g   output %.4f\n", x[2 * i], x[2 * i + 1], y[i], output[i]);
  std::printf("loss %.6f, first %.6f\n", history.loss.back(), history.loss.front());
  std::printf("fingerprint %s\n", net.fingerprint().c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
