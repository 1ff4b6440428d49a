// SPDX-License-Identifier: BSD-3-Clause
// The training loop around Trainer.
#include <math.h>

#include "compute/batch.hpp"
#include "compute/schedule.hpp"
#include "network/optimizer.hpp"
#include "network/random.hpp"
#include "network/scaling.hpp"
#include "network/targets.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"
#include "system/system.hpp"

namespace netlet::core {
namespace {

// Parameters and optimizer as they were after the last epoch that was good.
template <class T> class Snapshot {
 public:
  Snapshot(netlet_network& net, netlet_optimizer& optimizer)
      : net_(net), optimizer_(optimizer), was_bound_(optimizer.size != 0) {}
  bool allocate() { return copy_.allocate(net_.parameter_count * (1 + optimizer_.slot_count())); }
  void save(const SmallSteps<T>* apart) {
    progress_ = optimizer_.progress;
    if (apart) return apart->write(slot(0), slot(1), slot(2));
    memcpy(copy_.data(), net_.values<T>(), bytes());
    if (optimizer_.slot_count())
      memcpy(copy_.data() + net_.parameter_count, optimizer_.state.data(), bytes() * optimizer_.slot_count());
  }
  void restore() {
    memcpy(net_.values<T>(), copy_.data(), bytes());
    if (optimizer_.slot_count())
      memcpy(optimizer_.state.data(), copy_.data() + net_.parameter_count, bytes() * optimizer_.slot_count());
    optimizer_.progress = progress_;
  }
  // Nothing was done: an optimizer that was bound for this call is not any more.
  void unbind_if_unused() {
    if (!was_bound_ && optimizer_.progress.steps == 0) unbind(optimizer_);
  }
  const T* parameters() const { return copy_.data(); }
  bool differs() const {
    return memcmp(copy_.data(), net_.values<T>(), bytes()) != 0 ||
           (optimizer_.slot_count() && memcmp(copy_.data() + net_.parameter_count, optimizer_.state.data(),
                                              bytes() * optimizer_.slot_count()) != 0);
  }

 private:
  size_t bytes() const { return net_.parameter_count * sizeof(T); }
  T* slot(size_t i) const { return i <= optimizer_.slot_count() ? copy_.data() + i * net_.parameter_count : nullptr; }
  netlet_network& net_;
  netlet_optimizer& optimizer_;
  const bool was_bound_;
  Buffer<T> copy_;
  netlet_optimizer_progress progress_ = {};
};

// Calls poll about every 20 ms; looks at the clock only after a good deal of work.
class Poll {
 public:
  Poll(const netlet_fit_options& options, DefaultFloatingPoint& floating_point)
      : options_(options), floating_point_(floating_point), last_(seconds_now()) {}
  bool asks_to_stop(double operations) {
    if (!options_.poll || (work_ += operations) < 1e6) return false;
    work_ = 0;
    const double now = seconds_now();
    if (now - last_ < 0.02) return false;
    last_ = now;
    floating_point_.leave();
    const bool stop = options_.poll(options_.context) != 0;
    floating_point_.enter();
    return stop;
  }

 private:
  const netlet_fit_options& options_;
  DefaultFloatingPoint& floating_point_;
  double work_ = 0, last_;
};

// What fit holds, and leaves while a callback runs.
struct Held {
  Writing &network, &optimizer;
  void pause() const {
    network.pause();
    optimizer.pause();
  }
  void resume() const {
    optimizer.resume();
    network.resume();
  }
};

constexpr size_t kTogether = 64;  // epochs, at most

// Hands epochs to the caller's on_epochs, very short ones together.
class Reports {
 public:
  Reports(const netlet_fit_options& options, const Held& held, DefaultFloatingPoint& floating_point, bool short_epochs)
      : options_(options),
        held_(held),
        floating_point_(floating_point),
        limit_(options.report_together && short_epochs ? kTogether : 1),
        begin_(seconds_now()) {}
  bool together() const { return limit_ > 1 || !options_.on_epochs; }
  // true if it is time for send()
  bool add(const netlet_epoch& epoch) {
    if (!options_.on_epochs) return false;
    epochs_[count_++] = epoch;
    return count_ == limit_;
  }
  // what on_epochs answers, 0 if there is nothing to report
  int send() {
    if (count_ == 0) return 0;
    const double now = seconds_now();
    for (size_t i = 0; i < count_; ++i) epochs_[i].seconds = (now - begin_) / (double)count_;
    begin_ = now;
    if (!options_.report_together) held_.pause();
    floating_point_.leave();
    const int answer = options_.on_epochs(options_.context, epochs_, count_);
    floating_point_.enter();
    if (!options_.report_together) held_.resume();
    count_ = 0;
    return answer;
  }

