// SPDX-License-Identifier: BSD-3-Clause
// The losses: each is a line in the table, which everything else reads, and a struct that computes it.
#pragma once

#include <stddef.h>

#include "netlet/netlet.h"

namespace netlet::core {

enum class TargetKind { any, counts, shares, classes };  // counts: >= 0; shares: in [0, 1]; classes: indices or shares

// A parameter of a loss: one value, or one for each output; > 0, and < 1 if below_one.
struct LossParameter {
  const char *name, *in_files;
  bool each_output, below_one;
  double usual;
};

struct LossKind {
  const char* name;
  TargetKind targets = TargetKind::any;
  int output = -1;       // the output activation that it requires; -1: any
  bool scalable = true;  // whether outputs may be scaled
  size_t outputs_per_target = 1;
  LossParameter parameter = {};  // without a name: none

  bool has_classes() const { return targets == TargetKind::shares || targets == TargetKind::classes; }
  size_t parameter_count(size_t outputs) const { return !parameter.name ? 0 : parameter.each_output ? outputs : 1; }
};

// X(struct, number in netlet.h, its LossKind), in the order of the numbers
#define NETLET_LOSSES(X)                                                                                         \
  X(SquaredError, SQUARED_ERROR, "squared_error")                                                                \
  X(AbsoluteError, ABSOLUTE_ERROR, "absolute_error")                                                             \
  X(Huber, HUBER, "huber", TargetKind::any, -1, true, 1, {"huber_delta", "huber_delta", false, false, 1})        \
  X(Poisson, POISSON, "poisson", TargetKind::counts, -1, false)                                                  \
  X(Quantile, QUANTILE, "quantile", TargetKind::any, -1, true, 1, {"quantile", "quantiles", true, true, 0.5})    \
  X(BinaryCrossEntropy, BINARY_CROSS_ENTROPY, "binary_cross_entropy", TargetKind::shares, NETLET_SIGMOID, false) \
  X(CrossEntropy, CROSS_ENTROPY, "cross_entropy", TargetKind::classes, NETLET_SOFTMAX, false)                    \
  X(LogCosh, LOG_COSH, "log_cosh")                                                                               \
  X(GaussianNll, GAUSSIAN_NLL, "gaussian_nll", TargetKind::any, -1, true, 2)

#define NETLET_LOSS(Struct, NUMBER, ...) {__VA_ARGS__},
inline constexpr LossKind kLosses[] = {NETLET_LOSSES(NETLET_LOSS)};
#undef NETLET_LOSS

}  // namespace netlet::core

#if defined(NETLET_ISA_NAME)  // within the kernels of an instruction set

#include "kernels/activations.hpp"
#include "kernels/kernels.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

using core::OutputRows;

constexpr size_t kChunk = 64;  // a row is processed in chunks of this many values, which fit on the stack

// A loss is summed over a row's outputs, in their order, in binary64. row: the loss of row i, in which, if Some, some
// targets may be missing; derivative: of all rows, with respect to the outputs or, for the cross entropies, to the
// output layer's sums.

template <bool Some, class T> NETLET_INLINE bool is_missing(T target) { return Some && target != target; }

// sum over j of term(y_j - t_j, j)
template <bool Some, class T, class F> NETLET_INLINE double sum_errors(const OutputRows<T>& r, size_t i, F term) {
  const T *y = r.y + i * r.n, *t = r.t + i * r.n;
  double sum = 0;
  for (size_t j = 0; j < r.n; ++j)
    if (!is_missing<Some>(t[j])) sum = sum + term((double)y[j] - (double)t[j], j);
  return sum;
}
// the same for values that are first computed in T, by chunks: compute(first, count, values), term(value, j)
template <bool Some, class T, class F, class G>
NETLET_INLINE double sum_computed(const OutputRows<T>& r, size_t i, F compute, G term) {
  const T* t = r.t + i * r.n;
  T values[kChunk];
  double sum = 0;
  for (size_t j = 0; j < r.n; j += kChunk) {
    const size_t count = r.n - j < kChunk ? r.n - j : kChunk;
    compute(j, count, values);
    for (size_t c = 0; c < count; ++c)
      if (!is_missing<Some>(t[j + c])) sum = sum + term((double)values[c], j + c);
  }
  return sum;
}
// delta = y - t
template <class T> __attribute__((noinline)) void subtract(const OutputRows<T>& r) {
  map(r.rows * r.n, r.y, r.t, r.delta, [](V<T> y, V<T> t) { return y - t; });
}
// delta = f(y, t)
template <class T, class F> NETLET_INLINE void derive(const OutputRows<T>& r, F f) {
  map_compact(r.rows * r.n, r.y, r.t, r.delta, f);
}

