// SPDX-License-Identifier: BSD-3-Clause
// What changes a network's parameters: fit, step, apply_gradient, finish.
#include <atomic>
#include <memory>
#include <optional>

#include "batches.hpp"
#include "parts.hpp"
#include "plateau.hpp"

namespace {

using netlet::Network;
using netlet::Optimizer;

const char* const kOfValidation = "validation_data: ";  // its errors begin with that, the core's, too

netlet_schedule parse_schedule(const py::tuple& given) {  // kind, gamma, period, floor, min_delta
  netlet_schedule schedule = {};
  schedule.kind = given[0].cast<int>();
  schedule.gamma = given[1].cast<double>();
  schedule.period = given[2].cast<std::uint64_t>();
  schedule.floor = given[3].cast<double>();
  schedule.min_delta = given[4].cast<double>();
  return schedule;
}

// The history of a fit that nobody has any more: its memory serves the next one, as new memory costs a page fault for
// each page.
std::atomic<netlet::History*> spare_history{nullptr};

void free_history(void* object) {
  constexpr std::size_t most = 65536;  // epochs
  netlet::History* history = static_cast<netlet::History*>(object);
  if (history->loss.capacity() <= most) history = spare_history.exchange(history);
  delete history;
}

py::capsule new_history() {
  std::unique_ptr<netlet::History> history(spare_history.exchange(nullptr));
  if (!history) history = std::make_unique<netlet::History>();
  for (std::vector<double>* column : {&history->loss, &history->seconds, &history->accuracy, &history->learning_rate,
                                      &history->validation_loss, &history->validation_accuracy})
    column->clear();
  py::capsule memory(history.get(), free_history);
  history.release();
  return memory;
}

// One call of fit. It trains without the GIL, and takes it for whatever calls Python.
//
// `record(first, columns)` gets the epochs since it was last called as a dict of arrays: before each callback, about
// every 20 ms if there is a `progress`, a function that is then called, and once at the end, however training ends.
class Fit {
 public:
  Fit(py::handle self, const py::dict& settings)
      : self_(self), network_(object_of<Network>(self, "self")), settings_(settings) {
    read_numbers();
    read_schedule();
    read_callback();
    read_validation_data();
    read_sums();
  }

  void run(Optimizer& optimizer) {
    const bool in_batches = !setting("next_batch").is_none(), elsewhere = !sums_.is_none();
    if (!in_batches && !elsewhere)
      data_.emplace(examples(self_, setting("x"), setting("y"), setting("sample_weight"), py::none(), missing_));
    try {
      const WithoutGil without_gil;
      if (in_batches)
        network_.fit([this] { return next_batch(); }, optimizer, options_, history_);
      else if (elsewhere)
        network_.fit(optimizer, options_, history_);
      else
        network_.fit(data_->x.array, data_->y.targets, optimizer, options_, history_);
    } catch (const netlet::Error& error) {
      flush();
      if (!setting("next_validation_batch").is_none() && is_of_validation(error))
        throw validation_batches_.located_error(error);
      if (in_batches) throw batches_.located_error(error);
      throw;
    } catch (...) {
      flush();
      throw;
    }
    flush(true);
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
    read("step_interval", options_.step_interval);
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
        if (!progress_.is_none()) {
          flush();
          progress_();
        }
        return false;
      });
    };
    if (!on_step_.is_none())
      options_.on_step = [this](std::uint64_t step) {
        return with_gil(thread_, [&] {
          flush();
          return is_true(on_step_(step));
        });
      };
    if (callback_.is_none()) return;
    if (is_made<Plateau>(callback_)) {
      Plateau& plateau = callback_.cast<Plateau&>();
      options_.on_epoch = [&plateau](const netlet_epoch& epoch, const netlet::History&) {
        return plateau.after_epoch(epoch.loss);
      };
      return;
    }
    options_.on_epoch = [this](const netlet_epoch& epoch, const netlet::History&) {
      return with_gil(thread_, [&] {
        flush();
        return is_true(callback_(epoch.epoch));
      });
    };
  }

  // An epoch is recorded before the next one begins, whose batches may have another number of rows.
  const netlet::Batch* next_batch() {
    if (recorded_ != history_.loss.size()) with_gil(thread_, [this] { flush(); });
    return batches_.next();
  }

  static bool is_of_validation(const netlet::Error& error) {
    return std::string(error.what()).rfind(kOfValidation, 0) == 0;
  }

  static bool is_true(const py::object& answer) {
    const int stop = PyObject_IsTrue(answer.ptr());
    if (stop < 0) throw py::error_already_set();
    return stop != 0;
  }

  void read_validation_data() {
    if (!setting("next_validation_batch").is_none())
      options_.next_validation_batch = [this] { return validation_batches_.next(); };
    const py::object given = setting("validation_data");  // x, y, sample_weight
    if (given.is_none()) return;
    const py::tuple parts = given;
    validation_.emplace(located([](const std::string& text) { return kOfValidation + text; },
                                [&] { return examples(self_, parts[0], parts[1], parts[2], py::none(), missing_); }));
    options_.validation_x = &validation_->x.array;
    options_.validation_targets = &validation_->y.targets;
  }

  void read_sums() {
    if (sums_.is_none()) return;
    read("rows", options_.rows);
    read("weighted", options_.weighted);
    read("validation_rows", options_.validation_rows);
    options_.sums = [this](const netlet_task& task) {
      netlet::Partial total;
      with_gil(thread_, [&] {
        if (recorded_ != history_.loss.size()) flush();  // before the next epoch
        const py::object given = sums_(from_task(task, columns_of(task, network_)));
        const BorrowedPartial sums("sums", given);
        const unsigned char* const bytes = static_cast<const unsigned char*>(sums.data);
        total.assign(bytes, bytes + sums.size);
      });
      return total;
    };
  }

  // Hands the epochs that are new to `record`: copies or, of all epochs in the end, their own memory.
  void flush(bool ended = false) {
    const std::size_t count = history_.loss.size() - recorded_;
    if (count == 0) return;
    const py::handle owner = ended && recorded_ == 0 ? py::handle(memory_) : py::handle();
    py::dict columns;
    const auto add = [&](const char* name, const std::vector<double>& values) {
      if (!values.empty()) columns[name] = py::array_t<double>((py::ssize_t)count, values.data() + recorded_, owner);
    };
    add("loss", history_.loss);
    add("time", history_.seconds);
    add("learning_rate", history_.learning_rate);
    add("accuracy", history_.accuracy);
    add("validation_loss", history_.validation_loss);
    add("validation_accuracy", history_.validation_accuracy);
    py::object weights = py::none();  // what sums over the rows may be divided by
    if (network_.reduction() == netlet::Reduction::sum)
      weights = py::make_tuple(history_.weight, history_.validation_loss.empty() ? 0 : history_.validation_weight);
    survive_the_end([&] { record_(recorded_, columns, weights); });
    recorded_ = history_.loss.size();
  }

  const py::handle self_;
  Network& network_;
  const py::dict& settings_;
  const py::object schedule_ = setting("schedule"), callback_ = setting("callback"), on_step_ = setting("on_step"),
                   record_ = setting("record"), progress_ = setting("progress"), missing_ = setting("missing"),
                   sums_ = setting("sums");
  PyThreadState* const thread_ = PyThreadState_Get();  // callbacks are called on it
  netlet::FitOptions options_;
  const py::capsule memory_ = new_history();
  netlet::History& history_ = *memory_.get_pointer<netlet::History>();
  std::size_t recorded_ = 0;                   // epochs that `record` has
  std::optional<Examples> validation_, data_;  // all rows, unless they come in batches
  PythonBatches batches_{self_, setting("next_batch"), setting("weight_mean"), missing_};
  PythonBatches validation_batches_{self_, setting("next_validation_batch"), py::none(), missing_, kOfValidation};
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

