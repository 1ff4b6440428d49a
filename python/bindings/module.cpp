// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <netlet/netlet.hpp>
#include <thread>

#include "bindings.hpp"

#if defined(_LIBCPP_VERSION) && defined(__linux__)
// libc++ linked statically would bring its demangler, 5 % of the module, for names in messages that nobody sees.
extern "C" char* __cxa_demangle(const char*, char*, std::size_t*, int* status) {
  if (status) *status = -2;  // no name to show
  return nullptr;
}
#endif

// By this name threadpoolctl knows netlet's module from others called _core: netlet.sklearn._threads.
extern "C" PYBIND11_EXPORT const char netlet_python_module[];
const char netlet_python_module[] = "netlet";

namespace {

PyObject* python_error(netlet_status status, py::handle divergence_error) {
  switch (status) {
    case NETLET_ERROR_ARGUMENT:
    case NETLET_ERROR_FORMAT: return PyExc_ValueError;
    case NETLET_ERROR_FILE: return PyExc_OSError;
    case NETLET_ERROR_MEMORY: return PyExc_MemoryError;
    case NETLET_ERROR_DIVERGED: return divergence_error.ptr();
    default: return PyExc_RuntimeError;
  }
}

}  // namespace

static unsigned long g_main_thread;

// As Python's threading says, which takes long to import; without it, this is the thread that it would take for the main
// one.
static unsigned long main_thread() {
  const py::dict modules = py::module_::import("sys").attr("modules");
  if (!modules.contains("threading")) return PyThread_get_thread_ident();
  return modules["threading"].attr("main_thread")().attr("ident").cast<unsigned long>();
}

static int look_for_signals(void* released) {
  const auto look = [] { return PyErr_CheckSignals() != 0 ? 1 : 0; };
  return released ? with_gil(static_cast<PyThreadState*>(released), look) : look();
}

EndedBySignals::EndedBySignals(PyThreadState* released) {
  if (PyThread_get_thread_ident() == g_main_thread) netlet_set_poll(&look_for_signals, released);
}

PyObject* new_object(PyTypeObject* type, PyObject*, PyObject*) {
  try {
    if (py::detail::all_type_info(type).size() != 1) {  // cached from here on, so that the layout needs no memory
      PyErr_Format(PyExc_TypeError, "%s: expected one class of netlet's among its bases", type->tp_name);
      return nullptr;
    }
    PyObject* const self = type->tp_alloc(type, 0);
    if (self) reinterpret_cast<py::detail::instance*>(self)->allocate_layout();
    return self;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::exception&) {
    PyErr_NoMemory();
  }
  return nullptr;
}

void wait_for_the_end() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

// In a sub-interpreter pybind11 refuses to work or, before Python 3.12, hangs: so our own entry point comes first.
#define PyInit__core enter
PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "The compiled core of netlet; use it through the package.";
  auto divergence_error = py::exception<netlet::Error>(m, "DivergenceError", PyExc_ArithmeticError);
  divergence_error.attr("__doc__") =
      "The loss, or a parameter, stopped being finite; the network is as it was after the last good epoch.";
  divergence_error.attr("__module__") = "netlet";
  py::register_local_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const netlet::Error& error) {
      if (error.status() == NETLET_ERROR_INTERRUPTED && PyErr_Occurred()) return;  // what a signal's handler raised
      const py::object divergence = py::module_::import("netlet._core").attr("DivergenceError");
      PyErr_SetString(python_error(error.status(), divergence), error.what());
    }
  });
  g_main_thread = main_thread();
  py::options options;
  options.disable_function_signatures();  // the Python classes have their own
  bind_library(m);
  bind_optimizers(m);
  bind_network(m);
  bind_plateau(m);
  bind_files(m);
  bind_functional(m);
}
#undef PyInit__core

PyMODINIT_FUNC PyInit__core() {
  if (PyInterpreterState_Get() == PyInterpreterState_Main()) return enter();
  PyErr_SetString(PyExc_ImportError, "netlet works in the main interpreter only, not in a sub-interpreter");
  return nullptr;
}
