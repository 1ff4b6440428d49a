// SPDX-License-Identifier: BSD-3-Clause
// Reading rows of the caller's arrays, whatever their dtype, strides and alignment.
#pragma once

#include "netlet/netlet.h"

namespace netlet::core {

template <class T> constexpr int dtype_of();
template <> constexpr int dtype_of<float>() { return NETLET_FLOAT32; }
template <> constexpr int dtype_of<double>() { return NETLET_FLOAT64; }
template <> constexpr int dtype_of<int64_t>() { return NETLET_INT64; }

// Whether kernels can read it in place: type T, aligned, each row contiguous.
template <class T> inline bool readable_in_place(const netlet_array& a) {
  return a.dtype == dtype_of<T>() && (a.column_stride == (ptrdiff_t)sizeof(T) || a.columns == 1) &&
         a.row_stride % (ptrdiff_t)sizeof(T) == 0 && reinterpret_cast<uintptr_t>(a.data) % alignof(T) == 0;
}

template <class T> inline const T* row_in_place(const netlet_array& a, size_t row) {
  return reinterpret_cast<const T*>(static_cast<const char*>(a.data) + (ptrdiff_t)row * a.row_stride);
}

// out[i, :] = row order[i] of the array, or row first + i if order is null; converted like a C cast.
template <class T> void load_rows(const netlet_array& a, const size_t* order, size_t first, size_t count, T* out);

// How columns are scaled when they are read, in binary64: shift[j * stride] and scale[j * stride] belong to column j.
// Not at all if shift is null.
struct ColumnScaling {
  const double *shift, *scale;
  size_t stride;
};

// The same, scaled before it is converted to T.
template <class T> void load_scaled_rows(const netlet_array& a, const size_t* order, size_t first, size_t count,
                                         const ColumnScaling& scaling, T* out);

netlet_status check_array(const char* name, const netlet_array* a, netlet_error* error);

// Fails unless all values are finite, once they are scaled and converted to T. nan_is_missing:
// NaN is no error; otherwise `hint` follows the message about NaN.
template <class T> netlet_status check_finite(const char* name, const netlet_array& a, const ColumnScaling& scaling,
                                              netlet_error* error, bool nan_is_missing = false, const char* hint = "");

// Of reading `values` values in a row of its own, roughly, for Pace.
inline double reading_operations(size_t values) { return 20 + 4 * (double)values; }

inline bool is_integer(int dtype) { return dtype > NETLET_FLOAT64; }

}  // namespace netlet::core
