// SPDX-License-Identifier: BSD-3-Clause
// One vector of floats and one of doubles for the instruction set that this translation unit is compiled for.
//
// Arithmetic, comparison, bit operations and `mask ? a : b` are the compiler's vector extensions. Here are only the
// operations that these lack or compile badly: splat, partial load and store, fma, sqrt, limits, powers of two.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#if NETLET_ISA_WASM || (NETLET_ISA_BASELINE && defined(NETLET_X86))
#define NETLET_EMULATED_FMA 1
#endif

#define NETLET_INLINE static inline __attribute__((always_inline))

// UNROLLED: for loops over registers, which must not remain loops. ROLLED: for loops with long bodies, which would only
// grow. Unrolling any other loop costs more space than it saves time.
#if defined(__clang__)
#define NETLET_UNROLLED _Pragma("clang loop unroll(full)")
#define NETLET_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define NETLET_UNROLLED _Pragma("GCC unroll 16")
#define NETLET_ROLLED _Pragma("GCC unroll 1")
#endif

namespace netlet::NETLET_ISA_NAME {
namespace {

#if NETLET_ISA_AVX512
constexpr int kBytes = 64;
#elif NETLET_ISA_AVX2 || NETLET_ISA_AVX512VL
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

typedef float F32 __attribute__((vector_size(kBytes)));
typedef double F64 __attribute__((vector_size(kBytes)));
typedef int32_t I32 __attribute__((vector_size(kBytes)));
typedef int64_t I64 __attribute__((vector_size(kBytes)));
typedef uint32_t U32 __attribute__((vector_size(kBytes)));
typedef uint64_t U64 __attribute__((vector_size(kBytes)));

// type: the vector; bits: integers of the same width, the type of comparisons; words: the type of arithmetic on bits,
// which for NaN and infinity may wrap around
template <class T> struct Vec;
template <> struct Vec<float> {
  typedef F32 type;
  typedef I32 bits;
  typedef U32 words;
  typedef int32_t bit;
  static constexpr int lanes = kBytes / 4;
};
template <> struct Vec<double> {
  typedef F64 type;
  typedef I64 bits;
  typedef U64 words;
  typedef int64_t bit;
  static constexpr int lanes = kBytes / 8;
};

template <class T> using V = typename Vec<T>::type;
template <class T> using Bits = typename Vec<T>::bits;
template <class T> using Words = typename Vec<T>::words;

// Part<T>(n): the first n lanes, 0 < n <= lanes. load_part sets the others to 0, store_part does not write them.

template <class T> NETLET_INLINE V<T> load(const T* p) {
  V<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T> NETLET_INLINE void store(T* p, V<T> v) { __builtin_memcpy(p, &v, sizeof v); }

#if NETLET_ISA_AVX512 || NETLET_ISA_AVX512VL  // the same instructions on 512 and on 256 bits

#if NETLET_ISA_AVX512
#define NETLET_VECTOR(name) _mm512_##name
typedef __m512d M64;
typedef __m512 M32;
typedef __mmask16 Mask32;
#else
#define NETLET_VECTOR(name) _mm256_##name
typedef __m256d M64;
typedef __m256 M32;
typedef __mmask8 Mask32;
#endif
typedef __mmask8 Mask64;
constexpr Mask64 kAll64 = (Mask64)-1;  // (with unmasked 512-bit forms GCC 12 warns about its own header)
constexpr Mask32 kAll32 = (Mask32)-1;

NETLET_INLINE F64 splat(double x) { return (F64)NETLET_VECTOR(set1_pd)(x); }
NETLET_INLINE F32 splat(float x) { return (F32)NETLET_VECTOR(set1_ps)(x); }
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)NETLET_VECTOR(fmadd_pd)((M64)a, (M64)b, (M64)c); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)NETLET_VECTOR(fmadd_ps)((M32)a, (M32)b, (M32)c); }
NETLET_INLINE F64 sqrt(F64 a) { return (F64)NETLET_VECTOR(maskz_sqrt_pd)(kAll64, (M64)a); }
NETLET_INLINE F32 sqrt(F32 a) { return (F32)NETLET_VECTOR(maskz_sqrt_ps)(kAll32, (M32)a); }

