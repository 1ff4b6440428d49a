// SPDX-License-Identifier: BSD-3-Clause
// Trains networks on rows that any language can write down, and prints a fingerprint for each dtype. The Python tests
// train the same networks and compare.
#include <netlet/netlet.hpp>

#include <cstdio>

int main() {
  constexpr std::size_t rows = 600, inputs = 7, classes = 3;
  std::vector<double> x(rows * inputs);
  std::vector<std::int32_t> y(rows);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = (double)(i * 37 % 101) / 50 - 1;
  for (std::size_t i = 0; i < rows; ++i) y[i] = (std::int32_t)(i * i % classes);
  for (const netlet::Dtype dtype : {netlet::Dtype::float32, netlet::Dtype::float64}) {
    netlet::Network net({inputs, 20, 11, classes},
                        {netlet::Activation::tanh, netlet::Activation::relu, netlet::Activation::softmax},
                        netlet::Loss::cross_entropy, netlet::Reduction::mean, dtype);
    net.initialize(netlet::Init::he_uniform, 2026);
    netlet::Optimizer adam = netlet::Adam(0.01);
    netlet::FitOptions options;
    options.epochs = 5;
    options.batch_size = 32;
    options.seed = 11;
    net.fit({x.data(), rows, inputs}, {y.data(), rows, 1}, adam, options);
    std::printf("%s %s\n", netlet_dtype_name((int)dtype), net.fingerprint().c_str());
  }
}
