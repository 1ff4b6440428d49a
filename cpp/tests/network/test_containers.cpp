// SPDX-License-Identifier: BSD-3-Clause
// Vectors, arrays and, from C++20 on, spans in place of pointers: the same bits, and sizes are checked.
#include <netlet/netlet.hpp>

#include <array>
#include <cmath>
#include <limits>
#if __has_include(<span>)
#include <span>
#endif

#include "check.hpp"

using netlet::Activation;
using netlet::Loss;
using netlet::Network;
using netlet::Targets;

static const std::vector<double> kX = {0, 0, 0, 1, 1, 0, 1, 1}, kY = {0, 1, 1, 0};

static Network xor_network(Loss loss = Loss::squared_error, Activation last = Activation::sigmoid,
                           std::size_t outputs = 1) {
  Network net({2, 3, outputs}, {Activation::sigmoid, last}, loss);
  net.initialize(netlet::Init::glorot_uniform, 1);
  return net;
}

static void containers_are_what_pointers_are() {
  const Network net = xor_network();
  double expected[4];
  net.forward({kX.data(), 4, 2}, expected);
  std::vector<double> out(4);
  net.forward(kX, out);
  CHECK(check::same_bits(out.data(), expected, 4));
  CHECK(net.forward<double>(kX) == out);
  std::array<double, 4> array{};
  const int integers[] = {0, 0, 0, 1, 1, 0, 1, 1};
  net.forward(integers, array);
  CHECK(check::same_bits(array.data(), expected, 4));
  CHECK(net.forward<double>(std::array<float, 2>{1, 0}) == std::vector<double>{expected[2]});
  CHECK(net.forward<double>(std::vector<double>()).empty());
  netlet::Workspace workspace(net, 4);
  std::vector<double> again(4);
  CHECK(net.forward(kX, again, workspace) == NETLET_OK);
  CHECK(again == out);
#if defined(__cpp_lib_span)
  std::vector<double> seen(4);
  net.forward(std::span<const double>(kX), std::span<double>(seen));
  CHECK(seen == out);
  seen.assign(4, 0);
  CHECK(net.forward(std::span<const double>(kX), std::span<double>(seen), workspace) == NETLET_OK);
  CHECK(seen == out);
#endif
}

static void training_and_derivatives() {
  const netlet::Array x(kX.data(), 4, 2), y(kY.data(), 4, 1);
  const std::vector<float> weight = {1, 2, 3, 4};
  const netlet::Array weights(weight.data(), 4, 1);
  Network a = xor_network(), b = xor_network();
  std::vector<double> g(a.parameter_count()), h(g);
  CHECK(a.backward(x, y, g.data()) == b.backward(kX, kY, h) && g == h);
  CHECK(a.backward(x, Targets(y, weights), g.data()) == b.backward(kX, Targets(kY, weight), h) && g == h);
  std::vector<double> i(8), j(8);
  a.input_gradient(x, y, i.data());
  b.input_gradient(kX, kY, j);
  CHECK(i == j);
  a.jacobian(x, i.data());
  b.jacobian(kX, j);
  CHECK(i == j);
  std::vector<double> r(4 * a.parameter_count()), s(r);
  a.row_gradients(x, y, r.data());
  b.row_gradients(kX, kY, s);
  CHECK(r == s);
  CHECK(a.evaluate(x, y).loss == b.evaluate(kX, kY).loss);
  a.learn_scaling(netlet::Scaling::inputs, x);
  b.learn_scaling(netlet::Scaling::inputs, kX);
  netlet::Optimizer one = netlet::SGD(0.1), two = netlet::SGD(0.1);
  CHECK(a.step(x, y, one) == b.step(kX, kY, two));
  a.apply_gradient(g.data(), one);
  b.apply_gradient(h, two);
  netlet::FitOptions options;
  options.epochs = 3;
  options.batch_size = 2;
  options.validation_x = &x;
  const Targets validation(y);
  options.validation_targets = &validation;
  const netlet::History history = a.fit(x, y, one, options);
  const netlet::Array flat(kX);
  const Targets flat_targets(kY);
  options.validation_x = &flat;
  options.validation_targets = &flat_targets;
  CHECK(b.fit(kX, kY, two, options).validation_loss == history.validation_loss);
  options.validation_x = nullptr;
  options.validation_targets = nullptr;
  const netlet::Batch shaped{x, y}, unshaped{kX, kY};
  int left = 6;  // half of them for each
  a.fit([&]() { return left-- % 2 == 0 ? &shaped : nullptr; }, one, options);
  b.fit([&]() { return left-- % 2 == 0 ? &unshaped : nullptr; }, two, options);
  CHECK(a.fingerprint() == b.fingerprint());
  const std::vector<double> gradient(4, 0.5);
  CHECK(a.step(x, Targets::output_gradient({gradient.data(), 4, 1}), one) ==
        b.step(kX, Targets::output_gradient(gradient), two));
  CHECK(a.fingerprint() == b.fingerprint());
}

