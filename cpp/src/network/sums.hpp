// SPDX-License-Identifier: BSD-3-Clause
// The fixed tree that sums are added in, and the norm of a gradient.
#pragma once

#include <math.h>

#include "kernels/kernels.hpp"

namespace netlet::core {

// Neighbours (0, 1), (2, 3), ... at each level, an odd last one moves up as it is. add(i, j): i += j.
template <class F> void tree(size_t count, F add) {
  for (size_t width = 1; width < count; width *= 2)
    for (size_t i = 0; i + width < count; i += 2 * width) add(i, i + width);
}

inline size_t norm_blocks(size_t count) { return (count + kNormBlock - 1) / kNormBlock; }

template <class T> double block_squares(const Kernels<T>& kernel, size_t count, const T* g, size_t block) {
  const size_t first = block * kNormBlock, n = count - first < kNormBlock ? count - first : kNormBlock;
  return kernel.squares(n, g + first);
}

inline double norm_of(double* squares, size_t blocks) {
  tree(blocks, [&](size_t a, size_t b) { squares[a] = squares[a] + squares[b]; });
  return sqrt(squares[0]);
}

// What a gradient of this norm is multiplied with to be no longer than `limit`.
template <class T> T clip_factor(double norm, double limit) { return norm > limit ? (T)(limit / norm) : T(1); }

}  // namespace netlet::core
