// SPDX-License-Identifier: BSD-3-Clause
// netlet_predict: outputs as what they are predictions of.
#include "network/entry.hpp"
#include "network/targets.hpp"

namespace netlet::core {
namespace {

template <class T> size_t largest(const T* row, size_t count) {
  size_t at = 0;
  for (size_t j = 1; j < count; ++j)
    if (row[j] > row[at]) at = j;
  return at;
}

// NaN is refused before anything is written.
template <class T>
netlet_status classes(const netlet_network& net, size_t rows, const T* outputs, int64_t* out, netlet_error* error) {
  const size_t n = net.outputs();
  for (size_t k = 0; k < rows * n; ++k)
    if (outputs[k] != outputs[k]) return invalid(error, "x: the outputs of row %zu are NaN, which is no class", k / n);
  if (net.loss == NETLET_CROSS_ENTROPY)
    for (size_t i = 0; i < rows; ++i) out[i] = (int64_t)largest(outputs + i * n, n);
  else
    for (size_t k = 0; k < rows * n; ++k) out[k] = outputs[k] > T(0.5);
  return NETLET_OK;
}

template <class T>
netlet_status predict(const netlet_network& net, const netlet_array& x, void* out, netlet_error* error) {
  const size_t n = net.outputs(), each = net.loss_kind().outputs_per_target;
  T* const values = static_cast<T*>(out);
  if (!net.has_classes() && each == 1) {
    NETLET_TRY(forward(net, x, out, error));
    if (net.loss == NETLET_POISSON) return netlet_map(NETLET_EXP, net.dtype, x.rows * n, out, out, error);
    return NETLET_OK;
  }
  Buffer<T> outputs;
  if (!outputs.allocate_rows(x.rows, n)) return out_of_memory(error);
  NETLET_TRY(forward(net, x, outputs.data(), error));
  if (net.has_classes()) return classes(net, x.rows, outputs.data(), static_cast<int64_t*>(out), error);
  for (size_t k = 0; k < x.rows * n / each; ++k) values[k] = outputs.data()[k * each];  // the means
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

size_t netlet_prediction_count(const netlet_network* network) {
  return network->loss == NETLET_CROSS_ENTROPY ? 1 : network->targets();
}

int netlet_prediction_dtype(const netlet_network* network) {
  return network->has_classes() ? NETLET_INT64 : network->dtype;
}

netlet_status netlet_predict(const netlet_network* network, const netlet_array* x, void* out, netlet_error* error) {
  NETLET_TRY(check_features(*network, x, error));
  if (x->rows == 0) return NETLET_OK;
  NETLET_TRY(check_memory("out", "the predictions", out, netlet_prediction_dtype(network), error));
  return holding<Reading>("predict", *network, error,
                          [&](auto zero) { return predict<decltype(zero)>(*network, *x, out, error); });
}
