// SPDX-License-Identifier: BSD-3-Clause
#include "network/optimizer.hpp"

#include <math.h>

#include <new>

#include "network/network.hpp"

namespace netlet::core {
namespace {

using Config = netlet_optimizer_config;

constexpr double kMost = 1.7976931348623157e308;  // the largest finite number

// binary64: not negative, and never rounded to the network's dtype by itself
enum class Range { positive, not_negative, binary64, fraction, below_one, above_one };

struct Setting {
  const char* name;
  double Config::* value;
  Range range;
  double usual;
  bool common = false;  // all kinds have it
};
constexpr Setting kSettings[] = {{"learning_rate", &Config::learning_rate, Range::positive, 0, true},
                                 {"momentum", &Config::momentum, Range::fraction, 0},
                                 {"beta_1", &Config::beta_1, Range::fraction, 0.9},
                                 {"beta_2", &Config::beta_2, Range::fraction, 0.999},
                                 {"epsilon", &Config::epsilon, Range::positive, 1e-8},
                                 {"weight_decay", &Config::weight_decay, Range::binary64, 0},
                                 {"rho", &Config::rho, Range::fraction, 0.9},
                                 {"eta_minus", &Config::eta_minus, Range::below_one, 0.5},
                                 {"eta_plus", &Config::eta_plus, Range::above_one, 1.2},
                                 {"step_min", &Config::step_min, Range::positive, 1e-6},
                                 {"step_max", &Config::step_max, Range::positive, 50},
                                 {"l2", &Config::l2, Range::not_negative, 0, true},
                                 {"l1", &Config::l1, Range::not_negative, 0, true},
                                 {"clip_value", &Config::clip_value, Range::not_negative, 0, true},
                                 {"clip_norm", &Config::clip_norm, Range::not_negative, 0, true}};

// A part of the state: its name, and what its values can be.
struct Slot {
  const char* name;
  double least = -kMost, most = kMost;
};
constexpr Slot kSquares = {"v", 0, INFINITY};  // the squares of large gradients overflow, which does no harm

struct Kind {
  const char* name;
  double learning_rate;          // the default
  double Config::* own[4];       // its settings besides the common ones
  Slot slots[2];                 // its state
  size_t slots_of_momentum = 0;  // how many of them, the last ones, exist only with momentum
  bool whole_batches = false;    // see takes_whole_batches
};
constexpr Kind kKinds[] = {
    // by their numbers in netlet.h
    {"sgd", 0.1, {&Config::momentum}, {{"velocity"}}, 1},
    {"adam", 0.001, {&Config::beta_1, &Config::beta_2, &Config::epsilon, &Config::weight_decay}, {{"m"}, kSquares}},
    {"rmsprop", 0.001, {&Config::rho, &Config::momentum, &Config::epsilon}, {kSquares, {"velocity"}}, 1},
    {"rprop",
     0.01,
     {&Config::eta_minus, &Config::eta_plus, &Config::step_min, &Config::step_max},
     {{"step", 0}, {"gradient", -INFINITY, INFINITY}},  // of the gradient only the sign counts
     0,
     true}};
constexpr int kKindCount = sizeof kKinds / sizeof *kKinds;

const Setting* setting_of(int number) {
  return number >= 0 && (size_t)number < sizeof kSettings / sizeof *kSettings ? &kSettings[number] : nullptr;
}

bool has_setting(const Kind& kind, const Setting& setting) {
  for (const auto own : kind.own)
    if (own == setting.value) return true;
  return setting.common;
}

netlet_status check_setting(const Setting& setting, double value, netlet_error* error) {
  const char* const name = setting.name;
  const bool finite = value - value == 0;
  const auto expected = [&](bool holds, const char* what) {
    return holds ? NETLET_OK : invalid(error, "%s: expected %s, got %g", name, what, value);
  };
  switch (setting.range) {
    case Range::positive: return expected(finite && value > 0, "a positive finite number");
    case Range::not_negative:
    case Range::binary64: return expected(finite && value >= 0, "a finite number >= 0");
    case Range::fraction: return expected(value >= 0 && value < 1, "a number >= 0 and < 1");
    case Range::below_one: return expected(value > 0 && value < 1, "a number > 0 and < 1");
    case Range::above_one: return expected(finite && value > 1, "a finite number > 1");
  }
  return NETLET_OK;
}

// Nonzero settings must neither vanish nor overflow in float32.
netlet_status check_float32(const Setting& setting, double value, netlet_error* error) {
  const float rounded = (float)value;
  if ((setting.range != Range::positive && setting.range != Range::not_negative) || value == 0 ||
      (rounded > 0 && rounded - rounded == 0))
    return NETLET_OK;
  return invalid(error, "%s: %g is %g in float32, the network's dtype", setting.name, value, (double)rounded);
}

netlet_status check_settings(const Config& c, netlet_error* error) {
  if (!netlet_optimizer_name(c.kind)) return invalid(error, "optimizer: unknown number %d", c.kind);
  for (const Setting& setting : kSettings)
    if (has_setting(kKinds[c.kind], setting)) NETLET_TRY(check_setting(setting, c.*setting.value, error));
  if (c.clip_value > 0 && c.clip_norm > 0) return invalid(error, "clip_norm: give this or clip_value, not both");
  if (c.kind == NETLET_SGD && c.nesterov && c.momentum == 0)
    return invalid(error, "nesterov: expected a momentum > 0 with it, got momentum 0");
  if (c.kind == NETLET_RPROP && c.step_min > c.step_max)
    return invalid(error, "step_min: expected at most step_max, %g, got %g", c.step_max, c.step_min);
  return NETLET_OK;
}

netlet_status check_dtype(int dtype, netlet_error* error) {
  if (dtype == NETLET_FLOAT32 || dtype == NETLET_FLOAT64) return NETLET_OK;
  return invalid(error, "dtype: expected float32 or float64, got number %d", dtype);
}

template <class T> netlet_status check_slot(const Slot& slot, const T* values, size_t size, netlet_error* error) {
  for (size_t i = 0; i < size; ++i)
    if (!((double)values[i] >= slot.least && (double)values[i] <= slot.most))
      return invalid(error, "optimizer: expected %s in its state %s, got %g at position %zu",
                     slot.least < 0 ? "finite numbers" : "numbers >= 0", slot.name, (double)values[i], i);
  return NETLET_OK;
}

size_t slot_count(const Config& c) {
  const Kind& kind = kKinds[c.kind];
  return (kind.slots[1].name ? 2 : 1) - (c.momentum == 0 ? kind.slots_of_momentum : 0);
}

// beta: the factor of each step; -1: there is none
netlet_status check_power(const char* name, double power, double beta, uint64_t steps, netlet_error* error) {
  const bool first = steps == 0 || beta < 0;
  if (first ? power == 1 : power >= 0 && power <= beta) return NETLET_OK;
  if (first) return invalid(error, "optimizer: expected %s to be 1, got %g", name, power);
  return invalid(error, "optimizer: expected %s from 0 to %g after %llu steps, got %g", name, beta,
                 (unsigned long long)steps, power);
}

}  // namespace

bool takes_whole_batches(int kind) { return kKinds[kind].whole_batches; }

const char* slot_name(int kind, size_t slot) {
  const char* const name = kKinds[kind].slots[slot].name;
  return name ? name : "";
}

netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error) {
  const Config c = optimizer.settings();
  for (const Setting& setting : kSettings)
    if (dtype == NETLET_FLOAT32 && has_setting(kKinds[c.kind], setting))
      NETLET_TRY(check_float32(setting, c.*setting.value, error));
  if (optimizer.size == 0 || (optimizer.size == size && optimizer.dtype == dtype)) return NETLET_OK;
  return invalid(
      error,
      "optimizer: it holds the state of a network of %zu %s parameters, but this one has %zu of %s; use a new "
      "optimizer for each network",
      (size_t)optimizer.size, netlet_dtype_name(optimizer.dtype), size, netlet_dtype_name(dtype));
}

