// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/stl.h>

#include <chrono>
#include <thread>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Network;

// activations, loss, reduction and init by their numbers, the places of their names in NAMES
Network create(const std::vector<std::size_t>& layer_sizes, const std::vector<int>& activations, int loss,
               int reduction, py::handle dtype) {
  std::vector<netlet::Activation> parsed;
  for (const int number : activations) parsed.push_back((netlet::Activation)number);
  return Network(layer_sizes, parsed, (netlet::Loss)loss, (netlet::Reduction)reduction, parse_dtype(dtype));
}

py::list names(const char* (*name_of)(int)) {
  py::list list;
  for (int i = 0; name_of(i); ++i) list.append(name_of(i));
  return list;
}

double operations(const Network& net, std::size_t rows, double of_each) {
  return of_each * (double)net.parameter_count() * (double)rows;
}

py::array parameters(const py::object& self) {
  const auto& net = self.cast<const Network&>();
  return view(netlet_parameters(net.get()), {(py::ssize_t)net.parameter_count()}, net.dtype(), self);
}

// weights (inputs, outputs) or biases (outputs,) of all layers, as views
py::tuple layer_views(const py::object& self, bool biases) {
  const auto& net = self.cast<const Network&>();
  const std::vector<std::size_t> sizes = net.layer_sizes();
  char* p = static_cast<char*>(netlet_parameters(net.get()));
  const std::size_t item = net.dtype() == netlet::Dtype::float32 ? 4 : 8;
  py::tuple views(sizes.size() - 1);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    const auto n = (py::ssize_t)sizes[i], m = (py::ssize_t)sizes[i + 1];
    char* const bias = p + (std::size_t)(n * m) * item;
    views[i] = biases ? view(bias, {m}, net.dtype(), self) : view(p, {n, m}, net.dtype(), self);
    p = bias + (std::size_t)m * item;
  }
  return views;
}

py::array forward(const Network& self, py::handle x, py::handle out) {
  const Rows rows = input_rows(x, self.inputs());
  std::vector<py::ssize_t> shape;
  if (!rows.single) shape.push_back((py::ssize_t)rows.array.rows);
  shape.push_back((py::ssize_t)self.outputs());
  py::array result = output_array(out, std::move(shape), self.dtype(), &rows);
  if (!out.is_none())
    refuse_overlap(result, netlet_parameters(self.get()), self.parameter_count() * result.itemsize(),
                   "the parameters");
  void* data = result.mutable_data();
  compute(operations(self, rows.array.rows, 2), [&] { self.forward(rows.array, data); });
  return result;
}

double loss(const Network& self, py::handle x, py::handle y) {
  const Rows rows = input_rows(x, self.inputs()), targets = target_rows(y, self, rows);
  return compute(operations(self, rows.array.rows, 2), [&] { return self.loss(rows.array, targets.array); });
}

py::tuple backward(const Network& self, py::handle x, py::handle y, py::handle out) {
  const Rows rows = input_rows(x, self.inputs()), targets = target_rows(y, self, rows);
  py::array gradient = output_array(out, {(py::ssize_t)self.parameter_count()}, self.dtype(), &rows);
  if (!out.is_none())
    refuse_overlap(gradient, netlet_parameters(self.get()), gradient.nbytes(), "the parameters");
  void* data = gradient.mutable_data();
  const double value = compute(operations(self, rows.array.rows, 6),
                               [&] { return self.backward(rows.array, targets.array, data); });
  return py::make_tuple(value, gradient);
}

double step(Network& self, py::handle x, py::handle y, netlet::Optimizer& optimizer) {
  const Rows rows = input_rows(x, self.inputs()), targets = target_rows(y, self, rows);
  return compute(operations(self, rows.array.rows, 6),
                 [&] { return self.step(rows.array, targets.array, optimizer); });
}

py::array vector_array(const std::vector<double>& values, std::size_t first) {
  return py::array_t<double>((py::ssize_t)(values.size() - first), values.data() + first);
}

// A daemon thread may still train while the interpreter shuts down. It cannot have the GIL any more, and Python would
// end it in the middle of C++ code: it waits for the end of the process instead.
void stay_if_python_ends() {
#if PY_VERSION_HEX >= 0x030d0000
  while (Py_IsFinalizing()) std::this_thread::sleep_for(std::chrono::hours(1));
#else
  while (_Py_IsFinalizing()) std::this_thread::sleep_for(std::chrono::hours(1));
#endif
}

