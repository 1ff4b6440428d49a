// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"

#include <pybind11/stl.h>

#include <algorithm>

#include "bindings.hpp"

namespace {

int number_of(const py::dtype& dtype) {
  if (!dtype.attr("isnative").cast<bool>()) return -1;
  const auto size = dtype.itemsize();
  const int step = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : -1;
  switch (dtype.kind()) {
    case 'f': return size == 4 ? NETLET_FLOAT32 : size == 8 ? NETLET_FLOAT64 : -1;
    case 'i': return step < 0 ? -1 : NETLET_INT8 + step;
    case 'u': return step < 0 ? -1 : NETLET_UINT8 + step;
    case 'b': return NETLET_UINT8;
  }
  return -1;
}

constexpr py::ssize_t kPiece = 1 << 20;  // values that are converted before signals are looked for

// convert(array), piece by piece if it is large, so that signals can end it
template <class F> py::array in_pieces(const py::array& array, const py::dtype& dtype, F convert) {
  if (array.size() <= kPiece || array.shape(0) == 1) return convert(array);
  py::array result(dtype, std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()));
  const py::ssize_t rows = array.shape(0), step = std::max<py::ssize_t>(kPiece / (array.size() / rows), 1);
  for (py::ssize_t row = 0; row < rows; row += step) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    const py::slice part(row, std::min(row + step, rows), 1);
    result[part] = convert(array[part].cast<py::array>());
  }
  return result;
}

py::array converted(const py::array& array, const py::dtype& dtype) {
  return in_pieces(array, dtype, [&](const py::array& part) { return part.attr("astype")(dtype).cast<py::array>(); });
}

// Values that are too large become infinite. Not by numpy.astype, which warns of them: numpy.errstate is no way out, as
// a signal handled within it may leave it set.
py::array narrowed(const py::array& array) {
  return in_pieces(array, py::dtype::of<double>(), [](const py::array& given) {
    const py::array_t<long double, py::array::c_style | py::array::forcecast> part(given);
    py::array_t<double> result(std::vector<py::ssize_t>(part.shape(), part.shape() + part.ndim()));
    std::transform(part.data(), part.data() + part.size(), result.mutable_data(),
                   [](long double value) { return static_cast<double>(value); });
    return py::array(std::move(result));
  });
}

// Whether it is a plain numpy.ndarray of real numbers, such as _data.real_array makes of anything else.
bool is_real_array(py::handle object) {
  if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return false;
  const char kind = py::detail::array_descriptor_proxy(py::detail::array_proxy(object.ptr())->descr)->kind;
  return kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b';
}

// What a function of the package makes of an object and something else. It may run Python code, even the caller's own; a
// thread that Python ends there must not meet a destructor on its way to survive_the_end.
template <class Other>
PyObject* made(const char* module, const char* function, const char* format, PyObject* object, Other other) {
  PyObject* const imported = PyImport_ImportModule(module);
  PyObject* const result = imported ? PyObject_CallMethod(imported, function, format, object, other) : nullptr;
  Py_XDECREF(imported);
  return result;
}

py::array readable(const py::array& array) {
  if (number_of(array.dtype()) >= 0) return array;
  const bool is_float = array.dtype().kind() == 'f';
  if (is_float && array.itemsize() > 8) return narrowed(array);
  if (is_float && array.itemsize() == 2) return converted(array, py::dtype::of<double>());
  return converted(array, array.dtype().attr("newbyteorder")("=").cast<py::dtype>());
}

// The same of what Python gave: a new reference, or null with its error set.
py::array readable_array(PyObject* given, const char* name) {
  if (!given) throw py::error_already_set();
  const auto numbers = py::reinterpret_steal<py::object>(given);
  if (!is_real_array(numbers))
    throw py::type_error(std::string(name) + ": expected an array, got " + type_name(numbers));
  return survive_the_end([&] { return readable(py::reinterpret_borrow<py::array>(numbers)); });
}

netlet::Array describe(const py::array& array, std::size_t rows, std::size_t columns, py::ssize_t row_stride,
                       py::ssize_t column_stride) {
  return netlet::Array(netlet_array{array.data(), number_of(array.dtype()), rows, columns, row_stride, column_stride});
}

std::string number(std::size_t n) { return std::to_string(n); }

}  // namespace

py::array real_array(py::handle object, const char* name) {
  PyObject* const array = is_real_array(object) ? Py_NewRef(object.ptr()) : survive_the_end([&] {
    return made("netlet._data", "real_array", "Os", object.ptr(), name);
  });
  return readable_array(array, name);
}

py::dtype numpy_dtype(netlet::Dtype dtype) {
  return dtype == netlet::Dtype::float32 ? py::dtype::of<float>() : py::dtype::of<double>();
}

