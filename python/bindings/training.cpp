// SPDX-License-Identifier: BSD-3-Clause
// What changes a network's parameters: fit, step, apply_gradient.
#include <optional>

#include "arrays.hpp"
#include "bindings.hpp"

namespace {

using netlet::Network;
using netlet::Optimizer;

// Rows and what their outputs are compared with.
struct Examples {
  BorrowedRows x;
  BorrowedTargets y;
};

Examples examples(py::handle self, py::handle x, py::handle y, py::handle sample_weight, py::handle weight_mean,
                  py::handle missing) {
  const Network& network = object_of<Network>(self, "self");
  BorrowedRows rows = input_rows(x, self, network.inputs());
  BorrowedTargets targets = targets_of(y, py::none(), sample_weight, weight_mean, missing, network, rows);
  return {std::move(rows), std::move(targets)};
}

netlet_schedule parse_schedule(const py::tuple& given) {  // kind, gamma, period, floor, min_delta
  netlet_schedule schedule = {};
  schedule.kind = given[0].cast<int>();
  schedule.gamma = given[1].cast<double>();
  schedule.period = given[2].cast<std::uint64_t>();
  schedule.floor = given[3].cast<double>();
  schedule.min_delta = given[4].cast<double>();
  return schedule;
}

// One call of fit. It trains without the GIL, and takes it for whatever calls Python.
//
// `record(first, columns)` gets the epochs since it was last called as a dict of arrays: before each callback, about
// every 20 ms if `live`, and once at the end, however training ends.
class Fit {
 public:
  Fit(py::handle self, const py::dict& settings)
      : self_(self), network_(object_of<Network>(self, "self")), settings_(settings) {
    read_numbers();
    read_schedule();
    read_callback();
    read_validation_data();
  }

  void run(Optimizer& optimizer) {
    const bool in_batches = !next_batch_.is_none();
    if (!in_batches)
      data_.emplace(examples(self_, setting("x"), setting("y"), setting("sample_weight"), py::none(), missing_));
    const auto next = [this] { return with_gil(thread_, [this] { return next_batch(); }); };
    try {
      const WithoutGil without_gil;
      if (in_batches)
        network_.fit(next, optimizer, options_, history_);
      else
        network_.fit(data_->x.array, data_->y.targets, optimizer, options_, history_);
    } catch (...) {
      flush();
      throw;
    }
    flush();
  }

 private:
  py::object setting(const char* name) const { return settings_[name]; }
  template <class T> void read(const char* name, T& value) const { value = setting(name).cast<T>(); }

  void read_numbers() {
    std::uint64_t seed;
    read("epochs", options_.epochs);
    read("batch_size", options_.batch_size);
    read("shuffle", options_.shuffle);
    read("resume", options_.resume);
    read("seed", seed);
    read("standardize_inputs", options_.standardize_inputs);
    read("standardize_outputs", options_.standardize_outputs);
    read("patience", options_.patience);
    read("min_delta", options_.min_delta);
    read("live", live_);
    options_.seed = seed;
  }

  void read_schedule() {
    if (schedule_.is_none()) return;
    if (py::isinstance<py::tuple>(schedule_))
      options_.schedule = parse_schedule(schedule_);
    else
      options_.schedule_function = [this](std::uint64_t epoch) {
        return with_gil(thread_, [&] { return schedule_(epoch).cast<double>(); });
      };
  }

  void read_callback() {
    options_.poll = [this] {
      return with_gil(thread_, [this] {
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (live_) flush();
        return false;
      });
    };
    if (callback_.is_none()) return;
    options_.on_epoch = [this](const netlet_epoch& epoch, const netlet::History&) {
      return with_gil(thread_, [&] {
        flush();
        const py::object answer = callback_(epoch.epoch);
        const int stop = PyObject_IsTrue(answer.ptr());
        if (stop < 0) throw py::error_already_set();
        return stop != 0;
      });
    };
  }

  void read_validation_data() {
    const py::object given = setting("validation_data");  // x, y, sample_weight
    if (given.is_none()) return;
    const py::tuple parts = given;
    try {
      validation_.emplace(examples(self_, parts[0], parts[1], parts[2], py::none(), missing_));
    } catch (const py::value_error& error) {
      throw py::value_error(std::string("validation_data: ") + error.what());
    } catch (const py::type_error& error) {
      throw py::type_error(std::string("validation_data: ") + error.what());
    } catch (const py::error_already_set& error) {  // of Python's code that reads data
      const bool value_error = error.matches(PyExc_ValueError);
      if (!value_error && !error.matches(PyExc_TypeError)) throw;
      const std::string text = "validation_data: " + text_of(py::str(error.value()));
      if (value_error) throw py::value_error(text);
      throw py::type_error(text);
    }
    options_.validation_x = &validation_->x.array;
    options_.validation_targets = &validation_->y.targets;
  }