// The loss; with an optimizer after a step, else with the gradient.
py::object finish(py::handle self, py::handle total, double weight_mean, py::handle optimizer_object) {
  Network& network = object_of<Network>(self, "self");
  const BorrowedPartial sums("total", total);
  netlet::Check check;
  double loss;
  if (!optimizer_object.is_none()) {
    Optimizer& optimizer = object_of<Optimizer>(optimizer_object, "optimizer");
    check(compute((double)network.parameter_count(), [&] {
      return netlet_finish(network.get(), sums.data, sums.size, weight_mean, optimizer.get(), nullptr, &loss, check);
    }));
    return py::float_(loss);
  }
  py::array gradient(numpy_dtype(network.dtype()), (py::ssize_t)network.parameter_count());
  check(
      netlet_finish(network.get(), sums.data, sums.size, weight_mean, nullptr, gradient.mutable_data(), &loss, check));
  return py::make_tuple(loss, gradient);
}

py::array partial(py::handle self, py::handle x, py::handle y, py::handle sample_weight, py::handle missing,
                  const py::tuple& task, std::size_t first_row) {
  const Network& network = object_of<Network>(self, "self");
  const Examples rows = examples(self, x, y, sample_weight, py::none(), missing);
  const TaskOf of(task, network);
  const netlet_targets targets = rows.y.targets.get();
  const std::size_t size = netlet_partial_size(network.get(), &of.task, first_row, rows.x.array.rows);
  py::array_t<std::uint8_t> sums((py::ssize_t)(size == SIZE_MAX ? 0 : size));  // which netlet_partial refuses
  void* const to = sums.mutable_data();
  netlet::Check check;
  check(compute(operations(network, rows.x.array.rows, 6), [&] {
    return netlet_partial(network.get(), &rows.x.array, &targets, &of.task, first_row, to, size == SIZE_MAX ? 0 : size,
                          check);
  }));
  return sums;
}

py::array combine(py::handle a, py::handle b) {
  const BorrowedPartial left("partials", a), right("partials", b);
  std::size_t size = 0;
  netlet::Check check;
  check(netlet_combine(left.data, left.size, right.data, right.size, nullptr, &size, check));
  py::array_t<std::uint8_t> sum((py::ssize_t)size);
  void* const to = sum.mutable_data();
  check(compute((double)size,
                [&] { return netlet_combine(left.data, left.size, right.data, right.size, to, &size, check); }));
  sum.resize({(py::ssize_t)size}, false);
  return sum;
}

// Of the fit that this thread runs, within its callbacks: stage, epoch, rows, total_rows, loss; or None.
py::object fit_progress() {
  const std::optional<netlet_progress> now = netlet::fit_progress();
  if (!now) return py::none();
  return py::make_tuple(now->stage, now->epoch, now->rows, now->total_rows, now->loss);
}

}  // namespace

void bind_training(py::module_& m, py::class_<Network>& type) {
  py::dict schedules;  // kinds with settings alone
  schedules["step_decay"] = (int)NETLET_STEP_DECAY;
  schedules["exponential"] = (int)NETLET_EXPONENTIAL;
  schedules["cosine"] = (int)NETLET_COSINE;
  schedules["plateau"] = (int)NETLET_PLATEAU;
  m.attr("SCHEDULES") = schedules;
  m.def("fit_progress", &fit_progress);
  type.def("_fit", &fit).def("_step", &step).def("_apply_gradient", &apply_gradient);
  type.def("_partial", &partial).def("_finish", &finish);
  m.def("combine", &combine);
}
