// SPDX-License-Identifier: BSD-3-Clause
// The library as a whole: instruction set, threads, versions.
#include <netlet/netlet.hpp>

#include "bindings.hpp"

namespace {

void check_environment() {
  netlet::Check check;
  check(netlet_check_environment(check));
}

std::string isa() {
  check_environment();
  return netlet_isa();
}

py::list available_isas() {
  py::list names;
  for (std::size_t i = 0; const char* name = netlet_available_isa(i); ++i) names.append(name);
  return names;
}

void set_isa(const std::string& name) {
  netlet::Check check;
  check(netlet_set_isa(name.c_str(), check));
}

void set_num_threads(std::size_t count) {
  netlet::Check check;
  check(netlet_set_num_threads(count, check));
}

}  // namespace

void bind_library(py::module_& m) {
  m.attr("__version__") = netlet_version();
  m.attr("NUMERICS_VERSION") = netlet_numerics_version();
  m.attr("BUILD") = netlet_build();
  m.def("check_environment", &check_environment);
  m.def("isa", &isa);
  m.def("available_isas", &available_isas);
  m.def("set_isa", &set_isa, py::arg("name"));
  m.def("get_num_threads", &netlet_get_num_threads);
  m.def("set_num_threads", &set_num_threads, py::arg("count"));
  m.def("limit_threads", &netlet_limit_threads, py::arg("count"));
}