// Trains without the GIL. `record(losses, seconds, accuracies)` gets the epochs since it was last called: before each
// callback, and once at the end, however training ends.
void fit(Network& self, py::handle x, py::handle y, netlet::Optimizer& optimizer, std::size_t epochs,
         std::size_t batch_size, bool shuffle, std::uint64_t seed, const py::function& record,
         const py::object& callback) {
  const Rows rows = input_rows(x, self.inputs()), targets = target_rows(y, self, rows);
  netlet::History history;
  std::size_t recorded = 0;
  const auto flush = [&] {
    if (recorded == history.loss.size()) return;
    record(vector_array(history.loss, recorded), vector_array(history.seconds, recorded),
           vector_array(history.accuracy, history.accuracy.empty() ? 0 : recorded));
    recorded = history.loss.size();
  };
  netlet::FitOptions options;
  options.epochs = epochs;
  options.batch_size = batch_size;
  options.shuffle = shuffle;
  options.seed = seed;
  if (!callback.is_none())
    options.on_epoch = [&](const netlet_epoch& epoch, const netlet::History&) {
      stay_if_python_ends();
      const py::gil_scoped_acquire acquire;
      flush();
      const py::object answer = callback(epoch.epoch);
      const int stop = PyObject_IsTrue(answer.ptr());
      if (stop < 0) throw py::error_already_set();
      return stop != 0;
    };
  options.poll = [] {
    stay_if_python_ends();
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return false;
  };
  try {
    const py::gil_scoped_release release;
    self.fit(rows.array, targets.array, optimizer, options, history);
  } catch (...) {
    flush();
    throw;
  }
  flush();
}

}  // namespace

void bind_network(py::module_& m) {
  py::dict all;
  all["activation"] = names(netlet_activation_name);
  all["loss"] = names(netlet_loss_name);
  all["reduction"] = names(netlet_reduction_name);
  all["init"] = names(netlet_init_name);
  m.attr("NAMES") = all;
  py::class_<Network>(m, "Network")
      .def(py::init(&create), py::arg("layer_sizes"), py::arg("activations"), py::arg("loss"), py::arg("reduction"),
           py::arg("dtype"))
      .def(
          "_initialize",
          [](Network& self, int init, std::uint64_t seed) { self.initialize((netlet::Init)init, seed); },
          py::arg("init"), py::arg("seed"))
      .def_property_readonly("layer_sizes", [](const Network& self) { return py::tuple(py::cast(self.layer_sizes())); })
      .def_property_readonly("activations",
                             [](const Network& self) {
                               py::tuple names(self.layer_sizes().size() - 1);
                               for (std::size_t i = 0; i < names.size(); ++i)
                                 names[i] = netlet_activation_name((int)self.activation(i));
                               return names;
                             })
      .def_property_readonly("loss_name", [](const Network& self) { return netlet_loss_name((int)self.loss()); })
      .def_property_readonly("reduction",
                             [](const Network& self) { return netlet_reduction_name((int)self.reduction()); })
      .def_property_readonly("dtype", [](const Network& self) { return numpy_dtype(self.dtype()); })
      .def_property("epochs_trained", &Network::epochs_trained, &Network::set_epochs_trained)
      .def_property_readonly("parameters", &parameters)
      .def_property_readonly("weights", [](const py::object& self) { return layer_views(self, false); })
      .def_property_readonly("biases", [](const py::object& self) { return layer_views(self, true); })
      .def("fingerprint", &Network::fingerprint)
      .def("forward", &forward, py::arg("x"), py::kw_only(), py::arg("out") = py::none())
      .def("loss", &loss, py::arg("x"), py::arg("y"))
      .def("backward", &backward, py::arg("x"), py::arg("y"), py::kw_only(), py::arg("out") = py::none())
      .def("step", &step, py::arg("x"), py::arg("y"), py::arg("optimizer"))
      .def("_fit", &fit, py::arg("x"), py::arg("y"), py::arg("optimizer"), py::arg("epochs"), py::arg("batch_size"),
           py::arg("shuffle"), py::arg("seed"), py::arg("record"), py::arg("callback"));
}
