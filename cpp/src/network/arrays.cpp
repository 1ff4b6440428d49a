// SPDX-License-Identifier: BSD-3-Clause
#include "network/arrays.hpp"

#include <math.h>
#include <stdio.h>

#include "kernels/kernels.hpp"
#include "system/error.hpp"
#include "system/memory.hpp"
#include "system/poll.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kChunk = 256;   // values that are scaled at a time
constexpr size_t kWideRow = 16;  // values; shorter rows are collected, to be scaled together

template <class From, class T>
void convert_rows(const netlet_array& a, const size_t* order, size_t first, size_t count, T* out) {
  const char* data = static_cast<const char*>(a.data);
  for (size_t i = 0; i < count; ++i, out += a.columns) {
    const char* p = data + (ptrdiff_t)(order ? order[i] : first + i) * a.row_stride;
    if (dtype_of<T>() == a.dtype && a.column_stride == (ptrdiff_t)sizeof(T)) {
      memcpy(out, p, a.columns * sizeof(T));
      continue;
    }
    for (size_t j = 0; j < a.columns; ++j, p += a.column_stride) {
      From value;
      memcpy(&value, p, sizeof value);
      out[j] = (T)value;
    }
  }
}

}  // namespace

template <class T> void load_rows(const netlet_array& a, const size_t* order, size_t first, size_t count, T* out) {
  switch (a.dtype) {
    case NETLET_FLOAT32: return convert_rows<float>(a, order, first, count, out);
    case NETLET_FLOAT64: return convert_rows<double>(a, order, first, count, out);
    case NETLET_INT8: return convert_rows<int8_t>(a, order, first, count, out);
    case NETLET_INT16: return convert_rows<int16_t>(a, order, first, count, out);
    case NETLET_INT32: return convert_rows<int32_t>(a, order, first, count, out);
    case NETLET_INT64: return convert_rows<int64_t>(a, order, first, count, out);
    case NETLET_UINT8: return convert_rows<uint8_t>(a, order, first, count, out);
    case NETLET_UINT16: return convert_rows<uint16_t>(a, order, first, count, out);
    case NETLET_UINT32: return convert_rows<uint32_t>(a, order, first, count, out);
    case NETLET_UINT64: return convert_rows<uint64_t>(a, order, first, count, out);
  }
}

template <class T> void load_scaled_rows(const netlet_array& a, const size_t* order, size_t first, size_t count,
                                         const ColumnScaling& scaling, T* out) {
  if (!scaling.shift) return load_rows(a, order, first, count, out);
  const size_t n = a.columns, width = smaller(n, kChunk);
  const bool in_place = scaling.stride == 1 && (readable_in_place<float>(a) || readable_in_place<double>(a));
  if (in_place && n >= kWideRow) {
    for (size_t i = 0; i < count; ++i, out += n) {
      const size_t row = order ? order[i] : first + i;
      if (a.dtype == NETLET_FLOAT32)
        kernels<T>().standardize_floats(1, n, scaling.shift, scaling.scale, row_in_place<float>(a, row), out);
      else
        kernels<T>().standardize(1, n, scaling.shift, scaling.scale, row_in_place<double>(a, row), out);
    }
    return;
  }
  double values[kChunk];
  for (size_t i = 0, step = kChunk / width; i < count; i += step) {
    const size_t rows = smaller(step, count - i);
    for (size_t j = 0; j < n; j += width) {  // more than one part only if a row is longer than a chunk; then step is 1
      netlet_array part = a;
      part.data = static_cast<const char*>(a.data) + (ptrdiff_t)j * a.column_stride;
      part.columns = smaller(width, n - j);
      load_rows(part, order ? order + i : nullptr, first + i, rows, values);
      const size_t s = j * scaling.stride;
      if (scaling.stride == 1)
        kernels<T>().standardize(rows, part.columns, scaling.shift + s, scaling.scale + s, values, out + i * n + j);
      else
        for (size_t v = 0; v < rows * part.columns; ++v) {
          const size_t column = s + v % part.columns * scaling.stride;
          out[i * n + j + v] = (T)((values[v] - scaling.shift[column]) / scaling.scale[column]);
        }
    }
  }
}

netlet_status check_array(const char* name, const netlet_array* a, netlet_error* error) {
  if (!a) return invalid(error, "%s: expected an array, got NULL", name);
  if (a->dtype < NETLET_FLOAT32 || a->dtype > NETLET_UINT64)
    return invalid(error, "%s: unknown dtype number %d", name, a->dtype);
  if (!a->data && a->rows && a->columns) return invalid(error, "%s: data is NULL for %zu rows", name, a->rows);
  return NETLET_OK;
}

