// SPDX-License-Identifier: BSD-3-Clause
#include "network/optimizer.hpp"

#include <math.h>

#include <new>

#include "network/network.hpp"
#include "system/error.hpp"

struct Retired {
  netlet::core::Buffer<unsigned char> memory;
  Retired* next;
};

namespace netlet::core {
namespace {

struct Setting {
  const char* name;
  double netlet_optimizer_config::* value;
};
constexpr Setting kSettings[] = {{"learning_rate", &netlet_optimizer_config::learning_rate},
                                 {"momentum", &netlet_optimizer_config::momentum},
                                 {"beta_1", &netlet_optimizer_config::beta_1},
                                 {"beta_2", &netlet_optimizer_config::beta_2},
                                 {"epsilon", &netlet_optimizer_config::epsilon},
                                 {"weight_decay", &netlet_optimizer_config::weight_decay},
                                 {"rho", &netlet_optimizer_config::rho},
                                 {"eta_minus", &netlet_optimizer_config::eta_minus},
                                 {"eta_plus", &netlet_optimizer_config::eta_plus},
                                 {"step_min", &netlet_optimizer_config::step_min},
                                 {"step_max", &netlet_optimizer_config::step_max},
                                 {"l2", &netlet_optimizer_config::l2},
                                 {"l1", &netlet_optimizer_config::l1},
                                 {"clip_value", &netlet_optimizer_config::clip_value},
                                 {"clip_norm", &netlet_optimizer_config::clip_norm}};

const Setting* setting_of(int number) {
  return number >= 0 && (size_t)number < sizeof kSettings / sizeof *kSettings ? &kSettings[number] : nullptr;
}

netlet_status check_fraction(const char* name, double value, netlet_error* error) {
  if (value >= 0 && value < 1) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "%s: expected 0 <= %s < 1, got %g", name, name, value);
}

netlet_status check_not_negative(const char* name, double value, netlet_error* error) {
  if (value >= 0 && value <= 1.79e308) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "%s: expected a finite number from 0 on, got %g", name, value);
}

netlet_status check_positive(const char* name, double value, netlet_error* error) {
  if (value > 0 && value <= 1.79e308) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "%s: expected a positive finite number, got %g", name, value);
}

}  // namespace

netlet_status check_settings(const netlet_optimizer_config& c, netlet_error* error) {
  if (c.kind < NETLET_SGD || c.kind > NETLET_RPROP)
    return fail(error, NETLET_ERROR_ARGUMENT, "optimizer: unknown number %d", c.kind);
  NETLET_TRY(check_positive("learning_rate", c.learning_rate, error));
  const struct {
    const char* name;
    double value;
  } from_zero[] = {{"l2", c.l2}, {"l1", c.l1}, {"clip_value", c.clip_value}, {"clip_norm", c.clip_norm}};
  for (const auto& setting : from_zero) NETLET_TRY(check_not_negative(setting.name, setting.value, error));
  if (c.clip_value > 0 && c.clip_norm > 0)
    return fail(error, NETLET_ERROR_ARGUMENT, "clip_norm: expected one of clip_value and clip_norm, got both");
  if (c.kind == NETLET_SGD || c.kind == NETLET_RMSPROP) NETLET_TRY(check_fraction("momentum", c.momentum, error));
  if (c.kind == NETLET_SGD && c.nesterov && c.momentum == 0)
    return fail(error, NETLET_ERROR_ARGUMENT, "nesterov: expected a momentum above 0 with it, got momentum 0");
  if (c.kind == NETLET_ADAM) {
    NETLET_TRY(check_fraction("beta_1", c.beta_1, error));
    NETLET_TRY(check_fraction("beta_2", c.beta_2, error));
    NETLET_TRY(check_not_negative("weight_decay", c.weight_decay, error));
  }
  if (c.kind == NETLET_RMSPROP) NETLET_TRY(check_fraction("rho", c.rho, error));
  if (c.kind == NETLET_ADAM || c.kind == NETLET_RMSPROP) NETLET_TRY(check_positive("epsilon", c.epsilon, error));
  if (c.kind == NETLET_RPROP) {
    if (!(c.eta_minus > 0 && c.eta_minus < 1))
      return fail(error, NETLET_ERROR_ARGUMENT, "eta_minus: expected 0 < eta_minus < 1, got %g", c.eta_minus);
    if (!(c.eta_plus > 1 && c.eta_plus <= 1.79e308))
      return fail(error, NETLET_ERROR_ARGUMENT, "eta_plus: expected a finite number above 1, got %g", c.eta_plus);
    NETLET_TRY(check_positive("step_min", c.step_min, error));
    NETLET_TRY(check_positive("step_max", c.step_max, error));
    if (c.step_min > c.step_max)
      return fail(error, NETLET_ERROR_ARGUMENT, "step_min: expected at most step_max, %g, got %g", c.step_max,
                  c.step_min);
  }
  return NETLET_OK;
}

