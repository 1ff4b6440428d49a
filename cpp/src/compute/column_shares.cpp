// SPDX-License-Identifier: BSD-3-Clause
#include "compute/column_shares.hpp"

namespace netlet::core {
namespace {

constexpr size_t kFewRows = 128;     // with more, the weights are a small part of what moves
constexpr size_t kLeastVectors = 2;  // of columns in a share, so that shares are about as large

}  // namespace

template <class T>
bool ColumnShares<T>::fit(const netlet_network& net, const netlet_optimizer& optimizer, size_t rows, size_t threads) {
  const Layer& first = net.layers[0];
  return threads > 1 && rows <= kFewRows && net.layer_count() > 1 && first.activation != NETLET_SOFTMAX &&
         !wide<T>(first.outputs) && first.outputs * sizeof(T) >= kLeastVectors * threads * kCacheLine &&
         2 * first.inputs * first.outputs > net.parameter_count && !(optimizer.config.clip_norm > 0);
}

template <class T> bool ColumnShares<T>::allocate(const netlet_network& net, const netlet_optimizer& optimizer,
                                                  size_t rows, size_t threads) {
  net_ = &net;
  count_ = threads;
  rows_ = net.layers[0].inputs + 1;
  columns_ = net.layers[0].outputs;
  room_ = 2 * rows * (first(1) + kCacheLine / sizeof(T));
  const size_t slots = optimizer.slot_count();
  return outputs_.allocate_rows(threads, room_) && allocate_pieces(memory_, [&](auto take) {
           trained_.w = take(rows_, columns_);
           trained_.s0 = slots > 0 ? take(rows_, columns_) : nullptr;
           trained_.s1 = slots > 1 ? take(rows_, columns_) : nullptr;
         });
}

// f(row of a share, the same in the network's own arrays, bytes)
template <class T> template <class F> void ColumnShares<T>::each_row(const netlet_optimizer& optimizer, F f) const {
  const Trained<T> network = all_trained(net_->values<T>(), optimizer);
  T* const ours[] = {trained_.w, trained_.s0, trained_.s1};
  T* const theirs[] = {network.w, network.s0, network.s1};
  for (int a = 0; a < 3; ++a)
    for (size_t share = 0; ours[a] && theirs[a] && share < count_; ++share) {
      const size_t j0 = first(share), columns = first(share + 1) - j0;
      for (size_t k = 0; k < rows_; ++k)
        f(ours[a] + j0 * rows_ + k * columns, theirs[a] + k * columns_ + j0, columns * sizeof(T));
    }
}

template <class T> void ColumnShares<T>::read(const netlet_optimizer& optimizer) {
  each_row(optimizer, [](T* ours, const T* theirs, size_t bytes) { memcpy(ours, theirs, bytes); });
}

template <class T> void ColumnShares<T>::publish(netlet_optimizer& optimizer) const {
  each_row(optimizer, [](const T* ours, T* theirs, size_t bytes) { memcpy(theirs, ours, bytes); });
}

template <class T>
void ColumnShares<T>::forward(size_t share, size_t at, size_t rows, size_t thread, const Pass<T>& pass) const {
  const size_t j0 = first(share), j1 = first(share + 1);
  pass.forward_columns(at, rows, j0, j1, trained_.w + j0 * rows_, outputs_.data() + thread * room_);
}

template class ColumnShares<float>;
template class ColumnShares<double>;

}  // namespace netlet::core
