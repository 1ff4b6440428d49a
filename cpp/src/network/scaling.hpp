// SPDX-License-Identifier: BSD-3-Clause
// The scaling of inputs and outputs: set, or learned from data.
#pragma once

#include "network/entry.hpp"
#include "network/sums.hpp"

namespace netlet::core {

// What a scaling is learned from. The caller has checked shapes and weights.
struct Sample {
  const netlet_array& rows;
  const netlet_array* weights;  // null: 1 each
  bool skip_nan;                // values that are NaN count as absent
};

struct Sums {
  double weight, value;
  void add(const Sums& next) { *this = {weight + next.weight, value + next.value}; }
};

// Means and standard deviations of the columns, from two passes over the same rows, which may come in parts.
class Moments {
 public:
  netlet_status begin(const netlet_network& net, int kind, netlet_error* error);
  netlet_status add(const Sample& part, netlet_error* error);
  netlet_status end_of_pass(netlet_error* error);
  netlet_status set_in(netlet_network& net, netlet_error* error) const;  // after the second pass

 private:
  struct Column {
    double low, high, mean;
    double unit;  // a power of two near the largest distance from the mean, so that squares neither overflow nor vanish
  };
  template <class T, class F> netlet_status add_rows(const Sample& part, netlet_error* error, F f);
  netlet_status find_means(netlet_error* error);
  netlet_status find_deviations(netlet_error* error);

  const netlet_network* net_ = nullptr;
  int kind_ = 0;
  bool second_ = false, any_ = false;  // any_: weight above 0
  size_t rows_ = 0;
  double unit_ = 0;  // of roundoff of the values as they came
  Buffer<Column> columns_;
  Buffer<double> row_, shift_, scale_;
  RowSums<Sums> sums_;
};

// The caller holds the network. learn_scalings: kinds is a sum of netlet_scaling_kind; it passes twice over the batches.
netlet_status learn_scaling(netlet_network& net, int kind, const Sample& sample, netlet_error* error);
netlet_status learn_scalings(netlet_network& net, int kinds, const BatchSource& batches, netlet_error* error);

// Fails unless a scaling that is there is finite, with positive scales, and fits the loss.
netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error);

}  // namespace netlet::core
