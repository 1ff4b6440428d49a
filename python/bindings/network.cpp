// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/stl.h>

#include <memory>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Network;

// activations, loss, reduction and init by their numbers, the places of their names in NAMES
Network create(const std::vector<std::size_t>& layer_sizes, const std::vector<int>& activations, int loss,
               int reduction, py::handle dtype, double huber_delta, const std::vector<double>& quantiles,
               const std::vector<double>& dropout) {
  std::vector<netlet::Activation> parsed;
  for (const int number : activations) parsed.push_back((netlet::Activation)number);
  return Network(layer_sizes, parsed, (netlet::Loss)loss, (netlet::Reduction)reduction, parse_dtype(dtype),
                 {huber_delta, quantiles, dropout});
}

py::list names(const char* (*name_of)(int)) {
  py::list list;
  for (int i = 0; name_of(i); ++i) list.append(name_of(i));
  return list;
}

Network& network(py::handle self) { return object_of<Network>(self, "self"); }

py::array parameters(py::handle self) {
  const Network& net = network(self);
  return view(netlet_parameters(net.get()), {(py::ssize_t)net.parameter_count()}, net.dtype(), self);
}

py::object scaling_of(const Network& net, bool outputs) {
  const std::vector<py::ssize_t> shape = {(py::ssize_t)(outputs ? net.outputs() : net.inputs())};
  py::array shift(numpy_dtype(net.dtype()), shape), scale(numpy_dtype(net.dtype()), shape);
  int present;
  netlet::Check check;
  check(netlet_copy_scaling(net.get(), outputs ? NETLET_SCALE_OUTPUTS : NETLET_SCALE_INPUTS, shift.mutable_data(),
                            scale.mutable_data(), &present, check));
  return present ? py::object(py::make_tuple(shift, scale)) : py::object(py::none());
}

// What changes in a network, all of one moment: parameters, epochs_trained, scaling of inputs and of outputs.
py::tuple snapshot(py::handle self) {
  const Network copy = network(self).copy();
  return py::make_tuple(
      py::array(numpy_dtype(copy.dtype()), std::vector<py::ssize_t>{(py::ssize_t)copy.parameter_count()},
                netlet_parameters(copy.get())),
      copy.epochs_trained(), scaling_of(copy, false), scaling_of(copy, true));
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
    refuse_overlap(result, netlet_parameters(self.get()), self.parameter_count() * result.itemsize(), "the parameters");
  void* data = result.mutable_data();
  compute(operations(self, rows.array.rows, 2), [&] { self.forward(rows.array, data); });
  return result;
}

py::tuple evaluate(py::handle object, py::handle x, py::handle y, py::handle sample_weight) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  const TargetRows targets = all_targets(y, py::none(), sample_weight, self, rows);
  double accuracy;
  const double loss = compute(operations(self, rows.array.rows, 2),
                              [&] { return self.evaluate(rows.array, targets.targets, &accuracy); });
  return py::make_tuple(loss, accuracy);
}

void refuse_overlap_with_targets(const py::array& result, const TargetRows& targets) {
  for (const py::handle array : targets.keep)
    if (py::module_::import("numpy").attr("may_share_memory")(result, array).cast<bool>())
      throw py::value_error("out: expected memory of its own, but it overlaps the targets");
}

// An array of derivatives for each row of x: f(rows, targets, memory) computes them.
template <class F> py::array derivatives(const Network& self, const Rows& rows, const TargetRows* targets,
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
                   py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  const TargetRows targets = all_targets(y, output_gradient, sample_weight, self, rows);
  py::array gradient = output_array(out, {(py::ssize_t)self.parameter_count()}, self.dtype(), &rows);
  if (!out.is_none()) refuse_overlap(gradient, netlet_parameters(self.get()), gradient.nbytes(), "the parameters");
  if (!out.is_none()) refuse_overlap_with_targets(gradient, targets);
  void* data = gradient.mutable_data();
  const double value =
      compute(operations(self, rows.array.rows, 6), [&] { return self.backward(rows.array, targets.targets, data); });
  return py::make_tuple(y.is_none() ? py::object(py::none()) : py::float_(value), gradient);
}

py::array input_gradient(py::handle object, py::handle x, py::handle y, py::handle output_gradient,
                         py::handle sample_weight, py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  const TargetRows targets = all_targets(y, output_gradient, sample_weight, self, rows);
  return derivatives(self, rows, &targets, out, {(py::ssize_t)self.inputs()}, 4,
                     [&](void* data) { self.input_gradient(rows.array, targets.targets, data); });
}

py::array row_gradients(py::handle object, py::handle x, py::handle y, py::handle output_gradient,
                        py::handle sample_weight, py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  const TargetRows targets = all_targets(y, output_gradient, sample_weight, self, rows);
  return derivatives(self, rows, &targets, out, {(py::ssize_t)self.parameter_count()}, 6,
                     [&](void* data) { self.row_gradients(rows.array, targets.targets, data); });
}

