// SPDX-License-Identifier: BSD-3-Clause
// What netlet.js calls besides the functions of netlet.h that take numbers and pointers only (the list of exports is in
// CMakeLists.txt): those whose arguments are structures, whose layout JavaScript need not know.
//
// A table is four numbers: address, dtype, rows, columns; address 0: there is none.
#include <netlet/netlet.h>
#include <stdlib.h>

#include "compute/schedule.hpp"
#include "file/sha256.hpp"

namespace {

struct Table {
  const void* data;
  int32_t dtype;
  size_t rows, columns;
};

struct Rows {
  netlet_array x, y, sample_weight;
  netlet_targets targets;
  Rows(const Table* tables, int32_t missing)
      : x(array(tables[0])), y(array(tables[1])), sample_weight(array(tables[2])) {
    targets = {&y, tables[2].data ? &sample_weight : nullptr, nullptr, 0, missing};
  }
  static netlet_array array(const Table& t) { return netlet_rows(t.data, t.dtype, t.rows, t.columns); }
};

// The settings of fit, in netlet.js's order.
struct Settings {
  double epochs, batch_size, shuffle, standardize, missing;
  double schedule, gamma, period, floor, schedule_min_delta;
  double resume;       // the schedule goes on over the network's life
  double first_epoch;  // otherwise: the life's epoch in which it began
  double continued;    // whether this call goes on where a call before has paused
  double one_by_one;   // whether epochs are reported one at a time, to a callback that may use the network
};

// What the callbacks of a training need.
struct Training {
  netlet_schedule schedule;
  netlet::core::Progress progress = {};
  netlet::core::Schedule factors{schedule, progress};
  uint64_t begin = 0;  // the life's epoch that the schedule calls 0
};

// what netlet.js takes them to be
static_assert(sizeof(netlet_epoch) == 72 && sizeof(netlet_evaluation) == 32 && sizeof(Settings) == 14 * 8);

netlet_error g_error;

}  // namespace