namespace {

// what must neither vanish nor overflow in float32
netlet_status check_float32(const char* name, double value, netlet_error* error) {
  const float rounded = (float)value;
  if (rounded > 0 && rounded - rounded == 0) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "%s: %g is %g in float32, the network's dtype", name, value,
              (double)rounded);
}

}  // namespace

netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error) {
  const netlet_optimizer_config& c = optimizer.config;
  if (dtype == NETLET_FLOAT32) {
    NETLET_TRY(check_float32("learning_rate", c.learning_rate, error));
    if (c.kind == NETLET_ADAM || c.kind == NETLET_RMSPROP) NETLET_TRY(check_float32("epsilon", c.epsilon, error));
    if (c.kind == NETLET_RPROP) {
      NETLET_TRY(check_float32("step_min", c.step_min, error));
      NETLET_TRY(check_float32("step_max", c.step_max, error));
    }
    const struct {
      const char* name;
      double value;
    } given[] = {{"l2", c.l2}, {"l1", c.l1}, {"clip_value", c.clip_value}, {"clip_norm", c.clip_norm}};
    for (const auto& setting : given)
      if (setting.value > 0) NETLET_TRY(check_float32(setting.name, setting.value, error));
  }
  if (optimizer.size == 0 || (optimizer.size == size && optimizer.dtype == dtype)) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT,
              "optimizer: it holds the state of a network of %zu %s parameters, but this one has %zu of %s; take a new "
              "optimizer for each network",
              optimizer.size, netlet_dtype_name(optimizer.dtype), size, netlet_dtype_name(dtype));
}

void unbind(netlet_optimizer& optimizer) {
  if (optimizer.state.size()) memset(optimizer.state.data(), 0, optimizer.state.size());
  optimizer.size = 0;
}

template <class T> Update<T> next_update(netlet_optimizer& optimizer, double factor) {
  const netlet_optimizer_config& c = optimizer.config;
  netlet_optimizer_progress& p = optimizer.progress;
  const double rate = c.learning_rate * factor;
  Update<T> u = {};
  u.first = p.steps++ == 0;
  u.optimizer = c.kind;
  u.nesterov = c.nesterov != 0;
  u.momentum = (T)c.momentum;
  u.epsilon = (T)c.epsilon;
  u.rate = (T)rate;
  switch (c.kind) {
    case NETLET_ADAM:
      p.beta_1_power = p.beta_1_power * c.beta_1;
      p.beta_2_power = p.beta_2_power * c.beta_2;
      u.rate = (T)(rate / (1 - p.beta_1_power));
      u.root = (T)(1 / sqrt(1 - p.beta_2_power));
      u.beta_1 = (T)c.beta_1;
      u.beta_2 = (T)c.beta_2;
      u.rest_1 = (T)(1 - c.beta_1);
      u.rest_2 = (T)(1 - c.beta_2);
      break;
    case NETLET_RMSPROP:
      u.rho = (T)c.rho;
      u.rest = (T)(1 - c.rho);
      break;
    case NETLET_RPROP:
      u.eta_minus = (T)c.eta_minus;
      u.eta_plus = (T)c.eta_plus;
      u.step_min = (T)c.step_min;
      u.step_max = (T)c.step_max;
  }
  return u;
}
template Update<float> next_update<float>(netlet_optimizer&, double);
template Update<double> next_update<double>(netlet_optimizer&, double);

}  // namespace netlet::core

using namespace netlet::core;

const char* netlet_optimizer_setting_name(int setting) {
  return setting_of(setting) ? setting_of(setting)->name : nullptr;
}
double* netlet_optimizer_setting(netlet_optimizer_config* config, int setting) {
  return setting_of(setting) ? &(config->*setting_of(setting)->value) : nullptr;
}