netlet::Dtype parse_dtype(py::handle object) {
  py::dtype dtype;
  try {
    dtype = py::dtype::from_args(py::reinterpret_borrow<py::object>(object));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
    throw py::value_error("dtype: expected 'float32' or 'float64', got " + repr_of(object));
  }
  const int number = number_of(dtype);
  if (number != NETLET_FLOAT32 && number != NETLET_FLOAT64)
    throw py::value_error("dtype: expected 'float32' or 'float64', got " + repr_of(object));
  return static_cast<netlet::Dtype>(number);
}

std::string text_of(py::handle text) { return text.attr("encode")("utf-8", "backslashreplace").cast<std::string>(); }
std::string repr_of(py::handle object) { return text_of(py::repr(object)); }
std::string shape_text(const py::array& array) { return repr_of(array.attr("shape")); }
std::string type_name(py::handle object) { return py::type::of(object).attr("__name__").cast<std::string>(); }

bool only_numbers(py::handle object, int depth) {
  PyObject* const p = object.ptr();
  if (PyFloat_Check(p) || PyLong_Check(p)) return true;  // bool is an int, numpy.float64 a float
  if ((!PyList_CheckExact(p) && !PyTuple_CheckExact(p)) || depth == 0) return false;
  const Py_ssize_t size = PySequence_Size(p);
  for (Py_ssize_t i = 0; i < size; ++i) {
    const auto item = py::reinterpret_steal<py::object>(PySequence_GetItem(p, i));
    if (!item) throw py::error_already_set();  // another thread made the list shorter
    if (!only_numbers(item, depth - 1)) return false;
  }
  return true;
}

bool is_plain(PyObject* object, netlet::Dtype dtype, PlainArray* array) {
  if (Py_TYPE(object) != py::detail::npy_api::get().PyArray_Type_) return false;
  const auto* const proxy = py::detail::array_proxy(object);
  const auto* const descr = py::detail::array_descriptor_proxy(proxy->descr);
  const bool single_precision = dtype == netlet::Dtype::float32;
  constexpr int needed = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (descr->type_num != (single_precision ? py::detail::npy_api::NPY_FLOAT_ : py::detail::npy_api::NPY_DOUBLE_) ||
      descr->byteorder != '=' || (proxy->flags & needed) != needed || proxy->nd < 1 || proxy->nd > 2)
    return false;
  array->data = proxy->data;
  array->writable = proxy->flags & py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  array->single = proxy->nd == 1;
  array->rows = array->single ? 1 : (std::size_t)proxy->dimensions[0];
  array->columns = (std::size_t)proxy->dimensions[proxy->nd - 1];
  array->bytes = array->rows * array->columns * (single_precision ? sizeof(float) : sizeof(double));
  return true;
}

PyObject* new_plain(netlet::Dtype dtype, bool single, std::size_t rows, std::size_t columns, PlainArray* array) {
  const auto& api = py::detail::npy_api::get();
  Py_intptr_t shape[] = {(Py_intptr_t)rows, (Py_intptr_t)columns};
  PyObject* const descr = api.PyArray_DescrFromType_(
      dtype == netlet::Dtype::float32 ? py::detail::npy_api::NPY_FLOAT_ : py::detail::npy_api::NPY_DOUBLE_);
  PyObject* const object = api.PyArray_NewFromDescr_(api.PyArray_Type_, descr, single ? 1 : 2,
                                                     single ? shape + 1 : shape, nullptr, nullptr, 0, nullptr);
  if (object) is_plain(object, dtype, array);
  return object;
}

BorrowedValues values_of(py::handle object, const char* name) {
  if (!py::isinstance<py::array>(object))
    throw py::type_error(std::string(name) + ": expected a numpy.ndarray, got " + type_name(object));
  constexpr int flags = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_ |
                        py::detail::npy_api::NPY_ARRAY_ENSUREARRAY_;
  auto array = py::reinterpret_steal<py::array>(
      py::detail::npy_api::get().PyArray_FromAny_(object.ptr(), nullptr, 0, 0, flags, nullptr));
  if (!array) throw py::error_already_set();
  const int dtype = number_of(array.dtype());
  if (dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64)
    throw py::value_error(std::string(name) + ": expected an array of float32 or float64, got one of " +
                          text_of(py::str(array.dtype())));
  const void* const data = array.data();
  const auto count = (std::size_t)array.size();
  return {std::move(array), data, count, static_cast<netlet::Dtype>(dtype)};
}