extern "C" {

#define NETLET_IMPORT(name) __attribute__((import_module("netlet"), import_name(#name)))
#define NETLET_EXPORT(name) __attribute__((export_name(#name)))

// As in netlet_fit_options; an epoch is 9 numbers of 8 bytes, the first an integer.
NETLET_IMPORT(on_epochs) int on_epochs(const netlet_epoch* epochs, size_t count);
// The factor of an epoch by a function of the caller's.
NETLET_IMPORT(on_schedule) double on_schedule(double epoch);

NETLET_EXPORT(allocate) void* allocate(size_t bytes) { return malloc(bytes); }
NETLET_EXPORT(release) void release(void* memory) { free(memory); }
NETLET_EXPORT(error) netlet_error* error() { return &g_error; }
NETLET_EXPORT(sha256) void sha256(const void* data, size_t size, char* hex) { netlet::core::hash(data, size, hex); }

NETLET_EXPORT(create)
int create(const size_t* sizes, size_t count, const int32_t* activations, int32_t loss, int32_t reduction,
           int32_t dtype, const double* loss_parameters, size_t loss_parameter_count, const double* dropout,
           netlet_network** network) {
  const netlet_config config = {sizes, count,           activations,          loss,   reduction,
                                dtype, loss_parameters, loss_parameter_count, dropout};
  return netlet_network_create(&config, network, &g_error);
}

// settings: as netlet_optimizer_setting numbers them; NaN: the default
NETLET_EXPORT(create_optimizer)
int create_optimizer(int32_t kind, int32_t nesterov, const double* settings, netlet_optimizer** optimizer) {
  netlet_optimizer_config config = netlet_optimizer_defaults(kind);
  config.nesterov = nesterov;
  for (int i = 0; double* const setting = netlet_optimizer_setting(&config, i); ++i)
    if (settings[i] == settings[i]) *setting = settings[i];
  return netlet_optimizer_create(&config, optimizer, &g_error);
}

NETLET_EXPORT(optimizer_setting) double optimizer_setting(const netlet_optimizer* optimizer, int setting) {
  netlet_optimizer_config config = netlet_optimizer_get_config(optimizer);
  return *netlet_optimizer_setting(&config, setting);
}
NETLET_EXPORT(optimizer_kind) int optimizer_kind(const netlet_optimizer* optimizer) {
  return netlet_optimizer_get_config(optimizer).kind;
}
NETLET_EXPORT(optimizer_nesterov) int optimizer_nesterov(const netlet_optimizer* optimizer) {
  return netlet_optimizer_get_config(optimizer).nesterov;
}
NETLET_EXPORT(optimizer_steps) double optimizer_steps(const netlet_optimizer* optimizer) {
  return (double)netlet_optimizer_get_progress(optimizer).steps;
}

NETLET_EXPORT(forward) int forward(const netlet_network* network, const Table* x, void* out) {
  const netlet_array rows = Rows::array(*x);
  return netlet_forward(network, &rows, out, &g_error);
}
NETLET_EXPORT(predict) int predict(const netlet_network* network, const Table* x, void* out) {
  const netlet_array rows = Rows::array(*x);
  return netlet_predict(network, &rows, out, &g_error);
}
NETLET_EXPORT(jacobian) int jacobian(const netlet_network* network, const Table* x, void* out) {
  const netlet_array rows = Rows::array(*x);
  return netlet_jacobian(network, &rows, out, &g_error);
}

// tables: x, y, weights
NETLET_EXPORT(evaluate)
int evaluate(const netlet_network* network, const Table* tables, int32_t missing, netlet_evaluation* evaluation) {
  const Rows rows(tables, missing);
  return netlet_evaluate(network, &rows.x, &rows.targets, evaluation, sizeof *evaluation, &g_error);
}
NETLET_EXPORT(backward)
int backward(const netlet_network* network, const Table* tables, int32_t missing, double* loss, void* gradient) {
  const Rows rows(tables, missing);
  return netlet_backward(network, &rows.x, &rows.targets, loss, gradient, &g_error);
}
NETLET_EXPORT(input_gradient)
int input_gradient(const netlet_network* network, const Table* tables, int32_t missing, void* out) {
  const Rows rows(tables, missing);
  return netlet_input_gradient(network, &rows.x, &rows.targets, out, &g_error);
}
NETLET_EXPORT(step)
int step(netlet_network* network, const Table* tables, int32_t missing, netlet_optimizer* optimizer, double* loss) {
  const Rows rows(tables, missing);
  return netlet_step(network, &rows.x, &rows.targets, optimizer, loss, &g_error);
}

// tables: x, y, weights, and the same of the validation data
NETLET_EXPORT(fit)
int fit(netlet_network* network, const Table* tables, netlet_optimizer* optimizer, const Settings* s, uint64_t seed) {
  const int32_t missing = (int32_t)s->missing;
  const Rows rows(tables, missing), validation(tables + 3, missing);
  netlet_fit_options options = netlet_fit_defaults(network);
  options.epochs = (size_t)s->epochs;
  options.batch_size = (size_t)s->batch_size;
  options.shuffle = s->shuffle != 0;
  options.seed = seed;
  options.standardize = (int32_t)s->standardize;
  if (tables[3].data) {
    options.validation_x = &validation.x;
    options.validation_targets = &validation.targets;
  }
  options.schedule = {(int32_t)s->schedule, s->gamma, (uint64_t)s->period, s->floor, s->schedule_min_delta, nullptr};
  options.resume = s->resume != 0 || s->continued != 0;
  Training training{options.schedule};
  if (options.schedule.kind != NETLET_CONSTANT && options.schedule.kind != NETLET_PLATEAU) {
    // counted from where the training began, whose present call may be a later piece of it
    if (s->resume == 0) training.begin = (uint64_t)s->first_epoch;
    options.resume = 1;
    options.schedule.kind = NETLET_FUNCTION;
    options.schedule.function = [](void* context, uint64_t epoch, double* factor) {
      Training& now = *static_cast<Training*>(context);
      epoch -= now.begin;
      *factor = now.schedule.kind == NETLET_FUNCTION ? on_schedule((double)epoch) : now.factors.factor(epoch);
      return 0;
    };
    training.schedule.function = options.schedule.function;
    const int status = netlet::core::check_schedule(training.schedule, &g_error);
    if (status != NETLET_OK) return status;
  }
  options.context = &training;
  options.on_epochs = [](void*, const netlet_epoch* epochs, size_t count) { return on_epochs(epochs, count); };
  options.report_together = s->one_by_one == 0;
  return netlet_fit(network, &rows.x, &rows.targets, optimizer, &options, &g_error);
}

}  // extern "C"
