// SPDX-License-Identifier: BSD-3-Clause
// netlet_forward: slices of rows pass through all layers, so that their activations stay in cache.
#include "network/entry.hpp"
#include "network/targets.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kSliceRows = 64;
constexpr size_t kStackBytes = 16384, kRowStackBytes = 4096;
constexpr double kSliceOperations = 2000;  // what else a slice takes, roughly

// The scratch memory of a slice: two alternating buffers for hidden activations, and rows of x if they are converted.
template <class T> struct Scratch {
  size_t even, odd, converted;
  Scratch(const netlet_network& net, size_t rows, bool in_place)
      : even(rows * net.widest_hidden[0]),
        odd(rows * net.widest_hidden[1]),
        converted(in_place ? 0 : rows * net.inputs()) {}
  size_t size() const { return even + odd + converted; }
};

template <class T> bool reads_in_place(const netlet_network& net, const netlet_array& x) {
  return !net.input_scaling && readable_in_place<T>(x);
}

template <class T> inline void forward_slice(const netlet_network& net, const netlet_array& x, size_t first,
                                             size_t count, T* out, const Scratch<T>& layout, T* scratch) {
  const T* parameters = net.values<T>();
  const T* a = row_in_place<T>(x, first);
  ptrdiff_t stride = x.row_stride / (ptrdiff_t)sizeof(T);
  if (layout.converted) {
    T* rows = scratch + layout.even + layout.odd;
    load_scaled_rows(x, nullptr, first, count, net.columns(NETLET_SCALE_INPUTS), rows);
    a = rows;
    stride = (ptrdiff_t)x.columns;
  }
  for (size_t i = 0; i < net.layer_count(); ++i) {
    const Layer& layer = net.layers[i];
    const size_t n = layer.outputs;
    T* y = i + 1 == net.layer_count() ? out : scratch + (i % 2) * layout.even;
    kernels<T>(n).forward(count, n, layer.inputs, a, stride, nullptr, {parameters + layer.weights, false},
                          parameters + layer.biases, layer.activation, nullptr, y);
    a = y;
    stride = (ptrdiff_t)n;
  }
  if (net.output_scaling)
    kernels<T>().unstandardize(count, net.outputs(), net.output_scaling.shift(), net.output_scaling.scale(), out);
}

double operations(const netlet_network& net, size_t rows) { return 2.0 * (double)net.parameter_count * (double)rows; }

// Slice after slice, on the calling thread.
template <class T>
void forward_alone(const netlet_network& net, const netlet_array& x, T* out, const Scratch<T>& layout, T* scratch) {
  for (size_t row = 0; row < x.rows; row += kSliceRows)
    forward_slice(net, x, row, smaller(kSliceRows, x.rows - row), out + row * net.outputs(), layout, scratch);
}

netlet_status check_forward(const netlet_network& net, const netlet_array* x, const void* out, netlet_error* error) {
  NETLET_TRY(check_features(net, x, error));
  return x->rows ? check_memory("out", "the outputs", out, net.dtype, error) : NETLET_OK;
}

// Most calls of small networks are for one row that lies ready.
inline bool is_plain_row(const netlet_network& net, const netlet_array* x, const void* out) {
  const size_t size = size_of(net.dtype);
  return x && x->rows == 1 && x->dtype == net.dtype && x->columns == net.inputs() &&
         x->column_stride == (ptrdiff_t)size && x->data && out && !(((uintptr_t)x->data | (uintptr_t)out) & (size - 1));
}

// False, and nothing is done, if it takes more than that.
template <class T>
inline bool forward_plain_row(const netlet_network& net, const void* x, void* out, void* scratch, size_t size) {
  const size_t hidden = net.widest_hidden[0] + net.widest_hidden[1];
  if (net.input_scaling || net.output_scaling || hidden > size / sizeof(T) || (uintptr_t)scratch % sizeof(T))
    return false;
  kernels<T>(net.widest)
      .forward_row(net.layers.data(), net.layer_count(), net.values<T>(), static_cast<const T*>(x),
                   static_cast<T*>(scratch), static_cast<T*>(out));
  return true;
}
inline bool forward_plain_row(const netlet_network& net, const void* x, void* out, void* scratch, size_t size) {
  if (!DefaultFloatingPoint::is_set()) return false;
  return net.dtype == NETLET_FLOAT32 ? forward_plain_row<float>(net, x, out, scratch, size)
                                     : forward_plain_row<double>(net, x, out, scratch, size);
}

}  // namespace