BorrowedRows input_rows(py::handle x, py::handle self, std::size_t columns) {
  PyObject* const given = is_real_array(x) ? Py_NewRef(x.ptr()) : survive_the_end([&] {
    return made("netlet._features", "input_array", "OO", x.ptr(), self.ptr());
  });
  py::array array = readable_array(given, "x");
  const bool single = array.ndim() == 1;
  if ((!single && array.ndim() != 2) || array.shape(array.ndim() - 1) != (py::ssize_t)columns)
    throw py::value_error("x: expected shape (rows, " + number(columns) + ") or (" + number(columns) + ",), got " +
                          shape_text(array));
  const std::size_t rows = single ? 1 : array.shape(0);
  const netlet::Array view =
      describe(array, rows, columns, single ? 0 : array.strides(0), array.strides(array.ndim() - 1));
  return {std::move(array), view, single};
}

BorrowedRows target_rows(py::handle y, const netlet::Network& network, const BorrowedRows& x) {
  py::array array = real_array(y, "y");
  const std::size_t rows = x.array.rows, targets = network.targets();
  const auto ndim = array.ndim();
  const bool classes = network.loss() == netlet::Loss::cross_entropy;
  const int dtype = number_of(array.dtype());
  const bool integers = dtype != NETLET_FLOAT32 && dtype != NETLET_FLOAT64;

  if (ndim == 2 && (std::size_t)array.shape(0) == rows && (std::size_t)array.shape(1) == targets) {
    const netlet::Array view = describe(array, rows, targets, array.strides(0), array.strides(1));
    return {std::move(array), view, x.single};
  }
  // one row's targets, for one row
  if (x.single && ndim == 1 && (std::size_t)array.shape(0) == targets && !(classes && integers && targets == 1)) {
    const netlet::Array view = describe(array, 1, targets, 0, array.strides(0));
    return {std::move(array), view, true};
  }
  // every output is a quantile of the same number
  if (network.loss() == netlet::Loss::quantile && ndim == 1 && (std::size_t)array.shape(0) == rows && !x.single) {
    const netlet::Array view = describe(array, rows, targets, array.strides(0), 0);
    return {std::move(array), view, false};
  }
  // one number for each row
  if ((ndim == 1 && (std::size_t)array.shape(0) == rows) || (ndim == 0 && x.single)) {
    if (classes ? integers : targets == 1) {
      const netlet::Array view = describe(array, rows, 1, ndim ? array.strides(0) : 0, (py::ssize_t)array.itemsize());
      return {std::move(array), view, x.single};
    }
  }
  std::string expected = "(" + number(rows) + ", " + number(targets) + ")";
  if (classes)
    expected += " or integers (" + number(rows) + ",)";
  else if (targets == 1)
    expected += " or (" + number(rows) + ",)";
  std::string hint;
  if (classes && integers && ndim == 2 && array.shape(1) == 1)
    hint = "; numpy.ravel(y) makes a column of classes a vector";
  if (classes && !integers && ndim == 1)
    hint = py::module_::import("numpy").attr("isnan")(array).attr("any")().cast<bool>()
               ? "; class indices cannot be missing: leave out rows without a class, or give them the weight 0"
               : "; y.astype(int) makes whole numbers class indices";
  throw py::value_error("y: expected shape " + expected + ", got " + shape_text(array) + " of dtype " +
                        text_of(py::str(array.dtype())) + hint);
}

netlet::Missing parse_missing(py::handle object) {
  const auto is = [&](const char* name) {
    return PyUnicode_Check(object.ptr()) && PyUnicode_CompareWithASCIIString(object.ptr(), name) == 0;
  };
  if (is("refuse")) return netlet::Missing::refuse;
  if (is("ignore")) return netlet::Missing::ignore;
  throw py::value_error("missing: expected 'refuse' or 'ignore', got " + repr_of(object));
}

BorrowedRows weights_of(py::handle sample_weight, const BorrowedRows& x) {
  py::array array = real_array(sample_weight, "sample_weight");
  const bool scalar = array.ndim() == 0 && x.single;
  if (!scalar && (array.ndim() != 1 || (std::size_t)array.shape(0) != x.array.rows))
    throw py::value_error("sample_weight: expected shape (" + number(x.array.rows) + ",), got " + shape_text(array));
  const netlet::Array view =
      describe(array, x.array.rows, 1, scalar ? 0 : array.strides(0), (py::ssize_t)array.itemsize());
  return {std::move(array), view, x.single};
}

