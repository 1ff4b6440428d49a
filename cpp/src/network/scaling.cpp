// SPDX-License-Identifier: BSD-3-Clause
#include "network/scaling.hpp"

#include <float.h>
#include <math.h>

#include "kernels/kernels.hpp"
#include "network/arrays.hpp"
#include "network/entry.hpp"
#include "network/sums.hpp"
#include "network/targets.hpp"
#include "system/error.hpp"

namespace netlet::core {
namespace {

const char* kind_name(int kind) { return kind == NETLET_SCALE_INPUTS ? "inputs" : "outputs"; }

// the argument that its columns come from
const char* data_name(int kind) { return kind == NETLET_SCALE_INPUTS ? "x" : "y"; }

netlet_status check_kind(int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_INPUTS || kind == NETLET_SCALE_OUTPUTS) return NETLET_OK;
  return invalid(error, "scaling: expected 1 (inputs) or 2 (outputs), got %d", kind);
}

netlet_status check_loss(const netlet_network& net, int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_OUTPUTS && !net.loss_kind().scalable)
    return invalid(error, "scaling: %s does not allow scaled outputs", net.loss_kind().name);
  return NETLET_OK;
}

size_t columns_of(const netlet_network& net, int kind) {
  return kind == NETLET_SCALE_INPUTS ? net.inputs() : net.targets();
}

// Outputs are given in the network's dtype, so theirs must hold the scaling, with all its digits.
template <class T>
netlet_status check(size_t n, int kind, const double* shift, const double* scale, netlet_error* error) {
  const bool as_float = sizeof(T) == 4 && kind == NETLET_SCALE_OUTPUTS;
  const double least = as_float ? (double)FLT_MIN : 0, most = as_float ? (double)FLT_MAX : DBL_MAX;
  const char* const dtype = as_float ? " (as float32, the network's dtype)" : "";
  for (size_t j = 0; j < n; ++j) {
    if (!(fabs(shift[j]) <= most))
      return invalid(error, "shift: expected finite numbers for the %s, got %g at position %zu%s", kind_name(kind),
                     shift[j], j, dtype);
    if (!(scale[j] > 0 && scale[j] >= least && scale[j] <= most))
      return invalid(error, "scale: expected positive finite numbers for the %s, got %g at position %zu%s",
                     kind_name(kind), scale[j], j, dtype);
  }
  return NETLET_OK;
}

template <class T>
netlet_status set(netlet_network& net, int kind, const double* shift, const double* scale, netlet_error* error) {
  const size_t n = columns_of(net, kind);
  NETLET_TRY(check<T>(n, kind, shift, scale, error));
  Buffer<double>& values = net.scaling(kind).values;
  const size_t each = kind == NETLET_SCALE_OUTPUTS ? net.loss_kind().outputs_per_target : 1;
  if (!values.allocate(2 * each * n)) return out_of_memory(error);
  double *shifts = values.data(), *scales = shifts + each * n;
  for (size_t j = 0; j < n; ++j, shifts += each, scales += each) {
    shifts[0] = shift[j];
    scales[0] = scale[j];
    if (each == 1) continue;
    kernels<double>().map(NETLET_LOG, 1, scales, shifts + 1);  // the log variance: its shift is 2 log(scale)
    shifts[1] = 2 * shifts[1];
    scales[1] = 1;
  }
  return NETLET_OK;
}

struct Sums {
  double weight, value;
};

