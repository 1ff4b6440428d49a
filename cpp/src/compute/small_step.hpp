// SPDX-License-Identifier: BSD-3-Clause
// Steps of networks so small that calls and masks would take longer than the arithmetic: one kernel call for the rows,
// one for the parameters, which are kept in a layout of their own.
#pragma once

#include "compute/rows.hpp"
#include "network/optimizer.hpp"

namespace netlet::core {

template <class T> class SmallSteps {
 public:
  // Whether steps of such a network on `rows` rows can be taken this way.
  static bool fit(const netlet_network& net, size_t rows, const netlet_optimizer& optimizer);

  // For `rows` rows. False if out of memory.
  bool allocate(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                size_t rows, const netlet_optimizer& optimizer);

  // Reads parameters and the optimizer's state; needed whenever anyone else has changed them.
  void read(const netlet_optimizer& optimizer);
  // Writes them back.
  void publish(netlet_optimizer& optimizer) const;

  // The gradient of a batch, then a step along it.
  BatchLoss pass(const Batch& batch) {
    load(batch);
    return gradient();
  }
  void update(netlet_optimizer& optimizer, double factor) { step(next_step<T>(optimizer, factor)); }
  // Both, `count` times on the same batch; false if a loss or a parameter was not finite.
  bool steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses);

 private:
  void load(const Batch& batch);
  BatchLoss gradient();
  void step(const Step<T>& step);

  const netlet_network* net_ = nullptr;
  const RowKernels<T>* kernel_ = nullptr;
  const Kernels<T>* arrays_ = nullptr;
  RowReader<T> reader_;
  Buffer<T> memory_;
  Buffer<double> row_loss_;
  T* x_ = nullptr;     // the columns of the batch's inputs, if wanted
  double weight_ = 0;  // of the batch
  Buffer<SmallLayer<T>> layers_;
  SmallStep<T> step_ = {};
};

}  // namespace netlet::core