struct SquaredError {  // 1/2 sum_j (y_j - t_j)^2
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const T *y = r.y + i * r.n, *t = r.t + i * r.n;
    double sum = 0;
    for (size_t j = 0; j < r.n; ++j) {
      const double e = (double)y[j] - (double)t[j];
      if (!is_missing<Some>(t[j])) sum = fma1(e, e, sum);
    }
    return 0.5 * sum;
  }
  template <class T> static void derivative(const OutputRows<T>& r) { subtract(r); }
};

struct AbsoluteError {
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    return sum_errors<Some>(r, i, [](double e, size_t) { return e < 0 ? -e : e; });
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    derive(r, [](V<T> y, V<T> t) {
      const V<T> e = y - t, zero = splat(T(0));
      return e > zero ? splat(T(1)) : e < zero ? splat(T(-1)) : e;  // NaN stays NaN
    });
  }
};

struct Huber {
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const double limit = r.parameters[0];
    return sum_errors<Some>(r, i, [=](double e, size_t) {
      const double size = e < 0 ? -e : e;
      return size <= limit ? 0.5 * (e * e) : limit * (size - 0.5 * limit);
    });
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    const V<T> most = splat((T)r.parameters[0]);
    derive(r, [=](V<T> y, V<T> t) {
      const V<T> e = y - t;
      return e > most ? most : e < -most ? -most : e;
    });
  }
};

struct Quantile {
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const double* q = r.parameters;
    return sum_errors<Some>(r, i, [=](double e, size_t j) { return e > 0 ? (1 - q[j]) * e : q[j] * -e; });
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    for (size_t i = 0; i < r.rows * r.n; ++i) {
      const T e = r.y[i] - r.t[i];
      const double q = r.parameters[i % r.n];
      r.delta[i] = e > 0 ? (T)(1 - q) : e < 0 ? (T)-q : e;
    }
  }
};

struct Poisson {  // sum_j exp(y_j) - t_j y_j
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const T *y = r.y + i * r.n, *t = r.t + i * r.n;
    const auto rates = [=](size_t j, size_t count, T* to) {
      map_compact(count, y + j, to, [](V<T> v) { return exp<T>(v); });
    };
    return sum_computed<Some>(r, i, rates,
                              [=](double rate, size_t j) { return fma1(-(double)t[j], (double)y[j], rate); });
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    derive(r, [](V<T> y, V<T> t) { return exp<T>(y) - t; });
  }
};

struct LogCosh {  // sum_j log(cosh(y_j - t_j)), each in T
  template <class T> NETLET_INLINE V<T> log_cosh(V<T> e) {
    const V<T> size = magnitude<T>(e), one = splat(T(1)), two = splat(T(2));
    // log1p(cosh(e) - 1) if |e| < 1, otherwise |e| + log1p(exp(-2 |e|)) - log(2)
    const V<T> u = expm1_negative<T>(-size), v = one + u;  // exp(-|e|)
    const Bits<T> is_near = size < one;
    const V<T> tail = log1p_unit<T>(is_near ? (u * u) / (two * v) : v * v);
    return is_near ? tail : size + (tail - splat(T(0.6931471805599453)));
  }
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const T *y = r.y + i * r.n, *t = r.t + i * r.n;
    const auto terms = [=](size_t j, size_t count, T* to) {
      map_compact(count, y + j, t + j, to, [](V<T> a, V<T> b) { return log_cosh<T>(a - b); });
    };
    return sum_computed<Some>(r, i, terms, [](double term, size_t) { return term; });
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    derive(r, [](V<T> y, V<T> t) { return tanh<T>(y - t); });
  }
};

// Outputs 2j and 2j + 1 are the mean and the logarithm of the variance of target j: sum_j 1/2 (log v + (y - t)^2 / v)
struct GaussianNll {
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const T *y = r.y + i * r.n, *t = r.t + i * (r.n / 2);
    double sum = 0;
    for (size_t j = 0; j < r.n / 2; ++j) {
      if (is_missing<Some>(t[j])) continue;
      const double e = (double)y[2 * j] - (double)t[j];
      sum = sum + 0.5 * fma1(e * e, (double)precision(y[2 * j + 1]), (double)y[2 * j + 1]);
    }
    return sum;
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    for (size_t i = 0; i < r.rows * r.n / 2; ++i) {
      const T e = r.y[2 * i] - r.t[i], p = precision(r.y[2 * i + 1]);
      r.delta[2 * i] = e * p;
      r.delta[2 * i + 1] = T(0.5) * fma1(-(e * e), p, T(1));
    }
  }

 private:
  template <class T> __attribute__((noinline)) static T precision(T log_variance) {
    return exp<T>(splat(-log_variance))[0];
  }
};

