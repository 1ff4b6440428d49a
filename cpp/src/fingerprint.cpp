// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "error.hpp"
#include "network.hpp"
#include "sha256.hpp"

namespace netlet::core {
namespace {

void add_text(Sha256& sha, const char* text) { sha.add(text, strlen(text)); }

// little-endian, each NaN as the positive quiet one without payload
template <class T, class U> void add_values(Sha256& sha, const T* values, size_t count, U quiet_nan) {
  for (size_t i = 0; i < count; ++i) {
    U bits;
    memcpy(&bits, values + i, sizeof bits);
    if (values[i] != values[i]) bits = quiet_nan;
    unsigned char bytes[sizeof(U)];
    for (size_t b = 0; b < sizeof(U); ++b) bytes[b] = (unsigned char)(bits >> (8 * b));
    sha.add(bytes, sizeof bytes);
  }
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_fingerprint(const netlet_network* network, char hex[65], netlet_error* error) {
  const Reading reading(network->users);
  if (!reading) return busy("fingerprint", error);
  Sha256 sha;
  add_text(sha, "netlet 1\n");
  add_text(sha, netlet_dtype_name(network->dtype));
  for (size_t i = 0; i <= network->layer_count(); ++i) {
    char size[32];
    snprintf(size, sizeof size, "%c%zu", i ? ' ' : '\n', netlet_layer_size(network, i));
    add_text(sha, size);
  }
  for (size_t i = 0; i < network->layer_count(); ++i) {
    add_text(sha, i ? " " : "\n");
    add_text(sha, netlet_activation_name(network->layers[i].activation));
  }
  add_text(sha, "\n");
  add_text(sha, netlet_loss_name(network->loss));
  add_text(sha, "\n");
  add_text(sha, netlet_reduction_name(network->reduction));
  add_text(sha, "\n");
  if (network->dtype == NETLET_FLOAT32)
    add_values(sha, network->values<float>(), network->parameter_count, (uint32_t)0x7fc00000);
  else
    add_values(sha, network->values<double>(), network->parameter_count, (uint64_t)0x7ff8000000000000);
  sha.finish(hex);
  return NETLET_OK;
}
