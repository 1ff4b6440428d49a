// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Optimizer;

Optimizer& optimizer(py::handle self) { return object_of<Optimizer>(self, "self"); }

py::dict slots(py::handle self) {
  netlet_optimizer* handle = optimizer(self).get();
  py::dict views;
  const std::size_t size = netlet_optimizer_size(handle);
  const auto dtype = (netlet::Dtype)netlet_optimizer_dtype(handle);
  for (std::size_t i = 0; size && i < netlet_optimizer_slot_count(handle); ++i) {
    void* slot = netlet_optimizer_slot(handle, i);
    if (!slot) throw netlet::Error(NETLET_ERROR_BUSY, "state: another call is using this optimizer");
    views[netlet_optimizer_slot_name(handle, i)] = view(slot, {(py::ssize_t)size}, dtype, self);
  }
  return views;
}

template <class T> T number_at(const py::tuple& progress, std::size_t i) {
  try {
    return progress[i].cast<T>();
  } catch (const py::cast_error&) {
    throw py::type_error("state: expected six numbers for the progress, got " + repr_of(progress));
  }
}

// (progress, size, slots one after the other): what the optimizer continues from
py::tuple get_state(py::handle self) {
  netlet_optimizer* handle = optimizer(self).get();
  const std::size_t size = netlet_optimizer_size(handle);
  const int dtype = netlet_optimizer_dtype(handle);
  py::array copy(numpy_dtype((netlet::Dtype)dtype),
                 std::vector<py::ssize_t>{(py::ssize_t)(size * netlet_optimizer_slot_count(handle))});
  netlet_optimizer_progress p;
  netlet::Check check;
  check(netlet_optimizer_copy_state(handle, copy.mutable_data(), size, dtype, &p, check));
  return py::make_tuple(
      py::make_tuple(p.steps, p.beta_1_power, p.beta_2_power, p.plateau_factor, p.plateau_best, p.plateau_epochs), size,
      copy);
}

void set_state(py::handle self, const py::tuple& progress, std::size_t size, py::handle copy) {
  netlet_optimizer* handle = optimizer(self).get();
  const netlet_optimizer_progress p = {number_at<std::uint64_t>(progress, 0), number_at<double>(progress, 1),
                                       number_at<double>(progress, 2),        number_at<double>(progress, 3),
                                       number_at<double>(progress, 4),        number_at<std::uint64_t>(progress, 5)};
  const BorrowedValues values = values_of(copy, "state");
  const std::size_t slots = netlet_optimizer_slot_count(handle);
  if (slots ? values.count % slots || values.count / slots != size : values.count != 0)
    throw py::value_error("state: expected " + std::to_string(slots) + " slots of " + std::to_string(size) +
                          " values, got " + std::to_string(values.count) + " values");
  netlet::Check check;
  check(netlet_optimizer_set_state(handle, values.data, size, (int)values.dtype, &p, check));
}

// kind: a netlet_optimizer_kind; settings by name, those not given at their defaults
Optimizer create(int kind, bool nesterov, const py::dict& settings) {
  netlet_optimizer_config config = netlet_optimizer_defaults(kind);
  config.nesterov = nesterov;
  for (int i = 0; const char* name = netlet_optimizer_setting_name(i); ++i)
    if (settings.contains(name)) *netlet_optimizer_setting(&config, i) = settings[name].cast<double>();
  return Optimizer(config);
}

py::dict settings_of(py::handle self) {
  netlet_optimizer_config config = optimizer(self).config();
  py::dict settings;
  for (int i = 0; const char* name = netlet_optimizer_setting_name(i); ++i)
    settings[name] = *netlet_optimizer_setting(&config, i);
  settings["nesterov"] = config.nesterov != 0;
  return settings;
}

}  // namespace

void bind_optimizers(py::module_& m) {
  py::dict kinds;
  for (int i = 0; const char* name = netlet_optimizer_name(i); ++i) kinds[name] = i;
  m.attr("OPTIMIZERS") = kinds;
  py::class_<Optimizer>(m, "Optimizer", checked_new())
      .def(py::init(&create), py::arg("kind"), py::arg("nesterov"), py::arg("settings"))
      .def(py::init([](py::handle object) {
        netlet::Checkpoint& checkpoint = object_of<netlet::Checkpoint>(object, "checkpoint");
        if (!checkpoint.optimizer || !checkpoint.optimizer->get()) throw py::value_error("checkpoint: it is used up");
        return std::move(*checkpoint.optimizer);
      }))
      .def("_set_learning_rate", [](py::handle self, double rate) { optimizer(self).set_learning_rate(rate); })
      .def_property_readonly("_settings", &settings_of)
      .def_property_readonly(
          "steps", [](py::handle self) { return optimizer(self).steps(); }, "Steps taken so far.")
      .def_property_readonly("_slots", &slots)
      .def("_get_state", &get_state)
      .def("_set_state", &set_state);
}
