// SPDX-License-Identifier: BSD-3-Clause
#include "compute/batch.hpp"

#include <math.h>

#include <atomic>

#include "network/optimizer.hpp"
#include "network/sums.hpp"
#include "system/error.hpp"

namespace netlet::core {
namespace {

constexpr size_t kSliceRows = 128;     // most rows of a task of the rows phase
constexpr size_t kGroupValues = 3072;  // most parameters of a task of the parameters phase
constexpr size_t kGroupTree = 3;       // partial sums of a group over kWholeBlocks blocks: 1 + log2(kWholeBlocks)
constexpr size_t kChunkValues = 1 << 20;
constexpr size_t kSharedSteps = 8;                   // between copies of the shared layer
constexpr size_t kPackShare = 1 << 18;               // parameters that are worth another thread
constexpr size_t kWideRows = 32, kWideColumns = 96;  // a group in a layer too wide for whole rows; whole panels

constexpr double kRowOperations = 100;  // what else a row takes, roughly
double operations(const netlet_network& net, size_t rows) { return 6.0 * (double)net.parameter_count * (double)rows; }
size_t useful_threads(const netlet_network& net, size_t rows) {
  return threads_for(operations(net, rows), kTrainingShare);
}

}  // namespace

template <class T> netlet_status BatchRunner<T>::prepare(const netlet_network& net, const netlet_array& x,
                                                         const netlet_targets& targets, bool shuffled, size_t rows,
                                                         PassKind kind, const netlet_optimizer* optimizer, size_t steps,
                                                         netlet_error* error) {
  net_ = &net;
  kernel_ = &kernels<T>();
  rows_ = rows;
  repeated_ = steps > 0;
  kind_ = kind;
  kind_.panels = kind.delta;
  const size_t blocks = divide_up(rows, kBlockRows);
  small_ = optimizer && repeated_ && SmallSteps<T>::fit(net, rows, *optimizer);
  by_blocks_ = blocks > kWholeBlocks;
  threads_ = useful_threads(net, rows);
  workers_ = by_blocks_ ? smaller(threads_, blocks) : 1;
  shares_.release();
  if (small_)
    return small_steps_.allocate(net, x, targets, shuffled, rows, *optimizer) ? NETLET_OK : out_of_memory(error);
  const bool shared =
      optimizer && steps >= kSharedSteps && !by_blocks_ && ColumnShares<T>::fit(net, *optimizer, rows, threads_);
  if (!block_loss_.allocate(blocks) || !block_weight_.allocate(blocks) ||
      (kind.errors && !block_errors_.allocate(blocks)) ||
      !pass_.allocate(net, x, targets, shuffled, by_blocks_ ? kBlockRows : rows, kind_, workers_) ||
      !(kind.delta ? packed_.allocate(net, 1) : packed_.allocate_none(net)) ||
      (shared && !shares_.allocate(net, *optimizer, rows, threads_)) ||
      (kind.delta && ((by_blocks_ && !allocate_blocks()) || !prepare_update(optimizer))))
    return out_of_memory(error);
  return NETLET_OK;
}

template <class T> bool BatchRunner<T>::prepare_update(const netlet_optimizer* optimizer) {
  const size_t count = net_->parameter_count;
  return make_groups() && scratch_.allocate(threads_ * (1 + kGroupTree) * kGroupValues) &&
         (!optimizer || !(optimizer->config.clip_norm > 0) ||
          (gradient_.allocate(count) && squares_.allocate(divide_up(count, kNormBlock))));
}

// Divides the parameters into groups, several for each thread: those of its share of the first layer, if it has one, and
// as many of the other layers' as the other threads.
template <class T> bool BatchRunner<T>::make_groups() {
  const size_t share = threads_ == 1 ? kGroupValues : net_->parameter_count / (4 * threads_);
  const size_t limit = smaller(kGroupValues, larger(share, 256)), shares = shares_.count(), parts = larger(1, shares);
  const auto each = [&](size_t i, size_t j0, size_t j1, auto f) {
    const size_t n = j1 - j0, rows = net_->layers[i].inputs + 1;
    const bool whole_rows = n <= kGroupValues / 8;
    const size_t height = whole_rows ? larger(8, limit / n / 8 * 8) : kWideRows;
    const size_t width = whole_rows ? n : kWideColumns;
    for (size_t k = 0; k < rows; k += height)
      for (size_t j = j0; j < j1; j += width) f(Group{i, k, smaller(rows, k + height), j, smaller(j1, j + width)});
  };
  size_t others = 0;
  for (int round = 0; round < 2; ++round) {  // the first only counts
    size_t count = 0;
    const auto add = [&](const Group& group) {
      if (round) groups_[count] = group;
      ++count;
    };
    for (size_t part = 0; part < parts; ++part) {
      if (shares) each(0, shares_.first(part), shares_.first(part + 1), add);
      size_t other = 0;
      for (size_t i = shares ? 1 : 0; i < net_->layer_count(); ++i)
        each(i, 0, net_->layers[i].outputs, [&](const Group& group) {
          if ((round ? other * parts / others : 0) == part) add(group);
          ++other;
        });
      others = other;
    }
    if (round == 0 && !groups_.allocate(count)) return false;
  }
  return true;
}

// Chunks of 2^n blocks, so that each is a subtree; more chunks than threads, as threads may be delayed.
template <class T> bool BatchRunner<T>::allocate_blocks() {
  const size_t blocks = divide_up(rows_, kBlockRows);
  chunk_blocks_ = 1;
  levels_ = 0;  // partial sums below a chunk's root
  // each stores a gradient
  const size_t chunks = (16 * threads_ <= kChunkValues / net_->parameter_count ? 16 : 4) * threads_;
  for (; divide_up(blocks, chunk_blocks_) > chunks; chunk_blocks_ *= 2) ++levels_;
  return roots_.allocate_rows(divide_up(blocks, chunk_blocks_), net_->parameter_count) &&
         partial_.allocate_rows(workers_ * levels_, net_->parameter_count);
}

template <class T> void BatchRunner<T>::read(const netlet_optimizer* optimizer) {
  if (small_) return small_steps_.read(*optimizer);
  packed_.read(smaller(threads_, net_->parameter_count / kPackShare + 1));
  if (shares_.count()) shares_.read(*optimizer);
}

template <class T> void BatchRunner<T>::publish(netlet_optimizer& optimizer) const {
  if (small_) small_steps_.publish(optimizer);
  if (shares_.count()) shares_.publish(optimizer);
}

template <class T>
bool BatchRunner<T>::steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses) {
  const bool good = small_steps_.steps(batch, optimizer, count, losses);
  publish(optimizer);
  return good;
}

