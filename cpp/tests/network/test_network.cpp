// SPDX-License-Identifier: BSD-3-Clause
// netlet.hpp as a native user meets it.
#include <netlet/netlet.hpp>

#include <algorithm>
#include <cmath>
#include <type_traits>

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
  CHECK_ERROR(Network({std::size_t(1) << 40, std::size_t(1) << 40}), "can address");
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
  CHECK_ERROR(net.jacobian(x, wrong), "out: expected float64");
  CHECK_ERROR(net.input_gradient(x, y, wrong), "out: expected float64");
  CHECK_ERROR(net.row_gradients(x, y, wrong), "out: expected float64");
  CHECK_ERROR(net.apply_gradient(wrong, sgd), "gradient: expected float64");
  CHECK_ERROR(net.parameters<float>(), "float64");
  CHECK_ERROR(net.step(x, Array(kY.data(), 2, 1), sgd), "y: expected 4 rows");
  CHECK_ERROR(net.fit(x, Array(kY.data(), 4, 2), sgd, options), "y: expected 1 columns");
  std::vector<double> bad = kX;
  bad[5] = NAN;
  CHECK_ERROR(net.fit(Array(bad.data(), 4, 2), y, sgd, options),
              "x: expected finite numbers, got nan in row 2, column 1");
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