netlet_optimizer_config netlet_optimizer_defaults(int32_t kind) {
  netlet_optimizer_config c = {};
  c.kind = kind;
  c.learning_rate = kind == NETLET_SGD ? 0.1 : kind == NETLET_RPROP ? 0.01 : 0.001;
  c.beta_1 = 0.9;
  c.beta_2 = 0.999;
  c.epsilon = 1e-8;
  c.rho = 0.9;
  c.eta_minus = 0.5;
  c.eta_plus = 1.2;
  c.step_min = 1e-6;
  c.step_max = 50;
  return c;
}

netlet_status netlet_optimizer_create(const netlet_optimizer_config* config, netlet_optimizer** out,
                                      netlet_error* error) {
  if (!config || !out) return fail(error, NETLET_ERROR_ARGUMENT, "config and optimizer may not be NULL");
  NETLET_TRY(check_settings(*config, error));
  watch_forks();
  void* memory = malloc(sizeof(netlet_optimizer));
  if (!memory) return out_of_memory(error);
  *out = ::new (memory) netlet_optimizer;
  (*out)->config = *config;
  return NETLET_OK;
}

void netlet_optimizer_free(netlet_optimizer* optimizer) {
  if (!optimizer) return;
  while (Retired* retired = optimizer->retired) {
    optimizer->retired = retired->next;
    retired->~Retired();
    free(retired);
  }
  optimizer->~netlet_optimizer();
  free(optimizer);
}

netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer* optimizer) { return optimizer->config; }

netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer* optimizer, double rate, netlet_error* error) {
  NETLET_TRY(check_positive("learning_rate", rate, error));
  const Reading reading(optimizer->users);  // a fit that waits for its callback is a reader too
  if (!reading) return optimizer_busy("learning_rate", error);
  optimizer->config.learning_rate = rate;
  return NETLET_OK;
}

size_t netlet_optimizer_slot_count(const netlet_optimizer* optimizer) { return optimizer->slot_count(); }
size_t netlet_optimizer_size(const netlet_optimizer* optimizer) { return optimizer->size; }
int netlet_optimizer_dtype(const netlet_optimizer* optimizer) { return optimizer->dtype; }

netlet_status netlet_optimizer_bind(netlet_optimizer* optimizer, size_t size, int32_t dtype, netlet_error* error) {
  if (dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64)
    return fail(error, NETLET_ERROR_ARGUMENT, "dtype: expected float32 or float64, got number %d", dtype);
  NETLET_TRY(check_optimizer(*optimizer, size, dtype, error));
  if (optimizer->size) return NETLET_OK;
  size_t bytes;
  if (multiply_overflows(size, optimizer->slot_count() * size_of(dtype), &bytes)) return out_of_memory(error);
  if (bytes > optimizer->state.size()) {
    Buffer<unsigned char> state;
    if (!state.allocate(bytes, true)) return out_of_memory(error);
    if (optimizer->state.size()) {
      void* memory = malloc(sizeof(Retired));
      if (!memory) return out_of_memory(error);
      Retired* retired = ::new (memory) Retired;
      retired->memory.swap(optimizer->state);
      retired->next = optimizer->retired;
      optimizer->retired = retired;
    }
    optimizer->state.swap(state);
  }
  optimizer->dtype = dtype;
  optimizer->size = size;
  return NETLET_OK;
}

void* netlet_optimizer_slot(netlet_optimizer* optimizer, size_t slot) {
  const Reading reading(optimizer->users);
  if (!reading) return nullptr;
  return optimizer->dtype == NETLET_FLOAT32 ? (void*)optimizer->slot<float>(slot) : optimizer->slot<double>(slot);
}
netlet_status netlet_optimizer_copy_state(const netlet_optimizer* optimizer, void* slots, size_t size,
                                          netlet_optimizer_progress* progress, netlet_error* error) {
  const Reading reading(optimizer->users);
  if (!reading || size != optimizer->size) return optimizer_busy("copy", error);
  if (size && optimizer->slot_count())
    memcpy(slots, optimizer->state.data(), size * optimizer->slot_count() * size_of(optimizer->dtype));
  *progress = optimizer->progress;
  return NETLET_OK;
}
netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer* optimizer) {
  return optimizer->progress;
}
void netlet_optimizer_set_progress(netlet_optimizer* optimizer, netlet_optimizer_progress progress) {
  optimizer->progress = progress;
}
