// SPDX-License-Identifier: BSD-3-Clause
// NumPy arrays on their way in and out. Only this pair of files looks at array flags.
#pragma once

#include <netlet/netlet.hpp>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

namespace py = pybind11;

// A plain array of real numbers that the core can read, of anything that numpy.asarray accepts.
py::array real_array(py::handle object, const char* name);

// Rows as the core reads them, in the memory of an array that `keep` keeps alive.
struct BorrowedRows {
  py::array keep;
  netlet::Array array;
  bool single;  // x was one row of shape (columns,)
};

// x: (rows, columns) or one row (columns,); anything that numpy.asarray accepts. Arrays of float32, float64, integers
// and booleans are read as they are, others are converted here. `self` is the network, which may know its inputs by name.
BorrowedRows input_rows(py::handle x, py::handle self, std::size_t columns);

// y for `x.rows` rows: (rows, outputs); (rows,) with one output; for cross_entropy also integers (rows,).
BorrowedRows target_rows(py::handle y, const netlet::Network& network, const BorrowedRows& x);
netlet::Missing parse_missing(py::handle object);

// One weight for each row of x.
BorrowedRows weights_of(py::handle sample_weight, const BorrowedRows& x);

// An array that can be used as it is: a numpy.ndarray and no subclass, of that dtype, in native byte order, aligned,
// C-contiguous, with one dimension or two.
struct PlainArray {
  char* data;
  bool writable, single;  // single: one dimension
  std::size_t rows, columns;
  std::size_t bytes;
};
bool is_plain(PyObject* object, netlet::Dtype dtype, PlainArray* array);
// A new one; null with Python's error set if there is no memory.
PyObject* new_plain(netlet::Dtype dtype, bool single, std::size_t rows, std::size_t columns, PlainArray* array);

// The numbers of an array of float32 or float64: aligned, one after the other, in the memory of `keep`, which is a copy
// if they do not lie so.
struct BorrowedValues {
  py::array keep;
  const void* data;
  std::size_t count;
  netlet::Dtype dtype;
};
BorrowedValues values_of(py::handle array, const char* name);

// Whether it is a list or tuple of Python's numbers, or of such lists and tuples, up to that depth; or a number.
bool only_numbers(py::handle object, int depth);

// What outputs are compared with, in the memory of the arrays in `keep`.
struct BorrowedTargets {
  py::list keep;
  netlet::Targets targets;
};

// One of y and output_gradient, the other None; sample_weight of shape (rows,), or None; weight_mean: a number, or None;
// missing: "refuse" or "ignore".
BorrowedTargets targets_of(py::handle y, py::handle output_gradient, py::handle sample_weight, py::handle weight_mean,
                           py::handle missing, const netlet::Network& network, const BorrowedRows& x);

// An array to write to: `out` if it fits exactly, a new one if it is None. It must not overlap the rows `x`, if given.
py::array output_array(py::handle out, std::vector<py::ssize_t> shape, netlet::Dtype dtype,
                       const BorrowedRows* x = nullptr);
void refuse_overlap(const py::array& out, const void* data, std::size_t bytes, const char* other);

// A writable view of `count` values at `data`; `base` keeps them alive.
py::array view(void* data, std::vector<py::ssize_t> shape, netlet::Dtype dtype, py::handle base);

// Floating-point operations of a call on so many rows, `of_each` for each parameter: see compute().
inline double operations(const netlet::Network& network, std::size_t rows, double of_each) {
  return of_each * (double)network.parameter_count() * (double)rows;
}

py::dtype numpy_dtype(netlet::Dtype dtype);
netlet::Dtype parse_dtype(py::handle dtype);

// For messages; what UTF-8 does not have is escaped.
std::string text_of(py::handle text);
std::string repr_of(py::handle object);
std::string shape_text(const py::array& array);
std::string type_name(py::handle object);
