// SPDX-License-Identifier: BSD-3-Clause
// fma, rounded once, for processors without it: on whole vectors, for all exponents.
//
// As in reference/fused.py, which cites the papers: exact products and sums, the remainder rounded to odd, one rounding
// at the end.
#pragma once

#include "kernels/vec.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

// whether a comparison holds in all lanes; floats as doubles, and back
#if NETLET_ISA_WASM
NETLET_INLINE bool all(I64 x) { return wasm_i64x2_all_true((v128_t)x); }
NETLET_INLINE F64 low(F32 x) { return (F64)wasm_f64x2_promote_low_f32x4((v128_t)x); }
NETLET_INLINE F64 high(F32 x) { return low((F32)wasm_i32x4_shuffle((v128_t)x, (v128_t)x, 2, 3, 2, 3)); }
NETLET_INLINE F32 rounded(F64 low, F64 high) {
  return (F32)wasm_i32x4_shuffle(wasm_f32x4_demote_f64x2_zero((v128_t)low), wasm_f32x4_demote_f64x2_zero((v128_t)high),
                                 0, 1, 4, 5);
}
#else
NETLET_INLINE bool all(I64 x) { return _mm_movemask_pd((__m128d)x) == 3; }
NETLET_INLINE F64 low(F32 x) { return (F64)_mm_cvtps_pd((__m128)x); }
NETLET_INLINE F64 high(F32 x) { return (F64)_mm_cvtps_pd(_mm_movehl_ps((__m128)x, (__m128)x)); }
NETLET_INLINE F32 rounded(F64 low, F64 high) {
  return (F32)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
#endif

// a + b = sum + error exactly (Knuth)
template <class F> struct Sum {
  F sum, error;
};
template <class F> NETLET_INLINE Sum<F> two_sum(F a, F b) {
  const F s = a + b, z = s - a;
  return {s, (a - (s - z)) + (b - z)};
}

NETLET_INLINE U64 sign_bit(I64 x) { return (U64)x >> 63; }

// s + e rounded to odd: truncated towards zero, the last bit set if inexact. If e is NaN, nothing is truncated.
NETLET_INLINE F64 to_odd(Sum<F64> x) {
  const U64 inexact = sign_bit((I64)(x.error < 0.0) | (I64)(x.error > 0.0));
  const U64 beyond = inexact & sign_bit((I64)x.sum ^ (I64)x.error);
  return (F64)(((U64)x.sum - beyond) | inexact);
}

// a * b = product + error exactly (Dekker)
NETLET_INLINE Sum<F64> two_product(F64 a, F64 b) {
  const F64 split = splat(134217729.0);  // 2^27 + 1
  const F64 p = a * b, ta = a * split, tb = b * split;
  const F64 a1 = ta - (ta - a), b1 = tb - (tb - b), a2 = a - a1, b2 = b - b1;
  return {p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
}

// a * b + c = sum + error, the error rounded to odd
NETLET_INLINE Sum<F64> product_and_sum(Sum<F64> product, F64 c) {
  const Sum<F64> low = two_sum(c, product.error), high = two_sum(product.sum, low.sum);
  return {high.sum, to_odd(two_sum(low.error, high.error))};
}

// x = fraction * 2^exponent, 1 <= |fraction| < 2
inline double take_exponent(double x, int* exponent) {
  const double fraction = 2 * __builtin_frexp(x, exponent);
  --*exponent;
  return fraction;
}
inline double power(int exponent) { return __builtin_ldexp(1, exponent); }  // of 2

// One fma near or beyond the limits of the exponents: scaled by powers of two, rounded once.
__attribute__((noinline)) double extreme_fma(double a, double b, double c) {
  const bool finite = a - a == 0 && b - b == 0;
  if (finite && !(c - c == 0)) return c;
  if (!finite || a == 0 || b == 0) return a * b + c;
  int ea, eb, ec = -5000;
  a = take_exponent(a, &ea);
  b = take_exponent(b, &eb);
  if (c != 0) c = take_exponent(c, &ec);
  const int top = ea + eb > ec ? ea + eb : ec;
  // a term 2^-120 times smaller than the other only affects the rounding, and any smaller size affects it alike
  a *= power(ea + eb - top < -120 ? -120 : ea + eb - top);
  c *= power(ec - top < -120 ? -120 : ec - top);
  Sum<F64> exact = product_and_sum(two_product(splat(a), splat(b)), splat(c));
  exact = two_sum(exact.sum, exact.error);  // after cancellation everything may be in the error
  const double h = exact.sum[0];
  int lowest = -1022 - top;  // the exponent of the smallest normal result, scaled
  lowest = lowest < -1000 ? -1000 : lowest > 1000 ? 1000 : lowest;
  double result;
  if ((h < 0 ? -h : h) < power(lowest)) {
    // fewer bits: adding the smallest normal number first aligns the last of them with the last bit of a double
    const F64 unit = splat(h < 0 ? -power(lowest) : power(lowest));
    const Sum<F64> s = two_sum(unit, exact.sum);
    const F64 rounded = (s.sum + to_odd(two_sum(s.error, exact.error))) - unit;
    result = __builtin_ldexp(rounded[0], top);
  } else {
    result = __builtin_ldexp(h + exact.error[0], top);
  }
  return result == 0 && h != 0 ? (h < 0 ? -0.0 : 0.0) : result;
}

// fma for all numbers
static __attribute__((noinline)) F64 any_fma(F64 a, F64 b, F64 c) {
  const I64 clear = ~(I64)splat(-0.0);
  const auto size = [=](F64 x) { return (F64)((I64)x & clear); };
  const Sum<F64> product = two_product(a, b);
  // far enough from overflow and underflow, or a product of 0; false for infinity and NaN
  const I64 middle = (I64)(size(product.sum) > 0x1p-960) & (I64)(size(product.sum) < 0x1p960);
  const I64 zero = (I64)(a == 0.0) | (I64)(b == 0.0);
  const I64 ordinary = (middle | zero) & (I64)(size(a) < 0x1p990) & (I64)(size(b) < 0x1p990) & (I64)(size(c) < 0x1p990);
  const Sum<F64> exact = product_and_sum(product, c);
  F64 result = zero ? product.sum + c : exact.sum + exact.error;
  if (__builtin_expect(!all(ordinary), 0))
    for (int lane = 0; lane < 2; ++lane)
      if (!ordinary[lane]) result[lane] = extreme_fma(a[lane], b[lane], c[lane]);
  return result;
}

// The product of two floats is exact in double; the sum is rounded to odd in double, then once to float.
NETLET_INLINE F64 widened_fma(F64 a, F64 b, F64 c) { return to_odd(two_sum(a * b, c)); }

static __attribute__((noinline)) F32 any_fma(F32 a, F32 b, F32 c) {
  return rounded(widened_fma(low(a), low(b), low(c)), widened_fma(high(a), high(b), high(c)));
}

#if NETLET_ISA_WASM

// Lanes in which a result may be wrong. Few are, so that a loop looks once for many of them.
struct Doubt {
  v128_t lanes = wasm_i64x2_const(0, 0);
  bool any() const { return __builtin_expect(wasm_v128_any_true(lanes), 0); }
  void add(v128_t more) { lanes = wasm_v128_or(lanes, more); }
};

// Lanes where a + b = sum is not exact.
NETLET_INLINE v128_t inexact(F64 a, F64 b, F64 sum) {
  return wasm_v128_or((v128_t)(sum - b != a), (v128_t)(sum - a != b));
}

// A sum that is to be rounded again, to float. In doubt: between two floats, where the first rounding may have decided; and
// below the normal floats, where the bits that decide are others, but not 0. (A sum beyond the largest float is between
// two of them, or it is far from it.) Closely: an exact sum is in no doubt; many are, where factors are small integers.
template <bool Closely> NETLET_INLINE F64 likely_sum(F64 product, F64 c, Doubt& doubt) {
  const F64 sum = product + c;
  // low words: the 29 bits that a float lacks are 1000...; high words: the size is from 1 to below that of 2^-126
  const v128_t words = wasm_v128_and((v128_t)sum, wasm_i64x2_const_splat(0x7fffffff1fffffff));
  const v128_t above = wasm_i32x4_sub(words, wasm_i64x2_const_splat(0x0000000110000000));
  const v128_t near = wasm_u32x4_le(above, wasm_i64x2_const_splat(0x380ffffe00000000));
  doubt.add(Closely ? wasm_v128_and(near, inexact(product, c, sum)) : near);
  return sum;
}

// fma where it is not in doubt
template <bool Closely> NETLET_INLINE F32 likely_fma(F32 a, F32 b, F32 c, Doubt& doubt) {
  return rounded(likely_sum<Closely>(low(a) * low(b), low(c), doubt),
                 likely_sum<Closely>(high(a) * high(b), high(c), doubt));
}
// In doubt: results that the last bits of the sum of errors decide, which is rounded itself (NaN always is); it is wrong by
// at most half of its last place, and `some` is two to four of these. Closely: an exact sum of errors is in no doubt. Also
// in doubt: products below 2^-959, whose errors underflow. Errors are negative here: so that 0 - 0 keeps the sign of a
// sum that is -0.
template <bool Closely> NETLET_INLINE F64 likely_fma(F64 a, F64 b, F64 c, Doubt& doubt) {
  const F64 split = splat(134217729.0);  // as in two_product
  const F64 p = a * b, ta = a * split, tb = b * split;
  const F64 a1 = ta - (ta - a), b1 = tb - (tb - b), a2 = a - a1, b2 = b - b1;
  const F64 sum = p + c, z = sum - p;
  const F64 of_product = ((p - a1 * b1) - a1 * b2 - a2 * b1) - a2 * b2, of_sum = ((sum - z) - p) + (z - c);
  const F64 error = of_product + of_sum, some = error * 0x1p-51;
  const v128_t near = (v128_t)((sum - (error - some)) != (sum - (error + some)));
  doubt.add(Closely ? wasm_v128_and(near, inexact(of_product, of_sum, error)) : near);
  const v128_t size = wasm_v128_and((v128_t)p, wasm_i64x2_const_splat(0x7fffffff00000000));
  const v128_t small = wasm_u32x4_lt(size, wasm_i64x2_const_splat(0x0400000000000000));
  doubt.add(wasm_v128_andnot(small, wasm_v128_or((v128_t)(a == 0.0), (v128_t)(b == 0.0))));
  return sum - error;
}

// (not inline: it is long)
template <class F> __attribute__((noinline)) F fma(F a, F b, F c) {
  Doubt doubt;
  const F result = likely_fma<true>(a, b, c, doubt);
  return doubt.any() ? any_fma(a, b, c) : result;
}

// sum[m][n] = fma(a[m], row[n], sum[m][n])
template <class F, int M, int N> NETLET_INLINE void multiply_add(const F (&a)[M], const F (&row)[N], F (&sum)[M][N]) {
  F next[M][N];
  Doubt doubt;
  NETLET_UNROLLED for (int m = 0; m < M; ++m) NETLET_UNROLLED for (int n = 0; n < N; ++n) next[m][n] =
      likely_fma<false>(a[m], row[n], sum[m][n], doubt);
  if (doubt.any()) {
    Doubt close;
    NETLET_UNROLLED for (int m = 0; m < M; ++m) NETLET_UNROLLED for (int n = 0; n < N; ++n)
        likely_fma<true>(a[m], row[n], sum[m][n], close);
    if (close.any()) {
      NETLET_UNROLLED for (int m = 0; m < M; ++m) NETLET_UNROLLED for (int n = 0; n < N; ++n) next[m][n] =
          any_fma(a[m], row[n], sum[m][n]);
    }
  }
  NETLET_UNROLLED for (int m = 0; m < M; ++m) NETLET_UNROLLED for (int n = 0; n < N; ++n) sum[m][n] = next[m][n];
}

#else

NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return any_fma(a, b, c); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return any_fma(a, b, c); }

#endif

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