netlet_status bind(netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error) {
  NETLET_TRY(check_optimizer(optimizer, size, dtype, error));
  if (optimizer.size) return NETLET_OK;
  size_t bytes;
  if (multiply_overflows(size, optimizer.slot_count() * size_of(dtype), &bytes) ||
      __builtin_add_overflow(bytes, kCacheLine, &bytes))
    return out_of_memory(error);
  if (bytes > optimizer.memory.size()) {
    Buffer<unsigned char> memory;
    if (!memory.allocate(bytes, true)) return out_of_memory(error);
    *reinterpret_cast<void**>(memory.data()) = optimizer.memory.give();
    optimizer.memory.swap(memory);
  }
  optimizer.dtype = dtype;
  optimizer.size = size;
  return NETLET_OK;
}

netlet_status check_state(const Config& c, const netlet_optimizer_progress& p, const void* slots, size_t size,
                          int dtype, netlet_error* error) {
  const bool adam = c.kind == NETLET_ADAM;
  if (p.steps > (uint64_t)INT64_MAX || (size == 0 && p.steps))
    return invalid(error, "optimizer: expected %s, got %llu",
                   size ? "fewer than 2**63 steps" : "no steps without a state", (unsigned long long)p.steps);
  NETLET_TRY(check_power("beta_1_power", p.beta_1_power, adam ? c.beta_1 : -1, p.steps, error));
  NETLET_TRY(check_power("beta_2_power", p.beta_2_power, adam ? c.beta_2 : -1, p.steps, error));
  if (!(p.plateau_factor >= 0 && p.plateau_factor <= 1))
    return invalid(error, "optimizer: expected plateau_factor from 0 to 1, got %g", p.plateau_factor);
  if (p.plateau_best != p.plateau_best) return invalid(error, "optimizer: expected a number as plateau_best, got nan");
  for (size_t i = 0; size && i < slot_count(c); ++i) {
    const Slot& slot = kKinds[c.kind].slots[i];
    NETLET_TRY(dtype == NETLET_FLOAT32 ? check_slot(slot, static_cast<const float*>(slots) + i * size, size, error)
                                       : check_slot(slot, static_cast<const double*>(slots) + i * size, size, error));
  }
  return NETLET_OK;
}

