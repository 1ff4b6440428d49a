// SPDX-License-Identifier: BSD-3-Clause
// Checks of inputs and targets.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// Whether y holds class indices.
inline bool by_class(const netlet_network& net, const netlet_array& y) {
  return net.loss == NETLET_CROSS_ENTROPY && y.columns == 1;
}

// Errors of data from which nothing can be learned: no row has a weight, or none has a target.
netlet_status no_weight(size_t rows, netlet_error* error);
netlet_status no_target(netlet_error* error);

constexpr const char* kMissingHint = "; missing='ignore' leaves such targets out";

netlet_status check_features(const netlet_network& net, const netlet_array* x, netlet_error* error);

// Only shapes and dtypes. with_gradient: output_gradient may be given instead of y.
netlet_status check_shapes(const netlet_network& net, const netlet_array* x, const netlet_targets* targets,
                           bool with_gradient, netlet_error* error);

// Class indices, which address memory, weights, and targets of which some may be missing; other values are not checked.
template <class T>
netlet_status check_classes_and_weights(const netlet_network& net, const netlet_targets& targets, netlet_error* error);

// One column of `rows` finite weights >= 0.
template <class T> netlet_status check_weights(const netlet_array& weights, size_t rows, netlet_error* error);

// The mean weight of the data, given or that of these rows; fails unless a mean can be divided by it.
template <class T>
netlet_status mean_weight(const netlet_targets& targets, size_t rows, double* mean, netlet_error* error);

// The sum of the rows' weights, in the tree.
template <class T>
netlet_status sum_weights(const netlet_targets& targets, size_t rows, double* sum, netlet_error* error);

// What mean_weight checks, for a sum of weights. given: not by the rows' own weights
template <class T>
netlet_status check_mean_weight(double sum, double mean, size_t rows, bool given, netlet_error* error);

// How many rows have a target, and whether one of these has a weight.
struct Judged {
  size_t rows;
  bool any;
};
template <class T> netlet_status count_judged(const netlet_network& net, const netlet_targets& targets, Judged* judged,
                                              netlet_error* error);

// Values must be finite once they are scaled; targets may be missing, and must meet the requirements of the loss.
// unscaled: only as they are
template <class T> netlet_status check_x(const netlet_network& net, const netlet_array& x, netlet_error* error);
template <class T> netlet_status check_y(const netlet_network& net, const netlet_targets& targets, netlet_error* error,
                                         bool unscaled = false);

// All of this but the mean weight. unscaled: a sum of netlet_scaling_kinds that are still to be learned
template <class T> netlet_status check_values(const netlet_network& net, const netlet_array& x,
                                              const netlet_targets& targets, int unscaled, netlet_error* error);

// All of this, for rows whose mean loss is wanted.
template <class T> netlet_status check_data(const netlet_network& net, const netlet_array& x,
                                            const netlet_targets& targets, int unscaled, netlet_error* error);

}  // namespace netlet::core
