// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions on arrays.
#include "arrays.hpp"
#include "bindings.hpp"

namespace {

// x and out: contiguous, of one dtype and size; the Python side makes sure of it.
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

}  // namespace

void bind_functional(py::module_& m) {
  m.def("apply", &apply, py::arg("function"), py::arg("x"), py::arg("out"));
  py::dict numbers;
  numbers["exp"] = (int)NETLET_EXP;
  numbers["log"] = (int)NETLET_LOG;
  for (int i = 0; const char* name = netlet_activation_name(i); ++i)
    if (i != NETLET_IDENTITY && i != NETLET_SOFTMAX) numbers[name] = i;
  m.attr("FUNCTIONS") = numbers;
}
