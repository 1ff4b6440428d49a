// SPDX-License-Identifier: BSD-3-Clause
#include "network/network.hpp"

#include <math.h>

#include <new>

#include "network/entry.hpp"
#include "network/random.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

netlet_status check_loss(const netlet_config& c, netlet_error* error) {
  const LossKind& kind = kLosses[c.loss];
  const size_t outputs = c.layer_sizes[c.layer_size_count - 1];
  const int output = c.activations[c.layer_size_count - 2];
  if (kind.output >= 0 && output != kind.output)
    return invalid(error, "loss: %s needs a %s output, got %s", kind.name, netlet_activation_name(kind.output),
                   netlet_activation_name(output));
  if (kind.targets == TargetKind::classes && outputs < 2)
    return invalid(error,
                   "loss: cross_entropy needs at least 2 outputs, got 1; for two classes with one output use "
                   "binary_cross_entropy");
  if (outputs % kind.outputs_per_target)
    return invalid(error, "loss: %s needs %zu outputs for each target, got %zu outputs", kind.name,
                   kind.outputs_per_target, outputs);
  const LossParameter& p = kind.parameter;
  const size_t count = kind.parameter_count(outputs);
  if (c.loss_parameters && c.loss_parameter_count != count)
    return invalid(error, "%s: expected %zu values for %s, got %zu", p.name ? p.name : "loss_parameters", count,
                   kind.name, c.loss_parameter_count);
  for (size_t i = 0; c.loss_parameters && i < count; ++i) {
    const double value = c.loss_parameters[i], rounded = c.dtype == NETLET_FLOAT32 ? (double)(float)value : value;
    if (p.below_one && !(value > 0 && value < 1))
      return invalid(error, "%s: expected 0 < %s < 1, got %g", p.name, p.name, value);
    if (!p.below_one && !(rounded > 0 && rounded - rounded == 0))
      return invalid(error, "%s: expected a positive finite number, got %g", p.name, value);
  }
  return NETLET_OK;
}

netlet_status check_config(const netlet_config& c, netlet_error* error) {
  if (c.layer_sizes && c.layer_size_count >= 2 && !c.activations)
    return invalid(error, "activations: expected one for each of %zu layers, got NULL", c.layer_size_count - 1);
  if (c.layer_size_count < 2 || !c.layer_sizes)
    return invalid(error, "layer_sizes: expected at least 2 sizes (inputs and outputs), got %zu", c.layer_size_count);
  for (size_t i = 0; i < c.layer_size_count; ++i)
    if (c.layer_sizes[i] == 0) return invalid(error, "layer_sizes: expected positive sizes, got 0 at position %zu", i);
  if (c.dtype != NETLET_FLOAT32 && c.dtype != NETLET_FLOAT64)
    return invalid(error, "dtype: expected float32 or float64, got number %d", c.dtype);
  if (!netlet_loss_name(c.loss)) return invalid(error, "loss: unknown number %d", c.loss);
  if (!netlet_reduction_name(c.reduction)) return invalid(error, "reduction: unknown number %d", c.reduction);
  const size_t last = c.layer_size_count - 2;
  for (size_t i = 0; i <= last; ++i) {
    if (!netlet_activation_name(c.activations[i]))
      return invalid(error, "activation: unknown number %d for layer %zu", c.activations[i], i + 1);
    if (c.activations[i] == NETLET_SOFTMAX && i != last)
      return invalid(
          error, "activation: softmax is for the output layer only (output_activation), but layer %zu of %zu has it",
          i + 1, last + 1);
  }
  for (size_t i = 0; c.dropout && i < last; ++i)
    if (!(c.dropout[i] >= 0 && c.dropout[i] < 1))
      return invalid(error, "dropout: expected 0 <= dropout < 1, got %g for layer %zu", c.dropout[i], i + 1);
  return check_loss(c, error);
}