netlet_status forward(const netlet_network& net, const netlet_array& x, void* out, netlet_error* error) {
  return with_dtype(net.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const y = static_cast<T*>(out);
    const bool in_place = reads_in_place<T>(net, x);
    const size_t most = divide_up(x.rows, 8);  // a few rows stay on the calling thread
    const size_t threads = most == 1 ? 1 : smaller(threads_for(operations(net, x.rows), kReadingShare), most);
    const Scratch<T> one(net, x.rows, in_place);
    alignas(kCacheLine) T stack[kStackBytes / sizeof(T)];
    if (threads == 1 && x.rows <= kSliceRows && one.size() <= sizeof stack / sizeof(T)) {
      forward_alone(net, x, y, one, stack);
      return NETLET_OK;
    }
    // as many rows per thread as possible, up to a whole slice
    const size_t slice = smaller(kSliceRows, divide_up(x.rows, threads));
    const Scratch<T> layout(net, slice, in_place);
    Buffer<T> scratch;
    if (!scratch.allocate_rows(threads, layout.size())) return out_of_memory(error);
    const double work = operations(net, slice) + kSliceOperations;
    parallel_unless_stopped(divide_up(x.rows, slice), threads, work, [&](size_t task, size_t worker) {
      const size_t row = task * slice;
      forward_slice(net, x, row, smaller(slice, x.rows - row), y + row * net.outputs(), layout,
                    scratch.data() + worker * layout.size());
    });
    return check_stop(error);
  });
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_forward(const netlet_network* network, const netlet_array* x, void* out, netlet_error* error) {
  if (is_plain_row(*network, x, out)) {
    const Reading held(network->users);
    if (!held) return busy("forward", "network", error);
    char stack[kRowStackBytes + kCacheLine];  // aligned by hand: a frame that the compiler aligns takes longer
    void* const hidden = stack + -(uintptr_t)stack % kCacheLine;
    if (forward_plain_row(*network, x->data, out, hidden, kRowStackBytes)) return NETLET_OK;
  }
  NETLET_TRY(check_forward(*network, x, out, error));
  if (x->rows == 0) return NETLET_OK;
  return holding<Reading>("forward", *network, error, [&](auto) { return forward(*network, *x, out, error); });
}

// What a call with up to `rows` rows may need, even if they have to be converted; SIZE_MAX if that overflows.
size_t netlet_workspace_size(const netlet_network* network, size_t rows) {
  return with_dtype(network->dtype, [&](auto zero) {
    size_t bytes;
    const Scratch<decltype(zero)> most(*network, smaller(rows, kSliceRows), false);
    return multiply_overflows(most.size(), sizeof zero, &bytes) ? SIZE_MAX : bytes;
  });
}

netlet_status netlet_forward_realtime(const netlet_network* network, const netlet_array* x, void* out, void* workspace,
                                      size_t workspace_size, netlet_error* error) {
  if (workspace && is_plain_row(*network, x, out)) {
    const Reading held(network->users);
    if (!held) return busy("forward", "network", error);
    if (forward_plain_row(*network, x->data, out, workspace, workspace_size)) return NETLET_OK;
  }
  NETLET_TRY(check_forward(*network, x, out, error));
  if (x->rows == 0) return NETLET_OK;
  return holding<Reading>("forward", *network, error, [&](auto zero) {
    using T = decltype(zero);
    const Scratch<T> layout(*network, smaller(x->rows, kSliceRows), reads_in_place<T>(*network, *x));
    if (layout.size() > workspace_size / sizeof(T))
      return invalid(error, "workspace: expected %zu bytes for %zu rows, got %zu", layout.size() * sizeof(T), x->rows,
                     workspace_size);
    if (layout.size() && (!workspace || (uintptr_t)workspace % alignof(T)))
      return invalid(error, "workspace: expected memory aligned to %zu bytes, got %s", alignof(T),
                     workspace ? "other" : "NULL");
    forward_alone(*network, *x, static_cast<T*>(out), layout, static_cast<T*>(workspace));
    return NETLET_OK;
  });
}
