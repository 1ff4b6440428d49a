/* SPDX-License-Identifier: BSD-3-Clause */
/* Put before the kernels by a test: every fma that they ask for becomes a product and a sum, so that an fma in the
 * object can only come from a compiler that fused a product and a sum by itself. */
#if defined(__x86_64__)
#include <immintrin.h>
#define _mm256_fmadd_ps(a, b, c) _mm256_add_ps(_mm256_mul_ps(a, b), c)
#define _mm256_fmadd_pd(a, b, c) _mm256_add_pd(_mm256_mul_pd(a, b), c)
#define _mm512_fmadd_ps(a, b, c) _mm512_add_ps(_mm512_mul_ps(a, b), c)
#define _mm512_fmadd_pd(a, b, c) _mm512_add_pd(_mm512_mul_pd(a, b), c)
#elif defined(__aarch64__)
#include <arm_neon.h>
#define vfmaq_f32(c, a, b) vaddq_f32(c, vmulq_f32(a, b))
#define vfmaq_f64(c, a, b) vaddq_f64(c, vmulq_f64(a, b))
#endif
#define __builtin_fmaf(a, b, c) ((a) * (b) + (c))
#define __builtin_fma(a, b, c) ((a) * (b) + (c))
