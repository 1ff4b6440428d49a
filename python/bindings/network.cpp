// SPDX-License-Identifier: BSD-3-Clause
// The network: how it is made, what can be read from it, outputs, losses and derivatives. training.cpp changes it.
#include <pybind11/stl.h>

#include <optional>

#include "batches.hpp"

namespace {

using netlet::Network;

Network& network(py::handle self) { return object_of<Network>(self, "self"); }

// ---- made

// activations, loss and reduction by their numbers, the positions of their names in NAMES
Network create(const std::vector<std::size_t>& layer_sizes, const std::vector<int>& activations, int loss,
               int reduction, py::handle dtype, const std::vector<double>& loss_parameters,
               const std::vector<double>& dropout) {
  std::vector<netlet::Activation> parsed;
  for (const int number : activations) parsed.push_back((netlet::Activation)number);
  return Network(layer_sizes, parsed, (netlet::Loss)loss, (netlet::Reduction)reduction, parse_dtype(dtype),
                 {loss_parameters, dropout});
}

Network from_checkpoint(py::handle object) {
  netlet::Checkpoint& checkpoint = object_of<netlet::Checkpoint>(object, "checkpoint");
  if (!checkpoint.network.get()) throw py::value_error("checkpoint: it is used up");
  return std::move(checkpoint.network);
}

void initialize(py::handle self, int init, std::uint64_t seed) { network(self).initialize((netlet::Init)init, seed); }
void set_seed(py::handle self, std::uint64_t seed) { network(self).set_seed(seed); }
void set_epochs_trained(py::handle self, std::uint64_t epochs) { network(self).set_epochs_trained(epochs); }

// ---- read

template <class F> py::tuple tuple_of(std::size_t count, F value) {
  py::tuple values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = value(i);
  return values;
}

// weights (inputs, outputs) or biases (outputs,) of all layers, as views
py::tuple layer_views(py::handle self, bool biases) {
  const Network& net = network(self);
  const std::vector<std::size_t> sizes = net.layer_sizes();
  char* p = static_cast<char*>(netlet_parameters(net.get()));
  const std::size_t item = net.dtype() == netlet::Dtype::float32 ? 4 : 8;
  return tuple_of(sizes.size() - 1, [&](std::size_t i) {
    const auto n = (py::ssize_t)sizes[i], m = (py::ssize_t)sizes[i + 1];
    char *const weight = p, *const bias = p + (std::size_t)(n * m) * item;
    p = bias + (std::size_t)m * item;
    return biases ? view(bias, {m}, net.dtype(), self) : view(weight, {n, m}, net.dtype(), self);
  });
}

// All of one type, so that Python's properties of them share one piece of code.
typedef py::object Property(py::handle self);

py::object layer_sizes(py::handle self) { return py::tuple(py::cast(network(self).layer_sizes())); }
py::object activations(py::handle self) {
  const Network& net = network(self);
  return tuple_of(net.layer_sizes().size() - 1,
                  [&](std::size_t i) { return netlet_activation_name((int)net.activation(i)); });
}
py::object loss_name(py::handle self) { return py::str(netlet_loss_name((int)network(self).loss())); }
py::object reduction(py::handle self) { return py::str(netlet_reduction_name((int)network(self).reduction())); }
py::object dtype(py::handle self) { return numpy_dtype(network(self).dtype()); }
py::object loss_parameters(py::handle self) {
  const netlet_network* net = network(self).get();
  return tuple_of(netlet_loss_parameter_count(net), [&](std::size_t i) { return netlet_loss_parameter(net, i); });
}
py::object targets(py::handle self) { return py::int_(network(self).targets()); }
py::object dropout(py::handle self) {
  const Network& net = network(self);
  return tuple_of(net.layer_sizes().size() - 2, [&](std::size_t i) { return netlet_dropout(net.get(), i); });
}
py::object seed(py::handle self) { return py::int_(network(self).seed()); }
py::object epochs_trained(py::handle self) { return py::int_(network(self).epochs_trained()); }
py::object parameters(py::handle self) {
  const Network& net = network(self);
  return view(netlet_parameters(net.get()), {(py::ssize_t)net.parameter_count()}, net.dtype(), self);
}
py::object weights(py::handle self) { return layer_views(self, false); }
py::object biases(py::handle self) { return layer_views(self, true); }

const struct {
  const char* name;
  Property* get;
  const char* doc;
} kProperties[] = {
    {"layer_sizes", &layer_sizes, "Inputs, hidden layers, outputs."},
    {"activations", &activations, "The name of each layer's activation, output included."},
    {"loss_name", &loss_name, "The name of the loss."},
    {"reduction", &reduction, "The name of the reduction."},
    {"dtype", &dtype, "Of parameters, activations and results."},
    {"_loss_parameters", &loss_parameters, "The numbers that the loss depends on."},
    {"_targets", &targets, "Columns of y."},
    {"dropout", &dropout, "The share of each hidden layer's outputs that training leaves out."},
    {"seed", &seed, "Of the initial values, the order of the rows, and dropout."},
    {"epochs_trained", &epochs_trained, "Complete epochs of `fit` so far."},
    {"parameters", &parameters, "W1, b1, W2, b2, ... in one contiguous, writable buffer that never moves."},
    {"weights", &weights, "A writable view of shape (inputs, outputs) for each layer."},
    {"biases", &biases, "A writable view of shape (outputs,) for each layer."},
};

// ---- scaling: shift and scale as arrays, or None

netlet::Scaling scaling_kind(bool outputs) { return outputs ? netlet::Scaling::outputs : netlet::Scaling::inputs; }

py::object scaling_of(const Network& net, bool outputs) {
  const std::vector<py::ssize_t> shape = {(py::ssize_t)(outputs ? net.outputs() : net.inputs())};
  py::array_t<double> shift(shape), scale(shape);
  int present;
  netlet::Check check;
  check(netlet_copy_scaling(net.get(), outputs ? NETLET_SCALE_OUTPUTS : NETLET_SCALE_INPUTS, shift.mutable_data(),
                            scale.mutable_data(), &present, check));
  return present ? py::object(py::make_tuple(shift, scale)) : py::object(py::none());
}

py::object scaling(py::handle self, bool outputs) { return scaling_of(network(self), outputs); }

void set_scaling(py::handle self, bool outputs, const std::vector<double>& shift, const std::vector<double>& scale) {
  network(self).set_scaling(scaling_kind(outputs), shift, scale);
}

// Targets for as many rows as they have.
BorrowedRows targets_alone(py::handle y, const Network& network) {
  const py::array array = real_array(y, "y");
  const std::size_t rows = array.ndim() ? (std::size_t)array.shape(0) : 1;
  return target_rows(array, network, {py::array(), netlet::Array((double*)nullptr, rows, 0), false});
}

void learn_scaling(py::handle object, bool outputs, py::handle data, py::handle sample_weight, py::handle missing) {
  Network& self = network(object);
  const netlet::Missing with_nan = parse_missing(missing);
  const BorrowedRows rows = outputs ? targets_alone(data, self) : input_rows(data, object, self.inputs());
  std::optional<BorrowedRows> weights;
  if (!sample_weight.is_none()) weights = weights_of(sample_weight, rows);
  compute(operations(self, rows.array.rows, 1), [&] {
    self.learn_scaling(scaling_kind(outputs), rows.array, weights ? &weights->array : nullptr,
                       outputs ? with_nan : netlet::Missing::refuse);
  });
}

// f(next) without the GIL, which `next` takes to get batches from Python.
template <class F> auto over_batches(PythonBatches& batches, F f) {
  try {
    const WithoutGil without_gil;
    const EndedBySignals ended_by_signals(without_gil.thread());
    return f(netlet::NextBatch([&] { return batches.next(); }));
  } catch (const netlet::Error& error) {
    throw batches.located_error(error);
  }
}

// next: a function that returns x, y and sample_weight; or None at the end of each of two passes
void learn_scaling_batches(py::handle object, bool inputs, bool outputs, py::handle next, py::handle missing) {
  Network& self = network(object);
  PythonBatches batches(object, next, py::none(), missing);
  if (!outputs) batches.without_targets();
  std::vector<netlet::Scaling> kinds;
  if (inputs) kinds.push_back(netlet::Scaling::inputs);
  if (outputs) kinds.push_back(netlet::Scaling::outputs);
  over_batches(batches, [&](const netlet::NextBatch& from) { self.learn_scaling(kinds, from); });
}

// What changes in a network, all at one moment: parameters, epochs_trained, scaling of inputs and of outputs.
py::tuple snapshot(py::handle self) {
  const Network copy = network(self).copy();
  return py::make_tuple(
      py::array(numpy_dtype(copy.dtype()), std::vector<py::ssize_t>{(py::ssize_t)copy.parameter_count()},
                netlet_parameters(copy.get())),
      copy.epochs_trained(), scaling_of(copy, false), scaling_of(copy, true));
}

// a netlet_note_kind, and its text or None
py::object note(py::handle self, int kind) {
  const char* const text = netlet_note(network(self).get(), kind);
  return text ? py::object(py::str(text)) : py::object(py::none());
}

void set_note(py::handle self, int kind, const std::optional<std::string>& text) {
  if (text && text->find('\0') != std::string::npos) throw py::value_error("note: expected no zero byte in it");
  netlet::Check check;
  check(netlet_set_note(network(self).get(), kind, text ? text->c_str() : nullptr, check));
}

std::string fingerprint(py::handle self) {
  const EndedBySignals ended_by_signals(nullptr);
  return network(self).fingerprint();
}

// ---- outputs and losses

py::array forward(py::handle object, py::handle x, py::handle out) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  std::vector<py::ssize_t> shape;
  if (!rows.single) shape.push_back((py::ssize_t)rows.array.rows);
  shape.push_back((py::ssize_t)self.outputs());
  py::array result = output_array(out, std::move(shape), self.dtype(), &rows);
  if (!out.is_none())
    refuse_overlap(result, netlet_parameters(self.get()), self.parameter_count() * result.itemsize(), "the parameters");
  void* data = result.mutable_data();
  compute(operations(self, rows.array.rows, 2), [&] { self.forward(rows.array, data); });
  return result;
}

