// SPDX-License-Identifier: BSD-3-Clause
// Activations over rows of values, and their derivatives.
#pragma once

#include "kernels/elementary.hpp"
#include "kernels/kernels.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

template <class T> void map_function(int function, size_t n, const T* x, T* y) {
  switch (function) {
    case NETLET_IDENTITY:
      if (x != y) map_compact(n, x, y, [](V<T> v) { return v; });
      return;
    case NETLET_SIGMOID: return map(n, x, y, [](V<T> v) { return sigmoid<T>(v); });
    case NETLET_TANH: return map(n, x, y, [](V<T> v) { return tanh<T>(v); });
    case NETLET_RELU: return map(n, x, y, [](V<T> v) { return relu<T>(v); });
    case NETLET_LEAKY_RELU: return map_compact(n, x, y, [](V<T> v) { return leaky_relu<T>(v); });
    case NETLET_ELU: return map_compact(n, x, y, [](V<T> v) { return elu<T>(v); });
    case NETLET_SOFTPLUS: return map_compact(n, x, y, [](V<T> v) { return softplus<T>(v); });
    case NETLET_SILU: return map_compact(n, x, y, [](V<T> v) { return silu<T>(v); });
    case NETLET_GELU: return map_compact(n, x, y, [](V<T> v) { return gelu<T>(v); });
    case NETLET_HARD_SIGMOID: return map_compact(n, x, y, [](V<T> v) { return hard_sigmoid<T>(v); });
    case core::kExp: return map_compact(n, x, y, [](V<T> v) { return exp<T>(v); });
    case core::kLog: return map_compact(n, x, y, [](V<T> v) { return log<T>(v); });
  }
}

// d times f', written in y = f(z), or in z where core::derivative_needs_z says so
template <class T> NETLET_INLINE V<T> times_sigmoid(V<T> d, V<T> y) { return d * (y * (splat(T(1)) - y)); }
template <class T> NETLET_INLINE V<T> times_tanh(V<T> d, V<T> y) { return d * fma(-y, y, splat(T(1))); }
template <class T> NETLET_INLINE V<T> times_relu(V<T> d, V<T> y) {
  return d * (y <= splat(T(0)) ? splat(T(0)) : splat(T(1)));
}
template <class T> NETLET_INLINE V<T> times_leaky_relu(V<T> d, V<T> y) {
  return d * (y <= splat(T(0)) ? splat(T(0.01)) : splat(T(1)));
}
template <class T> NETLET_INLINE V<T> times_elu(V<T> d, V<T> y) {
  return d * (y <= splat(T(0)) ? y + splat(T(1)) : splat(T(1)));
}
template <class T> NETLET_INLINE V<T> times_softplus(V<T> d, V<T> y) { return d * -expm1_negative<T>(-y); }
template <class T> NETLET_INLINE V<T> times_silu(V<T> d, V<T> z) {
  const V<T> s = sigmoid<T>(z);
  return d * (s * fma(z, splat(T(1)) - s, splat(T(1))));
}
template <class T> NETLET_INLINE V<T> times_gelu(V<T> d, V<T> z) {
  const Normal<T> n = normal<T>(z);
  return d * fma(z, n.bell * splat(T(0.3989422804014327)), n.function);  // 1 / sqrt(2 pi)
}
template <class T> NETLET_INLINE V<T> times_hard_sigmoid(V<T> d, V<T> y) {
  const V<T> zero = splat(T(0));
  return d * (y <= zero ? zero : y >= splat(T(1)) ? zero : splat(T(1) / T(6)));
}

template <class T> void times_derivative(int activation, size_t n, const T* y, T* s) {
  switch (activation) {
    case NETLET_SIGMOID: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_sigmoid<T>(d, v); });
    case NETLET_TANH: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_tanh<T>(d, v); });
    case NETLET_RELU: return map(n, s, y, s, [](V<T> d, V<T> v) { return times_relu<T>(d, v); });
    case NETLET_LEAKY_RELU: return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_leaky_relu<T>(d, v); });
    case NETLET_ELU: return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_elu<T>(d, v); });
    case NETLET_SOFTPLUS: return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_softplus<T>(d, v); });
    case NETLET_SILU: return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_silu<T>(d, v); });
    case NETLET_GELU: return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_gelu<T>(d, v); });
    case NETLET_HARD_SIGMOID:
      return map_compact(n, s, y, s, [](V<T> d, V<T> v) { return times_hard_sigmoid<T>(d, v); });
  }
}

// the largest of n values; NaN if the first is NaN, otherwise NaNs are passed over (the row then ends as NaN anyway)
template <class T> T largest(size_t n, const T* z) {
  T m = z[0];
  for (size_t j = 1; j < n; ++j) m = z[j] > m ? z[j] : m;
  return m;
}

// y = exp(z - m) / their sum in the order of j; returns the sum
template <class T> T softmax_row(size_t n, const T* z, T m, T* y) {
  const V<T> shift = splat(m);
  map_compact(n, z, y, [=](V<T> v) { return exp_negative<T>(v - shift); });
  T sum = 0;
  for (size_t j = 0; j < n; ++j) sum = sum + y[j];
  const V<T> divisor = splat(sum);
  map(n, y, y, [=](V<T> v) { return v / divisor; });
  return sum;
}

template <class T> void softmax(size_t rows, size_t n, const T* z, T* y) {
  for (size_t i = 0; i < rows; ++i, z += n, y += n) softmax_row(n, z, largest(n, z), y);
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
