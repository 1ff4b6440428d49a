// SPDX-License-Identifier: BSD-3-Clause
// An optimizer's settings and its state from step to step.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/updates.hpp"
#include "netlet/netlet.h"
#include "system/guards.hpp"
#include "system/memory.hpp"

namespace netlet::core {

// netlet_optimizer_progress
struct Progress {
  Shared<uint64_t> steps;
  Shared<double> beta_1_power{1}, beta_2_power{1}, plateau_factor{1}, plateau_best{__builtin_inf()};
  Shared<uint64_t> plateau_epochs;

  operator netlet_optimizer_progress() const {
    return {steps, beta_1_power, beta_2_power, plateau_factor, plateau_best, plateau_epochs};
  }
  Progress& operator=(const netlet_optimizer_progress& p) {
    steps = p.steps;
    beta_1_power = p.beta_1_power;
    beta_2_power = p.beta_2_power;
    plateau_factor = p.plateau_factor;
    plateau_best = p.plateau_best;
    plateau_epochs = p.plateau_epochs;
    return *this;
  }
};

}  // namespace netlet::core

struct netlet_optimizer {
  explicit netlet_optimizer(const netlet_optimizer_config& c) : config(c), learning_rate(c.learning_rate) {}
  const netlet_optimizer_config config;  // but for the learning rate, which may change
  netlet::core::Shared<double> learning_rate;
  netlet::core::Progress progress;
  netlet::core::Shared<int> dtype{NETLET_FLOAT64};
  netlet::core::Shared<size_t> size;  // number of parameters it is bound to; 0: not bound
  // A cache line, then the slots, one after the other. Views of them stay valid as long as the optimizer exists: memory
  // that became too small is kept, and the cache line points to it.
  netlet::core::Buffer<unsigned char> memory;
  mutable netlet::core::Users users;

  size_t slot_count() const;
  unsigned char* state() const { return memory.data() + netlet::core::kCacheLine; }
  netlet_optimizer_config settings() const {
    netlet_optimizer_config now = config;
    now.learning_rate = learning_rate;
    return now;
  }
  template <class T> T* slot(size_t i) const {
    return size && i < slot_count() ? reinterpret_cast<T*>(state()) + i * size : nullptr;
  }
};

namespace netlet::core {

// Parameters, and the optimizer's slots for them; null: it has fewer.
template <class T> struct Trained {
  T *w, *s0, *s1;
  Trained from(size_t offset) const { return {w + offset, s0 ? s0 + offset : s0, s1 ? s1 + offset : s1}; }
};
template <class T> Trained<T> all_trained(T* parameters, const netlet_optimizer& optimizer) {
  return {parameters, optimizer.slot<T>(0), optimizer.slot<T>(1)};
}

// Whether it compares gradients from step to step: it needs all rows in each batch, and no schedule.
bool takes_whole_batches(int kind);

// The name of a slot; "" if that kind does not have it.
const char* slot_name(int kind, size_t slot);

// Fails if the optimizer is bound to another size or dtype.
netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error);

// Fails unless training can have led to this progress and these slots, one after the other, which may be anybody's.
netlet_status check_state(const netlet_optimizer_config& config, const netlet_optimizer_progress& progress,
                          const void* slots, size_t size, int dtype, netlet_error* error);
inline netlet_status check_state(const netlet_optimizer& optimizer, netlet_error* error) {
  const void* const slots = optimizer.size ? optimizer.state() : nullptr;
  return check_state(optimizer.config, optimizer.progress, slots, optimizer.size, optimizer.dtype, error);
}

// netlet_optimizer_bind for a caller that holds the optimizer
netlet_status bind(netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error);

// Whether a step needs the gradient before the update.
inline bool changes_gradient(const netlet_optimizer_config& c) {
  return c.l2 != 0 || c.l1 != 0 || c.clip_value > 0 || c.clip_norm > 0;
}

// What precedes the update of a step: penalties and clipping by value. g: `size` values, the first `weights` for the
// weights w, the others for biases.
template <class T>
void prepare(const Step<T>& step, const Kernels<T>& kernel, size_t weights, size_t size, T* g, T* w) {
  const netlet_optimizer_config& c = *step.config;
  if (c.l2 != 0 || c.l1 != 0 || step.decay != 1) kernel.penalize(weights, g, w, (T)c.l2, (T)c.l1, step.decay);
  if (c.clip_value > 0) kernel.clip(size, g, (T)c.clip_value);
}

// Advances the optimizer by one step, with its learning rate multiplied by `factor`.
template <class T> Step<T> next_step(netlet_optimizer& optimizer, double factor);

}  // namespace netlet::core
