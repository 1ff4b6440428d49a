// SPDX-License-Identifier: BSD-3-Clause
// Trains the networks of tests/golden.txt, as tests/golden.py does, and compares their fingerprints. Arguments: the file,
// and the number of threads (optional).
#include <netlet/netlet.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "check.hpp"

static std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

template <class Enum> static Enum named(const char* (*name_of)(int), const std::string& name) {
  int number = 0;
  while (name_of(number) && name != name_of(number)) ++number;
  return (Enum)number;
}

static std::string fingerprint(std::istringstream& line) {
  std::string dtype, sizes, activations, loss, reduction, init, optimizer;
  std::uint64_t seed;
  std::size_t rows, epochs, batch_size;
  line >> dtype >> sizes >> activations >> loss >> reduction >> init >> seed >> rows >> optimizer >> epochs >> batch_size;
  std::vector<std::size_t> layer_sizes;
  for (const std::string& n : split(sizes)) layer_sizes.push_back(std::stoul(n));
  std::vector<netlet::Activation> layers;
  for (const std::string& name : split(activations))
    layers.push_back(named<netlet::Activation>(netlet_activation_name, name));
  netlet::Network net(layer_sizes, layers, named<netlet::Loss>(netlet_loss_name, loss),
                      named<netlet::Reduction>(netlet_reduction_name, reduction),
                      named<netlet::Dtype>(netlet_dtype_name, dtype));
  net.initialize(named<netlet::Init>(netlet_init_name, init), seed);

  const std::size_t inputs = net.inputs(), outputs = net.outputs();
  std::vector<double> x(rows * inputs), y(rows * outputs);
  std::vector<std::int64_t> classes(rows);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = (double)(n * 37 % 101) / 50 - 1;
  for (std::size_t n = 0; n < y.size(); ++n)
    y[n] = net.loss() == netlet::Loss::binary_cross_entropy ? n % 3 == 0 : (double)(n * 53 % 97) / 48 - 1;
  for (std::size_t n = 0; n < rows; ++n) classes[n] = (std::int64_t)(n * n % outputs);

  const std::vector<std::string> settings = split(optimizer);
  const double rate = std::stod(settings[1]), momentum = settings.size() > 2 ? std::stod(settings[2]) : 0;
  netlet::Optimizer steps = settings[0] == "adam" ? netlet::Adam(rate)
                                                  : netlet::SGD(rate, momentum, settings[0] == "nesterov");
  netlet::FitOptions options;
  options.epochs = epochs;
  options.batch_size = batch_size;
  options.seed = seed;
  const bool by_class = net.loss() == netlet::Loss::cross_entropy;
  net.fit({x.data(), rows, inputs},
          by_class ? netlet::Array(classes.data(), rows, 1) : netlet::Array(y.data(), rows, outputs), steps, options);
  return net.fingerprint();
}

int main(int argc, char** argv) {
  std::ifstream file(argc > 1 ? argv[1] : "golden.txt");
  if (argc > 2) netlet_set_num_threads(std::strtoul(argv[2], nullptr, 10), nullptr);
  for (std::string text; std::getline(file, text);) {
    if (text.empty() || text[0] == '#') continue;
    std::istringstream line(text);
    std::string name, expected;
    line >> name;
    const std::string got = fingerprint(line);
    line >> expected;
    CHECK(got == expected);
    if (got != expected) std::fprintf(stderr, "%s: got %s\n", name.c_str(), got.c_str());
  }
  return check::summary();
}
