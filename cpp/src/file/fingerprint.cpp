// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "file/sha256.hpp"
#include "network/network.hpp"

namespace netlet::core {
namespace {

void add_text(Sha256& sha, const char* text) { sha.add(text, strlen(text)); }

// little-endian, as memory is; every NaN counts as the positive quiet NaN without payload
template <class T> void add_values(Sha256& sha, const T* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const T value = values[i] != values[i] ? (T)__builtin_nan("") : values[i];
    sha.add(&value, sizeof value);
  }
}

}  // namespace

void fingerprint(const netlet_network& net, char hex[65], int numerics) {
  Sha256 sha;
  add_text(sha, "netlet 1\n");
  add_text(sha, netlet_dtype_name(net.dtype));
  for (size_t i = 0; i <= net.layer_count(); ++i) {
    char size[32];
    snprintf(size, sizeof size, "%c%zu", i ? ' ' : '\n', netlet_layer_size(&net, i));
    add_text(sha, size);
  }
  for (size_t i = 0; i < net.layer_count(); ++i) {
    add_text(sha, i ? " " : "\n");
    add_text(sha, netlet_activation_name(net.layers[i].activation));
  }
  const char* const names[] = {"\n", netlet_loss_name(net.loss), "\n", netlet_reduction_name(net.reduction), "\n"};
  for (const char* name : names) add_text(sha, name);
  add_values(sha, net.loss_parameters.data(), net.loss_parameters.size());
  if (net.dtype == NETLET_FLOAT32)
    add_values(sha, net.values<float>(), net.parameter_count);
  else
    add_values(sha, net.values<double>(), net.parameter_count);
  for (int kind = NETLET_SCALE_INPUTS; kind <= NETLET_SCALE_OUTPUTS; ++kind) {
    const Buffer<double>& values = net.scaling(kind).values;
    if (values.size()) add_text(sha, kind == NETLET_SCALE_INPUTS ? "inputs\n" : "outputs\n");
    for (size_t i = 0; i < values.size(); ++i) {
      const float rounded = (float)values[i];
      if (numerics == 1 && net.dtype == NETLET_FLOAT32)
        add_values(sha, &rounded, 1);
      else
        add_values(sha, &values[i], 1);
    }
  }
  sha.finish(hex);
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_fingerprint(const netlet_network* network, char hex[65], netlet_error* error) {
  const Reading held(network->users);
  if (!held) return busy("fingerprint", "network", error);
  char text[65];
  fingerprint(*network, text);
  NETLET_TRY(check_stop(error));
  memcpy(hex, text, sizeof text);
  return NETLET_OK;
}
