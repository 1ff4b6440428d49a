// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <netlet/netlet.hpp>
#include <pybind11/pybind11.h>
#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#endif

#include <string>

namespace py = pybind11;

void bind_files(py::module_& m);
void bind_forward(py::handle network_type);
void bind_functional(py::module_& m);
void bind_library(py::module_& m);
void bind_network(py::module_& m);
void bind_optimizers(py::module_& m);
void bind_plateau(py::module_& m);
void bind_training(py::module_& m, py::class_<netlet::Network>& network_type);

// Whether __init__ has run.
template <class T> bool is_made(py::handle self) {
  const auto* instance = reinterpret_cast<py::detail::instance*>(self.ptr());
  return py::isinstance<T>(self) && instance->simple_layout && instance->simple_holder_constructed;
}

// The C++ object behind `self`. Python can make an object whose __init__ has not run: that is an error, not a crash.
template <class T> T& object_of(py::handle self, const char* name) {
  if (!is_made<T>(self))
    throw py::type_error(std::string(name) + ": expected an object of netlet whose __init__ has run");
  return self.cast<T&>();
}

// tp_new of netlet's types. pybind11's own does not look at whether there was memory, and makes objects of several of
// its types at once.
PyObject* new_object(PyTypeObject* type, PyObject*, PyObject*);
inline py::custom_type_setup checked_new() {
  return py::custom_type_setup([](PyHeapTypeObject* type) { type->ht_type.tp_new = &new_object; });
}

// A daemon thread may still be at work while the interpreter shuts down. It can no longer get the GIL: Python ends it
// where it asks for the GIL, by unwinding its stack, which must neither pass through the core nor leave a destructor.
// Whatever asks for the GIL goes through here: such a thread waits for the end of the process instead.
[[noreturn]] void wait_for_the_end();
template <class F> auto survive_the_end(F&& f) {
#if defined(__GLIBCXX__)
  try {
    return f();
  } catch (abi::__forced_unwind&) {
    wait_for_the_end();
  }
#elif defined(_LIBCPP_VERSION)
  try {
    return f();
  } catch (...) {
    if (!abi::__cxa_current_exception_type()) wait_for_the_end();  // no C++ exception
    throw;
  }
#else
  return f();
#endif
}

// The GIL is not held while this lives.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    survive_the_end([this] { PyEval_RestoreThread(state_); });
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;
  PyThreadState* thread() const { return state_; }

 private:
  PyThreadState* state_;
};

// f() with the GIL, within a WithoutGil. `thread` is the state that it released: once the interpreter is gone, this is
// the only way to ask for the GIL that ends the thread instead of reading freed memory.
template <class F> auto with_gil(PyThreadState* thread, F&& f) {
  struct WithGil {
    explicit WithGil(PyThreadState* thread) { PyEval_RestoreThread(thread); }
    ~WithGil() { PyEval_SaveThread(); }
  };
  return survive_the_end([&] {
    const WithGil with_gil(thread);
    return survive_the_end(f);
  });
}

// While this lives, a signal whose handler raises, such as Ctrl-C, ends calls of the core by this thread: with
// NETLET_ERROR_INTERRUPTED, and with Python's error set. Only the main thread handles signals; others are not asked.
// released: the state of a thread that does not hold the GIL, null if it does.
class EndedBySignals {
 public:
  explicit EndedBySignals(PyThreadState* released);
  ~EndedBySignals() { netlet_set_poll(nullptr, nullptr); }
  EndedBySignals(const EndedBySignals&) = delete;
  EndedBySignals& operator=(const EndedBySignals&) = delete;
};

// Below this many floating-point operations, a few microseconds of work, the GIL is kept: releasing it would cost a
// good part of that time.
constexpr double kHoldGil = 4e5;

// Runs f, without the GIL if that is worth it.
template <class F> auto compute(double operations, F&& f) {
  if (operations < kHoldGil) return f();
  const WithoutGil without_gil;
  const EndedBySignals ended_by_signals(without_gil.thread());
  return f();
}
