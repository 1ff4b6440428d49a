// SPDX-License-Identifier: BSD-3-Clause
// Rows of a batch on their way forward and backward: what the rows phase of a step writes and its parameters phase reads.
#pragma once

#include "arrays.hpp"
#include "kernels.hpp"
#include "network.hpp"

namespace netlet::core {

constexpr size_t kBlockRows = 256;  // gradients are summed in blocks of so many rows: part of the arithmetic

// The rows of a batch: which of x and y they are, and how the targets are to be read.
struct Batch {
  const netlet_array *x, *y;
  const size_t* order;  // row order[first + i] of x; null: row first + i
  size_t first, rows;
};

// Parameters of one layer: rows k0 to k1 of its (inputs + 1) x outputs matrix, whose last row are the biases, and
// columns j0 to j1.
struct Tile {
  size_t layer, k0, k1, j0, j1;
  size_t columns() const { return j1 - j0; }
  size_t size() const { return (k1 - k0) * columns(); }
};

template <class T> class Pass {
 public:
  // Room for `rows` rows; with_delta: backward too. False if there is no memory.
  bool allocate(const netlet_network& net, const netlet_array& x, const netlet_array& y, bool shuffled, size_t rows,
                bool with_delta);

  // Rows `from` to `from + count` of the batch, into rows `at` to `at + count` of this pass: forward, loss and, with
  // delta, backward. transposed: for each layer but the first, W^T. Returns how many rows' classes are right.
  size_t run(const Batch& batch, size_t from, size_t at, size_t count, const T* const* transposed);

  // The gradient of a tile over rows [row, row + count) of this pass; g has the tile's columns as row stride.
  void gradient(const Tile& tile, size_t row, size_t count, T* g) const;

  const double* row_loss() const { return row_loss_.data(); }

 private:
  const netlet_network* net_ = nullptr;
  const Kernels<T>* kernel_ = nullptr;
  bool in_place_ = false, targets_in_place_ = false, classes_given_ = false, with_delta_ = false;
  Buffer<T> memory_;
  Buffer<T*> output_, delta_;  // of each layer: rows x outputs
  T *x_ = nullptr, *z_ = nullptr, *t_ = nullptr;
  Buffer<int64_t> classes_;
  Buffer<double> row_loss_;
  const T* input_ = nullptr;  // of the first layer
  ptrdiff_t input_stride_ = 0;
};

}  // namespace netlet::core
