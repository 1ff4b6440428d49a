// SPDX-License-Identifier: BSD-3-Clause
#include "compute/batch.hpp"

#include <atomic>
#include <new>

#include "network/optimizer.hpp"
#include "network/sums.hpp"
#include "system/error.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kPanelRows = 128;    // rows that a task of the rows phase takes through all layers, at most
constexpr size_t kTileValues = 3072;  // gradient values that a task of the parameters phase holds, at most
constexpr size_t kTileTree = 3;       // partial sums of a tile over kWholeBlocks blocks: log2 of it, and one
constexpr size_t kChunkValues = 1 << 20;
constexpr size_t kFetchValues = 131072;              // of the next batch, at most: they should stay in the cache
constexpr size_t kPackShare = 1 << 18;               // parameters that are worth another thread
constexpr size_t kWideRows = 32, kWideColumns = 96;  // a tile of a layer too wide to take whole rows

size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
size_t larger(size_t a, size_t b) { return a > b ? a : b; }
size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

double operations(const netlet_network& net, size_t rows) { return 6.0 * (double)net.parameter_count * (double)rows; }

// The same tree for terms that come one by one: after term `index` was put at place `depth`, adds what is complete.
// Returns the number of places still in use.
template <class F> size_t tree_push(size_t index, size_t depth, F add) {
  for (++depth; index & 1; index >>= 1, --depth) add(depth - 2, depth - 1);
  return depth;
}
template <class F> void tree_finish(size_t depth, F add) {
  for (; depth > 1; --depth) add(depth - 2, depth - 1);
}

}  // namespace

template <class T> Trainer<T>::~Trainer() {
  for (size_t i = 0; i < pass_count_; ++i) passes_[i].~Pass();
}

template <class T> netlet_status Trainer<T>::prepare(const netlet_network& net, const netlet_array& x,
                                                     const netlet_targets& targets, bool shuffled, size_t rows,
                                                     PassKind kind, const netlet_optimizer* optimizer, bool repeated,
                                                     netlet_error* error) {
  net_ = &net;
  kernel_ = &kernels<T>();
  rows_ = rows;
  repeated_ = repeated;
  kind_ = kind;
  threads_ = threads_for(operations(net, rows), kTrainingShare);
  const size_t blocks = divide_up(rows, kBlockRows);
  small_ = optimizer && repeated && SmallSteps<T>::fit(net, rows, *optimizer);
  by_blocks_ = blocks > kWholeBlocks;
  const size_t passes = by_blocks_ ? smaller(threads_, blocks) : 1;
  if (small_)
    return small_steps_.allocate(net, x, targets, shuffled, rows, *optimizer) ? NETLET_OK : out_of_memory(error);
  if (!block_loss_.allocate(blocks) || !block_weight_.allocate(blocks)) return out_of_memory(error);
  for (; pass_count_; --pass_count_) passes_[pass_count_ - 1].~Pass();  // of an earlier call
  if (!pass_memory_.allocate(passes * sizeof(Pass<T>))) return out_of_memory(error);
  passes_ = reinterpret_cast<Pass<T>*>(pass_memory_.data());
  for (; pass_count_ < passes; ++pass_count_) {
    ::new (passes_ + pass_count_) Pass<T>;
    if (!passes_[pass_count_].allocate(net, x, targets, shuffled, by_blocks_ ? kBlockRows : rows, kind)) {
      ++pass_count_;
      return out_of_memory(error);
    }
  }
  if (!(kind.delta ? packed_.allocate(net, 1) : packed_.allocate_none(net))) return out_of_memory(error);
  if (!kind.delta) return NETLET_OK;
  if (!make_groups() || !scratch_.allocate(threads_ * (1 + kTileTree) * kTileValues)) return out_of_memory(error);
  if (by_blocks_ && !allocate_blocks()) return out_of_memory(error);
  if (optimizer && optimizer->config.clip_norm > 0 &&
      (!gradient_.allocate(net.parameter_count) || !squares_.allocate(norm_blocks(net.parameter_count))))
    return out_of_memory(error);
  return NETLET_OK;
}

