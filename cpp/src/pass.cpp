// SPDX-License-Identifier: BSD-3-Clause
#include "pass.hpp"

namespace netlet::core {
namespace {

// Hands out pieces of one buffer, each on a cache line of its own. First round: only counts.
template <class T> class Pieces {
 public:
  T* take(size_t rows, size_t columns) {
    size_t size;
    if (multiply_overflows(rows, columns, &size)) overflow_ = true;
    T* piece = base_ ? base_ + used_ : nullptr;
    constexpr size_t line = kCacheLine / sizeof(T);
    if (size > SIZE_MAX / 4 || used_ > SIZE_MAX / 4) overflow_ = true;
    used_ += overflow_ ? 0 : (size + line - 1) / line * line;
    return piece;
  }
  bool allocate(Buffer<T>& buffer) {
    if (overflow_ || !buffer.allocate(used_)) return false;
    base_ = buffer.data();
    used_ = 0;
    return true;
  }

 private:
  T* base_ = nullptr;
  size_t used_ = 0;
  bool overflow_ = false;
};

}  // namespace

template <class T>
bool Pass<T>::allocate(const netlet_network& net, const netlet_array& x, const netlet_array& y, bool shuffled,
                       size_t rows, bool with_delta) {
  net_ = &net;
  kernel_ = &kernels<T>(net.widest);
  with_delta_ = with_delta;
  classes_given_ = net.loss == NETLET_CROSS_ENTROPY && y.columns == 1;
  in_place_ = !shuffled && readable_in_place<T>(x);
  targets_in_place_ = !shuffled && readable_in_place<T>(y) && y.row_stride == (ptrdiff_t)(y.columns * sizeof(T));
  const size_t layers = net.layer_count(), n = net.outputs();
  if (!output_.allocate(layers) || !delta_.allocate(layers, true) || !row_loss_.allocate(rows)) return false;
  if (classes_given_ && !classes_.allocate(rows)) return false;
  Pieces<T> pieces;
  for (int round = 0; round < 2; ++round) {
    if (!in_place_) x_ = pieces.take(rows, net.inputs());
    for (size_t i = 0; i < layers; ++i) {
      output_[i] = pieces.take(rows, net.layers[i].outputs);
      if (with_delta) delta_[i] = pieces.take(rows, net.layers[i].outputs);
    }
    z_ = net.loss == NETLET_SQUARED_ERROR ? nullptr : pieces.take(rows, n);
    t_ = classes_given_ || targets_in_place_ ? nullptr : pieces.take(rows, n);
    if (round == 0 && !pieces.allocate(memory_)) return false;
  }
  return true;
}

template <class T>
size_t Pass<T>::run(const Batch& batch, size_t from, size_t at, size_t count, const T* const* transposed) {
  const netlet_network& net = *net_;
  const Kernels<T>& kernel = *kernel_;
  const T* parameters = net.values<T>();
  const size_t layers = net.layer_count(), first = batch.first + from;
  const size_t* order = batch.order ? batch.order + first : nullptr;

  const T* a;
  ptrdiff_t stride;
  if (in_place_) {
    a = row_in_place<T>(*batch.x, first);
    stride = batch.x->row_stride / (ptrdiff_t)sizeof(T);
  } else {
    stride = (ptrdiff_t)net.inputs();
    load_rows(*batch.x, order, first, count, x_ + at * net.inputs());
    a = x_ + at * net.inputs();
  }
  if (at == 0) {
    input_ = a;
    input_stride_ = stride;
  }
  for (size_t i = 0; i < layers; ++i) {
    const Layer& layer = net.layers[i];
    const size_t n = layer.outputs;
    T* y = output_[i] + at * n;
    T* z = i + 1 == layers && z_ ? z_ + at * n : nullptr;
    kernel.forward(count, n, layer.inputs, a, stride, parameters + layer.weights, parameters + layer.biases,
                   layer.activation, z, y);
    a = y;
    stride = (ptrdiff_t)n;
  }

  const size_t n = net.outputs();
  const T* t = nullptr;
  if (classes_given_) {
    load_rows(*batch.y, order, first, count, classes_.data() + at);
    for (size_t i = at; i < at + count; ++i)  // they were checked, but the caller may have written to them since
      if ((uint64_t)classes_[i] >= n) classes_[i] = 0;
  } else if (targets_in_place_) {
    t = row_in_place<T>(*batch.y, first);
  } else {
    load_rows(*batch.y, order, first, count, t_ + at * n);
    t = t_ + at * n;
  }
  OutputRows<T> rows{net.loss,
                     net.layers[layers - 1].activation,
                     count,
                     n,
                     z_ ? z_ + at * n : nullptr,
                     output_[layers - 1] + at * n,
                     t,
                     classes_given_ ? classes_.data() + at : nullptr,
                     with_delta_ ? delta_[layers - 1] + at * n : nullptr,
                     row_loss_.data() + at,
                     0};
  kernel.output_rows(rows);

  for (size_t i = layers - 1; with_delta_ && i > 0; --i) {
    const Layer& layer = net.layers[i];
    const size_t m = layer.inputs;
    kernel.backward(count, layer.outputs, m, delta_[i] + at * layer.outputs, transposed[i],
                    net.layers[i - 1].activation, output_[i - 1] + at * m, delta_[i - 1] + at * m);
  }
  return rows.correct;
}

template <class T> void Pass<T>::gradient(const Tile& tile, size_t row, size_t count, T* g) const {
  const Layer& layer = net_->layers[tile.layer];
  const T* a = tile.layer ? output_[tile.layer - 1] : input_;
  const ptrdiff_t stride = tile.layer ? (ptrdiff_t)layer.inputs : input_stride_;
  const T* d = delta_[tile.layer] + row * layer.outputs + tile.j0;
  const size_t k1 = tile.k1 < layer.inputs ? tile.k1 : layer.inputs, height = k1 - tile.k0;
  T* bias = tile.k1 > layer.inputs ? g + height * tile.columns() : nullptr;
  kernel_->gradient(count, tile.columns(), height, a + (ptrdiff_t)row * stride + (ptrdiff_t)tile.k0, stride, d,
                        (ptrdiff_t)layer.outputs, g, bias);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace netlet::core
