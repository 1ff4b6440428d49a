// SPDX-License-Identifier: BSD-3-Clause
// What an output row is compared with its target by: losses, and their derivatives.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/kernels.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::OutputRows;

constexpr size_t kChunk = 64;  // a row's values go through a buffer on the stack in chunks of this

// ---- the loss of a row, a chain over its outputs in binary64

// 1/2 sum_j (y_j - t_j)^2
template <class T> double squared_error(size_t n, const T* y, const T* t) {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) {
    const double e = (double)y[j] - (double)t[j];
    sum = fma1(e, e, sum);
  }
  return 0.5 * sum;
}

// sum_j term(y_j - t_j, j)
template <class T, class F> NETLET_INLINE double sum_errors(size_t n, const T* y, const T* t, F term) {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) sum = sum + term((double)y[j] - (double)t[j], j);
  return sum;
}

// sum_j exp(y_j) - t_j y_j
template <class T> double poisson(size_t n, const T* y, const T* t) {
  T rates[kChunk];
  double sum = 0;
  for (size_t j = 0; j < n; j += kChunk) {
    const size_t count = n - j < kChunk ? n - j : kChunk;
    map_compact(count, y + j, rates, [](V<T> v) { return exp<T>(v); });
    for (size_t c = 0; c < count; ++c) sum = sum + fma1(-(double)t[j + c], (double)y[j + c], (double)rates[c]);
  }
  return sum;
}

// sum_j t_j (log sum exp(z - m) - (z_j - m)); targets of 0 add nothing, however small their output
template <class T> double cross_entropy(size_t n, const T* z, T m, T log_sum, const T* t) {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) {
    const double nats = (double)log_sum - ((double)z[j] - (double)m);
    sum = t[j] == 0 ? sum : fma1((double)t[j], nats, sum);
  }
  return sum;
}

// sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-|z_j|)); right: whether all outputs are on the side of their target
template <class T> double binary_cross_entropy(size_t n, const T* z, const T* y, const T* t, bool* right) {
  T tails[kChunk];
  double sum = 0;
  *right = true;
  for (size_t j = 0; j < n; j += kChunk) {
    const size_t count = n - j < kChunk ? n - j : kChunk;
    map_compact(count, z + j, tails, [](V<T> v) { return softplus_tail<T>(v); });
    for (size_t c = 0; c < count; ++c) {
      const double target = t[j + c], value = z[j + c];
      const double factor = value > 0 ? 1 - target : -target;
      sum = sum + (factor * value + (double)tails[c]);
      *right = *right && (y[j + c] >= T(0.5)) == (t[j + c] >= T(0.5));
    }
  }
  return sum;
}

template <class T> size_t index_of_largest(size_t n, const T* y) {
  size_t best = 0;
  for (size_t j = 1; j < n; ++j) best = y[j] > y[best] ? j : best;
  return best;
}

// The softmax of all rows and their losses; the logarithms of many rows' sums are taken at once.
template <class T> void cross_entropy_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  T maximum[kChunk], sum[kChunk], log_sum[kChunk];
  for (size_t first = 0; first < r.rows; first += kChunk) {
    const size_t count = r.rows - first < kChunk ? r.rows - first : kChunk;
    for (size_t c = 0; c < count; ++c) {
      const T* const z = r.z + (first + c) * n;
      maximum[c] = largest(n, z);
      sum[c] = softmax_row(n, z, maximum[c], r.y + (first + c) * n);
    }
    map_compact(count, sum, log_sum, [](V<T> v) { return log<T>(v); });
    for (size_t c = 0; c < count; ++c) {
      const size_t i = first + c;
      const T *z = r.z + i * n, *t = r.t ? r.t + i * n : nullptr;
      const size_t target = t ? index_of_largest(n, t) : (size_t)r.classes[i];
      r.correct += index_of_largest(n, r.y + i * n) == target;
      r.row_loss[i] = t ? cross_entropy(n, z, maximum[c], log_sum[c], t)
                        : (double)log_sum[c] - ((double)z[target] - (double)maximum[c]);
    }
  }
}

// of row i; right: whether its class is
template <class T> double row_loss(const OutputRows<T>& r, size_t i, bool* right) {
  const size_t n = r.n;
  const T *z = r.z ? r.z + i * n : nullptr, *y = r.y + i * n, *t = r.t ? r.t + i * n : nullptr;
  switch (r.loss) {
    case NETLET_ABSOLUTE_ERROR: return sum_errors(n, y, t, [](double e, size_t) { return e < 0 ? -e : e; });
    case NETLET_HUBER: {
      const double limit = r.huber_delta;
      return sum_errors(n, y, t, [=](double e, size_t) {
        const double size = e < 0 ? -e : e;
        return size <= limit ? 0.5 * (e * e) : limit * (size - 0.5 * limit);
      });
    }
    case NETLET_POISSON: return poisson(n, y, t);
    case NETLET_QUANTILE: {
      const double* q = r.quantiles;
      return sum_errors(n, y, t, [=](double e, size_t j) { return e > 0 ? (1 - q[j]) * e : q[j] * -e; });
    }
    case NETLET_BINARY_CROSS_ENTROPY: return binary_cross_entropy(n, z, y, t, right);
  }
  return 0;  // a gradient was given: there is no loss
}

