// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/stl.h>

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

Network& network(py::handle self) { return object_of<Network>(self, "self"); }

double operations(const Network& net, std::size_t rows, double of_each) {
  return of_each * (double)net.parameter_count() * (double)rows;
}

py::array parameters(py::handle self) {
  const Network& net = network(self);
  return view(netlet_parameters(net.get()), {(py::ssize_t)net.parameter_count()}, net.dtype(), self);
}

py::array copy_parameters(py::handle self) {
  const Network& net = network(self);
  py::array copy(numpy_dtype(net.dtype()), std::vector<py::ssize_t>{(py::ssize_t)net.parameter_count()});
  netlet::Check check;
  check(netlet_copy_parameters(net.get(), copy.mutable_data(), check));
  return copy;
}

// weights (inputs, outputs) or biases (outputs,) of all layers, as views
py::tuple layer_views(py::handle self, bool biases) {
  const Network& net = network(self);
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

py::array forward(py::handle object, py::handle x, py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
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

double loss(py::handle object, py::handle x, py::handle y) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype()), targets = target_rows(y, self, rows);
  return compute(operations(self, rows.array.rows, 2), [&] { return self.loss(rows.array, targets.array); });
}

py::tuple backward(py::handle object, py::handle x, py::handle y, py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype()), targets = target_rows(y, self, rows);
  py::array gradient = output_array(out, {(py::ssize_t)self.parameter_count()}, self.dtype(), &rows);
  if (!out.is_none())
    refuse_overlap(gradient, netlet_parameters(self.get()), gradient.nbytes(), "the parameters");
  void* data = gradient.mutable_data();
  const double value = compute(operations(self, rows.array.rows, 6),
                               [&] { return self.backward(rows.array, targets.array, data); });
  return py::make_tuple(value, gradient);
}

double step(py::handle object, py::handle x, py::handle y, py::handle optimizer_object) {
  Network& self = network(object);
  netlet::Optimizer& optimizer = object_of<netlet::Optimizer>(optimizer_object, "optimizer");
  const Rows rows = input_rows(x, self.inputs(), self.dtype()), targets = target_rows(y, self, rows);
  return compute(operations(self, rows.array.rows, 6),
                 [&] { return self.step(rows.array, targets.array, optimizer); });
}

py::array vector_array(const std::vector<double>& values, std::size_t first) {
  return py::array_t<double>((py::ssize_t)(values.size() - first), values.data() + first);
}

// f() with the GIL.
template <class F> bool with_gil(F&& f) {
  return survive_the_end([&] {
    const py::gil_scoped_acquire acquire;
    return survive_the_end(f);
  });
}

// Trains without the GIL. `record(losses, seconds, accuracies)` gets the epochs since it was last called: before each
// callback, and once at the end, however training ends.
void fit(py::handle object, py::handle x, py::handle y, py::handle optimizer_object, std::size_t epochs,
         std::size_t batch_size, bool shuffle, std::uint64_t seed, const py::function& record,
         const py::object& callback) {
  Network& self = network(object);
  netlet::Optimizer& optimizer = object_of<netlet::Optimizer>(optimizer_object, "optimizer");
  const Rows rows = input_rows(x, self.inputs(), self.dtype()), targets = target_rows(y, self, rows);
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
      return with_gil([&] {
        flush();
        const py::object answer = callback(epoch.epoch);
        const int stop = PyObject_IsTrue(answer.ptr());
        if (stop < 0) throw py::error_already_set();
        return stop != 0;
      });
    };
  options.poll = [] {
    return with_gil([] {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      return false;
    });
  };
  try {
    const WithoutGil without_gil;
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
      .def("_initialize",
           [](py::handle self, int init, std::uint64_t seed) { network(self).initialize((netlet::Init)init, seed); })
      .def_property_readonly(
          "layer_sizes", [](py::handle self) { return py::tuple(py::cast(network(self).layer_sizes())); },
          "Inputs, hidden layers, outputs.")
      .def_property_readonly(
          "activations",
          [](py::handle self) {
            const Network& net = network(self);
            py::tuple names(net.layer_sizes().size() - 1);
            for (std::size_t i = 0; i < names.size(); ++i)
              names[i] = netlet_activation_name((int)net.activation(i));
            return names;
          },
          "The name of each layer's activation, output included.")
      .def_property_readonly(
          "loss_name", [](py::handle self) { return netlet_loss_name((int)network(self).loss()); },
          "The name of the loss.")
      .def_property_readonly(
          "reduction", [](py::handle self) { return netlet_reduction_name((int)network(self).reduction()); },
          "The name of the reduction.")
      .def_property_readonly(
          "dtype", [](py::handle self) { return numpy_dtype(network(self).dtype()); },
          "Of parameters, activations and results.")
      .def_property_readonly(
          "epochs_trained", [](py::handle self) { return network(self).epochs_trained(); },
          "Complete epochs of `fit` so far.")
      .def("_set_epochs_trained",
           [](py::handle self, std::uint64_t epochs) { network(self).set_epochs_trained(epochs); })
      .def_property_readonly("parameters", &parameters,
                             "W1, b1, W2, b2, ... in one contiguous, writable buffer that never moves.")
      .def_property_readonly(
          "weights", [](py::handle self) { return layer_views(self, false); },
          "A writable view of shape (inputs, outputs) for each layer.")
      .def_property_readonly(
          "biases", [](py::handle self) { return layer_views(self, true); },
          "A writable view of shape (outputs,) for each layer.")
      .def("_copy_parameters", &copy_parameters)
      .def("_fingerprint", [](py::handle self) { return network(self).fingerprint(); })
      .def("_forward", &forward)
      .def("_loss", &loss)
      .def("_backward", &backward)
      .def("_step", &step)
      .def("_fit", &fit);
}
