// SPDX-License-Identifier: BSD-3-Clause
// The step of a network in which each layer's outputs fit into one vector: the sums, activations and derivatives of a
// row stay in a register, rows of parameters fill whole vectors so that nothing is masked, and one call does it all.
#pragma once

#include "kernels/losses.hpp"
#include "kernels/matmul.hpp"
#include "kernels/updates.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::SmallLayer;
using core::SmallStep;

// M rows; rows of y are `outputs` apart, so each store overwrites part of the previous one
template <class T, int M, class F>
NETLET_INLINE void small_rows(const SmallLayer<T>& l, const T* x, ptrdiff_t x_i, T* z, T* y, F f) {
  constexpr int lanes = Vec<T>::lanes;
  V<T> sum[M];
  const T* w = l.w;
  const V<T> bias = load(w + l.inputs * lanes);
  NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m] = bias;
  for (size_t k = l.inputs; k; --k, w += lanes, ++x) {
    const V<T> row = load(w);
    NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m] = fma(splat(x[m * x_i]), row, sum[m]);
  }
  const size_t n = l.outputs;
  if (M == lanes && n == 1) {  // activate a vector of rows instead
    V<T> column = sum[0];
    NETLET_UNROLLED for (int m = 1; m < M; ++m) column[m] = sum[m][0];
    if (z) store(z, column);
    return store(y, f(column));
  }
  if (z) NETLET_UNROLLED for (int m = 0; m < M; ++m) store(z + m * n, sum[m]);
  NETLET_UNROLLED for (int m = 0; m < M; ++m) store(y + m * n, f(sum[m]));
}

template <class T, class F>
NETLET_INLINE void small_forward(const SmallLayer<T>& l, size_t rows, const T* x, ptrdiff_t x_i, T* z, F f) {
  constexpr int at_once = Vec<T>::lanes < 4 ? 4 : Vec<T>::lanes < 8 ? Vec<T>::lanes : 8;
  T* y = l.y;
  for (; rows >= at_once; rows -= at_once, x += at_once * x_i, y += at_once * l.outputs) {
    small_rows<T, at_once>(l, x, x_i, z, y, f);
    if (z) z += at_once * l.outputs;
  }
  for (; rows; --rows, x += x_i, y += l.outputs) {
    small_rows<T, 1>(l, x, x_i, z, y, f);
    if (z) z += l.outputs;
  }
}

// the delta of the layer below; f(s, y): s times the derivative
template <class T, class F>
NETLET_INLINE void small_backward(const SmallLayer<T>& l, const SmallLayer<T>& below, size_t rows, F f) {
  constexpr int lanes = Vec<T>::lanes;
  const T *d = l.d, *y = below.y;
  T* to = below.d;
  for (; rows; --rows, d += l.d_i, y += below.outputs, to += below.d_i) {
    V<T> s = splat(T(0));
    for (size_t j = 0; j < l.outputs; ++j) s = fma(splat(d[j]), load(l.wt + j * lanes), s);
    store(to, f(s, load(y)));
  }
}

// M rows of the gradient, and that of the biases
template <class T, int M, bool Masked> NETLET_INLINE void small_gradient_rows(const SmallLayer<T>& l, size_t rows,
                                                                              const T* x, ptrdiff_t x_i, T* g,
                                                                              bool bias) {
  constexpr int lanes = Vec<T>::lanes;
  const Part<T> part((int)l.outputs);
  V<T> sum[M + 1];
  NETLET_UNROLLED for (int m = 0; m <= M; ++m) sum[m] = splat(T(0));
  for (const T* d = l.d; rows; --rows, x += x_i, d += l.d_i) {
    V<T> row = splat(T(0));
    if (!Masked)
      row = load(d);
    else if (l.outputs == 1)
      row[0] = d[0];
    else
      row = load_part(d, part);
    NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m] = fma(splat(x[m]), row, sum[m]);
    sum[M] = sum[M] + row;
  }
  // unused lanes stay 0, even if infinities met there
  const Bits<T> keep = (Bits<T>)load(l.keep);
  NETLET_UNROLLED for (int m = 0; m < M; ++m) store(g + m * lanes, (V<T>)((Bits<T>)sum[m] & keep));
  if (bias) store(g + M * lanes, (V<T>)((Bits<T>)sum[M] & keep));
}

