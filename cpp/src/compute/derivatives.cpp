// SPDX-License-Identifier: BSD-3-Clause
// Derivatives for each row: of its loss with respect to inputs or parameters, and the Jacobian. Slices of rows pass
// through all layers, as in netlet_forward.
#include "compute/pass.hpp"
#include "network/entry.hpp"
#include "network/targets.hpp"
#include "system/threads.hpp"

namespace netlet::core {
namespace {

constexpr size_t kSliceRows = 64;

// Rows `row` to `row + rows` of the batch, which are rows `at` to `at + rows` of the pass.
template <class T> struct Slice {
  const Batch& batch;
  size_t row, at, rows;
  const Packed<T>& packed;  // W^T of all layers
};

// f(pass, slice) for each slice, on several threads. operations: per row and parameter.
template <class T, class F> netlet_status each_slice(const netlet_network& net, const netlet_array& x,
                                                     const netlet_targets& targets, PassKind kind, double operations,
                                                     netlet_error* error, F f) {
  NETLET_TRY(check_classes_and_weights<T>(net, targets, error));
  operations *= (double)net.parameter_count * (double)x.rows;
  const size_t threads = smaller(threads_for(operations, kReadingShare), divide_up(x.rows, 8));
  const size_t most = smaller(kSliceRows, divide_up(x.rows, threads));
  Packed<T> packed;
  Pass<T> pass;
  if (!packed.allocate(net, 0) || !pass.allocate(net, x, targets, false, most, kind, threads))
    return out_of_memory(error);
  packed.read(1);
  const Batch batch = {&x, &targets, nullptr, 0, x.rows, {}};
  parallel_unless_stopped(divide_up(x.rows, most), threads, operations / (double)x.rows * (double)most,
                          [&](size_t task, size_t worker) {
                            const size_t row = task * most;
                            f(pass, Slice<T>{batch, row, pass.first_of(worker), smaller(most, x.rows - row), packed});
                          });
  return check_stop(error);
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_input_gradient(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                    void* out, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  NETLET_TRY(check_memory("out", "the result", out, network->dtype, error));
  return holding<Reading>("input_gradient", *network, error, [&](auto zero) {
    using T = decltype(zero);
    const size_t inputs = network->inputs();
    const auto store = [&](Pass<T>& pass, const Slice<T>& s) {
      pass.run(s.batch, s.row, s.at, s.rows, s.packed);
      memcpy(static_cast<T*>(out) + s.row * inputs, pass.input_delta(s.at), s.rows * inputs * sizeof(T));
    };
    return each_slice<T>(*network, *x, *targets, {true, true, false}, 4, error, store);
  });
}

netlet_status netlet_row_gradients(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                   void* out, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, targets, true, error));
  NETLET_TRY(check_memory("out", "the result", out, network->dtype, error));
  return holding<Reading>("row_gradients", *network, error, [&](auto zero) {
    using T = decltype(zero);
    const auto store = [&](Pass<T>& pass, const Slice<T>& s) {
      pass.run(s.batch, s.row, s.at, s.rows, s.packed);
      for (size_t i = 0; i < s.rows; ++i)
        pass.gradient(s.at + i, 1, static_cast<T*>(out) + (s.row + i) * network->parameter_count);
    };
    return each_slice<T>(*network, *x, *targets, {true, false, false}, 6, error, store);
  });
}

netlet_status netlet_jacobian(const netlet_network* network, const netlet_array* x, void* out, netlet_error* error) {
  NETLET_TRY(check_features(*network, x, error));
  if (x->rows == 0) return NETLET_OK;
  NETLET_TRY(check_memory("out", "the result", out, network->dtype, error));
  return holding<Reading>("jacobian", *network, error, [&](auto zero) {
    using T = decltype(zero);
    const size_t inputs = network->inputs(), outputs = network->outputs();
    const netlet_array given = {x->data, network->dtype, x->rows, outputs, 0, sizeof(T)};  // never read
    const netlet_targets targets = {nullptr, nullptr, &given, 0, NETLET_MISSING_REFUSE};
    const auto store = [&](Pass<T>& pass, const Slice<T>& s) {
      pass.forward(s.batch, s.row, s.at, s.rows, s.packed);
      Pace pace;
      for (size_t j = 0; j < outputs && !pace.stop(2.0 * (double)network->parameter_count * (double)s.rows); ++j) {
        pass.set_output_unit(s.at, s.rows, j);
        pass.backward(s.at, s.rows, s.packed);
        for (size_t i = 0; i < s.rows; ++i)
          memcpy(static_cast<T*>(out) + ((s.row + i) * outputs + j) * inputs, pass.input_delta(s.at + i),
                 inputs * sizeof(T));
      }
    };
    return each_slice<T>(*network, *x, targets, {true, true, false}, 2 + 2 * (double)outputs, error, store);
  });
}
