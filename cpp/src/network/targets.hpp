// SPDX-License-Identifier: BSD-3-Clause
// Checks of inputs and targets.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// Whether y holds class indices.
inline bool by_class(const netlet_network& net, const netlet_array& y) {
  return net.loss == NETLET_CROSS_ENTROPY && y.columns == 1;
}

netlet_status check_features(const netlet_network& net, const netlet_array* x, netlet_error* error);

// Only shapes and dtypes. with_gradient: output_gradient may be given instead of y.
netlet_status check_shapes(const netlet_network& net, const netlet_array* x, const netlet_targets* targets,
                           bool with_gradient, netlet_error* error);

// Class indices, which address memory, and weights; other values are not checked.
template <class T>
netlet_status check_classes_and_weights(const netlet_network& net, const netlet_targets& targets, netlet_error* error);

// One column of `rows` finite weights >= 0.
template <class T> netlet_status check_weights(const netlet_array& weights, size_t rows, netlet_error* error);

// All values: they must be finite and meet the requirements of the loss. unscaled: a sum of netlet_scaling_kinds that
// are still to be learned, so that the values are only checked as they are.
template <class T> netlet_status check_data(const netlet_network& net, const netlet_array& x,
                                            const netlet_targets& targets, int unscaled, netlet_error* error);

// Finite once they are scaled.
template <class T> netlet_status check_scaled(const netlet_network& net, int kind, const char* name,
                                              const netlet_array& a, netlet_error* error);

}  // namespace netlet::core