template <class T, bool Masked>
NETLET_INLINE void small_gradient(const SmallLayer<T>& l, size_t rows, const T* x, ptrdiff_t x_i) {
  constexpr int lanes = Vec<T>::lanes;
  T* g = l.g;
  size_t k = l.inputs;
  for (; k > 4; k -= 4, x += 4, g += 4 * lanes) small_gradient_rows<T, 4, Masked>(l, rows, x, x_i, g, false);
  switch (k) {
    case 4: return small_gradient_rows<T, 4, Masked>(l, rows, x, x_i, g, true);
    case 3: return small_gradient_rows<T, 3, Masked>(l, rows, x, x_i, g, true);
    case 2: return small_gradient_rows<T, 2, Masked>(l, rows, x, x_i, g, true);
    case 1: return small_gradient_rows<T, 1, Masked>(l, rows, x, x_i, g, true);
  }
}

template <class T> void small_pass(SmallStep<T>& s) {
  const size_t rows = s.out.rows, last = s.layer_count - 1;
  const T* x = s.x;
  ptrdiff_t x_i = s.x_i;
  for (size_t l = 0; l <= last; ++l) {
    const SmallLayer<T>& layer = s.layers[l];
    T* const z = l == last ? s.z : nullptr;
    const bool softmax_rows = layer.activation == NETLET_SOFTMAX;
    with_common_activation(softmax_rows ? (int)NETLET_IDENTITY : layer.activation, [&](auto a) {
      small_forward(layer, rows, x, x_i, z, [](V<T> v) { return decltype(a)::template value<T>(v); });
    });
    if (softmax_rows && s.out.loss != NETLET_CROSS_ENTROPY) softmax(rows, layer.outputs, layer.y, layer.y);
    x = layer.y;
    x_i = (ptrdiff_t)layer.outputs;
  }
  output_rows(s.out);
  for (size_t l = last; l > 0; --l) {
    const SmallLayer<T>&layer = s.layers[l], &below = s.layers[l - 1];
    with_common_activation(below.activation, [&](auto a) {
      small_backward(layer, below, rows, [](V<T> v, V<T> y) { return decltype(a)::template backward<T>(v, y); });
    });
  }
  x = s.x;
  x_i = s.x_i;
  for (size_t l = 0; l < last; ++l) {
    const SmallLayer<T>& layer = s.layers[l];
    small_gradient<T, false>(layer, rows, x, x_i);
    x = layer.y;
    x_i = (ptrdiff_t)layer.outputs;
  }
  small_gradient<T, true>(s.layers[last], rows, x, x_i);  // its deltas are not padded
}

template <class T> void small_update(SmallStep<T>& s, const Step<T>& step) {
  constexpr int lanes = Vec<T>::lanes;
  update(step, s.size, s.g, s.w, s.s0, s.s1);
  for (size_t l = 1; l < s.layer_count; ++l) {
    const SmallLayer<T>& layer = s.layers[l];
    for (size_t k = 0; k < layer.inputs; ++k)
      for (size_t j = 0; j < layer.outputs; ++j) layer.wt[j * lanes + k] = layer.w[k * lanes + j];
  }
}

// rows of whole vectors -> contiguous rows of n values; each store runs into the place of the next row, so only the
// last ones are masked
template <class T> void small_values(const SmallStep<T>& s, const T* from, T* to) {
  constexpr int lanes = Vec<T>::lanes;
  const T* const end = to + s.parameter_count;
  for (size_t l = 0; l < s.layer_count; ++l) {
    const size_t n = s.layers[l].outputs;
    const Part<T> part((int)n);
    for (size_t k = 0; k <= s.layers[l].inputs; ++k, from += lanes, to += n) {
      if (end - to >= lanes)
        store(to, load(from));
      else
        store_part(to, load(from), part);
    }
  }
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