// loss, and accuracy or else rmse and mae
py::dict figures(const Network& self, const netlet_evaluation& all) {
  py::dict found;
  found["loss"] = all.loss;
  if (self.has_classes()) {
    found["accuracy"] = all.accuracy;
  } else {
    found["rmse"] = all.rmse;
    found["mae"] = all.mae;
  }
  return found;
}

py::dict evaluate(py::handle object, py::handle x, py::handle y, py::handle sample_weight, py::handle weight_mean,
                  py::handle missing) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  const BorrowedTargets targets = targets_of(y, py::none(), sample_weight, weight_mean, missing, self, rows);
  const netlet_evaluation all =
      compute(operations(self, rows.array.rows, 2), [&] { return self.evaluate(rows.array, targets.targets); });
  return figures(self, all);
}

py::dict evaluate_batches(py::handle object, py::handle next, py::handle missing) {
  const Network& self = network(object);
  PythonBatches batches(object, next, py::none(), missing);
  return figures(self, over_batches(batches, [&](const netlet::NextBatch& from) { return self.evaluate(from); }));
}

double loss(py::handle object, py::handle x, py::handle y, py::handle sample_weight, py::handle weight_mean,
            py::handle missing) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  const BorrowedTargets targets = targets_of(y, py::none(), sample_weight, weight_mean, missing, self, rows);
  return compute(operations(self, rows.array.rows, 2), [&] { return self.loss(rows.array, targets.targets); });
}

