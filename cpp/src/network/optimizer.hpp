// SPDX-License-Identifier: BSD-3-Clause
// An optimizer's settings and its state from step to step.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/updates.hpp"
#include "netlet/netlet.h"
#include "system/guards.hpp"
#include "system/memory.hpp"

struct netlet_optimizer {
  netlet_optimizer_config config = {};
  netlet_optimizer_progress progress = {0, 1, 1, 1, __builtin_inf(), 0};
  int dtype = NETLET_FLOAT64;
  size_t size = 0;                            // parameters it is bound to; 0: none yet
  netlet::core::Buffer<unsigned char> state;  // the slots, one after the other; kept when it is bound no longer
  struct Retired* retired = nullptr;          // memory of earlier slots, which views may still show
  mutable netlet::core::Users users;

  size_t slot_count() const;
  template <class T> T* slot(size_t i) const {
    return i < slot_count() ? reinterpret_cast<T*>(state.data()) + i * size : nullptr;
  }
};

namespace netlet::core {

// The name of a kind's slot; "" for a second one of a kind that has one.
const char* slot_name(int kind, size_t slot);

// Sets the slots to 0, as they are before the first step; the optimizer is no longer bound to anything.
void unbind(netlet_optimizer& optimizer);

// Fails if the optimizer is bound to another size or dtype.
netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error);

// All that a step does to a gradient and then to the parameters, in this order: penalties, clipping, the update.
template <class T> struct Step {
  Update<T> update;
  T l2, l1, decay;  // decay: what the weights are multiplied by
  T clip_value;
  double clip_norm;

  // Penalties and clipping by value. g: `size` values, of which the first `weights` belong to the weights w, the others
  // to biases.
  void prepare(const Kernels<T>& kernel, size_t weights, size_t size, T* g, T* w) const {
    if (l2 != 0 || l1 != 0 || decay != 1) kernel.penalize(weights, g, w, l2, l1, decay);
    if (clip_value > 0) kernel.clip(size, g, clip_value);
  }
};

// Advances the optimizer by a step whose learning rate is multiplied by `factor`.
template <class T> Step<T> next_step(netlet_optimizer& optimizer, double factor);

}  // namespace netlet::core
