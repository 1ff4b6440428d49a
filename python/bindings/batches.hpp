// SPDX-License-Identifier: BSD-3-Clause
// Rows and targets from Python, all at once or batch by batch.
#pragma once

#include <optional>
#include <string>

#include "arrays.hpp"
#include "bindings.hpp"

// Rows and what their outputs are compared with.
struct Examples {
  BorrowedRows x;
  BorrowedTargets y;
};

inline Examples examples(py::handle self, py::handle x, py::handle y, py::handle sample_weight, py::handle weight_mean,
                         py::handle missing) {
  const netlet::Network& network = object_of<netlet::Network>(self, "self");
  BorrowedRows rows = input_rows(x, self, network.inputs());
  BorrowedTargets targets = targets_of(y, py::none(), sample_weight, weight_mean, missing, network, rows);
  return {std::move(rows), std::move(targets)};
}

// The same without targets, for what reads none.
inline Examples inputs_alone(py::handle self, py::handle x, py::handle sample_weight) {
  BorrowedRows rows = input_rows(x, self, object_of<netlet::Network>(self, "self").inputs());
  BorrowedTargets targets{py::list(), rows.array};
  if (!sample_weight.is_none()) {
    const BorrowedRows weights = weights_of(sample_weight, rows);
    targets.targets = netlet::Targets(rows.array, weights.array);
    targets.keep.append(weights.keep);
  }
  return {std::move(rows), std::move(targets)};
}

// f(), whose errors of value and type say where they come from: `locate` makes a text of theirs.
template <class Locate, class F> auto located(Locate locate, F f) {
  try {
    return f();
  } catch (const py::value_error& error) {
    throw py::value_error(locate(error.what()));
  } catch (const py::type_error& error) {
    throw py::type_error(locate(error.what()));
  } catch (const py::error_already_set& error) {  // of Python's code that reads data
    const bool value_error = error.matches(PyExc_ValueError);
    if (!value_error && !error.matches(PyExc_TypeError)) throw;
    const std::string text = locate(text_of(py::str(error.value())));
    if (value_error) throw py::value_error(text);
    throw py::type_error(text);
  }
}

// Batches from a function of Python's that returns x, y and sample_weight, or None at the end of a pass; its attribute
// `batch` is the number of the last one, None at the end of a pass. It is called by a call of the core that runs without
// the GIL.
class PythonBatches {
 public:
  // argument: what errors begin with, if they are to name it
  PythonBatches(py::handle self, py::handle next, py::handle weight_mean, py::handle missing, const char* argument = "")
      : self_(self),
        next_(py::reinterpret_borrow<py::object>(next)),
        weight_mean_(py::reinterpret_borrow<py::object>(weight_mean)),
        missing_(py::reinterpret_borrow<py::object>(missing)),
        argument_(argument) {}
  void without_targets() { targets_ = false; }

  const netlet::Batch* next() {
    return with_gil(thread_, [this] { return take(); });
  }

  // What the core says is wrong with the data of a batch, with its number; anything else as it is. Needs the GIL.
  netlet::Error located_error(const netlet::Error& error) const {
    const std::string text = error.what();
    if (error.status() != NETLET_ERROR_ARGUMENT || text.compare(0, argument_.size(), argument_) != 0) return error;
    return {error.status(), locate(text.substr(argument_.size())).c_str()};
  }

 private:
  const netlet::Batch* take() {
    batch_.reset();  // its memory may be needed for the next one
    data_.reset();
    given_ = py::none();
    given_ = next_();
    if (given_.is_none()) return nullptr;
    const auto read = [this] {
      const py::tuple parts = given_;
      if (!targets_) return inputs_alone(self_, parts[0], parts[2]);
      return examples(self_, parts[0], parts[1], parts[2], weight_mean_, missing_);
    };
    data_.emplace(located([this](const std::string& text) { return locate(text); }, read));
    return &batch_.emplace(netlet::Batch{data_->x.array, data_->y.targets});
  }

  // What is wrong with the last batch, with its number; what is said of other arguments without.
  std::string locate(const std::string& text) const {
    const py::object number = py::getattr(next_, "batch", py::none());
    if (!number.is_none())
      for (const char* of_batch : {"x: ", "y: ", "sample_weight: "})
        if (text.rfind(of_batch, 0) == 0) return argument_ + "batch " + text_of(py::str(number)) + ": " + text;
    return argument_ + text;
  }

  const py::handle self_;  // the network
  const py::object next_, weight_mean_, missing_;
  const std::string argument_;
  bool targets_ = true;
  PyThreadState* const thread_ = PyThreadState_Get();
  std::optional<Examples> data_;
  std::optional<netlet::Batch> batch_;  // in data_
  py::object given_;                    // a member, as a thread that Python ends within take() must not free it
};
