// SPDX-License-Identifier: BSD-3-Clause
// The call that is made most often: nothing in its way but what it needs, and compiled for speed.
#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Network;

// A name. Not a static variable of a function: its guard could wait for a thread that waits for the GIL.
PyObject* g_forward_any;

bool overlap(const PlainArray& a, const void* data, std::size_t bytes) {
  const char* const other = static_cast<const char*>(data);
  return a.data < other + bytes && other < a.data + a.bytes;
}

// The outputs for arrays such as most calls have, in `out` or in a new one; null without an error for anything unusual,
// failures of the core included.
PyObject* forward_plain(const Network& net, PyObject* x, PyObject* out) {
  const netlet::Dtype dtype = net.dtype();
  PlainArray from, to;
  if (!is_plain(x, dtype, &from) || from.columns != net.inputs() || from.rows == 0) return nullptr;
  const auto item = (std::ptrdiff_t)(from.bytes / from.rows / from.columns);
  PyObject* result;
  if (out == Py_None) {
    result = new_plain(dtype, from.single, from.rows, net.outputs(), &to);
    if (!result) return nullptr;
  } else {
    if (!is_plain(out, dtype, &to) || !to.writable || to.single != from.single || to.rows != from.rows ||
        to.columns != net.outputs() || overlap(to, from.data, from.bytes) ||
        overlap(to, netlet_parameters(net.get()), net.parameter_count() * (std::size_t)item))
      return nullptr;
    result = Py_NewRef(out);
  }
  const netlet_array rows = {from.data, (int)dtype, from.rows, from.columns, item * (std::ptrdiff_t)from.columns, item};
  const netlet_status status =
      compute(operations(net, from.rows, 2), [&] { return netlet_forward(net.get(), &rows, to.data, nullptr); });
  if (status == NETLET_OK) return result;
  Py_DECREF(result);
  return nullptr;
}

// _forward(x, out) without pybind11's dispatcher, which takes longer than a small network; _forward_any handles all
// other cases, and all errors.
PyObject* forward_fast(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  const auto* const instance = reinterpret_cast<py::detail::instance*>(self);
  if (count == 2 && instance->simple_layout && instance->simple_holder_constructed) {
    const auto& net = *static_cast<const Network*>(instance->simple_value_holder[0]);
    PyObject* const result = forward_plain(net, arguments[0], arguments[1]);
    if (result || PyErr_Occurred()) return result;
  }
  PyObject* const any = PyObject_GetAttr(self, g_forward_any);
  PyObject* const result = any ? PyObject_Vectorcall(any, arguments, (std::size_t)count, nullptr) : nullptr;
  Py_XDECREF(any);
  return result;
}
PyMethodDef forward_definition = {
    "_forward", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&forward_fast)), METH_FASTCALL, nullptr};

}  // namespace

void bind_forward(py::handle type) {
  g_forward_any = PyUnicode_InternFromString("_forward_any");
  if (!g_forward_any) throw py::error_already_set();
  type.attr("_forward") = py::reinterpret_steal<py::object>(
      PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &forward_definition));
}
