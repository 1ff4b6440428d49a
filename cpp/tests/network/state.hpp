// SPDX-License-Identifier: BSD-3-Clause
// All that a network and an optimizer are, as bytes, to see whether a call has changed them.
#pragma once

#include <netlet/netlet.h>

#include <string>

inline void append(std::string& to, const void* data, std::size_t size) {
  if (size) to.append(static_cast<const char*>(data), size);
}
template <class T> void append(std::string& to, T value) { append(to, &value, sizeof value); }

inline std::string state_of(netlet_network* net) {
  std::string all;
  const std::size_t size = netlet_network_dtype(net) == NETLET_FLOAT32 ? 4 : 8;
  append(all, netlet_parameters(net), netlet_parameter_count(net) * size);
  append(all, netlet_seed(net));
  append(all, netlet_epochs_trained(net));
  for (const int kind : {NETLET_SCALE_INPUTS, NETLET_SCALE_OUTPUTS}) {
    const std::size_t count = kind == NETLET_SCALE_INPUTS ? netlet_inputs(net) : netlet_outputs(net);
    const bool there = netlet_scaling_scale(net, kind) != nullptr;
    append(all, there);
    if (there) append(all, netlet_scaling_shift(net, kind), count * sizeof(double));
    if (there) append(all, netlet_scaling_scale(net, kind), count * sizeof(double));
  }
  for (int kind = NETLET_CLASSES; kind <= NETLET_METADATA; ++kind) {
    const char* const note = netlet_note(net, kind);
    all += note ? note : "none";
    all += '\0';
  }
  return all;
}

inline std::string state_of(netlet_optimizer* optimizer) {
  std::string all;
  netlet_optimizer_config config = netlet_optimizer_get_config(optimizer);
  append(all, config.kind);
  append(all, config.nesterov);
  for (int i = 0; const double* setting = netlet_optimizer_setting(&config, i); ++i) append(all, *setting);
  const netlet_optimizer_progress p = netlet_optimizer_get_progress(optimizer);
  append(all, p.steps);
  for (const double value : {p.beta_1_power, p.beta_2_power, p.plateau_factor, p.plateau_best}) append(all, value);
  append(all, p.plateau_epochs);
  const std::size_t count = netlet_optimizer_size(optimizer);
  append(all, count);
  const std::size_t size = netlet_optimizer_dtype(optimizer) == NETLET_FLOAT32 ? 4 : 8;
  for (std::size_t slot = 0; count && slot < netlet_optimizer_slot_count(optimizer); ++slot)
    append(all, netlet_optimizer_slot(optimizer, slot), count * size);
  return all;
}
