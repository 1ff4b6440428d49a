// SPDX-License-Identifier: BSD-3-Clause
// Data that comes batch by batch: the bits of all rows together; callbacks after steps, and what fit says of its course.
#include <netlet/netlet.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "check.hpp"

using netlet::Array;
using netlet::Network;

namespace {

constexpr std::size_t kRows = 2100, kInputs = 3, kOutputs = 2;

std::vector<double> numbers(std::size_t count, unsigned state) {
  std::vector<double> values(count);
  for (double& value : values) {
    state = state * 1664525u + 1013904223u;
    value = (double)(state >> 8) / (1 << 24);
  }
  return values;
}
const std::vector<double> g_x = numbers(kRows * kInputs, 1), g_y = numbers(kRows * kOutputs, 2),
                          g_weight = numbers(kRows, 3);

Array x_of(std::size_t first, std::size_t rows) { return {g_x.data() + first * kInputs, rows, kInputs}; }
Array y_of(std::size_t first, std::size_t rows) { return {g_y.data() + first * kOutputs, rows, kOutputs}; }
Array weight_of(std::size_t first, std::size_t rows) { return {g_weight.data() + first, rows, 1}; }

// The rows in batches of some sizes, again and again.
class Source {
 public:
  explicit Source(std::size_t rows = kRows, std::vector<std::size_t> sizes = {1, 254, 300, 1500, 7})
      : rows_(rows), sizes_(std::move(sizes)) {}
  const netlet::Batch* operator()() {
    if (first_ == rows_) {
      first_ = count_ = 0;
      return nullptr;
    }
    const std::size_t rows = std::min(sizes_[count_++ % sizes_.size()], rows_ - first_);
    batch_.emplace(netlet::Batch{x_of(first_, rows), {y_of(first_, rows), weight_of(first_, rows)}});
    first_ += rows;
    return &*batch_;
  }

