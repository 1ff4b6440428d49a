// SPDX-License-Identifier: BSD-3-Clause
// Writes netlet's file.
#include <stdio.h>

#include "file/format.hpp"
#include "file/sha256.hpp"
#include "network/entry.hpp"
#include "system/disk.hpp"

namespace netlet::core {
namespace {

bool describe(const netlet_network& net, const netlet_optimizer* optimizer, Description& d) {
  memset(d.checksum, '0', kHex);
  d.checksum[kHex] = 0;
  snprintf(d.version, sizeof d.version, "%s", netlet_version());
  d.format = kFormat;
  d.numerics = (uint64_t)netlet_numerics_version();
  d.seed = net.seed;
  d.epochs_trained = net.epochs_trained;
  d.dtype = net.dtype;
  d.loss = net.loss;
  d.reduction = net.reduction;
  d.scaling = (net.input_scaling ? NETLET_SCALE_INPUTS : 0) | (net.output_scaling ? NETLET_SCALE_OUTPUTS : 0);
  d.has_optimizer = optimizer != nullptr;
  if (optimizer) {
    d.optimizer = optimizer->config.kind;
    d.nesterov = optimizer->config.nesterov != 0;
    d.bound = optimizer->size != 0;
    d.slots = optimizer->slot_count();
    d.steps = optimizer->progress.steps;
    d.plateau_epochs = optimizer->progress.plateau_epochs;
  }
  if (!d.sizes.allocate(net.layer_count() + 1) || !d.activations.allocate(net.layer_count())) return false;
  for (size_t i = 0; i <= net.layer_count(); ++i) d.sizes[i] = netlet_layer_size(&net, i);
  for (size_t i = 0; i < net.layer_count(); ++i) d.activations[i] = net.layers[i].activation;
  for (int i = 0; i < kNotes; ++i)
    if (!d.notes[i].copy(net.notes[i])) return false;
  return true;
}

netlet_status write(const netlet_network& net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                    netlet_error* error) {
  NETLET_TRY(check_parameters(net, error));
  if (optimizer) NETLET_TRY(check_optimizer(*optimizer, net.parameter_count, net.dtype, error));
  if (optimizer) NETLET_TRY(check_state(*optimizer, error));
  Description d = {};
  if (!describe(net, optimizer, d)) return out_of_memory(error);
  fingerprint(net, d.fingerprint);
  NETLET_TRY(check_stop(error));
  Model model;
  model.net = const_cast<netlet_network*>(&net);  // only read
  model.optimizer = const_cast<netlet_optimizer*>(optimizer);
  if (optimizer) {
    model.config = optimizer->settings();
    model.progress = optimizer->progress;
  }
  NETLET_TRY(make_room(d, model, error));
  for (size_t i = 0; i < net.layer_count(); ++i) model.dropout[i] = net.layers[i].dropout;
  if (!model.loss_parameters.copy(net.loss_parameters) || !model.input_scaling.copy(net.input_scaling.values) ||
      !model.output_scaling.copy(net.output_scaling.values))
    return out_of_memory(error);
  NETLET_TRY(make_self_test(net, model.test_input, model.test_output, error));

  Text header;
  write_header(d, header);
  size_t data_bytes, bytes;
  if (header.size() > kMostHeader)
    return invalid(error, "save: too many layers, their header would be longer than readers accept");
  if (header.failed() || !data_size(d, &data_bytes) || __builtin_add_overflow(8 + header.size(), data_bytes, &bytes) ||
      !out.allocate(bytes))
    return out_of_memory(error);
  unsigned char* at = out.data();
  for (int i = 0; i < 8; ++i) *at++ = (unsigned char)((uint64_t)header.size() >> (8 * i));
  memcpy(at, header.data(), header.size());
  at += header.size();
  Tensor tensor;
  for (size_t i = 0; get_tensor(d, model, i, &tensor); ++i) {
    memcpy(at, tensor.data, tensor.bytes());
    at += tensor.bytes();
  }
  hash(out.data(), bytes, d.checksum);
  NETLET_TRY(check_stop(error));
  memcpy(out.data() + checksum_place(), d.checksum, kHex);
  return NETLET_OK;
}

netlet_status write_held(const netlet_network* net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                         netlet_error* error) {
  return holding<Reading>("save", *net, error, [&](auto) {
    if (!optimizer) return write(*net, nullptr, out, error);
    const Reading held(optimizer->users);
    return held ? write(*net, optimizer, out, error) : busy("save", "optimizer", error);
  });
}

}  // namespace

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_to_bytes(const netlet_network* network, const netlet_optimizer* optimizer, void** bytes,
                              size_t* size, netlet_error* error) {
  Buffer<unsigned char> out;
  NETLET_TRY(write_held(network, optimizer, out, error));
  *size = out.size();
  *bytes = out.give();
  return NETLET_OK;
}

void netlet_free_bytes(void* bytes) { aligned_free(bytes); }

netlet_status netlet_save(const netlet_network* network, const netlet_optimizer* optimizer, const char* path,
                          netlet_error* error) {
  Buffer<unsigned char> out;
  NETLET_TRY(write_held(network, optimizer, out, error));
  return replace_file(path, out.data(), out.size(), error);
}

netlet_status netlet_replace_file(const char* path, const void* bytes, size_t size, netlet_error* error) {
  if (!bytes && size) return invalid(error, "bytes: expected %zu of them, got NULL", size);
  return replace_file(path, bytes, size, error);
}