template <class T> netlet_status check_finite(const char* name, const netlet_array& a, const ColumnScaling& scaling,
                                              netlet_error* error, bool nan_is_missing, const char* hint) {
  if (is_integer(a.dtype) && !scaling.shift) return NETLET_OK;
  const Kernels<T>& kernel = kernels<T>();
  constexpr size_t kValues = 4096;
  const size_t n = a.columns;
  const bool in_place = !scaling.shift && readable_in_place<T>(a);
  const bool row_by_row = in_place && a.row_stride != (ptrdiff_t)(n * sizeof(T));
  const size_t step = row_by_row || n >= kValues ? 1 : kValues / n;
  const size_t height = step * divide_up(16 * kValues, step * n), parts = a.rows / height + (a.rows % height != 0);
  const double work = reading_operations(step * n) * (double)(height / step);
  const size_t threads = smaller(threads_for(work / (double)height * (double)a.rows, kReadingShare), parts);
  Buffer<T> copies;
  if (!in_place && !copies.allocate_rows(threads, step * n)) return out_of_memory(error);
  std::atomic<size_t> first_bad{a.rows};  // row
  count_rows(0, a.rows);
  Headway* const progress = counted() && counted()->reading ? counted() : nullptr;
  // the first of `all` values that is neither finite nor missing, or `all`
  const auto next_bad = [&](const T* values, size_t all) {
    size_t i = 0;
    while ((i += kernel.first_not_finite(all - i, values + i)) < all && nan_is_missing && isnan(values[i])) ++i;
    return i;
  };
  parallel_unless_stopped(parts, threads, work, [&](size_t part, size_t worker) {
    const size_t end = smaller(a.rows, (part + 1) * height);
    T* const copy = copies.data() + (in_place ? 0 : worker * step * n);
    for (size_t row = part * height; row < end && row < first_bad.load(std::memory_order_relaxed); row += step) {
      const size_t count = smaller(step, end - row);
      if (!in_place) load_scaled_rows(a, nullptr, row, count, scaling, copy);
      const size_t i = next_bad(in_place ? row_in_place<T>(a, row) : copy, count * n), bad = row + i / n;
      if (i == count * n) continue;
      for (size_t before = first_bad.load(); bad < before && !first_bad.compare_exchange_weak(before, bad);) {}
    }
    if (progress) progress->add(end - part * height);
  });
  NETLET_TRY(check_stop(error));
  const size_t row = first_bad.load();
  if (row == a.rows) return NETLET_OK;
  Buffer<T> values;
  Buffer<double> unscaled;
  if (!values.allocate(n) || !unscaled.allocate(n)) return out_of_memory(error);
  load_scaled_rows(a, nullptr, row, 1, scaling, values.data());
  load_rows(a, nullptr, row, 1, unscaled.data());
  const size_t column = next_bad(values.data(), n);
  if (column == n)  // another thread has written to it meanwhile
    return check_finite<T>(name, a, scaling, error, nan_is_missing, hint);
  const double given = scaling.shift ? unscaled[column] : (double)values[column];
  const bool finite = isfinite(given);
  char number[32];
  snprintf(number, sizeof number, "%g", given);
  return invalid(error, "%s: expected finite numbers%s, got %s in row %zu, column %zu%s%s", name,
                 finite ? ", also once they are scaled" : "",
                 isnan(given) ? "nan"
                 : finite     ? number
                 : given > 0  ? "inf"
                              : "-inf",
                 row, column, a.dtype == NETLET_FLOAT64 && sizeof(T) == 4 ? " (as float32, the network's dtype)" : "",
                 isnan(given) ? hint : "");
}

template decltype(load_rows<float>) load_rows<float>;
template decltype(load_rows<double>) load_rows<double>;
template decltype(load_rows<int64_t>) load_rows<int64_t>;
template decltype(load_scaled_rows<float>) load_scaled_rows<float>;
template decltype(load_scaled_rows<double>) load_scaled_rows<double>;
template decltype(check_finite<float>) check_finite<float>;
template decltype(check_finite<double>) check_finite<double>;

}  // namespace netlet::core

netlet_array netlet_rows(const void* values, int32_t dtype, size_t rows, size_t columns) {
  constexpr size_t kBytes[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};  // by netlet_dtype
  const size_t bytes = dtype >= NETLET_FLOAT32 && dtype <= NETLET_UINT64 ? kBytes[dtype] : 0;
  return {values, dtype, rows, columns, (ptrdiff_t)(columns * bytes), (ptrdiff_t)bytes};
}
