// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "network.hpp"

namespace netlet::core {

// Means and standard deviations of the rows; the network is held, the shapes are right.
netlet_status learn_scaling(netlet_network& net, int kind, const netlet_array& rows, netlet_error* error);

}  // namespace netlet::core
