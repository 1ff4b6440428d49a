// SPDX-License-Identifier: BSD-3-Clause
// Every hot loop, written once and compiled once for each instruction set (NETLET_ISA_NAME). Only `table` is exported:
// of an inline function shared with other sources the linker could pick the copy with instructions that the machine
// lacks, so nothing from the standard library is included here.
#include "kernels/kernels.hpp"

#include "kernels/losses.hpp"
#include "kernels/matmul.hpp"
#include "kernels/small.hpp"
#include "kernels/updates.hpp"

#if defined(__FAST_MATH__)
#error "netlet promises the same bits everywhere: compile it without -ffast-math"
#endif

#if NETLET_ISA_AVX512
namespace netlet::avx512vl {
extern const core::RowKernelTable table;
}
#endif

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::Factor;
using core::Inputs;

// what a layer's sums become in registers
template <class T> AsItIs finish(Identity) { return {}; }
template <class T, class A> auto finish(A) {
  return [](V<T> v, size_t) { return A::template value<T>(v); };
}

template <class T> void forward(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* const* list,
                                Factor<T> w, const T* b, int activation, T* z, T* y) {
  T* const sums = z ? z : y;
  const Product<T, Strided<T>> p{k, {x, x_i, 1}, w.values, (ptrdiff_t)n, b, sums, (ptrdiff_t)n, false};
  // activated in registers, unless wasted lanes would cost more than a second pass over memory
  const auto in_registers = [&](auto activation) { narrow_matmul(p, m, n, finish<T>(activation)); };
  const bool narrow = n <= Vec<T>::lanes && !list && k <= core::kSumBlock;
  if (narrow && 2 * n > Vec<T>::lanes && !z && with_common_activation(activation, in_registers)) return;
  if (narrow) {
    size_t done = 0;
    if constexpr (kSquares > 0)
      if (n == 1) done = single_column<T, kSquares>(p, m);
    narrow_matmul(p, m, n, AsItIs(), done);
  } else {
    row_products(Product<T, RowPointers<T>>{k, {x, x_i, list}, p.b, p.b_k, b, sums, p.c_i, w.in_panels}, m, n);
  }
  if (activation == NETLET_SOFTMAX) return softmax(m, n, sums, y);
  map_function(activation, m * n, sums, y);
}

template <class T> __attribute__((noinline)) void forward_rest(const core::Layer* layers, size_t count,
                                                               const T* parameters, const T* x, T* hidden, T* y) {
  for (const core::Layer* layer = layers; count; ++layer, --count) {
    T* const to = count > 1 ? hidden + layer->hidden : y;
    forward<T>(1, layer->outputs, layer->inputs, x, 0, nullptr, {parameters + layer->weights, false},
               parameters + layer->biases, layer->activation, nullptr, to);
    x = to;
  }
}

template <class T> __attribute__((noinline)) void forward_next(const core::Layer* layer, size_t count,
                                                               const T* parameters, const T* x, T* hidden, T* y);

// Narrow layers in registers. No call returns here: for a vector that might outlive one, the compiler would align the
// stack, which takes longer than a small network; and in a loop it would first load all constants of all activations.
template <class T> __attribute__((noinline)) void forward_row(const core::Layer* layer, size_t count,
                                                              const T* parameters, const T* x, T* hidden, T* y) {
  const size_t n = layer->outputs, k = layer->inputs;
  const int activation = layer->activation;
  if (n > Vec<T>::lanes || k > core::kSumBlock || !core::activation_traits(activation).common)
    return forward_rest<T>(layer, count, parameters, x, hidden, y);
  T* const to = count > 1 ? hidden + layer->hidden : y;
  const Product<T, Strided<T>> p{
      k, {x, 0, 1}, parameters + layer->weights, (ptrdiff_t)n, parameters + layer->biases, to, 0, false};
  narrow_tile<T, 1>(p, 0, Part<T>((int)n), [=](V<T> v, size_t) {
    with_common_activation(activation, [&](auto a) { v = decltype(a)::template value<T>(v); });
    return v;
  });
  if (count > 1) forward_next<T>(layer + 1, count - 1, parameters, to, hidden, y);
}
template <class T>
void forward_next(const core::Layer* layer, size_t count, const T* parameters, const T* x, T* hidden, T* y) {
  forward_row<T>(layer, count, parameters, x, hidden, y);
}

