// SPDX-License-Identifier: BSD-3-Clause
// The scaling of inputs and outputs: set, or learned from data.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// What a scaling is learned from. The caller has checked shapes and weights.
struct Sample {
  const netlet_array& rows;
  const netlet_array* weights;  // null: 1 each
  bool skip_nan;                // values that are NaN count as absent
};

// From means and standard deviations of the columns; the caller holds the network.
netlet_status learn_scaling(netlet_network& net, int kind, const Sample& sample, netlet_error* error);

// Fails unless a scaling that is there is finite, with positive scales, and fits the loss.
netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error);

}  // namespace netlet::core