py::array jacobian(py::handle object, py::handle x, py::handle out) {
  const Network& self = network(object);
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  return derivatives(self, rows, nullptr, out, {(py::ssize_t)self.outputs(), (py::ssize_t)self.inputs()},
                     2.0 + 2.0 * (double)self.outputs(), [&](void* data) { self.jacobian(rows.array, data); });
}

py::object step(py::handle object, py::handle x, py::handle y, py::handle output_gradient, py::handle sample_weight,
                py::handle optimizer_object) {
  Network& self = network(object);
  netlet::Optimizer& optimizer = object_of<netlet::Optimizer>(optimizer_object, "optimizer");
  const Rows rows = input_rows(x, self.inputs(), self.dtype());
  const TargetRows targets = all_targets(y, output_gradient, sample_weight, self, rows);
  const double value =
      compute(operations(self, rows.array.rows, 6), [&] { return self.step(rows.array, targets.targets, optimizer); });
  return y.is_none() ? py::object(py::none()) : py::float_(value);
}

void apply_gradient(py::handle object, const py::array& gradient, py::handle optimizer_object) {
  Network& self = network(object);
  netlet::Optimizer& optimizer = object_of<netlet::Optimizer>(optimizer_object, "optimizer");
  compute((double)self.parameter_count(), [&] { self.apply_gradient(gradient.data(), optimizer); });
}

// ---- scaling: shifts and scales as arrays of binary64, or None

netlet::Scaling scaling_kind(bool outputs) { return outputs ? netlet::Scaling::outputs : netlet::Scaling::inputs; }

py::object scaling(py::handle object, bool outputs) { return scaling_of(network(object), outputs); }

void set_scaling(py::handle object, bool outputs, const std::vector<double>& shift, const std::vector<double>& scale) {
  network(object).set_scaling(scaling_kind(outputs), shift, scale);
}

void learn_scaling(py::handle object, bool outputs, py::handle data) {
  Network& self = network(object);
  const Rows rows =
      outputs ? target_rows(data, self, {py::array(), netlet::Array((double*)nullptr, py::len(data), 0), false})
              : input_rows(data, self.inputs(), self.dtype());
  compute(operations(self, rows.array.rows, 1), [&] { self.learn_scaling(scaling_kind(outputs), rows.array); });
}

// ---- fit

py::array vector_array(const std::vector<double>& values, std::size_t first) {
  return py::array_t<double>((py::ssize_t)(values.size() - first), values.data() + first);
}

netlet_schedule parse_schedule(const py::tuple& given) {  // kind, gamma, period, floor, min_delta
  netlet_schedule schedule = {};
  schedule.kind = given[0].cast<int>();
  schedule.gamma = given[1].cast<double>();
  schedule.period = given[2].cast<std::uint64_t>();
  schedule.floor = given[3].cast<double>();
  schedule.min_delta = given[4].cast<double>();
  return schedule;
}