// Of all rows of a batch. Each thread computes its own columns of some rows at a time, in case another has to help.
template <class T> void BatchRunner<T>::first_layer(const Batch& batch) {
  const size_t slice = divide_up(divide_up(batch.rows, 4), 16) * 16, slices = divide_up(batch.rows, slice);
  pass_.read(batch);
  parallel(shares_.count() * slices, step_threads_, [&](size_t task, size_t worker) {
    const size_t row = task % slices * slice;
    shares_.forward(task / slices, row, smaller(slice, batch.rows - row), worker, pass_);
  });
}

template <class T> BatchLoss BatchRunner<T>::pass(const Batch& batch) {
  if (small_) return small_steps_.pass(batch);
  batch_rows_ = batch.rows;
  const size_t blocks = divide_up(batch.rows, kBlockRows);
  const size_t most = smaller(useful_threads(*net_, batch.rows), threads_);
  const size_t threads = step_threads_ = repeated_ ? begin_step(most, net_) : most;
  std::atomic<size_t> correct{0};
  const bool weighted = batch.targets->sample_weight != nullptr;
  Headway* const progress = counted();
  const auto sum_block = [&](size_t row, size_t block) {  // row: in the pass
    const size_t count = smaller(kBlockRows, batch.rows - block * kBlockRows);
    double sum = 0, weight = 0;
    for (size_t i = row; i < row + count; ++i) sum = sum + pass_.row_loss()[i];
    block_loss_[block] = sum;
    for (size_t i = row; weighted && i < row + count; ++i) weight = weight + (double)pass_.row_weight()[i];
    block_weight_[block] = weight;
    if (!kind_.errors) return;
    block_errors_[block] = {};
    for (size_t i = row; i < row + count; ++i) block_errors_[block].add(pass_.row_errors()[i]);
  };
  if (!by_blocks_) {
    if (shares_.count()) first_layer(batch);
    const size_t slice = smaller(kSliceRows, divide_up(divide_up(batch.rows, threads), 8) * 8);
    const double work = operations(*net_, slice) + kRowOperations * (double)slice;
    parallel_unless_stopped(divide_up(batch.rows, slice), threads, work, [&](size_t task, size_t) {
      const size_t row = task * slice;
      const size_t rows = smaller(slice, batch.rows - row);
      correct.fetch_add(pass_.run(batch, row, row, rows, packed_, shares_.count() > 0), std::memory_order_relaxed);
      if (progress) progress->add(rows);
    });
    for (size_t block = 0; block < blocks; ++block) sum_block(block * kBlockRows, block);
  } else {
    const size_t step = kind_.delta ? chunk_blocks_ : 1;
    const double work = operations(*net_, kBlockRows) + kRowOperations * kBlockRows;
    parallel_unless_stopped(divide_up(blocks, step), smaller(threads, workers_), work, [&](size_t task, size_t worker) {
      const size_t first = task * step, at = pass_.first_of(worker), count = smaller(step, blocks - first);
      const size_t P = net_->parameter_count;
      const auto place = [&](size_t depth) {
        return depth ? &partial_[(worker * levels_ + depth - 1) * P] : &roots_[task * P];
      };
      const auto add = [&](size_t a, size_t b) { kernel_->add(P, place(a), place(b)); };
      size_t depth = 0;
      Pace pace;
      for (size_t i = 0; i < count && !pace.stop(work); ++i) {
        const size_t row = (first + i) * kBlockRows, rows = smaller(kBlockRows, batch.rows - row);
        correct.fetch_add(pass_.run(batch, row, at, rows, packed_), std::memory_order_relaxed);
        sum_block(at, first + i);
        if (progress) progress->add(rows);
        if (!kind_.delta) continue;
        pass_.gradient(at, rows, place(depth));
        depth = tree_push(i, depth, add);
      }
      if (kind_.delta) tree_finish(depth, add);
    });
  }
  stopped_ = core::stopped();
  if (stopped_) return {};
  tree(blocks, [&](size_t a, size_t b) {
    block_loss_[a] = block_loss_[a] + block_loss_[b];
    block_weight_[a] = block_weight_[a] + block_weight_[b];
    if (kind_.errors) block_errors_[a].add(block_errors_[b]);
  });
  const double weight = weighted ? block_weight_[0] : (double)batch.rows;
  divisor_ = divisor(*net_, *batch.targets, batch.rows, weight);
  return {block_loss_[0], weight, correct.load()};
}

