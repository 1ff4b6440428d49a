// SPDX-License-Identifier: BSD-3-Clause
// One batch: its loss, its gradient, and one step along it.
#include <math.h>

#include "compute/batch.hpp"
#include "compute/evaluation.hpp"
#include "network/entry.hpp"
#include "network/targets.hpp"

using namespace netlet::core;

namespace {

// Writes what fits into the caller's netlet_evaluation of that size.
void write(const netlet_network& net, const BatchLoss& sum, double divisor, size_t judged, const Errors& e,
           netlet_evaluation* evaluation, size_t size) {
  const netlet_evaluation all = {
      reduced(sum.sum, divisor),
      net.has_classes() ? (double)sum.correct / (double)judged : (double)NAN,
      sqrt(e.square / e.count),
      e.absolute / e.count,
  };
  memcpy(evaluation, &all, smaller(size, sizeof all));
}

// Without a target the loss is 0, as in a batch; the figures beside it would be those of nothing.
bool allows_no_target(size_t size) { return size <= offsetof(netlet_evaluation, accuracy); }
bool wants_errors(const netlet_network& net, size_t size) {
  return size > offsetof(netlet_evaluation, rmse) && !net.has_classes();
}
constexpr Errors kNoErrors = {NAN, NAN, 1};

}  // namespace

netlet_status netlet_evaluate(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              netlet_evaluation* evaluation, size_t size, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, false, error));
  return holding<Reading>("loss", *network, error, [&](auto zero) {
    using T = decltype(zero);
    Judged judged;
    double mean;
    NETLET_TRY(check_classes_and_weights<T>(*network, *targets, error));  // classes are used as indices
    NETLET_TRY(mean_weight<T>(*targets, x->rows, &mean, error));
    NETLET_TRY(count_judged<T>(*network, *targets, &judged, error));
    if (!judged.any && !allows_no_target(size)) return no_target(error);
    const bool errors = wants_errors(*network, size);
    BatchRunner<T> runner;
    NETLET_TRY(
        runner.prepare(*network, *x, *targets, false, x->rows, {false, false, false, errors}, nullptr, 0, error));
    const BatchLoss sum = runner.pass({x, targets, nullptr, 0, x->rows, {}});
    NETLET_TRY(check_stop(error));
    write(*network, sum, divisor(*network, *targets, x->rows, sum.weight), judged.rows,
          errors ? runner.errors() : kNoErrors, evaluation, size);
    return NETLET_OK;
  });
}

netlet_status netlet_evaluate_batches(const netlet_network* network,
                                      int (*next_batch)(void* context, netlet_batch* batch), void* context,
                                      netlet_evaluation* evaluation, size_t size, netlet_error* error) {
  if (!next_batch) return invalid(error, "next_batch: expected a function, got NULL");
  const auto evaluate = [&](const BatchSource& batches, auto zero) {
    using T = decltype(zero);
    const bool errors = wants_errors(*network, size);
    Evaluation<T> all(*network, errors);
    for (;;) {
      netlet_batch batch = {};
      const int answer = batches.next(&batch);
      if (answer < 0) return fail(error, NETLET_ERROR_CALLBACK, "batches: the callback failed");
      if (answer == 0) break;
      NETLET_TRY(check_shapes(*network, &batch.x, &batch.targets, false, error));
      NETLET_TRY(check_classes_and_weights<T>(*network, batch.targets, error));
      NETLET_TRY(all.add(batch, error));
    }
    NETLET_TRY(all.finish(allows_no_target(size), error));
    const double divisor = network->reduction == NETLET_MEAN ? all.loss().weight : 0;
    write(*network, all.loss(), divisor, all.judged(), errors ? all.errors() : kNoErrors, evaluation, size);
    return NETLET_OK;
  };
  return lending<Reading>("loss", *network, {next_batch, context}, error, evaluate);
}

netlet_status netlet_backward(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                              double* loss, void* gradient, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  NETLET_TRY(check_memory("gradient", "the gradient", gradient, network->dtype, error));
  return holding<Reading>("backward", *network, error, [&](auto zero) {
    using T = decltype(zero);
    double mean;
    NETLET_TRY(check_classes_and_weights<T>(*network, *targets, error));
    NETLET_TRY(mean_weight<T>(*targets, x->rows, &mean, error));
    const Taken<BatchRunner<T>> runner(network->workspace);
    if (!runner) return out_of_memory(error);
    NETLET_TRY(runner->prepare(*network, *x, *targets, false, x->rows, {true, false, false}, nullptr, 0, error));
    runner->read();
    const BatchLoss sum = runner->pass({x, targets, nullptr, 0, x->rows, {}});
    NETLET_TRY(check_stop(error));
    runner->store_gradient(static_cast<T*>(gradient));
    NETLET_TRY(check_stop(error));
    if (loss) *loss = reduced(sum.sum, divisor(*network, *targets, x->rows, sum.weight));
    return NETLET_OK;
  });
}

netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                          netlet_optimizer* optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  if (!optimizer) return invalid(error, "optimizer: expected an optimizer, got NULL");
  return training("step", *network, *optimizer, error, [&](const Held&, auto zero) {
    using T = decltype(zero);
    NETLET_TRY(check_data<T>(*network, *x, *targets, 0, error));
    const Taken<BatchRunner<T>> runner(network->workspace);
    if (!runner) return out_of_memory(error);
    const PassKind kind = {true, false, network->has_dropout()};
    NETLET_TRY(runner->prepare(*network, *x, *targets, false, x->rows, kind, optimizer, 0, error));
    NETLET_TRY(check_optimizer(*optimizer, network->parameter_count, network->dtype, error));
    runner->read();
    const DropoutKey dropout = {network->seed, (uint32_t)optimizer->progress.steps, kDropoutInStep, 0};
    const BatchLoss sum = runner->pass({x, targets, nullptr, 0, x->rows, dropout});
    NETLET_TRY(check_stop(error));
    if (!isfinite(sum.sum))
      return fail(error, NETLET_ERROR_DIVERGED, "step: the loss is %s; nothing was changed",
                  isnan(sum.sum) ? "nan" : "inf");
    NETLET_TRY(bind(*optimizer, network->parameter_count, network->dtype, error));
    runner->update(*network, *optimizer, 1);
    if (loss) *loss = reduced(sum.sum, divisor(*network, *targets, x->rows, sum.weight));
    return NETLET_OK;
  });
}

netlet_status netlet_apply_gradient(netlet_network* network, const void* gradient, netlet_optimizer* optimizer,
                                    netlet_error* error) {
  if (!gradient || !optimizer) return invalid(error, "gradient and optimizer may not be NULL");
  NETLET_TRY(check_memory("gradient", "it", gradient, network->dtype, error));
  return training("apply_gradient", *network, *optimizer, error, [&](const Held&, auto zero) {
    using T = decltype(zero);
    const T* const g = static_cast<const T*>(gradient);
    const size_t count = network->parameter_count, bad = kernels<T>().first_not_finite(count, g);
    if (bad < count)
      return invalid(error, "gradient: expected finite numbers, got %g at position %zu", (double)g[bad], bad);
    NETLET_TRY(check_optimizer(*optimizer, count, network->dtype, error));
    BatchRunner<T> runner;
    NETLET_TRY(runner.prepare_given(*network, *optimizer, error));
    NETLET_TRY(bind(*optimizer, count, network->dtype, error));
    runner.update_along(*network, g, 0, *optimizer, 1);
    return NETLET_OK;
  });
}
