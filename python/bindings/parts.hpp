// SPDX-License-Identifier: BSD-3-Clause
// Sums over parts of batches, and the tasks that say what is summed, from and to Python.
#pragma once

#include <cstring>
#include <string>

#include "arrays.hpp"
#include "bindings.hpp"

// Of the array that a task's scaling is learned from.
inline std::size_t columns_of(const netlet_task& task, const netlet::Network& network) {
  return task.scaling == NETLET_SCALE_INPUTS ? network.inputs() : network.targets();
}

// A task as Python passes it: kind, scaling, validation, dropout, rows, first, order, seed, stream, moments. order: an
// array of int64 or None, moments: of float64 or None; their memory is read as it is.
struct TaskOf {
  TaskOf(const py::tuple& parts, const netlet::Network& network) : keep(parts) {
    task.kind = parts[0].cast<int>();
    task.scaling = parts[1].cast<int>();
    task.validation = parts[2].cast<int>();
    task.dropout = parts[3].cast<int>();
    task.rows = parts[4].cast<std::size_t>();
    task.first = parts[5].cast<std::size_t>();
    if (!parts[6].is_none())
      task.order = reinterpret_cast<const std::size_t*>(values<std::int64_t>(parts[6], task.rows));
    task.seed = parts[7].cast<std::uint64_t>();
    task.stream = parts[8].cast<std::uint64_t>();
    if (!parts[9].is_none()) task.moments = values<double>(parts[9], 2 * columns_of(task, network));
  }
  netlet_task task = {};

 private:
  static_assert(sizeof(std::size_t) == sizeof(std::int64_t));
  template <class T> static const T* values(const py::object& object, std::size_t count) {
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(object) ||
        (std::size_t)py::reinterpret_borrow<py::array>(object).size() < count)
      throw py::type_error("task: expected one that netlet has made");
    return static_cast<const T*>(py::reinterpret_borrow<py::array>(object).data());
  }
  py::tuple keep;
};

template <class T> py::object copied(const T* values, std::size_t count) {
  return values ? py::object(py::array_t<T>((py::ssize_t)count, values)) : py::object(py::none());
}

inline py::tuple from_task(const netlet_task& task, std::size_t columns) {
  return py::make_tuple(task.kind, task.scaling, task.validation, task.dropout, task.rows, task.first,
                        copied(reinterpret_cast<const std::int64_t*>(task.order), task.rows), task.seed, task.stream,
                        copied(task.moments, 2 * columns));
}

// The bytes of a partial, aligned as the core needs them: in place, or in a copy.
struct BorrowedPartial {
  BorrowedPartial(const char* name, py::handle object) {
    if (!PyObject_CheckBuffer(object.ptr()))
      throw py::type_error(std::string(name) + ": expected what partial and combine return, got " + type_name(object));
    info = py::reinterpret_borrow<py::buffer>(object).request();
    if (!PyBuffer_IsContiguous(info.view(), 'C'))
      throw py::value_error(std::string(name) + ": expected contiguous bytes");
    size = (std::size_t)(info.size * info.itemsize);
    data = info.ptr;
    if (reinterpret_cast<std::uintptr_t>(data) % 8 == 0) return;
    copy.resize(size / 8 + 1);
    data = std::memcpy(copy.data(), data, size);
  }
  py::buffer_info info;
  std::vector<std::uint64_t> copy;
  const void* data;
  std::size_t size;
};
