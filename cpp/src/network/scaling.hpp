// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// Means and standard deviations of the rows; the network is held, the shapes are right.
netlet_status learn_scaling(netlet_network& net, int kind, const netlet_array& rows, netlet_error* error);

// Shifts and scales that are there have to be finite, and scales positive; fits the loss.
netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error);

}  // namespace netlet::core
