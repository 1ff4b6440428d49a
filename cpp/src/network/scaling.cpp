// SPDX-License-Identifier: BSD-3-Clause
// The scaling of inputs and outputs, set or learned from data.
#include <math.h>

#include "kernels/kernels.hpp"
#include "network/arrays.hpp"
#include "network/entry.hpp"
#include "network/sums.hpp"
#include "system/error.hpp"

namespace netlet::core {
namespace {

const char* kind_name(int kind) { return kind == NETLET_SCALE_INPUTS ? "inputs" : "outputs"; }

netlet_status check_kind(int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_INPUTS || kind == NETLET_SCALE_OUTPUTS) return NETLET_OK;
  return fail(error, NETLET_ERROR_ARGUMENT, "scaling: expected 1 (inputs) or 2 (outputs), got %d", kind);
}

netlet_status check_loss(const netlet_network& net, int kind, netlet_error* error) {
  if (kind == NETLET_SCALE_OUTPUTS && !net.loss_kind().scalable)
    return fail(error, NETLET_ERROR_ARGUMENT, "scaling: %s does not allow scaled outputs", net.loss_kind().name);
  return NETLET_OK;
}

size_t columns_of(const netlet_network& net, int kind) {
  return kind == NETLET_SCALE_INPUTS ? net.inputs() : net.targets();
}

template <class T, class Value>
netlet_status check(size_t n, int kind, const Value* shift, const Value* scale, netlet_error* error) {
  for (size_t j = 0; j < n; ++j) {
    const T a = (T)shift[j], b = (T)scale[j];
    if (!(a - a == 0))
      return fail(error, NETLET_ERROR_ARGUMENT, "shift: expected finite numbers for the %s, got %g at position %zu",
                  kind_name(kind), (double)a, j);
    if (!(b > 0 && b - b == 0))
      return fail(error, NETLET_ERROR_ARGUMENT,
                  "scale: expected positive finite numbers for the %s, got %g at position %zu", kind_name(kind),
                  (double)b, j);
  }
  return NETLET_OK;
}

template <class T>
netlet_status set(netlet_network& net, int kind, const double* shift, const double* scale, netlet_error* error) {
  const size_t n = columns_of(net, kind);
  NETLET_TRY(check<T>(n, kind, shift, scale, error));
  Buffer<unsigned char>& values = net.scaling(kind).values;
  const size_t each = kind == NETLET_SCALE_OUTPUTS ? net.loss_kind().outputs_per_target : 1;
  if (!values.allocate(2 * each * n * sizeof(T))) return out_of_memory(error);
  T *shifts = reinterpret_cast<T*>(values.data()), *scales = shifts + each * n;
  for (size_t j = 0; j < n; ++j, shifts += each, scales += each) {
    shifts[0] = (T)shift[j];
    scales[0] = (T)scale[j];
    if (each == 1) continue;
    kernels<T>().map(NETLET_LOG, 1, scales, shifts + 1);  // the log variance: its shift is 2 log(scale)
    shifts[1] = 2 * shifts[1];
    scales[1] = 1;
  }
  return NETLET_OK;
}

// The sum over the rows of f(value, column), for each column: in order within blocks, the blocks in the tree.
template <class T, class F> bool column_sums(const netlet_array& a, double* sums, F f) {
  const size_t n = a.columns, blocks = (a.rows + kBlockRows - 1) / kBlockRows;
  Buffer<double> block_sums;
  Buffer<T> row;
  if (!block_sums.allocate_rows(blocks, n, true) || !row.allocate(n)) return false;
  for (size_t i = 0; i < a.rows; ++i) {
    double* sum = block_sums.data() + i / kBlockRows * n;
    load_rows(a, nullptr, i, 1, row.data());
    for (size_t j = 0; j < n; ++j) sum[j] = sum[j] + f((double)row[j], j);
  }
  tree(blocks, [&](size_t p, size_t q) {
    for (size_t j = 0; j < n; ++j) block_sums[p * n + j] = block_sums[p * n + j] + block_sums[q * n + j];
  });
  memcpy(sums, block_sums.data(), n * sizeof(double));
  return true;
}

template <class T> netlet_status learn(netlet_network& net, int kind, const netlet_array& rows, netlet_error* error) {
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = rows.columns;
  Buffer<double> mean, deviation;
  if (!mean.allocate(n) || !deviation.allocate(n)) return out_of_memory(error);
  NETLET_TRY(check_finite<T>(kind_name(kind), rows, error));
  if (!column_sums<T>(rows, mean.data(), [](double x, size_t) { return x; })) return out_of_memory(error);
  for (size_t j = 0; j < n; ++j) mean[j] = mean[j] / (double)rows.rows;
  Buffer<unsigned char> changes;
  Buffer<T> first;
  if (!changes.allocate(n, true) || !first.allocate(n)) return out_of_memory(error);
  load_rows(rows, nullptr, 0, 1, first.data());
  const auto square = [&](double x, size_t j) {
    changes[j] |= x != (double)first[j];
    const double e = x - mean[j];
    return e * e;
  };
  if (!column_sums<T>(rows, deviation.data(), square)) return out_of_memory(error);
  for (size_t j = 0; j < n; ++j) {
    const double d = sqrt(deviation[j] / (double)rows.rows);
    deviation[j] = changes[j] && (T)d > 0 ? d : 1;
  }
  return set<T>(net, kind, mean.data(), deviation.data(), error);
}

}  // namespace