// g: the group's gradient over the whole batch; below: for partial sums
template <class T> void BatchRunner<T>::group_gradient(const Group& group, T* g, T* below) {
  const Kernels<T>& kernel = *kernel_;
  const size_t blocks = divide_up(batch_rows_, kBlockRows), size = group.size(), P = net_->parameter_count;
  if (!by_blocks_ && !given_) {
    const auto place = [&](size_t depth) { return depth ? below + (depth - 1) * kGroupValues : g; };
    const auto add = [&](size_t a, size_t b) { kernel.add(size, place(a), place(b)); };
    size_t depth = 0;
    for (size_t b = 0; b < blocks; ++b) {
      const size_t row = b * kBlockRows;
      pass_.gradient(group, row, smaller(kBlockRows, batch_rows_ - row), place(depth));
      depth = tree_push(b, depth, add);
    }
    return tree_finish(depth, add);
  }
  each_piece(group, g, [&](size_t at, size_t, size_t length, T* to) {
    T* const root = given_ ? nullptr : roots_.data() + at;
    if (root)
      tree(divide_up(blocks, chunk_blocks_),
           [&](size_t a, size_t b) { kernel.add(length, root + a * P, root + b * P); });
    memcpy(to, root ? root : given_ + at, length * sizeof(T));
  });
}

// f(offset in the parameters or, of a shared layer, in the shares; weights, size, gradient) for each contiguous piece of
// a group: first `weights` weights, then biases
template <class T> template <class F> void BatchRunner<T>::each_piece(const Group& group, T* g, F&& f) const {
  const Layer& layer = net_->layers[group.layer];
  const bool shared = shares_.holds(group);
  const size_t rows = shared || group.columns() == layer.outputs ? group.k1 - group.k0 : 1;
  const size_t size = rows * group.columns();
  for (size_t k = group.k0; k < group.k1; k += rows, g += size)
    f(shared ? shares_.offset(group) : layer.weights + k * layer.outputs + group.j0,
      (smaller(k + rows, layer.inputs) - smaller(k, layer.inputs)) * group.columns(), size, g);
}

template <class T> template <class F> void BatchRunner<T>::each_group(bool may_stop, F&& f) {
  const double work = may_stop ? 2.0 * kGroupValues * (double)batch_rows_ : 0;
  parallel_unless_stopped(groups_.size(), step_threads_, work, [&](size_t task, size_t worker) {
    f(groups_[task], scratch_.data() + worker * (1 + kGroupTree) * kGroupValues);
  });
}

