// SPDX-License-Identifier: BSD-3-Clause
// What fit may return to: the last good epoch, and the best one.
#pragma once

#include <math.h>

#include "network/network.hpp"
#include "network/optimizer.hpp"

namespace netlet::core {

// Parameters and optimizer as they were after the last good epoch.
template <class T> class Snapshot {
 public:
  Snapshot(netlet_network& net, netlet_optimizer& optimizer) : net_(net), optimizer_(optimizer) {}
  bool allocate() { return copy_.allocate(net_.parameter_count * (1 + optimizer_.slot_count())); }
  void save() {
    progress_ = optimizer_.progress;
    memcpy(copy_.data(), net_.values<T>(), bytes());
    if (state_bytes()) memcpy(state(), optimizer_.state(), state_bytes());
  }
  void restore() {
    memcpy(net_.values<T>(), copy_.data(), bytes());
    if (state_bytes()) memcpy(optimizer_.state(), state(), state_bytes());
    optimizer_.progress = progress_;
  }
  // If no step was taken: unbinds an optimizer that this call bound, and sets its slots to 0 for its next use.
  void unbind_if_unused() {
    if (was_bound_ || optimizer_.progress.steps) return;
    memset(optimizer_.state(), 0, state_bytes());
    optimizer_.size = 0;
  }
  const T* parameters() const { return copy_.data(); }
  bool differs() const {
    return memcmp(copy_.data(), net_.values<T>(), bytes()) != 0 ||
           (state_bytes() && memcmp(state(), optimizer_.state(), state_bytes()) != 0);
  }

 private:
  size_t bytes() const { return net_.parameter_count * sizeof(T); }
  size_t state_bytes() const { return bytes() * optimizer_.slot_count(); }
  T* state() const { return copy_.data() + net_.parameter_count; }
  netlet_network& net_;
  netlet_optimizer& optimizer_;
  const bool was_bound_ = optimizer_.size != 0;
  Buffer<T> copy_;
  netlet_optimizer_progress progress_ = {};
};

// The parameters with the smallest loss, and how many epochs came after it.
template <class T> class Best {
 public:
  Best(netlet_network& net, const netlet_fit_options& options) : net_(net), options_(options) {}
  bool allocate() { return options_.patience == 0 || copy_.allocate(net_.parameter_count); }
  // of: the parameters that the loss belongs to. True if it is time to stop.
  bool add(double loss, const T* of) {
    if (options_.patience == 0) return false;
    if (!(loss < loss_ - options_.min_delta)) return ++waited_ >= options_.patience;
    loss_ = loss;
    waited_ = 0;
    memcpy(copy_.data(), of, net_.parameter_count * sizeof(T));
    return false;
  }
  void restore() {
    if (options_.patience && loss_ < INFINITY) memcpy(net_.values<T>(), copy_.data(), net_.parameter_count * sizeof(T));
  }

 private:
  netlet_network& net_;
  const netlet_fit_options& options_;
  Buffer<T> copy_;
  double loss_ = INFINITY;
  size_t waited_ = 0;
};

}  // namespace netlet::core