// Trains without the GIL. `record(first, columns)` gets the epochs since it was last called as a dict of arrays: before
// each callback, about every 20 ms if `live`, and once at the end, however training ends.
void fit(py::handle object, py::handle optimizer_object, const py::dict& settings) {
  Network& self = network(object);
  netlet::Optimizer& optimizer = object_of<netlet::Optimizer>(optimizer_object, "optimizer");
  const auto setting = [&](const char* name) { return py::object(settings[name]); };
  const py::object batches = setting("next_batch"), callback = setting("callback"), record = setting("record");
  const bool live = setting("live").cast<bool>();
  PyThreadState* const thread = PyThreadState_Get();  // callbacks are called on it
  netlet::History history;
  std::size_t recorded = 0;
  const auto flush = [&] {
    if (recorded == history.loss.size()) return;
    py::dict columns;
    const auto add = [&](const char* name, const std::vector<double>& values) {
      if (!values.empty()) columns[name] = vector_array(values, recorded);
    };
    add("loss", history.loss);
    add("time", history.seconds);
    add("learning_rate", history.learning_rate);
    add("accuracy", history.accuracy);
    add("validation_loss", history.validation_loss);
    add("validation_accuracy", history.validation_accuracy);
    survive_the_end([&] { record(recorded, columns); });
    recorded = history.loss.size();
  };
  netlet::FitOptions options;
  options.epochs = setting("epochs").cast<std::size_t>();
  options.batch_size = setting("batch_size").cast<std::size_t>();
  options.shuffle = setting("shuffle").cast<bool>();
  options.seed = setting("seed").cast<std::uint64_t>();
  options.standardize_inputs = setting("standardize_inputs").cast<bool>();
  options.standardize_outputs = setting("standardize_outputs").cast<bool>();
  options.patience = setting("patience").cast<std::size_t>();
  options.min_delta = setting("min_delta").cast<double>();
  const py::object schedule = setting("schedule");
  if (py::isinstance<py::tuple>(schedule))
    options.schedule = parse_schedule(schedule);
  else if (!schedule.is_none())
    options.schedule_function = [&](std::uint64_t epoch) {
      return with_gil(thread, [&] { return schedule(epoch).cast<double>(); });
    };
  if (!callback.is_none())
    options.on_epoch = [&](const netlet_epoch& epoch, const netlet::History&) {
      return with_gil(thread, [&] {
        flush();
        const py::object answer = callback(epoch.epoch);
        const int stop = PyObject_IsTrue(answer.ptr());
        if (stop < 0) throw py::error_already_set();
        return stop != 0;
      });
    };
  options.poll = [&] {
    return with_gil(thread, [&] {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (live) flush();
      return false;
    });
  };

  const py::object validation = setting("validation_data");  // x, y, sample_weight
  std::unique_ptr<Rows> validation_x;
  std::unique_ptr<TargetRows> validation_targets;
  if (!validation.is_none()) {
    const py::tuple given = validation;
    try {
      validation_x = std::make_unique<Rows>(input_rows(given[0], self.inputs(), self.dtype()));
      validation_targets =
          std::make_unique<TargetRows>(all_targets(given[1], py::none(), given[2], self, *validation_x));
    } catch (const py::value_error& error) {
      throw py::value_error(std::string("validation_data: ") + error.what());
    } catch (const py::type_error& error) {
      throw py::type_error(std::string("validation_data: ") + error.what());
    }
    options.validation_x = &validation_x->array;
    options.validation_targets = &validation_targets->targets;
  }
  std::unique_ptr<Rows> rows;
  std::unique_ptr<TargetRows> targets;
  if (batches.is_none()) {
    rows = std::make_unique<Rows>(input_rows(setting("x"), self.inputs(), self.dtype()));
    targets =
        std::make_unique<TargetRows>(all_targets(setting("y"), py::none(), setting("sample_weight"), self, *rows));
  }
  std::unique_ptr<netlet::Batch> batch;
  py::object given;  // out here, as a thread that Python ends within `next` must not free it
  const auto next = [&] {
    return with_gil(thread, [&]() -> const netlet::Batch* {
      given = batches();
      if (given.is_none()) return nullptr;
      const py::tuple parts = given;
      rows = std::make_unique<Rows>(input_rows(parts[0], self.inputs(), self.dtype()));
      targets = std::make_unique<TargetRows>(all_targets(parts[1], py::none(), parts[2], self, *rows));
      batch = std::make_unique<netlet::Batch>(netlet::Batch{rows->array, targets->targets});
      return batch.get();
    });
  };
  try {
    const WithoutGil without_gil;
    if (batches.is_none())
      self.fit(rows->array, targets->targets, optimizer, options, history);
    else
      self.fit(next, optimizer, options, history);
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
  py::class_<Network> type(m, "Network");
  bind_forward(type);
  type.def(py::init(&create), py::arg("layer_sizes"), py::arg("activations"), py::arg("loss"), py::arg("reduction"),
           py::arg("dtype"), py::arg("huber_delta") = 1.0, py::arg("quantiles") = std::vector<double>(),
           py::arg("dropout") = std::vector<double>())
      .def(py::init([](netlet::Checkpoint& checkpoint) {
        if (!checkpoint.network.get()) throw py::value_error("checkpoint: it is used up");
        return std::move(checkpoint.network);
      }))
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
            for (std::size_t i = 0; i < names.size(); ++i) names[i] = netlet_activation_name((int)net.activation(i));
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
          "huber_delta", [](py::handle self) { return netlet_huber_delta(network(self).get()); },
          "Where the loss huber turns from squares to absolute values.")
      .def_property_readonly(
          "quantiles",
          [](py::handle self) {
            const Network& net = network(self);
            py::tuple values(net.outputs());
            for (std::size_t j = 0; j < values.size(); ++j) values[j] = netlet_quantile(net.get(), j);
            return values;
          },
          "The quantile of each output, for the loss of that name.")
      .def_property_readonly(
          "dropout",
          [](py::handle self) {
            const Network& net = network(self);
            py::tuple values(net.layer_sizes().size() - 2);
            for (std::size_t i = 0; i < values.size(); ++i) values[i] = netlet_dropout(net.get(), i);
            return values;
          },
          "The share of each hidden layer's outputs that training leaves out.")
      .def_property_readonly(
          "seed", [](py::handle self) { return network(self).seed(); },
          "Of the initial values, the order of the rows, and dropout.")
      .def("_set_seed", [](py::handle self, std::uint64_t seed) { network(self).set_seed(seed); })
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
      .def("_snapshot", &snapshot)
      .def("_fingerprint", [](py::handle self) { return network(self).fingerprint(); })
      .def("_forward_any", &forward)
      .def("_evaluate", &evaluate)
      .def("_backward", &backward)
      .def("_input_gradient", &input_gradient)
      .def("_row_gradients", &row_gradients)
      .def("_jacobian", &jacobian)
      .def("_step", &step)
      .def("_apply_gradient", &apply_gradient)
      .def("_scaling", &scaling)
      .def("_set_scaling", &set_scaling)
      .def("_learn_scaling", &learn_scaling)
      .def("_fit", &fit);
}
