// SPDX-License-Identifier: BSD-3-Clause
// netlet's file, written.
#include <stdio.h>

#include "file/format.hpp"
#include "file/sha256.hpp"
#include "kernels/kernels.hpp"
#include "network/random.hpp"
#include "system/disk.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"

namespace netlet::core {
namespace {

// Drawn from -1 to 1, on the scale of the network's inputs.
template <class T> void draw_self_test(const netlet_network& net, T* row) {
  Random random(0, kSelfTest, 0);
  for (size_t i = 0; i < net.inputs(); ++i) {
    row[i] = (T)(2 * unit_uniform(random(i)) - 1);
    if (net.input_scaling) row[i] = row[i] * net.input_scaling.scale<T>()[i] + net.input_scaling.shift<T>()[i];
  }
}

bool describe(const netlet_network& net, const netlet_optimizer* optimizer, Description& d) {
  memset(d.checksum, '0', kHex);
  d.checksum[kHex] = 0;
  snprintf(d.version, sizeof d.version, "%s", netlet_version());
  d.numerics = (uint64_t)netlet_numerics_version();
  d.seed = net.seed;
  d.epochs_trained = net.epochs_trained;
  d.dtype = net.dtype;
  d.loss = net.loss;
  d.reduction = net.reduction;
  d.input_scaling = (bool)net.input_scaling;
  d.output_scaling = (bool)net.output_scaling;
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
  return true;
}

netlet_status write(const netlet_network& net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                    netlet_error* error) {
  NETLET_TRY(check_parameters(net, error));
  if (optimizer) NETLET_TRY(check_optimizer(*optimizer, net.parameter_count, net.dtype, error));
  Description d = {};
  if (!describe(net, optimizer, d)) return out_of_memory(error);
  NETLET_TRY(netlet_fingerprint(&net, d.fingerprint, error));
  Model model;
  model.net = const_cast<netlet_network*>(&net);  // only read
  model.optimizer = const_cast<netlet_optimizer*>(optimizer);
  if (optimizer) {
    model.config = optimizer->config;
    model.progress = optimizer->progress;
  }
  const size_t size = size_of(net.dtype);
  if (!model.dropout.allocate(net.layer_count()) || !model.test_input.allocate(net.inputs() * size) ||
      !model.test_output.allocate(net.outputs() * size))
    return out_of_memory(error);
  for (size_t i = 0; i < net.layer_count(); ++i) model.dropout[i] = net.layers[i].dropout;
  if (net.dtype == NETLET_FLOAT32)
    draw_self_test(net, reinterpret_cast<float*>(model.test_input.data()));
  else
    draw_self_test(net, reinterpret_cast<double*>(model.test_input.data()));
  NETLET_TRY(run_self_test(net, model.test_input.data(), model.test_output.data(), error));

  Text header;
  write_header(d, header);
  size_t data_bytes, bytes;
  if (header.size() > kMostHeader)
    return fail(error, NETLET_ERROR_ARGUMENT,
                "save: the network has so many layers that no reader would take the file");
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
  Sha256 sha;
  sha.add(out.data(), bytes);
  sha.finish(d.checksum);
  memcpy(out.data() + checksum_place(), d.checksum, kHex);
  return NETLET_OK;
}

// Which NaN an operation gives differs from processor to processor.
template <class T> void set_nan(size_t n, T* values) {
  for (size_t i = 0; i < n; ++i)
    if (values[i] != values[i]) values[i] = (T)__builtin_nan("");
}

netlet_status write_held(const netlet_network* net, const netlet_optimizer* optimizer, Buffer<unsigned char>& out,
                         netlet_error* error) {
  const Reading reading(net->users);
  if (!reading) return busy("save", error);
  const DefaultFloatingPoint floating_point;
  if (!optimizer) return write(*net, nullptr, out, error);
  const Reading reading_optimizer(optimizer->users);
  if (!reading_optimizer) return optimizer_busy("save", error);
  return write(*net, optimizer, out, error);
}

}  // namespace

netlet_status check_parameters(const netlet_network& net, netlet_error* error) {
  const bool is_float32 = net.dtype == NETLET_FLOAT32;
  const size_t i = is_float32 ? kernels<float>().first_not_finite(net.parameter_count, net.values<float>())
                              : kernels<double>().first_not_finite(net.parameter_count, net.values<double>());
  if (i == net.parameter_count) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "parameters: expected finite numbers, got %g at position %zu",
              is_float32 ? (double)net.values<float>()[i] : net.values<double>()[i], i);
}

netlet_status run_self_test(const netlet_network& net, const unsigned char* input, void* output, netlet_error* error) {
  const ptrdiff_t size = (ptrdiff_t)size_of(net.dtype);
  const netlet_array row = {input, net.dtype, 1, net.inputs(), size * (ptrdiff_t)net.inputs(), size};
  NETLET_TRY(netlet_forward(&net, &row, output, error));
  if (net.dtype == NETLET_FLOAT32)
    set_nan(net.outputs(), static_cast<float*>(output));
  else
    set_nan(net.outputs(), static_cast<double*>(output));
  return NETLET_OK;
}

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
  if (!bytes && size) return fail(error, NETLET_ERROR_ARGUMENT, "bytes: expected %zu of them, got NULL", size);
  return replace_file(path, bytes, size, error);
}
