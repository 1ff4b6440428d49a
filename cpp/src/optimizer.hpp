// SPDX-License-Identifier: BSD-3-Clause
// An optimizer's settings and its state from step to step.
#pragma once

#include <atomic>

#include "kernels.hpp"
#include "memory.hpp"
#include "netlet/netlet.h"

struct netlet_optimizer {
  netlet_optimizer_config config = {};
  netlet_optimizer_progress progress = {0, 1, 1};
  int dtype = NETLET_FLOAT64;
  size_t size = 0;                              // parameters it is bound to; 0: none yet
  netlet::core::Buffer<unsigned char> state;    // the slots, one after the other
  std::atomic<bool> in_use{false};

  size_t slot_count() const { return config.kind == NETLET_ADAM ? 2 : config.momentum != 0 ? 1 : 0; }
  template <class T> T* slot(size_t i) const {
    return i < slot_count() ? reinterpret_cast<T*>(state.data()) + i * size : nullptr;
  }
};

namespace netlet::core {

// Held while a call uses the optimizer; false if another one does.
class Claim {
 public:
  explicit Claim(netlet_optimizer& optimizer)
      : in_use_(optimizer.in_use), held_(!in_use_.exchange(true, std::memory_order_acquire)) {}
  ~Claim() {
    if (held_) in_use_.store(false, std::memory_order_release);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  explicit operator bool() const { return held_; }

 private:
  std::atomic<bool>& in_use_;
  const bool held_;
};

// Fails if the optimizer is bound to another size or dtype.
netlet_status check_optimizer(const netlet_optimizer& optimizer, size_t size, int dtype, netlet_error* error);

// Advances the optimizer by a step and says what the update is.
template <class T> Update<T> next_update(netlet_optimizer& optimizer);

}  // namespace netlet::core
