// SPDX-License-Identifier: BSD-3-Clause
#include "network/targets.hpp"

#include <math.h>

#include "network/sums.hpp"
#include "system/poll.hpp"

namespace netlet::core {
namespace {

netlet_status check_rows(const char* name, const netlet_array* a, size_t rows, netlet_error* error) {
  NETLET_TRY(check_array(name, a, error));
  if (a->rows == rows) return NETLET_OK;
  return invalid(error, "%s: expected %zu rows, as many as x has, got %zu", name, rows, a->rows);
}

netlet_status check_columns(const char* name, const char* what, size_t expected, const netlet_array& a,
                            netlet_error* error) {
  if (a.columns == expected) return NETLET_OK;
  return invalid(error, "%s: expected %zu columns, as many as the network has %s, got %zu", name, expected, what,
                 a.columns);
}

// f(values of a row, row) for each row, until it fails
template <class T, class F> netlet_status each_row(const netlet_array& a, netlet_error* error, F f) {
  Buffer<T> row;
  if (!row.allocate(a.columns)) return out_of_memory(error);
  Pace pace;
  for (size_t i = 0; i < a.rows; ++i) {
    if (pace.stop(reading_operations(a.columns), i, a.rows)) return check_stop(error);
    load_rows(a, nullptr, i, 1, row.data());
    NETLET_TRY(f(row.data(), i));
  }
  return NETLET_OK;
}

netlet_status check_weight_shape(const netlet_array& weights, size_t rows, netlet_error* error) {
  NETLET_TRY(check_rows("sample_weight", &weights, rows, error));
  if (weights.columns == 1) return NETLET_OK;
  return invalid(error, "sample_weight: expected one column, got %zu", weights.columns);
}

// how many of a row's targets are missing
template <class T> size_t missing(const T* row, size_t columns) {
  size_t count = 0;
  for (size_t j = 0; j < columns; ++j) count += isnan(row[j]);
  return count;
}

template <class T>
netlet_status check_probabilities(const netlet_network& net, const netlet_array& y, netlet_error* error) {
  return each_row<T>(y, error, [&](const T* row, size_t i) {
    double sum = 0;
    const size_t left_out = missing(row, y.columns);
    if (net.loss == NETLET_CROSS_ENTROPY && left_out == y.columns) return NETLET_OK;
    if (net.loss == NETLET_CROSS_ENTROPY && left_out)
      return invalid(error, "y: expected all probabilities of a row or none of them, got nan for some in row %zu", i);
    for (size_t j = 0; j < y.columns; ++j) {
      if (row[j] < 0 || row[j] > 1)
        return invalid(error, "y: expected values from 0 to 1 for %s, got %g in row %zu, column %zu",
                       netlet_loss_name(net.loss), (double)row[j], i, j);
      sum += (double)row[j];
    }
    if (net.loss == NETLET_CROSS_ENTROPY && !(fabs(sum - 1) <= 1e-3))
      return invalid(error, "y: expected the probabilities of a row to add up to 1, got %g in row %zu", sum, i);
    return NETLET_OK;
  });
}

template <class T>
netlet_status check_not_negative(const char* name, const char* what, const netlet_array& a, netlet_error* error) {
  return each_row<T>(a, error, [&](const T* row, size_t i) {
    for (size_t j = 0; j < a.columns; ++j)
      if (row[j] < 0)
        return invalid(error, "%s: expected %s >= 0, got %g in row %zu, column %zu", name, what, (double)row[j], i, j);
    return NETLET_OK;
  });
}

template <class T>
netlet_status check_weights_and_indices(const netlet_network& net, const netlet_targets& targets, netlet_error* error) {
  if (targets.sample_weight) NETLET_TRY(check_weights<T>(*targets.sample_weight, targets.sample_weight->rows, error));
  if (!targets.y || !by_class(net, *targets.y)) return NETLET_OK;
  return each_row<int64_t>(*targets.y, error, [&](const int64_t* cls, size_t i) {
    if (*cls >= 0 && (uint64_t)*cls < net.outputs()) return NETLET_OK;
    return invalid(error, "y: expected classes from 0 to %zu, got %lld in row %zu; classes start at 0",
                   net.outputs() - 1, (long long)*cls, i);
  });
}

}  // namespace

netlet_status no_weight(size_t rows, netlet_error* error) {
  return invalid(error, "sample_weight: expected a weight above 0, got 0 for all of %zu rows", rows);
}

netlet_status no_target(netlet_error* error) {
  return invalid(error, "y: expected a target in a row of weight above 0, all are nan");
}

netlet_status check_features(const netlet_network& net, const netlet_array* x, netlet_error* error) {
  NETLET_TRY(check_array("x", x, error));
  if (x->columns != net.inputs())
    return invalid(error, "x: expected %zu features per row, got %zu", net.inputs(), x->columns);
  return NETLET_OK;
}

netlet_status check_shapes(const netlet_network& net, const netlet_array* x, const netlet_targets* targets,
                           bool with_gradient, netlet_error* error) {
  NETLET_TRY(check_features(net, x, error));
  if (x->rows == 0) return invalid(error, "x: expected at least one row, got none");
  const netlet_array* y = targets ? targets->y : nullptr;
  const netlet_array* gradient = targets ? targets->output_gradient : nullptr;
  if (targets && targets->missing != NETLET_MISSING_REFUSE && targets->missing != NETLET_MISSING_IGNORE)
    return invalid(error, "missing: expected 0 (refuse) or 1 (ignore), got %d", targets->missing);
  if (targets && !(targets->weight_mean >= 0 && targets->weight_mean <= 1.79e308))
    return invalid(error, "weight_mean: expected a positive finite number, got %g", targets->weight_mean);
  if (gradient && (y || !with_gradient))
    return invalid(error, with_gradient ? "y: give this or output_gradient, not both"
                                        : "output_gradient: expected y instead in this call");
  if (targets && targets->sample_weight) {
    NETLET_TRY(check_weight_shape(*targets->sample_weight, x->rows, error));
    if (gradient) return invalid(error, "sample_weight: expected none, output_gradient already includes it");
  }
  if (gradient) {
    if (targets->weight_mean != 0) return invalid(error, "weight_mean: expected none, output_gradient is not divided");
    if (targets->missing) return invalid(error, "missing: expected 'refuse', output_gradient has no targets");
    NETLET_TRY(check_rows("output_gradient", gradient, x->rows, error));
    return check_columns("output_gradient", "outputs", net.outputs(), *gradient, error);
  }
  NETLET_TRY(check_rows("y", y, x->rows, error));
  if (!by_class(net, *y))
    return check_columns("y", net.targets() == net.outputs() ? "outputs" : "targets", net.targets(), *y, error);
  if (is_integer(y->dtype)) return NETLET_OK;
  return invalid(error,
                 "y: expected class indices of an integer dtype, or %zu probabilities per row, got one column of %s",
                 net.outputs(), netlet_dtype_name(y->dtype));
}

template <class T> netlet_status check_weights(const netlet_array& weights, size_t rows, netlet_error* error) {
  NETLET_TRY(check_weight_shape(weights, rows, error));
  NETLET_TRY(check_finite<T>("sample_weight", weights, {}, error));
  return check_not_negative<T>("sample_weight", "weights", weights, error);
}
template decltype(check_weights<float>) check_weights<float>;
template decltype(check_weights<double>) check_weights<double>;

template <class T> netlet_status check_x(const netlet_network& net, const netlet_array& x, netlet_error* error) {
  return check_finite<T>("x", x, net.columns(NETLET_SCALE_INPUTS), error);
}
template decltype(check_x<float>) check_x<float>;
template decltype(check_x<double>) check_x<double>;

template <class T>
netlet_status check_y(const netlet_network& net, const netlet_targets& targets, netlet_error* error, bool unscaled) {
  const netlet_array& y = *targets.y;
  const bool ignore = targets.missing == NETLET_MISSING_IGNORE;
  NETLET_TRY(unscaled ? check_finite<double>("y", y, {}, error, ignore, kMissingHint)
                      : check_finite<T>("y", y, net.columns(NETLET_SCALE_OUTPUTS), error, ignore, kMissingHint));
  if (by_class(net, y)) return NETLET_OK;
  if (net.has_classes()) return check_probabilities<T>(net, y, error);
  if (net.loss_kind().targets == TargetKind::counts) return check_not_negative<T>("y", "counts", y, error);
  return NETLET_OK;
}
template decltype(check_y<float>) check_y<float>;
template decltype(check_y<double>) check_y<double>;

template <class T>
netlet_status check_classes_and_weights(const netlet_network& net, const netlet_targets& targets, netlet_error* error) {
  if (targets.y && targets.missing) NETLET_TRY(check_y<T>(net, targets, error));
  return check_weights_and_indices<T>(net, targets, error);
}
template decltype(check_classes_and_weights<float>) check_classes_and_weights<float>;
template decltype(check_classes_and_weights<double>) check_classes_and_weights<double>;

template <class T>
netlet_status check_mean_weight(double sum, double mean, size_t rows, bool given, netlet_error* error) {
  if (sum == 0) return no_weight(rows, error);
  if ((T)mean > 0 && isfinite((T)sum)) return NETLET_OK;
  return invalid(error, "%s: expected a number that %s can hold, also times the number of rows, got %s%g",
                 given ? "weight_mean" : "sample_weight", sizeof(T) == 4 ? "float32" : "float64",
                 given ? "" : "the mean ", mean);
}
template decltype(check_mean_weight<float>) check_mean_weight<float>;
template decltype(check_mean_weight<double>) check_mean_weight<double>;

template <class T>
netlet_status sum_weights(const netlet_targets& targets, size_t rows, double* sum, netlet_error* error) {
  *sum = (double)rows;
  if (!targets.sample_weight) return NETLET_OK;
  Buffer<double> blocks;
  if (!blocks.allocate(divide_up(rows, kBlockRows), true)) return out_of_memory(error);
  NETLET_TRY(each_row<T>(*targets.sample_weight, error, [&](const T* weight, size_t i) {
    blocks[i / kBlockRows] = blocks[i / kBlockRows] + (double)*weight;
    return NETLET_OK;
  }));
  tree(blocks.size(), [&](size_t a, size_t b) { blocks[a] = blocks[a] + blocks[b]; });
  *sum = blocks[0];
  return NETLET_OK;
}
template decltype(sum_weights<float>) sum_weights<float>;
template decltype(sum_weights<double>) sum_weights<double>;

template <class T>
netlet_status mean_weight(const netlet_targets& targets, size_t rows, double* mean, netlet_error* error) {
  const bool given = targets.weight_mean != 0;
  *mean = given ? targets.weight_mean : 1;
  double sum = (double)rows * *mean;
  if (targets.sample_weight && !given) {
    NETLET_TRY(sum_weights<T>(targets, rows, &sum, error));
    *mean = sum / (double)rows;
  }
  return check_mean_weight<T>(sum, *mean, rows, given, error);
}
template decltype(mean_weight<float>) mean_weight<float>;
template decltype(mean_weight<double>) mean_weight<double>;

template <class T> netlet_status count_judged(const netlet_network& net, const netlet_targets& targets, Judged* judged,
                                              netlet_error* error) {
  *judged = {targets.y->rows, true};
  if (!targets.missing || by_class(net, *targets.y)) return NETLET_OK;
  judged->any = false;
  return each_row<T>(*targets.y, error, [&](const T* row, size_t i) {
    const bool there = missing(row, targets.y->columns) < targets.y->columns;
    T weight = 1;
    if (targets.sample_weight) load_rows(*targets.sample_weight, nullptr, i, 1, &weight);
    judged->rows -= !there;
    judged->any |= there && weight > 0;
    return NETLET_OK;
  });
}
template decltype(count_judged<float>) count_judged<float>;
template decltype(count_judged<double>) count_judged<double>;

template <class T> netlet_status check_values(const netlet_network& net, const netlet_array& x,
                                              const netlet_targets& targets, int unscaled, netlet_error* error) {
  NETLET_TRY(unscaled & NETLET_SCALE_INPUTS ? check_finite<double>("x", x, {}, error) : check_x<T>(net, x, error));
  if (targets.output_gradient) return check_finite<T>("output_gradient", *targets.output_gradient, {}, error);
  NETLET_TRY(check_y<T>(net, targets, error, unscaled & NETLET_SCALE_OUTPUTS));
  return check_weights_and_indices<T>(net, targets, error);
}
template decltype(check_values<float>) check_values<float>;
template decltype(check_values<double>) check_values<double>;

template <class T> netlet_status check_data(const netlet_network& net, const netlet_array& x,
                                            const netlet_targets& targets, int unscaled, netlet_error* error) {
  NETLET_TRY(check_values<T>(net, x, targets, unscaled, error));
  double mean;
  return targets.output_gradient ? NETLET_OK : mean_weight<T>(targets, x.rows, &mean, error);
}
template decltype(check_data<float>) check_data<float>;
template decltype(check_data<double>) check_data<double>;

}  // namespace netlet::core
