// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/activations.hpp"
#include "kernels/kernels.hpp"
#include "network/entry.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kPiece = 16384;
constexpr double kOperations = 40;  // of a value, roughly

template <class T> void map_all(int function, size_t count, const T* x, T* y) {
  const Kernels<T>& kernel = kernels<T>();
  const size_t threads = threads_for(kOperations * (double)count, kReadingShare);
  if (threads == 1) return kernel.map(function, count, x, y);
  parallel((count + kPiece - 1) / kPiece, threads, [&](size_t task, size_t) {
    const size_t first = task * kPiece, n = count - first < kPiece ? count - first : kPiece;
    kernel.map(function, n, x + first, y + first);
  });
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_map(int32_t function, int32_t dtype, size_t count, const void* x, void* y, netlet_error* error) {
  NETLET_TRY(netlet_check_environment(error));
  if (function != NETLET_EXP && function != NETLET_LOG && !activation_traits(function).known)
    return fail(error, NETLET_ERROR_ARGUMENT, "function: unknown number %d", function);
  if (dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64)
    return fail(error, NETLET_ERROR_ARGUMENT, "dtype: expected float32 or float64, got number %d", dtype);
  if (count && (!x || !y)) return fail(error, NETLET_ERROR_ARGUMENT, "x and y may not be NULL");
  const DefaultFloatingPoint floating_point;
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    map_all(function, count, static_cast<const T*>(x), static_cast<T*>(y));
  });
  return NETLET_OK;
}
