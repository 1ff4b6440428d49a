// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions on one vector: the same operations in the same order as in reference/elementary.py.
//
// The coefficients are fpminimax polynomials (Sollya 8.0), relative error of expm1(r) on |r| <= 0.3467:
// 2e-17 (binary64), 1.4e-8 (binary32); of the atanh series on s^2 <= 0.0401: 6e-17 and 3e-8; of the normal tail on
// u <= 39 and u <= 15: 3.6e-17 and 1.9e-8.
#pragma once

#include "kernels/vec.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

template <class T> struct Constants;
template <> struct Constants<double> {
  static constexpr double shift =
      0x1.8p52;  // x + shift - shift rounds x to an integer, kept in the low bits of the sum
  static constexpr double log2e = 0x1.71547652b82fep0, ln2_hi = 0x1.62e42fefa4p-1, ln2_lo = -0x1.8432a1b0e2634p-43;
  static constexpr int fraction = 52, bias = 1023;
  static constexpr double exp_min = -746, exp_max = 710;  // beyond them exp is 0 or infinite
  static constexpr double smallest_normal = 0x1p-1022, two_fraction = 0x1p54, log_scale = 54;
};
template <> struct Constants<float> {
  static constexpr float shift = 0x1.8p23f;
  static constexpr float log2e = 0x1.715476p0f, ln2_hi = 0x1.62e4p-1f, ln2_lo = 0x1.7f7d1cp-20f;
  static constexpr int fraction = 23, bias = 127;
  static constexpr float exp_min = -105, exp_max = 89;
  static constexpr float smallest_normal = 0x1p-126f, two_fraction = 0x1p25f, log_scale = 25;
};

template <class T> NETLET_INLINE Words<T> words_of(V<T> x) { return (Words<T>)x; }
template <class T> NETLET_INLINE V<T> magnitude(V<T> x) { return (V<T>)((Bits<T>)x & ~(Bits<T>)splat(T(-0.0))); }
template <class T> NETLET_INLINE V<T> negative_magnitude(V<T> x) {
  return (V<T>)((Bits<T>)x | (Bits<T>)splat(T(-0.0)));
}
// the magnitude of one with the sign of the other; AVX-512 has an instruction for it
template <class T> NETLET_INLINE V<T> copysign(V<T> size, V<T> sign) {
  return (V<T>)((((Bits<T>)size ^ (Bits<T>)sign) & ~(Bits<T>)splat(T(-0.0))) ^ (Bits<T>)sign);
}

// (expm1(r) - r) / r^2
NETLET_INLINE F64 expm1_tail(F64 r, F64 r2) {
  const F64 a0 = fma(splat(0x1.555555555553bp-3), r, splat(0x1.0000000000005p-1));
  const F64 a1 = fma(splat(0x1.1111111118834p-7), r, splat(0x1.5555555552101p-5));
  const F64 a2 = fma(splat(0x1.a01a0177f3ca6p-13), r, splat(0x1.6c16c17f336cp-10));
  const F64 a3 = fma(splat(0x1.71de80fa36f19p-19), r, splat(0x1.a019a6914c09ap-16));
  const F64 a4 = fma(splat(0x1.ae77aa5a5b9e6p-26), r, splat(0x1.28a2a1b3c047fp-22));
  const F64 r4 = r2 * r2;
  return fma(fma(a4, r4, fma(a3, r2, a2)), r4, fma(a1, r2, a0));
}
NETLET_INLINE F32 expm1_tail(F32 r, F32 r2) {
  const F32 a0 = fma(splat(0x1.5554bp-3f), r, splat(0x1.fffffep-2f));
  const F32 a1 = fma(splat(0x1.12279ep-7f), r, splat(0x1.555716p-5f));
  return fma(fma(splat(0x1.6b7376p-10f), r2, a1), r2, a0);
}

// x = k ln 2 + r, |r| <= 0.3467; p = expm1(r); shifted holds k in its low bits
template <class T> struct Reduced {
  V<T> k, shifted, p;
};
template <class T> NETLET_INLINE Reduced<T> reduce(V<T> x, T shift = Constants<T>::shift) {
  typedef Constants<T> C;
  Reduced<T> out;
  out.shifted = fma(x, splat(C::log2e), splat(shift));
  out.k = out.shifted - splat(shift);
  const V<T> high = fma(-out.k, splat(C::ln2_hi), x);  // exact
  const V<T> low = -out.k * splat(C::ln2_lo);
  const V<T> r = high + low;
  const V<T> r2 = r * r;
  out.p = high + fma(r2, expm1_tail(r, r2), low);
  return out;
}
// 2^k for the k in the low bits, |k| <= bias; the bits above are shifted out
template <class T> NETLET_INLINE V<T> power_of_two(Words<T> k) {
  return (V<T>)((k + Constants<T>::bias) << Constants<T>::fraction);
}