// Nothing that a callback throws passes through C, whichever it is, and nothing stays busy.
static void any_callback_may_throw() {
  const auto thrown_by = [](const char* callback) {
    Network net = xor_network();
    netlet::Optimizer sgd = netlet::SGD(0.5);
    netlet::FitOptions options;
    options.epochs = 1000000;
    const std::string name = callback;
    const auto fail = [&]() -> bool { throw std::out_of_range(name); };
    if (name == "on_epoch") options.on_epoch = [&](const netlet_epoch&, const netlet::History&) { return fail(); };
    if (name == "schedule") options.schedule_function = [&](std::uint64_t) -> double { return fail(); };
    if (name == "poll") options.poll = fail;
    const Network::NextBatch next = [&]() -> const netlet::Batch* { return fail(), nullptr; };
    std::string message;
    try {
      name == "next_batch" ? net.fit(next, sgd, options) : net.fit(x, y, sgd, options);
    } catch (const std::out_of_range& error) {
      message = error.what();
    }
    net.step(x, y, sgd);  // not busy any more
    return message;
  };
  for (const char* callback : {"on_epoch", "schedule", "poll", "next_batch"}) CHECK(thrown_by(callback) == callback);
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

static void training_takes_options() {
  Network net({2, 8, 1}, {Activation::gelu, Activation::identity}, Loss::huber, netlet::Reduction::mean,
              netlet::Dtype::float64, {{0.5}, {0.1}});
  net.initialize(netlet::Init::he_uniform, 2);
  netlet_optimizer_config config = netlet::config_of(NETLET_ADAM);
  config.weight_decay = 0.01;
  config.clip_norm = 1;
  netlet::Optimizer adamw(config);
  const std::vector<double> weights = {1, 2, 1, 0};
  const netlet::Targets targets(y, {weights.data(), 4, 1}), validation(y);
  netlet::FitOptions options;
  options.epochs = 40;
  options.standardize_inputs = options.standardize_outputs = true;
  options.schedule_function = [](std::uint64_t epoch) { return 1 / (1.0 + (double)epoch); };
  options.validation_x = &x;
  options.validation_targets = &validation;
  options.patience = 5;
  const netlet::History history = net.fit(x, targets, adamw, options);
  CHECK(history.learning_rate[1] == 0.0005 && history.validation_loss.size() == history.loss.size());
  CHECK(netlet_scaling_shift(net.get(), NETLET_SCALE_INPUTS) && netlet_scaling_scale(net.get(), NETLET_SCALE_OUTPUTS));
  double best = INFINITY;
  for (const double loss : history.validation_loss) best = loss < best ? loss : best;
  CHECK(net.loss(x, validation) == best);

  options.schedule_function = [](std::uint64_t) -> double { throw std::out_of_range("no rate"); };
  std::string message;
  try {
    net.fit(x, targets, adamw, options);
  } catch (const std::out_of_range& error) {
    message = error.what();
  }
  CHECK(message == "no rate");
  options.schedule_function = nullptr;
  options.schedule.kind = NETLET_COSINE;
  CHECK_ERROR(net.fit(x, targets, adamw, options), "period");
  CHECK_ERROR(Network({2, 3, 1}, {Activation::tanh, Activation::tanh}, Loss::quantile, netlet::Reduction::sum,
                      netlet::Dtype::float64, {{0.5, 0.5}, {}}),
              "quantile: expected 1 values for quantile, got 2");
}

// A schedule begins with each call, or goes on: n epochs and then m are n + m.
static void a_schedule_begins_or_goes_on(const netlet_schedule& schedule) {
  const auto rates = [&](const std::vector<std::size_t>& parts, bool resume, std::string* fingerprint) {
    Network net = xor_network();
    netlet::Optimizer adam = netlet::Adam(0.5);
    netlet::FitOptions options;
    options.schedule = schedule;
    netlet::History history;
    for (const std::size_t epochs : parts) {
      options.epochs = epochs;
      net.fit(x, y, adam, options, history);
      options.resume = resume;
    }
    *fingerprint = net.fingerprint();
    return history.learning_rate;
  };
  std::string whole, parts, anew;
  const std::vector<double> all = rates({9}, false, &whole), first(all.begin(), all.begin() + 4);
  CHECK(rates({4, 3, 2}, true, &parts) == all && parts == whole && first.back() < first.front());
  const std::vector<double> twice = rates({4, 4}, false, &anew);
  CHECK(std::equal(first.begin(), first.end(), twice.begin() + 4) || schedule.kind == NETLET_PLATEAU);
  CHECK(twice[4] == all[0] && anew != whole);
}

static void schedules_begin_or_go_on() {
  a_schedule_begins_or_goes_on({NETLET_STEP_DECAY, 0.5, 2, 0, 0, nullptr});
  a_schedule_begins_or_goes_on({NETLET_EXPONENTIAL, 0.9, 0, 0, 0, nullptr});
  a_schedule_begins_or_goes_on({NETLET_COSINE, 1, 7, 0.1, 0, nullptr});
  a_schedule_begins_or_goes_on({NETLET_PLATEAU, 0.5, 1, 0, 0.1, nullptr});

  Network net = xor_network();
  netlet::Optimizer sgd = netlet::SGD(0.5);
  std::vector<std::uint64_t> asked;
  netlet::FitOptions options;
  options.epochs = 2;
  options.schedule_function = [&](std::uint64_t epoch) {
    asked.push_back(epoch);
    return 1.0;
  };
  net.fit(x, y, sgd, options);
  net.fit(x, y, sgd, options);
  options.resume = true;
  net.fit(x, y, sgd, options);
  CHECK(asked == std::vector<std::uint64_t>({0, 1, 0, 1, 4, 5}));
}

static void batches_may_come_one_by_one() {
  Network whole = xor_network(), parts = xor_network();
  netlet::Optimizer a = netlet::SGD(0.5), b = netlet::SGD(0.5);
  netlet::FitOptions options;
  options.epochs = 3;
  options.batch_size = 2;
  options.shuffle = false;
  const netlet::History expected = whole.fit(x, y, a, options);
  const netlet::Batch batches[] = {{{kX.data(), 2, 2}, {kY.data(), 2, 1}},
                                   {{kX.data() + 4, 2, 2}, {kY.data() + 2, 2, 1}}};
  int next = 0;
  const netlet::History history = parts.fit(
      [&]() -> const netlet::Batch* { return next++ % 3 < 2 ? batches + (next - 1) % 3 : nullptr; }, b, options);
  CHECK(parts.fingerprint() == whole.fingerprint() && history.loss == expected.loss && next == 9);
  CHECK_ERROR(parts.fit([]() -> const netlet::Batch* { return nullptr; }, b, options), "batches");
  const netlet::Batch own = {x, netlet::Targets::output_gradient(y)};
  CHECK_ERROR(parts.fit([&]() -> const netlet::Batch* { return &own; }, b, options), "output_gradient");
}

// A network that gives its one input times 10: 10, 20, 30.
static Network ten_times() {
  Network net({1, 1}, {Activation::identity}, Loss::squared_error, netlet::Reduction::mean);
  net.parameters<double>()[0] = 1;
  net.set_scaling(netlet::Scaling::outputs, {0}, {10});
  return net;
}
static const std::vector<double> kThree = {1, 2, 3}, kGiven = {10, NAN, 40}, kWeights = {1, 5, 3};
static const Array three(kThree.data(), 3, 1), given(kGiven.data(), 3, 1), weights(kWeights.data(), 3, 1);

static void targets_may_be_missing() {
  const Network net = ten_times();
  netlet::Targets targets(given, weights);
  CHECK(std::isnan(net.loss(three, targets)));
  targets.missing(netlet::Missing::ignore);
  const netlet_evaluation figures = net.evaluate(three, targets);
  CHECK(figures.loss == 0.5 * 3 / 9 && std::isnan(figures.accuracy));  // an error of 1 on the network's scale
  CHECK(figures.rmse == std::sqrt(300.0 / 4) && figures.mae == 30.0 / 4);
  double gradient[2];
  CHECK(net.backward(three, targets, gradient) == figures.loss);
  CHECK(gradient[0] == -9.0 / 9 && gradient[1] == -3.0 / 9);
  Network trained = ten_times();
  netlet::Optimizer sgd = netlet::SGD(1);
  CHECK_ERROR(trained.step(three, netlet::Targets(given), sgd), "missing='ignore'");
  trained.step(three, targets, sgd);
  CHECK(trained.parameters<double>()[0] == 2 && trained.parameters<double>()[1] == 3.0 / 9);
  netlet_targets c = targets.get();
  c.missing = 7;
  CHECK(netlet_backward(net.get(), &three, &c, nullptr, gradient, nullptr) == NETLET_ERROR_ARGUMENT);
}

static void a_mean_weight_may_be_given() {
  const Network net = ten_times();
  const std::vector<double> zeros(3);
  const Array y(kThree.data(), 3, 1);
  netlet::Targets targets(y, {zeros.data(), 3, 1});
  CHECK_ERROR(net.loss(three, targets), "sample_weight: expected a weight above 0");
  CHECK(net.loss(three, targets.weight_mean(2)) == 0);
  const double own = net.loss(three, {y, weights});
  CHECK(std::fabs(net.loss(three, netlet::Targets(y, weights).weight_mean(2)) - own * 9 / 6) < 1e-15);
  CHECK_ERROR(net.loss(three, netlet::Targets(y).weight_mean(-1)), "weight_mean");
}

static void an_evaluation_may_grow() {
  const Network net = ten_times();
  const netlet::Targets own(three);
  const netlet_targets targets = own.get();
  struct {
    netlet_evaluation known;
    double later;
  } figures = {{-1, -1, -1, -1}, -1};
  CHECK(netlet_evaluate(net.get(), &three, &targets, &figures.known, sizeof(double), nullptr) == NETLET_OK);
  CHECK(figures.known.loss > 0 && figures.known.accuracy == -1 && figures.known.rmse == -1);
  CHECK(netlet_evaluate(net.get(), &three, &targets, &figures.known, sizeof figures, nullptr) == NETLET_OK);
  CHECK(std::isnan(figures.known.accuracy) && figures.known.mae == 18 && figures.later == -1);
}

static void derivatives_of_rows() {
  Network net({2, 2}, {Activation::identity});
  const double values[] = {1, 2, 3, 4, 0, 0};
  std::copy(values, values + 6, net.parameters<double>());
  double jacobian[16], by_input[8], by_row[24];
  net.jacobian(x, jacobian);
  const double expected[] = {1, 3, 2, 4};
  for (int i = 0; i < 16; ++i) CHECK(jacobian[i] == expected[i % 4]);
  const std::vector<double> g = {1, 0, 0, 1, 1, 1, 0, 0};
  const netlet::Targets own = netlet::Targets::output_gradient({g.data(), 4, 2});
  net.input_gradient(x, own, by_input);
  CHECK(by_input[0] == 1 && by_input[1] == 3 && by_input[4] == 3 && by_input[5] == 7 && by_input[6] == 0);
  net.row_gradients(x, own, by_row);
  CHECK(by_row[6 + 3] == 1 && by_row[6 + 5] == 1 && by_row[6 + 1] == 0);
  netlet::Optimizer sgd = netlet::SGD(1), other = netlet::SGD(1);
  Network twin({2, 2}, {Activation::identity});
  std::copy(values, values + 6, twin.parameters<double>());
  double gradient[6];
  CHECK(net.backward(x, own, gradient) == 0);
  twin.apply_gradient(gradient, other);
  net.step(x, own, sgd);
  CHECK(net.fingerprint() == twin.fingerprint());
  CHECK_ERROR(net.loss(x, own), "output_gradient");
}

static void layers_are_parts_of_the_parameters() {
  Network net({2, 3, 1});
  double* const all = net.parameters<double>();
  CHECK(net.weights<double>(0) == all && net.biases<double>(0) == all + 6);
  CHECK(net.weights<double>(1) == all + 9 && net.biases<double>(1) == all + 12);
  CHECK_ERROR(net.weights<double>(2), "layer: expected a number below 2, got 2");
  CHECK_ERROR(net.biases<float>(0), "float64");
  const Network& shared = net;
  static_assert(std::is_same_v<decltype(shared.parameters<double>()), const double*>);
  CHECK(shared.parameters<double>() == all && shared.weights<double>(1) == all + 9);
  CHECK(shared.biases<double>(1) == all + 12);
}

// Memory for values must be aligned for them, which arrays need not be.
static void unaligned_memory_is_refused() {
  Network net = xor_network();
  netlet::Optimizer sgd = netlet::SGD();
  std::vector<double> memory(40, 0.25);
  char* const odd = reinterpret_cast<char*>(memory.data()) + 1;
  const netlet::Targets own(y);
  const netlet_targets targets = own.get();
  std::memcpy(odd, kX.data(), 64);
  double out[4], expected[4];
  netlet_array shifted = x;
  shifted.data = odd;
  net.forward(Array(shifted), out);
  net.forward(x, expected);
  CHECK(check::same_bits(out, expected, 4));
  const auto refuses = [](const char* name, netlet_status status, const netlet_error& error) {
    const std::string message = std::string(name) + ": expected memory aligned to 8 bytes";
    check::that(status == NETLET_ERROR_ARGUMENT && error.message == message, name, __FILE__, __LINE__);
  };
  netlet_error e;
  refuses("out", netlet_forward(net.get(), &x, odd, &e), e);
  refuses("out", netlet_forward_realtime(net.get(), &x, odd, memory.data(), 100, &e), e);
  refuses("out", netlet_jacobian(net.get(), &x, odd, &e), e);
  refuses("out", netlet_input_gradient(net.get(), &x, &targets, odd, &e), e);
  refuses("out", netlet_row_gradients(net.get(), &x, &targets, odd, &e), e);
  refuses("gradient", netlet_backward(net.get(), &x, &targets, nullptr, odd, &e), e);
  refuses("gradient", netlet_apply_gradient(net.get(), odd, sgd.get(), &e), e);
  const netlet_optimizer_progress progress = {0, 1, 1, 1, 1, 0};
  netlet::Optimizer adam = netlet::Adam();
  refuses("slots", netlet_optimizer_set_state(adam.get(), odd, 2, NETLET_FLOAT64, &progress, &e), e);
  refuses("x", netlet_map(NETLET_EXP, NETLET_FLOAT64, 2, odd, out, &e), e);
  refuses("y", netlet_map(NETLET_EXP, NETLET_FLOAT64, 2, out, odd, &e), e);
}

static void an_optimizer_that_is_not_bound_has_no_slots() {
  const netlet::Optimizer adam = netlet::Adam();
  CHECK(netlet_optimizer_slot_count(adam.get()) == 2 && netlet_optimizer_slot(adam.get(), 0) == nullptr);
}

static void threads_are_counted() {
  const std::size_t before = netlet::num_threads();
  netlet::set_num_threads(3);
  CHECK(netlet::num_threads() == 3);
  CHECK_ERROR(netlet::set_num_threads(0), "1 to 1024");
  netlet::set_num_threads(before);
}

static void a_limit_of_threads_ends_with_its_scope_and_never_raises_an_outer_one() {
  const auto limit = [] {
    const std::size_t now = netlet_limit_threads(0);
    netlet_limit_threads(now);
    return now;
  };
  CHECK(limit() == 0);
  {
    const netlet::ThreadLimit two(2);
    CHECK(limit() == 2);
    {
      const netlet::ThreadLimit one(1);
      CHECK(limit() == 1);
      const netlet::ThreadLimit three(3), none(0);
      CHECK(limit() == 1);
    }
    CHECK(limit() == 2);
  }
  CHECK(limit() == 0);
}

static void functions_take_both_types() {
  const float in[] = {-1, 0, 1};
  float out[3];
  netlet::map(netlet::Activation::tanh, 3, in, out);
  CHECK(out[0] == -out[2] && out[1] == 0 && out[2] > 0.7615f && out[2] < 0.7616f);
}

int main() {
  learns_xor();
  rows_alone_strided_and_converted_give_the_same_bits();
  errors_name_the_argument_and_change_nothing();
  callbacks_stop_throw_and_may_look();
  any_callback_may_throw();
  a_diverging_run_keeps_the_last_good_epoch();
  training_takes_options();
  schedules_begin_or_go_on();
  batches_may_come_one_by_one();
  targets_may_be_missing();
  a_mean_weight_may_be_given();
  an_evaluation_may_grow();
  derivatives_of_rows();
  layers_are_parts_of_the_parameters();
  unaligned_memory_is_refused();
  an_optimizer_that_is_not_bound_has_no_slots();
  threads_are_counted();
  a_limit_of_threads_ends_with_its_scope_and_never_raises_an_outer_one();
  functions_take_both_types();
  return check::summary();
}