template <class T> template <class F> void BatchRunner<T>::parameters_phase(bool may_stop, F&& f) {
  each_group(may_stop, [&](const Group& group, T* g) {
    group_gradient(group, g, g + kGroupValues);
    if (divisor_ != 0) kernel_->divide(group.size(), g, (T)divisor_);
    f(group, g);
  });
}

template <class T> double BatchRunner<T>::gradient_norm() {
  const size_t count = gradient_.size(), blocks = squares_.size();
  parallel(blocks, smaller(threads_, blocks / 16), [&](size_t block, size_t) {
    const size_t first = block * kNormBlock;
    squares_[block] = kernel_->squares(smaller(kNormBlock, count - first), gradient_.data() + first);
  });
  tree(blocks, [&](size_t a, size_t b) { squares_[a] = squares_[a] + squares_[b]; });
  return sqrt(squares_[0]);
}

template <class T> void BatchRunner<T>::update(netlet_network& net, netlet_optimizer& optimizer, double factor) {
  if (small_) return small_steps_.update(optimizer, factor);
  step_along_gradient(net, optimizer, factor);
  repeated_ ? end_step(operations(net, batch_rows_)) : forget();
}

template <class T>
void BatchRunner<T>::step_along_gradient(netlet_network& net, netlet_optimizer& optimizer, double factor) {
  const Kernels<T>& kernel = *kernel_;
  Step<T> step = next_step<T>(optimizer, factor);
  const T inverse = divisor_ != 0 && !changes_gradient(optimizer.config) ? exact_inverse((T)divisor_) : T(0);
  if (inverse != 0) {  // a pass over memory less
    step.by = inverse;
    divisor_ = 0;
  }
  const bool by_norm = optimizer.config.clip_norm > 0;
  const Trained<T> whole = all_trained(net.values<T>(), optimizer);
  const auto apply = [&](const Trained<T>& to, size_t size, const T* g) {
    kernel.update(step, size, g, to.w, to.s0, to.s1);
  };
  const auto pack_again = [&](const Group& group) {  // for the next step
    const size_t k1 = smaller(group.k1, net.layers[group.layer].inputs);
    if (repeated_ && group.k0 < k1 && !shares_.holds(group))
      packed_.read(group.layer, group.k0, k1, group.j0, group.j1);
  };
  parameters_phase(false, [&](const Group& group, T* gradient) {
    const Trained<T>& to = shares_.holds(group) ? shares_.trained() : whole;
    each_piece(group, gradient, [&](size_t at, size_t weights, size_t size, T* g) {
      core::prepare(step, kernel, weights, size, g, to.w + at);
      if (by_norm)
        memcpy(gradient_.data() + at, g, size * sizeof(T));
      else
        apply(to.from(at), size, g);
    });
    if (!by_norm) pack_again(group);
  });
  if (!by_norm) return;
  // the norm needs the whole gradient: a third phase
  const double norm = gradient_norm(), limit = optimizer.config.clip_norm;
  const T shrink = norm > limit ? (T)(limit / norm) : T(1);
  each_group(false, [&](const Group& group, T* scratch) {
    each_piece(group, scratch, [&](size_t at, size_t, size_t size, T*) {
      if (shrink != 1) kernel.scale(size, gradient_.data() + at, shrink);
      apply(whole.from(at), size, gradient_.data() + at);
    });
    pack_again(group);
  });
}

// What the next call need not find again: gradients of many blocks may be larger than everything else.
template <class T> void BatchRunner<T>::forget() {
  constexpr size_t most = 1 << 22;  // values
  if (roots_.size() + partial_.size() <= most) return;
  roots_.release();
  partial_.release();
}

template <class T> void BatchRunner<T>::store_gradient(T* out, bool divided) {
  if (!divided) divisor_ = 0;
  parameters_phase(true, [&](const Group& group, T* gradient) {
    each_piece(group, gradient,
               [&](size_t at, size_t, size_t size, const T* g) { memcpy(out + at, g, size * sizeof(T)); });
  });
  forget();
}

template <class T> netlet_status BatchRunner<T>::prepare_given(const netlet_network& net,
                                                               const netlet_optimizer& optimizer, netlet_error* error) {
  net_ = &net;
  kernel_ = &kernels<T>();
  return prepare_update(&optimizer) ? NETLET_OK : out_of_memory(error);
}

template <class T> void BatchRunner<T>::update_along(netlet_network& net, const T* gradient, double divisor,
                                                     netlet_optimizer& optimizer, double factor) {
  given_ = gradient;
  divisor_ = divisor;
  update(net, optimizer, factor);
}

template class BatchRunner<float>;
template class BatchRunner<double>;

}  // namespace netlet::core