static void classes_are_one_for_each_row() {
  Network a = xor_network(Loss::cross_entropy, Activation::softmax, 2),
          b = xor_network(Loss::cross_entropy, Activation::softmax, 2);
  const std::vector<int> labels = {0, 1, 1, 0};
  const std::vector<double> shares = {1, 0, 0, 1, 0, 1, 1, 0};
  const std::vector<int> whole_shares = {1, 0, 0, 1, 0, 1, 1, 0};
  const double expected = a.loss({kX.data(), 4, 2}, {labels.data(), 4, 1});
  CHECK(b.loss(kX, labels) == expected);
  CHECK(b.loss(kX, shares) == expected);
  CHECK(b.loss(kX, whole_shares) == expected);
  CHECK_ERROR(b.loss(kX, std::vector<double>{0, 1, 1}), "y: expected rows of 2 values, got 3 values");
}

static void sizes_are_checked() {
  Network net = xor_network();
  std::vector<double> out(5), g(3);
  netlet::Optimizer sgd = netlet::SGD();
  CHECK_ERROR(net.forward<double>(std::vector<double>(7)), "x: expected rows of 2 values, got 7 values");
  CHECK_ERROR(net.forward(kX, out), "out: expected 4 rows of 1 values, got 5 values");
  CHECK_ERROR(net.forward(std::vector<double>(2), out), "out: expected 1 values, got 5 values");
  CHECK_ERROR(net.backward(kX, kY, g), "gradient: expected 13 values, got 3 values");
  CHECK_ERROR(net.apply_gradient(g, sgd), "gradient: expected 13 values, got 3 values");
  CHECK_ERROR(net.jacobian(kX, out), "out: expected 4 rows of 2 values, got 5 values");
  CHECK_ERROR(net.row_gradients(kX, kY, out), "out: expected 4 rows of 13 values");
  CHECK_ERROR(net.loss(kX, std::vector<double>(3)), "rows");
  CHECK_ERROR(net.learn_scaling(netlet::Scaling::inputs, std::vector<double>(3)), "x: expected rows of 2 values");
  CHECK_ERROR(net.forward<float>(kX), "out: expected float64, the network's dtype, got float32");
  const netlet::Array endless(netlet_array{kX.data(), NETLET_FLOAT64, SIZE_MAX / 2, 2, 0, 8});
  CHECK_ERROR(net.forward<double>(endless), "overflows");
  netlet::Workspace workspace(net, 4);
  netlet_error error;
  CHECK(net.forward(kX, out, workspace, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::string(error.message) == "out: expected as many values as the rows have outputs");
  CHECK(net.forward(std::vector<double>(3), out, workspace, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::string(error.message) == "x: expected rows of as many values as the network has inputs");
}

static void predictions() {
  const std::vector<std::int64_t> classes = {1, 0, 0};
  Network net({2, 2}, {Activation::softmax}, Loss::cross_entropy);
  net.weights<double>(0)[0] = net.weights<double>(0)[3] = 1;  // the larger input, the first of equal ones
  const std::vector<double> x = {1, 2, 5, 1, 4, 4};
  CHECK(net.predictions() == 1);
  CHECK(net.predict<std::int64_t>(x) == classes);
  std::vector<std::int64_t> out(3);
  net.predict(x, out);
  CHECK(out == classes);
  net.predict({x.data(), 3, 2}, out.data());
  CHECK(out == classes);
  CHECK_ERROR(net.predict<double>(x), "out: expected int64, for this loss, got float64");
  out.assign(3, 9);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_ERROR(net.predict(std::vector<double>{1, 2, 3, 4, nan, 0}, out),
              "x: the outputs of row 2 are NaN, which is no class");
  CHECK(out == std::vector<std::int64_t>(3, 9));
  const Network binary({2, 2}, {Activation::sigmoid}, Loss::binary_cross_entropy);  // all outputs are 1/2
  CHECK(binary.predict<std::int64_t>(x) == std::vector<std::int64_t>(6, 0));
  Network rates({2, 1}, {Activation::identity}, Loss::poisson, netlet::Reduction::sum, netlet::Dtype::float32);
  rates.weights<float>(0)[0] = 1;
  std::vector<float> outputs = rates.forward<float>(x);
  netlet::map(netlet::Function::exp, outputs, outputs);
  CHECK(rates.predict<float>(x) == outputs && outputs[0] > 2.7f && outputs[0] < 2.8f);
  CHECK_ERROR(rates.predict<double>(x), "out: expected float32, the network's dtype, got float64");
  CHECK_ERROR(rates.predict<std::int64_t>(x), "out: expected float32, the network's dtype, got int64");
  std::vector<float> two(2);
  CHECK_ERROR(netlet::map(netlet::Function::exp, outputs, two), "y: expected 3 values, as x has, got 2 values");
  Network means({2, 4}, {Activation::identity}, Loss::gaussian_nll);
  for (int j = 0; j < 4; ++j) means.biases<double>(0)[j] = j;
  CHECK(means.predictions() == 2);
  CHECK(means.predict<double>(std::vector<double>{1, 1, 1, 1}) == (std::vector<double>{0, 2, 0, 2}));
  CHECK(xor_network().predict<double>(kX) == xor_network().forward<double>(kX));
}

int main() {
  containers_are_what_pointers_are();
  training_and_derivatives();
  classes_are_one_for_each_row();
  sizes_are_checked();
  predictions();
  return check::summary();
}