// Lays the parameters out as W1, b1, W2, b2, ...; false if the sizes overflow.
bool lay_out(netlet_network& network, const netlet_config& c) {
  size_t at = 0;
  for (size_t i = 0; i < network.layer_count(); ++i) {
    Layer& layer = network.layers[i];
    const bool hidden = i + 1 < network.layer_count();
    layer = {c.layer_sizes[i], c.layer_sizes[i + 1], c.activations[i], 0, 0, c.dropout && hidden ? c.dropout[i] : 0, 0};
    size_t weights;
    layer.weights = at;
    if (multiply_overflows(layer.inputs, layer.outputs, &weights) ||
        __builtin_add_overflow(at, weights, &layer.biases) || __builtin_add_overflow(layer.biases, layer.outputs, &at))
      return false;
    if (layer.outputs > network.widest) network.widest = layer.outputs;
    if (hidden && layer.outputs > network.widest_hidden[i % 2]) network.widest_hidden[i % 2] = layer.outputs;
  }
  for (size_t i = 1; i < network.layer_count(); i += 2) network.layers[i].hidden = network.widest_hidden[0];
  network.parameter_count = at;
  return at <= (size_t)PTRDIFF_MAX / 64;
}

template <class T> void draw_uniform(const Layer& layer, uint32_t index, int init, uint64_t seed, T* parameters) {
  const double fan = init == NETLET_HE_UNIFORM ? (double)layer.inputs : (double)layer.inputs + (double)layer.outputs;
  const double limit = sqrt(6.0 / fan);
  Random random(seed, kInitialValues, index);
  const size_t count = layer.inputs * layer.outputs;
  for (size_t i = 0; i < count; ++i) {
    const double u = unit_uniform(random(i));
    parameters[layer.weights + i] = (T)(limit * (2 * u - 1));
  }
  for (size_t j = 0; j < layer.outputs; ++j) parameters[layer.biases + j] = 0;
}

// A new network, filled by fill(network); freed if that fails.
template <class F> netlet_status make_network(netlet_network** out, netlet_error* error, F fill) {
  watch_forks();
  void* const memory = malloc(sizeof(netlet_network));
  if (!memory) return out_of_memory(error);
  netlet_network* const network = ::new (memory) netlet_network;
  const netlet_status status = fill(*network);
  if (status == NETLET_OK)
    *out = network;
  else
    netlet_network_free(network);
  return status;
}

}  // namespace

netlet_status check_parameters(const netlet_network& network, netlet_error* error) {
  return with_dtype(network.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const values = network.values<T>();
    const size_t i = kernels<T>().first_not_finite(network.parameter_count, values);
    if (i == network.parameter_count) return NETLET_OK;
    return invalid(error, "parameters: expected finite numbers, got %g at position %zu", (double)values[i], i);
  });
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_check_environment(netlet_error* error) {
  NETLET_TRY(require_kernels(error));
  return require_threads(error);
}

netlet_status netlet_network_create(const netlet_config* config, netlet_network** out, netlet_error* error) {
  if (!config || !out) return invalid(error, "config and network may not be NULL");
  NETLET_TRY(netlet_check_environment(error));
  NETLET_TRY(check_config(*config, error));
  return make_network(out, error, [&](netlet_network& net) {
    net.dtype = config->dtype;
    net.loss = config->loss;
    net.reduction = config->reduction;
    if (!net.layers.allocate(config->layer_size_count - 1)) return out_of_memory(error);
    if (!lay_out(net, *config))
      return fail(error, NETLET_ERROR_MEMORY, "layer_sizes: more parameters than this system can address");
    if (!net.parameters.allocate(net.parameter_count * size_of(net.dtype), true))
      return fail(error, NETLET_ERROR_MEMORY, "layer_sizes: no memory for %zu parameters", net.parameter_count);
    if (!net.loss_parameters.allocate(net.loss_kind().parameter_count(net.outputs()))) return out_of_memory(error);
    for (size_t i = 0; i < net.loss_parameters.size(); ++i)
      net.loss_parameters[i] = config->loss_parameters ? config->loss_parameters[i] : net.loss_kind().parameter.usual;
    return NETLET_OK;
  });
}

void netlet_network_free(netlet_network* network) {
  if (!network) return;
  network->~netlet_network();
  free(network);
}

