// SPDX-License-Identifier: BSD-3-Clause
// A batch's loss and gradient, and what is done with the gradient, in the two phases in which threads work:
//
//   rows        each thread takes rows of the batch forward and backward through all layers;
//   parameters  each thread takes groups of the parameters, forms their gradient and updates them.
//
// A batch of more than kWholeBlocks blocks goes block by block instead, each thread making whole block gradients in the
// rows phase; the parameters phase then only adds them. Either way blocks are added in the same tree.
#pragma once

#include "compute/pass.hpp"
#include "compute/small_step.hpp"

namespace netlet::core {

constexpr size_t kWholeBlocks = 4;

template <class T> class BatchRunner {
 public:
  // For batches of at most `rows` rows of x. Not kind.delta: the loss alone is wanted. optimizer: null if only the
  // gradient is. repeated: for step after step, all by update().
  netlet_status prepare(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                        size_t rows, PassKind kind, const netlet_optimizer* optimizer, bool repeated,
                        netlet_error* error);

  // Reads the weights, and the state of a bound optimizer; needed after they were changed by anyone but this.
  void read(const netlet_optimizer* optimizer = nullptr);
  // Brings network and optimizer up to date: if repeated, update() may keep what it changes to itself.
  void publish(netlet_optimizer& optimizer) const;

  // The batch forward and, if there is kind.delta, backward.
  BatchLoss pass(const Batch& batch);

  // After pass, one of the two: a step of the optimizer, its learning rate multiplied by `factor`, or the gradient
  // itself.
  void update(netlet_network& net, netlet_optimizer& optimizer, double factor);
  void store_gradient(T* out);

  // Whether `steps` takes less time than pass and update in turn, which it does `count` times on the same batch. False
  // if a loss or parameter was not finite; what it did is then of no use.
  bool steps_together() const { return small_; }
  bool steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses);

  // A step along a gradient of the caller's own; instead of all the above.
  netlet_status apply(netlet_network& net, const T* gradient, netlet_optimizer& optimizer, netlet_error* error);

 private:
  bool prepare_update(const netlet_optimizer* optimizer);
  bool make_groups();
  bool allocate_blocks();
  void group_gradient(const Group& group, T* g, T* below);
  template <class F> void each_piece(const Group& group, T* g, F&& f) const;
  template <class F> void parameters_phase(F&& f);  // f(group, its gradient)
  template <class F> void each_group(F&& f);        // f(group, the thread's scratch), on several threads
  double gradient_norm();

  const netlet_network* net_ = nullptr;
  bool small_ = false;  // all is done by
  SmallSteps<T> small_steps_;
  const Kernels<T>* kernel_ = nullptr;
  bool repeated_ = false;
  size_t rows_ = 0;     // the most that a batch has
  size_t threads_ = 1;  // the most that take part
  bool by_blocks_ = false;
  PassKind kind_ = {};
  size_t batch_rows_ = 0;                               // of the current batch
  double divisor_ = 0;                                  // of its gradient; 0: none
  size_t chunk_blocks_ = 0, levels_ = 0, workers_ = 0;  // by blocks

  Pass<T> pass_;              // of a batch, or of a block for each thread if by_blocks_
  const T* given_ = nullptr;  // the gradient, if it is the caller's
  Buffer<double> block_loss_, block_weight_;
  Buffer<T> roots_, partial_;  // by blocks: gradients of chunks of blocks; those below them, for each thread
  Buffer<T> scratch_;          // for each thread: a group's gradient and its tree
  Buffer<T> gradient_;         // all of it, if its norm is wanted
  Buffer<double> squares_;
  Packed<T> packed_;
  Buffer<Group> groups_;
};

}  // namespace netlet::core
