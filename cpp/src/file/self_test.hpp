// SPDX-License-Identifier: BSD-3-Clause
// A row of inputs in each file, and the bits that the network makes of it.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

// Draws the inputs and computes the outputs: of net.inputs() and net.outputs() values.
netlet_status make_self_test(const netlet_network& net, Buffer<unsigned char>& input, Buffer<unsigned char>& output,
                             netlet_error* error);

// Fails unless the network makes the outputs of the inputs; writes over them.
netlet_status run_self_test(const netlet_network& net, const Buffer<unsigned char>& input,
                            Buffer<unsigned char>& output, netlet_error* error);

}  // namespace netlet::core
