// SPDX-License-Identifier: BSD-3-Clause
// The activations: each is a line in the list, which everything else reads, and a struct that computes it.
#pragma once

#include "netlet/netlet.h"

// X(struct, name, number in netlet.h, common, reads_sums). common: used so often that narrow layers and small networks
// have specialised code for it. reads_sums: its derivative is a function of the layer's sums z, not of its outputs
// y = f(z). Softmax works on whole rows and is handled separately.
#define NETLET_ACTIVATIONS(X)                              \
  X(Identity, identity, IDENTITY, true, false)             \
  X(Sigmoid, sigmoid, SIGMOID, true, false)                \
  X(Tanh, tanh, TANH, true, false)                         \
  X(Relu, relu, RELU, true, false)                         \
  X(LeakyRelu, leaky_relu, LEAKY_RELU, false, false)       \
  X(Elu, elu, ELU, false, false)                           \
  X(Softplus, softplus, SOFTPLUS, false, false)            \
  X(Silu, silu, SILU, false, true)                         \
  X(Gelu, gelu, GELU, false, true)                         \
  X(HardSigmoid, hard_sigmoid, HARD_SIGMOID, false, false) \
  X(Mish, mish, MISH, false, true)

namespace netlet::core {

struct ActivationTraits {
  bool known, common, reads_sums;
};
constexpr ActivationTraits activation_traits(int number) {
  switch (number) {
#define NETLET_CASE(Struct, name, NUMBER, common, reads_sums) \
  case NETLET_##NUMBER: return {true, common, reads_sums};
    NETLET_ACTIVATIONS(NETLET_CASE)
#undef NETLET_CASE
  }
  return {};
}

}  // namespace netlet::core

#if defined(NETLET_ISA_NAME)  // within the kernels of an instruction set

#include "kernels/elementary.hpp"
#include "kernels/kernels.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

// value: f(z). backward: d times f', as a function of y = f(z) or of z.

struct Identity {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return z; }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T>) { return d; }
};
struct Sigmoid {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return sigmoid<T>(z); }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) { return d * (y * (splat(T(1)) - y)); }
};
struct Tanh {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return tanh<T>(z); }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) { return d * fma(-y, y, splat(T(1))); }
};
struct Relu {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return z < splat(T(0)) ? splat(T(0)) : z; }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) {
    return d * (y <= splat(T(0)) ? splat(T(0)) : splat(T(1)));
  }
};
struct LeakyRelu {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return z < splat(T(0)) ? splat(T(0.01)) * z : z; }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) {
    return d * (y <= splat(T(0)) ? splat(T(0.01)) : splat(T(1)));
  }
};
struct Elu {
  template <class T> NETLET_INLINE V<T> value(V<T> z) {
    const V<T> zero = splat(T(0));
    return z > zero ? z : expm1_negative<T>(z > zero ? zero : z);
  }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) {
    return d * (y <= splat(T(0)) ? y + splat(T(1)) : splat(T(1)));
  }
};
struct Softplus {
  template <class T> NETLET_INLINE V<T> value(V<T> z) {
    return (z < splat(T(0)) ? splat(T(0)) : z) + softplus_tail<T>(z);
  }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) { return d * -expm1_negative<T>(-y); }
};
struct Silu {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return z * sigmoid<T>(z); }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> z) {
    const V<T> s = sigmoid<T>(z);
    return d * (s * fma(z, splat(T(1)) - s, splat(T(1))));
  }
};
struct Gelu {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return z * normal<T>(z).function; }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> z) {
    const Normal<T> n = normal<T>(z);
    return d * fma(z, n.bell * splat(T(0.3989422804014327)), n.function);  // 1 / sqrt(2 pi)
  }
};
struct HardSigmoid {
  template <class T> NETLET_INLINE V<T> value(V<T> z) {
    V<T> y = fma(z, splat(T(1) / T(6)), splat(T(0.5)));
    y = y < splat(T(0)) ? splat(T(0)) : y;
    return y > splat(T(1)) ? splat(T(1)) : y;
  }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> y) {
    const V<T> zero = splat(T(0));
    return d * (y <= zero ? zero : y >= splat(T(1)) ? zero : splat(T(1) / T(6)));
  }
};
// z tanh(softplus(z)) (Misra 2019); with e = exp(-|z|) the tanh is a quotient without cancellation
struct Mish {
  template <class T> struct Quotient {
    V<T> e, above, rest;  // tanh(softplus(z)) = above / (above + rest)
  };
  template <class T> NETLET_INLINE Quotient<T> quotient(V<T> z) {
    const V<T> e = exp_negative<T>(negative_magnitude<T>(z)), one = splat(T(1)), two = splat(T(2));
    const Bits<T> negative = z < splat(T(0));
    return {e, negative ? e * (e + two) : fma(two, e, one), negative ? two : two * (e * e)};
  }
  template <class T> NETLET_INLINE V<T> value(V<T> z) {
    const Quotient<T> q = quotient<T>(z);
    return z * (q.above / (q.above + q.rest));
  }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T> z) {
    const Quotient<T> q = quotient<T>(z);
    const V<T> one = splat(T(1)), w = q.above / (q.above + q.rest), r = q.rest / (q.above + q.rest);  // r = 1 - w
    const V<T> g = (z < splat(T(0)) ? q.e : one) / (one + q.e);                                       // sigmoid(z)
    return d * fma(z * (r * (one + w)), g, w);
  }
};

