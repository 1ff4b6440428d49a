// SPDX-License-Identifier: BSD-3-Clause
// netlet's file, read.
#include <stdio.h>

#include "file/format.hpp"
#include "file/sha256.hpp"
#include "network/scaling.hpp"
#include "system/disk.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"

namespace netlet::core {
namespace {

// A file, or memory; from the beginning to the end.
struct Source {
  InputFile* file;
  const unsigned char* memory;
  size_t size, at;

  netlet_status read(void* out, size_t count, netlet_error* error) {
    if (file) return file->read(out, count, error);
    memcpy(out, memory + at, count);
    at += count;
    return NETLET_OK;
  }
};

struct FreeModel {
  Model& model;
  ~FreeModel() {
    netlet_network_free(model.net);
    netlet_optimizer_free(model.optimizer);
  }
};

// Everything that tensors are read into. The settings of the optimizer are among them: it is made with others, which
// need as many slots.
netlet_status make_room(const Description& d, Model& model, netlet_error* error) {
  const netlet_config config = {d.sizes.data(), d.sizes.size(), d.activations.data(), d.loss, d.reduction, d.dtype, 0,
                                nullptr,        nullptr};
  NETLET_TRY(netlet_network_create(&config, &model.net, error));
  model.net->seed = d.seed;
  model.net->epochs_trained = d.epochs_trained;
  model.net->numerics = (int)d.numerics;
  const size_t size = size_of(d.dtype);
  if ((d.input_scaling && !model.net->input_scaling.values.allocate(2 * d.inputs() * size)) ||
      (d.output_scaling && !model.net->output_scaling.values.allocate(2 * d.outputs() * size)) ||
      !model.dropout.allocate(d.layers()) || !model.test_input.allocate(d.inputs() * size) ||
      !model.test_output.allocate(d.outputs() * size))
    return out_of_memory(error);
  if (!d.has_optimizer) return NETLET_OK;
  netlet_optimizer_config optimizer = netlet_optimizer_defaults(d.optimizer);
  if (d.slots == (d.optimizer == NETLET_SGD ? 1 : 2)) optimizer.momentum = 0.5;
  NETLET_TRY(netlet_optimizer_create(&optimizer, &model.optimizer, error));
  if (model.optimizer->slot_count() != d.slots)
    return fail(error, NETLET_ERROR_FORMAT, "optimizer_slots: %s cannot have %llu", netlet_optimizer_name(d.optimizer),
                (unsigned long long)d.slots);
  return d.bound ? netlet_optimizer_bind(model.optimizer, model.net->parameter_count, d.dtype, error) : NETLET_OK;
}

// What the tensors hold must be what the same values are where a program gives them.
netlet_status check_values(const Description& d, Model& model, netlet_error* error) {
  netlet_network& net = *model.net;
  NETLET_TRY(check_parameters(net, error));
  const netlet_config config = {d.sizes.data(),  d.sizes.size(),       d.activations.data(),
                                d.loss,          d.reduction,          d.dtype,
                                net.huber_delta, net.quantiles.data(), model.dropout.data()};
  NETLET_TRY(check_config(config, error));
  if (!(net.huber_delta > 0)) return fail(error, NETLET_ERROR_ARGUMENT, "huber_delta: expected a positive number");
  for (size_t i = 0; i + 1 < d.layers(); ++i) net.layers[i].dropout = model.dropout[i];
  NETLET_TRY(check_scaling(net, NETLET_SCALE_INPUTS, error));
  NETLET_TRY(check_scaling(net, NETLET_SCALE_OUTPUTS, error));
  if (!d.has_optimizer) return NETLET_OK;
  model.config.kind = d.optimizer;
  model.config.nesterov = d.nesterov;
  model.progress.steps = d.steps;
  model.progress.plateau_epochs = d.plateau_epochs;
  NETLET_TRY(check_settings(model.config, error));
  model.optimizer->config = model.config;
  model.optimizer->progress = model.progress;
  if (model.optimizer->slot_count() != d.slots)
    return fail(error, NETLET_ERROR_FORMAT, "momentum: it does not go with the number of optimizer_slots");
  return check_optimizer(*model.optimizer, net.parameter_count, d.dtype, error);
}

// So two outputs are compared of which only one is kept.
void hash_of(const Buffer<unsigned char>& values, char hex[kHex + 1]) {
  Sha256 sha;
  sha.add(values.data(), values.size());
  sha.finish(hex);
}

netlet_status self_test(const Description& d, Model& model, netlet_error* error) {
  const netlet_network& net = *model.net;
  char fingerprint[kHex + 1];
  NETLET_TRY(netlet_fingerprint(&net, fingerprint, error));
  if (strcmp(fingerprint, d.fingerprint) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the fingerprint is %s, but that of the network is %s", d.fingerprint,
                fingerprint);
  if (d.numerics != (uint64_t)netlet_numerics_version()) return NETLET_OK;  // other bits are expected
  char expected[kHex + 1], found[kHex + 1];
  hash_of(model.test_output, expected);
  NETLET_TRY(run_self_test(net, model.test_input.data(), model.test_output.data(), error));
  hash_of(model.test_output, found);
  if (strcmp(expected, found) == 0) return NETLET_OK;
  return fail(error, NETLET_ERROR_FORMAT,
              "the self-test failed: for its input the network does not give the output that the file says");
}

// The header of a file of `rest` bytes after its first eight: what it says, held against their number.
netlet_status read_header(const Buffer<char>& header, size_t rest, Description& d, netlet_error* error) {
  Cursor cursor(header.data(), header.size());
  NETLET_TRY(read_metadata(cursor, d, error));
  if (d.numerics > INT32_MAX) return fail(error, NETLET_ERROR_FORMAT, "the header is damaged: it is of no version");
  size_t data_bytes;
  const size_t found = rest - header.size();
  if (!data_size(d, &data_bytes))
    return fail(error, NETLET_ERROR_FORMAT, "layer_sizes: so many parameters that their number overflows");
  if (data_bytes != found)
    return fail(error, NETLET_ERROR_FORMAT, "%s: the network takes %zu bytes after the header, but %zu follow",
                found < data_bytes ? "the file is cut" : "the file is too long", data_bytes, found);
  return check_tensors(cursor, d, error);
}

netlet_status read(Source& source, netlet_network** network, netlet_optimizer** optimizer, netlet_error* error) {
  NETLET_TRY(netlet_check_environment(error));
  const DefaultFloatingPoint floating_point;
  unsigned char prefix[8];
  if (source.size < sizeof prefix)
    return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's: it has %zu bytes", source.size);
  NETLET_TRY(source.read(prefix, sizeof prefix, error));
  uint64_t header_size = 0;
  for (int i = 0; i < 8; ++i) header_size |= (uint64_t)prefix[i] << (8 * i);
  const size_t rest = source.size - sizeof prefix;
  if (header_size > kMostHeader) return fail(error, NETLET_ERROR_FORMAT, "this is not a file of netlet's");
  if (header_size > rest)
    return fail(error, NETLET_ERROR_FORMAT, "the file is cut: its header has %llu bytes, but only %zu follow",
                (unsigned long long)header_size, rest);
  Description d = {};
  Sha256 sha;
  {
    Buffer<char> header;  // gone before room is made for what it describes
    if (!header.allocate((size_t)header_size)) return out_of_memory(error);
    NETLET_TRY(source.read(header.data(), header.size(), error));
    NETLET_TRY(read_header(header, rest, d, error));
    memset(header.data() + checksum_place() - sizeof prefix, '0', kHex);
    sha.add(prefix, sizeof prefix);
    sha.add(header.data(), header.size());
  }
  Model model;
  const FreeModel free_model{model};
  NETLET_TRY(make_room(d, model, error));
  Tensor tensor;
  for (size_t i = 0; get_tensor(d, model, i, &tensor); ++i) {
    NETLET_TRY(source.read(tensor.data, tensor.bytes(), error));
    sha.add(tensor.data, tensor.bytes());
  }
  char checksum[kHex + 1];
  sha.finish(checksum);
  if (strcmp(checksum, d.checksum) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the file is damaged: its checksum is %s, not %s", checksum, d.checksum);
  const netlet_status status = check_values(d, model, error);
  if (status != NETLET_OK) return status == NETLET_ERROR_ARGUMENT ? NETLET_ERROR_FORMAT : status;
  NETLET_TRY(self_test(d, model, error));

  *network = model.net;
  model.net = nullptr;
  if (!optimizer) return NETLET_OK;
  *optimizer = model.optimizer;
  model.optimizer = nullptr;
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_from_bytes(const void* bytes, size_t size, netlet_network** network, netlet_optimizer** optimizer,
                                netlet_error* error) {
  if (!bytes && size) return fail(error, NETLET_ERROR_ARGUMENT, "bytes: expected %zu of them, got NULL", size);
  Source source = {nullptr, static_cast<const unsigned char*>(bytes), size, 0};
  return read(source, network, optimizer, error);
}

netlet_status netlet_load(const char* path, netlet_network** network, netlet_optimizer** optimizer,
                          netlet_error* error) {
  InputFile file;
  NETLET_TRY(file.open(path, error));
  Source source = {&file, nullptr, file.size(), 0};
  return read(source, network, optimizer, error);
}
