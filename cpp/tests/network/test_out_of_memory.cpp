// SPDX-License-Identifier: BSD-3-Clause
// In every call of netlet.h, each allocation fails once: that is NETLET_ERROR_MEMORY, and nothing has changed.
#include <netlet/netlet.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "check.hpp"
#include "failing_allocations.hpp"
#include "state.hpp"

namespace {

constexpr std::size_t kRows = 300, kInputs = 3, kOutputs = 2;
const char* const kPath = "test_out_of_memory.netlet";

std::vector<double> values(std::size_t count, std::size_t step) {
  std::vector<double> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = (double)(i * step % 101) / 50 - 1;
  return all;
}

// A network, an optimizer and data; what calls write to.
struct World {
  std::vector<double> x = values(kRows * kInputs, 37), y = values(kRows * kOutputs, 53), weights;
  std::vector<float> narrow = {x.begin(), x.end()};
  netlet_array rows = netlet_rows(x.data(), NETLET_FLOAT64, kRows, kInputs);
  netlet_array converted = netlet_rows(narrow.data(), NETLET_FLOAT32, kRows, kInputs);
  netlet_array outputs = netlet_rows(y.data(), NETLET_FLOAT64, kRows, kOutputs);
  netlet_array weight;
  netlet_targets targets = {};
  netlet_network* net = nullptr;
  netlet_network* gaussian = nullptr;  // its predictions are the means, every other output
  netlet_optimizer* optimizer = nullptr;
  netlet_network* made = nullptr;
  netlet_optimizer* made_too = nullptr;
  void* bytes = nullptr;
  std::size_t size = 0;
  int batches = 0;  // given so far
  std::vector<double> out = std::vector<double>(40000, 7);

