// SPDX-License-Identifier: BSD-3-Clause
// The fixed tree in which sums are added.
#pragma once

#include <stddef.h>
#include <string.h>

#include "kernels/kernels.hpp"
#include "system/memory.hpp"

namespace netlet::core {

// At each level the neighbours (0, 1), (2, 3), ... are added; an unpaired last one moves up. add(i, j): i += j.
template <class F> void tree(size_t count, F add) {
  for (size_t width = 1; width < count; width *= 2)
    for (size_t i = 0; i + width < count; i += 2 * width) add(i, i + width);
}

// The same tree for terms that come one at a time: after term `index` was stored at place `depth`, adds up complete
// subtrees. Returns the number of places in use.
template <class F> size_t tree_push(size_t index, size_t depth, F add) {
  for (++depth; index & 1; index >>= 1, --depth) add(depth - 2, depth - 1);
  return depth;
}
template <class F> void tree_finish(size_t depth, F add) {
  for (; depth > 1; --depth) add(depth - 2, depth - 1);
}

// Sums of rows that come one at a time, however many: in order within blocks, the blocks in the tree. Sum: has add().
template <class Sum> class RowSums {
 public:
  // Begins with no row; `columns` sums. False if out of memory.
  bool begin(size_t columns) {
    columns_ = columns;
    rows_ = depth_ = 0;
    return open();
  }
  Sum* block() const { return places_[depth_].data(); }  // what the next row's terms are to be added to
  bool next_row() { return ++rows_ % kBlockRows != 0 || (close(), open()); }  // after each; false if out of memory
  size_t rows() const { return rows_; }
  // All together; no row may follow.
  const Sum* finish() {
    if (rows_ % kBlockRows != 0) close();
    tree_finish(depth_, [this](size_t a, size_t b) { add(a, b); });
    return places_[0].data();
  }

 private:
  bool open() {
    if (places_[depth_].size() != columns_) return places_[depth_].allocate(columns_, true);
    memset(static_cast<void*>(block()), 0, columns_ * sizeof(Sum));
    return true;
  }
  void close() {
    depth_ = tree_push((rows_ - 1) / kBlockRows, depth_, [this](size_t a, size_t b) { add(a, b); });
  }
  void add(size_t a, size_t b) {
    for (size_t j = 0; j < columns_; ++j) places_[a][j].add(places_[b][j]);
  }
  Buffer<Sum> places_[8 * sizeof(size_t)];  // one for each level of the tree, and the current block
  size_t columns_ = 0, rows_ = 0, depth_ = 0;
};

}  // namespace netlet::core