// Cuts the parameters into tiles and gathers small neighbours into groups, several for each thread.
template <class T> bool Trainer<T>::make_groups() {
  const size_t share = threads_ == 1 ? kTileValues : net_->parameter_count / (4 * threads_);
  const size_t limit = smaller(kTileValues, larger(share, 256));
  for (int round = 0; round < 2; ++round) {  // first only counts
    tile_count_ = group_count_ = 0;
    Group group = {0, 0, 0, true};
    const auto close = [&] {
      if (group.tiles && round) groups_[group_count_] = group;
      group_count_ += group.tiles > 0;
      group = {tile_count_, 0, 0, true};
    };
    const auto add = [&](const Tile& tile, bool flat) {
      if (!flat || !group.flat || group.size + tile.size() > limit) close();
      if (round) tiles_[tile_count_] = tile;
      ++tile_count_;
      ++group.tiles;
      group.size += tile.size();
      group.flat = flat;
    };
    for (size_t i = 0; i < net_->layer_count(); ++i) {
      const size_t n = net_->layers[i].outputs, rows = net_->layers[i].inputs + 1;
      const bool whole_rows = n <= kTileValues / 8;
      const size_t height = whole_rows ? larger(8, limit / n / 8 * 8) : kWideRows;
      const size_t width = whole_rows ? n : kWideColumns;
      for (size_t k = 0; k < rows; k += height)
        for (size_t j = 0; j < n; j += width)
          add({i, k, smaller(rows, k + height), j, smaller(n, j + width)}, whole_rows);
    }
    close();
    if (round == 0 && (!tiles_.allocate(tile_count_) || !groups_.allocate(group_count_))) return false;
  }
  return true;
}

// Chunks of a power of two of blocks, so that each is a subtree; more than threads, as these may be held up.
template <class T> bool Trainer<T>::allocate_blocks() {
  const size_t blocks = divide_up(rows_, kBlockRows);
  chunk_blocks_ = 1;
  levels_ = 0;  // partial sums below a chunk's root
  // each keeps a gradient
  const size_t chunks = (16 * threads_ <= kChunkValues / net_->parameter_count ? 16 : 4) * threads_;
  for (; divide_up(blocks, chunk_blocks_) > chunks; chunk_blocks_ *= 2) ++levels_;
  size_t roots, partial;
  return !multiply_overflows(divide_up(blocks, chunk_blocks_), net_->parameter_count, &roots) &&
         !multiply_overflows(pass_count_ * levels_, net_->parameter_count, &partial) && roots_.allocate(roots) &&
         partial_.allocate(partial);
}

template <class T> void Trainer<T>::pack(const netlet_optimizer* optimizer) {
  if (small_)
    small_steps_.read(*optimizer);
  else
    packed_.read(smaller(threads_, net_->parameter_count / kPackShare + 1));
}

template <class T> BatchLoss Trainer<T>::rows_phase(const Batch& batch) {
  if (small_) return small_steps_.pass(batch);
  batch_rows_ = batch.rows;
  const size_t blocks = divide_up(batch.rows, kBlockRows);
  const size_t threads = smaller(threads_for(operations(*net_, batch.rows), kTrainingShare), threads_);
  std::atomic<size_t> correct{0};
  const bool weighted = batch.targets->sample_weight != nullptr;
  const auto sum_block = [&](const Pass<T>& pass, size_t row, size_t block) {  // a block begins at a row of the pass
    const size_t count = smaller(kBlockRows, batch.rows - block * kBlockRows);
    double sum = 0, weight = 0;
    for (size_t i = row; i < row + count; ++i) sum = sum + pass.row_loss()[i];
    block_loss_[block] = sum;
    for (size_t i = row; weighted && i < row + count; ++i) weight = weight + (double)pass.row_weight()[i];
    block_weight_[block] = weight;
  };
  if (!by_blocks_) {
    Pass<T>& pass = passes_[0];
    const size_t panel = smaller(kPanelRows, divide_up(divide_up(batch.rows, threads), 8) * 8);
    parallel(divide_up(batch.rows, panel), threads, [&](size_t task, size_t) {
      const size_t row = task * panel;
      const size_t right = pass.run(batch, row, row, smaller(panel, batch.rows - row), packed_);
      correct.fetch_add(right, std::memory_order_relaxed);
    });
    for (size_t block = 0; block < blocks; ++block) sum_block(pass, block * kBlockRows, block);
  } else {
    const size_t step = kind_.delta ? chunk_blocks_ : 1;
    parallel(divide_up(blocks, step), smaller(threads, pass_count_), [&](size_t task, size_t worker) {
      Pass<T>& pass = passes_[worker];
      const size_t first = task * step, count = smaller(step, blocks - first);
      const size_t P = net_->parameter_count;
      const auto place = [&](size_t depth) {
        return depth ? &partial_[(worker * levels_ + depth - 1) * P] : &roots_[task * P];
      };
      const auto add = [&](size_t a, size_t b) { kernel_->add(P, place(a), place(b)); };
      size_t depth = 0;
      for (size_t i = 0; i < count; ++i) {
        const size_t row = (first + i) * kBlockRows, rows = smaller(kBlockRows, batch.rows - row);
        correct.fetch_add(pass.run(batch, row, 0, rows, packed_), std::memory_order_relaxed);
        sum_block(pass, 0, first + i);
        if (!kind_.delta) continue;
        for (size_t l = 0; l < net_->layer_count(); ++l) {
          const Layer& layer = net_->layers[l];
          pass.gradient({l, 0, layer.inputs + 1, 0, layer.outputs}, 0, rows, place(depth) + layer.weights);
        }
        depth = tree_push(i, depth, add);
      }
      if (kind_.delta) tree_finish(depth, add);
    });
  }
  tree(blocks, [&](size_t a, size_t b) {
    block_loss_[a] = block_loss_[a] + block_loss_[b];
    block_weight_[a] = block_weight_[a] + block_weight_[b];
  });
  const double weight = weighted ? block_weight_[0] : (double)batch.rows;
  divisor_ = batch.targets->y ? divisor(*net_, weight) : 0;
  return {block_loss_[0], weight, correct.load()};
}

