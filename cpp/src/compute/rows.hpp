// SPDX-License-Identifier: BSD-3-Clause
// Reads the rows of a batch: in place if possible, otherwise into copies.
#pragma once

#include "network/network.hpp"
#include "network/random.hpp"

namespace netlet::core {

// Which of a layer's outputs training drops depends only on seed, stream, layer, row and unit.
struct DropoutKey {
  uint64_t seed;
  uint32_t stream;  // epoch or step
  Purpose purpose;
  uint64_t row;                   // index of the batch's first row
  const size_t* order = nullptr;  // in place of the batch's own order: number of each row of x
};

// Which rows of x and y a batch consists of.
struct Batch {
  const netlet_array* x;
  const netlet_targets* targets;
  const size_t* order;  // row order[first + i] of x; null: row first + i
  size_t first, rows;
  DropoutKey dropout;

  const size_t* order_from(size_t row) const { return order ? order + first + row : nullptr; }
};

// How the network compares outputs with targets; the rows are still to be set.
template <class T> OutputRows<T> comparison(const netlet_network& net) {
  OutputRows<T> out = {};
  out.loss = net.loss;
  out.activation = net.layers[net.layer_count() - 1].activation;
  out.parameters = net.loss_parameters.data();
  out.n = net.outputs();
  out.each = net.loss_kind().outputs_per_target;
  return out;
}

struct BatchLoss {
  double sum;      // over the rows, before reduction
  double weight;   // of the rows, the divisor of a mean
  size_t correct;  // rows that are classified correctly

  void add(const BatchLoss& next) {
    sum = sum + next.sum;
    weight = weight + next.weight;
    correct += next.correct;
  }
};

// What the sums of a loss and its gradient over a batch of that weight are finally divided by; 0: nothing.
inline double divisor(const netlet_network& net, size_t rows, double weight, double weight_mean) {
  if (net.reduction != NETLET_MEAN) return 0;
  return weight_mean != 0 ? (double)rows * weight_mean : weight;
}
inline double divisor(const netlet_network& net, const netlet_targets& targets, size_t rows, double weight) {
  return targets.y ? divisor(net, rows, weight, targets.weight_mean) : 0;
}
inline double reduced(double sum, double divisor) { return divisor != 0 ? sum / divisor : sum; }

// How far predictions are from targets: sums over the targets of a row, or of many rows.
struct Errors {
  double square, absolute, count;
  void add(const Errors& next) { *this = {square + next.square, absolute + next.absolute, count + next.count}; }
};

template <class T> class RowReader {
 public:
  // For `rows` rows. False if out of memory.
  bool allocate(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                size_t rows);

  // Rows `from` to `from + count` of the batch; copies are stored from row `at` on.
  Inputs<T> inputs(const Batch& batch, size_t from, size_t at, size_t count);
  // Sets t (possibly to a given output gradient), whether some may be missing, classes and weights.
  void targets(const Batch& batch, size_t from, size_t at, size_t count, OutputRows<T>& out);

  const T* weights() const { return w_.data(); }

 private:
  const netlet_network* net_ = nullptr;
  bool in_place_ = false, through_order_ = false, targets_in_place_ = false, classes_given_ = false;
  Buffer<T> x_, t_, w_;
  Buffer<const T*> row_;  // if through_order_: the addresses of the rows
  Buffer<int64_t> classes_;
};

}  // namespace netlet::core
