// SPDX-License-Identifier: BSD-3-Clause
// The first layer's parameters, and the optimizer's state for them, shared among threads by columns.
//
// In a step of few rows on several cores, moving the first layer's weights from the core that has updated them to those
// that read them takes longer than anything else. Here each thread computes its own columns' outputs, gradient and
// update, so that these parameters stay in its cache; activations and deltas move instead.
#pragma once

#include "compute/pass.hpp"
#include "network/optimizer.hpp"

namespace netlet::core {

template <class T> class ColumnShares {
 public:
  // Whether that is faster for many steps on `rows` rows.
  static bool fit(const netlet_network& net, const netlet_optimizer& optimizer, size_t rows, size_t threads);

  // For so many threads. False if out of memory.
  bool allocate(const netlet_network& net, const netlet_optimizer& optimizer, size_t rows, size_t threads);
  void release() { count_ = 0; }
  size_t count() const { return count_; }  // 0: the layer is not shared
  bool holds(const Group& group) const { return count_ && group.layer == 0; }

  // Reads parameters and state; needed whenever anyone else has changed them.
  void read(const netlet_optimizer& optimizer);
  // Writes them back.
  void publish(netlet_optimizer& optimizer) const;

  // The columns of a share begin here, and end where the next one's begin.
  size_t first(size_t share) const {
    const size_t vector = kCacheLine / sizeof(T);
    return smaller(columns_, share * divide_up(columns_, vector) / count_ * vector);
  }
  // What is trained, share after share, each a matrix of inputs + 1 rows; and where a group begins in it.
  const Trained<T>& trained() const { return trained_; }
  size_t offset(const Group& group) const { return group.j0 * rows_ + group.k0 * group.columns(); }

  // A share of the outputs of rows `at` to `at + rows` of a pass that has read them; called by one thread of that number.
  void forward(size_t share, size_t at, size_t rows, size_t thread, const Pass<T>& pass) const;

 private:
  template <class F> void each_row(const netlet_optimizer& optimizer, F f) const;

  size_t count_ = 0, rows_ = 0, columns_ = 0;  // rows_: inputs + 1
  const netlet_network* net_ = nullptr;
  Buffer<T> memory_;
  Trained<T> trained_ = {};
  size_t room_ = 0;  // of a thread's outputs
  Buffer<T> outputs_;
};

}  // namespace netlet::core