// Only in netlet.functional.
struct Exp {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return exp<T>(z); }
  template <class T> NETLET_INLINE V<T> backward(V<T> d, V<T>) { return d; }
};
struct Log : Exp {
  template <class T> NETLET_INLINE V<T> value(V<T> z) { return log<T>(z); }
};

#define NETLET_FUNCTIONS(X)      \
  NETLET_ACTIVATIONS(X)          \
  X(Exp, exp, EXP, false, false) \
  X(Log, log, LOG, false, false)

// calls f(struct) if the function is common (or, without Common, if it is not); returns whether it did
template <bool Common, class F> NETLET_INLINE bool with_function(int number, F f) {
  switch (number) {
#define NETLET_CASE(Struct, name, NUMBER, common, reads_sums) \
  case NETLET_##NUMBER:                                       \
    if constexpr (common == Common) f(Struct());              \
    return common == Common;
    NETLET_FUNCTIONS(NETLET_CASE)
#undef NETLET_CASE
  }
  return false;
}
template <class F> NETLET_INLINE bool with_common_activation(int number, F f) { return with_function<true>(number, f); }

template <class T> void map_function(int function, size_t n, const T* x, T* y) {
  if (function == NETLET_IDENTITY && x == y) return;
  if (with_common_activation(function,
                             [=](auto a) { map(n, x, y, [](V<T> v) { return decltype(a)::template value<T>(v); }); }))
    return;
  with_function<false>(function,
                       [=](auto a) { map_compact(n, x, y, [](V<T> v) { return decltype(a)::template value<T>(v); }); });
}

// s *= f', where f' is a function of y
template <class T> void times_derivative(int activation, size_t n, const T* y, T* s) {
  if (activation == NETLET_IDENTITY) return;
  const auto compute = [=](auto a) {
    map(n, s, y, s, [](V<T> d, V<T> v) { return decltype(a)::template backward<T>(d, v); });
  };
  if (with_common_activation(activation, compute)) return;
  with_function<false>(activation, [=](auto a) {
    map_compact(n, s, y, s, [](V<T> d, V<T> v) { return decltype(a)::template backward<T>(d, v); });
  });
}

// the largest of n values; NaN if the first is NaN, otherwise NaNs are skipped (the row becomes NaN anyway)
template <class T> T largest(size_t n, const T* z) {
  T m = z[0];
  for (size_t j = 1; j < n; ++j) m = z[j] > m ? z[j] : m;
  return m;
}

