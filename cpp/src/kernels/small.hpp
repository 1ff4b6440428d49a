// SPDX-License-Identifier: BSD-3-Clause
// The step of a network in which each layer's outputs fit into one vector: rows of parameters fill whole vectors, so
// nothing is masked, and one call does it all. Lanes hold the outputs of a row or, where that takes fewer vectors, the
// rows of an output. An epoch of few rows is bound by a chain of dependent operations and the number of instructions:
// values stay in registers from one part to the next, and functions are small enough to need few of them.
#pragma once

#include "kernels/losses.hpp"
#include "kernels/matmul.hpp"
#include "kernels/updates.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::SmallLayer;
using core::SmallStep;

// Whether lanes may hold the rows of an output. An emulated fma takes so long that this would be space for nothing.
#if NETLET_EMULATED_FMA
constexpr bool kSmallColumns = false;
#else
constexpr bool kSmallColumns = true;
#endif

// M vectors of sums: of M rows or, if Columns, of M outputs with the rows in their lanes
template <class T> struct SmallSums {
  const T *values, *vectors;
  ptrdiff_t values_m, values_k, vectors_k;
};

template <class T, int M, bool Columns>
NETLET_INLINE void small_sums(const SmallSums<T>& p, size_t count, const T* bias, V<T> (&sum)[M]) {
  NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m] = Columns ? splat(bias[m]) : load(bias);
  const T *values = p.values, *vector = p.vectors;
  for (; count; --count, values += p.values_k, vector += p.vectors_k) {
    const V<T> row = load(vector);
    NETLET_UNROLLED for (int m = 0; m < M; ++m) sum[m] = fma(splat(values[m * p.values_m]), row, sum[m]);
  }
}

// Rows of y are shorter than a vector, so each store overwrites part of the previous one.
template <class T, class A, int M> NETLET_INLINE void small_rows(const SmallLayer<T>& l, const T* x, T* z, T* y) {
  constexpr int lanes = Vec<T>::lanes;
  const ptrdiff_t n = (ptrdiff_t)l.outputs;
  V<T> sum[M];
  small_sums<T, M, false>({x, l.w, l.x_i, l.x_k, lanes}, l.inputs, l.w + l.inputs * lanes, sum);
  if (z) NETLET_UNROLLED for (int m = 0; m < M; ++m) store(z + m * n, sum[m]);
  NETLET_UNROLLED for (int m = 0; m < M; ++m) store(y + m * n, A::template value<T>(sum[m]));
}

template <class T, class A> void small_forward(const SmallLayer<T>& l, size_t rows, T* z) {
  constexpr int at_once = sizeof(T) == 4 && Vec<T>::lanes >= 8 ? 8 : 4;  // by measurement
  const T* x = l.x;
  T* y = l.y;
  for (; rows >= at_once; rows -= at_once, x += at_once * l.x_i, y += at_once * l.outputs) {
    small_rows<T, A, at_once>(l, x, z, y);
    if (z) z += at_once * l.outputs;
  }
  for (; rows; --rows, x += l.x_i, y += l.outputs) {
    small_rows<T, A, 1>(l, x, z, y);
    if (z) z += l.outputs;
  }
}

// The same as columns, with the derivatives, and the sums of the next layer's first output; those of the last vector of
// rows are returned, as a single vector need not pass through memory. Few: fewer than 4 outputs.
template <class T, class A, bool Few>
V<T> small_columns(const SmallLayer<T>& l, const SmallLayer<T>& next, size_t rows) {
  constexpr int lanes = Vec<T>::lanes;
  const size_t n = l.outputs, inputs = l.inputs;
  const ptrdiff_t stride = l.x_k;
  const T *x = l.x, *const first = l.w, *const end = l.w + n, *const next_w = next.w;
  T *y = l.y, *slopes = l.slopes, *sums = next.columns;
  V<T> total = splat(T(0));
  for (size_t i = 0; i < rows; i += lanes, x += lanes, y += lanes, slopes += lanes, sums += lanes) {
    const T *w = first, *u = next_w;
    T *to = y, *slope = slopes;
    total = splat(next_w[n * lanes]);
    const auto outputs = [&](auto& sum) {
      constexpr int M = sizeof sum / sizeof *sum;
      small_sums<T, M, true>({w, x, 1, lanes, stride}, inputs, w + inputs * lanes, sum);
      NETLET_UNROLLED for (int m = 0; m < M; ++m, to += stride, slope += stride, u += lanes) {
        const V<T> v = A::template value<T>(sum[m]);
        store(to, v);
        store(slope, A::template backward<T>(splat(T(1)), v));
        total = fma(v, splat(*u), total);
      }
      w += M;
    };
    V<T> four[4], one[1];
    while (!Few && w + 4 <= end) outputs(four);
    while (w < end) outputs(one);
    store(sums, total);
  }
  return total;
}

