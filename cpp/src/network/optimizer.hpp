// SPDX-License-Identifier: BSD-3-Clause
// An optimizer's settings and its state from step to step.
#pragma once

#include "kernels/kernels.hpp"
#include "netlet/netlet.h"
#include "system/guards.hpp"
#include "system/memory.hpp"

struct netlet_optimizer {
  netlet_optimizer_config config = {};
  netlet_optimizer_progress progress = {0, 1, 1, 1, __builtin_inf(), 0};
  int dtype = NETLET_FLOAT64;
  size_t size = 0;                            // parameters it is bound to; 0: none yet
  netlet::core::Buffer<unsigned char> state;  // the slots, one after the other; kept when it is bound no more
  struct Retired* retired = nullptr;          // memory of earlier slots, which views may still show
  mutable netlet::core::Users users;

  size_t slot_count() const {
    const size_t velocity = config.momentum != 0;
    return config.kind == NETLET_SGD ? velocity : config.kind == NETLET_RMSPROP ? 1 + velocity : 2;
  }
  template <class T> T* slot(size_t i) const {
    return i < slot_count() ? reinterpret_cast<T*>(state.data()) + i * size : nullptr;
  }
};

namespace netlet::core {

// Sets the slots to 0, as they are before the first step; the optimizer is bound to nothing any more.
void unbind(netlet_optimizer& optimizer);

netlet_status check_settings(const netlet_optimizer_config& config, netlet_error* error);

// Fails if the optimizer is bound to another size or dtype.
netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error);

// Advances the optimizer by a step, whose learning rate is multiplied by `factor`, and says what the update is.
template <class T> Update<T> next_update(netlet_optimizer& optimizer, double factor);

// What the weights are multiplied with before that update.
template <class T> T decay_of(const netlet_optimizer_config& config, double factor) {
  return config.kind == NETLET_ADAM ? (T)(1 - config.learning_rate * factor * config.weight_decay) : T(1);
}

}  // namespace netlet::core
