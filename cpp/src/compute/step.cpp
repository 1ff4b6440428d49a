// SPDX-License-Identifier: BSD-3-Clause
// One batch: its loss, its gradient, and one step along it.
#include <math.h>

#include "compute/batch.hpp"
#include "network/entry.hpp"
#include "network/targets.hpp"

namespace netlet::core {
namespace {

template <class T> netlet_status evaluate(const netlet_network& net, const netlet_array& x,
                                          const netlet_targets& targets, double* loss, double* accuracy,
                                          netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));  // classes become indices
  BatchRunner<T> runner;
  NETLET_TRY(runner.prepare(net, x, targets, false, x.rows, {}, nullptr, false, error));
  const BatchLoss sum = runner.pass({&x, &targets, nullptr, 0, x.rows, {}});
  *loss = reduced(net, sum.sum, sum.weight);
  if (accuracy) *accuracy = net.has_classes() ? (double)sum.correct / (double)x.rows : (double)NAN;
  return NETLET_OK;
}

template <class T> netlet_status backward(const netlet_network& net, const netlet_array& x,
                                          const netlet_targets& targets, double* loss, T* gradient,
                                          netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));
  BatchRunner<T> runner;
  NETLET_TRY(runner.prepare(net, x, targets, false, x.rows, {true, false, false}, nullptr, false, error));
  runner.read();
  const BatchLoss sum = runner.pass({&x, &targets, nullptr, 0, x.rows, {}});
  runner.store_gradient(gradient);
  if (loss) *loss = reduced(net, sum.sum, sum.weight);
  return NETLET_OK;
}

template <class T> netlet_status step(netlet_network& net, const netlet_array& x, const netlet_targets& targets,
                                      netlet_optimizer& optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_data<T>(net, x, targets, error));
  BatchRunner<T> runner;
  NETLET_TRY(
      runner.prepare(net, x, targets, false, x.rows, {true, false, net.has_dropout()}, &optimizer, false, error));
  NETLET_TRY(check_optimizer(optimizer, net.parameter_count, net.dtype, error));
  runner.read();
  const DropoutKey dropout = {net.seed, (uint32_t)optimizer.progress.steps, kDropoutInStep, 0};
  const BatchLoss sum = runner.pass({&x, &targets, nullptr, 0, x.rows, dropout});
  if (!isfinite(sum.sum))
    return fail(error, NETLET_ERROR_DIVERGED, "step: the loss is %s; nothing was changed",
                isnan(sum.sum) ? "nan" : "inf");
  NETLET_TRY(netlet_optimizer_bind(&optimizer, net.parameter_count, net.dtype, error));
  runner.update(net, optimizer, 1);
  if (loss) *loss = reduced(net, sum.sum, sum.weight);
  return NETLET_OK;
}

template <class T>
netlet_status apply(netlet_network& net, const T* gradient, netlet_optimizer& optimizer, netlet_error* error) {
  const size_t bad = kernels<T>().first_not_finite(net.parameter_count, gradient);
  if (bad < net.parameter_count)
    return fail(error, NETLET_ERROR_ARGUMENT, "gradient: expected finite numbers, got %g at position %zu",
                (double)gradient[bad], bad);
  NETLET_TRY(check_optimizer(optimizer, net.parameter_count, net.dtype, error));
  return BatchRunner<T>().apply(net, gradient, optimizer, error);
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_evaluate(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              double* loss, double* accuracy, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, false, error));
  return reading("loss", *network, error,
                 [&](auto zero) { return evaluate<decltype(zero)>(*network, *x, *targets, loss, accuracy, error); });
}

netlet_status netlet_backward(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              double* loss, void* gradient, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  if (!gradient) return fail(error, NETLET_ERROR_ARGUMENT, "gradient: expected memory for the gradient, got NULL");
  return reading("backward", *network, error, [&](auto zero) {
    return backward(*network, *x, *targets, loss, static_cast<decltype(zero)*>(gradient), error);
  });
}

netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                          netlet_optimizer* optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  if (!optimizer) return fail(error, NETLET_ERROR_ARGUMENT, "optimizer: expected an optimizer, got NULL");
  return training("step", *network, *optimizer, error, [&](const Held&, auto zero) {
    return step<decltype(zero)>(*network, *x, *targets, *optimizer, loss, error);
  });
}

netlet_status netlet_apply_gradient(netlet_network* network, const void* gradient, netlet_optimizer* optimizer,
                                    netlet_error* error) {
  if (!gradient || !optimizer) return fail(error, NETLET_ERROR_ARGUMENT, "gradient and optimizer may not be NULL");
  return training("apply_gradient", *network, *optimizer, error, [&](const Held&, auto zero) {
    return apply(*network, static_cast<const decltype(zero)*>(gradient), *optimizer, error);
  });
}