// the sums of a layer with a single output
template <class T> V<T> small_single_sums(const SmallLayer<T>& l, size_t rows) {
  constexpr int lanes = Vec<T>::lanes;
  V<T> sum[1] = {splat(T(0))};
  for (size_t i = 0; i < rows; i += lanes) {
    small_sums<T, 1, true>({l.w, l.x + i, 1, lanes, l.x_k}, l.inputs, l.w + l.inputs * lanes, sum);
    store(l.columns + i, sum[0]);
  }
  return sum[0];
}

// A single output, given its sums. For the squared error also the losses, and the deltas, returned likewise.
template <class T, class A> V<T> small_output(const SmallLayer<T>& l, const SmallStep<T>& s, V<T> sum) {
  constexpr size_t lanes = Vec<T>::lanes, doubles = Vec<double>::lanes;
  const size_t rows = s.out.rows;
  for (size_t i = 0; i < rows; i += lanes) {
    if (rows > lanes) sum = load(l.columns + i);
    if (s.z) store(s.z + i, sum);
    const V<T> y = A::template value<T>(sum);
    store(l.y + i, y);
    if (!s.squared_error) continue;
    const V<T> t = rows - i < lanes ? load_part(s.out.t + i, Part<T>((int)(rows - i))) : load(s.out.t + i);
    sum = A::template backward<T>(y - t, y);
    store(l.columns + i, sum);
    const auto loss = [](F64 e) { return splat(0.5) * (e * e); };
    if constexpr (lanes == doubles) {
      store(s.out.row_loss + i, loss(y - t));
      continue;
    }
    T targets[lanes];
    store(targets, t);
    for (size_t j = 0; j < lanes; j += doubles)
      store(s.out.row_loss + i + j, loss(widened(l.y + i + j) - widened(targets + j)));
  }
  return sum;
}

// the delta of the layer below
template <class T, class A> void small_backward(const SmallLayer<T>& l, const SmallLayer<T>& below, size_t rows) {
  constexpr int lanes = Vec<T>::lanes;
  const T *d = l.d, *y = below.y;
  T* to = below.d;
  for (; rows; --rows, d += l.d_i, y += below.outputs, to += below.d_i) {
    V<T> s = splat(T(0));
    for (size_t j = 0; j < l.outputs; ++j) s = fma(splat(d[j]), load(l.wt + j * lanes), s);
    store(to, A::template backward<T>(s, load(y)));
  }
}

// the same from columns, for a vector of rows from i on; first: the delta of output 0
template <class T> NETLET_INLINE void small_deltas(const SmallLayer<T>& l, const SmallLayer<T>& below, size_t i,
                                                   V<T> first, V<T> (&s)[Vec<T>::lanes]) {
  constexpr int lanes = Vec<T>::lanes;
  const size_t n = l.outputs, units = below.outputs;
  const ptrdiff_t stride = l.x_k;
  const T *w = l.w, *slope = below.slopes + i;
  NETLET_UNROLLED for (int k = 0; k < lanes; ++k) s[k] = splat(T(0));
  for (size_t j = 0;;) {
    NETLET_UNROLLED for (int k = 0; k < lanes; ++k) {
      if ((size_t)k == units) break;
      s[k] = fma(first, splat(w[k * lanes + j]), s[k]);
    }
    if (++j == n) break;
    first = load(l.columns + j * stride + i);
  }
  NETLET_UNROLLED for (int k = 0; k < lanes; ++k, slope += stride) {
    if ((size_t)k == units) break;
    s[k] = s[k] * load(slope);
  }
}

// for all rows, to columns and to rows
template <class T>
__attribute__((noinline)) void small_backward_columns(const SmallLayer<T>& l, const SmallLayer<T>& below, size_t rows) {
  constexpr int lanes = Vec<T>::lanes;
  T* to = below.d;
  for (size_t i = 0; i < rows; i += lanes, to += lanes * lanes) {
    V<T> s[lanes];
    small_deltas<T>(l, below, i, load(l.columns + i), s);
    T* column = below.columns + i;
    NETLET_UNROLLED for (int k = 0; k < lanes; ++k, column += l.x_k) {
      if ((size_t)k == below.outputs) break;
      store(column, s[k]);
    }
    transpose_square<T>(s);
    NETLET_UNROLLED for (int m = 0; m < lanes; ++m) store(to + m * lanes, s[m]);
  }
}