// ---- derivatives

void refuse_overlap_with_targets(const py::array& result, const BorrowedTargets& targets) {
  for (const py::handle array : targets.keep)
    if (py::module_::import("numpy").attr("may_share_memory")(result, array).cast<bool>())
      throw py::value_error("out: expected memory of its own, but it overlaps the targets");
}

// An array of derivatives for each row of x: f(memory) computes them.
template <class F> py::array derivatives(const Network& self, const BorrowedRows& rows, const BorrowedTargets* targets,
                                         py::handle out, std::vector<py::ssize_t> shape_of_one, double of_each, F f) {
  std::vector<py::ssize_t> shape;
  if (!rows.single) shape.push_back((py::ssize_t)rows.array.rows);
  shape.insert(shape.end(), shape_of_one.begin(), shape_of_one.end());
  py::array result = output_array(out, std::move(shape), self.dtype(), &rows);
  if (!out.is_none())
    refuse_overlap(result, netlet_parameters(self.get()), self.parameter_count() * result.itemsize(), "the parameters");
  if (!out.is_none() && targets) refuse_overlap_with_targets(result, *targets);
  void* data = result.mutable_data();
  compute(operations(self, rows.array.rows, of_each), [&] { f(data); });
  return result;
}

py::tuple backward(py::handle object, py::handle x, py::handle y, py::handle output_gradient, py::handle sample_weight,
                   py::handle weight_mean, py::handle missing, py::handle out) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  const BorrowedTargets targets = targets_of(y, output_gradient, sample_weight, weight_mean, missing, self, rows);
  py::array gradient = output_array(out, {(py::ssize_t)self.parameter_count()}, self.dtype(), &rows);
  if (!out.is_none()) refuse_overlap(gradient, netlet_parameters(self.get()), gradient.nbytes(), "the parameters");
  if (!out.is_none()) refuse_overlap_with_targets(gradient, targets);
  void* data = gradient.mutable_data();
  const double value =
      compute(operations(self, rows.array.rows, 6), [&] { return self.backward(rows.array, targets.targets, data); });
  return py::make_tuple(y.is_none() ? py::object(py::none()) : py::float_(value), gradient);
}

