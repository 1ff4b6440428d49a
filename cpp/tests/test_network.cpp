// SPDX-License-Identifier: BSD-3-Clause
// netlet.hpp as a native user meets it.
#include <netlet/netlet.hpp>

#include <cmath>

#include "check.hpp"

using netlet::Activation;
using netlet::Array;
using netlet::Loss;
using netlet::Network;

static const std::vector<double> kX = {0, 0, 0, 1, 1, 0, 1, 1}, kY = {0, 1, 1, 0};
static const Array x(kX.data(), 4, 2), y(kY.data(), 4, 1);

static Network xor_network(std::uint64_t seed = 1) {
  Network net({2, 3, 1});
  net.initialize(netlet::Init::glorot_uniform, seed);
  return net;
}

static void learns_xor() {
  Network net = xor_network();
  netlet::Optimizer sgd = netlet::SGD(0.5);
  netlet::FitOptions options;
  options.epochs = 10000;
  const netlet::History history = net.fit(x, y, sgd, options);
  CHECK(history.loss.size() == 10000 && history.seconds.size() == 10000 && history.accuracy.empty());
  CHECK(history.loss.back() < 0.01);
  CHECK(net.epochs_trained() == 10000 && sgd.steps() == 10000);
  double out[4];
  net.forward(x, out);
  for (int i = 0; i < 4; ++i) CHECK(std::round(out[i]) == kY[i]);
}

static void rows_alone_strided_and_converted_give_the_same_bits() {
  const Network net = xor_network();
  double all[4], one;
  net.forward(x, all);
  for (int i = 0; i < 4; ++i) {
    net.forward(Array(&kX[2 * i], 1, 2), &one);
    CHECK(check::same_bits(&one, all + i, 1));
  }
  const std::int8_t small[] = {9, 0, 0, 9, 0, 1, 9, 1, 0, 9, 1, 1};  // rows 1.. of three columns, the first unused
  double out[4];
  net.forward(Array(netlet_array{small + 1, NETLET_INT8, 4, 2, 3, 1}), out);
  CHECK(check::same_bits(out, all, 4));
  net.forward(Array(netlet_array{&kX[6], NETLET_FLOAT64, 4, 2, -16, 8}), out);
  for (int i = 0; i < 4; ++i) CHECK(check::same_bits(out + i, all + 3 - i, 1));
}

static void errors_name_the_argument_and_change_nothing() {
  CHECK_ERROR(Network({2}), "layer_sizes");
  CHECK_ERROR(Network({2, 0, 1}), "layer_sizes");
  CHECK_ERROR(Network({std::size_t(1) << 40, std::size_t(1) << 40}), "overflow");
  CHECK_ERROR(Network({2, 3, 1}, {Activation::sigmoid}), "activations");
  CHECK_ERROR(Network({2, 3, 1}, {Activation::softmax, Activation::sigmoid}), "softmax");
  CHECK_ERROR(Network({2, 3, 2}, {Activation::relu, Activation::sigmoid}, Loss::cross_entropy), "softmax output");
  CHECK_ERROR(netlet::SGD(-1), "learning_rate");
  CHECK_ERROR(netlet::SGD(0.1, 0, true), "nesterov");
  CHECK_ERROR(netlet::Adam(0.1, 1.0), "beta_1");

  Network net = xor_network();
  const std::string before = net.fingerprint();
  netlet::Optimizer sgd = netlet::SGD(0.5);
  netlet::FitOptions options;
  double out[4];
  float wrong[4];
  CHECK_ERROR(net.forward(Array(kX.data(), 2, 3), out), "x: expected 2 features");
  CHECK_ERROR(net.forward(x, wrong), "out: expected float64");
  CHECK_ERROR(net.parameters<float>(), "float64");
  CHECK_ERROR(net.step(x, Array(kY.data(), 2, 1), sgd), "y: expected 4 rows");
  CHECK_ERROR(net.fit(x, Array(kY.data(), 4, 2), sgd, options), "y: expected 1 columns");
  std::vector<double> bad = kX;
  bad[5] = NAN;
  CHECK_ERROR(net.fit(Array(bad.data(), 4, 2), y, sgd, options), "x: expected finite numbers, got nan in row 2, column 1");
  netlet::Optimizer other = netlet::Adam();
  Network small({1, 1});
  small.step(Array(kY.data(), 4, 1), y, other);
  CHECK_ERROR(net.step(x, y, other), "optimizer");
  CHECK(net.fingerprint() == before && net.epochs_trained() == 0);
}

static void callbacks_stop_throw_and_may_look() {
  Network net = xor_network();
  netlet::Optimizer sgd = netlet::SGD(0.5);
  netlet::FitOptions options;
  options.epochs = 100;
  options.on_epoch = [&](const netlet_epoch& epoch, const netlet::History& history) {
    CHECK(history.loss.size() == epoch.epoch + 1);
    double out[4];
    net.forward(x, out);
    CHECK_ERROR(net.step(x, y, sgd), "another call");
    return epoch.epoch == 6;
  };
  CHECK(net.fit(x, y, sgd, options).loss.size() == 7);
  options.on_epoch = [](const netlet_epoch&, const netlet::History&) -> bool { throw std::out_of_range("mine"); };
  netlet::History history;
  std::string message;
  try {
    net.fit(x, y, sgd, options, history);
  } catch (const std::out_of_range& error) {
    message = error.what();
  }
  CHECK(message == "mine" && net.epochs_trained() == 8 && history.loss.size() == 1);
  double out[4];
  net.forward(x, out);  // not busy any more

  Network twin = xor_network();
  netlet::Optimizer same = netlet::SGD(0.5);
  options.on_epoch = nullptr;
  options.epochs = 8;
  twin.fit(x, y, same, options);
  CHECK(twin.fingerprint() == net.fingerprint());
}

static void a_diverging_run_keeps_the_last_good_epoch() {
  Network net({2, 4, 1}, {Activation::relu, Activation::identity});
  net.initialize(netlet::Init::he_uniform, 3);
  netlet::Optimizer adam = netlet::SGD(1e60, 0.9);
  netlet::FitOptions options;
  options.epochs = 50;
  CHECK_ERROR(net.fit(x, y, adam, options), "diverged");
  CHECK(net.epochs_trained() < 50 && net.epochs_trained() == adam.steps());
  for (std::size_t i = 0; i < net.parameter_count(); ++i) CHECK(std::isfinite(net.parameters<double>()[i]));
}

static void functions_take_both_types() {
  const float in[] = {-1, 0, 1};
  float out[3];
  netlet::map(netlet::Function::tanh, 3, in, out);
  CHECK(out[0] == -out[2] && out[1] == 0 && out[2] > 0.7615f && out[2] < 0.7616f);
}

int main() {
  learns_xor();
  rows_alone_strided_and_converted_give_the_same_bits();
  errors_name_the_argument_and_change_nothing();
  callbacks_stop_throw_and_may_look();
  a_diverging_run_keeps_the_last_good_epoch();
  functions_take_both_types();
  return check::summary();
}