 private:
  std::size_t rows_;
  std::vector<std::size_t> sizes_;
  std::size_t first_ = 0, count_ = 0;
  std::optional<netlet::Batch> batch_;
};

Network network(netlet::Dtype dtype = netlet::Dtype::float64) {
  Network net({kInputs, 4, kOutputs}, {netlet::Activation::tanh, netlet::Activation::identity},
              netlet::Loss::squared_error, netlet::Reduction::mean, dtype);
  net.initialize(netlet::Init::glorot_uniform, 7);
  return net;
}

netlet::Targets targets() { return {y_of(0, kRows), weight_of(0, kRows)}; }

void figures_are_those_of_all_rows() {
  for (const netlet::Dtype dtype : {netlet::Dtype::float32, netlet::Dtype::float64}) {
    const Network net = network(dtype);
    const netlet_evaluation all = net.evaluate(x_of(0, kRows), targets()), parts = net.evaluate(Source());
    CHECK(check::same_bits(&all.loss, &parts.loss, 1));
    CHECK(check::same_bits(&all.rmse, &parts.rmse, 1) && check::same_bits(&all.mae, &parts.mae, 1));
    CHECK(std::isnan(parts.accuracy));
  }
}

void scalings_are_those_of_all_rows() {
  Network whole = network(), parts = network();
  const Array weights = weight_of(0, kRows);
  whole.learn_scaling(netlet::Scaling::inputs, x_of(0, kRows), &weights);
  whole.learn_scaling(netlet::Scaling::outputs, y_of(0, kRows), &weights);
  parts.learn_scaling({netlet::Scaling::inputs, netlet::Scaling::outputs}, Source());
  CHECK(whole.fingerprint() == parts.fingerprint());
  CHECK_ERROR(parts.learn_scaling({}, Source()), "scaling: expected 1 (inputs), 2 (outputs) or 3 (both), got 0");
  CHECK_ERROR(parts.learn_scaling({netlet::Scaling::inputs}, Source(0)), "at least one batch");
  CHECK(whole.fingerprint() == parts.fingerprint());
}

void fit_learns_them_and_validates_in_batches() {
  Network whole = network(), parts = network();
  netlet::FitOptions options;
  options.epochs = 3;
  options.batch_size = 300;
  options.shuffle = false;
  options.standardize_inputs = options.standardize_outputs = true;
  const Array x = x_of(0, kRows), held_x = x_of(0, 900);
  const netlet::Targets y(y_of(0, kRows)), held_y(y_of(0, 900), weight_of(0, 900));
  options.validation_x = &held_x;
  options.validation_targets = &held_y;
  netlet::Optimizer sgd = netlet::SGD(0.1), other = netlet::SGD(0.1);
  const netlet::History expected = whole.fit(x, y, sgd, options);
  options.validation_x = nullptr;
  options.validation_targets = nullptr;
  options.next_validation_batch = Source(900, {100, 333});
  std::size_t first = 0;
  std::optional<netlet::Batch> batch;
  const auto next = [&]() -> const netlet::Batch* {
    if (first == kRows) {
      first = 0;
      return nullptr;
    }
    batch.emplace(netlet::Batch{x_of(first, 300), y_of(first, 300)});
    first += 300;
    return &*batch;
  };
  const netlet::History history = parts.fit(next, other, options);
  CHECK(whole.fingerprint() == parts.fingerprint());
  CHECK(history.loss == expected.loss && history.validation_loss == expected.validation_loss);
  CHECK(history.weight == (double)kRows && history.weight == expected.weight);
  CHECK(history.validation_weight == expected.validation_weight && history.validation_weight < 900);
  options.validation_x = &held_x;
  CHECK_ERROR(parts.fit(next, other, options), "validation_data: expected NULL with next_validation_batch");
}

void steps_are_reported_and_may_end_training() {
  for (const std::size_t hidden : {4, 64}) {  // with and without kernels of their own
    Network net({kInputs, hidden, kOutputs}), by_hand({kInputs, hidden, kOutputs});
    net.initialize(netlet::Init::glorot_uniform, 1);
    by_hand.initialize(netlet::Init::glorot_uniform, 1);
    netlet::Optimizer adam = netlet::Adam(), other = netlet::Adam();
    netlet::FitOptions options;
    options.epochs = 4;
    options.batch_size = 30;
    options.shuffle = false;
    std::vector<std::uint64_t> steps;
    options.step_interval = 2;
    options.on_step = [&](std::uint64_t step) {
      steps.push_back(step);
      const netlet_progress now = *netlet::fit_progress();
      CHECK(now.stage == NETLET_TRAINING && now.total_rows == 90 && now.epoch == (step - 1) / 3);
      CHECK(now.rows == ((step - 1) % 3 + 1) * 30 && now.loss > 0);
      net.loss(x_of(0, 5), y_of(0, 5));
      return step == 8;
    };
    const netlet::History history = net.fit(x_of(0, 90), y_of(0, 90), adam, options);
    for (int i = 0; i < 8; ++i)
      by_hand.step(x_of((std::size_t)(i % 3) * 30, 30), y_of((std::size_t)(i % 3) * 30, 30), other);
    by_hand.set_epochs_trained(2);
    CHECK((steps == std::vector<std::uint64_t>{2, 4, 6, 8}));
    CHECK(history.loss.size() == 2 && net.epochs_trained() == 2 && adam.steps() == 8);
    CHECK(net.fingerprint() == by_hand.fingerprint());
    CHECK(!netlet::fit_progress());
    options.step_interval = 0;
    CHECK_ERROR(net.fit(x_of(0, 90), y_of(0, 90), adam, options), "step_interval: expected 1 or more, got 0");
    options.step_interval = 1;
    options.on_step = [](std::uint64_t) -> bool { throw std::out_of_range("mine"); };
    std::string message;
    try {
      net.fit(x_of(0, 90), y_of(0, 90), adam, options);
    } catch (const std::out_of_range& error) {
      message = error.what();
    }
    CHECK(message == "mine" && adam.steps() == 9 && net.epochs_trained() == 2);
  }
}

void what_a_source_throws_comes_out_and_it_may_read_the_network() {
  Network net = network();
  const std::string before = net.fingerprint();
  const auto source = [&]() -> const netlet::Batch* {
    net.loss(x_of(0, 300), y_of(0, 300));
    CHECK_ERROR(net.set_scaling(netlet::Scaling::inputs, {}, {}), "another call is using this network");
    throw std::out_of_range("mine");
  };
  int caught = 0;
  const auto comes_out = [&](auto call) {
    try {
      call();
    } catch (const std::out_of_range&) {
      ++caught;
    }
  };
  comes_out([&] { net.evaluate(source); });
  comes_out([&] { net.learn_scaling({netlet::Scaling::inputs}, source); });
  CHECK(caught == 2 && net.fingerprint() == before);
}

// Rows are counted by all threads and read by the poll's, within a step on all rows: until several counts were seen.
void a_poll_may_ask_how_far_fit_is() {
  const float zero[3] = {};
  std::vector<std::uint64_t> seen;
  for (std::size_t rows = 1 << 16; seen.size() < 3; rows *= 2) {
    Network net({kInputs, 32, 1}, {netlet::Activation::relu, netlet::Activation::identity}, netlet::Loss::squared_error,
                netlet::Reduction::mean, netlet::Dtype::float32);
    net.initialize(netlet::Init::he_uniform, 1);
    const Array x(netlet_array{zero, NETLET_FLOAT32, rows, kInputs, 0, 4});
    const netlet::Targets y(Array(netlet_array{zero, NETLET_FLOAT32, rows, 1, 0, 4}));
    netlet::Optimizer sgd = netlet::SGD();
    netlet::FitOptions options;
    seen.clear();
    options.poll = [&] {
      const netlet_progress now = *netlet::fit_progress();
      if (now.stage == NETLET_TRAINING && now.rows > 0 && now.rows < rows) seen.push_back(now.rows);
      return now.stage == NETLET_TRAINING && now.total_rows != rows;
    };
    net.fit(x, y, sgd, options);
  }
  CHECK(std::is_sorted(seen.begin(), seen.end()) && seen.front() < seen.back());
}

// A poll ends the call, also if the source makes calls that set one and take it away.
void a_poll_ends_it() {
  Network net = network();
  const std::string before = net.fingerprint();
  static int asked;
  const netlet::NextBatch endless = [&]() -> const netlet::Batch* {
    static const netlet::Batch batch{x_of(0, 1000), y_of(0, 1000)};
    netlet_set_poll(nullptr, nullptr);
    return &batch;
  };
  const auto ask = [](void*) { return ++asked > 2 ? 1 : 0; };
  for (int call = 0; call < 2; ++call) {
    asked = 0;
    netlet_set_poll(ask, nullptr);
    if (call == 0)
      CHECK_ERROR(net.evaluate(endless), "interrupted");
    else
      CHECK_ERROR(net.learn_scaling({netlet::Scaling::inputs}, endless), "interrupted");
    netlet_set_poll(nullptr, nullptr);
    CHECK(asked == 3 && net.fingerprint() == before);
  }
}

void null_is_refused() {
  netlet_error error;
  netlet_evaluation evaluation;
  Network net = network();
  CHECK(netlet_evaluate_batches(net.get(), nullptr, nullptr, &evaluation, sizeof evaluation, &error) ==
        NETLET_ERROR_ARGUMENT);
  CHECK(netlet_learn_scaling_batches(net.get(), 1, nullptr, nullptr, &error) == NETLET_ERROR_ARGUMENT);
}

}  // namespace

int main() {
  for (const std::size_t threads : {1, 3}) {
    netlet::set_num_threads(threads);
    figures_are_those_of_all_rows();
    scalings_are_those_of_all_rows();
    fit_learns_them_and_validates_in_batches();
    steps_are_reported_and_may_end_training();
    what_a_source_throws_comes_out_and_it_may_read_the_network();
    a_poll_may_ask_how_far_fit_is();
    a_poll_ends_it();
    null_is_refused();
  }
  return check::summary();
}
