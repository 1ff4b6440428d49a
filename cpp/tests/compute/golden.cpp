// SPDX-License-Identifier: BSD-3-Clause
// Trains the networks of python/netlet/golden.txt, as _golden.py beside it does, and compares their fingerprints.
// Arguments: the file, and the number of threads (optional).
#include <netlet/netlet.hpp>

#include <cmath>
#include <cstdlib>
#include <map>
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

typedef std::map<std::string, std::string> Settings;

static std::vector<double> numbers(const Settings& settings, const std::string& key) {
  std::vector<double> values;
  if (settings.count(key))
    for (const std::string& text : split(settings.at(key))) values.push_back(std::strtod(text.c_str(), nullptr));
  return values;
}
static double number(const Settings& settings, const std::string& key, double otherwise) {
  const std::vector<double> values = numbers(settings, key);
  return values.empty() ? otherwise : values[0];
}

static netlet::Network network(const Settings& s) {
  std::vector<std::size_t> sizes;
  for (const double n : numbers(s, "sizes")) sizes.push_back((std::size_t)n);
  std::vector<netlet::Activation> activations;
  for (const std::string& name : split(s.at("activations")))
    activations.push_back(named<netlet::Activation>(netlet_activation_name, name));
  netlet::NetworkOptions options;
  options.loss_parameters = numbers(s, "huber_delta");
  if (options.loss_parameters.empty()) options.loss_parameters = numbers(s, "quantile");
  if (s.count("dropout")) options.dropout.assign(sizes.size() - 2, number(s, "dropout", 0));
  netlet::Network net(sizes, activations, named<netlet::Loss>(netlet_loss_name, s.at("loss")),
                      named<netlet::Reduction>(netlet_reduction_name, s.at("reduction")),
                      named<netlet::Dtype>(netlet_dtype_name, s.at("dtype")), options);
  net.initialize(named<netlet::Init>(netlet_init_name, s.at("init")), std::strtoull(s.at("seed").c_str(), nullptr, 10));
  return net;
}

static netlet::Optimizer optimizer(const Settings& s) {
  const std::string& kind = s.at("optimizer");
  netlet_optimizer_config c = netlet::config_of(kind == "adam"      ? NETLET_ADAM
                                                : kind == "rmsprop" ? NETLET_RMSPROP
                                                : kind == "rprop"   ? NETLET_RPROP
                                                                    : NETLET_SGD);
  c.learning_rate = number(s, "learning_rate", c.learning_rate);
  c.momentum = number(s, "momentum", 0);
  c.nesterov = s.count("nesterov") != 0;
  c.rho = number(s, "rho", c.rho);
  c.weight_decay = number(s, "weight_decay", 0);
  c.l2 = number(s, "l2", 0);
  c.l1 = number(s, "l1", 0);
  c.clip_value = number(s, "clip_value", 0);
  c.clip_norm = number(s, "clip_norm", 0);
  return netlet::Optimizer(c);
}

static netlet_schedule schedule(const Settings& s) {
  const std::string name = s.count("schedule") ? s.at("schedule") : "none";
  if (name == "step") return {NETLET_STEP_DECAY, 0.5, 2, 0, 0, nullptr};
  if (name == "exponential") return {NETLET_EXPONENTIAL, 0.9, 0, 0, 0, nullptr};
  if (name == "cosine") return {NETLET_COSINE, 1, 4, 0.1, 0, nullptr};
  if (name == "plateau") return {NETLET_PLATEAU, 0.5, 1, 0, 0.01, nullptr};
  return {};
}

// fingerprint after training, and the last epoch's loss
static std::pair<std::string, double> train(const Settings& s) {
  netlet::Network net = network(s);
  const std::size_t rows = (std::size_t)number(s, "rows", 0), inputs = net.inputs(), outputs = net.targets();
  std::vector<double> x(rows * inputs), y(rows * outputs), weights(rows);
  std::vector<std::int64_t> classes(rows);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = (double)(n * 37 % 101) / 50 - 1;
  for (std::size_t n = 0; n < y.size(); ++n)
    y[n] = net.loss() == netlet::Loss::binary_cross_entropy ? n % 3 == 0
           : net.loss() == netlet::Loss::poisson            ? (double)(n * 53 % 7)
                                                            : (double)(n * 53 % 97) / 48 - 1;
  for (std::size_t n = 0; n < rows; ++n) {
    classes[n] = (std::int64_t)(n * n % outputs);
    weights[n] = (double)(n % 4) / 2;
  }
  const bool missing = s.count("missing") != 0;
  for (std::size_t n = 3; missing && n < y.size(); n += 7) y[n] = NAN;
  const bool probabilities = s.count("targets") != 0;
  for (std::size_t n = 0; probabilities && n < rows; ++n)
    for (std::size_t j = 0; j < outputs; ++j)
      y[n * outputs + j] = j == n * n % outputs ? 0.75 : j == (n * n + 1) % outputs ? 0.25 : 0;

  const bool by_class = net.loss() == netlet::Loss::cross_entropy && !probabilities;
  const auto targets = [&](std::size_t count) {
    return by_class ? netlet::Array(classes.data(), count, 1) : netlet::Array(y.data(), count, outputs);
  };
  netlet::Targets all =
      s.count("weights") ? netlet::Targets(targets(rows), {weights.data(), rows, 1}) : netlet::Targets(targets(rows));
  if (missing) all.missing(netlet::Missing::ignore);
  const netlet::Array validation_x(x.data(), 50, inputs);
  const netlet::Targets validation(targets(50));
  netlet::FitOptions options;
  options.epochs = (std::size_t)number(s, "epochs", 1);
  options.batch_size = (std::size_t)number(s, "batch", 0);
  options.seed = net.seed();
  options.schedule = schedule(s);
  options.standardize_inputs = options.standardize_outputs = s.count("standardize") != 0;
  if (s.count("validation")) {
    options.validation_x = &validation_x;
    options.validation_targets = &validation;
  }
  netlet::Optimizer steps = optimizer(s);
  const netlet::History history = net.fit({x.data(), rows, inputs}, all, steps, options);
  return {net.fingerprint(), history.loss.back()};
}

int main(int argc, char** argv) {
  std::FILE* const file = std::fopen(argc > 1 ? argv[1] : "golden.txt", "r");
  if (!file) return 2;
  if (argc > 2) netlet_set_num_threads(std::strtoul(argv[2], nullptr, 10), nullptr);
  for (char text[2048]; std::fgets(text, sizeof text, file);) {
    if (text[0] == '\n' || text[0] == '#') continue;
    std::istringstream line(text);
    std::string name, word, fingerprint, loss;
    Settings settings;
    line >> name;
    while (line >> word && word != ":") settings[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    line >> fingerprint >> loss;
    const auto [got, got_loss] = train(settings);
    CHECK(got == fingerprint);
    CHECK(got_loss == std::strtod(loss.c_str(), nullptr));
    if (got != fingerprint || got_loss != std::strtod(loss.c_str(), nullptr))
      std::fprintf(stderr, "%s: got %s %a\n", name.c_str(), got.c_str(), got_loss);
  }
  return check::summary();
}
