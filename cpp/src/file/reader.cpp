// SPDX-License-Identifier: BSD-3-Clause
// Reads netlet's file.
#include <stdio.h>

#include "file/format.hpp"
#include "file/sha256.hpp"
#include "network/scaling.hpp"
#include "system/disk.hpp"

namespace netlet::core {
namespace {

struct OwnModel : Model {
  ~OwnModel() {
    netlet_network_free(net);
    netlet_optimizer_free(optimizer);
  }
};

// Creates network and optimizer. Values from a file must pass the checks that values from the API pass.
netlet_status create(const Description& d, Model& model, netlet_error* error) {
  const Buffer<double>& parameters = model.loss_parameters;
  const netlet_config config = {d.sizes.data(),      d.sizes.size(), d.activations.data(), d.loss,
                                d.reduction,         d.dtype,        parameters.data(),    parameters.size(),
                                model.dropout.data()};
  NETLET_TRY(netlet_network_create(&config, &model.net, error));
  netlet_network& net = *model.net;
  net.seed = d.seed;
  net.epochs_trained = d.epochs_trained;
  net.numerics = (int)d.numerics;
  for (int i = 0; i < kNotes; ++i)
    if (!net.notes[i].copy(d.notes[i])) return out_of_memory(error);
  if (!d.has_optimizer) return NETLET_OK;
  model.config.kind = d.optimizer;
  model.config.nesterov = d.nesterov;
  model.progress.steps = d.steps;
  model.progress.plateau_epochs = d.plateau_epochs;
  NETLET_TRY(netlet_optimizer_create(&model.config, &model.optimizer, error));
  if (model.optimizer->slot_count() != d.slots)
    return fail(error, NETLET_ERROR_FORMAT, "optimizer_slots: expected %zu for these settings, got %llu",
                model.optimizer->slot_count(), (unsigned long long)d.slots);
  model.optimizer->progress = model.progress;
  return d.bound ? bind(*model.optimizer, net.parameter_count, d.dtype, error)
                 : check_optimizer(*model.optimizer, net.parameter_count, d.dtype, error);
}

void take_scaling(const Description& d, Buffer<double>& values, Scaling& scaling) {
  for (size_t i = d.binary64_bytes() == 4 ? values.size() : 0; i-- > 0;) {  // widened in place, from the end
    float value;
    memcpy(&value, reinterpret_cast<const char*>(values.data()) + i * sizeof value, sizeof value);
    values[i] = (double)value;
  }
  scaling.values.swap(values);
}

netlet_status check_network(const Description& d, Model& model, netlet_error* error) {
  NETLET_TRY(check_parameters(*model.net, error));
  take_scaling(d, model.input_scaling, model.net->input_scaling);
  take_scaling(d, model.output_scaling, model.net->output_scaling);
  NETLET_TRY(check_scaling(*model.net, NETLET_SCALE_INPUTS, error));
  NETLET_TRY(check_scaling(*model.net, NETLET_SCALE_OUTPUTS, error));
  if (model.optimizer) NETLET_TRY(check_state(*model.optimizer, error));
  char fingerprint[kHex + 1];
  core::fingerprint(*model.net, fingerprint, (int)d.numerics);
  NETLET_TRY(check_stop(error));
  if (strcmp(fingerprint, d.fingerprint) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the file says fingerprint %s, but the network's is %s", d.fingerprint,
                fingerprint);
  if (d.numerics != (uint64_t)netlet_numerics_version()) return NETLET_OK;  // the bits may differ
  return run_self_test(*model.net, model.test_input, model.test_output, error);
}

// Errors in values are errors in the file.
netlet_status as_format(netlet_status status) { return status == NETLET_ERROR_ARGUMENT ? NETLET_ERROR_FORMAT : status; }

// Reads the header, and checks the sizes in it against the file, which has `rest` bytes after its first eight.
netlet_status read_header(const Buffer<char>& header, size_t rest, Description& d, netlet_error* error) {
  NETLET_TRY(read_metadata(header, d, error));
  if (d.numerics > INT32_MAX)
    return fail(error, NETLET_ERROR_FORMAT, "numerics_version: %llu is out of range", (unsigned long long)d.numerics);
  size_t data_bytes;
  const size_t found = rest - header.size();
  if (!data_size(d, &data_bytes))
    return fail(error, NETLET_ERROR_FORMAT, "layer_sizes: more parameters than this system can address");
  if (data_bytes != found)
    return fail(error, NETLET_ERROR_FORMAT, "%s: the network takes %zu bytes after the header, but %zu follow",
                found < data_bytes ? "the file is truncated" : "the file is too long", data_bytes, found);
  return check_header(header, d, error);
}

netlet_status read(Input& source, netlet_network** network, netlet_optimizer** optimizer, netlet_error* error) {
  NETLET_TRY(netlet_check_environment(error));
  const DefaultFloatingPoint floating_point;
  unsigned char prefix[8];
  if (source.size() < sizeof prefix)
    return fail(error, NETLET_ERROR_FORMAT, "this is not a netlet file: it has %zu bytes", source.size());
  NETLET_TRY(source.read(prefix, sizeof prefix, error));
  uint64_t header_size = 0;
  for (int i = 0; i < 8; ++i) header_size |= (uint64_t)prefix[i] << (8 * i);
  const size_t rest = source.size() - sizeof prefix;
  if (header_size > kMostHeader) return fail(error, NETLET_ERROR_FORMAT, "this is not a netlet file");
  if (header_size > rest)
    return fail(error, NETLET_ERROR_FORMAT, "the file is truncated: its header has %llu bytes, but only %zu follow",
                (unsigned long long)header_size, rest);
  Description d = {};
  Sha256 sha;
  {
    Buffer<char> header;  // freed before memory is allocated for what it describes
    if (!header.allocate((size_t)header_size)) return out_of_memory(error);
    NETLET_TRY(source.read(header.data(), header.size(), error));
    NETLET_TRY(read_header(header, rest, d, error));
    memset(header.data() + checksum_place() - sizeof prefix, '0', kHex);
    sha.add(prefix, sizeof prefix);
    sha.add(header.data(), header.size());
  }
  OwnModel model;
  NETLET_TRY(make_room(d, model, error));
  Tensor tensor;
  for (size_t i = 0; get_tensor(d, model, i, &tensor); ++i) {
    if (!model.net && !tensor.data) {  // the first of the network's own
      NETLET_TRY(within("the file is damaged", as_format(create(d, model, error)), error));
      get_tensor(d, model, i, &tensor);
    }
    NETLET_TRY(source.read(tensor.data, tensor.bytes(), error));
    sha.add(tensor.data, tensor.bytes());
    NETLET_TRY(check_stop(error));
  }
  char checksum[kHex + 1];
  sha.finish(checksum);
  if (strcmp(checksum, d.checksum) != 0)
    return fail(error, NETLET_ERROR_FORMAT, "the file is damaged: its checksum is %s, not %s", checksum, d.checksum);
  NETLET_TRY(as_format(check_network(d, model, error)));

  *network = std::exchange(model.net, nullptr);
  if (optimizer) *optimizer = std::exchange(model.optimizer, nullptr);
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_from_bytes(const void* bytes, size_t size, netlet_network** network, netlet_optimizer** optimizer,
                                netlet_error* error) {
  if (!bytes && size) return invalid(error, "bytes: expected %zu of them, got NULL", size);
  Input source(bytes, size);
  return read(source, network, optimizer, error);
}

netlet_status netlet_load(const char* path, netlet_network** network, netlet_optimizer** optimizer,
                          netlet_error* error) {
  Input source;
  NETLET_TRY(source.open(path, error));
  return read(source, network, optimizer, error);
}
