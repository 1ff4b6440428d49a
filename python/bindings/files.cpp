// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>
#include <netlet/netlet.hpp>
#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Checkpoint;
using netlet::Network;
using netlet::Optimizer;

// Failures of the operating system become OSError or a subclass; failures of the contents name the path as Python
// shows it.
template <class F> auto with_path(const py::bytes& path, F f) {
  const std::string text = path;
  try {
    const WithoutGil without_gil;
    const EndedBySignals ended_by_signals(without_gil.thread());
    return f(text);
  } catch (const netlet::Error& error) {
    if (error.status() == NETLET_ERROR_INTERRUPTED) throw;
    const py::object name =
        py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefaultAndSize(text.data(), (py::ssize_t)text.size()));
    if (error.status() == NETLET_ERROR_FILE && error.system_error() != 0) {
      const int code = error.system_error();
      const char* const state = std::strstr(error.what() + text.size(), "; the ");  // what is left of the old file
      const std::string reason = py::module_::import("os").attr("strerror")(code).cast<std::string>();
      const py::object failure = py::handle(PyExc_OSError)(code, reason + (state ? state : ""), name);
      PyErr_SetObject(py::type::handle_of(failure).ptr(), failure.ptr());  // of the subclass that the code has
      throw py::error_already_set();
    }
    const bool about_file = error.status() == NETLET_ERROR_FILE || error.status() == NETLET_ERROR_FORMAT;
    if (!about_file) throw;
    throw netlet::Error(error.status(), (text_of(name) + (error.what() + text.size())).c_str());
  }
}

const Optimizer* optional_optimizer(py::handle optimizer) {
  return optimizer.is_none() ? nullptr : &object_of<Optimizer>(optimizer, "optimizer");
}

void save(py::handle self, const py::bytes& path, py::handle optimizer) {
  const Network& network = object_of<Network>(self, "self");
  const Optimizer* const state = optional_optimizer(optimizer);
  with_path(path, [&](const std::string& text) { network.save(text, state); });
}

// Any bytes, written as save() writes a network.
void replace_file(const py::bytes& path, const std::string& data) {
  with_path(path, [&](const std::string& text) { netlet::replace_file(text, data.data(), data.size()); });
}

py::bytes to_bytes(py::handle self, py::handle optimizer) {
  const EndedBySignals ended_by_signals(nullptr);
  const netlet::Bytes bytes = object_of<Network>(self, "self").to_bytes(optional_optimizer(optimizer));
  return py::bytes(static_cast<const char*>(bytes.data()), bytes.size());
}

Checkpoint from_bytes(const py::buffer& bytes) {
  Py_buffer view;
  if (PyObject_GetBuffer(bytes.ptr(), &view, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  const std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> release(&view, &PyBuffer_Release);
  const EndedBySignals ended_by_signals(nullptr);
  return Network::from_bytes(view.buf, (std::size_t)view.len);
}

Checkpoint load(const py::bytes& path) {
  return with_path(path, [](const std::string& text) { return Network::load_checkpoint(text); });
}

// of a file, or of the bytes of one; the other is None
Checkpoint checkpoint(const std::optional<py::bytes>& path, const std::optional<py::buffer>& data) {
  if (path.has_value() == data.has_value()) throw py::type_error("expected either a path or data");
  return path ? load(*path) : from_bytes(*data);
}

// It calls the class, since pybind11 makes the objects of results without checked_new().
py::object new_checkpoint(py::handle path, py::handle data) { return py::type::of<Checkpoint>()(path, data); }

}  // namespace

void bind_files(py::module_& m) {
  m.def("save", &save);
  m.def("to_bytes", &to_bytes);
  m.def("replace_file", &replace_file);
  // what a file holds, until a Network and an Optimizer are made from it
  py::class_<Checkpoint>(m, "Checkpoint", checked_new())
      .def(py::init(&checkpoint))
      .def_static("load", [](py::handle path) { return new_checkpoint(path, py::none()); })
      .def_static("from_bytes", [](py::handle data) { return new_checkpoint(py::none(), data); })
      .def_property_readonly("numerics_version",
                             [](py::handle self) {
                               const Network& network = object_of<Checkpoint>(self, "self").network;
                               return network.get() ? netlet_saved_numerics_version(network.get()) : 0;
                             })
      .def_property_readonly("optimizer", [](py::handle self) -> py::object {  // kind and weight decay
        const std::optional<Optimizer>& optimizer = object_of<Checkpoint>(self, "self").optimizer;
        if (!optimizer || !optimizer->get()) return py::none();
        const netlet_optimizer_config config = optimizer->config();
        return py::make_tuple(config.kind, config.weight_decay);
      });
}
