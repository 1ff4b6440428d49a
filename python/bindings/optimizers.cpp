// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Optimizer;

Optimizer& optimizer(py::handle self) { return object_of<Optimizer>(self, "self"); }

py::list slots(py::handle self) {
  netlet_optimizer* handle = optimizer(self).get();
  py::list views;
  const std::size_t size = netlet_optimizer_size(handle);
  const auto dtype = (netlet::Dtype)netlet_optimizer_dtype(handle);
  for (std::size_t i = 0; size && i < netlet_optimizer_slot_count(handle); ++i) {
    void* slot = netlet_optimizer_slot(handle, i);
    if (!slot) throw netlet::Error(NETLET_ERROR_BUSY, "state: another call is using this optimizer");
    views.append(view(slot, {(py::ssize_t)size}, dtype, self));
  }
  return views;
}

// (steps, powers of beta_1 and beta_2, slots one after the other): how the optimizer goes on
py::tuple get_state(py::handle self) {
  netlet_optimizer* handle = optimizer(self).get();
  const std::size_t size = netlet_optimizer_size(handle) * netlet_optimizer_slot_count(handle);
  py::array copy(numpy_dtype((netlet::Dtype)netlet_optimizer_dtype(handle)), std::vector<py::ssize_t>{(py::ssize_t)size});
  netlet_optimizer_progress progress;
  netlet::Check check;
  check(netlet_optimizer_copy_state(handle, copy.mutable_data(), &progress, check));
  return py::make_tuple(progress.steps, progress.beta_1_power, progress.beta_2_power,
                        netlet_optimizer_size(handle), copy);
}

void set_state(py::handle self, std::uint64_t steps, double beta_1_power, double beta_2_power, std::size_t size,
               const py::array& copy) {
  netlet_optimizer* handle = optimizer(self).get();
  netlet::Check check;
  if (size) {
    check(netlet_optimizer_bind(handle, size, (int)parse_dtype(copy.dtype()), check));
    if ((std::size_t)copy.size() != size * netlet_optimizer_slot_count(handle))
      throw py::value_error("state: expected " + std::to_string(netlet_optimizer_slot_count(handle)) + " slots");
    if (copy.size()) std::memcpy(netlet_optimizer_slot(handle, 0), copy.data(), copy.nbytes());
  }
  netlet_optimizer_set_progress(handle, {steps, beta_1_power, beta_2_power});
}

}  // namespace

void bind_optimizers(py::module_& m) {
  const auto setting = [](auto netlet_optimizer_config::*member) {
    return [member](py::handle self) { return optimizer(self).config().*member; };
  };
  py::class_<Optimizer>(m, "Optimizer")
      .def(py::init([](bool adam, double learning_rate, double momentum, bool nesterov, double beta_1, double beta_2,
                       double epsilon) {
             return Optimizer(
                 {adam ? NETLET_ADAM : NETLET_SGD, nesterov, learning_rate, momentum, beta_1, beta_2, epsilon});
           }),
           py::kw_only(), py::arg("adam"), py::arg("learning_rate"), py::arg("momentum") = 0.0,
           py::arg("nesterov") = false, py::arg("beta_1") = 0.0, py::arg("beta_2") = 0.0, py::arg("epsilon") = 0.0)
      .def_property(
          "_learning_rate", setting(&netlet_optimizer_config::learning_rate),
          [](py::handle self, double rate) { optimizer(self).set_learning_rate(rate); })
      .def_property_readonly("_momentum", setting(&netlet_optimizer_config::momentum))
      .def_property_readonly("_nesterov", [](py::handle self) { return optimizer(self).config().nesterov != 0; })
      .def_property_readonly("_beta_1", setting(&netlet_optimizer_config::beta_1))
      .def_property_readonly("_beta_2", setting(&netlet_optimizer_config::beta_2))
      .def_property_readonly("_epsilon", setting(&netlet_optimizer_config::epsilon))
      .def_property_readonly(
          "steps", [](py::handle self) { return optimizer(self).steps(); }, "Steps taken so far.")
      .def_property_readonly("_slots", &slots)
      .def("_get_state", &get_state)
      .def("_set_state", &set_state);
}