// NaN stays NaN: min and max return the second operand if either is NaN
NETLET_INLINE F64 at_least(F64 x, F64 limit) { return (F64)NETLET_VECTOR(maskz_max_pd)(kAll64, (M64)limit, (M64)x); }
NETLET_INLINE F32 at_least(F32 x, F32 limit) { return (F32)NETLET_VECTOR(maskz_max_ps)(kAll32, (M32)limit, (M32)x); }
NETLET_INLINE F64 at_most(F64 x, F64 limit) { return (F64)NETLET_VECTOR(maskz_min_pd)(kAll64, (M64)limit, (M64)x); }
NETLET_INLINE F32 at_most(F32 x, F32 limit) { return (F32)NETLET_VECTOR(maskz_min_ps)(kAll32, (M32)limit, (M32)x); }

// v 2^k for integers k, rounded once
NETLET_INLINE F64 scale(F64 v, F64 k) { return (F64)NETLET_VECTOR(maskz_scalef_pd)(kAll64, (M64)v, (M64)k); }
NETLET_INLINE F32 scale(F32 v, F32 k) { return (F32)NETLET_VECTOR(maskz_scalef_ps)(kAll32, (M32)v, (M32)k); }

template <class T> struct Part {
  unsigned mask;
  explicit Part(int n) : mask((1u << n) - 1) {}
};
NETLET_INLINE F64 load_part(const double* p, Part<double> part) {
  return (F64)NETLET_VECTOR(maskz_loadu_pd)((Mask64)part.mask, p);
}
NETLET_INLINE F32 load_part(const float* p, Part<float> part) {
  return (F32)NETLET_VECTOR(maskz_loadu_ps)((Mask32)part.mask, p);
}
NETLET_INLINE void store_part(double* p, F64 v, Part<double> part) {
  NETLET_VECTOR(mask_storeu_pd)(p, (Mask64)part.mask, (M64)v);
}
NETLET_INLINE void store_part(float* p, F32 v, Part<float> part) {
  NETLET_VECTOR(mask_storeu_ps)(p, (Mask32)part.mask, (M32)v);
}

#elif NETLET_ISA_AVX2

NETLET_INLINE F64 splat(double x) { return (F64)_mm256_set1_pd(x); }
NETLET_INLINE F32 splat(float x) { return (F32)_mm256_set1_ps(x); }
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
NETLET_INLINE F64 sqrt(F64 a) { return (F64)_mm256_sqrt_pd((__m256d)a); }
NETLET_INLINE F32 sqrt(F32 a) { return (F32)_mm256_sqrt_ps((__m256)a); }

NETLET_INLINE F64 at_least(F64 x, F64 limit) { return (F64)_mm256_max_pd((__m256d)limit, (__m256d)x); }
NETLET_INLINE F32 at_least(F32 x, F32 limit) { return (F32)_mm256_max_ps((__m256)limit, (__m256)x); }
NETLET_INLINE F64 at_most(F64 x, F64 limit) { return (F64)_mm256_min_pd((__m256d)limit, (__m256d)x); }
NETLET_INLINE F32 at_most(F32 x, F32 limit) { return (F32)_mm256_min_ps((__m256)limit, (__m256)x); }

