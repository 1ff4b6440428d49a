// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace py = pybind11;

void bind_functional(py::module_& m);
void bind_library(py::module_& m);
void bind_network(py::module_& m);
void bind_optimizers(py::module_& m);

// The C++ object behind `self`. Python can make an object whose __init__ has not run: that is an error, not a crash.
template <class T> T& object_of(py::handle self, const char* name) {
  const auto* instance = reinterpret_cast<py::detail::instance*>(self.ptr());
  if (!py::isinstance<T>(self) || !instance->simple_layout || !instance->simple_holder_constructed)
    throw py::type_error(std::string(name) + ": expected an object of netlet whose __init__ has run");
  return self.cast<T&>();
}

// A daemon thread may still be at work while the interpreter shuts down. It cannot have the GIL any more, and Python
// would end it in the middle of C++ code: it waits for the end of the process instead.
[[noreturn]] void wait_for_the_end();
void stay_if_python_ends();

// The GIL is not held while this lives.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    stay_if_python_ends();
    PyEval_RestoreThread(state_);
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// Work below so many floating-point operations is done with the GIL held: releasing it would cost more.
constexpr double kHoldGil = 20000;

// Runs f without the GIL if it is worth it.
template <class F> auto compute(double operations, F&& f) {
  if (operations < kHoldGil) return f();
  const WithoutGil without_gil;
  return f();
}