// ---- its derivative by the outputs; for the cross entropies already that by the output layer's sums

// positive or negative by the sign of e; 0 and NaN as they are
template <class T> NETLET_INLINE V<T> by_sign(V<T> e, V<T> negative, V<T> positive) {
  return e > splat(T(0)) ? positive : e < splat(T(0)) ? negative : e;
}

template <class T> void loss_derivative(const OutputRows<T>& r) {
  const size_t n = r.n, count = r.rows * n;
  const T *y = r.y, *t = r.t;
  T* delta = r.delta;
  switch (r.loss) {
    case NETLET_ABSOLUTE_ERROR:
      return map_compact(count, y, t, delta,
                         [](V<T> a, V<T> b) { return by_sign<T>(a - b, splat(T(-1)), splat(T(1))); });
    case NETLET_HUBER: {
      const V<T> most = splat((T)r.huber_delta);
      return map_compact(count, y, t, delta, [=](V<T> a, V<T> b) {
        const V<T> e = a - b;
        return e > most ? most : e < -most ? -most : e;
      });
    }
    case NETLET_POISSON: return map_compact(count, y, t, delta, [](V<T> a, V<T> b) { return exp<T>(a) - b; });
    case NETLET_QUANTILE:
      for (size_t i = 0; i < count; ++i) {
        const T e = y[i] - t[i];
        const double q = r.quantiles[i % n];
        delta[i] = e > 0 ? (T)(1 - q) : e < 0 ? (T)-q : e;
      }
      return;
    case core::kGivenGradient: return map(count, t, delta, [](V<T> v) { return v; });
  }
  if (t) return map(count, y, t, delta, [](V<T> a, V<T> b) { return a - b; });
  map(count, y, delta, [](V<T> a) { return a; });
  for (size_t i = 0; i < r.rows; ++i) delta[i * n + (size_t)r.classes[i]] = y[i * n + (size_t)r.classes[i]] - T(1);
}

// y_j (g_j - sum_k g_k y_k): through a softmax
template <class T> void softmax_delta(size_t n, const T* y, T* g) {
  T dot = 0;
  for (size_t j = 0; j < n; ++j) dot = fma1(g[j], y[j], dot);
  const V<T> s = splat(dot);
  map(n, g, y, g, [=](V<T> gj, V<T> yj) { return yj * (gj - s); });
}

// both at once for the loss and the activations that are used most
template <class T> bool squared_error_delta(const OutputRows<T>& r) {
  const size_t count = r.rows * r.n;
  const auto each = [&](auto times) {
    map(count, r.y, r.t, r.delta, [=](V<T> y, V<T> t) { return times(y - t, y); });
    return true;
  };
  if (r.loss != NETLET_SQUARED_ERROR) return false;
  switch (r.activation) {
    case NETLET_IDENTITY: return each([](V<T> d, V<T>) { return d; });
    case NETLET_SIGMOID: return each([](V<T> d, V<T> y) { return times_sigmoid<T>(d, y); });
    case NETLET_TANH: return each([](V<T> d, V<T> y) { return times_tanh<T>(d, y); });
  }
  return false;
}

template <class T> void output_delta(const OutputRows<T>& r) {
  if (squared_error_delta(r)) return;
  loss_derivative(r);
  if (r.loss == NETLET_BINARY_CROSS_ENTROPY || r.loss == NETLET_CROSS_ENTROPY) return;
  if (r.activation == NETLET_SOFTMAX)
    for (size_t i = 0; i < r.rows; ++i) softmax_delta(r.n, r.y + i * r.n, r.delta + i * r.n);
  else
    times_derivative(r.activation, r.rows * r.n, core::derivative_needs_z(r.activation) ? r.z : r.y, r.delta);
}

// ---- rows

// the losses of rows of one output are no chains: a vector of them at once
NETLET_INLINE bool squared_errors(OutputRows<double>& r) {
  if (r.n != 1) return false;
  map(r.rows, r.y, r.t, r.row_loss, [](F64 y, F64 t) {
    const F64 e = y - t;
    return splat(0.5) * (e * e);
  });
  return true;
}
NETLET_INLINE bool squared_errors(OutputRows<float>&) { return false; }

template <class T> void output_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  r.correct = 0;
  if (r.loss == NETLET_SQUARED_ERROR) {
    if (!squared_errors(r))
      for (size_t i = 0; i < r.rows; ++i) r.row_loss[i] = squared_error(n, r.y + i * n, r.t + i * n);
  } else if (r.loss == NETLET_CROSS_ENTROPY) {
    cross_entropy_rows(r);
  } else {
    for (size_t i = 0; i < r.rows; ++i) {
      bool right = false;
      r.row_loss[i] = row_loss(r, i, &right);
      r.correct += right;
    }
  }
  if (r.weights)
    for (size_t i = 0; i < r.rows; ++i) r.row_loss[i] = r.row_loss[i] * (double)r.weights[i];
  if (!r.delta) return;
  output_delta(r);
  if (r.weights)
    for (size_t i = 0; i < r.rows; ++i) {
      const V<T> weight = splat(r.weights[i]);
      map(n, r.delta + i * n, r.delta + i * n, [=](V<T> d) { return d * weight; });
    }
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
