// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/kernels.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kPiece = 16384;
constexpr double kOperations = 40;  // of a value, roughly

int function_number(int function) {
  switch (function) {
    case NETLET_FUNCTION_EXP: return kExp;
    case NETLET_FUNCTION_LOG: return kLog;
    case NETLET_FUNCTION_SIGMOID: return NETLET_SIGMOID;
    case NETLET_FUNCTION_TANH: return NETLET_TANH;
    case NETLET_FUNCTION_SOFTPLUS: return NETLET_SOFTPLUS;
    case NETLET_FUNCTION_RELU: return NETLET_RELU;
    case NETLET_FUNCTION_LEAKY_RELU: return NETLET_LEAKY_RELU;
    case NETLET_FUNCTION_ELU: return NETLET_ELU;
    case NETLET_FUNCTION_SILU: return NETLET_SILU;
    case NETLET_FUNCTION_GELU: return NETLET_GELU;
    case NETLET_FUNCTION_HARD_SIGMOID: return NETLET_HARD_SIGMOID;
  }
  return -1;
}

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
  const int number = function_number(function);
  if (number < 0) return fail(error, NETLET_ERROR_ARGUMENT, "function: unknown number %d", function);
  if (dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64)
    return fail(error, NETLET_ERROR_ARGUMENT, "dtype: expected float32 or float64, got number %d", dtype);
  if (count && (!x || !y)) return fail(error, NETLET_ERROR_ARGUMENT, "x and y may not be NULL");
  const DefaultFloatingPoint floating_point;
  if (dtype == NETLET_FLOAT32)
    map_all(number, count, static_cast<const float*>(x), static_cast<float*>(y));
  else
    map_all(number, count, static_cast<const double*>(x), static_cast<double*>(y));
  return NETLET_OK;
}