size_t netlet_layer_size_count(const netlet_network* network) { return network->layer_count() + 1; }
size_t netlet_layer_size(const netlet_network* network, size_t i) {
  return i == 0 ? network->inputs() : i <= network->layer_count() ? network->layers[i - 1].outputs : 0;
}
size_t netlet_inputs(const netlet_network* network) { return network->inputs(); }
size_t netlet_outputs(const netlet_network* network) { return network->outputs(); }
int netlet_layer_activation(const netlet_network* network, size_t layer) {
  return layer < network->layer_count() ? network->layers[layer].activation : -1;
}
int netlet_network_loss(const netlet_network* network) { return network->loss; }
int netlet_network_reduction(const netlet_network* network) { return network->reduction; }
int netlet_network_dtype(const netlet_network* network) { return network->dtype; }
size_t netlet_target_count(const netlet_network* network) { return network->targets(); }
size_t netlet_loss_parameter_count(const netlet_network* network) { return network->loss_parameters.size(); }
double netlet_loss_parameter(const netlet_network* network, size_t i) {
  return i < network->loss_parameters.size() ? network->loss_parameters[i] : NAN;
}
double netlet_dropout(const netlet_network* network, size_t layer) {
  return layer < network->layer_count() ? network->layers[layer].dropout : NAN;
}
int netlet_saved_numerics_version(const netlet_network* network) { return network->numerics; }
uint64_t netlet_seed(const netlet_network* network) { return network->seed; }
void netlet_set_seed(netlet_network* network, uint64_t seed) { network->seed = seed; }
void* netlet_parameters(netlet_network* network) { return network->parameters.data(); }
size_t netlet_parameter_count(const netlet_network* network) { return network->parameter_count; }
uint64_t netlet_epochs_trained(const netlet_network* network) { return network->epochs_trained; }
void netlet_set_epochs_trained(netlet_network* network, uint64_t epochs) { network->epochs_trained = epochs; }

const char* netlet_note(const netlet_network* network, int32_t kind) {
  return kind >= 0 && kind < kNotes ? network->notes[kind].data() : nullptr;
}

netlet_status netlet_set_note(netlet_network* network, int32_t kind, const char* text, netlet_error* error) {
  if (kind < 0 || kind >= kNotes) return invalid(error, "note: unknown number %d", kind);
  size_t size = 0;
  for (; text && text[size]; ++size)
    if (text[size] < ' ' || text[size] > '~')
      return invalid(error, "note: expected printable ASCII, got byte %d at position %zu", (unsigned char)text[size],
                     size);
  return holding<Writing>("set_note", *network, error, [&](auto) {
    Buffer<char>& note = network->notes[kind];
    if (!text) return note.release(), NETLET_OK;
    if (!note.allocate(size + 1)) return out_of_memory(error);
    memcpy(note.data(), text, size + 1);
    return NETLET_OK;
  });
}

netlet_status netlet_network_copy(const netlet_network* network, netlet_network** out, netlet_error* error) {
  return make_network(out, error, [&](netlet_network& copy) {
    return holding<Reading>("copy", *network, error, [&](auto) {
      static_cast<Architecture&>(copy) = *network;
      copy.seed = (uint64_t)network->seed;
      copy.epochs_trained = (uint64_t)network->epochs_trained;
      const bool good = copy.layers.copy(network->layers) && copy.parameters.copy(network->parameters) &&
                        copy.loss_parameters.copy(network->loss_parameters) &&
                        copy.input_scaling.values.copy(network->input_scaling.values) &&
                        copy.output_scaling.values.copy(network->output_scaling.values) &&
                        copy.notes[0].copy(network->notes[0]) && copy.notes[1].copy(network->notes[1]) &&
                        copy.notes[2].copy(network->notes[2]);
      return good ? NETLET_OK : out_of_memory(error);
    });
  });
}

netlet_status netlet_initialize(netlet_network* network, int32_t init, uint64_t seed, netlet_error* error) {
  if (init != NETLET_GLOROT_UNIFORM && init != NETLET_HE_UNIFORM)
    return invalid(error, "init: unknown number %d", init);
  return holding<Writing>("initialize", *network, error, [&](auto zero) {
    for (size_t i = 0; i < network->layer_count(); ++i)
      draw_uniform(network->layers[i], (uint32_t)i, init, seed, network->values<decltype(zero)>());
    network->seed = seed;
    network->epochs_trained = 0;
    return NETLET_OK;
  });
}
