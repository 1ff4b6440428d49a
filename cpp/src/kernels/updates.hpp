// SPDX-License-Identifier: BSD-3-Clause
// The updates of the optimizers.
#pragma once

#include "netlet/netlet.h"

namespace netlet::core {

// One step of an optimizer.
template <class T> struct Step {
  const netlet_optimizer_config* config;
  bool first;  // the first step: rprop's state is not set yet
  T rate;      // learning rate; adam: divided by 1 - beta_1^t; rprop: the initial step length
  T root;      // adam: 1 / sqrt(1 - beta_2^t)
  T decay;     // what the weights are multiplied by
  T by = 1;    // what the gradient is multiplied by first
};

}  // namespace netlet::core

#if defined(NETLET_ISA_NAME)  // within the kernels of an instruction set

#include "kernels/elementary.hpp"
#include "kernels/kernels.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::Step;

// w = f(by g, w, s0, s1) for all elements; of the state, passed by reference, only the first `States` exist
template <class T, int States, class F>
NETLET_INLINE void update_each(T factor, size_t n, const T* g, T* w, T* s0, T* s1, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  const V<T> by = splat(factor);
  V<T> a = {}, b = {};
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (States > 0) a = load<T>(s0 + i);
    if (States > 1) b = load<T>(s1 + i);
    store<T>(w + i, f(load<T>(g + i) * by, load<T>(w + i), a, b));
    if (States > 0) store<T>(s0 + i, a);
    if (States > 1) store<T>(s1 + i, b);
  }
  if (i == n) return;
  const Part<T> rest((int)(n - i));
  if (States > 0) a = load_part(s0 + i, rest);
  if (States > 1) b = load_part(s1 + i, rest);
  store_part(w + i, f(load_part(g + i, rest) * by, load_part(w + i, rest), a, b), rest);
  if (States > 0) store_part(s0 + i, a, rest);
  if (States > 1) store_part(s1 + i, b, rest);
}

// State that no gradient feeds any more decays until it is subnormal, and then, with the usual factors, is rounded up
// again and again: it never reaches 0, and Intel's processors would take several times as long for each step.
template <class T> NETLET_INLINE V<T> without_subnormals(V<T> v) {
  return magnitude<T>(v) < splat(Constants<T>::smallest_normal) ? splat(T(0)) : v;
}

template <class T> NETLET_INLINE V<T> setting(double value) { return splat((T)value); }

template <class T> void rprop(const Step<T>& step, size_t n, const T* g, T* w, T* length, T* previous) {
  const netlet_optimizer_config& c = *step.config;
  const V<T> zero = splat(T(0)), eta_minus = setting<T>(c.eta_minus), eta_plus = setting<T>(c.eta_plus);
  const V<T> least = setting<T>(c.step_min), most = setting<T>(c.step_max), start = splat(step.rate);
  const bool first = step.first;
  update_each<T, 2>(step.by, n, g, w, length, previous, [=](V<T> d, V<T> p, V<T>& s, V<T>& before) {
    const Bits<T> same =
        ((Bits<T>)(d > zero) & (Bits<T>)(before > zero)) | ((Bits<T>)(d < zero) & (Bits<T>)(before < zero));
    const Bits<T> turned =
        ((Bits<T>)(d > zero) & (Bits<T>)(before < zero)) | ((Bits<T>)(d < zero) & (Bits<T>)(before > zero));
    if (first) s = start;
    const V<T> longer = s * eta_plus, shorter = s * eta_minus;
    s = same ? (longer > most ? most : longer) : turned ? (shorter < least ? least : shorter) : s;
    before = turned ? zero : d;
    return before > zero ? p - s : before < zero ? p + s : before == zero ? p : before;  // NaN stays NaN
  });
}