// exp(x) for x <= 0, or at most exp_max; subnormal results are rounded once
template <class T> NETLET_INLINE V<T> exp_negative(V<T> x) {
  const Reduced<T> e = reduce<T>(at_least(x, splat(Constants<T>::exp_min)));
  const V<T> v = splat(T(1)) + e.p;
#if NETLET_ISA_AVX512 || NETLET_ISA_AVX512VL
  return scale(v, e.k);
#else
  // 2^k as two factors, each with half the exponent
  const Words<T> half = words_of<T>(fma(e.k, splat(T(0.5)), splat(Constants<T>::shift)));
  return (v * power_of_two<T>(half)) * power_of_two<T>(words_of<T>(e.shifted) - half);
#endif
}
template <class T> NETLET_INLINE V<T> exp(V<T> x) { return exp_negative<T>(at_most(x, splat(Constants<T>::exp_max))); }

// log(1 + f) + k ln 2, -0.25 <= f < 0.5, by atanh: 1 + f = (1 + s) / (1 - s)
NETLET_INLINE F64 atanh_tail(F64 z) {
  const F64 a0 = fma(splat(0x1.999999999ap-2), z, splat(0x1.5555555555555p-1));
  const F64 a1 = fma(splat(0x1.c71c72f00d12dp-3), z, splat(0x1.24924923cdbe1p-2));
  const F64 a2 = fma(splat(0x1.3b2a64927a51p-3), z, splat(0x1.745ca8007bb8ap-3));
  const F64 a3 = fma(splat(0x1.16e404cbe8fe2p-3), z, splat(0x1.0e821e40299b3p-3));
  const F64 z2 = z * z;
  return fma(fma(a3, z2, a2), z2 * z2, fma(a1, z2, a0));
}
NETLET_INLINE F32 atanh_tail(F32 z) {
  const F32 a0 = fma(splat(0x1.99992cp-2f), z, splat(0x1.555556p-1f));
  const F32 a1 = fma(splat(0x1.df7508p-3f), z, splat(0x1.246adep-2f));
  return fma(a1, z * z, a0);
}
template <class T> NETLET_INLINE V<T> log_reduced(V<T> f, V<T> k) {
  typedef Constants<T> C;
  const V<T> s = f / (splat(T(2)) + f);
  const V<T> z = s * s;
  const V<T> half = splat(T(0.5)) * (f * f);
  const V<T> t = fma(s, half + z * atanh_tail(z), k * splat(C::ln2_lo));
  return fma(k, splat(C::ln2_hi), f - (half - t));
}

template <class T> NETLET_INLINE V<T> log(V<T> x) {
  typedef Constants<T> C;
  const Bits<T> small = x < splat(C::smallest_normal);
  const V<T> scaled = small ? x * splat(C::two_fraction) : x;
  // the exponent of x / 0.75: the fraction m below lies in [0.75, 1.5)
  const Words<T> offset = words_of<T>(splat(T(1))) - words_of<T>(splat(T(0.75)));
  const Words<T> k = (Words<T>)((Bits<T>)(words_of<T>(scaled) + offset) >> C::fraction) - C::bias;
  const V<T> m = (V<T>)(words_of<T>(scaled) - (k << C::fraction));
  V<T> exponent = (V<T>)(k + words_of<T>(splat(C::shift))) - splat(C::shift);
  exponent = small ? exponent - splat(C::log_scale) : exponent;
  V<T> y = log_reduced<T>(m - splat(T(1)), exponent);
  const V<T> infinity = splat(T(__builtin_inf()));
  y = x < infinity ? y : x;  // infinity and NaN are unchanged
  y = x == splat(T(0)) ? -infinity : y;
  return x < splat(T(0)) ? splat(T(__builtin_nan(""))) : y;
}

template <class T> NETLET_INLINE V<T> sigmoid(V<T> x) {
  const V<T> e = exp_negative<T>(negative_magnitude<T>(x));
  return (x < splat(T(0)) ? e : splat(T(1))) / (splat(T(1)) + e);
}