  World() {
    for (std::size_t i = 0; i < kRows; ++i) weights.push_back(1 + (double)(i % 3));
    weight = netlet_rows(weights.data(), NETLET_FLOAT64, kRows, 1);
    targets.y = &outputs;
    targets.sample_weight = &weight;
    const netlet_optimizer_config adam = netlet_optimizer_defaults(NETLET_ADAM);
    if (create(&net, 20, nullptr) != NETLET_OK || create(&gaussian, 20, nullptr, NETLET_GAUSSIAN_NLL) != NETLET_OK ||
        netlet_initialize(net, NETLET_HE_UNIFORM, 1, nullptr) != NETLET_OK ||
        netlet_optimizer_create(&adam, &optimizer, nullptr) != NETLET_OK)
      std::abort();
    const std::vector<double> shift(kInputs, 0.5), scale(kInputs, 2);
    netlet_set_scaling(net, NETLET_SCALE_INPUTS, shift.data(), scale.data(), nullptr);
    netlet_set_note(net, NETLET_CLASSES, "[\"a\", \"b\"]", nullptr);
  }
  ~World() {
    netlet_network_free(net);
    netlet_network_free(gaussian);
    netlet_network_free(made);
    netlet_optimizer_free(optimizer);
    netlet_optimizer_free(made_too);
    netlet_free_bytes(bytes);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static netlet_status create(netlet_network** network, std::size_t hidden, netlet_error* error,
                              int loss = NETLET_HUBER) {
    const std::size_t sizes[] = {kInputs, hidden, kOutputs};
    const std::int32_t activations[] = {NETLET_TANH, NETLET_GELU};
    const double dropout[] = {0.25};
    netlet_config config = {};
    config.layer_sizes = sizes;
    config.layer_size_count = 3;
    config.activations = activations;
    config.loss = loss;
    config.reduction = NETLET_MEAN;
    config.dtype = NETLET_FLOAT64;
    config.dropout = dropout;
    return netlet_network_create(&config, network, error);
  }
  bool untouched() const { return out == std::vector<double>(40000, 7) && !made && !made_too && !bytes && size == 0; }
};

using Call = std::function<netlet_status(World&, netlet_error*)>;

void fails_well(const char* name, const Call& call) {
  long allocations = 0;
  for (;; ++allocations) {
    World world;
    const std::string net = state_of(world.net), optimizer = state_of(world.optimizer);
    netlet_error error = {};
    g_failures = 0;
    g_until_failure = allocations;
    const netlet_status status = call(world, &error);
    g_until_failure = -1;
    if (g_failures == 0) {
      check::that(status == NETLET_OK, name, __FILE__, __LINE__);
      if (status != NETLET_OK) std::fprintf(stderr, "%s: %s\n", name, error.message);
      return;
    }
    const bool well = status == NETLET_ERROR_MEMORY && std::strstr(error.message, "memory") && world.untouched() &&
                      state_of(world.net) == net && state_of(world.optimizer) == optimizer;
    check::that(well, name, __FILE__, __LINE__);
    if (!well) std::fprintf(stderr, "%s: allocation %ld: status %d, %s\n", name, allocations, status, error.message);
    check::that(call(world, &error) == NETLET_OK, name, __FILE__, __LINE__);  // and then there is memory again
  }
}

int next_batch(void* context, netlet_batch* batch) {
  World& world = *static_cast<World*>(context);
  if (world.batches++ % 2) return 0;
  batch->x = world.converted;
  batch->targets = world.targets;
  batch->targets.weight_mean = 2;
  return 1;
}

// All rows' sums of a kind.
netlet_status partial(World& w, const netlet_task& task, std::vector<double>& sums, netlet_error* error) {
  sums.resize(netlet_partial_size(w.net, &task, 0, kRows) / 8);
  return netlet_partial(w.net, &w.converted, &w.targets, &task, 0, sums.data(), sums.size() * 8, error);
}

int sums(void* context, const netlet_task* task, void* total, std::size_t size) {
  const long until_failure = g_until_failure;  // this fails with what the callback says
  g_until_failure = -1;
  World& w = *static_cast<World*>(context);
  const netlet_array x = {&w.narrow[task->first * kInputs], NETLET_FLOAT32, task->rows, kInputs, kInputs * 4, 4};
  const netlet_array y = {&w.y[task->first * kOutputs], NETLET_FLOAT64, task->rows, kOutputs, kOutputs * 8, 8};
  netlet_targets targets = {};
  targets.y = &y;
  const netlet_status status = netlet_partial(w.net, &x, &targets, task, 0, total, size, nullptr);
  g_until_failure = until_failure;
  return status != NETLET_OK;
}

netlet_status fit(World& w, netlet_error* error, const std::function<void(netlet_fit_options&)>& set) {
  netlet_fit_options options = netlet_fit_defaults(w.net);
  set(options);
  const bool here = !options.next_batch && !options.sums;
  return netlet_fit(w.net, here ? &w.rows : nullptr, here ? &w.targets : nullptr, w.optimizer, &options, error);
}

void networks_and_optimizers() {
  fails_well("netlet_check_environment", [](World&, netlet_error* e) { return netlet_check_environment(e); });
  fails_well("netlet_set_isa", [](World&, netlet_error* e) { return netlet_set_isa(netlet_isa(), e); });
  fails_well("netlet_set_num_threads", [](World&, netlet_error* e) { return netlet_set_num_threads(1, e); });
  fails_well("netlet_network_create", [](World& w, netlet_error* e) { return World::create(&w.made, 7, e); });
  fails_well("netlet_network_copy", [](World& w, netlet_error* e) { return netlet_network_copy(w.net, &w.made, e); });
  fails_well("netlet_initialize",
             [](World& w, netlet_error* e) { return netlet_initialize(w.net, NETLET_GLOROT_UNIFORM, 5, e); });
  fails_well("netlet_fingerprint", [](World& w, netlet_error* e) {
    char hex[65];
    return netlet_fingerprint(w.net, hex, e);
  });
  fails_well("netlet_set_scaling", [](World& w, netlet_error* e) {
    const double shift[] = {1, 2, 3}, scale[] = {4, 5, 6};
    return netlet_set_scaling(w.net, NETLET_SCALE_INPUTS, shift, scale, e);
  });
  for (const int kind : {NETLET_SCALE_INPUTS, NETLET_SCALE_OUTPUTS})
    fails_well("netlet_learn_scaling", [=](World& w, netlet_error* e) {
      const netlet_array* rows = kind == NETLET_SCALE_INPUTS ? &w.converted : &w.outputs;
      return netlet_learn_scaling(w.net, kind, rows, &w.weight, NETLET_MISSING_REFUSE, e);
    });
  for (const int kinds : {1, 2, 3})
    fails_well("netlet_learn_scaling_batches", [=](World& w, netlet_error* e) {
      w.batches = 0;
      return netlet_learn_scaling_batches(w.net, kinds, &next_batch, &w, e);
    });
  fails_well("netlet_copy_scaling", [](World& w, netlet_error* e) {
    double shift[kInputs], scale[kInputs];
    int present;
    return netlet_copy_scaling(w.net, NETLET_SCALE_INPUTS, shift, scale, &present, e);
  });
  for (const char* text : {"{}", static_cast<const char*>(nullptr)})
    fails_well("netlet_set_note",
               [=](World& w, netlet_error* e) { return netlet_set_note(w.net, NETLET_CLASSES, text, e); });
  fails_well("netlet_optimizer_create", [](World& w, netlet_error* e) {
    const netlet_optimizer_config config = netlet_optimizer_defaults(NETLET_RPROP);
    return netlet_optimizer_create(&config, &w.made_too, e);
  });
  fails_well("netlet_optimizer_set_learning_rate",
             [](World& w, netlet_error* e) { return netlet_optimizer_set_learning_rate(w.optimizer, 0.5, e); });
  fails_well("netlet_optimizer_bind",
             [](World& w, netlet_error* e) { return netlet_optimizer_bind(w.optimizer, 1000, NETLET_FLOAT32, e); });
  fails_well("netlet_optimizer_copy_state", [](World& w, netlet_error* e) {
    netlet_optimizer_progress progress;
    return netlet_optimizer_copy_state(w.optimizer, w.out.data(), 0, NETLET_FLOAT64, &progress, e);
  });
  fails_well("netlet_optimizer_set_state", [](World& w, netlet_error* e) {
    const std::vector<double> slots(100, 0.25);
    const netlet_optimizer_progress progress = {3, 0.7, 0.99, 1, 1, 0};
    return netlet_optimizer_set_state(w.optimizer, slots.data(), 50, NETLET_FLOAT64, &progress, e);
  });
}

void results() {
  for (const bool converted : {false, true})
    fails_well("netlet_forward", [=](World& w, netlet_error* e) {
      return netlet_forward(w.net, converted ? &w.converted : &w.rows, w.out.data(), e);
    });
  for (const bool of_means : {false, true})
    fails_well("netlet_predict", [=](World& w, netlet_error* e) {
      return netlet_predict(of_means ? w.gaussian : w.net, &w.converted, w.out.data(), e);
    });
  fails_well("netlet_forward_realtime", [](World& w, netlet_error* e) {
    std::vector<double> workspace(netlet_workspace_size(w.net, kRows) / 8);
    return netlet_forward_realtime(w.net, &w.converted, w.out.data(), workspace.data(), workspace.size() * 8, e);
  });
  for (const std::size_t size : {sizeof(double), sizeof(netlet_evaluation)})
    fails_well("netlet_evaluate", [=](World& w, netlet_error* e) {
      netlet_evaluation evaluation;
      return netlet_evaluate(w.net, &w.converted, &w.targets, &evaluation, size, e);
    });
  for (const std::size_t size : {sizeof(double), sizeof(netlet_evaluation)})
    fails_well("netlet_evaluate_batches", [=](World& w, netlet_error* e) {
      w.batches = 0;
      netlet_evaluation evaluation;
      return netlet_evaluate_batches(w.net, &next_batch, &w, &evaluation, size, e);
    });
  fails_well("netlet_backward", [](World& w, netlet_error* e) {
    return netlet_backward(w.net, &w.converted, &w.targets, nullptr, w.out.data(), e);
  });
  fails_well("netlet_input_gradient", [](World& w, netlet_error* e) {
    return netlet_input_gradient(w.net, &w.converted, &w.targets, w.out.data(), e);
  });
  fails_well("netlet_row_gradients", [](World& w, netlet_error* e) {
    return netlet_row_gradients(w.net, &w.converted, &w.targets, w.out.data(), e);
  });
  fails_well("netlet_jacobian",
             [](World& w, netlet_error* e) { return netlet_jacobian(w.net, &w.converted, w.out.data(), e); });
  fails_well("netlet_map", [](World& w, netlet_error* e) {
    return netlet_map(NETLET_EXP, NETLET_FLOAT64, w.x.size(), w.x.data(), w.out.data(), e);
  });
  fails_well("netlet_shuffled_order", [](World&, netlet_error* e) {
    int64_t order[100];
    return netlet_shuffled_order(1, 2, 3, 100, order, e);
  });
}

void training() {
  fails_well("netlet_step", [](World& w, netlet_error* e) {
    return netlet_step(w.net, &w.converted, &w.targets, w.optimizer, nullptr, e);
  });
  fails_well("netlet_apply_gradient", [](World& w, netlet_error* e) {
    const std::vector<double> gradient(netlet_parameter_count(w.net), 0.25);
    return netlet_apply_gradient(w.net, gradient.data(), w.optimizer, e);
  });
  fails_well("netlet_fit", [](World& w, netlet_error* e) { return fit(w, e, [](netlet_fit_options&) {}); });
  fails_well("netlet_fit, everything", [](World& w, netlet_error* e) {
    return fit(w, e, [&](netlet_fit_options& o) {
      o.epochs = 2;
      o.batch_size = 50;
      o.standardize = NETLET_SCALE_OUTPUTS;
      o.validation_x = &w.converted;
      o.validation_targets = &w.targets;
      o.patience = 5;
    });
  });
  fails_well("netlet_fit, batches", [](World& w, netlet_error* e) {
    return fit(w, e, [&](netlet_fit_options& o) {
      w.batches = 0;
      o.standardize = NETLET_SCALE_OUTPUTS;
      o.next_batch = &next_batch;
      o.context = &w;
    });
  });
  for (int kind = NETLET_TASK_GRADIENT; kind <= NETLET_TASK_DEVIATIONS; ++kind)
    fails_well("netlet_partial", [=](World& w, netlet_error* e) {
      std::vector<double> sums;
      netlet_task task = netlet_step_task(w.net, kRows, 0);
      const double means[] = {0, 1, 0, 1, 0, 1};
      task.kind = kind;
      task.scaling = NETLET_SCALE_INPUTS;
      task.moments = means;
      return partial(w, task, sums, e);
    });
  for (const bool makes_a_step : {false, true})
    fails_well("netlet_finish", [=](World& w, netlet_error* e) {
      std::vector<double> sums;
      const netlet_status status = partial(w, netlet_step_task(w.net, kRows, 0), sums, e);
      if (status != NETLET_OK) return status;
      return netlet_finish(w.net, sums.data(), sums.size() * 8, 0, makes_a_step ? w.optimizer : nullptr, w.out.data(),
                           nullptr, e);
    });
  fails_well("netlet_combine", [](World& w, netlet_error* e) {
    const netlet_task task = netlet_step_task(w.net, kRows, 0);
    std::vector<double> parts[2];
    for (const std::size_t i : {0, 1}) {
      const std::size_t first = i * 256, rows = i ? kRows - 256 : 256;
      const netlet_array x = {&w.x[first * kInputs], NETLET_FLOAT64, rows, kInputs, kInputs * 8, 8};
      const netlet_array y = {&w.y[first * kOutputs], NETLET_FLOAT64, rows, kOutputs, kOutputs * 8, 8};
      netlet_targets targets = {};
      targets.y = &y;
      parts[i].resize(netlet_partial_size(w.net, &task, first, rows) / 8);
      const netlet_status status =
          netlet_partial(w.net, &x, &targets, &task, first, parts[i].data(), parts[i].size() * 8, e);
      if (status != NETLET_OK) return status;
    }
    std::vector<double> sum(parts[0].size() + parts[1].size());
    std::size_t size = sum.size() * 8;
    return netlet_combine(parts[0].data(), parts[0].size() * 8, parts[1].data(), parts[1].size() * 8, sum.data(), &size,
                          e);
  });
  for (const std::size_t batch : {0, 256})
    fails_well("netlet_fit, sums", [=](World& w, netlet_error* e) {
      return fit(w, e, [&](netlet_fit_options& o) {
        o.epochs = 2;
        o.batch_size = batch;
        o.shuffle = 0;
        o.standardize = NETLET_SCALE_OUTPUTS;
        o.rows = o.validation_rows = kRows;
        o.patience = 3;
        o.sums = &sums;
        o.context = &w;
      });
    });
  fails_well("netlet_fit, clip_norm", [](World& w, netlet_error* e) {
    netlet_optimizer_config config = netlet_optimizer_get_config(w.optimizer);
    config.clip_norm = 1;
    netlet_optimizer* clipping;
    const netlet_status status = netlet_optimizer_create(&config, &clipping, e);
    if (status != NETLET_OK) return status;
    const netlet_fit_options options = netlet_fit_defaults(w.net);
    const netlet_status fitted = netlet_fit(w.net, &w.rows, &w.targets, clipping, &options, e);
    netlet_optimizer_free(clipping);
    return fitted;
  });
}

void files() {
  fails_well("netlet_to_bytes",
             [](World& w, netlet_error* e) { return netlet_to_bytes(w.net, w.optimizer, &w.bytes, &w.size, e); });
  World other;
  if (netlet_step(other.net, &other.rows, &other.targets, other.optimizer, nullptr, nullptr) != NETLET_OK ||
      netlet_to_bytes(other.net, other.optimizer, &other.bytes, &other.size, nullptr) != NETLET_OK ||
      netlet_replace_file(kPath, other.bytes, other.size, nullptr) != NETLET_OK)
    std::abort();
  const std::string before = state_of(other.net);
  fails_well("netlet_from_bytes", [&](World& w, netlet_error* e) {
    return netlet_from_bytes(other.bytes, other.size, &w.made, &w.made_too, e);
  });
  fails_well("netlet_load", [](World& w, netlet_error* e) { return netlet_load(kPath, &w.made, &w.made_too, e); });
  const auto is_whole = [&] {
    netlet_network* net;
    if (netlet_load(kPath, &net, nullptr, nullptr) != NETLET_OK) return false;
    netlet_network_free(net);
    return true;
  };
  fails_well("netlet_save", [](World& w, netlet_error* e) { return netlet_save(w.net, w.optimizer, kPath, e); });
  fails_well("netlet_replace_file", [&](World& w, netlet_error* e) {
    const netlet_status status = netlet_replace_file(kPath, other.bytes, other.size, e);
    g_until_failure = -1;
    CHECK(is_whole());
    (void)w;
    return status;
  });
  CHECK(state_of(other.net) == before);
  std::remove(kPath);
}

}  // namespace

int main() {
  for (const std::size_t threads : {3, 1}) {
    netlet_set_num_threads(threads, nullptr);
    networks_and_optimizers();
    results();
    training();
    files();
  }
  return check::summary();
}