// read from 8 - n (4 - n), the mask of the first n lanes
const int32_t kMask32[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
const int64_t kMask64[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
template <class T> struct Part {
  __m256i mask;
  int n;
  explicit Part(int lanes)
      : mask(_mm256_loadu_si256(sizeof(T) == 8 ? (const __m256i*)(kMask64 + 4 - lanes)
                                               : (const __m256i*)(kMask32 + 8 - lanes))),
        n(lanes) {}
};
NETLET_INLINE F64 load_part(const double* p, Part<double> part) { return (F64)_mm256_maskload_pd(p, part.mask); }
NETLET_INLINE F32 load_part(const float* p, Part<float> part) { return (F32)_mm256_maskload_ps(p, part.mask); }
// in halves: masked stores are many times slower on some processors
NETLET_INLINE void store_half(double* p, __m128d v, int n) {
  if (n > 1)
    _mm_storeu_pd(p, v);
  else if (n > 0)
    _mm_store_sd(p, v);
}
NETLET_INLINE void store_part(double* p, F64 v, Part<double> part) {
  store_half(p, _mm256_castpd256_pd128((__m256d)v), part.n);
  store_half(p + 2, _mm256_extractf128_pd((__m256d)v, 1), part.n - 2);
}
NETLET_INLINE void store_half(float* p, __m128 v, int n) {
  if (n > 3)
    _mm_storeu_ps(p, v);
  else if (n > 0) {
    if (n > 1) _mm_storel_pi((__m64*)p, v);
    if (n & 1) _mm_store_ss(p + n - 1, n == 3 ? _mm_movehl_ps(v, v) : v);
  }
}
NETLET_INLINE void store_part(float* p, F32 v, Part<float> part) {
  store_half(p, _mm256_castps256_ps128((__m256)v), part.n);
  store_half(p + 4, _mm256_extractf128_ps((__m256)v, 1), part.n - 4);
}

#else  // 128 bits: NEON, or a baseline or WebAssembly without fma

NETLET_INLINE F64 splat(double x) { return F64{x, x}; }
NETLET_INLINE F32 splat(float x) { return F32{x, x, x, x}; }

#if NETLET_ISA_NEON
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#elif !NETLET_EMULATED_FMA  // an unknown processor: the C library's
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) {
  return F64{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
}
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) {
  return F32{__builtin_fmaf(a[0], b[0], c[0]), __builtin_fmaf(a[1], b[1], c[1]), __builtin_fmaf(a[2], b[2], c[2]),
             __builtin_fmaf(a[3], b[3], c[3])};
}
#endif
#if NETLET_ISA_WASM
NETLET_INLINE F64 sqrt(F64 a) { return (F64)wasm_f64x2_sqrt((v128_t)a); }
NETLET_INLINE F32 sqrt(F32 a) { return (F32)wasm_f32x4_sqrt((v128_t)a); }
NETLET_INLINE F64 at_least(F64 x, F64 limit) { return (F64)wasm_f64x2_pmax((v128_t)x, (v128_t)limit); }
NETLET_INLINE F32 at_least(F32 x, F32 limit) { return (F32)wasm_f32x4_pmax((v128_t)x, (v128_t)limit); }
NETLET_INLINE F64 at_most(F64 x, F64 limit) { return (F64)wasm_f64x2_pmin((v128_t)x, (v128_t)limit); }
NETLET_INLINE F32 at_most(F32 x, F32 limit) { return (F32)wasm_f32x4_pmin((v128_t)x, (v128_t)limit); }
#else
NETLET_INLINE F64 sqrt(F64 a) { return F64{__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }
NETLET_INLINE F32 sqrt(F32 a) {
  return F32{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}
template <class F> NETLET_INLINE F at_least(F x, F limit) { return x < limit ? limit : x; }
template <class F> NETLET_INLINE F at_most(F x, F limit) { return x > limit ? limit : x; }
#endif

template <class T> struct Part {
  int n;
  explicit Part(int lanes) : n(lanes) {}
};
NETLET_INLINE F64 load_part(const double* p, Part<double> part) { return F64{p[0], part.n > 1 ? p[1] : 0}; }
NETLET_INLINE F32 load_part(const float* p, Part<float> part) {
  return F32{p[0], part.n > 1 ? p[1] : 0, part.n > 2 ? p[2] : 0, part.n > 3 ? p[3] : 0};
}
template <class T> NETLET_INLINE void store_part(T* p, V<T> v, Part<T> part) {
  NETLET_UNROLLED for (int lane = 0; lane < Vec<T>::lanes; ++lane) if (lane < part.n) p[lane] = v[lane];
}

#endif

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME

#if NETLET_EMULATED_FMA
#include "kernels/emulated_fma.hpp"
#endif

namespace netlet::NETLET_ISA_NAME {
namespace {

#if NETLET_EMULATED_FMA
template <class T> NETLET_INLINE T fma1(T a, T b, T c) { return fma(splat(a), splat(b), splat(c))[0]; }
#else
NETLET_INLINE double fma1(double a, double b, double c) { return __builtin_fma(a, b, c); }
NETLET_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#endif

// v[i][j] becomes v[j][i]: the blocks of S values beside the diagonal are swapped, for S = 1, 2, 4, ...
template <class Lane, Lane... J> struct Sequence {
  template <class T, int S> NETLET_INLINE void swap_blocks(V<T>& a, V<T>& b) {
    constexpr Lane n = sizeof...(J);
#if defined(__clang__)
    const V<T> low = __builtin_shufflevector(a, b, (J & S ? n + J - S : J)...);
    b = __builtin_shufflevector(a, b, (J & S ? n + J : J + S)...);
#else
    const V<T> low = __builtin_shuffle(a, b, Bits<T>{(J & S ? n + J - S : J)...});
    b = __builtin_shuffle(a, b, Bits<T>{(J & S ? n + J : J + S)...});
#endif
    a = low;
  }
};
#if defined(__clang__)
template <class T> using Lanes = __make_integer_seq<Sequence, typename Vec<T>::bit, Vec<T>::lanes>;
#else
template <class T> using Lanes = Sequence<typename Vec<T>::bit, __integer_pack(typename Vec<T>::bit(Vec<T>::lanes))...>;
#endif
template <class T, int S = 1> NETLET_INLINE void transpose_square(V<T> (&v)[Vec<T>::lanes]) {
  NETLET_UNROLLED for (int i = 0; i < Vec<T>::lanes; ++i) if (!(i & S))
      Lanes<T>::template swap_blocks<T, S>(v[i], v[i + S]);
  if constexpr (2 * S < Vec<T>::lanes) transpose_square<T, 2 * S>(v);
}

template <class T> bool all_zero(V<T> v) {
  T sum = 0;
  NETLET_UNROLLED for (int lane = 0; lane < Vec<T>::lanes; ++lane) sum = sum + v[lane];
  return sum == 0;
}

// y[i] = f(x[i], z[i]) or f(x[i]), for whole vectors, then for the rest; in place is fine
template <class T, class F> NETLET_INLINE void map(size_t n, const T* x, const T* z, T* y, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store<T>(y + i, f(load<T>(x + i), load<T>(z + i)));
  if (i < n) {
    const Part<T> rest((int)(n - i));
    store_part(y + i, f(load_part(x + i, rest), load_part(z + i, rest)), rest);
  }
}
template <class T, class F> NETLET_INLINE void map(size_t n, const T* x, T* y, F f) {
  map(n, x, x, y, [=](V<T> v, V<T>) { return f(v); });
}
// the same in half the code, for a long or rarely used f
template <class T, class F> NETLET_INLINE void map_compact(size_t n, const T* x, const T* z, T* y, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  NETLET_ROLLED for (size_t i = 0; i < n; i += lanes) {
    const bool whole = n - i >= lanes;
    const Part<T> part((int)(whole ? lanes : n - i));
    const V<T> v = f(whole ? load<T>(x + i) : load_part(x + i, part), whole ? load<T>(z + i) : load_part(z + i, part));
    whole ? store<T>(y + i, v) : store_part(y + i, v, part);
  }
}
template <class T, class F> NETLET_INLINE void map_compact(size_t n, const T* x, T* y, F f) {
  map_compact(n, x, x, y, [=](V<T> v, V<T>) { return f(v); });
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