// term(j, sum) adds a term to a sum: in the order of j, in blocks as in matmul.hpp
template <class T, class F> NETLET_INLINE T sum_in_blocks(size_t n, F term) {
  T total = 0;
  for (size_t j = 0; j < n;) {
    const size_t first = j, end = n - j < core::kSumBlock ? n : j + core::kSumBlock;
    T sum = 0;
    for (; j < end; ++j) sum = term(j, sum);
    total = first ? total + sum : sum;
  }
  return total;
}

// y = exp(z - m) / their sum; returns the sum
template <class T> T softmax_row(size_t n, const T* z, T m, T* y) {
  const V<T> shift = splat(m);
  map_compact(n, z, y, [=](V<T> v) { return exp_negative<T>(v - shift); });
  const T sum = sum_in_blocks<T>(n, [=](size_t j, T so_far) { return so_far + y[j]; });
  const V<T> divisor = splat(sum);
  map(n, y, y, [=](V<T> v) { return v / divisor; });
  return sum;
}

constexpr size_t kTogether = 512;  // values of rows, few enough to stay in the cache
static_assert(kTogether <= core::kSumBlock);

// to = each value n times; writes up to a vector more
template <class T> NETLET_INLINE void repeat(size_t count, size_t n, const T* values, T* to) {
  for (size_t i = 0; i < count; ++i, to += n)
    for (size_t j = 0; j < n; j += Vec<T>::lanes) store<T>(to + j, splat(values[i]));
}

// The same for several rows, at most kTogether values, step by step.
template <class T> void softmax_rows(size_t rows, size_t n, const T* z, const T* m, T* y, T* sum) {
  T each[kTogether + Vec<T>::lanes];
  repeat(rows, n, m, each);
  map_compact(rows * n, z, each, y, [](V<T> v, V<T> shift) { return exp_negative<T>(v - shift); });
  for (size_t i = 0; i < rows; ++i) {
    T so_far = 0;
    for (size_t j = 0; j < n; ++j) so_far = so_far + y[i * n + j];
    sum[i] = so_far;
  }
  repeat(rows, n, sum, each);
  map(rows * n, y, each, y, [](V<T> v, V<T> divisor) { return v / divisor; });
}

// Where a row alone would leave lanes unused, several are treated together. It would also wait until the part of a
// vector that it has just written can be read.
template <class T> bool row_by_row(size_t rows, size_t n) {
  return rows == 1 || n % Vec<T>::lanes == 0 || 2 * n > kTogether;
}

// The same for all rows; also gives their largest values.
template <class T> void softmax(size_t rows, size_t n, const T* z, T* y, T* maximum, T* sum) {
  if (row_by_row<T>(rows, n)) {
    for (size_t i = 0; i < rows; ++i, z += n, y += n) {
      maximum[i] = largest(n, z);
      sum[i] = softmax_row(n, z, maximum[i], y);
    }
    return;
  }
  for (size_t i = 0; i < rows; ++i) maximum[i] = largest(n, z + i * n);
  const size_t most = kTogether / n;
  for (size_t i = 0; i < rows; i += most)
    softmax_rows(rows - i < most ? rows - i : most, n, z + i * n, maximum + i, y + i * n, sum + i);
}

template <class T> void softmax(size_t rows, size_t n, const T* z, T* y) {
  if (row_by_row<T>(rows, n)) {
    for (size_t i = 0; i < rows; ++i, z += n, y += n) softmax_row(n, z, largest(n, z), y);
    return;
  }
  constexpr size_t most = 64;
  T maximum[most], sum[most];
  for (size_t i = 0; i < rows; i += most)
    softmax(rows - i < most ? rows - i : most, n, z + i * n, y + i * n, maximum, sum);
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME

#endif
