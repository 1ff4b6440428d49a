// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions on arrays.
#include "arrays.hpp"
#include "bindings.hpp"

namespace {

// out: may be x, but must not overlap it otherwise
py::array apply(int function, py::handle x, py::handle out) {
  const BorrowedValues from = values_of(x, "x");
  py::array result =
      output_array(out, std::vector<py::ssize_t>(from.keep.shape(), from.keep.shape() + from.keep.ndim()), from.dtype);
  void* const to = result.mutable_data();
  netlet::Check check;
  check(compute(40.0 * (double)from.count,
                [&] { return netlet_map(function, (int)from.dtype, from.count, from.data, to, check); }));
  return result;
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