// the columns of the output layer's delta
template <class T> void small_delta_columns(const SmallLayer<T>& l, size_t rows) {
  constexpr int lanes = Vec<T>::lanes;
  const T* d = l.d;
  for (size_t i = 0; i < rows; i += lanes, d += lanes * l.d_i) {
    V<T> v[lanes];
    NETLET_UNROLLED for (int m = 0; m < lanes; ++m) v[m] = load(d + m * l.d_i);
    transpose_square<T>(v);
    NETLET_UNROLLED for (int j = 0; j < lanes; ++j) {
      if ((size_t)j == l.outputs) break;
      store(l.columns + j * l.x_k + i, v[j]);
    }
  }
}

template <class T, int M> NETLET_INLINE void small_add(const T* x, ptrdiff_t x_k, V<T> d, V<T> (&sum)[M]) {
  NETLET_UNROLLED for (int m = 0; m < M - 1; ++m) sum[m] = fma(splat(x[m * x_k]), d, sum[m]);
  sum[M - 1] = sum[M - 1] + d;
}

enum class SmallDelta { rows, single, registers };  // single: of a single output, taken into all lanes

// M rows of the gradient, and that of the biases, divided; a plain step is taken at once
template <class T, int M, SmallDelta From> NETLET_INLINE void small_gradient_rows(const SmallStep<T>& s,
                                                                                  const SmallLayer<T>& l, size_t k,
                                                                                  bool bias, const V<T>* registers) {
  constexpr int lanes = Vec<T>::lanes;
  V<T> sum[M + 1];
  NETLET_UNROLLED for (int m = 0; m <= M; ++m) sum[m] = splat(T(0));
  const ptrdiff_t x_i = l.x_i, x_k = l.x_k, d_i = l.d_i;
  const T *x = l.x + (ptrdiff_t)k * x_k, *d = l.d;
  const size_t rows = s.out.rows;
  if constexpr (From == SmallDelta::registers) {
    NETLET_UNROLLED for (int i = 0; i < lanes; ++i, x += x_i) {
      if ((size_t)i == rows) break;
      small_add<T>(x, x_k, registers[i], sum);
    }
  } else {
    for (size_t i = rows; i; --i, x += x_i, d += d_i)
      small_add<T>(x, x_k, From == SmallDelta::single ? splat(d[0]) : load(d), sum);
  }
  const V<T> divisor = splat(s.divisor);
  if (__builtin_expect(s.inverted, true))
    NETLET_UNROLLED for (int m = 0; m <= M; ++m) sum[m] = sum[m] * divisor;
  else
    NETLET_UNROLLED for (int m = 0; m <= M; ++m) sum[m] = sum[m] / divisor;
  const Bits<T> keep = (Bits<T>)load(l.keep);  // unused lanes stay 0
  NETLET_UNROLLED for (int m = 0; m <= M; ++m) sum[m] = (V<T>)((Bits<T>)sum[m] & keep);
  if (__builtin_expect(s.plain, true)) {
    T* const w = l.w + k * lanes;
    const V<T> rate = splat(s.rate);
    NETLET_UNROLLED for (int m = 0; m < M; ++m) store(w + m * lanes, fma(rate, sum[m], load<T>(w + m * lanes)));
    if (bias) store(w + M * lanes, fma(rate, sum[M], load<T>(w + M * lanes)));
  } else {
    T* const g = l.g + k * lanes;
    NETLET_UNROLLED for (int m = 0; m < M; ++m) store(g + m * lanes, sum[m]);
    if (bias) store(g + M * lanes, sum[M]);
  }
}

template <class T, SmallDelta From>
NETLET_INLINE void small_gradient_from(const SmallStep<T>& s, const SmallLayer<T>& l, const V<T>* d) {
  size_t k = 0, left = l.inputs;
  for (; left >= 4; left -= 4, k += 4) {
    small_gradient_rows<T, 4, From>(s, l, k, left == 4, d);
    if (left == 4) return;
  }
  switch (left) {
    case 3: return small_gradient_rows<T, 3, From>(s, l, k, true, d);
    case 2: return small_gradient_rows<T, 2, From>(s, l, k, true, d);
    case 1: return small_gradient_rows<T, 1, From>(s, l, k, true, d);
  }
}
template <class T, SmallDelta From>
__attribute__((noinline)) void small_gradient(const SmallStep<T>& s, const SmallLayer<T>& l) {
  small_gradient_from<T, From>(s, l, nullptr);
}

// deltas and gradient of the lowest layer for one vector of rows
template <class T> __attribute__((noinline)) void small_lowest_gradient(const SmallStep<T>& s, V<T> first) {
  V<T> d[Vec<T>::lanes];
  small_deltas<T>(s.layers[1], s.layers[0], 0, first, d);
  transpose_square<T>(d);
  small_gradient_from<T, SmallDelta::registers>(s, s.layers[0], d);
}

