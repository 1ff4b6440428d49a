// SPDX-License-Identifier: BSD-3-Clause
#include "network/scaling.hpp"

#include <float.h>
#include <math.h>

#include "network/targets.hpp"

namespace netlet::core {
namespace {

const char* kind_name(int kind) { return kind == NETLET_SCALE_INPUTS ? "inputs" : "outputs"; }

// the argument that its columns come from
const char* data_name(int kind) { return kind == NETLET_SCALE_INPUTS ? "x" : "y"; }

netlet_status check_loss(const netlet_network& net, int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_OUTPUTS && !net.loss_kind().scalable)
    return invalid(error, "scaling: %s does not allow scaled outputs", net.loss_kind().name);
  return NETLET_OK;
}

size_t columns_of(const netlet_network& net, int kind) {
  return kind == NETLET_SCALE_INPUTS ? net.inputs() : net.targets();
}

// Outputs are given in the network's dtype, so theirs must hold the scaling, with all its digits.
netlet_status check(const netlet_network& net, size_t n, int kind, const double* shift, const double* scale,
                    netlet_error* error) {
  const bool as_float = net.dtype == NETLET_FLOAT32 && kind == NETLET_SCALE_OUTPUTS;
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

netlet_status set(netlet_network& net, int kind, const double* shift, const double* scale, netlet_error* error) {
  const size_t n = columns_of(net, kind);
  NETLET_TRY(check(net, n, kind, shift, scale, error));
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

// A column whose standard deviation, relative to its largest value, is not above this is constant up to rounding: the
// rounding errors of its mean, and 4 units of roundoff of the values themselves (docs/numerics.md, Scaling).
double rounding_of(size_t rows, double unit) {
  size_t additions = smaller(rows, kBlockRows);
  for (size_t blocks = divide_up(rows, kBlockRows); blocks > 1; blocks = divide_up(blocks, 2)) ++additions;
  return (double)(2 * additions + 4) * 0x1p-53 + 4 * unit;
}

double unit_of(int dtype) { return dtype == NETLET_FLOAT32 ? 0x1p-24 : dtype == NETLET_FLOAT64 ? 0x1p-53 : 0; }

double larger(double a, double b) { return a > b ? a : b; }

}  // namespace

netlet_status Moments::begin(const netlet_network& net, int kind, netlet_error* error) {
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = columns_of(net, kind);
  net_ = &net;
  kind_ = kind;
  if (!columns_.allocate(n) || !row_.allocate(n) || !shift_.allocate(n) || !scale_.allocate(n) || !sums_.begin(n))
    return out_of_memory(error);
  for (size_t j = 0; j < n; ++j) columns_[j] = {INFINITY, -INFINITY, 0, 1};
  return NETLET_OK;
}

// Adds weight f(value, weight, column) to each column's sum.
template <class T, class F> netlet_status Moments::add_rows(const Sample& part, netlet_error* error, F f) {
  const netlet_array& a = part.rows;
  const size_t n = a.columns;
  double* const row = row_.data();
  Pace pace;
  for (size_t i = 0; i < a.rows; ++i) {
    if (pace.stop(reading_operations(n), i, a.rows)) return check_stop(error);
    Sums* const sum = sums_.block();
    T weight = 1;
    load_rows(a, nullptr, i, 1, row);
    if (part.weights) load_rows(*part.weights, nullptr, i, 1, &weight);
    any_ |= weight > 0;
    for (size_t j = 0; j < n; ++j)
      if (!(part.skip_nan && row[j] != row[j]))
        sum[j] = {sum[j].weight + (double)weight, sum[j].value + (double)weight * f(row[j], weight, j)};
    if (!sums_.next_row()) return out_of_memory(error);
  }
  return NETLET_OK;
}

netlet_status Moments::add(const Sample& part, netlet_error* error) {
  return with_dtype(net_->dtype, [&](auto zero) {
    using T = decltype(zero);
    Column* const columns = columns_.data();
    if (second_)
      return add_rows<T>(part, error, [columns](double x, T, size_t j) {
        const double e = (x - columns[j].mean) / columns[j].unit;
        return e * e;
      });
    unit_ = larger(unit_, unit_of(part.rows.dtype));
    return add_rows<T>(part, error, [columns](double x, T weight, size_t j) {
      Column& c = columns[j];
      if (weight > 0 && x < c.low) c.low = x;
      if (weight > 0 && x > c.high) c.high = x;
      return x;
    });
  });
}

netlet_status Moments::end_of_pass(netlet_error* error) {
  const size_t rows = sums_.rows();
  return end_of_pass(sums_.finish(), rows, error);
}

netlet_status Moments::end_of_pass(const Sums* sums, size_t rows, netlet_error* error) {
  if (second_ && rows != rows_)
    return invalid(error, "batches: expected the same rows in each pass, got %zu and then %zu", rows_, rows);
  rows_ = rows;
  NETLET_TRY(second_ ? find_deviations(sums, error) : find_means(sums, error));
  second_ = true;
  return sums_.begin(columns_.size()) ? NETLET_OK : out_of_memory(error);
}

size_t Moments::value_count(const netlet_network& net, int kind, bool second) {
  return (second ? 2 : 4) * columns_of(net, kind);  // sums; low, high
}

void Moments::add_values(bool second, size_t count, double* a, const double* b) {
  const size_t sums = second ? count : count / 2, lows = second ? 0 : count / 4;
  kernels<double>().add(sums, a, b);
  for (size_t j = sums; j < sums + lows; ++j)
    if (b[j] < a[j]) a[j] = b[j];
  for (size_t j = sums + lows; j < count; ++j)
    if (b[j] > a[j]) a[j] = b[j];
}

void Moments::write(double* values) {
  const size_t n = columns_.size();
  memcpy(values, sums_.finish(), n * sizeof(Sums));
  for (size_t j = 0; j < n && !second_; ++j) {
    values[2 * n + j] = columns_[j].low;
    values[3 * n + j] = columns_[j].high;
  }
}

netlet_status Moments::take(const double* values, bool any, double unit, size_t rows, netlet_error* error) {
  const size_t n = columns_.size();
  for (size_t j = 0; j < n && !second_; ++j) {
    columns_[j].low = values[2 * n + j];
    columns_[j].high = values[3 * n + j];
  }
  any_ |= any;
  unit_ = larger(unit_, unit);
  return end_of_pass(reinterpret_cast<const Sums*>(values), rows, error);
}

void Moments::means(double* values) const {
  for (size_t j = 0; j < columns_.size(); ++j) {
    values[2 * j] = columns_[j].mean;
    values[2 * j + 1] = columns_[j].unit;
  }
}

void Moments::set_means(const double* values) {
  for (size_t j = 0; j < columns_.size(); ++j) {
    columns_[j].mean = values[2 * j];
    columns_[j].unit = values[2 * j + 1];
  }
  second_ = true;
}

netlet_status Moments::find_means(const Sums* sums, netlet_error* error) {
  if (!any_) return no_weight(rows_, error);
  size_t present = 0;
  for (size_t j = 0; j < columns_.size(); ++j) {
    Column& c = columns_[j];
    if (c.low <= c.high)
      ++present;
    else
      c.low = c.high = 0;  // a target that is never there
    c.mean = c.low == c.high ? c.low : sums[j].value / sums[j].weight;
    const double distance = larger(c.high - c.mean, c.mean - c.low);
    if (!(distance <= DBL_MAX))
      return invalid(error, "%s: expected values whose mean and deviation are finite, got up to %g in column %zu",
                     data_name(kind_), larger(fabs(c.low), fabs(c.high)), j);
    int exponent;
    frexp(distance, &exponent);
    if (distance > 0) c.unit = ldexp(1, exponent - 1);
  }
  return present ? NETLET_OK : no_target(error);
}

netlet_status Moments::find_deviations(const Sums* sums, netlet_error* error) {
  for (size_t j = 0; j < columns_.size(); ++j) {
    const Column& c = columns_[j];
    const double deviation = c.unit * sqrt(sums[j].value / sums[j].weight);
    shift_[j] = c.mean;
    scale_[j] = deviation > rounding_of(rows_, unit_) * larger(fabs(c.low), fabs(c.high)) ? deviation : 1;
  }
  return check(*net_, columns_.size(), kind_, shift_.data(), scale_.data(), error);
}

netlet_status Moments::set_in(netlet_network& net, netlet_error* error) const {
  return set(net, kind_, shift_.data(), scale_.data(), error);
}

netlet_status learn_scaling(netlet_network& net, int kind, const Sample& sample, netlet_error* error) {
  Moments moments;
  NETLET_TRY(moments.begin(net, kind, error));
  for (int pass = 0; pass < 2; ++pass) {
    NETLET_TRY(moments.add(sample, error));
    NETLET_TRY(moments.end_of_pass(error));
  }
  return moments.set_in(net, error);
}

netlet_status check_sample(const netlet_network& net, int kind, const netlet_array* rows, const netlet_array* weights,
                           int missing, netlet_error* error) {
  NETLET_TRY(check_array(data_name(kind), rows, error));
  if (rows->columns != columns_of(net, kind) || rows->rows == 0)
    return invalid(error, "%s: expected rows of %zu columns, got %zu rows of %zu", data_name(kind),
                   columns_of(net, kind), rows->rows, rows->columns);
  if (missing != NETLET_MISSING_REFUSE && missing != NETLET_MISSING_IGNORE)
    return invalid(error, "missing: expected 0 (refuse) or 1 (ignore), got %d", missing);
  const bool ignore = kind == NETLET_SCALE_OUTPUTS && missing == NETLET_MISSING_IGNORE;
  const char* const hint = kind == NETLET_SCALE_OUTPUTS ? kMissingHint : "";
  NETLET_TRY(check_finite<double>(data_name(kind), *rows, {}, error, ignore, hint));
  if (!weights) return NETLET_OK;
  return with_dtype(net.dtype, [&](auto zero) { return check_weights<decltype(zero)>(*weights, rows->rows, error); });
}

netlet_status check_scaling_kind(int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_INPUTS || kind == NETLET_SCALE_OUTPUTS) return NETLET_OK;
  return invalid(error, "scaling: expected 1 (inputs) or 2 (outputs), got %d", kind);
}

netlet_status learn_scalings(netlet_network& net, int kinds, const BatchSource& batches, netlet_error* error) {
  constexpr int all[] = {NETLET_SCALE_INPUTS, NETLET_SCALE_OUTPUTS};
  Moments moments[2];
  Pace pace;
  for (int i = 0; i < 2; ++i)
    if (kinds & all[i]) NETLET_TRY(moments[i].begin(net, all[i], error));
  for (int pass = 0; pass < 2; ++pass) {
    size_t rows = 0;
    for (;;) {
      netlet_batch batch = {};
      const int answer = batches.next(&batch);
      if (answer < 0) return fail(error, NETLET_ERROR_CALLBACK, "batches: the callback failed");
      if (answer == 0) break;
      for (int i = 0; i < 2; ++i) {
        if (!(kinds & all[i])) continue;
        const netlet_targets& targets = batch.targets;
        const netlet_array* const values = i == 0 ? &batch.x : targets.y;
        NETLET_TRY(check_sample(net, all[i], values, targets.sample_weight, targets.missing, error));
        rows = values->rows;
        if (i == 1 && (kinds & NETLET_SCALE_INPUTS) && rows != batch.x.rows)
          return invalid(error, "y: expected %zu rows, as many as x has, got %zu", batch.x.rows, rows);
        NETLET_TRY(moments[i].add({*values, targets.sample_weight, i == 1 && targets.missing}, error));
      }
      if (Headway* const progress = counted()) progress->add(rows);
      if (pace.stop(reading_operations(net.inputs()) * (double)rows)) return check_stop(error);
    }
    if (rows == 0) return invalid(error, "batches: expected at least one batch, got none");
    for (int i = 0; i < 2; ++i)
      if (kinds & all[i]) NETLET_TRY(moments[i].end_of_pass(error));
  }
  Buffer<double> before;
  if (!before.copy(net.input_scaling.values)) return out_of_memory(error);
  if (kinds & NETLET_SCALE_INPUTS) NETLET_TRY(moments[0].set_in(net, error));
  if (!(kinds & NETLET_SCALE_OUTPUTS)) return NETLET_OK;
  const netlet_status status = moments[1].set_in(net, error);
  if (status != NETLET_OK) net.input_scaling.values.swap(before);
  return status;
}

netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error) {
  const Scaling& scaling = net.scaling(kind);
  if (!scaling) return NETLET_OK;
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = kind == NETLET_SCALE_INPUTS ? net.inputs() : net.outputs();
  return check(net, n, kind, scaling.shift(), scaling.scale(), error);
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_set_scaling(netlet_network* network, int32_t kind, const double* shift, const double* scale,
                                 netlet_error* error) {
  NETLET_TRY(check_scaling_kind(kind, error));
  if (shift) NETLET_TRY(check_loss(*network, kind, error));
  if (!shift != !scale) return invalid(error, "shift and scale: expected both, or both NULL");
  return holding<Writing>("set_scaling", *network, error, [&](auto) {
    if (shift) return set(*network, kind, shift, scale, error);
    network->scaling(kind).values.release();
    return NETLET_OK;
  });
}

netlet_status netlet_learn_scaling(netlet_network* network, int32_t kind, const netlet_array* rows,
                                   const netlet_array* sample_weight, int32_t missing, netlet_error* error) {
  NETLET_TRY(check_scaling_kind(kind, error));
  if (missing != NETLET_MISSING_REFUSE && kind == NETLET_SCALE_INPUTS)
    return invalid(error, "missing: expected 0 (refuse) or, for outputs, 1 (ignore), got %d", missing);
  return holding<Writing>("learn_scaling", *network, error, [&](auto) {
    NETLET_TRY(check_sample(*network, kind, rows, sample_weight, missing, error));
    return learn_scaling(*network, kind, {*rows, sample_weight, missing == NETLET_MISSING_IGNORE}, error);
  });
}

netlet_status netlet_learn_scaling_batches(netlet_network* network, int32_t kinds,
                                           int (*next_batch)(void* context, netlet_batch* batch), void* context,
                                           netlet_error* error) {
  if (kinds < 1 || kinds > (NETLET_SCALE_INPUTS | NETLET_SCALE_OUTPUTS))
    return invalid(error, "scaling: expected 1 (inputs), 2 (outputs) or 3 (both), got %d", kinds);
  if (!next_batch) return invalid(error, "next_batch: expected a function, got NULL");
  return lending<Writing>(
      "learn_scaling", *network, {next_batch, context}, error,
      [&](const BatchSource& batches, auto) { return learn_scalings(*network, kinds, batches, error); });
}

const double* netlet_scaling_shift(const netlet_network* network, int32_t kind) {
  return network->scaling(kind).shift();
}
const double* netlet_scaling_scale(const netlet_network* network, int32_t kind) {
  return network->scaling(kind).scale();
}

netlet_status netlet_copy_scaling(const netlet_network* network, int32_t kind, double* shift, double* scale,
                                  int* present, netlet_error* error) {
  NETLET_TRY(check_scaling_kind(kind, error));
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
