// SPDX-License-Identifier: BSD-3-Clause
// The contract of every instruction set: one table of functions per element type.
//
// Results have the same bits on all instruction sets, those of python/netlet/reference. Matrices are row-major, strides
// count elements, and no function allocates, locks or reads anything but its arguments.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netlet/netlet.h"

namespace netlet::core {

// Of a network.
struct Layer {
  size_t inputs, outputs;
  int activation;
  size_t weights, biases;  // where they begin in the parameters
  double dropout;          // share of the outputs that training drops
  size_t hidden;           // where its outputs begin in the memory that one row needs for those of hidden layers
};

constexpr int kGivenGradient = -1;  // in place of a loss: t holds the derivative with respect to the outputs

// Output rows and what they are compared with. y, z (before the activation): rows x n, t: rows x targets.
template <class T> struct OutputRows {
  int loss, activation;
  const double* parameters;  // of the loss, if any
  size_t rows, n, each;      // each: outputs of a target
  const T* z;                // for cross entropies, and where the derivative reads it
  T* y;                      // for the loss cross_entropy computed here from z
  const T* t;                // targets; null with classes
  bool missing;              // a target that is NaN is missing
  const int64_t* classes;    // class of each row, or null
  const T* weights;          // of each row, or null
  T* delta;                  // out: rows x n; null if not wanted
  double* row_loss;          // out: of each row
  size_t correct;            // out: correctly classified rows (cross entropies)
};

template <class T> struct Step;  // of an optimizer: updates.hpp

// The right factor of a product, weights or deltas: row-major, or in panels of RowKernels::panel columns (the last one may
// have fewer), each row-major, one after the other. Rows of a wide matrix lie so far apart that each is on another page
// and no prefetcher finds the next.
template <class T> struct Factor {
  const T* values;
  bool in_panels;
};
constexpr size_t kWideBytes = 1024;  // of a row: longer ones are worth panels
template <class T> bool wide(size_t columns) { return columns * sizeof(T) > kWideBytes; }

// A layer's input rows: `stride` values apart or, with a list, at the addresses in it, starting at `column`.
template <class T> struct Inputs {
  const T* first;
  ptrdiff_t stride;
  const T* const* list = nullptr;
  size_t column = 0;

  Inputs part(size_t row, size_t from) const {
    if (list) return {nullptr, 0, list + row, column + from};
    return {first + (ptrdiff_t)row * stride + (ptrdiff_t)from, stride};
  }
};

// A layer of a network in which each layer's outputs fit into one vector. w and g (the biases' row last) and wt = w^T
// have rows of a whole vector, whose lanes beyond the outputs are 0. The values of rows are stored as rows x outputs or
// as columns, one for each output; either way there is space for whole vectors.
template <class T> struct SmallLayer {
  size_t inputs, outputs;
  int activation;  // a common one; identity before a softmax
  T* w;
  const T* keep;  // a vector: all bits set in the lanes of the outputs, none in the others
  T *wt, *g;
  const T* x;  // value k of row i is at x[i x_i + k x_k]
  ptrdiff_t x_i, x_k;
  T* y;
  T* d;  // the delta, with row stride d_i
  ptrdiff_t d_i;
  T *columns, *slopes;  // of the delta and, but in the output layer, of the derivatives of y
};

// A step of such a network. w, g, s0, s1: `size` values, layer after layer.
template <class T> struct SmallStep {
  const SmallLayer<T>* layers;
  size_t layer_count, size, parameter_count;
  // Whether lanes hold rows, not outputs. Columns are then x_k apart in all layers, and y are columns but in an output
  // layer with several outputs.
  bool in_columns;
  bool squared_error;  // in columns, of one output without a softmax that has all targets, and no weights
  bool softmax;        // of the outputs, but for the loss cross_entropy
  T* z;                // the output layer's sums, laid out as y; null if not wanted
  OutputRows<T> out;
  T *w, *g, *s0, *s1;
  bool inverted;  // the gradient is multiplied by `divisor`
  T divisor;
  bool plain;  // the pass also makes the step w += rate g
  T rate;
};

constexpr size_t kBlockRows = 256;   // gradients are summed in blocks of this many rows: part of the arithmetic
constexpr size_t kSumBlock = 4096;   // sums over inputs or outputs are added in blocks of this many terms: likewise
constexpr size_t kNormBlock = 4096;  // squares are summed in blocks of this many: likewise

// Functions that work row by row.
template <class T> struct RowKernels {
  size_t lanes;  // of a vector
  size_t panel;  // columns
  bool small_columns;

  // The three products of a layer with k inputs and n outputs, over m rows:
  // y = activation(x w + b), and z = x w + b unless z is null. x: row stride x_i or, unless `list` is null, row i at
  // list[i]; w: k x n; y, z: m x n
  void (*forward)(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* const* list, Factor<T> w,
                  const T* b, int activation, T* z, T* y);
  // The same for one row and all layers of a network.
  void (*forward_row)(const Layer* layers, size_t count, const T* parameters, const T* x, T* hidden, T* y);
  // s = (d w^T) times f', a function of the layer's input x = f(z), or of x = z for some activations. d: m x n,
  // wt = w^T: n x k, x and s: m x k
  void (*backward)(size_t m, size_t n, size_t k, const T* d, Factor<T> wt, int activation, const T* x, T* s);
  // g = x^T d and, unless bias is null, bias = the sum of d's rows; m is at most kBlockRows. d: row stride d_i unless in
  // panels; g: k x n
  void (*gradient)(size_t m, size_t n, size_t k, const Inputs<T>& x, Factor<T> d, ptrdiff_t d_i, T* g, T* bias);

  // losses of the rows, output delta, correct rows
  void (*output_rows)(OutputRows<T>& rows);
  // Forward pass, losses, backward pass, gradient, and a plain step; in columns only if small_columns.
  void (*small_pass)(SmallStep<T>& step);
  // The step along it.
  void (*small_update)(SmallStep<T>& small, const Step<T>& step);
  // Copies w, s0 or s1 without the unused lanes.
  void (*small_values)(const SmallStep<T>& step, const T* from, T* to);
  // rows of n columns, in binary64 and rounded to T: out = (x - shift) / scale, and y = y scale + shift
  void (*standardize_floats)(size_t rows, size_t n, const double* shift, const double* scale, const float* x, T* out);
  void (*standardize)(size_t rows, size_t n, const double* shift, const double* scale, const double* x, T* out);
  void (*unstandardize)(size_t rows, size_t n, const double* shift, const double* scale, T* y);
};

// And functions of whole arrays.
template <class T> struct Kernels : RowKernels<T> {
  // b[j, i] = a[i, j]
  void (*transpose)(size_t rows, size_t columns, const T* a, ptrdiff_t a_i, T* b, ptrdiff_t b_j);
  // y = function(x), elementwise: an activation except softmax, or a netlet_function; x == y is allowed
  void (*map)(int function, size_t n, const T* x, T* y);
  // updates w, and the optimizer's state s0 and s1, by a step along g
  void (*update)(const Step<T>& step, size_t n, const T* g, T* w, T* s0, T* s1);
  // g += l2 w, g += l1 sign(w), w *= decay
  void (*penalize)(size_t n, T* g, T* w, T l2, T l1, T decay);
  // clips the values of g to [-limit, limit]
  void (*clip)(size_t n, T* g, T limit);
  // a *= factor
  void (*scale)(size_t n, T* a, T factor);
  // the sum of squares of at most kNormBlock values
  double (*squares)(size_t n, const T* g);
  // a += b
  void (*add)(size_t n, T* a, const T* b);
  // a /= divisor
  void (*divide)(size_t n, T* a, T divisor);
  // a /= b in binary64
  void (*divide_by)(size_t n, T* a, const double* b);
  // out = f y where f is not 0, otherwise 0
  void (*multiply_unless_zero)(size_t n, const T* f, const T* y, T* out);
  // index of the first value that is not finite, n if there is none
  size_t (*first_not_finite)(size_t n, const T* x);
};

// Of an instruction set that is only used for narrow rows.
struct RowKernelTable {
  RowKernels<float> f32;
  RowKernels<double> f64;
};

struct KernelTable {
  const char* isa;
  Kernels<float> f32;
  Kernels<double> f64;
  const RowKernelTable* narrow;  // for rows of at most kNarrowBytes, which one of its shorter vectors holds; or null
};
constexpr size_t kNarrowBytes = 32;

extern const KernelTable* g_kernel_table;  // null before first use; accessed with atomic builtins
const KernelTable* select_kernel_table();
// The table in use; null if NETLET_ISA names one that is not available here.
inline const KernelTable* kernel_table() {
  const KernelTable* const table = __atomic_load_n(&g_kernel_table, __ATOMIC_ACQUIRE);
  return table ? table : select_kernel_table();
}
netlet_status require_kernels(netlet_error* error);

template <class T, class Table> const auto& kernels_of(const Table& table) {
  if constexpr (sizeof(T) == 4)
    return table.f32;
  else
    return table.f64;
}

template <class T> const Kernels<T>& kernels() { return kernels_of<T>(*kernel_table()); }

// 1 / divisor if multiplying by that is exact, as it is for a power of two, and faster; otherwise 0. (static: each
// instruction set needs its own.)
template <class T> static inline T exact_inverse(T divisor) {
  const double whole = divisor;
  uint64_t bits;
  __builtin_memcpy(&bits, &whole, sizeof bits);
  const T inverse = (T)(1 / whole);
  return bits << 12 == 0 && inverse - inverse == 0 ? inverse : 0;
}

// For rows of at most this many columns.
template <class T> inline const RowKernels<T>& kernels(size_t widest) {
  const KernelTable& table = *kernel_table();
  return table.narrow && widest * sizeof(T) <= kNarrowBytes ? kernels_of<T>(*table.narrow) : kernels_of<T>(table);
}

}  // namespace netlet::core