// For each column, the sums over the rows of the weight and of weight f(value, weight, column): in order within blocks,
// the blocks in the tree.
template <class T, class F>
netlet_status column_sums(const Sample& sample, Buffer<Sums>& sums, netlet_error* error, F f) {
  const netlet_array& a = sample.rows;
  const size_t n = a.columns, blocks = divide_up(a.rows, kBlockRows);
  Buffer<double> row;
  if (!sums.allocate_rows(blocks, n, true) || !row.allocate(n)) return out_of_memory(error);
  Pace pace;
  for (size_t i = 0; i < a.rows; ++i) {
    if (pace.stop(reading_operations(n))) return check_stop(error);
    Sums* const sum = sums.data() + i / kBlockRows * n;
    T weight = 1;
    load_rows(a, nullptr, i, 1, row.data());
    if (sample.weights) load_rows(*sample.weights, nullptr, i, 1, &weight);
    for (size_t j = 0; j < n; ++j)
      if (!(sample.skip_nan && row[j] != row[j]))
        sum[j] = {sum[j].weight + (double)weight, sum[j].value + (double)weight * f(row[j], (double)weight, j)};
  }
  tree(blocks, [&](size_t p, size_t q) {
    for (size_t j = 0; j < n; ++j) {
      Sums &a = sums[p * n + j], &b = sums[q * n + j];
      a = {a.weight + b.weight, a.value + b.value};
    }
  });
  return NETLET_OK;
}

// A column whose standard deviation, relative to its largest value, is not above this is constant up to rounding: the
// rounding errors of its mean, and 4 units of roundoff of the values themselves (docs/numerics.md, Scaling).
double rounding_of(const netlet_array& a) {
  const double unit = a.dtype == NETLET_FLOAT32 ? 0x1p-24 : a.dtype == NETLET_FLOAT64 ? 0x1p-53 : 0;
  size_t additions = smaller(a.rows, kBlockRows);
  for (size_t blocks = divide_up(a.rows, kBlockRows); blocks > 1; blocks = divide_up(blocks, 2)) ++additions;
  return (double)(2 * additions + 4) * 0x1p-53 + 4 * unit;
}

double larger(double a, double b) { return a > b ? a : b; }

// Whether a weight is above 0.
template <class T> bool any_weight(const Sample& sample) {
  T weight = 1;
  for (size_t i = 0; i < sample.rows.rows; ++i) {
    if (sample.weights) load_rows(*sample.weights, nullptr, i, 1, &weight);
    if (weight > 0) return true;
  }
  return false;
}

struct Column {
  double low, high, mean;
  double unit;  // a power of two near the largest distance from the mean, so that squares neither overflow nor vanish
};

template <class T> netlet_status learn(netlet_network& net, int kind, const Sample& sample, netlet_error* error) {
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = sample.rows.columns;
  if (!any_weight<T>(sample)) return no_weight(sample.rows.rows, error);
  Buffer<double> shift, scale;
  Buffer<Sums> sums;
  Buffer<Column> columns;
  if (!columns.allocate(n) || !shift.allocate(n) || !scale.allocate(n)) return out_of_memory(error);
  for (size_t j = 0; j < n; ++j) columns[j] = {INFINITY, -INFINITY, 0, 1};
  const auto first = [&](double x, double weight, size_t j) {
    Column& c = columns[j];
    if (weight > 0 && x < c.low) c.low = x;
    if (weight > 0 && x > c.high) c.high = x;
    return x;
  };
  NETLET_TRY(column_sums<T>(sample, sums, error, first));
  size_t present = 0;
  for (size_t j = 0; j < n; ++j) {
    Column& c = columns[j];
    if (c.low <= c.high)
      ++present;
    else
      c.low = c.high = 0;  // a target that is never there
    c.mean = c.low == c.high ? c.low : sums[j].value / sums[j].weight;
    const double distance = larger(c.high - c.mean, c.mean - c.low);
    if (!(distance <= DBL_MAX))
      return invalid(error, "%s: expected values whose mean and deviation are finite, got up to %g in column %zu",
                     data_name(kind), larger(fabs(c.low), fabs(c.high)), j);
    int exponent;
    frexp(distance, &exponent);
    if (distance > 0) c.unit = ldexp(1, exponent - 1);
  }
  if (!present) return no_target(error);
  const auto square = [&](double x, double, size_t j) {
    const double e = (x - columns[j].mean) / columns[j].unit;
    return e * e;
  };
  NETLET_TRY(column_sums<T>(sample, sums, error, square));
  for (size_t j = 0; j < n; ++j) {
    const Column& c = columns[j];
    const double deviation = c.unit * sqrt(sums[j].value / sums[j].weight);
    shift[j] = c.mean;
    scale[j] = deviation > rounding_of(sample.rows) * larger(fabs(c.low), fabs(c.high)) ? deviation : 1;
  }
  return set<T>(net, kind, shift.data(), scale.data(), error);
}

}  // namespace