template <class T> size_t Trainer<T>::offset(const Tile& tile) const {
  const Layer& layer = net_->layers[tile.layer];
  return layer.weights + tile.k0 * layer.outputs + tile.j0;
}

// the tile's gradient over the whole batch: g; below it in the tree: partial sums
template <class T> void Trainer<T>::tile_gradient(const Tile& tile, T* g, T* below, Fetch& fetch) {
  const Kernels<T>& kernel = *kernel_;
  const size_t blocks = divide_up(batch_rows_, kBlockRows), size = tile.size(), P = net_->parameter_count;
  if (!by_blocks_) {
    const auto place = [&](size_t depth) { return depth ? below + (depth - 1) * kTileValues : g; };
    const auto add = [&](size_t a, size_t b) { kernel.add(size, place(a), place(b)); };
    size_t depth = 0;
    for (size_t b = 0; b < blocks; ++b) {
      const size_t row = b * kBlockRows;
      passes_[0].gradient(tile, row, smaller(kBlockRows, batch_rows_ - row), place(depth), &fetch);
      depth = tree_push(b, depth, add);
    }
    return tree_finish(depth, add);
  }
  const size_t n = net_->layers[tile.layer].outputs;
  const bool whole_rows = tile.columns() == n;
  const size_t runs = whole_rows ? 1 : tile.k1 - tile.k0, length = whole_rows ? size : tile.columns();
  for (size_t run = 0; run < runs; ++run) {
    T* root = roots_.data() + offset(tile) + run * n;
    tree(divide_up(blocks, chunk_blocks_), [&](size_t a, size_t b) { kernel.add(length, root + a * P, root + b * P); });
    memcpy(g + run * length, root, length * sizeof(T));
  }
}

// f(offset in the parameters, length, gradient) for each contiguous run of a group
template <class T> template <class F> void Trainer<T>::each_run(const Group& group, const T* g, F&& f) const {
  const Tile& first = tiles_[group.tile];
  const size_t n = net_->layers[first.layer].outputs;
  const size_t runs = group.flat ? 1 : first.k1 - first.k0, length = group.flat ? group.size : first.columns();
  for (size_t run = 0; run < runs; ++run) f(offset(first) + run * n, length, g ? g + run * length : nullptr);
}

template <class T> template <class F> void Trainer<T>::each_group(F&& f) {
  const size_t threads = smaller(threads_for(operations(*net_, batch_rows_), kTrainingShare), threads_);
  parallel(group_count_, threads, [&](size_t task, size_t worker) { f(groups_[task], worker); });
}

// The parameters that will be updated, unless they are near anyway.
template <class T> Fetch Trainer<T>::parameters(const Group& group) const {
  Fetch fetch;
  if (group.flat) return fetch;
  const Tile& tile = tiles_[group.tile];
  fetch.data = reinterpret_cast<const char*>(net_->values<T>() + offset(tile));
  fetch.row_stride = (ptrdiff_t)(net_->layers[tile.layer].outputs * sizeof(T));
  fetch.row_bytes = tile.columns() * sizeof(T);
  fetch.rows = tile.k1 - tile.k0;
  return fetch;
}

// The group's share of the next batch.
template <class T> Fetch Trainer<T>::next_rows(const Group& group) const {
  if (!next_ || next_->x->columns >= kFetchValues / next_->rows) return Fetch();
  const netlet_array& x = *next_->x;
  if (x.column_stride < 1 || x.column_stride > 8) return Fetch();  // not contiguous
  const size_t task = (size_t)(&group - groups_.data());
  const size_t first = task * next_->rows / group_count_, end = (task + 1) * next_->rows / group_count_;
  Fetch fetch;
  fetch.data = static_cast<const char*>(x.data);
  fetch.row_stride = x.row_stride;
  fetch.row_bytes = x.columns * (size_t)x.column_stride;
  fetch.rows = end - first;
  fetch.order = next_->order_from(first);
  return fetch;
}