namespace {

// _data.number(object, name)
double real_number(py::handle object, const char* name) {
  if (PyFloat_CheckExact(object.ptr())) return PyFloat_AS_DOUBLE(object.ptr());
  PyObject* const number = survive_the_end([&] { return made("netlet._data", "number", "Os", object.ptr(), name); });
  if (!number) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(number).cast<double>();
}

double parse_weight_mean(py::handle object) {
  if (object.is_none()) return 0;
  const auto expected = [&] {
    return "weight_mean: expected a positive finite number or None, got " + repr_of(object);
  };
  double value;
  try {
    value = real_number(object, "weight_mean");
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
    throw py::type_error(expected());
  }
  if (value > 0 && value <= 1.79e308) return value;
  throw py::value_error(expected());
}

BorrowedTargets rows_of_targets(py::handle y, py::handle output_gradient, py::handle sample_weight,
                                const netlet::Network& network, const BorrowedRows& x) {
  if (y.is_none() && output_gradient.is_none()) throw py::type_error("y: expected y or output_gradient, got neither");
  if (!y.is_none() && !output_gradient.is_none()) throw py::value_error("y: give this or output_gradient, not both");
  if (!y.is_none()) {
    BorrowedRows rows = target_rows(y, network, x);
    BorrowedTargets result{py::list(), rows.array};
    result.keep.append(rows.keep);
    if (sample_weight.is_none()) return result;
    const BorrowedRows weights = weights_of(sample_weight, x);
    result.targets = netlet::Targets(rows.array, weights.array);
    result.keep.append(weights.keep);
    return result;
  }
  if (!sample_weight.is_none())
    throw py::value_error("sample_weight: give this or output_gradient, whose values include the weights, not both");
  py::array gradient = real_array(output_gradient, "output_gradient");
  const auto ndim = gradient.ndim();
  const std::size_t rows = x.array.rows, outputs = network.outputs();
  const bool matrix = ndim == 2 && (std::size_t)gradient.shape(0) == rows && (std::size_t)gradient.shape(1) == outputs;
  const bool row = x.single && ndim == 1 && (std::size_t)gradient.shape(0) == outputs;
  const bool column = outputs == 1 && ndim == 1 && (std::size_t)gradient.shape(0) == rows;
  if (!matrix && !row && !column)
    throw py::value_error("output_gradient: expected the shape of the outputs, (" + number(rows) + ", " +
                          number(outputs) + "), got " + shape_text(gradient));
  const py::ssize_t item = (py::ssize_t)gradient.itemsize();
  const netlet::Array view = describe(gradient, rows, outputs, row ? 0 : gradient.strides(0),
                                      matrix ? gradient.strides(1)
                                      : row  ? gradient.strides(0)
                                             : item);
  BorrowedTargets result{py::list(), netlet::Targets::output_gradient(view)};
  result.keep.append(gradient);
  return result;
}

}  // namespace

BorrowedTargets targets_of(py::handle y, py::handle output_gradient, py::handle sample_weight, py::handle weight_mean,
                           py::handle missing, const netlet::Network& network, const BorrowedRows& x) {
  BorrowedTargets result = rows_of_targets(y, output_gradient, sample_weight, network, x);
  result.targets.weight_mean(parse_weight_mean(weight_mean)).missing(parse_missing(missing));
  return result;
}

void refuse_overlap(const py::array& out, const void* data, std::size_t bytes, const char* other) {
  const char *begin = static_cast<const char*>(out.data()), *end = begin + out.nbytes();
  const char* p = static_cast<const char*>(data);
  if (p < end && begin < p + bytes)
    throw py::value_error(std::string("out: expected memory of its own, but it overlaps ") + other);
}

py::array output_array(py::handle out, std::vector<py::ssize_t> shape, netlet::Dtype dtype, const BorrowedRows* x) {
  if (out.is_none()) return py::array(numpy_dtype(dtype), std::move(shape));
  if (!py::isinstance<py::array>(out)) throw py::type_error("out: expected a numpy.ndarray, got " + type_name(out));
  py::array array = py::reinterpret_borrow<py::array>(out);
  constexpr int layout = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  const bool same_shape =
      (std::size_t)array.ndim() == shape.size() && std::equal(shape.begin(), shape.end(), array.shape());
  if (!same_shape || number_of(array.dtype()) != (int)dtype || (array.flags() & layout) != layout || !array.writeable())
    throw py::value_error("out: expected a writable, aligned, C-contiguous " + text_of(py::str(numpy_dtype(dtype))) +
                          " array of shape " + repr_of(py::tuple(py::cast(shape))) + ", got " +
                          (array.writeable() ? "" : "a read-only ") + text_of(py::str(array.dtype())) +
                          " array of shape " + shape_text(array) + " and strides " + repr_of(array.attr("strides")));
  if (x && x->array.rows && x->array.columns) {
    const netlet::Array& rows = x->array;
    const char *low = static_cast<const char*>(rows.data), *high = low;
    const std::ptrdiff_t spans[] = {(std::ptrdiff_t)(rows.rows - 1) * rows.row_stride,
                                    (std::ptrdiff_t)(rows.columns - 1) * rows.column_stride};
    for (const std::ptrdiff_t span : spans) (span < 0 ? low : high) += span;
    refuse_overlap(array, low, (std::size_t)(high - low + x->keep.itemsize()), "x");
  }
  return array;
}

py::array view(void* data, std::vector<py::ssize_t> shape, netlet::Dtype dtype, py::handle base) {
  return py::array(numpy_dtype(dtype), std::move(shape), data, base);
}
