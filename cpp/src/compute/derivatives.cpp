// SPDX-License-Identifier: BSD-3-Clause
// Derivatives of each row on its own: by the inputs, by the parameters, and the Jacobian. Panels of rows go through all
// layers, as in netlet_forward.
#include "compute/pass.hpp"
#include "network/entry.hpp"
#include "network/targets.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kPanelRows = 64;

// f(pass, batch, first row, rows, W^T) for each panel of rows, on several threads
template <class T, class F> netlet_status each_panel(const netlet_network& net, const netlet_array& x,
                                                     const netlet_targets& targets, PassKind kind, double operations,
                                                     netlet_error* error, F f) {
  const size_t threads = smaller(threads_for(operations * (double)x.rows, kReadingShare), (x.rows + 7) / 8);
  const size_t panel = smaller(kPanelRows, (x.rows + threads - 1) / threads);
  Packed<T> packed;
  Passes<T> passes;
  if (!packed.allocate(net, 0) || !passes.allocate(threads, net, x, targets, false, panel, kind))
    return out_of_memory(error);
  packed.read(1);
  const Batch batch = {&x, &targets, nullptr, 0, x.rows, {}};
  parallel((x.rows + panel - 1) / panel, threads, [&](size_t task, size_t worker) {
    const size_t row = task * panel;
    f(passes[worker], batch, row, smaller(panel, x.rows - row), packed);
  });
  return NETLET_OK;
}

template <class T> netlet_status input_gradient(const netlet_network& net, const netlet_array& x,
                                                const netlet_targets& targets, T* out, netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));
  const size_t inputs = net.inputs();
  return each_panel<T>(net, x, targets, {true, true, false}, 4.0 * (double)net.parameter_count, error,
                       [&](Pass<T>& pass, const Batch& batch, size_t row, size_t rows, const Packed<T>& packed) {
                         pass.run(batch, row, 0, rows, packed);
                         memcpy(out + row * inputs, pass.input_delta(), rows * inputs * sizeof(T));
                       });
}

template <class T> netlet_status row_gradients(const netlet_network& net, const netlet_array& x,
                                               const netlet_targets& targets, T* out, netlet_error* error) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));
  return each_panel<T>(net, x, targets, {true, false, false}, 6.0 * (double)net.parameter_count, error,
                       [&](Pass<T>& pass, const Batch& batch, size_t row, size_t rows, const Packed<T>& packed) {
                         pass.run(batch, row, 0, rows, packed);
                         for (size_t i = 0; i < rows; ++i)
                           for (size_t l = 0; l < net.layer_count(); ++l) {
                             const Layer& layer = net.layers[l];
                             pass.gradient({l, 0, layer.inputs + 1, 0, layer.outputs}, i, 1,
                                           out + (row + i) * net.parameter_count + layer.weights);
                           }
                       });
}

template <class T>
netlet_status jacobian(const netlet_network& net, const netlet_array& x, T* out, netlet_error* error) {
  const size_t inputs = net.inputs(), outputs = net.outputs();
  const netlet_array given = {x.data, net.dtype, x.rows, outputs, 0, sizeof(T)};  // never read
  const netlet_targets targets = {nullptr, nullptr, &given};
  return each_panel<T>(
      net, x, targets, {true, true, false}, (2.0 + 2.0 * (double)outputs) * (double)net.parameter_count, error,
      [&](Pass<T>& pass, const Batch& batch, size_t row, size_t rows, const Packed<T>& packed) {
        pass.forward(batch, row, 0, rows, packed);
        for (size_t j = 0; j < outputs; ++j) {
          pass.set_output_unit(0, rows, j);
          pass.backward(0, rows, packed);
          for (size_t i = 0; i < rows; ++i)
            memcpy(out + ((row + i) * outputs + j) * inputs, pass.input_delta() + i * inputs, inputs * sizeof(T));
        }
      });
}

netlet_status check_out(const void* out, netlet_error* error) {
  return out ? NETLET_OK : fail(error, NETLET_ERROR_ARGUMENT, "out: expected memory for the result, got NULL");
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_input_gradient(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                    void* out, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  NETLET_TRY(check_out(out, error));
  return reading("input_gradient", *network, error, [&](auto zero) {
    return input_gradient(*network, *x, *targets, static_cast<decltype(zero)*>(out), error);
  });
}

netlet_status netlet_row_gradients(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                   void* out, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  NETLET_TRY(check_out(out, error));
  return reading("row_gradients", *network, error, [&](auto zero) {
    return row_gradients(*network, *x, *targets, static_cast<decltype(zero)*>(out), error);
  });
}

netlet_status netlet_jacobian(const netlet_network* network, const netlet_array* x, void* out, netlet_error* error) {
  NETLET_TRY(check_features(*network, x, error));
  if (x->rows == 0) return NETLET_OK;
  NETLET_TRY(check_out(out, error));
  return reading("jacobian", *network, error,
                 [&](auto zero) { return jacobian(*network, *x, static_cast<decltype(zero)*>(out), error); });
}
