// SPDX-License-Identifier: BSD-3-Clause
// What inputs and targets must be like.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// Whether y holds class indices.
inline bool by_class(const netlet_network& net, const netlet_array& y) {
  return net.loss == NETLET_CROSS_ENTROPY && y.columns == 1;
}

netlet_status check_features(const netlet_network& net, const netlet_array* x, netlet_error* error);

// Shapes and dtypes alone. with_gradient: output_gradient may stand instead of y.
netlet_status check_shapes(const netlet_network& net, const netlet_array* x, const netlet_targets* targets,
                           bool with_gradient, netlet_error* error);

// Class indices, which address memory, and weights; other values may be anything.
template <class T>
netlet_status check_classes_and_weights(const netlet_network& net, const netlet_targets& targets, netlet_error* error);

// All values: finite, and what loss and weights ask for.
template <class T> netlet_status check_data(const netlet_network& net, const netlet_array& x,
                                            const netlet_targets& targets, netlet_error* error);

}  // namespace netlet::core