template <class T> Step<T> next_step(netlet_optimizer& optimizer, double factor) {
  const Config& c = optimizer.config;
  Progress& p = optimizer.progress;
  const double rate = optimizer.learning_rate * factor;
  const bool first = ++p.steps == 1;
  if (c.kind != NETLET_ADAM) return {&c, first, (T)rate, 0, 1};
  const double power_1 = p.beta_1_power * c.beta_1, power_2 = p.beta_2_power * c.beta_2;
  p.beta_1_power = power_1;
  p.beta_2_power = power_2;
  return {&c, first, (T)(rate / (1 - power_1)), (T)(1 / sqrt(1 - power_2)), (T)(1 - rate * c.weight_decay)};
}
template Step<float> next_step<float>(netlet_optimizer&, double);
template Step<double> next_step<double>(netlet_optimizer&, double);

}  // namespace netlet::core

using namespace netlet::core;

const char* netlet_optimizer_setting_name(int setting) {
  return setting_of(setting) ? setting_of(setting)->name : nullptr;
}
double* netlet_optimizer_setting(netlet_optimizer_config* config, int setting) {
  return setting_of(setting) ? &(config->*setting_of(setting)->value) : nullptr;
}

const char* netlet_optimizer_name(int kind) { return kind >= 0 && kind < kKindCount ? kKinds[kind].name : nullptr; }

size_t netlet_optimizer::slot_count() const { return netlet::core::slot_count(config); }
const char* netlet_optimizer_slot_name(const netlet_optimizer* optimizer, size_t slot) {
  return slot < optimizer->slot_count() ? slot_name(optimizer->config.kind, slot) : nullptr;
}