netlet_status learn_scaling(netlet_network& net, int kind, const netlet_array& rows, netlet_error* error) {
  return with_dtype(net.dtype, [&](auto zero) { return learn<decltype(zero)>(net, kind, rows, error); });
}

netlet_status check_scaling(const netlet_network& net, int kind, netlet_error* error) {
  const Scaling& scaling = net.scaling(kind);
  if (!scaling) return NETLET_OK;
  NETLET_TRY(check_loss(net, kind, error));
  const size_t n = kind == NETLET_SCALE_INPUTS ? net.inputs() : net.outputs();
  return with_dtype(net.dtype, [&](auto zero) {
    using T = decltype(zero);
    return check<T>(n, kind, scaling.shift<T>(), scaling.scale<T>(), error);
  });
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_set_scaling(netlet_network* network, int32_t kind, const double* shift, const double* scale,
                                 netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  if (shift) NETLET_TRY(check_loss(*network, kind, error));
  if (!shift != !scale) return fail(error, NETLET_ERROR_ARGUMENT, "shift and scale: expected both, or both NULL");
  return holding<Writing>("set_scaling", *network, error, [&](auto zero) {
    if (shift) return set<decltype(zero)>(*network, kind, shift, scale, error);
    network->scaling(kind).values.release();
    return NETLET_OK;
  });
}

netlet_status netlet_learn_scaling(netlet_network* network, int32_t kind, const netlet_array* rows,
                                   netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  NETLET_TRY(check_array(kind_name(kind), rows, error));
  if (rows->columns != columns_of(*network, kind) || rows->rows == 0)
    return fail(error, NETLET_ERROR_ARGUMENT, "%s: expected rows of %zu columns, got %zu rows of %zu", kind_name(kind),
                columns_of(*network, kind), rows->rows, rows->columns);
  return holding<Writing>("learn_scaling", *network, error,
                          [&](auto zero) { return learn<decltype(zero)>(*network, kind, *rows, error); });
}

const void* netlet_scaling_shift(const netlet_network* network, int32_t kind) {
  return network->scaling(kind).values.data();
}
const void* netlet_scaling_scale(const netlet_network* network, int32_t kind) {
  const Scaling& scaling = network->scaling(kind);
  return scaling ? scaling.values.data() + scaling.values.size() / 2 : nullptr;
}

netlet_status netlet_copy_scaling(const netlet_network* network, int32_t kind, void* shift, void* scale, int* present,
                                  netlet_error* error) {
  NETLET_TRY(check_kind(kind, error));
  return holding<Reading>("scaling", *network, error, [&](auto) {
    const Buffer<unsigned char>& values = network->scaling(kind).values;
    *present = values.size() != 0;
    if (!*present) return NETLET_OK;
    memcpy(shift, values.data(), values.size() / 2);
    memcpy(scale, values.data() + values.size() / 2, values.size() / 2);
    return NETLET_OK;
  });
}