template <class T>
void backward(size_t m, size_t n, size_t k, const T* d, Factor<T> wt, int activation, const T* x, T* s) {
  const Product<T, Strided<T>> p{n, {d, (ptrdiff_t)n, 1}, wt.values, (ptrdiff_t)k, nullptr, s, (ptrdiff_t)k, false};
  if (k <= Vec<T>::lanes && n <= core::kSumBlock) {
    const Part<T> part((int)k);
    if (activation == NETLET_IDENTITY) return narrow_matmul(p, m, k, AsItIs());  // x may be null
    const auto in_registers = [&](auto a) {
      narrow_matmul(p, m, k,
                    [=](V<T> v, size_t i) { return decltype(a)::template backward<T>(v, load_part(x + i * k, part)); });
    };
    if (with_common_activation(activation, in_registers)) return;
  }
  row_products(Product<T, RowPointers<T>>{n, {d, (ptrdiff_t)n, nullptr}, p.b, p.b_k, nullptr, s, p.c_i, wt.in_panels},
               m, k);
  times_derivative(activation, m * k, x, s);
}

template <class T>
void gradient(size_t m, size_t n, size_t k, const Inputs<T>& x, Factor<T> deltas, ptrdiff_t d_i, T* g, T* bias) {
  const T* const d = deltas.values;
  if (n == 1 && d_i == 1 && !x.list) {  // lanes run over the inputs instead
    if (k) matmul(Product<T, RowPointers<T>>{m, {d, 0, nullptr}, x.first, x.stride, nullptr, g, 0, false}, 1, k);
    if (bias) sum_rows(m, n, d, d_i, bias);
    return;
  }
  if (n <= Vec<T>::lanes && !x.list && !deltas.in_panels) {
    const Strided<T> a{x.first, 1, x.stride};  // x^T
    const Part<T> part((int)n);
    size_t i = 0;
    for (; i + kNarrowRows <= k; i += kNarrowRows) narrow_gradient<T, kNarrowRows>(m, a, i, d, d_i, g, n, bias, part);
    if (kNarrowRows > 4 && i + 4 <= k) {
      narrow_gradient<T, 4>(m, a, i, d, d_i, g, n, bias, part);
      i += 4;
    }
    for (; i < k; ++i) narrow_gradient<T, 1>(m, a, i, d, d_i, g, n, bias, part);
    if (bias) narrow_gradient<T, 0, true>(m, a, 0, d, d_i, g, n, bias, part);
    return;
  }
  const T* list[core::kBlockRows];
  if (m > core::kBlockRows) __builtin_trap();
  for (size_t i = 0; i < m && !x.list; ++i) list[i] = x.first + (ptrdiff_t)i * x.stride;
  if (k) {
    const Columns<T> a{x.list ? x.list : list, x.list ? x.column : 0};
    matmul(Product<T, Columns<T>>{m, a, d, d_i, nullptr, g, (ptrdiff_t)n, deltas.in_panels}, k, n);
  }
  if (!bias) return;
  constexpr size_t panel = kTileVectors * Vec<T>::lanes;
  for (size_t j = 0, columns = n; j < n; j += columns) {
    if (deltas.in_panels) columns = n - j < panel ? n - j : panel;
    sum_rows(m, columns, d + (deltas.in_panels ? j * m : j), deltas.in_panels ? (ptrdiff_t)columns : d_i, bias + j);
  }
}

template <class T> void add(size_t n, T* a, const T* b) {
  map(n, a, b, a, [](V<T> x, V<T> y) { return x + y; });
}

template <class T> void divide(size_t n, T* a, T divisor) {
  if (const T inverse = core::exact_inverse(divisor)) return scale(n, a, inverse);
  const V<T> d = splat(divisor);
  map(n, a, a, [=](V<T> x) { return x / d; });
}

