// SPDX-License-Identifier: BSD-3-Clause
// Steps of networks so small that calls and masks would cost more than arithmetic: one kernel call for the rows, one
// for the parameters, which it keeps in an order of its own.
#pragma once

#include "compute/rows.hpp"

struct netlet_optimizer;

namespace netlet::core {

template <class T> class SmallSteps {
 public:
  // Whether steps of such a network on so many rows can go this way.
  static bool fit(const netlet_network& net, size_t rows, const netlet_optimizer& optimizer);

  // Room for `rows` rows. False if there is no memory.
  bool allocate(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                size_t rows, const netlet_optimizer& optimizer);

  // Reads parameters and the optimizer's state; needed after they were changed by anyone but update().
  void read(const netlet_optimizer& optimizer);

  // The gradient of a batch, then a step along it; the network gets it only by write().
  BatchLoss pass(const Batch& batch);
  void update(netlet_optimizer& optimizer, double factor);
  // Both, `count` times on the same batch. Ends before a step whose loss is not finite or after which parameters would
  // not be. Returns the number of steps.
  size_t steps(const Batch& batch, netlet_optimizer& optimizer, double factor, size_t count, BatchLoss* losses);

  bool all_finite() const { return arrays_->first_not_finite(step_.size, step_.w) == step_.size; }
  // The parameters and the state of the optimizer.
  void write(T* w, T* s0, T* s1) const;

 private:
  void transpose();  // W^T
  void load(const Batch& batch);
  void gradient(BatchLoss& loss);
  void step(const netlet_optimizer_config& config, const Update<T>& update, double factor);

  const netlet_network* net_ = nullptr;
  const RowKernels<T>* kernel_ = nullptr;
  const Kernels<T>* arrays_ = nullptr;
  Rows<T> rows_;
  Buffer<T> memory_, before_;
  Buffer<double> row_loss_;
  double divisor_ = 0;  // of the gradient; 0: none
  Buffer<SmallLayer<T>> layers_;
  SmallStep<T> step_ = {};
};

}  // namespace netlet::core
