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

  // For sums in parts (compute/partial.hpp): the sums of a pass as value_count() numbers; second: of the second pass.
  static size_t value_count(const netlet_network& net, int kind, bool second);
  static void add_values(bool second, size_t count, double* a, const double* b);
  void write(double* values);  // after all rows of a part, in place of end_of_pass
  netlet_status take(const double* values, bool any, double unit, size_t rows,
                     netlet_error* error);  // all rows' sums, likewise
  bool any() const { return any_; }
  double unit() const { return unit_; }
  // After the first pass: a mean and a unit for each column. set_means: what a part's second pass begins with
  void means(double* values) const;
  void set_means(const double* values);

 private:
  struct Column {
    double low, high, mean;
    double unit;  // a power of two near the largest distance from the mean, so that squares neither overflow nor vanish
  };
  template <class T, class F> netlet_status add_rows(const Sample& part, netlet_error* error, F f);
  netlet_status end_of_pass(const Sums* sums, size_t rows, netlet_error* error);
  netlet_status find_means(const Sums* sums, netlet_error* error);
  netlet_status find_deviations(const Sums* sums, netlet_error* error);

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

// Fails unless the rows may be learned from; kind: a netlet_scaling_kind
netlet_status check_sample(const netlet_network& net, int kind, const netlet_array* rows, const netlet_array* weights,
                           int missing, netlet_error* error);
netlet_status check_scaling_kind(int kind, netlet_error* error);

// Fails unless a scaling that is there is finite, with positive scales, and fits the loss.
netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error);

}  // namespace netlet::core
