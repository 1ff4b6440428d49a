// SPDX-License-Identifier: BSD-3-Clause
// The contract that every instruction set fulfils: one table of functions for each element type.
//
// All give the same bits on all instruction sets; reference.py says which. Matrices are row-major, strides count
// elements, no function allocates, locks or looks at anything but its arguments.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netlet/netlet.h"

namespace netlet::core {

// Elementwise functions: the activations under their public numbers, and those that only netlet.functional has.
enum Function : int { kExp = 100, kLog = 101, kSoftplus = 102 };

// How an output row is compared with its target. y, z (before the activation), t: rows x n.
template <class T> struct OutputRows {
  int loss, activation;
  size_t rows, n;
  const T* z;  // read by the cross entropies only
  const T* y;
  const T* t;              // targets; null if classes are given
  const int64_t* classes;  // class of each row, or null
  T* delta;                // rows x n, out; null if not wanted
  double* row_loss;        // rows, out
  size_t correct;          // out: rows whose class is right (cross entropies)
};

// An optimizer's step with everything that does not depend on the element computed beforehand.
template <class T> struct Update {
  int optimizer;
  bool nesterov;
  T rate;                                // sgd: learning rate; adam: learning rate / (1 - beta_1^t)
  T momentum;                            // sgd
  T beta_1, beta_2, rest_1, rest_2;      // adam; rest = 1 - beta
  T root, epsilon;                       // adam; root = 1 / sqrt(1 - beta_2^t)
};

template <class T> struct Kernels {
  // c[i, j] = init[j] + sum_k a(i, k) b[k, j]; init null: 0
  void (*matmul)(size_t m, size_t n, size_t k, const T* a, ptrdiff_t a_i, ptrdiff_t a_k, const T* b, ptrdiff_t b_k,
                 const T* init, T* c, ptrdiff_t c_i);
  // b[j, i] = a[i, j]
  void (*transpose)(size_t rows, size_t columns, const T* a, ptrdiff_t a_i, T* b, ptrdiff_t b_j);
  // y = function(x), elementwise; x == y is allowed
  void (*map)(int function, size_t n, const T* x, T* y);
  // y[i, :] = softmax(z[i, :]); z == y is allowed
  void (*softmax)(size_t rows, size_t n, const T* z, T* y);
  // s *= f'(z), written in y = f(z)
  void (*times_derivative)(int activation, size_t n, const T* y, T* s);
  // row losses, output delta and correct rows
  void (*output_rows)(OutputRows<T>& rows);
  // w, and the optimizer's state s0 and s1, after a step along g
  void (*update)(const Update<T>& update, size_t n, const T* g, T* w, T* s0, T* s1);
  // a += b
  void (*add)(size_t n, T* a, const T* b);
  // a /= divisor
  void (*divide)(size_t n, T* a, T divisor);
  // index of the first value that is not finite, n if all are
  size_t (*first_not_finite)(size_t n, const T* x);
};

struct KernelTable {
  const char* isa;
  Kernels<float> f32;
  Kernels<double> f64;
};

// The table in use; null if NETLET_ISA names one that this machine does not have. Picked once, on first use.
const KernelTable* kernel_table();
netlet_status require_kernels(netlet_error* error);

template <class T> const Kernels<T>& kernels();
template <> inline const Kernels<float>& kernels<float>() { return kernel_table()->f32; }
template <> inline const Kernels<double>& kernels<double>() { return kernel_table()->f64; }

}  // namespace netlet::core