netlet_optimizer_config netlet_optimizer_defaults(int32_t kind) {
  netlet_optimizer_config c = {};
  c.kind = kind;
  for (const Setting& setting : kSettings) c.*setting.value = setting.usual;
  if (netlet_optimizer_name(kind)) c.learning_rate = kKinds[kind].learning_rate;
  return c;
}

netlet_status netlet_optimizer_create(const netlet_optimizer_config* config, netlet_optimizer** out,
                                      netlet_error* error) {
  if (!config || !out) return invalid(error, "config and optimizer may not be NULL");
  NETLET_TRY(check_settings(*config, error));
  watch_forks();
  void* memory = malloc(sizeof(netlet_optimizer));
  if (!memory) return out_of_memory(error);
  *out = ::new (memory) netlet_optimizer(*config);
  return NETLET_OK;
}

void netlet_optimizer_free(netlet_optimizer* optimizer) {
  if (!optimizer) return;
  for (void* memory = optimizer->memory.give(); memory;) {
    void* const earlier = *static_cast<void**>(memory);
    aligned_free(memory);
    memory = earlier;
  }
  optimizer->~netlet_optimizer();
  free(optimizer);
}

netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer* optimizer) { return optimizer->settings(); }

netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer* optimizer, double rate, netlet_error* error) {
  NETLET_TRY(check_setting(kSettings[0], rate, error));
  const Reading reading(optimizer->users);  // a fit during its callback is a reader, too
  if (!reading) return busy("learning_rate", "optimizer", error);
  optimizer->learning_rate = rate;
  return NETLET_OK;
}

size_t netlet_optimizer_slot_count(const netlet_optimizer* optimizer) { return optimizer->slot_count(); }
size_t netlet_optimizer_size(const netlet_optimizer* optimizer) { return optimizer->size; }
int netlet_optimizer_dtype(const netlet_optimizer* optimizer) { return optimizer->dtype; }

netlet_status netlet_optimizer_bind(netlet_optimizer* optimizer, size_t size, int32_t dtype, netlet_error* error) {
  NETLET_TRY(check_dtype(dtype, error));
  const Writing writing(optimizer->users);
  if (!writing) return busy("bind", "optimizer", error);
  return bind(*optimizer, size, dtype, error);
}

void* netlet_optimizer_slot(netlet_optimizer* optimizer, size_t slot) {
  const Reading reading(optimizer->users);
  if (!reading) return nullptr;
  return optimizer->dtype == NETLET_FLOAT32 ? (void*)optimizer->slot<float>(slot) : optimizer->slot<double>(slot);
}
netlet_status netlet_optimizer_copy_state(const netlet_optimizer* optimizer, void* slots, size_t size, int32_t dtype,
                                          netlet_optimizer_progress* progress, netlet_error* error) {
  const Reading reading(optimizer->users);
  if (!reading || size != optimizer->size || dtype != optimizer->dtype) return busy("copy", "optimizer", error);
  NETLET_TRY(check_state(*optimizer, error));
  if (size && optimizer->slot_count())
    memcpy(slots, optimizer->state(), size * optimizer->slot_count() * size_of(optimizer->dtype));
  *progress = optimizer->progress;
  return NETLET_OK;
}
netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer* optimizer) {
  return optimizer->progress;
}
netlet_status netlet_optimizer_set_state(netlet_optimizer* optimizer, const void* slots, size_t size, int32_t dtype,
                                         const netlet_optimizer_progress* progress, netlet_error* error) {
  NETLET_TRY(check_dtype(dtype, error));
  if (size && optimizer->slot_count()) NETLET_TRY(check_memory("slots", "the state", slots, dtype, error));
  const Writing writing(optimizer->users);
  if (!writing) return busy("state", "optimizer", error);
  NETLET_TRY(check_state(optimizer->config, *progress, slots, size, dtype, error));
  NETLET_TRY(size ? bind(*optimizer, size, dtype, error) : check_optimizer(*optimizer, size, dtype, error));
  if (size && optimizer->slot_count())
    memcpy(optimizer->state(), slots, size * optimizer->slot_count() * size_of(dtype));
  optimizer->progress = *progress;
  return NETLET_OK;
}