// exp(x) - 1 for x <= 0
template <class T> NETLET_INLINE V<T> expm1_negative(V<T> x) {
  typedef Constants<T> C;
  // It is -1 below -64. The shift brings the exponent's bias along: no x log2e is a tie, which would round differently.
  const Reduced<T> e = reduce<T>(at_least(x, splat(T(-64))), C::shift + C::bias);
  const V<T> scale = (V<T>)(words_of<T>(e.shifted) << C::fraction);
  return fma(scale, e.p, scale - splat(T(1)));
}

template <class T> NETLET_INLINE V<T> tanh(V<T> x) {
  const V<T> half = negative_magnitude<T>(x), t = expm1_negative<T>(half + half);  // additions wait less than products
  return copysign<T>(t / (splat(T(2)) + t), x);
}

// log(1 + e) for 0 <= e <= 1, no rounding before the series
template <class T> NETLET_INLINE V<T> log1p_unit(V<T> e) {
  const Bits<T> upper = e >= splat(T(0.5));
  const V<T> f = upper ? (e - splat(T(1))) * splat(T(0.5)) : e;
  return log_reduced<T>(f, upper ? splat(T(1)) : splat(T(0)));
}
// log(1 + exp(-|x|))
template <class T> NETLET_INLINE V<T> softplus_tail(V<T> x) {
  return log1p_unit<T>(exp_negative<T>(negative_magnitude<T>(x)));
}

// exp(u^2 / 2) times the normal tail above u: a polynomial in (u - 4) / (u + 4), whose even and odd powers are summed
// separately, divided by u + 4
template <class T, int N> NETLET_INLINE V<T> scaled_normal_tail(V<T> u, const T (&c)[N]) {
  const V<T> r = splat(T(1)) / (u + splat(T(4)));
  const V<T> t = (u - splat(T(4))) * r, t2 = t * t;
  V<T> even = splat(c[N - 1]), odd = splat(c[N - 2]);  // N is odd
  NETLET_UNROLLED for (int i = N - 3; i > 0; i -= 2) {
    even = fma(even, t2, splat(c[i]));
    odd = fma(odd, t2, splat(c[i - 1]));
  }
  even = fma(even, t2, splat(c[0]));
  return fma(odd, t, even) * r;
}
NETLET_INLINE F64 scaled_normal_tail(F64 u) {
  static constexpr double c[] = {
      0x1.82b4bb8c94dcep-1,  -0x1.373e3a893c28ap-1,  0x1.8c6dbf2cfc2c5p-2,   -0x1.7dff2bff6842fp-3,
      0x1.eec4cc3e48142p-5,  -0x1.ee2761044a3efp-8,  -0x1.c81719cca078ep-9,  0x1.ab825fb349ad9p-10,
      0x1.17a4a7839ae5fp-13, -0x1.e4a4221a17965p-13, -0x1.0012c89329494p-19, 0x1.26d06683ec85ap-15,
      0x1.7fede811cc2fcp-21, -0x1.8d48f49d5ef7bp-18, -0x1.4fd09664c3ca6p-21, 0x1.124ac20b3e18bp-20,
      0x1.1bf9e9361b5a8p-22, -0x1.501bec16e9283p-23, -0x1.4c889c30c4cffp-24, 0x1.12dd2fc6c718p-26,
      0x1.f8a009fa9bea4p-27, -0x1.5a4e6e6651d3fp-32, -0x1.4a129826f99cbp-30};
  return scaled_normal_tail<double>(u, c);
}
NETLET_INLINE F32 scaled_normal_tail(F32 u) {
  static constexpr float c[] = {0x1.82b4bcp-1f, -0x1.373e3ap-1f,  0x1.8c6d9cp-2f,  -0x1.7dff5ap-3f,
                                0x1.eed0a2p-5f, -0x1.eded26p-8f,  -0x1.cb5198p-9f, 0x1.a6d6e8p-10f,
                                0x1.78cd1p-13f, -0x1.8e3462p-13f, -0x1.0c75ap-15f};
  return scaled_normal_tail<float>(u, c);
}

// The normal distribution: its cumulative function, and exp(-z^2 / 2), its density times sqrt(2 pi).
template <class T> struct Normal {
  V<T> function, bell;
};
template <class T> NETLET_INLINE Normal<T> normal(V<T> z) {
  const V<T> u = at_most(magnitude<T>(z), splat(T(40)));  // the tail is 0 there
  const V<T> square = u * u, rest = fma(u, u, -square);
  const V<T> e = exp_negative<T>(splat(T(-0.5)) * square);
  const V<T> bell = fma(e, splat(T(-0.5)) * rest, e);
  const V<T> tail = bell * scaled_normal_tail(u);
  return {z < splat(T(0)) ? tail : splat(T(1)) - tail, bell};
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
