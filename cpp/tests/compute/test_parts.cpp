// SPDX-License-Identifier: BSD-3-Clause
// Sums over parts of a batch: whoever computes which, in whatever order they are added, the bits are those of all rows
// together; what is not the sums of the same task is refused.
#include <netlet/netlet.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "check.hpp"

using netlet::Array;
using netlet::Network;
using netlet::Partial;

namespace {

constexpr std::size_t kBlock = 256, kRows = 7 * kBlock + 77, kInputs = 3, kOutputs = 3;

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
const std::vector<std::int64_t> g_classes = [] {
  std::vector<std::int64_t> classes;
  for (std::size_t i = 0; i < kRows; ++i) classes.push_back(g_x[i * kInputs] > g_x[i * kInputs + 1]);
  return classes;
}();

// What a network is made of, and whether its rows have weights, and classes for targets.
struct Setting {
  netlet::Dtype dtype = netlet::Dtype::float64;
  bool weighted = false, classes = false;
  std::vector<double> dropout = {};
  std::size_t hidden = 4;  // with 4, an odd number of parameters
  bool holes = false;      // every seventh row has a target that is missing, and the row after it has none

  Network network() const {
    netlet::NetworkOptions options;
    options.dropout = dropout;
    Network net({kInputs, hidden, kOutputs},
                {netlet::Activation::tanh, classes ? netlet::Activation::softmax : netlet::Activation::identity},
                classes ? netlet::Loss::cross_entropy : netlet::Loss::squared_error, netlet::Reduction::mean, dtype,
                options);
    net.initialize(netlet::Init::glorot_uniform, 7);
    return net;
  }
  // Rows of the data, which are the rows of a batch.
  struct Rows {
    std::vector<double> x, y, weight;
    std::vector<std::int64_t> classes;
  };
  Rows gather(const netlet_task& task, std::size_t first_row, std::size_t rows) const {
    Rows all;
    for (std::size_t i = first_row; i < first_row + rows; ++i) {
      const std::size_t row = task.order ? task.order[i] : task.first + i;
      all.x.insert(all.x.end(), &g_x[row * kInputs], &g_x[row * kInputs] + kInputs);
      all.y.insert(all.y.end(), &g_y[row * kOutputs], &g_y[row * kOutputs] + kOutputs);
      if (holes && row % 7 < 2) std::fill(all.y.end() - (row % 7 == 0 ? 1 : kOutputs), all.y.end(), std::nan(""));
      all.weight.push_back(g_weight[row]);
      all.classes.push_back(g_classes[row]);
    }
    return all;
  }
  netlet::Targets targets(const Rows& rows) const {
    const Array y = classes ? Array(rows.classes) : Array(rows.y);
    netlet::Targets targets = weighted ? netlet::Targets(y, rows.weight) : netlet::Targets(y);
    return targets.missing(holes ? netlet::Missing::ignore : netlet::Missing::refuse);
  }
  // Plain, or with all that can be done to a gradient.
  netlet::Optimizer optimizer() const {
    if (dropout.empty()) return netlet::Adam(0.01);
    netlet_optimizer_config config = netlet::config_of(NETLET_SGD);
    config.learning_rate = 0.01;
    config.momentum = 0.9;
    config.l2 = config.l1 = 0.01;
    config.clip_norm = 0.4;
    return netlet::Optimizer(config);
  }
  Partial part(const Network& net, const netlet_task& task, std::size_t first_row, std::size_t rows) const {
    const Rows all = gather(task, first_row, rows);
    return net.partial(all.x, targets(all), task, first_row);
  }
};

// The batch in parts of up to `most` blocks.
std::vector<Partial> parts_of(const Setting& setting, const Network& net, const netlet_task& task, std::size_t most) {
  std::vector<Partial> parts;
  std::size_t count = 1;
  for (std::size_t first = 0; first < task.rows; first += count * kBlock, count = count % most + 1)
    parts.push_back(setting.part(net, task, first, std::min(count * kBlock, task.rows - first)));
  return parts;
}

Partial sum_of(std::vector<Partial> parts, unsigned seed) {
  std::shuffle(parts.begin(), parts.end(), std::mt19937(seed));
  while (parts.size() > 1) {  // any two of them
    parts[0] = netlet::combine(parts[0], parts.back());
    parts.pop_back();
    std::swap(parts[0], parts[seed % parts.size()]);
  }
  return parts[0];
}

Partial into(Partial memory, const Setting& setting, const Network& net, const netlet_task& task) {
  const Setting::Rows rows = setting.gather(task, 0, task.rows);
  const netlet::Targets targets = setting.targets(rows).in_rows(net, task.rows);
  const netlet_targets c = targets.get();
  const Array x = Array(rows.x).in_rows(kInputs, "x");
  CHECK(netlet_partial(net.get(), &x, &c, &task, 0, memory.data(), memory.size(), nullptr) == NETLET_OK);
  return memory;
}

const Setting kSettings[] = {
    {},
    {netlet::Dtype::float32, false, false, {}, 4},
    {netlet::Dtype::float64, true, false, {0.25}, 5},
    {netlet::Dtype::float32, true, true, {0.5}, 4},
    {netlet::Dtype::float64, false, true, {}, 4},
    {netlet::Dtype::float64, true, false, {}, 4, true},
    {netlet::Dtype::float32, false, false, {0.25}, 4, true},
};

void any_parts_in_any_order_give_one_buffer() {
  for (const Setting& setting : kSettings) {
    Network net = setting.network();
    const std::vector<double> means = {0.5, 1, 0.25, 0.5, 0.5, 2};
    for (int kind = NETLET_TASK_GRADIENT; kind <= NETLET_TASK_DEVIATIONS; ++kind)
      for (int scaling = NETLET_SCALE_INPUTS; scaling <= NETLET_SCALE_OUTPUTS; ++scaling)
        for (const std::size_t rows : {kRows, (std::size_t)300, (std::size_t)4 * kBlock, (std::size_t)1}) {
          if (setting.classes && scaling == NETLET_SCALE_OUTPUTS) continue;
          netlet_task task = netlet_step_task(net.get(), rows, 3);
          task.kind = kind;
          task.scaling = scaling;
          task.moments = means.data();
          const Partial whole = setting.part(net, task, 0, rows);
          CHECK(whole == into(Partial(whole.size(), 0xff), setting, net, task));  // no byte is left as it was
          CHECK(whole.size() == netlet_partial_size(net.get(), &task, 0, rows));
          for (unsigned seed = 0; seed < 4; ++seed)
            CHECK(sum_of(parts_of(setting, net, task, 1 + seed), seed) == whole);
        }
  }
}

void a_step_along_them_is_that_of_all_rows() {
  for (const Setting& setting : kSettings) {
    Network net = setting.network(), whole = setting.network();
    netlet::Optimizer optimizer = setting.optimizer(), other = setting.optimizer();
    for (int i = 0; i < 3; ++i) {
      const netlet_task task = net.step_task(kRows, optimizer);
      CHECK(task.stream == (std::uint64_t)i);
      const Partial total = sum_of(parts_of(setting, net, task, 3), (unsigned)i);
      const Setting::Rows rows = setting.gather(task, 0, kRows);
      const double mean = i == 2 ? 0.75 : 0;
      netlet::Targets targets = setting.targets(rows);
      if (mean != 0) targets.weight_mean(mean);
      if (setting.dropout.empty()) {  // which a gradient is without
        double loss, expected;
        std::vector<double> g(net.parameter_count()), h(net.parameter_count());
        std::vector<float> f(g.size()), e(g.size());
        if (setting.dtype == netlet::Dtype::float64) {
          loss = net.finish(total, g, mean);
          expected = whole.backward(rows.x, targets, h);
        } else {
          loss = net.finish(total, f, mean);
          expected = whole.backward(rows.x, targets, e);
        }
        CHECK(check::same_bits(&loss, &expected, 1) && g == h && f == e);
      }
      const double loss = net.finish(total, optimizer, mean), expected = whole.step(rows.x, targets, other);
      CHECK(check::same_bits(&loss, &expected, 1) && net.fingerprint() == whole.fingerprint());
    }
  }
}

// Training data in three shares, validation data in two.
Partial sums(const Setting& setting, const Network& net, const netlet_task& task) {
  return sum_of(parts_of(setting, net, task, task.validation ? 4 : 2), (unsigned)task.stream);
}

void fit_on_sums_is_fit() {
  for (const Setting& setting : kSettings)
    for (const std::size_t batch : {(std::size_t)0, (std::size_t)600, (std::size_t)100})
      for (const bool shuffle : {false, true}) {
        Network net = setting.network(), whole = setting.network();
        netlet::Optimizer optimizer = setting.optimizer(), other = setting.optimizer();
        const Setting::Rows all = setting.gather({}, 0, kRows), held = setting.gather({}, 0, 700);
        const netlet::Targets targets = setting.targets(all), held_targets = setting.targets(held);
        const Array x(all.x), held_x(held.x);
        netlet::FitOptions options;
        options.epochs = 3;
        options.batch_size = batch;
        options.shuffle = shuffle;
        options.standardize_inputs = true;
        options.standardize_outputs = !setting.classes;
        options.patience = 5;
        options.schedule.kind = NETLET_PLATEAU;
        options.schedule.gamma = options.schedule.floor = 0.5;
        options.schedule.period = 1;
        options.schedule.min_delta = 1;
        options.validation_x = &held_x;
        options.validation_targets = &held_targets;
        const netlet::History expected = whole.fit(x, targets, other, options);
        options.validation_x = nullptr;
        options.validation_targets = nullptr;
        options.validation_rows = 700;
        options.rows = kRows;
        options.weighted = setting.weighted;
        options.sums = [&](const netlet_task& task) { return sums(setting, net, task); };
        const netlet::History history = net.fit(optimizer, options);
        CHECK(net.fingerprint() == whole.fingerprint() && optimizer.steps() == other.steps());
        CHECK(history.loss == expected.loss && history.validation_loss == expected.validation_loss);
        CHECK(history.accuracy == expected.accuracy && history.validation_accuracy == expected.validation_accuracy);
        CHECK(history.learning_rate == expected.learning_rate && history.learning_rate.back() < 0.01);
        CHECK(history.weight == expected.weight && history.validation_weight == expected.validation_weight);
      }
}

void fit_refuses_what_it_cannot_use() {
  const Setting setting;
  Network net = setting.network();
  const std::string before = net.fingerprint();
  netlet::Optimizer sgd = netlet::SGD();
  netlet::FitOptions options;
  options.rows = kRows;
  CHECK_ERROR(net.fit(sgd, options), "x: expected");
  const std::vector<double> x(3), y(3);
  CHECK_ERROR(net.fit(x, y, sgd, options), "rows, weighted and validation_rows: expected 0 without sums");
  options.sums = [&](const netlet_task& task) { return sums(setting, net, task); };
  CHECK_ERROR(net.fit(x, y, sgd, options), "x: expected NULL with next_batch or sums");
  const netlet::NextBatch next = []() -> const netlet::Batch* { return nullptr; };
  CHECK_ERROR(net.fit(next, sgd, options), "sums: expected NULL with next_batch");
  options.rows = 0;
  CHECK_ERROR(net.fit(sgd, options), "rows: expected 1 or more, got 0");
  options.rows = SIZE_MAX;
  CHECK_ERROR(net.fit(sgd, options), "rows: expected 1 or more");
  options.rows = kRows;
  options.validation_rows = 5;
  options.next_validation_batch = next;
  CHECK_ERROR(net.fit(sgd, options), "validation_rows: expected 0 with other validation data");
  options.next_validation_batch = {};
  options.validation_rows = 0;
  options.sums = [](const netlet_task&) { return Partial(8); };
  CHECK_ERROR(net.fit(sgd, options), "sums: expected the sums over all rows, ");
  options.sums = [&](const netlet_task& task) { return Partial(netlet_partial_size(net.get(), &task, 0, task.rows)); };
  CHECK_ERROR(net.fit(sgd, options), "total: expected what netlet_partial writes");
  options.sums = [&](const netlet_task& task) {  // those of another epoch
    netlet_task late = task;
    ++late.stream;
    return sums(setting, net, late);
  };
  CHECK_ERROR(net.fit(sgd, options), "total: expected the sums of this task, got those of another task or network");
  options.sums = [](const netlet_task&) -> Partial { throw std::out_of_range("mine"); };
  std::string message;
  try {
    net.fit(sgd, options);
  } catch (const std::out_of_range& error) {
    message = error.what();
  }
  CHECK(message == "mine" && net.fingerprint() == before && sgd.steps() == 0);
  netlet_fit_options c = netlet_fit_defaults(net.get());
  netlet_error error;
  c.rows = kRows;
  c.weighted = 2;
  c.sums = [](void*, const netlet_task*, void*, std::size_t) { return 1; };
  CHECK(netlet_fit(net.get(), nullptr, nullptr, sgd.get(), &c, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::string(error.message) == "weighted: expected 0 or 1, got 2");
  c.weighted = 0;
  CHECK(netlet_fit(net.get(), nullptr, nullptr, sgd.get(), &c, &error) == NETLET_ERROR_CALLBACK);
  CHECK(net.fingerprint() == before && sgd.steps() == 0);
}

// What fit says of the data before it begins, as far as it shows in sums.
void data_that_fit_refuses_are_refused() {
  Setting setting;
  setting.weighted = true;
  Network net = setting.network();
  const std::string before = net.fingerprint();
  netlet::Optimizer sgd = netlet::SGD();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> zeros(kRows), absent(kRows * kOutputs, nan);
  const auto fit = [&](const std::vector<double>& y, const std::vector<double>* weight, std::size_t batch,
                       bool weighted) {
    netlet::FitOptions options;
    options.rows = kRows;
    options.batch_size = batch;
    options.shuffle = false;
    options.weighted = weighted;
    options.sums = [&](const netlet_task& task) {
      const Array part(y.data() + task.first * kOutputs, task.rows, kOutputs);
      netlet::Targets targets =
          weight ? netlet::Targets(part, {weight->data() + task.first, task.rows, 1}) : netlet::Targets(part);
      targets.missing(netlet::Missing::ignore);
      return net.partial(Array(g_x.data() + task.first * kInputs, task.rows, kInputs), targets, task);
    };
    net.fit(sgd, options);
  };
  CHECK_ERROR(fit(g_y, &zeros, 0, true), "sample_weight: expected a weight above 0, got 0 for all of 1869 rows");
  CHECK_ERROR(fit(g_y, &zeros, 512, true), "sample_weight: expected a weight above 0, got 0 for all of 1869 rows");
  CHECK_ERROR(fit(absent, nullptr, 0, false), "y: expected a target in a row of weight above 0, all are nan");
  CHECK_ERROR(fit(g_y, &g_weight, 512, false), "weighted: expected 1, as rows have weights, got 0");
  CHECK(net.fingerprint() == before && sgd.steps() == 0);
  CHECK_ERROR(fit(absent, nullptr, 1024, false), "y: expected a target in a row of weight above 0, all are nan");
  CHECK(net.epochs_trained() == 0);
}

void what_partial_cannot_sum_is_refused() {
  const Setting setting;
  const Network net = setting.network();
  const netlet_task good = netlet_step_task(net.get(), kRows, 0);
  const auto partial = [&](const netlet_task& task, std::size_t first_row, std::size_t rows) {
    const Setting::Rows all = setting.gather({}, 0, rows);
    return net.partial(all.x, setting.targets(all), task, first_row);
  };
  CHECK_ERROR(partial(good, 100, kBlock), "first_row: expected a multiple of 256, got 100");
  CHECK_ERROR(partial(good, 0, 100), "x: expected a multiple of 256 rows, or the batch's last ones, got 100 of 1869");
  CHECK_ERROR(partial(good, 7 * kBlock, kBlock),
              "x: expected rows within the batch of 1869 rows, got rows 1792 to 2048");
  CHECK_ERROR(partial(good, SIZE_MAX - 255, kBlock), "x: expected rows within the batch");
  netlet_task task = good;
  task.rows = 0;
  CHECK_ERROR(partial(task, 0, kBlock), "task: expected at least one row");
  task.rows = SIZE_MAX;
  CHECK_ERROR(partial(task, 0, kBlock), "x: expected rows within the batch");
  task = good;
  task.kind = 5;
  CHECK_ERROR(partial(task, 0, kBlock), "task: expected a kind from 0 to 4, got 5");
  task.kind = NETLET_TASK_MEANS;
  CHECK_ERROR(partial(task, 0, kBlock), "scaling: expected 1 (inputs) or 2 (outputs), got 0");
  task.kind = NETLET_TASK_DEVIATIONS;
  task.scaling = NETLET_SCALE_INPUTS;
  CHECK_ERROR(partial(task, 0, kBlock), "task: expected means for deviations, got NULL");
  task = good;
  task.dropout = 3;
  CHECK_ERROR(partial(task, 0, kBlock), "task: expected 0, 1 or 2 for dropout, got 3");
  // and from C: NULL, memory of another size or alignment; a partial that could not be computed is none
  Setting::Rows all = setting.gather({}, 0, kBlock);
  const Array x = Array(all.x.data(), kBlock, kInputs), y = Array(all.y.data(), kBlock, kOutputs);
  netlet_targets targets = {};
  targets.y = &y;
  netlet_error error;
  const std::size_t size = netlet_partial_size(net.get(), &good, 0, kBlock);
  Partial memory(size + 8);
  const auto call = [&](const netlet_task* given, void* to, std::size_t bytes) {
    return netlet_partial(net.get(), &x, &targets, given, 0, to, bytes, &error);
  };
  CHECK(call(nullptr, memory.data(), size) == NETLET_ERROR_ARGUMENT);
  CHECK(call(&good, nullptr, size) == NETLET_ERROR_ARGUMENT);
  CHECK(call(&good, memory.data() + 1, size) == NETLET_ERROR_ARGUMENT);
  CHECK(call(&good, memory.data(), size + 8) == NETLET_ERROR_ARGUMENT);
  CHECK(call(&good, memory.data(), size) == NETLET_OK);
  memory.resize(size);
  CHECK(netlet::combine(memory, setting.part(net, good, kBlock, kBlock)).size() == size);
  all.x[5] = std::numeric_limits<double>::infinity();
  CHECK(call(&good, memory.data(), size) == NETLET_ERROR_ARGUMENT && std::strstr(error.message, "x: expected finite"));
  CHECK_ERROR(netlet::combine(memory, memory), "a: expected what netlet_partial writes");
  CHECK(netlet_partial_size(net.get(), &good, 1, kRows) == SIZE_MAX);
  task.rows = SIZE_MAX / 2;  // one piece for the gradient of each block would be more than there can be
  CHECK(netlet_partial_size(net.get(), &task, kBlock, SIZE_MAX / 4) < SIZE_MAX);  // but it is one for each subtree
}

void what_does_not_belong_together_is_refused() {
  const Setting setting;
  Network net = setting.network();
  Network wider = Setting{netlet::Dtype::float64, false, false, {}, 5}.network(),
          narrow = Setting{netlet::Dtype::float32, false, false, {}, 4}.network();
  const netlet_task task = netlet_step_task(net.get(), kRows, 0);
  const Partial a = setting.part(net, task, 0, 2 * kBlock), b = setting.part(net, task, kBlock, kBlock),
                c = setting.part(net, task, 2 * kBlock, 2 * kBlock), all = setting.part(net, task, 0, kRows);
  CHECK_ERROR(netlet::combine(a, a), "b: expected other blocks than a's, got block 0 in both");
  CHECK_ERROR(netlet::combine(a, b), "b: expected other blocks than a's, got block 1 in both");
  CHECK_ERROR(netlet::combine(b, a), "b: expected other blocks than a's, got block 1 in both");
  CHECK_ERROR(netlet::combine(all, c), "got block 2 in both");
  const auto refused = [&](const netlet_task& other, const Network& of) {
    CHECK_ERROR(netlet::combine(a, setting.part(of, other, 2 * kBlock, kBlock)),
                "b: expected sums of the same batch as a, got those of another batch, step or network");
  };
  refused(netlet_step_task(net.get(), kRows, 1), net);
  refused(netlet_step_task(net.get(), kRows - 1, 0), net);
  refused(task, wider);
  refused(task, narrow);
  const auto like = [&](std::vector<std::size_t> sizes, netlet::Activation hidden, netlet::Loss loss) {
    Network with(sizes, {hidden, netlet::Activation::identity}, loss, netlet::Reduction::mean, net.dtype(), {});
    with.initialize(netlet::Init::glorot_uniform, 7);
    return with;
  };
  const std::vector<std::size_t> sizes = {kInputs, 4, kOutputs};
  refused(task, like(sizes, netlet::Activation::relu, netlet::Loss::squared_error));
  refused(task, like(sizes, netlet::Activation::tanh, netlet::Loss::huber));
  CHECK(netlet::combine(a, setting.part(like(sizes, netlet::Activation::tanh, netlet::Loss::squared_error), task,
                                        2 * kBlock, kBlock)) ==
        netlet::combine(a, setting.part(net, task, 2 * kBlock, kBlock)));
  const std::vector<double> means(8, 1), others(8, -1);  // of which deviations are taken
  netlet_task deviations = task;
  deviations.kind = NETLET_TASK_DEVIATIONS;
  deviations.scaling = NETLET_SCALE_INPUTS;
  deviations.moments = means.data();
  const Partial taken = setting.part(net, deviations, 0, kBlock);
  CHECK(netlet::combine(taken, setting.part(net, deviations, kBlock, kBlock)).size() == taken.size());
  deviations.moments = others.data();
  CHECK_ERROR(netlet::combine(taken, setting.part(net, deviations, kBlock, kBlock)), "expected sums of the same batch");
  netlet_task other = task;
  other.kind = NETLET_TASK_LOSS;
  refused(other, net);
  other = task;
  other.first = 0;
  std::vector<std::size_t> order(kRows, 0);
  other.order = order.data();
  CHECK(netlet::combine(a, setting.part(net, other, 2 * kBlock, kBlock)).size() > a.size());  // the batch is the same
  other.first = 1;
  refused(other, net);

  netlet::Optimizer sgd = netlet::SGD();
  const std::string before = net.fingerprint();
  std::vector<double> gradient(net.parameter_count());
  CHECK_ERROR(net.finish(a, sgd), "total: expected the sums of all 8 blocks of 256 rows, got those of 1 pieces");
  CHECK_ERROR(net.finish(netlet::combine(a, c), gradient), "the first of which has the blocks 0 to 3");
  CHECK_ERROR(wider.finish(all, sgd), "total: expected the sums of this task, got those of another task or network");
  CHECK_ERROR(narrow.finish(all, sgd), "got those of another task or network");
  other = task;
  other.kind = NETLET_TASK_LOSS;
  CHECK_ERROR(net.finish(setting.part(net, other, 0, kRows), sgd), "got those of another task or network");
  CHECK_ERROR(net.finish(all, sgd, -1), "weight_mean: expected a positive finite number, got -1");
  std::vector<double> wrong(3);
  CHECK_ERROR(net.finish(all, wrong), "gradient: expected");
  netlet_error error;
  CHECK(netlet_finish(net.get(), all.data(), all.size(), 0, nullptr, nullptr, nullptr, &error) ==
        NETLET_ERROR_ARGUMENT);
  CHECK(netlet_finish(net.get(), nullptr, all.size(), 0, sgd.get(), nullptr, nullptr, &error) == NETLET_ERROR_ARGUMENT);
  std::vector<double> far = g_y;
  far[0] = 1e200;
  CHECK_ERROR(net.finish(net.partial(g_x, far, task), sgd), "finish: the loss is inf; nothing was changed");
  CHECK(net.fingerprint() == before && sgd.steps() == 0);
}

// Whatever a buffer holds: an error, or sums of the size that they say; no byte beside it is touched (the sanitizers of
// test_sanitizers.py see to that: buffers are exactly as large as they are said to be).
void hostile_buffers_are_refused() {
  const Setting setting;
  Network net = setting.network();
  const netlet_task task = netlet_step_task(net.get(), kRows, 0);
  const Partial good = netlet::combine(setting.part(net, task, 0, kBlock), setting.part(net, task, 4 * kBlock, kBlock)),
                other = setting.part(net, task, 2 * kBlock, kBlock);
  netlet::Optimizer sgd = netlet::SGD();
  const std::string before = net.fingerprint();
  int refused = 0, taken = 0;
  const auto meet = [&](const Partial& bad) {
    std::vector<unsigned char> exact(bad);  // as large as it is said to be
    exact.shrink_to_fit();
    netlet_error error = {};
    for (const bool first : {true, false}) {
      const Partial &a = first ? exact : other, &b = first ? other : exact;
      std::size_t size = 0;
      netlet_status status = netlet_combine(a.data(), a.size(), b.data(), b.size(), nullptr, &size, &error);
      CHECK(status != NETLET_OK || size <= a.size() + b.size());
      Partial out(size);
      if (status == NETLET_OK)
        status = netlet_combine(a.data(), a.size(), b.data(), b.size(), out.data(), &size, &error);
      CHECK(status == NETLET_OK ? size <= out.size() : status == NETLET_ERROR_ARGUMENT && error.message[0]);
      ++(status == NETLET_OK ? taken : refused);
    }
    CHECK(netlet_finish(net.get(), exact.data(), exact.size(), 0, sgd.get(), nullptr, nullptr, &error) ==
          NETLET_ERROR_ARGUMENT);
  };
  for (std::size_t size = 0; size < good.size(); ++size)
    meet(Partial(good.begin(), good.begin() + (std::ptrdiff_t)size));
  CHECK(taken == 0);
  Partial longer = good;
  longer.push_back(0);
  meet(longer);
  CHECK(taken == 0);
  std::mt19937 random(0);
  const std::uint64_t odd[] = {
      0, 1, 2, 7, 8, 9, 63, 64, 255, 1u << 31, UINT64_MAX, UINT64_MAX - 1, (std::uint64_t)1 << 63};
  const std::size_t words = good.size() / 8;
  for (std::size_t word = 0; word < words; ++word)  // each field of the head and of pieces, and the values
    for (const std::uint64_t value : odd) {
      Partial bad = good;
      std::memcpy(&bad[8 * word], &value, 8);
      meet(bad);
    }
  for (int i = 0; i < 5000; ++i) {
    Partial bad = good;
    for (unsigned changes = 1 + random() % 3; changes; --changes) {
      const std::uint64_t value = random() % 2 ? odd[random() % 13] : random();
      std::memcpy(&bad[8 * (random() % 2 ? random() % 20 : random() % words)], &value, 8);
    }
    meet(bad);
  }
  CHECK(taken > 100 && refused > 1000 && net.fingerprint() == before && sgd.steps() == 0);
  std::size_t size = 10;
  netlet_error error;
  Partial small(size);
  CHECK(netlet_combine(good.data(), good.size(), other.data(), other.size(), small.data(), &size, &error) ==
        NETLET_ERROR_ARGUMENT);
  CHECK(netlet_combine(good.data(), good.size(), other.data(), other.size(), nullptr, &size, &error) == NETLET_OK);
  for (const std::size_t less : {1, 0}) {
    Partial room(size - less);
    std::size_t given = room.size();
    CHECK((netlet_combine(good.data(), good.size(), other.data(), other.size(), room.data(), &given, &error) ==
           NETLET_OK) == (less == 0));
  }
}

}  // namespace

int main() {
  for (const std::size_t threads : {1, 3}) {
    netlet::set_num_threads(threads);
    any_parts_in_any_order_give_one_buffer();
    a_step_along_them_is_that_of_all_rows();
    fit_on_sums_is_fit();
    fit_refuses_what_it_cannot_use();
    data_that_fit_refuses_are_refused();
    what_partial_cannot_sum_is_refused();
    what_does_not_belong_together_is_refused();
    hostile_buffers_are_refused();
  }
  return check::summary();
}
