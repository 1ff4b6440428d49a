// SPDX-License-Identifier: BSD-3-Clause
#include "optimizer.hpp"

#include <math.h>

#include <new>

#include "error.hpp"
#include "network.hpp"

namespace netlet::core {
namespace {

netlet_status check_rate(double rate, netlet_error* error) {
  if (rate > 0 && rate <= 1.79e308) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "learning_rate: expected a positive finite number, got %g", rate);
}

netlet_status check_fraction(const char* name, double value, netlet_error* error) {
  if (value >= 0 && value < 1) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "%s: expected 0 <= %s < 1, got %g", name, name, value);
}

netlet_status check(const netlet_optimizer_config& c, netlet_error* error) {
  if (c.kind != NETLET_SGD && c.kind != NETLET_ADAM)
    return fail(error, NETLET_ERROR_ARGUMENT, "optimizer: unknown number %d", c.kind);
  NETLET_TRY(check_rate(c.learning_rate, error));
  if (c.kind == NETLET_SGD) {
    NETLET_TRY(check_fraction("momentum", c.momentum, error));
    if (c.nesterov && c.momentum == 0)
      return fail(error, NETLET_ERROR_ARGUMENT, "nesterov: expected a momentum above 0 with it, got momentum 0");
    return NETLET_OK;
  }
  NETLET_TRY(check_fraction("beta_1", c.beta_1, error));
  NETLET_TRY(check_fraction("beta_2", c.beta_2, error));
  if (!(c.epsilon > 0 && c.epsilon <= 1.79e308))
    return fail(error, NETLET_ERROR_ARGUMENT, "epsilon: expected a positive finite number, got %g", c.epsilon);
  return NETLET_OK;
}

}  // namespace

netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error) {
  const netlet_optimizer_config& c = optimizer.config;
  const float rate = (float)c.learning_rate, epsilon = (float)c.epsilon;
  if (dtype == NETLET_FLOAT32 && !(rate > 0 && rate - rate == 0))
    return fail(error, NETLET_ERROR_ARGUMENT, "learning_rate: %g is %g in float32, the network's dtype",
                c.learning_rate, (double)rate);
  if (dtype == NETLET_FLOAT32 && c.kind == NETLET_ADAM && !(epsilon > 0 && epsilon - epsilon == 0))
    return fail(error, NETLET_ERROR_ARGUMENT, "epsilon: %g is %g in float32, the network's dtype", c.epsilon,
                (double)epsilon);
  if (optimizer.size == 0 || (optimizer.size == size && optimizer.dtype == dtype)) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT,
              "optimizer: it holds the state of a network of %zu %s parameters, but this one has %zu of %s; take a new "
              "optimizer for each network",
              optimizer.size, netlet_dtype_name(optimizer.dtype), size, netlet_dtype_name(dtype));
}

template <class T> Update<T> next_update(netlet_optimizer& optimizer) {
  const netlet_optimizer_config& c = optimizer.config;
  netlet_optimizer_progress& p = optimizer.progress;
  ++p.steps;
  Update<T> u = {};
  u.optimizer = c.kind;
  u.nesterov = c.nesterov != 0;
  u.momentum = (T)c.momentum;
  u.rate = (T)c.learning_rate;
  if (c.kind == NETLET_ADAM) {
    p.beta_1_power = p.beta_1_power * c.beta_1;
    p.beta_2_power = p.beta_2_power * c.beta_2;
    u.rate = (T)(c.learning_rate / (1 - p.beta_1_power));
    u.root = (T)(1 / sqrt(1 - p.beta_2_power));
    u.beta_1 = (T)c.beta_1;
    u.beta_2 = (T)c.beta_2;
    u.rest_1 = (T)(1 - c.beta_1);
    u.rest_2 = (T)(1 - c.beta_2);
    u.epsilon = (T)c.epsilon;
  }
  return u;
}
template Update<float> next_update<float>(netlet_optimizer&);
template Update<double> next_update<double>(netlet_optimizer&);

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_optimizer_create(const netlet_optimizer_config* config, netlet_optimizer** out,
                                      netlet_error* error) {
  if (!config || !out) return fail(error, NETLET_ERROR_ARGUMENT, "config and optimizer may not be NULL");
  NETLET_TRY(check(*config, error));
  watch_forks();
  void* memory = malloc(sizeof(netlet_optimizer));
  if (!memory) return out_of_memory(error);
  *out = ::new (memory) netlet_optimizer;
  (*out)->config = *config;
  return NETLET_OK;
}

void netlet_optimizer_free(netlet_optimizer* optimizer) {
  if (!optimizer) return;
  optimizer->~netlet_optimizer();
  free(optimizer);
}

netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer* optimizer) { return optimizer->config; }

netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer* optimizer, double rate, netlet_error* error) {
  NETLET_TRY(check_rate(rate, error));
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
  if (multiply_overflows(size, optimizer->slot_count() * size_of(dtype), &bytes) ||
      !optimizer->state.allocate(bytes, true))
    return out_of_memory(error);
  optimizer->dtype = dtype;
  optimizer->size = size;
  return NETLET_OK;
}

void* netlet_optimizer_slot(netlet_optimizer* optimizer, size_t slot) {
  const Reading reading(optimizer->users);
  if (!reading) return nullptr;
  return optimizer->dtype == NETLET_FLOAT32 ? (void*)optimizer->slot<float>(slot) : optimizer->slot<double>(slot);
}
netlet_status netlet_optimizer_copy_state(const netlet_optimizer* optimizer, void* slots,
                                          netlet_optimizer_progress* progress, netlet_error* error) {
  const Reading reading(optimizer->users);
  if (!reading) return optimizer_busy("copy", error);
  if (optimizer->state.size()) memcpy(slots, optimizer->state.data(), optimizer->state.size());
  *progress = optimizer->progress;
  return NETLET_OK;
}
netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer* optimizer) {
  return optimizer->progress;
}
void netlet_optimizer_set_progress(netlet_optimizer* optimizer, netlet_optimizer_progress progress) {
  optimizer->progress = progress;
}