template <class T> size_t first_not_finite(size_t n, const T* x) {
  constexpr size_t lanes = Vec<T>::lanes, step = 16 * lanes;
  for (size_t i = 0; i < n; i += step) {
    const size_t end = n - i < step ? n : i + step;
    V<T> bad = splat(T(0));  // x - x is 0 for finite x and NaN otherwise
    size_t v = i;
    for (; v + lanes <= end; v += lanes) bad = bad + (load<T>(x + v) - load<T>(x + v));
    if (v < end) {
      const V<T> last = load_part(x + v, Part<T>((int)(end - v)));
      bad = bad + (last - last);
    }
    if (all_zero<T>(bad)) continue;
    for (v = i; v < end; ++v)
      if (!(x[v] - x[v] == 0)) return v;
  }
  return n;
}

template <class T> void divide_by(size_t n, T* a, const double* b) {
  for (size_t i = 0; i < n; ++i) a[i] = (T)((double)a[i] / b[i]);
}

// out = f * y, but 0 where f is 0, even if y is infinite or NaN
template <class T> void multiply_unless_zero(size_t n, const T* f, const T* y, T* out) {
  const V<T> zero = splat(T(0));
  map(n, f, y, out, [=](V<T> factor, V<T> v) { return factor == zero ? zero : factor * v; });
}

// scales each column by its own shift and scale, and back
template <class From, class T>
void standardize(size_t rows, size_t n, const double* shift, const double* scale, const From* x, T* out) {
  constexpr size_t lanes = Vec<double>::lanes;
  typedef From Given __attribute__((vector_size(lanes * sizeof(From))));
  typedef T Rounded __attribute__((vector_size(lanes * sizeof(T))));
  for (size_t i = 0; i < rows; ++i, x += n, out += n) {
    size_t j = 0;
    for (; j + lanes <= n; j += lanes) {
      Given given;
      __builtin_memcpy(&given, x + j, sizeof given);
      const V<double> wide = __builtin_convertvector(given, V<double>);
      const Rounded rounded =
          __builtin_convertvector((wide - load<double>(shift + j)) / load<double>(scale + j), Rounded);
      __builtin_memcpy(out + j, &rounded, sizeof rounded);
    }
    for (; j < n; ++j) out[j] = (T)(((double)x[j] - shift[j]) / scale[j]);
  }
}
template <class T> void unstandardize(size_t rows, size_t n, const double* shift, const double* scale, T* y) {
  for (size_t i = 0; i < rows; ++i, y += n)
    for (size_t j = 0; j < n; ++j) y[j] = (T)fma1((double)y[j], scale[j], shift[j]);
}

template <class T> constexpr core::RowKernels<T> row_kernels() {
  return {Vec<T>::lanes,
          kTileVectors * Vec<T>::lanes,
          kSmallColumns,
          forward<T>,
          forward_row<T>,
          backward<T>,
          gradient<T>,
          output_rows<T>,
          small_pass<T>,
          small_update<T>,
          small_values<T>,
          standardize<float, T>,
          standardize<double, T>,
          unstandardize<T>};
}

#define NETLET_STRING(x) NETLET_STRING_(x)
#define NETLET_STRING_(x) #x

}  // namespace

#if NETLET_ISA_AVX512VL
extern const core::RowKernelTable table;
const core::RowKernelTable table = {row_kernels<float>(), row_kernels<double>()};
#else
template <class T> static constexpr core::Kernels<T> all_kernels() {
  return {row_kernels<T>(),   transpose<T>, map_function<T>, update<T>, penalize<T>,  clip<T>,
          scale<T>,           squares<T>,   add<T>,          divide<T>, divide_by<T>, multiply_unless_zero<T>,
          first_not_finite<T>};
}
#if NETLET_ISA_AVX512
constexpr const core::RowKernelTable* narrow = &avx512vl::table;
#else
constexpr const core::RowKernelTable* narrow = nullptr;
#endif
extern const core::KernelTable table;
const core::KernelTable table = {NETLET_STRING(NETLET_ISA_NAME), all_kernels<float>(), all_kernels<double>(), narrow};
#endif

}  // namespace netlet::NETLET_ISA_NAME
