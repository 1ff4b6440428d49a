// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions on arrays, and the library as a whole: instruction set, threads, versions.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

// x and out: contiguous, of one dtype and size; the Python side sees to it.
void apply(int function, const py::array& x, py::array& out) {
  const netlet::Dtype dtype = parse_dtype(x.dtype());
  if (!x.dtype().is(out.dtype()) && !x.dtype().equal(out.dtype())) throw py::type_error("out: expected the dtype of x");
  if (x.size() != out.size() || !(x.flags() & py::array::c_style) || !(out.flags() & py::array::c_style))
    throw py::value_error("out: expected contiguous arrays of one size");
  const void* from = x.data();
  void* to = out.mutable_data();
  const auto count = (std::size_t)x.size();
  netlet::Check check;
  check(compute(40.0 * (double)count, [&] { return netlet_map(function, (int)dtype, count, from, to, check); }));
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (std::size_t i = 0; netlet_available_isa(i); ++i) names.emplace_back(netlet_available_isa(i));
  return names;
}

}  // namespace

void bind_functional(py::module_& m) {
  m.def("apply", &apply, py::arg("function"), py::arg("x"), py::arg("out"));
  py::dict numbers;
  numbers["exp"] = (int)NETLET_FUNCTION_EXP;
  numbers["log"] = (int)NETLET_FUNCTION_LOG;
  numbers["sigmoid"] = (int)NETLET_FUNCTION_SIGMOID;
  numbers["tanh"] = (int)NETLET_FUNCTION_TANH;
  numbers["softplus"] = (int)NETLET_FUNCTION_SOFTPLUS;
  numbers["relu"] = (int)NETLET_FUNCTION_RELU;
  numbers["leaky_relu"] = (int)NETLET_FUNCTION_LEAKY_RELU;
  numbers["elu"] = (int)NETLET_FUNCTION_ELU;
  numbers["silu"] = (int)NETLET_FUNCTION_SILU;
  numbers["gelu"] = (int)NETLET_FUNCTION_GELU;
  numbers["hard_sigmoid"] = (int)NETLET_FUNCTION_HARD_SIGMOID;
  m.attr("FUNCTIONS") = numbers;
}

void bind_library(py::module_& m) {
  m.attr("__version__") = netlet_version();
  m.attr("NUMERICS_VERSION") = netlet_numerics_version();
  m.attr("BUILD") = netlet_build();
  m.def("check_environment", [] {
    netlet::Check check;
    check(netlet_check_environment(check));
  });
  m.def("isa", [] {
    netlet::Check check;
    check(netlet_check_environment(check));
    return std::string(netlet_isa());
  });
  m.def("available_isas", [] { return available_isas(); });
  m.def(
      "set_isa",
      [](const std::string& name) {
        netlet::Check check;
        check(netlet_set_isa(name.c_str(), check));
      },
      py::arg("name"));
  m.def("get_num_threads", [] { return netlet_get_num_threads(); });
  m.def(
      "set_num_threads",
      [](std::size_t count) {
        netlet::Check check;
        check(netlet_set_num_threads(count, check));
      },
      py::arg("count"));
}