template <class T> void small_transpose(const SmallStep<T>& s) {
  constexpr int lanes = Vec<T>::lanes;
  for (size_t l = 1; l < s.layer_count; ++l) {
    const SmallLayer<T>& layer = s.layers[l];
    for (size_t k = 0; k < layer.inputs; ++k)
      for (size_t j = 0; j < layer.outputs; ++j) layer.wt[j * lanes + k] = layer.w[k * lanes + j];
  }
}

// What depends on the activation, the layer's own or, backward, that of the layer below.
template <class T> struct SmallFunctions {
  void (*forward)(const SmallLayer<T>& l, size_t rows, T* z);
  V<T> (*few_columns)(const SmallLayer<T>& l, const SmallLayer<T>& next, size_t rows);
  V<T> (*columns)(const SmallLayer<T>& l, const SmallLayer<T>& next, size_t rows);
  V<T> (*output)(const SmallLayer<T>& l, const SmallStep<T>& s, V<T> sum);
  void (*backward)(const SmallLayer<T>& l, const SmallLayer<T>& below, size_t rows);
};
template <class T> struct SmallTable {
  SmallFunctions<T> of[NETLET_MISH + 1] = {};
  constexpr SmallTable() {
#define NETLET_SMALL(Struct, name, NUMBER, common, reads_sums)                                                        \
  if constexpr (common && kSmallColumns)                                                                              \
    of[NETLET_##NUMBER] = {small_forward<T, Struct>, small_columns<T, Struct, true>, small_columns<T, Struct, false>, \
                           small_output<T, Struct>, small_backward<T, Struct>};                                       \
  else if constexpr (common)                                                                                          \
    of[NETLET_##NUMBER] = {small_forward<T, Struct>, nullptr, nullptr, nullptr, small_backward<T, Struct>};
    NETLET_ACTIVATIONS(NETLET_SMALL)
#undef NETLET_SMALL
  }
};
template <class T> constexpr SmallTable<T> kSmall;

template <class T> void small_compare(SmallStep<T>& s, const SmallLayer<T>& top) {
  if (s.softmax) softmax(s.out.rows, top.outputs, top.y, top.y);
  output_rows(s.out);
}

// Both return the first layer that still lacks its gradient.
template <class T> NETLET_INLINE const SmallLayer<T>* small_pass_in_rows(SmallStep<T>& s) {
  const size_t rows = s.out.rows;
  const SmallLayer<T>*const layers = s.layers, *const top = layers + s.layer_count - 1;
  for (const SmallLayer<T>* l = layers; l <= top; ++l)
    kSmall<T>.of[l->activation].forward(*l, rows, l == top ? s.z : nullptr);
  small_compare(s, *top);
  for (const SmallLayer<T>* l = top; l > layers; --l) kSmall<T>.of[l[-1].activation].backward(*l, l[-1], rows);
  return layers;
}

template <class T> NETLET_INLINE const SmallLayer<T>* small_pass_in_columns(SmallStep<T>& s) {
  const size_t rows = s.out.rows;
  const SmallLayer<T>*const layers = s.layers, *const top = layers + s.layer_count - 1;
  V<T> first = splat(T(0));
  for (const SmallLayer<T>* l = layers; l < top; ++l) {
    const SmallFunctions<T>& f = kSmall<T>.of[l->activation];
    first = (l->outputs < 4 ? f.few_columns : f.columns)(*l, l[1], rows);
  }
  if (top->outputs == 1) {
    if (layers == top) first = small_single_sums(*top, rows);
    first = kSmall<T>.of[top->activation].output(*top, s, first);
  } else {
    kSmall<T>.of[top->activation].forward(*top, rows, s.z);
  }
  if (!s.squared_error) {
    small_compare(s, *top);
    if (top->outputs > 1) small_delta_columns(*top, rows);
    first = load(top->columns);
  }
  const SmallLayer<T>* l = top;
  if (rows > Vec<T>::lanes) {
    for (; l > layers; --l) small_backward_columns(*l, l[-1], rows);
    return layers;
  }
  for (; l > layers + 1; --l, first = load(l->columns)) small_backward_columns(*l, l[-1], rows);
  if (l == layers) return layers;
  small_lowest_gradient(s, first);
  return layers + 1;
}

template <class T> void small_pass(SmallStep<T>& s) {
  const SmallLayer<T>* l = kSmallColumns && s.in_columns ? small_pass_in_columns(s) : small_pass_in_rows(s);
  for (; l < s.layers + s.layer_count; ++l)
    l->outputs == 1 ? small_gradient<T, SmallDelta::single>(s, *l) : small_gradient<T, SmallDelta::rows>(s, *l);
  if (s.plain && !s.in_columns) small_transpose(s);
}

template <class T> void small_update(SmallStep<T>& s, const Step<T>& step) {
  update(step, s.size, s.g, s.w, s.s0, s.s1);
  if (!s.in_columns) small_transpose(s);
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