template <class T> template <class F> void Trainer<T>::parameters_phase(F&& f) {
  each_group([&](const Group& group, size_t worker) {
    T* const gradient = scratch_.data() + worker * (1 + kTileTree) * kTileValues;
    T* g = gradient;
    Fetch rows = next_rows(group), fetch = parameters(group);
    fetch.then = &rows;
    for (size_t t = group.tile; t < group.tile + group.tiles; ++t) {
      tile_gradient(tiles_[t], g, gradient + kTileValues, fetch);
      g += tiles_[t].size();
    }
    kernel_->fetch(fetch, SIZE_MAX);  // what no tile fetched
    if (divisor_ != 0) kernel_->divide(group.size, gradient, (T)divisor_);
    f(group, gradient);
  });
}

// the weights of a group and their gradient, the biases left out
template <class T>
void Trainer<T>::penalize(const Group& group, T* g, const netlet_optimizer_config& config, T decay) const {
  for (size_t t = group.tile; t < group.tile + group.tiles; ++t) {
    const Tile& tile = tiles_[t];
    const Layer& layer = net_->layers[tile.layer];
    const size_t rows = smaller(tile.k1, layer.inputs) - smaller(tile.k0, layer.inputs);
    const bool whole_rows = tile.columns() == layer.outputs;  // then they are contiguous
    const size_t runs = whole_rows ? 1 : rows, length = whole_rows ? rows * tile.columns() : tile.columns();
    for (size_t run = 0; run < runs; ++run)
      kernel_->penalize(length, g + run * tile.columns(), net_->values<T>() + offset(tile) + run * layer.outputs,
                        (T)config.l2, (T)config.l1, decay);
    g += tile.size();
  }
}

template <class T> double Trainer<T>::gradient_norm() {
  const size_t count = gradient_.size(), blocks = norm_blocks(count);
  parallel(blocks, smaller(threads_, blocks / 16),
           [&](size_t block, size_t) { squares_[block] = block_squares(*kernel_, count, gradient_.data(), block); });
  return norm_of(squares_.data(), blocks);
}

template <class T> void Trainer<T>::update(netlet_network& net, netlet_optimizer& optimizer, double factor) {
  if (small_) return small_steps_.update(optimizer, factor);
  const Kernels<T>& kernel = *kernel_;
  const netlet_optimizer_config& config = optimizer.config;
  const Update<T> step = next_update<T>(optimizer, factor);
  const T decay = decay_of<T>(config, factor);
  const bool penalized = config.l2 > 0 || config.l1 > 0 || decay != 1;
  T* const w = net.values<T>();
  T *const s0 = optimizer.slot<T>(0), *const s1 = optimizer.slot<T>(1);
  const auto apply = [&](size_t at, size_t length, const T* g) {
    kernel.update(step, length, g, w + at, s0 ? s0 + at : nullptr, s1 ? s1 + at : nullptr);
  };
  const auto pack_again = [&](const Group& group) {  // for the next step
    for (size_t t = group.tile; repeated_ && t < group.tile + group.tiles; ++t) {
      const Tile& tile = tiles_[t];
      const size_t k1 = smaller(tile.k1, net.layers[tile.layer].inputs);
      if (tile.k0 < k1) packed_.read(tile.layer, tile.k0, k1, tile.j0, tile.j1);
    }
  };
  parameters_phase([&](const Group& group, T* gradient) {
    if (penalized) penalize(group, gradient, config, decay);
    if (config.clip_value > 0) kernel.clip(group.size, gradient, (T)config.clip_value);
    if (config.clip_norm > 0)
      return each_run(group, gradient, [&](size_t at, size_t length, const T* g) {
        memcpy(gradient_.data() + at, g, length * sizeof(T));
      });
    each_run(group, gradient, apply);
    pack_again(group);
  });
  if (!(config.clip_norm > 0)) return;
  // the norm needs the whole gradient: a third phase
  const T shrink = clip_factor<T>(gradient_norm(), config.clip_norm);
  each_group([&](const Group& group, size_t) {
    each_run(group, nullptr, [&](size_t at, size_t length, const T*) {
      if (shrink != 1) kernel.scale(length, gradient_.data() + at, shrink);
      apply(at, length, gradient_.data() + at);
    });
    pack_again(group);
  });
}

template <class T> void Trainer<T>::store_gradient(T* out) {
  parameters_phase([&](const Group& group, const T* gradient) {
    each_run(group, gradient, [&](size_t at, size_t length, const T* g) { memcpy(out + at, g, length * sizeof(T)); });
  });
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace netlet::core