template <class T> void update(const Step<T>& step, size_t n, const T* g, T* w, T* s0, T* s1) {
  const netlet_optimizer_config& c = *step.config;
  const V<T> rate = splat(step.rate), momentum = setting<T>(c.momentum);
  if (c.kind == NETLET_ADAM) {
    const V<T> beta_1 = setting<T>(c.beta_1), beta_2 = setting<T>(c.beta_2), epsilon = setting<T>(c.epsilon);
    const V<T> rest_1 = setting<T>(1 - c.beta_1), rest_2 = setting<T>(1 - c.beta_2), root = splat(step.root);
    update_each<T, 2>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& m, V<T>& v) {
      m = without_subnormals<T>(fma(beta_1, m, rest_1 * d));
      v = without_subnormals<T>(fma(beta_2, v, (rest_2 * d) * d));
      return p - (rate * m) / fma(sqrt(v), root, epsilon);
    });
  } else if (c.kind == NETLET_RPROP) {
    rprop(step, n, g, w, s0, s1);
  } else if (c.kind == NETLET_RMSPROP) {
    const V<T> rho = setting<T>(c.rho), rest = setting<T>(1 - c.rho), epsilon = setting<T>(c.epsilon);
    if (s1)
      update_each<T, 2>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>& b) {
        v = without_subnormals<T>(fma(rho, v, (rest * d) * d));
        b = without_subnormals<T>(fma(momentum, b, d / (sqrt(v) + epsilon)));
        return fma(-rate, b, p);
      });
    else
      update_each<T, 1>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>&) {
        v = without_subnormals<T>(fma(rho, v, (rest * d) * d));
        return fma(-rate, d / (sqrt(v) + epsilon), p);
      });
  } else if (!s0) {
    update_each<T, 0>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>&, V<T>&) { return fma(-rate, d, p); });
  } else if (c.nesterov) {
    update_each<T, 1>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>&) {
      v = without_subnormals<T>(fma(momentum, v, d));
      return fma(-rate, fma(momentum, v, d), p);
    });
  } else {
    update_each<T, 1>(step.by, n, g, w, s0, s1, [=](V<T> d, V<T> p, V<T>& v, V<T>&) {
      v = without_subnormals<T>(fma(momentum, v, d));
      return fma(-rate, v, p);
    });
  }
}

// L2 and L1 penalties, and weight decay
template <class T> void penalize(size_t n, T* g, T* w, T l2, T l1, T decay) {
  const V<T> square = splat(l2), size = splat(l1), keep = splat(decay), zero = splat(T(0));
  if (l2 != 0) map(n, w, g, g, [=](V<T> p, V<T> d) { return fma(square, p, d); });
  if (l1 != 0) map(n, w, g, g, [=](V<T> p, V<T> d) { return p > zero ? d + size : p < zero ? d - size : d; });
  if (decay != 1) map(n, w, w, [=](V<T> p) { return p * keep; });
}

template <class T> void clip(size_t n, T* g, T limit) {
  const V<T> most = splat(limit);
  map(n, g, g, [=](V<T> d) { return d > most ? most : d < -most ? -most : d; });
}

template <class T> void scale(size_t n, T* g, T factor) {
  const V<T> f = splat(factor);
  map(n, g, g, [=](V<T> d) { return d * f; });
}

NETLET_INLINE F64 widened(const double* p) { return load<double>(p); }
NETLET_INLINE F64 widened(const float* p) {
  typedef float Half __attribute__((vector_size(kBytes / 2)));
  Half half;
  __builtin_memcpy(&half, p, sizeof half);
  return __builtin_convertvector(half, F64);
}

// The sum of squares of at most core::kNormBlock values, in binary64: value i is added to sum i mod 16, then the sums
// are added as a tree.
template <class T> double squares(size_t n, const T* g) {
  constexpr int sums = 16, lanes = Vec<double>::lanes, vectors = sums / lanes;
  F64 sum[vectors] = {};
  const auto add = [&](const T* values) {
    NETLET_UNROLLED for (int v = 0; v < vectors; ++v) {
      const F64 x = widened(values + v * lanes);
      sum[v] = fma(x, x, sum[v]);
    }
  };
  size_t i = 0;
  for (; i + sums <= n; i += sums) add(g + i);
  if (i < n) {
    T rest[sums] = {};  // 0 adds nothing
    for (size_t j = 0; i + j < n; ++j) rest[j] = g[i + j];
    add(rest);
  }
  double total[sums];
  for (int s = 0; s < sums; ++s) total[s] = sum[s / lanes][s % lanes];
  for (int width = 1; width < sums; width *= 2)
    for (int s = 0; s < sums; s += 2 * width) total[s] = total[s] + total[s + width];
  return total[0];
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME

#endif
