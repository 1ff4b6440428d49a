// SPDX-License-Identifier: BSD-3-Clause
// One vector of floats and one of doubles for the instruction set that this translation unit is compiled for.
//
// Arithmetic, comparison, bit operations and `mask ? a : b` are the compiler's vector extensions. Here stand only the
// five operations that they lack: splat, partial load and store, fma and sqrt.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define NETLET_INLINE static inline __attribute__((always_inline))

namespace netlet::NETLET_ISA_NAME {
namespace {

#if NETLET_ISA_AVX512
constexpr int kBytes = 64;
#elif NETLET_ISA_AVX2
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

typedef float F32 __attribute__((vector_size(kBytes)));
typedef double F64 __attribute__((vector_size(kBytes)));
typedef int32_t I32 __attribute__((vector_size(kBytes)));
typedef int64_t I64 __attribute__((vector_size(kBytes)));

// type: the vector; bits: integers of the same width, also the type of a comparison's result
template <class T> struct Vec;
template <> struct Vec<float> {
  typedef F32 type;
  typedef I32 bits;
  typedef int32_t bit;
  static constexpr int lanes = kBytes / 4;
};
template <> struct Vec<double> {
  typedef F64 type;
  typedef I64 bits;
  typedef int64_t bit;
  static constexpr int lanes = kBytes / 8;
};

template <class T> using V = typename Vec<T>::type;
template <class T> using Bits = typename Vec<T>::bits;

template <class T> NETLET_INLINE V<T> load(const T* p) {
  V<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T> NETLET_INLINE void store(T* p, V<T> v) { __builtin_memcpy(p, &v, sizeof v); }

#if NETLET_ISA_AVX512

NETLET_INLINE F64 splat(double x) { return (F64)_mm512_set1_pd(x); }
NETLET_INLINE F32 splat(float x) { return (F32)_mm512_set1_ps(x); }
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
// (the plain 512-bit form makes GCC 12 warn about its own header)
NETLET_INLINE F64 sqrt(F64 a) { return (F64)_mm512_maskz_sqrt_pd((__mmask8)-1, (__m512d)a); }
NETLET_INLINE F32 sqrt(F32 a) { return (F32)_mm512_maskz_sqrt_ps((__mmask16)-1, (__m512)a); }
// the first n lanes, 0 < n <= lanes; the others read as 0 and are not written
NETLET_INLINE F64 load_part(const double* p, int n) {
  return (F64)_mm512_maskz_loadu_pd((__mmask8)(0xffu >> (8 - n)), p);
}
NETLET_INLINE F32 load_part(const float* p, int n) {
  return (F32)_mm512_maskz_loadu_ps((__mmask16)(0xffffu >> (16 - n)), p);
}
NETLET_INLINE void store_part(double* p, F64 v, int n) {
  _mm512_mask_storeu_pd(p, (__mmask8)(0xffu >> (8 - n)), (__m512d)v);
}
NETLET_INLINE void store_part(float* p, F32 v, int n) {
  _mm512_mask_storeu_ps(p, (__mmask16)(0xffffu >> (16 - n)), (__m512)v);
}

#elif NETLET_ISA_AVX2

NETLET_INLINE F64 splat(double x) { return (F64)_mm256_set1_pd(x); }
NETLET_INLINE F32 splat(float x) { return (F32)_mm256_set1_ps(x); }
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
NETLET_INLINE F64 sqrt(F64 a) { return (F64)_mm256_sqrt_pd((__m256d)a); }
NETLET_INLINE F32 sqrt(F32 a) { return (F32)_mm256_sqrt_ps((__m256)a); }

// a window into it that starts at 8 - n (4 - n) is the mask of the first n lanes
const int32_t kMask32[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
const int64_t kMask64[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
NETLET_INLINE __m256i mask64(int n) { return _mm256_loadu_si256((const __m256i*)(kMask64 + 4 - n)); }
NETLET_INLINE __m256i mask32(int n) { return _mm256_loadu_si256((const __m256i*)(kMask32 + 8 - n)); }
NETLET_INLINE F64 load_part(const double* p, int n) { return (F64)_mm256_maskload_pd(p, mask64(n)); }
NETLET_INLINE F32 load_part(const float* p, int n) { return (F32)_mm256_maskload_ps(p, mask32(n)); }
NETLET_INLINE void store_part(double* p, F64 v, int n) { _mm256_maskstore_pd(p, mask64(n), (__m256d)v); }
NETLET_INLINE void store_part(float* p, F32 v, int n) { _mm256_maskstore_ps(p, mask32(n), (__m256)v); }

#else  // 128 bits: NEON, or a baseline whose fma is the C library's

NETLET_INLINE F64 splat(double x) { return F64{x, x}; }
NETLET_INLINE F32 splat(float x) { return F32{x, x, x, x}; }

#if NETLET_ISA_NEON
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) { return (F64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) { return (F32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#else
NETLET_INLINE F64 fma(F64 a, F64 b, F64 c) {
  return F64{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
}
NETLET_INLINE F32 fma(F32 a, F32 b, F32 c) {
  return F32{__builtin_fmaf(a[0], b[0], c[0]), __builtin_fmaf(a[1], b[1], c[1]), __builtin_fmaf(a[2], b[2], c[2]),
             __builtin_fmaf(a[3], b[3], c[3])};
}
#endif
NETLET_INLINE F64 sqrt(F64 a) { return F64{__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }
NETLET_INLINE F32 sqrt(F32 a) {
  return F32{__builtin_sqrtf(a[0]), __builtin_sqrtf(a[1]), __builtin_sqrtf(a[2]), __builtin_sqrtf(a[3])};
}
NETLET_INLINE F64 load_part(const double* p, int n) { return F64{p[0], n > 1 ? p[1] : 0}; }
NETLET_INLINE F32 load_part(const float* p, int n) {
  return F32{p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0};
}
template <class T> NETLET_INLINE void store_part(T* p, V<T> v, int n) {
  for (int lane = 0; lane < Vec<T>::lanes; ++lane)
    if (lane < n) p[lane] = v[lane];
}

#endif

// y[i] = f(x[i]) for whole vectors, then for what is left of one; in place is fine
template <class T, class F> NETLET_INLINE void map(size_t n, const T* x, T* y, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store<T>(y + i, f(load<T>(x + i)));
  if (i < n) store_part(y + i, f(load_part(x + i, (int)(n - i))), (int)(n - i));
}
// the same with two operands
template <class T, class F> NETLET_INLINE void map(size_t n, const T* x, const T* z, T* y, F f) {
  constexpr size_t lanes = Vec<T>::lanes;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store<T>(y + i, f(load<T>(x + i), load<T>(z + i)));
  if (i < n) {
    const int rest = (int)(n - i);
    store_part(y + i, f(load_part(x + i, rest), load_part(z + i, rest)), rest);
  }
}

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME
