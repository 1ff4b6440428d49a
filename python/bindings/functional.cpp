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

// The order of rows in an epoch; first: of a window of them.
py::array_t<std::int64_t> shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::uint64_t first,
                                         std::size_t rows) {
  py::array_t<std::int64_t> order((py::ssize_t)rows);
  std::int64_t* const to = order.mutable_data();
  netlet::Check check;
  check(compute(10.0 * (double)rows, [&] { return netlet_shuffled_order(seed, epoch, first, rows, to, check); }));
  return order;
}

}  // namespace

void bind_functional(py::module_& m) {
  m.def("apply", &apply, py::arg("function"), py::arg("x"), py::arg("out"));
  m.def("shuffled_order", &shuffled_order, py::arg("seed"), py::arg("epoch"), py::arg("first"), py::arg("rows"));
  py::dict numbers;
  numbers["exp"] = (int)NETLET_EXP;
  numbers["log"] = (int)NETLET_LOG;
  for (int i = 0; const char* name = netlet_activation_name(i); ++i)
    if (i != NETLET_IDENTITY && i != NETLET_SOFTMAX) numbers[name] = i;
  m.attr("FUNCTIONS") = numbers;
}
