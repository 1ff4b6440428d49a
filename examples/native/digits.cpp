// SPDX-License-Identifier: BSD-3-Clause
// Learns to read handwritten digits, as examples/digits.py does, from a file whose lines have 64 pixels and the digit,
// separated by commas:
//
//   digits digits.csv [network-to-write.netlet]
//
// Make the file with scikit-learn: python -c "import numpy, sklearn.datasets as s; d = s.load_digits();
// numpy.savetxt('digits.csv', numpy.column_stack([d.data, d.target]), '%d', ',')"
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <netlet/netlet.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Digits {
  static constexpr std::size_t pixels = 64;
  std::vector<double> x;
  std::vector<int> labels;
  std::size_t rows() const { return labels.size(); }
};

// Every fourth line is held out.
static void read(const std::string& path, Digits& training, Digits& held_out) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::string line, number;
  for (std::size_t i = 0; std::getline(file, line); ++i) {
    Digits& digits = i % 4 == 0 ? held_out : training;
    std::istringstream numbers(line);
    std::vector<double> values;
    while (std::getline(numbers, number, ',')) values.push_back(std::stod(number));
    if (values.size() != Digits::pixels + 1)
      throw std::runtime_error(path + ", line " + std::to_string(i + 1) + ": expected 65 numbers");
    for (std::size_t k = 0; k < Digits::pixels; ++k) digits.x.push_back(values[k] / 16);  // from 0 to 1
    digits.labels.push_back((int)values.back());
  }
  if (training.rows() == 0) throw std::runtime_error(path + ": it contains no digits");
}

int main(int count, char** arguments) try {
  if (count < 2) throw std::runtime_error("usage: digits DIGITS.CSV [NETWORK]");
  Digits training, held_out;
  read(arguments[1], training, held_out);

  using netlet::Activation;
  netlet::Network net({Digits::pixels, 100, 10}, {Activation::relu, Activation::softmax}, netlet::Loss::cross_entropy,
                      netlet::Reduction::mean);
  net.initialize(netlet::Init::he_uniform, 0);
  netlet::Optimizer adam = netlet::Adam(0.003);
  netlet::FitOptions options;
  options.epochs = 50;
  options.batch_size = 32;
  net.fit({training.x.data(), training.rows(), Digits::pixels}, {training.labels.data(), training.rows(), 1}, adam,
          options);

  const netlet_evaluation figures =
      net.evaluate({held_out.x.data(), held_out.rows(), Digits::pixels}, {held_out.labels.data(), held_out.rows(), 1});
  std::printf("held-out digits  %.2f %% read right\n", 100 * figures.accuracy);
  std::printf("fingerprint      %s\n", net.fingerprint().c_str());
  if (count > 2) net.save(arguments[2]);  // for Network.load in Python, or predict.c
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
