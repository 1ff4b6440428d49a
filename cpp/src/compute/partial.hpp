// SPDX-License-Identifier: BSD-3-Clause
// Sums over a part of a batch: a list of complete subtrees of the tree in which blocks are added.
//
// A partial is one buffer: a Head, then its pieces, each a Piece and its values. Numbers have the machine's byte order.
#pragma once

#include "compute/rows.hpp"
#include "network/scaling.hpp"

namespace netlet::core {

struct Head {
  uint64_t mark;
  uint32_t task, dtype;  // what is summed, see task_number(); dtype of the gradient's values
  uint64_t rows, first;  // of the batch, as in netlet_task
  uint64_t seed, stream;
  uint64_t network;  // a hash of its layers and loss, of the numerics version, and of the means of deviations
  uint64_t values;   // of a piece: of the dtype with a gradient, otherwise binary64
  uint64_t pieces;   // the only field in which the partials of a task differ

  int kind() const { return (int)(task & 0xff); }
  size_t blocks() const { return divide_up((size_t)rows, kBlockRows); }
  size_t piece_bytes() const;
};

struct Piece {
  uint64_t index, level;  // node `index` of that level: its blocks are index 2^level, ..., as far as the batch has them
  double loss, weight;
  Errors errors;                      // if wanted
  double unit;                        // means: of roundoff of the values as they came
  uint64_t correct, judged, weighty;  // rows classified correctly; with a target; 0: none that counts, else 1

  BatchLoss sum() const { return {loss, weight, (size_t)correct}; }
  void add(const Piece& next);
};

// The whole batch's sums, as the caller gives them; fails unless they are that task's.
netlet_status read_total(const netlet_network& net, const netlet_task& task, const void* total, size_t size,
                         const Piece** piece, const void** values, netlet_error* error);

}  // namespace netlet::core
