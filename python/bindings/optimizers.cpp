// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "bindings.hpp"

namespace {

py::list slots(const py::object& self) {
  const auto& optimizer = self.cast<const netlet::Optimizer&>();
  py::list views;
  const std::size_t size = netlet_optimizer_size(optimizer.get());
  const auto dtype = (netlet::Dtype)netlet_optimizer_dtype(optimizer.get());
  for (std::size_t i = 0; size && i < netlet_optimizer_slot_count(optimizer.get()); ++i)
    views.append(view(netlet_optimizer_slot(optimizer.get(), i), {(py::ssize_t)size}, dtype, self));
  return views;
}

void bind_to(netlet::Optimizer& self, std::size_t size, py::handle dtype) {
  netlet::Check check;
  check(netlet_optimizer_bind(self.get(), size, (int)parse_dtype(dtype), check));
}

}  // namespace

void bind_optimizers(py::module_& m) {
  using netlet::Optimizer;
  py::class_<Optimizer>(m, "Optimizer")
      .def(py::init([](bool adam, double learning_rate, double momentum, bool nesterov, double beta_1, double beta_2,
                       double epsilon) {
             return Optimizer(
                 {adam ? NETLET_ADAM : NETLET_SGD, nesterov, learning_rate, momentum, beta_1, beta_2, epsilon});
           }),
           py::kw_only(), py::arg("adam"), py::arg("learning_rate"), py::arg("momentum") = 0.0,
           py::arg("nesterov") = false, py::arg("beta_1") = 0.0, py::arg("beta_2") = 0.0, py::arg("epsilon") = 0.0)
      .def_property(
          "learning_rate", [](const Optimizer& self) { return self.config().learning_rate; },
          &Optimizer::set_learning_rate, "The step size; may be changed between steps.")
      .def_property_readonly("momentum", [](const Optimizer& self) { return self.config().momentum; })
      .def_property_readonly("nesterov", [](const Optimizer& self) { return self.config().nesterov != 0; })
      .def_property_readonly("beta_1", [](const Optimizer& self) { return self.config().beta_1; })
      .def_property_readonly("beta_2", [](const Optimizer& self) { return self.config().beta_2; })
      .def_property_readonly("epsilon", [](const Optimizer& self) { return self.config().epsilon; })
      .def_property_readonly("steps", &Optimizer::steps, "Steps taken so far.")
      .def_property_readonly("_slots", &slots)
      .def("_bind", &bind_to, py::arg("size"), py::arg("dtype"))
      .def_property(
          "_progress",
          [](const Optimizer& self) {
            const auto p = netlet_optimizer_get_progress(self.get());
            return py::make_tuple(p.steps, p.beta_1_power, p.beta_2_power);
          },
          [](Optimizer& self, const py::tuple& p) {
            netlet_optimizer_set_progress(
                self.get(), {p[0].cast<std::uint64_t>(), p[1].cast<double>(), p[2].cast<double>()});
          });
}
