// SPDX-License-Identifier: BSD-3-Clause
// The tensors of netlet's file, in their order.
#include <stdio.h>

#include "file/format.hpp"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are written as they lie in memory");

namespace netlet::core {
namespace {

struct Progress {
  const char* name;
  double netlet_optimizer_progress::* value;
};
constexpr Progress kProgress[] = {{"beta_1_power", &netlet_optimizer_progress::beta_1_power},
                                  {"beta_2_power", &netlet_optimizer_progress::beta_2_power},
                                  {"plateau_factor", &netlet_optimizer_progress::plateau_factor},
                                  {"plateau_best", &netlet_optimizer_progress::plateau_best}};

size_t setting_count() {
  size_t count = 0;
  while (netlet_optimizer_setting_name((int)count)) ++count;
  return count;
}

}  // namespace

netlet_status make_room(const Description& d, Model& model, netlet_error* error) {
  const size_t size = size_of(d.dtype);
  if (!model.dropout.allocate(d.layers()) ||
      !model.loss_parameters.allocate(kLosses[d.loss].parameter_count(d.outputs())) ||
      (d.scaling & NETLET_SCALE_INPUTS && !model.input_scaling.allocate(2 * d.inputs())) ||
      (d.scaling & NETLET_SCALE_OUTPUTS && !model.output_scaling.allocate(2 * d.outputs())) ||
      !model.test_input.allocate(d.inputs() * d.binary64_bytes()) || !model.test_output.allocate(d.outputs() * size))
    return out_of_memory(error);
  return NETLET_OK;
}

bool get_tensor(const Description& d, Model& model, size_t i, Tensor* tensor) {
  const auto is = [&](const char* group, const char* name, bool is_float32, int dimensions, size_t rows, size_t columns,
                      void* data) {
    *tensor = {"", is_float32, dimensions, {rows, columns}, data};
    snprintf(tensor->name, sizeof tensor->name, "%s%s", group, name);
    return true;
  };
  const auto among = [&](size_t count) {  // whether it is among the next `count`; if so, i is its index
    if (i < count) return true;
    i -= count;
    return false;
  };
  netlet_network* const net = model.net;
  if (among(d.layers() > 1)) return is("", "dropout", false, 1, d.layers() - 1, 0, model.dropout.data());
  const LossParameter& parameter = kLosses[d.loss].parameter;
  if (among(parameter.name != nullptr))
    return is("", parameter.in_files, false, parameter.each_output, d.outputs(), 0, model.loss_parameters.data());
  const auto is_scaling = [&](const char* group, size_t n, Buffer<double>& values) {
    char* const shift = reinterpret_cast<char*>(values.data());  // null before make_room
    return is(group, i == 0 ? "shift" : "scale", d.binary64_bytes() == 4, 1, n, 0,
              shift && i ? shift + n * d.binary64_bytes() : shift);
  };
  const size_t scalings[] = {d.scaling & NETLET_SCALE_INPUTS ? 2u : 0u, d.scaling & NETLET_SCALE_OUTPUTS ? 2u : 0u};
  if (among(d.format > 1 ? scalings[0] : 0)) return is_scaling("input_scaling.", d.inputs(), model.input_scaling);
  if (among(d.format > 1 ? scalings[1] : 0)) return is_scaling("output_scaling.", d.outputs(), model.output_scaling);
  const auto is_test_input = [&] {
    return is("self_test.", "input", d.binary64_bytes() == 4, 1, d.inputs(), 0, model.test_input.data());
  };
  if (among(d.format > 1)) return is_test_input();
  if (among(d.has_optimizer ? setting_count() : 0))
    return is("optimizer.", netlet_optimizer_setting_name((int)i), false, 0, 0, 0,
              netlet_optimizer_setting(&model.config, (int)i));
  if (among(d.has_optimizer ? sizeof kProgress / sizeof *kProgress : 0))
    return is("optimizer.", kProgress[i].name, false, 0, 0, 0, &(model.progress.*kProgress[i].value));

  const bool is_float32 = d.dtype == NETLET_FLOAT32;
  const size_t size = size_of(d.dtype);
  if (among(2 * d.layers())) {
    const size_t layer = i / 2;
    const bool is_bias = i % 2;
    char group[32];
    snprintf(group, sizeof group, "layers.%zu.", layer);
    void* data = nullptr;
    if (net) data = net->parameters.data() + (is_bias ? net->layers[layer].biases : net->layers[layer].weights) * size;
    return is_bias ? is(group, "bias", is_float32, 1, d.sizes[layer + 1], 0, data)
                   : is(group, "weight", is_float32, 2, d.sizes[layer], d.sizes[layer + 1], data);
  }
  if (among(d.format == 1 ? scalings[0] : 0)) return is_scaling("input_scaling.", d.inputs(), model.input_scaling);
  if (among(d.format == 1 ? scalings[1] : 0)) return is_scaling("output_scaling.", d.outputs(), model.output_scaling);
  if (among(d.format == 1)) return is_test_input();
  if (among(1)) return is("self_test.", "output", is_float32, 1, d.outputs(), 0, model.test_output.data());
  if (among(d.has_optimizer && d.bound ? (size_t)d.slots : 0)) {
    size_t parameters = 0;
    for (size_t layer = 0; layer < d.layers(); ++layer) parameters += (d.sizes[layer] + 1) * d.sizes[layer + 1];
    return is("optimizer.", slot_name(d.optimizer, i), is_float32, 1, parameters, 0,
              net ? model.optimizer->state() + i * parameters * size : nullptr);
  }
  return false;
}

bool data_size(const Description& d, size_t* bytes) {
  *bytes = 0;
  Model none;
  Tensor tensor;
  for (size_t i = 0; get_tensor(d, none, i, &tensor); ++i) {
    size_t size = tensor.is_float32 ? 4 : 8;
    for (int k = 0; k < tensor.dimensions; ++k)
      if (multiply_overflows(size, tensor.shape[k], &size)) return false;
    if (__builtin_add_overflow(*bytes, size, bytes)) return false;
  }
  return *bytes <= (size_t)PTRDIFF_MAX;
}

}  // namespace netlet::core