template <class T> size_t index_of_largest(size_t n, const T* y) {
  size_t best = 0;
  for (size_t j = 1; j < n; ++j) best = y[j] > y[best] ? j : best;
  return best;
}

struct BinaryCrossEntropy {  // sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-|z_j|))
  template <bool Some, class T> static double row(const OutputRows<T>& r, size_t i) {
    const T *z = r.z + i * r.n, *t = r.t + i * r.n;
    const auto tails = [=](size_t j, size_t count, T* to) {
      map_compact(count, z + j, to, [](V<T> v) { return softplus_tail<T>(v); });
    };
    return sum_computed<Some>(r, i, tails, [=](double tail, size_t j) {
      const double target = t[j], value = z[j];
      return (value > 0 ? 1 - target : -target) * value + tail;
    });
  }
  template <class T> static void derivative(const OutputRows<T>& r) { subtract(r); }
  // all outputs that have a target, at least one, are on the same side of 1/2 as their targets
  template <bool Some, class T> static bool right(const OutputRows<T>& r, size_t i) {
    const T *y = r.y + i * r.n, *t = r.t + i * r.n;
    bool any = !Some, right = true;
    for (size_t j = 0; j < r.n; ++j) {
      const bool missing = is_missing<Some>(t[j]);
      any = any || !missing;
      right = right && (missing || (y[j] > T(0.5)) == (t[j] > T(0.5)));
    }
    return any && right;
  }
};

// The caller's own gradient, which comes without a loss.
struct GivenGradient {
  template <bool, class T> static double row(const OutputRows<T>&, size_t) { return 0; }
  template <class T> static void derivative(const OutputRows<T>& r) {
    map(r.rows * r.n, r.t, r.delta, [](V<T> g) { return g; });
  }
};

struct CrossEntropy : GivenGradient {  // sum_j t_j (log sum exp(z - m) - (z_j - m))
  // The softmax of all rows and their losses; the logarithms of the sums are computed for many rows at once.
  template <class T> static void rows(OutputRows<T>& r) {
    const size_t n = r.n;
    T maximum[kChunk], sum[kChunk], log_sum[kChunk];
    for (size_t first = 0; first < r.rows; first += kChunk) {
      const size_t count = r.rows - first < kChunk ? r.rows - first : kChunk;
      softmax(count, n, r.z + first * n, r.y + first * n, maximum, sum);
      map_compact(count, sum, log_sum, [](V<T> v) { return log<T>(v); });
      for (size_t c = 0; c < count; ++c) {
        const size_t i = first + c;
        const T *z = r.z + i * n, *t = r.t ? r.t + i * n : nullptr;
        const size_t target = t ? index_of_largest(n, t) : (size_t)r.classes[i];
        const auto nats = [&](size_t j) { return (double)log_sum[c] - ((double)z[j] - (double)maximum[c]); };
        double loss = t ? 0 : nats(target);
        for (size_t j = 0; t && j < n; ++j)  // a target of 0 adds nothing, even if its output is 0
          loss = t[j] == 0 ? loss : fma1((double)t[j], nats(j), loss);
        r.correct += index_of_largest(n, r.y + i * n) == target;
        r.row_loss[i] = loss;
      }
    }
    if (r.missing && r.t) leave_out_rows(r);
  }
  template <class T> __attribute__((noinline)) static void leave_out_rows(OutputRows<T>& r) {
    for (size_t i = 0; i < r.rows; ++i) {
      const T* const t = r.t + i * r.n;
      if (t[0] == t[0]) continue;  // else all are missing
      r.correct -= index_of_largest(r.n, r.y + i * r.n) == index_of_largest(r.n, t);
      r.row_loss[i] = 0;
    }
  }
  template <class T> static void derivative(const OutputRows<T>& r) {
    if (r.t) return subtract(r);
    map(r.rows * r.n, r.y, r.delta, [](V<T> y) { return y; });
    for (size_t i = 0; i < r.rows; ++i) {
      const size_t at = i * r.n + (size_t)r.classes[i];
      r.delta[at] = r.y[at] - T(1);
    }
  }
};

