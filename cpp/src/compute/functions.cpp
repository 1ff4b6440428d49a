// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/activations.hpp"
#include "network/entry.hpp"
#include "network/random.hpp"
#include "system/threads.hpp"

using namespace netlet::core;

constexpr size_t kPiece = 16384;
constexpr double kOperations = 40;  // per value, roughly

netlet_status netlet_map(int32_t function, int32_t dtype, size_t count, const void* x, void* y, netlet_error* error) {
  NETLET_TRY(netlet_check_environment(error));
  if (function != NETLET_EXP && function != NETLET_LOG && !activation_traits(function).known)
    return invalid(error, "function: unknown number %d", function);
  if (dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64)
    return invalid(error, "dtype: expected float32 or float64, got number %d", dtype);
  if (count == 0) return NETLET_OK;
  NETLET_TRY(check_memory("x", "the values", x, dtype, error));
  NETLET_TRY(check_memory("y", "the results", y, dtype, error));
  const DefaultFloatingPoint floating_point;
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    const size_t threads = threads_for(kOperations * (double)count, kReadingShare);
    parallel_unless_stopped(divide_up(count, kPiece), threads, kOperations * kPiece, [&](size_t task, size_t) {
      const size_t first = task * kPiece;
      kernels<T>().map(function, smaller(kPiece, count - first), static_cast<const T*>(x) + first,
                       static_cast<T*>(y) + first);
    });
  });
  return check_stop(error);
}

netlet_status netlet_shuffled_order(uint64_t seed, uint64_t epoch, uint64_t first, size_t rows, int64_t* order,
                                    netlet_error* error) {
  if (rows == 0) return NETLET_OK;
  if (!order || (uintptr_t)order % alignof(int64_t))
    return invalid(error, "order: expected aligned memory for %zu numbers, got %p", rows, (void*)order);
  shuffled_order(seed, epoch, rows, order, first);
  return check_stop(error);
}
