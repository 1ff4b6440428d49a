// SPDX-License-Identifier: BSD-3-Clause
#include "compute/packed.hpp"

#include "system/threads.hpp"

namespace netlet::core {
namespace {

// f(from, to, offset of column `from` in row 0, row stride) for each panel that has columns from j0 to j1
template <class F> void each_panel(size_t panel, size_t rows, size_t columns, size_t j0, size_t j1, F f) {
  for (size_t j = j0; j < j1;) {
    const size_t begin = j / panel * panel, end = columns - begin < panel ? columns : begin + panel;
    const size_t to = end < j1 ? end : j1;
    f(j, to, begin * rows + (j - begin), end - begin);
    j = to;
  }
}

}  // namespace

template <class T> bool Packed<T>::allocate_none(const netlet_network& net) {
  net_ = &net;
  return forward_.allocate(net.layer_count(), true) && backward_.allocate(net.layer_count(), true);
}

template <class T> bool Packed<T>::allocate(const netlet_network& net, size_t first) {
  return allocate_none(net) && allocate_pieces(memory_, [&](auto take) {
           for (size_t i = 0; i < net.layer_count(); ++i) {
             const Layer& layer = net.layers[i];
             if (i >= first) backward_[i] = take(layer.inputs, layer.outputs);
             if (wide<T>(layer.outputs)) forward_[i] = take(layer.inputs, layer.outputs);
           }
         });
}

template <class T> void Packed<T>::read(size_t threads) {
  for (size_t i = 0; i < net_->layer_count(); ++i) {
    const size_t k = net_->layers[i].inputs, n = net_->layers[i].outputs;
    if (!forward_[i] && !backward_[i]) continue;
    const size_t strip = kernels<T>(k).panel;  // rows that are read once for both copies
    parallel((k + strip - 1) / strip, threads, [&](size_t task, size_t) {
      read(i, task * strip, k - task * strip < strip ? k : (task + 1) * strip, 0, n);
    });
  }
}

template <class T> void Packed<T>::read(size_t layer, size_t k0, size_t k1, size_t j0, size_t j1) {
  const size_t k = net_->layers[layer].inputs, n = net_->layers[layer].outputs;
  const T* const w = net_->values<T>() + net_->layers[layer].weights;
  if (T* const to = forward_[layer])
    each_panel(kernels<T>(n).panel, k, n, j0, j1, [&](size_t from, size_t end, size_t at, size_t stride) {
      for (size_t row = k0; row < k1; ++row)
        memcpy(to + at + row * stride, w + row * n + from, (end - from) * sizeof(T));
    });
  if (T* const to = backward_[layer])
    each_panel(wide<T>(k) ? kernels<T>(k).panel : k, n, k, k0, k1,
               [&](size_t from, size_t end, size_t at, size_t stride) {
                 kernels<T>().transpose(end - from, j1 - j0, w + from * n + j0, (ptrdiff_t)n, to + at + j0 * stride,
                                        (ptrdiff_t)stride);
               });
}

template class Packed<float>;
template class Packed<double>;

}  // namespace netlet::core
