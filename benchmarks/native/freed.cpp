// SPDX-License-Identifier: BSD-3-Clause
// netlet's kernels without the restrictions that keep their bits the same: each fma is a product and a sum that the
// compiler may fuse or not, and reorder. exactness.cpp compares them with the real ones.
#include "kernels/vec.hpp"

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
#include "kernels/kernels.cpp"

namespace netlet::NETLET_ISA_NAME {
namespace {

// A layer with one output on one row is a single chain; without a fixed order, lanes can run along the sum.
template <class T> void free_forward(size_t m, size_t n, size_t k, const T* x, ptrdiff_t x_i, const T* const* rows,
                                     Factor<T> w, const T* b, int activation, T* z, T* y) {
  if (m * n != 1 || activation != NETLET_IDENTITY || z || rows)
    return forward(m, n, k, x, x_i, rows, w, b, activation, z, y);
  T sum = b[0];
  for (size_t i = 0; i < k; ++i) sum += x[i] * w.values[i];
  y[0] = sum;
}

template <class T> constexpr core::Kernels<T> freed() {
  core::Kernels<T> kernels = all_kernels<T>();
  kernels.forward = free_forward<T>;
  return kernels;
}

}  // namespace

extern const core::KernelTable freed_table;
const core::KernelTable freed_table = {NETLET_STRING(NETLET_ISA_NAME), freed<float>(), freed<double>()};

}  // namespace netlet::NETLET_ISA_NAME