  // The next batch that Python has, or null at the end of the epoch.
  const netlet::Batch* next_batch() {
    given_ = next_batch_();
    if (given_.is_none()) return nullptr;
    const py::tuple parts = given_;
    data_.emplace(examples(self_, parts[0], parts[1], parts[2], weight_mean_, missing_));
    return &batch_.emplace(netlet::Batch{data_->x.array, data_->y.targets});
  }

  void add(py::dict& columns, const char* name, const std::vector<double>& values) const {
    if (values.empty()) return;
    columns[name] = py::array_t<double>((py::ssize_t)(values.size() - recorded_), values.data() + recorded_);
  }

  // Hands the epochs that are new to `record`.
  void flush() {
    if (recorded_ == history_.loss.size()) return;
    py::dict columns;
    add(columns, "loss", history_.loss);
    add(columns, "time", history_.seconds);
    add(columns, "learning_rate", history_.learning_rate);
    add(columns, "accuracy", history_.accuracy);
    add(columns, "validation_loss", history_.validation_loss);
    add(columns, "validation_accuracy", history_.validation_accuracy);
    survive_the_end([&] { record_(recorded_, columns); });
    recorded_ = history_.loss.size();
  }

  const py::handle self_;
  Network& network_;
  const py::dict& settings_;
  const py::object next_batch_ = setting("next_batch"), schedule_ = setting("schedule"),
                   callback_ = setting("callback"), record_ = setting("record"), weight_mean_ = setting("weight_mean"),
                   missing_ = setting("missing");
  PyThreadState* const thread_ = PyThreadState_Get();  // callbacks are called on it
  bool live_;
  netlet::FitOptions options_;
  netlet::History history_;
  std::size_t recorded_ = 0;  // epochs that `record` has
  std::optional<Examples> validation_;
  std::optional<Examples> data_;        // all of it, or those of the current batch
  std::optional<netlet::Batch> batch_;  // in data_
  py::object given_;                    // a member, as a thread that Python ends within next_batch() must not free it
};

void fit(py::handle self, py::handle optimizer, const py::dict& settings) {
  object_of<Network>(self, "self");  // the first to be refused
  Optimizer& state = object_of<Optimizer>(optimizer, "optimizer");
  Fit(self, settings).run(state);
}

py::object step(py::handle self, py::handle x, py::handle y, py::handle output_gradient, py::handle sample_weight,
                py::handle weight_mean, py::handle missing, py::handle optimizer_object) {
  Network& network = object_of<Network>(self, "self");
  Optimizer& optimizer = object_of<Optimizer>(optimizer_object, "optimizer");
  const BorrowedRows rows = input_rows(x, self, network.inputs());
  const BorrowedTargets targets = targets_of(y, output_gradient, sample_weight, weight_mean, missing, network, rows);
  const double loss = compute(operations(network, rows.array.rows, 6),
                              [&] { return network.step(rows.array, targets.targets, optimizer); });
  return y.is_none() ? py::object(py::none()) : py::float_(loss);
}

void apply_gradient(py::handle self, py::handle gradient, py::handle optimizer_object) {
  Network& network = object_of<Network>(self, "self");
  Optimizer& optimizer = object_of<Optimizer>(optimizer_object, "optimizer");
  const BorrowedValues values = values_of(gradient, "gradient");
  if (values.dtype != network.dtype() || values.count != network.parameter_count())
    throw py::value_error("gradient: expected the dtype and the number of the parameters, got " +
                          shape_text(values.keep) + " of " + text_of(py::str(values.keep.dtype())));
  compute((double)network.parameter_count(), [&] { network.apply_gradient(values.data, optimizer); });
}

}  // namespace

void bind_training(py::module_& m, py::class_<Network>& type) {
  py::dict schedules;  // kinds with settings alone
  schedules["step_decay"] = (int)NETLET_STEP_DECAY;
  schedules["exponential"] = (int)NETLET_EXPONENTIAL;
  schedules["cosine"] = (int)NETLET_COSINE;
  schedules["plateau"] = (int)NETLET_PLATEAU;
  m.attr("SCHEDULES") = schedules;
  type.def("_fit", &fit).def("_step", &step).def("_apply_gradient", &apply_gradient);
}