py::array input_gradient(py::handle object, py::handle x, py::handle y, py::handle output_gradient,
                         py::handle sample_weight, py::handle missing, py::handle out) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  const BorrowedTargets targets = targets_of(y, output_gradient, sample_weight, py::none(), missing, self, rows);
  return derivatives(self, rows, &targets, out, {(py::ssize_t)self.inputs()}, 4,
                     [&](void* data) { self.input_gradient(rows.array, targets.targets, data); });
}

py::array row_gradients(py::handle object, py::handle x, py::handle y, py::handle output_gradient,
                        py::handle sample_weight, py::handle missing, py::handle out) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  const BorrowedTargets targets = targets_of(y, output_gradient, sample_weight, py::none(), missing, self, rows);
  return derivatives(self, rows, &targets, out, {(py::ssize_t)self.parameter_count()}, 6,
                     [&](void* data) { self.row_gradients(rows.array, targets.targets, data); });
}

py::array jacobian(py::handle object, py::handle x, py::handle out) {
  const Network& self = network(object);
  const BorrowedRows rows = input_rows(x, object, self.inputs());
  return derivatives(self, rows, nullptr, out, {(py::ssize_t)self.outputs(), (py::ssize_t)self.inputs()},
                     2.0 + 2.0 * (double)self.outputs(), [&](void* data) { self.jacobian(rows.array, data); });
}

py::list names(const char* (*name_of)(int)) {
  py::list list;
  for (int i = 0; name_of(i); ++i) list.append(name_of(i));
  return list;
}

}  // namespace

void bind_network(py::module_& m) {
  py::dict all;
  all["activation"] = names(netlet_activation_name);
  all["loss"] = names(netlet_loss_name);
  all["reduction"] = names(netlet_reduction_name);
  all["init"] = names(netlet_init_name);
  m.attr("NAMES") = all;
  m.def("refuse_again", [](py::handle self) {  // pybind11 would ignore another __init__
    if (is_made<Network>(self) || is_made<netlet::Optimizer>(self))
      throw py::type_error("__init__ has already run for this " + type_name(self));
  });
  m.def("only_numbers", [](py::handle object) { return only_numbers(object, 8); });
  py::class_<Network> type(m, "Network", checked_new());
  type.def(py::init(&create), py::arg("layer_sizes"), py::arg("activations"), py::arg("loss"), py::arg("reduction"),
           py::arg("dtype"), py::arg("loss_parameters"), py::arg("dropout"))
      .def(py::init(&from_checkpoint))
      .def("_initialize", &initialize)
      .def("_set_seed", &set_seed)
      .def("_set_epochs_trained", &set_epochs_trained)
      .def("_scaling", &scaling)
      .def("_set_scaling", &set_scaling)
      .def("_learn_scaling", &learn_scaling)
      .def("_learn_scaling_batches", &learn_scaling_batches)
      .def("_snapshot", &snapshot)
      .def("_note", &note)
      .def("_set_note", &set_note)
      .def("_fingerprint", &fingerprint)
      .def("_forward_any", &forward)
      .def("_evaluate", &evaluate)
      .def("_evaluate_batches", &evaluate_batches)
      .def("_loss", &loss)
      .def("_backward", &backward)
      .def("_input_gradient", &input_gradient)
      .def("_row_gradients", &row_gradients)
      .def("_jacobian", &jacobian);
  for (const auto& property : kProperties) type.def_property_readonly(property.name, property.get, property.doc);
  bind_forward(type);
  bind_training(m, type);
}