netlet_status learn_scaling(netlet_network& net, int kind, const Sample& sample, netlet_error* error) {
  return with_dtype(net.dtype, [&](auto zero) { return learn<decltype(zero)>(net, kind, sample, error); });
}

netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error) {
  const Scaling& scaling = net.scaling(kind);
  if (!scaling) return NETLET_OK;
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = kind == NETLET_SCALE_INPUTS ? net.inputs() : net.outputs();
  return with_dtype(net.dtype, [&](auto zero) {
    using T = decltype(zero);
    return check<T>(n, kind, scaling.shift(), scaling.scale(), error);
  });
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_set_scaling(netlet_network* network, int32_t kind, const double* shift, const double* scale,
                                 netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  if (shift) NETLET_TRY(check_loss(*network, kind, error));
  if (!shift != !scale) return invalid(error, "shift and scale: expected both, or both NULL");
  return holding<Writing>("set_scaling", *network, error, [&](auto zero) {
    if (shift) return set<decltype(zero)>(*network, kind, shift, scale, error);
    network->scaling(kind).values.release();
    return NETLET_OK;
  });
}

netlet_status netlet_learn_scaling(netlet_network* network, int32_t kind, const netlet_array* rows,
                                   const netlet_array* sample_weight, int32_t missing, netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  NETLET_TRY(check_array(data_name(kind), rows, error));
  if (rows->columns != columns_of(*network, kind) || rows->rows == 0)
    return invalid(error, "%s: expected rows of %zu columns, got %zu rows of %zu", data_name(kind),
                   columns_of(*network, kind), rows->rows, rows->columns);
  if (missing != NETLET_MISSING_REFUSE && (missing != NETLET_MISSING_IGNORE || kind == NETLET_SCALE_INPUTS))
    return invalid(error, "missing: expected 0 (refuse) or, for outputs, 1 (ignore), got %d", missing);
  return holding<Writing>("learn_scaling", *network, error, [&](auto zero) {
    using T = decltype(zero);
    const bool ignore = missing == NETLET_MISSING_IGNORE;
    const char* const hint = kind == NETLET_SCALE_OUTPUTS ? kMissingHint : "";
    NETLET_TRY(check_finite<double>(data_name(kind), *rows, nullptr, error, ignore, hint));
    if (sample_weight) NETLET_TRY(check_weights<T>(*sample_weight, rows->rows, error));
    return learn<T>(*network, kind, {*rows, sample_weight, ignore}, error);
  });
}

const double* netlet_scaling_shift(const netlet_network* network, int32_t kind) {
  return network->scaling(kind).shift();
}
const double* netlet_scaling_scale(const netlet_network* network, int32_t kind) {
  const Scaling& scaling = network->scaling(kind);
  return scaling ? scaling.scale() : nullptr;
}

netlet_status netlet_copy_scaling(const netlet_network* network, int32_t kind, double* shift, double* scale,
                                  int* present, netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  return holding<Reading>("scaling", *network, error, [&](auto) {
    const Scaling& scaling = network->scaling(kind);
    const size_t bytes = scaling.values.size() / 2 * sizeof(double);
    *present = scaling ? 1 : 0;
    if (!scaling) return NETLET_OK;
    memcpy(shift, scaling.shift(), bytes);
    memcpy(scale, scaling.scale(), bytes);
    return NETLET_OK;
  });
}
