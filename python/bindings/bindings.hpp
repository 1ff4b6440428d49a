// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

namespace py = pybind11;

void bind_functional(py::module_& m);
void bind_library(py::module_& m);
void bind_network(py::module_& m);
void bind_optimizers(py::module_& m);

// Work below so many floating-point operations is done with the GIL held: releasing it would cost more.
constexpr double kHoldGil = 20000;

// Runs f without the GIL if it is worth it.
template <class F> auto compute(double operations, F&& f) {
  if (operations < kHoldGil) return f();
  const py::gil_scoped_release release;
  return f();
}
