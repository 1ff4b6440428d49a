// SPDX-License-Identifier: BSD-3-Clause
// A batch's loss and gradient, and what is done with the gradient, in the two phases in which threads work:
//
//   rows        each thread takes rows of the batch forward and backward through all layers;
//   parameters  each thread takes tiles of the parameters, forms their gradient and updates them.
//
// A batch of more than kWholeBlocks blocks goes block by block instead, each thread making whole block gradients in the
// rows phase; the parameters phase then only adds them. Either way blocks are added in the same tree.
#pragma once

#include "compute/pass.hpp"
#include "compute/small_step.hpp"

struct netlet_optimizer;

namespace netlet::core {

constexpr size_t kWholeBlocks = 4;

template <class T> class Trainer {
 public:
  Trainer() = default;
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // For batches of at most `rows` rows of x. Not kind.delta: the loss alone is wanted. optimizer: null if only the
  // gradient is. repeated: for step after step, all by update().
  netlet_status prepare(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                        size_t rows, PassKind kind, const netlet_optimizer* optimizer, bool repeated,
                        netlet_error* error);

  // Reads the weights, and the state of a bound optimizer; needed after they were changed by anyone but update().
  void pack(const netlet_optimizer* optimizer = nullptr);

  BatchLoss rows_phase(const Batch& batch);

  // The batch after this one, if its order is random: update() has its rows brought near meanwhile. Or null.
  void expect(const Batch* next) { next_ = next; }

  // After rows_phase, one of the two: a step of the optimizer, its learning rate multiplied by `factor`, or the
  // gradient itself.
  void update(netlet_network& net, netlet_optimizer& optimizer, double factor);
  void store_gradient(T* out);

  // If repeated, update() may keep what it changes to itself: this is where it does, or null.
  SmallSteps<T>* apart() { return small_ ? &small_steps_ : nullptr; }
  const SmallSteps<T>* apart() const { return small_ ? &small_steps_ : nullptr; }

 private:
  struct Group {  // tiles that one task handles; contiguous in the parameters if flat
    size_t tile, tiles, size;
    bool flat;
  };
  bool make_groups();
  bool allocate_blocks();
  void tile_gradient(const Tile& tile, T* g, T* below, Fetch& fetch);
  Fetch next_rows(const Group& group) const;
  Fetch parameters(const Group& group) const;
  size_t offset(const Tile& tile) const;
  template <class F> void each_run(const Group& group, const T* g, F&& f) const;
  template <class F> void parameters_phase(F&& f);  // f(group, its gradient)
  template <class F> void each_group(F&& f);        // f(group, worker), on several threads
  void penalize(const Group& group, T* g, const netlet_optimizer_config& config, T decay) const;
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
  size_t batch_rows_ = 0;  // of the current batch
  double divisor_ = 0;     // of its gradient; 0: none
  size_t chunk_blocks_ = 0, levels_ = 0;

  Buffer<unsigned char> pass_memory_;
  Pass<T>* passes_ = nullptr;  // one, or one for each thread if by_blocks_
  size_t pass_count_ = 0;
  const Batch* next_ = nullptr;
  Buffer<double> block_loss_, block_weight_;
  Buffer<T> roots_, partial_;  // by blocks: gradients of chunks of blocks; those below them, for each thread
  Buffer<T> scratch_;          // for each thread: a tile's gradient and its tree
  Buffer<T> gradient_;         // all of it, if its norm is wanted
  Buffer<double> squares_;
  Packed<T> packed_;
  Buffer<Tile> tiles_;
  Buffer<Group> groups_;
  size_t tile_count_ = 0, group_count_ = 0;
};

}  // namespace netlet::core