template <class F> NETLET_INLINE void with_loss(int number, F f) {
  switch (number) {
#define NETLET_CASE(Struct, NUMBER, ...) \
  case NETLET_##NUMBER: return f(Struct());
    NETLET_LOSSES(NETLET_CASE)
#undef NETLET_CASE
    case core::kGivenGradient: return f(GivenGradient());
  }
}

// backward through a softmax: y_j (g_j - sum_k g_k y_k)
template <class T> void softmax_delta(size_t n, const T* y, T* g) {
  const V<T> s = splat(sum_in_blocks<T>(n, [=](size_t j, T dot) { return fma1(g[j], y[j], dot); }));
  map(n, g, y, g, [=](V<T> gj, V<T> yj) { return yj * (gj - s); });
}

// The derivative with respect to outputs whose target is missing is 0.
template <class T> __attribute__((noinline)) void leave_out_missing(const OutputRows<T>& r) {
  for (size_t i = 0; r.t && i < r.rows * r.n; ++i)
    if (r.t[i / r.each] != r.t[i / r.each]) r.delta[i] = 0;
}

// loss and activation at once, for the most common ones
template <class T> bool squared_error_delta(const OutputRows<T>& r) {
  return r.loss == NETLET_SQUARED_ERROR && with_common_activation(r.activation, [&](auto activation) {
           map(r.rows * r.n, r.y, r.t, r.delta,
               [](V<T> y, V<T> t) { return decltype(activation)::template backward<T>(y - t, y); });
         });
}

template <class T> void output_delta(const OutputRows<T>& r) {
  if (squared_error_delta(r)) return;
  with_loss(r.loss, [&](auto loss) { decltype(loss)::derivative(r); });
  if (r.loss == NETLET_BINARY_CROSS_ENTROPY || r.loss == NETLET_CROSS_ENTROPY) return;
  if (r.activation == NETLET_SOFTMAX) {
    if (r.missing) leave_out_missing(r);
    for (size_t i = 0; i < r.rows; ++i) softmax_delta(r.n, r.y + i * r.n, r.delta + i * r.n);
  } else {
    times_derivative(r.activation, r.rows * r.n, core::activation_traits(r.activation).reads_sums ? r.z : r.y, r.delta);
  }
}

// losses of rows with one output are independent: a vector of them at once
NETLET_INLINE bool squared_errors(OutputRows<double>& r) {
  if (r.n != 1 || r.loss != NETLET_SQUARED_ERROR) return false;
  map(r.rows, r.y, r.t, r.row_loss, [](F64 y, F64 t) {
    const F64 e = y - t;
    return splat(0.5) * (e * e);
  });
  return true;
}
NETLET_INLINE bool squared_errors(OutputRows<float>&) { return false; }

// all losses but cross_entropy
template <bool Some, class T> NETLET_INLINE void row_losses(OutputRows<T>& r) {
  with_loss(r.loss, [&](auto loss) {
    for (size_t i = 0; i < r.rows; ++i) r.row_loss[i] = decltype(loss)::template row<Some>(r, i);
  });
  if (r.loss == NETLET_BINARY_CROSS_ENTROPY)
    for (size_t i = 0; i < r.rows; ++i) r.correct += BinaryCrossEntropy::right<Some>(r, i);
}
template <class T> __attribute__((noinline)) void row_losses_but_missing(OutputRows<T>& r) { row_losses<true>(r); }

template <class T> void output_rows(OutputRows<T>& r) {
  const size_t n = r.n;
  r.correct = 0;
  if (r.loss == NETLET_CROSS_ENTROPY)
    CrossEntropy::rows(r);
  else if (r.missing)
    row_losses_but_missing(r);
  else if (!squared_errors(r))
    row_losses<false>(r);
  if (r.weights)
    for (size_t i = 0; i < r.rows; ++i) r.row_loss[i] = r.row_loss[i] * (double)r.weights[i];
  if (!r.delta) return;
  output_delta(r);
  // a softmax carries its outputs' derivatives to all sums
  if (r.missing && (r.activation != NETLET_SOFTMAX || r.loss == NETLET_CROSS_ENTROPY)) leave_out_missing(r);
  if (r.weights)
    for (size_t i = 0; i < r.rows; ++i) {
      const V<T> weight = splat(r.weights[i]);
      map(n, r.delta + i * n, r.delta + i * n, [=](V<T> d) { return d * weight; });
    }
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME

#endif
