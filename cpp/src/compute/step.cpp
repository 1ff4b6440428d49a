// SPDX-License-Identifier: BSD-3-Clause
// One batch: its loss, its gradient, and one step along it.
#include <math.h>

#include "compute/batch.hpp"
#include "network/optimizer.hpp"
#include "network/sums.hpp"
#include "network/targets.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"

namespace netlet::core {
namespace {

template <class T> netlet_status evaluate(const netlet_network& net, const netlet_array& x,
                                          const netlet_targets& targets, double* loss, double* accuracy,
                                          netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));  // classes become indices
  Trainer<T> trainer;
  NETLET_TRY(trainer.prepare(net, x, targets, false, x.rows, {}, nullptr, false, error));
  const BatchLoss sum = trainer.rows_phase({&x, &targets, nullptr, 0, x.rows, {}});
  *loss = reduced(net, sum.sum, sum.weight);
  if (accuracy) *accuracy = net.has_classes() ? (double)sum.correct / (double)x.rows : (double)NAN;
  return NETLET_OK;
}

template <class T> netlet_status backward(const netlet_network& net, const netlet_array& x,
                                          const netlet_targets& targets, double* loss, T* gradient,
                                          netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));
  Trainer<T> trainer;
  NETLET_TRY(trainer.prepare(net, x, targets, false, x.rows, {true, false, false}, nullptr, false, error));
  trainer.pack();
  const BatchLoss sum = trainer.rows_phase({&x, &targets, nullptr, 0, x.rows, {}});
  trainer.store_gradient(gradient);
  if (loss) *loss = reduced(net, sum.sum, sum.weight);
  return NETLET_OK;
}

template <class T> netlet_status step(netlet_network& net, const netlet_array& x, const netlet_targets& targets,
                                      netlet_optimizer& optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_data<T>(net, x, targets, error));
  Trainer<T> trainer;
  NETLET_TRY(
      trainer.prepare(net, x, targets, false, x.rows, {true, false, net.has_dropout()}, &optimizer, false, error));
  NETLET_TRY(check_optimizer(optimizer, net.parameter_count, net.dtype, error));
  trainer.pack();
  const DropoutKey dropout = {net.seed, (uint32_t)optimizer.progress.steps, kDropoutInStep, 0};
  const BatchLoss sum = trainer.rows_phase({&x, &targets, nullptr, 0, x.rows, dropout});
  if (!isfinite(sum.sum))
    return fail(error, NETLET_ERROR_DIVERGED, "step: the loss is %s; nothing was changed",
                isnan(sum.sum) ? "nan" : "inf");
  NETLET_TRY(netlet_optimizer_bind(&optimizer, net.parameter_count, net.dtype, error));
  trainer.update(net, optimizer, 1);
  if (loss) *loss = reduced(net, sum.sum, sum.weight);
  return NETLET_OK;
}

// The same as Trainer::update, on a gradient that is there already.
template <class T>
netlet_status apply(netlet_network& net, const T* given, netlet_optimizer& optimizer, netlet_error* error) {
  const Kernels<T>& kernel = kernels<T>();
  const netlet_optimizer_config& config = optimizer.config;
  const size_t count = net.parameter_count, bad = kernel.first_not_finite(count, given);
  if (bad < count)
    return fail(error, NETLET_ERROR_ARGUMENT, "gradient: expected finite numbers, got %g at position %zu",
                (double)given[bad], bad);
  NETLET_TRY(check_optimizer(optimizer, count, net.dtype, error));
  Buffer<T> gradient;
  Buffer<double> squares;
  if (!gradient.allocate(count) || !squares.allocate(norm_blocks(count))) return out_of_memory(error);
  NETLET_TRY(netlet_optimizer_bind(&optimizer, count, net.dtype, error));
  T *const w = net.values<T>(), *const g = gradient.data();
  memcpy(g, given, count * sizeof(T));
  const Update<T> step = next_update<T>(optimizer, 1);
  for (size_t i = 0; i < net.layer_count(); ++i) {
    const Layer& layer = net.layers[i];
    kernel.penalize(layer.inputs * layer.outputs, g + layer.weights, w + layer.weights, (T)config.l2, (T)config.l1,
                    decay_of<T>(config, 1));
  }
  if (config.clip_value > 0) kernel.clip(count, g, (T)config.clip_value);
  if (config.clip_norm > 0) {
    for (size_t block = 0; block < squares.size(); ++block) squares[block] = block_squares(kernel, count, g, block);
    const T shrink = clip_factor<T>(norm_of(squares.data(), squares.size()), config.clip_norm);
    if (shrink != 1) kernel.scale(count, g, shrink);
  }
  kernel.update(step, count, g, w, optimizer.slot<T>(0), optimizer.slot<T>(1));
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_evaluate(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              double* loss, double* accuracy, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, false, error));
  const Reading reading(network->users);
  if (!reading) return busy("loss", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32 ? evaluate<float>(*network, *x, *targets, loss, accuracy, error)
                                          : evaluate<double>(*network, *x, *targets, loss, accuracy, error);
}

netlet_status netlet_backward(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              double* loss, void* gradient, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  if (!gradient) return fail(error, NETLET_ERROR_ARGUMENT, "gradient: expected memory for the gradient, got NULL");
  const Reading reading(network->users);
  if (!reading) return busy("backward", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32
             ? backward(*network, *x, *targets, loss, static_cast<float*>(gradient), error)
             : backward(*network, *x, *targets, loss, static_cast<double*>(gradient), error);
}

netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                          netlet_optimizer* optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  if (!optimizer) return fail(error, NETLET_ERROR_ARGUMENT, "optimizer: expected an optimizer, got NULL");
  const Writing writing(network->users);
  if (!writing) return busy("step", error);
  const Writing claim(optimizer->users);
  if (!claim) return optimizer_busy("step", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32 ? step<float>(*network, *x, *targets, *optimizer, loss, error)
                                          : step<double>(*network, *x, *targets, *optimizer, loss, error);
}

netlet_status netlet_apply_gradient(netlet_network* network, const void* gradient, netlet_optimizer* optimizer,
                                    netlet_error* error) {
  if (!gradient || !optimizer) return fail(error, NETLET_ERROR_ARGUMENT, "gradient and optimizer may not be NULL");
  const Writing writing(network->users);
  if (!writing) return busy("apply_gradient", error);
  const Writing claim(optimizer->users);
  if (!claim) return optimizer_busy("apply_gradient", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32 ? apply(*network, static_cast<const float*>(gradient), *optimizer, error)
                                          : apply(*network, static_cast<const double*>(gradient), *optimizer, error);
}
