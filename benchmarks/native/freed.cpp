// SPDX-License-Identifier: BSD-3-Clause
// netlet's kernels with what their promise of bits forbids: each fma is a product and a sum that the compiler may fuse
// or not, and put in any order. exactness.cpp compares.
#include "vec.hpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

NETLET_INLINE F64 free_fma(F64 a, F64 b, F64 c) { return a * b + c; }
NETLET_INLINE F32 free_fma(F32 a, F32 b, F32 c) { return a * b + c; }
NETLET_INLINE double free_fma1(double a, double b, double c) { return a * b + c; }
NETLET_INLINE float free_fma1(float a, float b, float c) { return a * b + c; }

}  // namespace
}  // namespace netlet::NETLET_ISA_NAME

#define fma free_fma
#define fma1 free_fma1
#include "kernels.cpp"
