// SPDX-License-Identifier: BSD-3-Clause
// A batch's loss and gradient, and what is done with the gradient. Threads work in two phases:
//
//   rows        each thread takes slices of the batch forward and backward through all layers;
//   parameters  each thread takes groups of parameters, computes their gradient and updates them.
//
// If a batch has more than kWholeBlocks blocks, each thread computes the whole gradients of blocks in the rows phase
// instead, and the parameters phase only adds them. Either way blocks are added in the same tree. If the first layer is
// shared by columns, a phase for its outputs comes first.
#pragma once

#include "compute/column_shares.hpp"
#include "compute/small_step.hpp"
#include "system/threads.hpp"

namespace netlet::core {

constexpr size_t kWholeBlocks = 4;

template <class T> class BatchRunner {
 public:
  // For batches of at most `rows` rows of x. Without kind.delta only the loss is wanted, without an optimizer only the
  // gradient. steps: how many follow each other by update(), before anyone else looks at the network; 0: one, after which
  // it is as it should be without publish().
  netlet_status prepare(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                        size_t rows, PassKind kind, const netlet_optimizer* optimizer, size_t steps,
                        netlet_error* error);

  // Reads the weights, and a bound optimizer's state; needed whenever anyone else has changed them.
  void read(const netlet_optimizer* optimizer = nullptr);
  // Writes network and optimizer.
  void publish(netlet_optimizer& optimizer) const;

  // Passes the batch forward and, with kind.delta, backward. stopped: the caller's poll has ended that early, and the
  // result is worth nothing.
  BatchLoss pass(const Batch& batch);
  bool stopped() const { return stopped_; }
  // With kind.errors: those of the batch.
  Errors errors() const { return block_errors_[0]; }
  // Row by row, of a batch of at most kWholeBlocks blocks.
  const Pass<T>& rows() const { return pass_; }

  // After pass, either a step of the optimizer, with its learning rate multiplied by `factor`, or the gradient itself.
  void update(netlet_network& net, netlet_optimizer& optimizer, double factor);
  void store_gradient(T* out, bool divided = true);  // may end early

  // `steps` does pass and update `count` times on the same batch; steps_together says whether that is possible, and
  // faster. False if a loss or parameter was not finite; its results are then useless.
  bool steps_together() const { return small_; }
  bool steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses);

  // Instead of all of the above: steps along the caller's own gradients, which are divided first unless `divisor` is 0. The
  // optimizer is bound in between.
  netlet_status prepare_given(const netlet_network& net, const netlet_optimizer& optimizer, netlet_error* error);
  void update_along(netlet_network& net, const T* gradient, double divisor, netlet_optimizer& optimizer, double factor);

 private:
  bool prepare_update(const netlet_optimizer* optimizer);
  bool make_groups();
  bool allocate_blocks();
  void forget();
  void first_layer(const Batch& batch);
  void group_gradient(const Group& group, T* g, T* below);
  template <class F> void each_piece(const Group& group, T* g, F&& f) const;
  // f(group, its gradient), f(group, the thread's scratch), on several threads; may_stop: if the caller's poll says so
  template <class F> void parameters_phase(bool may_stop, F&& f);
  template <class F> void each_group(bool may_stop, F&& f);
  void step_along_gradient(netlet_network& net, netlet_optimizer& optimizer, double factor);
  double gradient_norm();

  const netlet_network* net_ = nullptr;
  bool small_ = false;  // small_steps_ does everything
  SmallSteps<T> small_steps_;
  const Kernels<T>* kernel_ = nullptr;
  bool repeated_ = false;    // several steps
  size_t rows_ = 0;          // of a batch, at most
  size_t threads_ = 1;       // at most
  size_t step_threads_ = 1;  // of the current batch
  bool by_blocks_ = false;
  PassKind kind_ = {};
  bool stopped_ = false;
  size_t batch_rows_ = 0;                               // of the current batch
  double divisor_ = 0;                                  // of its gradient; 0: none
  size_t chunk_blocks_ = 0, levels_ = 0, workers_ = 0;  // if by_blocks_

  Pass<T> pass_;              // for a batch or, if by_blocks_, for one block per thread
  const T* given_ = nullptr;  // the caller's gradient
  Buffer<double> block_loss_, block_weight_;
  Buffer<Errors> block_errors_;  // if wanted
  Buffer<T> roots_, partial_;    // if by_blocks_: sums for chunks of blocks; below those, per thread
  Buffer<T> scratch_;            // per thread: a group's gradient and its tree
  Buffer<T> gradient_;           // the whole gradient, for its norm
  Buffer<double> squares_;
  Packed<T> packed_;
  ColumnShares<T> shares_;
  Buffer<Group> groups_;
};

}  // namespace netlet::core