 private:
  const netlet_fit_options& options_;
  const Held& held_;
  DefaultFloatingPoint& floating_point_;
  netlet_epoch epochs_[kTogether];
  size_t limit_, count_ = 0;
  double begin_;
};

// The parameters of the epoch with the smallest loss, and how many came after it.
template <class T> class Best {
 public:
  Best(netlet_network& net, const netlet_fit_options& options) : net_(net), options_(options) {}
  bool allocate() { return options_.patience == 0 || copy_.allocate(net_.parameter_count); }
  // `of`: the parameters that the loss is of. True if it is time to end.
  bool add(double loss, const T* of) {
    if (options_.patience == 0) return false;
    if (!(loss < loss_ - options_.min_delta)) return ++waited_ >= options_.patience;
    loss_ = loss;
    waited_ = 0;
    memcpy(copy_.data(), of, net_.parameter_count * sizeof(T));
    return false;
  }
  void restore() {
    if (options_.patience && loss_ < INFINITY) memcpy(net_.values<T>(), copy_.data(), net_.parameter_count * sizeof(T));
  }

 private:
  netlet_network& net_;
  const netlet_fit_options& options_;
  Buffer<T> copy_;
  double loss_ = INFINITY;
  size_t waited_ = 0;
};

// Everything of one call of fit.
template <class T> class Fit {
 public:
  Fit(netlet_network& net, const netlet_array* x, const netlet_targets* targets, netlet_optimizer& optimizer,
      const netlet_fit_options& options, const Held& held, DefaultFloatingPoint& floating_point, netlet_error* error)
      : net_(net),
        x_(x),
        targets_(targets),
        optimizer_(optimizer),
        options_(options),
        held_(held),
        floating_point_(floating_point),
        error_(error),
        good_(net, optimizer),
        best_(net, options),
        schedule_(options.schedule, optimizer.progress),
        poll_(options, floating_point),
        reports_(options, held, floating_point, x && row_operations() * (double)x->rows < 1e5) {}

  netlet_status run() {
    NETLET_TRY(check_all());
    const uint64_t epochs = net_.epochs_trained, steps = optimizer_.progress.steps;
    netlet_status status = prepare();
    bool stop = false;
    for (size_t e = 0; status == NETLET_OK && !stop && e < options_.epochs;) {
      const size_t left = options_.epochs - e;
      if (plain()) {
        const size_t few = 1 + (size_t)(1e6 / (row_operations() * (double)rows_));  // until poll wants to look
        const size_t most = few < kTogether ? few : kTogether, count = left < most ? left : most;
        status = plain_epochs(count, &stop);
        e += count;
      } else {
        status = epoch(left == 1, &stop);
        ++e;
      }
    }
    if (prepared_) show();
    if (status != NETLET_OK) {
      if (prepared_ && !all_finite()) go_back();
      send_reports();
      if (net_.epochs_trained == epochs && optimizer_.progress.steps == steps) {  // nothing was done
        if (learned_ & NETLET_SCALE_INPUTS) net_.input_scaling.values.release();
        if (learned_ & NETLET_SCALE_OUTPUTS) net_.output_scaling.values.release();
        if (prepared_) good_.unbind_if_unused();
      }
      return status;
    }
    best_.restore();
    return NETLET_OK;
  }

 private:
  double row_operations() const { return 6.0 * (double)net_.parameter_count; }
  bool all_finite() const {
    if (trainer_.apart()) return trainer_.apart()->all_finite();
    return kernels<T>().first_not_finite(net_.parameter_count, net_.values<T>()) == net_.parameter_count;
  }
  // Brings network and optimizer up to date, for whoever looks at them.
  void show() {
    if (trainer_.apart()) trainer_.apart()->write(net_.values<T>(), optimizer_.slot<T>(0), optimizer_.slot<T>(1));
  }
  // To what the last good epoch left.
  void go_back() {
    good_.restore();
    if (trainer_.apart()) trainer_.pack(&optimizer_);
  }
  int send_reports() {
    show();
    const int answer = reports_.send();
    read_changes();
    return answer;
  }
  // What the caller's code wrote is not to be written over, even if training ends now.
  void read_changes() {
    if (prepared_ && trainer_.apart() && good_.differs()) trainer_.pack(&optimizer_);
  }
  static constexpr const char *kBadLoss = "the loss was not finite",
                              *kBadParameter = "a parameter stopped being finite";
  bool validates() const { return options_.validation_x != nullptr; }

  netlet_status check_all() {
    const bool one_batch = x_ && (options_.batch_size == 0 || options_.batch_size >= x_->rows);
    NETLET_TRY(check_schedule(options_.schedule, error_));
    if (options_.epochs == 0) return fail(error_, NETLET_ERROR_ARGUMENT, "epochs: expected 1 or more, got 0");
    if (options_.shuffle != 0 && options_.shuffle != 1)
      return fail(error_, NETLET_ERROR_ARGUMENT, "shuffle: expected 0 or 1, got %d", options_.shuffle);
    if (options_.standardize & ~(NETLET_SCALE_INPUTS | NETLET_SCALE_OUTPUTS))
      return fail(error_, NETLET_ERROR_ARGUMENT, "standardize: expected 0 to 3, got %d", options_.standardize);
    if (!(options_.min_delta >= 0 && options_.min_delta <= 1.79e308))
      return fail(error_, NETLET_ERROR_ARGUMENT, "min_delta: expected a finite number from 0 on, got %g",
                  options_.min_delta);
    if (optimizer_.config.kind == NETLET_RPROP && !one_batch)
      return fail(error_, NETLET_ERROR_ARGUMENT,
                  "batch_size: rprop compares gradients from step to step and needs all rows in each batch");
    if (optimizer_.config.kind == NETLET_RPROP && options_.schedule.kind != NETLET_CONSTANT)
      return fail(error_, NETLET_ERROR_ARGUMENT, "schedule: rprop has no learning rate from step to step to change");
    if (x_) NETLET_TRY(check_data<T>(net_, *x_, *targets_, error_));
    if (validates())
      NETLET_TRY(within("validation_data",
                        check_data<T>(net_, *options_.validation_x, *options_.validation_targets, error_), error_));
    if (!all_finite())
      return fail(error_, NETLET_ERROR_ARGUMENT, "parameters: expected finite numbers before training, got nan or inf");
    return check_optimizer(optimizer_, net_.parameter_count, net_.dtype, error_);
  }

  netlet_status prepare() {
    NETLET_TRY(learn_scalings());
    if (x_) {
      rows_ = x_->rows;
      batch_rows_ = options_.batch_size && options_.batch_size < rows_ ? options_.batch_size : rows_;
      shuffled_ = options_.shuffle && batch_rows_ < rows_;
      if (shuffled_ && !order_.allocate(rows_)) return out_of_memory(error_);
      NETLET_TRY(trainer_.prepare(net_, *x_, *targets_, shuffled_, batch_rows_, kind(), &optimizer_, true, error_));
    }
    if (validates())
      NETLET_TRY(validation_.prepare(net_, *options_.validation_x, *options_.validation_targets, false,
                                     options_.validation_x->rows, {}, nullptr, false, error_));
    if (!good_.allocate() || !best_.allocate()) return out_of_memory(error_);
    NETLET_TRY(netlet_optimizer_bind(&optimizer_, net_.parameter_count, net_.dtype, error_));
    if (x_) trainer_.pack(&optimizer_);
    good_.save(trainer_.apart());
    prepared_ = true;
    return NETLET_OK;
  }

  PassKind kind() const { return {true, false, net_.has_dropout()}; }

  netlet_status learn_scalings() {
    const int wanted =
        (net_.input_scaling ? 0 : NETLET_SCALE_INPUTS) | (net_.output_scaling ? 0 : NETLET_SCALE_OUTPUTS);
    const int kinds = options_.standardize & wanted;
    if (kinds && !x_)
      return fail(error_, NETLET_ERROR_ARGUMENT,
                  "standardize: batches come one by one; set the scaling of the network before");
    if (kinds & NETLET_SCALE_INPUTS) NETLET_TRY(learn_scaling(net_, NETLET_SCALE_INPUTS, *x_, error_));
    learned_ |= kinds & NETLET_SCALE_INPUTS;
    if (kinds & NETLET_SCALE_OUTPUTS) NETLET_TRY(learn_scaling(net_, NETLET_SCALE_OUTPUTS, *targets_->y, error_));
    learned_ |= kinds & NETLET_SCALE_OUTPUTS;
    return NETLET_OK;
  }

  netlet_status diverged(const char* what) {
    go_back();
    if (send_reports() < 0) return callback_failed();
    return fail(error_, NETLET_ERROR_DIVERGED,
                "fit: training diverged: %s in epoch %llu; the parameters from before that epoch are kept. A smaller "
                "learning rate, inputs and targets scaled to about -1..1%s may help",
                what, (unsigned long long)net_.epochs_trained,
                net_.reduction == NETLET_SUM ? ", or the reduction mean," : "");
  }
  netlet_status callback_failed() { return fail(error_, NETLET_ERROR_CALLBACK, "fit: the callback failed"); }

  // One batch forward, backward, and a step.
  netlet_status step(const Batch& batch) {
    const BatchLoss loss = trainer_.rows_phase(batch);
    if (!isfinite(loss.sum)) return diverged(kBadLoss);
    trainer_.update(net_, optimizer_, factor_);
    sum_ = sum_ + loss.sum;
    weight_ = weight_ + loss.weight;
    correct_ += loss.correct;
    seen_ += batch.rows;
    unpolled_ += row_operations() * (double)batch.rows;
    return NETLET_OK;
  }

  // Between steps. After the last step of an epoch not before that is counted.
  netlet_status poll() {
    const double operations = unpolled_;
    unpolled_ = 0;
    if (operations == 0 || !poll_.asks_to_stop(operations)) return NETLET_OK;
    if (!all_finite()) go_back();
    send_reports();
    return fail(error_, NETLET_ERROR_INTERRUPTED, "fit: interrupted in epoch %llu",
                (unsigned long long)net_.epochs_trained);
  }

  DropoutKey dropout(uint64_t first_row) const {
    return {options_.seed, (uint32_t)net_.epochs_trained, kDropoutInFit, first_row};
  }

  netlet_status steps_over_rows() {
    if (shuffled_) shuffled_order(options_.seed, net_.epochs_trained, rows_, order_.data());
    for (size_t first = 0; first < rows_; first += batch_rows_) {
      NETLET_TRY(poll());
      const size_t count = rows_ - first < batch_rows_ ? rows_ - first : batch_rows_;
      const Batch batch = {x_, targets_, shuffled_ ? order_.data() : nullptr, first, count, dropout(0)};
      Batch next = batch;
      next.first += count;
      next.rows = rows_ - next.first < batch_rows_ ? rows_ - next.first : batch_rows_;
      trainer_.expect(shuffled_ && next.rows ? &next : nullptr);
      NETLET_TRY(step(batch));
    }
    return NETLET_OK;
  }

  netlet_status steps_over_batches() {
    for (;;) {
      NETLET_TRY(poll());
      netlet_batch batch = {};
      held_.pause();
      floating_point_.leave();
      const int answer = options_.next_batch(options_.context, &batch);
      floating_point_.enter();
      held_.resume();
      if (answer < 0) return callback_failed();
      if (answer == 0) break;
      const netlet_targets targets = {&batch.y, batch.sample_weight, nullptr};
      NETLET_TRY(check_shapes(net_, &batch.x, &targets, false, error_));
      NETLET_TRY(check_data<T>(net_, batch.x, targets, error_));
      // how rows are read depends on what they are like
      NETLET_TRY(trainer_.prepare(net_, batch.x, targets, false, batch.x.rows, kind(), &optimizer_, false, error_));
      trainer_.pack();
      NETLET_TRY(step({&batch.x, &targets, nullptr, 0, batch.x.rows, dropout(seen_)}));
    }
    if (seen_ == 0)
      return fail(error_, NETLET_ERROR_ARGUMENT, "batches: expected at least one batch in an epoch, got none");
    return NETLET_OK;
  }

  // Epochs of one step each and nothing between them.
  bool plain() const {
    return trainer_.apart() && batch_rows_ == rows_ && !validates() && options_.patience == 0 &&
           options_.schedule.kind == NETLET_CONSTANT && reports_.together();
  }

  netlet_status plain_epochs(size_t count, bool* stop) {
    BatchLoss losses[kTogether];
    const Batch batch = {x_, targets_, nullptr, 0, rows_, dropout(0)};
    const size_t done = trainer_.apart()->steps(batch, optimizer_, 1, count, losses);
    for (size_t i = 0; i < done; ++i) {
      const BatchLoss& loss = losses[i];
      netlet_epoch report = {
          net_.epochs_trained, reduced(net_, loss.sum, loss.weight), 0, NAN, optimizer_.config.learning_rate, NAN, NAN};
      if (net_.has_classes()) report.accuracy = (double)loss.correct / (double)rows_;
      reports_.add(report);
      ++net_.epochs_trained;
    }
    good_.save(trainer_.apart());
    if (done < count) return diverged(isfinite(losses[done].sum) ? kBadParameter : kBadLoss);
    unpolled_ += row_operations() * (double)(rows_ * count);
    NETLET_TRY(poll());
    const int answer = send_reports();
    if (answer < 0) return callback_failed();
    *stop = answer > 0;
    return NETLET_OK;
  }

  netlet_status epoch(bool last, bool* stop) {
    sum_ = weight_ = 0;
    correct_ = seen_ = 0;
    factor_ = schedule_.factor(net_.epochs_trained);
    if (options_.schedule.kind == NETLET_FUNCTION) NETLET_TRY(ask_for_factor());
    NETLET_TRY(x_ ? steps_over_rows() : steps_over_batches());
    if (!all_finite()) return diverged(kBadParameter);
    netlet_epoch report = {
        net_.epochs_trained, reduced(net_, sum_, weight_), 0, NAN, optimizer_.config.learning_rate * factor_, NAN, NAN};
    if (net_.has_classes()) report.accuracy = (double)correct_ / (double)seen_;
    if (validates()) {
      show();
      const size_t rows = options_.validation_x->rows;
      const BatchLoss loss =
          validation_.rows_phase({options_.validation_x, options_.validation_targets, nullptr, 0, rows, {}});
      report.validation_loss = reduced(net_, loss.sum, loss.weight);
      if (net_.has_classes()) report.validation_accuracy = (double)loss.correct / (double)rows;
    }
    const double monitored = validates() ? report.validation_loss : report.loss;
    schedule_.add_loss(monitored);
    // a training loss is of the parameters from before the epoch
    const bool patience_is_over = best_.add(monitored, validates() ? net_.values<T>() : good_.parameters());
    good_.save(trainer_.apart());
    ++net_.epochs_trained;
    const bool full = reports_.add(report);
    NETLET_TRY(poll());
    if (!full && !last && !patience_is_over) return NETLET_OK;
    const int answer = send_reports();
    if (answer < 0) return callback_failed();
    *stop = answer > 0 || patience_is_over;
    if (!*stop) look_again();
    return NETLET_OK;
  }

  // after the caller's code, which may write to parameters and state
  void look_again() {
    if (!good_.differs()) return;
    if (x_) trainer_.pack(&optimizer_);
    good_.save(trainer_.apart());
  }

  netlet_status ask_for_factor() {
    show();
    held_.pause();
    floating_point_.leave();
    const int failed = options_.schedule.function(options_.context, net_.epochs_trained, &factor_);
    floating_point_.enter();
    held_.resume();
    read_changes();
    if (failed) return callback_failed();
    look_again();
    if (factor_ >= 0 && factor_ <= 1.79e308) return NETLET_OK;
    return fail(error_, NETLET_ERROR_ARGUMENT, "schedule: expected a finite factor from 0 on for epoch %llu, got %g",
                (unsigned long long)net_.epochs_trained, factor_);
  }

  netlet_network& net_;
  const netlet_array* x_;
  const netlet_targets* targets_;
  netlet_optimizer& optimizer_;
  const netlet_fit_options& options_;
  const Held& held_;
  DefaultFloatingPoint& floating_point_;
  netlet_error* error_;
  Trainer<T> trainer_, validation_;
  Snapshot<T> good_;
  Best<T> best_;
  Schedule schedule_;
  Poll poll_;
  double unpolled_ = 0;  // operations since it was asked
  Reports reports_;
  Buffer<size_t> order_;
  size_t rows_ = 0, batch_rows_ = 0;
  bool shuffled_ = false, prepared_ = false;
  int learned_ = 0;
  // of the current epoch
  double factor_ = 1, sum_ = 0, weight_ = 0;
  size_t correct_ = 0, seen_ = 0;
};

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_fit_options netlet_fit_defaults(const netlet_network* network) {
  netlet_fit_options options = {};
  options.epochs = 1;
  options.shuffle = 1;
  options.seed = network->seed;
  return options;
}

netlet_status netlet_fit(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                         netlet_optimizer* optimizer, const netlet_fit_options* options, netlet_error* error) {
  if (!optimizer || !options) return fail(error, NETLET_ERROR_ARGUMENT, "optimizer and options may not be NULL");
  if (!options->next_batch)
    NETLET_TRY(check_shapes(*network, x, targets, false, error));
  else if (x || targets)
    return fail(error, NETLET_ERROR_ARGUMENT, "x: expected NULL beside next_batch");
  if (options->validation_x || options->validation_targets)
    NETLET_TRY(within("validation_data",
                      check_shapes(*network, options->validation_x, options->validation_targets, false, error), error));
  Writing writing(network->users);
  if (!writing) return busy("fit", error);
  Writing claim(optimizer->users);
  if (!claim) return optimizer_busy("fit", error);
  DefaultFloatingPoint floating_point;
  const Held held = {writing, claim};
  return network->dtype == NETLET_FLOAT32
             ? Fit<float>(*network, x, targets, *optimizer, *options, held, floating_point, error).run()
             : Fit<double>(*network, x, targets, *optimizer, *options, held, floating_point, error).run();
}
