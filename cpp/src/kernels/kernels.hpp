// SPDX-License-Identifier: BSD-3-Clause
// The contract that every instruction set fulfils: one table of functions for each element type.
//
// All give the same bits on all instruction sets: those of python/netlet/reference. Matrices are row-major, strides
// count elements, no function allocates, locks or looks at anything but its arguments.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netlet/netlet.h"

namespace netlet::core {

constexpr int kGivenGradient = -1;  // as loss: t holds the derivative with respect to the outputs

// How an output row is compared with its target. y, z (before the activation): rows x n, t: rows x targets.
template <class T> struct OutputRows {
  int loss, activation;
  const double* parameters;  // of the loss, if it has any
  size_t rows, n;
  const T* z;              // read by the cross entropies, and where the derivative needs it
  T* y;                    // the loss cross_entropy has it computed from z
  const T* t;              // targets; null if classes are given
  const int64_t* classes;  // class of each row, or null
  const T* weights;        // of each row, or null
  T* delta;                // rows x n, out; null if not wanted
  double* row_loss;        // rows, out
  size_t correct;          // out: rows whose class is right (cross entropies)
};

template <class T> struct Step;  // of an optimizer: updates.hpp

// A matrix of weights as the products read it: row-major, or cut into panels of Kernels::panel columns (the last one
// may have fewer), each row-major, one after the other. Rows of a wide matrix lie so far apart that each costs a page
// and no prefetcher finds the next.
template <class T> struct Weights {
  const T* values;
  bool in_panels;
};

// A layer's input rows: `stride` values apart or, if there is a list, where it says, from `column` on.
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

// A layer of a network whose layers' outputs each fit one vector. Rows of a whole vector, lanes beyond the outputs 0: w
// and g (the biases' row last) and wt = w^T.
template <class T> struct SmallLayer {
  size_t inputs, outputs;
  int activation;  // a common one; of the output layer perhaps softmax
  const T* w;
  const T* keep;  // a vector: all bits set in the lanes of outputs, none beyond
  T *wt, *g;
  T* y;  // rows x outputs, and room for a vector more
  T* d;  // the delta, its rows d_i apart
  size_t d_i;
};

// A step of such a network. w, g, s0, s1: `size` values, the layers' one after the other.
template <class T> struct SmallStep {
  const SmallLayer<T>* layers;
  size_t layer_count, size, parameter_count;
  const T* x;
  ptrdiff_t x_i;
  T* z;  // the output layer's sums, as y; null if not wanted
  OutputRows<T> out;
  T *w, *g, *s0, *s1;
};

constexpr size_t kBlockRows = 256;   // gradients are summed in blocks of so many rows: part of the arithmetic
constexpr size_t kNormBlock = 4096;  // squares are summed in blocks of so many: part of the arithmetic

// What works row by row.
template <class T> struct RowKernels {
  size_t lanes;  // of a vector
  size_t panel;  // columns

  // The three products of a layer with k inputs and n outputs, over m rows:
  // y = activation(x w + b); z = x w + b too, unless null. x: row stride x_i, or, unless `list` is null, row i at
  // list[i]; w: k x n; y, z: m x n
  void (*forward)(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* const* list, Weights<T> w,
                  const T* b, int activation, T* z, T* y);
  // s = (d w^T) times f', written in the layer's input x = f(z), or x = z if the derivative needs it. d: m x n,
  // wt = w^T: n x k, x and s: m x k
  void (*backward)(size_t m, size_t n, size_t k, const T* d, Weights<T> wt, int activation, const T* x, T* s);
  // g = x^T d and, unless bias is null, bias = the sum of d's rows; m is at most kBlockRows. d: row stride d_i;
  // g: k x n
  void (*gradient)(size_t m, size_t n, size_t k, const Inputs<T>& x, const T* d, ptrdiff_t d_i, T* g, T* bias);

  // row losses, output delta and correct rows
  void (*output_rows)(OutputRows<T>& rows);
  // Forward, losses and deltas backward, gradient.
  void (*small_pass)(SmallStep<T>& step);
  // A step along it.
  void (*small_update)(SmallStep<T>& small, const Step<T>& step);
  // w, s0 or s1 without the lanes that are beyond.
  void (*small_values)(const SmallStep<T>& step, const T* from, T* to);
  // rows of n columns: x = (x - shift) / scale, and y = y scale + shift
  void (*standardize)(size_t rows, size_t n, const T* shift, const T* scale, T* x);
  void (*unstandardize)(size_t rows, size_t n, const T* shift, const T* scale, T* y);
};

// And what goes over whole arrays.
template <class T> struct Kernels : RowKernels<T> {
  // b[j, i] = a[i, j]
  void (*transpose)(size_t rows, size_t columns, const T* a, ptrdiff_t a_i, T* b, ptrdiff_t b_j);
  // y = function(x), elementwise: an activation but softmax, or a netlet_function; x == y is allowed
  void (*map)(int function, size_t n, const T* x, T* y);
  // w, and the optimizer's state s0 and s1, after a step along g
  void (*update)(const Step<T>& step, size_t n, const T* g, T* w, T* s0, T* s1);
  // g = g + l2 w, then l1 sign(w) more; w times decay
  void (*penalize)(size_t n, T* g, T* w, T l2, T l1, T decay);
  // values of g kept within -limit and limit
  void (*clip)(size_t n, T* g, T limit);
  // a *= factor
  void (*scale)(size_t n, T* a, T factor);
  // the sum of squares of at most kNormBlock values
  double (*squares)(size_t n, const T* g);
  // a += b
  void (*add)(size_t n, T* a, const T* b);
  // a /= divisor
  void (*divide)(size_t n, T* a, T divisor);
  // a /= b
  void (*divide_by)(size_t n, T* a, const T* b);
  // out = f y where f is not 0, else 0
  void (*multiply_unless_zero)(size_t n, const T* f, const T* y, T* out);
  // index of the first value that is not finite, n if all are
  size_t (*first_not_finite)(size_t n, const T* x);
};

struct KernelTable {
  const char* isa;
  Kernels<float> f32;
  Kernels<double> f64;
};

// Of an instruction set that only serves narrow rows.
struct RowKernelTable {
  RowKernels<float> f32;
  RowKernels<double> f64;
};

// The table in use; null if NETLET_ISA names one that this machine does not have. Picked once, on first use.
const KernelTable* kernel_table();
netlet_status require_kernels(netlet_error* error);

template <class T, class Table> const auto& kernels_of(const Table& table) {
  if constexpr (sizeof(T) == 4)
    return table.f32;
  else
    return table.f64;
}

template <class T> const Kernels<T>& kernels() { return kernels_of<T>(*kernel_table()); }

// For rows of so many columns: shorter vectors of the same instructions are faster where they hold a whole row.
template <class T> const RowKernels<T>& kernels(size_t widest);

}  // namespace netlet::core
