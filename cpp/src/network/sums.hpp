// SPDX-License-Identifier: BSD-3-Clause
// The fixed tree in which sums are added.
#pragma once

#include <stddef.h>

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

}  // namespace netlet::core
