// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "file/sha256.hpp"
#include "network/network.hpp"
#include "system/error.hpp"

namespace netlet::core {
namespace {

void add_text(Sha256& sha, const char* text) { sha.add(text, strlen(text)); }

// little-endian; every NaN counts as the positive quiet NaN without payload
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
  const Reading held(network->users);
  if (!held) return busy("fingerprint", "network", error);
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
  const char* const names[] = {"\n", netlet_loss_name(network->loss), "\n", netlet_reduction_name(network->reduction),
                               "\n"};
  for (const char* name : names) add_text(sha, name);
  const auto add_doubles = [&](const double* values, size_t count) {
    add_values(sha, values, count, (uint64_t)0x7ff8000000000000);
  };
  add_doubles(network->loss_parameters.data(), network->loss_parameters.size());
  const auto add_array = [&](const unsigned char* values, size_t bytes) {
    if (network->dtype == NETLET_FLOAT32)
      add_values(sha, reinterpret_cast<const float*>(values), bytes / 4, (uint32_t)0x7fc00000);
    else
      add_doubles(reinterpret_cast<const double*>(values), bytes / 8);
  };
  add_array(network->parameters.data(), network->parameter_count * size_of(network->dtype));
  if (network->input_scaling) add_text(sha, "inputs\n");
  add_array(network->input_scaling.values.data(), network->input_scaling.values.size());
  if (network->output_scaling) add_text(sha, "outputs\n");
  add_array(network->output_scaling.values.data(), network->output_scaling.values.size());
  sha.finish(hex);
  return NETLET_OK;
}
