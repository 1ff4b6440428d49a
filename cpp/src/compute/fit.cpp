// SPDX-License-Identifier: BSD-3-Clause
// The training loop.
#include <math.h>

#include "compute/batch.hpp"
#include "compute/callbacks.hpp"
#include "compute/evaluation.hpp"
#include "compute/partial.hpp"
#include "compute/schedule.hpp"
#include "compute/snapshots.hpp"
#include "network/entry.hpp"
#include "network/random.hpp"
#include "network/scaling.hpp"
#include "network/targets.hpp"

namespace netlet::core {
namespace {

// One call of fit.
template <class T> class Fit {
 public:
  Fit(netlet_network& net, const netlet_array* x, const netlet_targets* targets, netlet_optimizer& optimizer,
      const netlet_fit_options& options, const Held& held, Headway& progress, netlet_error* error)
      : net_(net), x_(x), optimizer_(optimizer), options_(options), held_(held), progress_(progress), error_(error) {
    if (targets) targets_ = *targets;
    progress_.loss = &total_.sum;
    progress_.weight = &total_.weight;
  }

  netlet_status run() {
    progress_.epoch = net_.epochs_trained;
    progress_.begin(NETLET_CHECKING, 0, true);
    NETLET_TRY(check_all());
    const uint64_t epochs = net_.epochs_trained;
    const netlet_optimizer_progress progress = optimizer_.progress;
    netlet_status status = prepare();
    bool stop = false;
    for (left_ = options_.epochs; status == NETLET_OK && !stop && left_;) {
      const size_t count = epochs_together();
      status = count > 1 ? short_epochs(count, &stop) : epoch(&stop);
    }
    if (status == NETLET_OK) {
      best_.restore();
      return NETLET_OK;
    }
    if (prepared_ && !all_finite()) good_.restore();
    reports_.send();
    if (net_.epochs_trained == epochs && optimizer_.progress.steps == progress.steps) {  // nothing was done
      if (prepared_ && !options_.resume) schedule_.set_state(progress);
      if (learned_ & NETLET_SCALE_INPUTS) net_.input_scaling.values.release();
      if (learned_ & NETLET_SCALE_OUTPUTS) net_.output_scaling.values.release();
      if (prepared_) good_.unbind_if_unused();
    }
    return status;
  }

 private:
  double row_operations() const { return 6.0 * (double)net_.parameter_count; }
  bool all_finite() const {
    return kernels<T>().first_not_finite(net_.parameter_count, net_.values<T>()) == net_.parameter_count;
  }
  bool elsewhere() const { return options_.sums != nullptr; }  // where all rows are
  bool validates() const {
    return options_.validation_x || options_.next_validation_batch || (elsewhere() && options_.validation_rows);
  }

  netlet_status check_all() {
    const size_t rows = x_ ? x_->rows : elsewhere() ? options_.rows : 0;
    const bool one_batch = rows && (options_.batch_size == 0 || options_.batch_size >= rows);
    if (elsewhere() && (rows == 0 || rows > SIZE_MAX - kBlockRows))
      return invalid(error_, "rows: expected 1 or more, got %zu", rows);
    NETLET_TRY(check_schedule(options_.schedule, error_));
    if (options_.epochs == 0) return invalid(error_, "epochs: expected 1 or more, got 0");
    if (options_.resume != 0 && options_.resume != 1)
      return invalid(error_, "resume: expected 0 or 1, got %d", options_.resume);
    if (options_.shuffle != 0 && options_.shuffle != 1)
      return invalid(error_, "shuffle: expected 0 or 1, got %d", options_.shuffle);
    if (options_.standardize & ~(NETLET_SCALE_INPUTS | NETLET_SCALE_OUTPUTS))
      return invalid(error_, "standardize: expected 0 to 3, got %d", options_.standardize);
    if (!(options_.min_delta >= 0 && options_.min_delta <= 1.79e308))
      return invalid(error_, "min_delta: expected a finite number >= 0, got %g", options_.min_delta);
    if (options_.weighted != 0 && options_.weighted != 1)
      return invalid(error_, "weighted: expected 0 or 1, got %d", options_.weighted);
    if (options_.on_step && options_.step_interval == 0)
      return invalid(error_, "step_interval: expected 1 or more, got 0");
    const bool whole = takes_whole_batches(optimizer_.config.kind);
    const char* const name = netlet_optimizer_name(optimizer_.config.kind);
    if (whole && !one_batch)
      return invalid(error_, "batch_size: %s compares gradients from step to step and needs all rows in each batch",
                     name);
    if (whole && options_.schedule.kind != NETLET_CONSTANT)
      return invalid(error_, "schedule: expected none, %s adapts its own step sizes", name);
    if (x_) NETLET_TRY(check_rows(*x_, targets_, &judged_));
    if (options_.validation_x)
      NETLET_TRY(within("validation_data",
                        check_rows(*options_.validation_x, *options_.validation_targets, &judged_in_validation_),
                        error_));
    if (options_.next_validation_batch) NETLET_TRY(check_first_of_validation());
    if (!all_finite()) return invalid(error_, "parameters: expected finite numbers before training, got nan or inf");
    return check_optimizer(optimizer_, net_.parameter_count, net_.dtype, error_);
  }

  netlet_status check_rows(const netlet_array& x, const netlet_targets& targets, size_t* judged) {
    Judged found;
    NETLET_TRY(check_data<T>(net_, x, targets, to_learn(), error_));
    NETLET_TRY(count_judged<T>(net_, targets, &found, error_));
    *judged = found.rows;
    return found.any ? NETLET_OK : no_target(error_);
  }

  // Of validation batches the first is looked at before anything is done.
  netlet_status check_first_of_validation() {
    const int answer = next(options_.next_validation_batch, &first_of_validation_);
    if (answer < 0) return callback_failed();
    if (answer == 0) return invalid(error_, "validation_data: expected at least one batch, got none");
    waits_ = true;
    return within("validation_data", check_of_validation(first_of_validation_, to_learn()), error_);
  }

  // A batch may be without weight, as long as not all are.
  netlet_status check_of_validation(const netlet_batch& batch, int unscaled) {
    NETLET_TRY(check_shapes(net_, &batch.x, &batch.targets, false, error_));
    return check_values<T>(net_, batch.x, batch.targets, unscaled, error_);
  }

  netlet_status prepare() {
    NETLET_TRY(learn_scalings());
    if (x_) {
      rows_ = x_->rows;
      batch_rows_ = options_.batch_size && options_.batch_size < rows_ ? options_.batch_size : rows_;
      if (targets_.sample_weight && batch_rows_ < rows_)
        NETLET_TRY(mean_weight<T>(targets_, rows_, &targets_.weight_mean, error_));
      shuffled_ = options_.shuffle && batch_rows_ < rows_;
      if (shuffled_ && !order_.allocate(rows_)) return out_of_memory(error_);
      NETLET_TRY(
          batches_.prepare(net_, *x_, targets_, shuffled_, batch_rows_, kind(), &optimizer_, steps_together(), error_));
    }
    if (elsewhere()) NETLET_TRY(prepare_sums());
    if (options_.validation_x)
      NETLET_TRY(validation_.prepare(net_, *options_.validation_x, *options_.validation_targets, false,
                                     options_.validation_x->rows, {}, nullptr, 0, error_));
    if (!good_.allocate() || !best_.allocate()) return out_of_memory(error_);
    NETLET_TRY(bind(optimizer_, net_.parameter_count, net_.dtype, error_));
    if (x_) batches_.read(&optimizer_);
    if (!options_.resume) schedule_.set_state(Progress());
    good_.save();
    prepared_ = true;
    return NETLET_OK;
  }

  netlet_status prepare_sums() {
    rows_ = options_.rows;
    batch_rows_ = options_.batch_size && options_.batch_size < rows_ ? options_.batch_size : rows_;
    shuffled_ = options_.shuffle && batch_rows_ < rows_;
    if (shuffled_ && !order_.allocate(rows_)) return out_of_memory(error_);
    NETLET_TRY(batches_.prepare_given(net_, optimizer_, error_));
    NETLET_TRY(make_room_for(task_of(NETLET_TASK_GRADIENT, rows_)));  // which has more values than others in training
    if (!options_.weighted || batch_rows_ == rows_) return NETLET_OK;
    netlet_task task = task_of(NETLET_TASK_WEIGHTS, rows_);
    NETLET_TRY(sum(task));
    weight_mean_ = piece_->weight / (double)rows_;
    return check_mean_weight<T>(piece_->weight, weight_mean_, rows_, false, error_);
  }

  netlet_task task_of(netlet_task_kind kind, size_t rows) const {
    netlet_task task = {};
    task.kind = kind;
    task.rows = rows;
    task.stream = net_.epochs_trained;
    return task;
  }

  netlet_status make_room_for(const netlet_task& task) {
    const size_t size = netlet_partial_size(&net_, &task, 0, task.rows);
    if (sums_.size() >= size) return NETLET_OK;
    return size < SIZE_MAX && sums_.allocate(size) ? NETLET_OK : out_of_memory(error_);
  }

  // Asks for the sums over a batch whose rows are elsewhere.
  netlet_status sum(const netlet_task& task) {
    const size_t size = netlet_partial_size(&net_, &task, 0, task.rows);
    NETLET_TRY(make_room_for(task));
    memset(sums_.data(), 0, sizeof(Head));
    const int failed = held_.call(true, [&] { return options_.sums(options_.context, &task, sums_.data(), size); });
    if (failed) return callback_failed();
    return read_total(net_, task, sums_.data(), size, &piece_, &values_, error_);
  }

  // How many steps follow each other before anyone else looks at the network.
  size_t steps_together() const {
    const size_t steps = divide_up(rows_, batch_rows_);
    return options_.on_step && options_.step_interval < steps ? (size_t)options_.step_interval : steps;
  }

  PassKind kind() const { return {true, false, net_.has_dropout()}; }

  int to_learn() const {
    const int wanted =
        (net_.input_scaling ? 0 : NETLET_SCALE_INPUTS) | (net_.output_scaling ? 0 : NETLET_SCALE_OUTPUTS);
    return options_.standardize & wanted;
  }

  netlet_status learn_scalings() {
    const int kinds = to_learn();
    if (kinds) progress_.begin(NETLET_SCALING, 0, x_ != nullptr);
    if (kinds && elsewhere()) return learn_from_sums(kinds);
    if (kinds && !x_) {
      learned_ = kinds;
      NETLET_TRY(core::learn_scalings(net_, kinds, {&Fit::next_of, this}, error_));
      return options_.validation_x ? check_validation(kinds) : NETLET_OK;
    }
    for (int kind = NETLET_SCALE_INPUTS; kind <= NETLET_SCALE_OUTPUTS; ++kind) {
      if (!(kinds & kind)) continue;
      const bool inputs = kind == NETLET_SCALE_INPUTS;
      const netlet_array& rows = inputs ? *x_ : *targets_.y;
      NETLET_TRY(learn_scaling(net_, kind, {rows, targets_.sample_weight, !inputs && targets_.missing}, error_));
      learned_ |= kind;
      // rows of weight 0 or of the validation data may be out of reach
      NETLET_TRY(inputs ? check_x<T>(net_, *x_, error_) : check_y<T>(net_, targets_, error_));
      if (options_.validation_x) NETLET_TRY(check_validation(kind));
    }
    return NETLET_OK;
  }

  netlet_status learn_from_sums(int kinds) {
    for (int kind = NETLET_SCALE_INPUTS; kind <= NETLET_SCALE_OUTPUTS; ++kind) {
      if (!(kinds & kind)) continue;
      Moments moments;
      Buffer<double> means;
      netlet_task task = task_of(NETLET_TASK_MEANS, options_.rows);
      task.scaling = kind;
      NETLET_TRY(moments.begin(net_, kind, error_));
      for (int pass = 0; pass < 2; ++pass) {
        NETLET_TRY(sum(task));
        NETLET_TRY(moments.take(static_cast<const double*>(values_), piece_->weighty, piece_->unit, task.rows, error_));
        if (!means.allocate(Moments::value_count(net_, kind, true))) return out_of_memory(error_);
        moments.means(means.data());
        task.moments = means.data();
        task.kind = NETLET_TASK_DEVIATIONS;
      }
      NETLET_TRY(moments.set_in(net_, error_));
      learned_ |= kind;
      if (options_.validation_x) NETLET_TRY(check_validation(kind));
    }
    return NETLET_OK;
  }

  // Whether the scalings that have been learned reach the validation data.
  netlet_status check_validation(int kinds) {
    if (kinds & NETLET_SCALE_INPUTS)
      NETLET_TRY(within("validation_data", check_x<T>(net_, *options_.validation_x, error_), error_));
    if (!(kinds & NETLET_SCALE_OUTPUTS)) return NETLET_OK;
    return within("validation_data", check_y<T>(net_, *options_.validation_targets, error_), error_);
  }

  int next(int (*function)(void* context, netlet_batch* batch), netlet_batch* batch) const {
    return held_.call(true, [&] { return function(options_.context, batch); });
  }
  static int next_of(void* self, netlet_batch* batch) {
    const Fit& fit = *static_cast<Fit*>(self);
    return fit.next(fit.options_.next_batch, batch);
  }

  netlet_status diverged(const char* what) {
    good_.restore();
    if (reports_.send() < 0) return callback_failed();
    const bool scale = !net_.input_scaling, sums = net_.reduction == NETLET_SUM;
    return fail(error_, NETLET_ERROR_DIVERGED,
                "fit: training diverged: %s in epoch %llu; the parameters from before that epoch are kept. A smaller "
                "learning rate%s%s%s may help",
                what, (unsigned long long)net_.epochs_trained,
                scale ? ", or inputs and targets scaled to about -1..1" : "", sums ? ", or the reduction mean" : "",
                scale || sums ? "," : "");
  }
  netlet_status callback_failed() { return fail(error_, NETLET_ERROR_CALLBACK, "fit: the callback failed"); }

  // One batch forward and backward, and a step.
  netlet_status step(const Batch& batch) {
    const BatchLoss loss = batches_.pass(batch);
    if (batches_.stopped()) return interrupted();
    if (!isfinite(loss.sum)) return diverged("the loss was not finite");
    batches_.update(net_, optimizer_, factor_);
    stop_ = pace_.stop(row_operations() * (double)batch.rows);
    return stepped(batch.rows, loss);
  }

  // The same for a batch whose rows are elsewhere.
  netlet_status step_along_sums(size_t first, size_t rows) {
    netlet_task task = task_of(NETLET_TASK_GRADIENT, rows);
    task.first = first;
    if (shuffled_) task.order = order_.data() + first;
    if (net_.has_dropout()) {
      task.dropout = 2;
      task.seed = options_.seed;
    }
    NETLET_TRY(sum(task));
    NETLET_TRY(check_training_sums(first, rows));
    if (!isfinite(piece_->loss)) return diverged("the loss was not finite");
    const double by = divisor(net_, rows, piece_->weight, weight_mean_);
    batches_.update_along(net_, static_cast<const T*>(values_), by, optimizer_, factor_);
    judged_ += (size_t)piece_->judged;
    stop_ = stop_asked();
    return stepped(rows, piece_->sum());
  }

  // What fit checks in all rows before the first step shows here only as their sums come in.
  netlet_status check_training_sums(size_t first, size_t rows) {
    if (batch_rows_ == rows_)
      NETLET_TRY(check_mean_weight<T>(piece_->weight, piece_->weight / (double)rows, rows, false, error_));
    else if (!options_.weighted && piece_->weight != (double)rows)
      return invalid(error_, "weighted: expected 1, as rows have weights, got 0");
    any_target_ |= piece_->weighty != 0;
    return any_target_ || first + rows < rows_ ? NETLET_OK : no_target(error_);
  }

  netlet_status stepped(size_t rows, const BatchLoss& loss) {
    seen_ += rows;
    progress_.rows.store(seen_, std::memory_order_relaxed);
    total_.add(loss);
    if (options_.on_step && optimizer_.progress.steps % options_.step_interval == 0) return report_step();
    return NETLET_OK;
  }

  netlet_status report_step() {
    batches_.publish(optimizer_);
    const int answer = reports_.untimed([&] {
      return held_.call(true, [&] { return options_.on_step(options_.context, optimizer_.progress.steps); });
    });
    if (answer < 0) return callback_failed();
    if (x_) batches_.read(&optimizer_);  // it may have written to the parameters
    ended_ = answer > 0;
    return NETLET_OK;
  }

  netlet_status interrupted() {
    (void)check_stop(nullptr);
    batches_.publish(optimizer_);
    return fail(error_, NETLET_ERROR_INTERRUPTED, "fit: interrupted in epoch %llu",
                (unsigned long long)net_.epochs_trained);
  }

  // Called between steps; after the last step of an epoch only once that epoch is counted.
  netlet_status poll() { return stop_ ? interrupted() : NETLET_OK; }

  DropoutKey dropout(uint64_t first_row) const {
    return {options_.seed, (uint32_t)net_.epochs_trained, kDropoutInFit, first_row};
  }

  netlet_status steps_over_rows() {
    if (shuffled_) shuffled_order(options_.seed, net_.epochs_trained, rows_, order_.data());
    if (shuffled_ && stopped()) return interrupted();
    for (size_t first = 0; first < rows_; first += batch_rows_) {
      NETLET_TRY(poll());
      if ((cut_short_ = ended_)) return NETLET_OK;
      const size_t count = smaller(batch_rows_, rows_ - first);
      if (elsewhere())
        NETLET_TRY(step_along_sums(first, count));
      else
        NETLET_TRY(step({x_, &targets_, shuffled_ ? order_.data() : nullptr, first, count, dropout(0)}));
    }
    return NETLET_OK;
  }

  netlet_status steps_over_batches() {
    for (;;) {
      NETLET_TRY(poll());
      netlet_batch batch = {};
      const int answer = next(options_.next_batch, &batch);
      if (answer < 0) return callback_failed();
      if (answer == 0) break;
      if ((cut_short_ = ended_)) return NETLET_OK;
      Judged judged;
      NETLET_TRY(check_shapes(net_, &batch.x, &batch.targets, false, error_));
      NETLET_TRY(check_data<T>(net_, batch.x, batch.targets, 0, error_));
      NETLET_TRY(count_judged<T>(net_, batch.targets, &judged, error_));
      judged_ += judged.rows;
      // how rows are read depends on their dtype and layout
      NETLET_TRY(batches_.prepare(net_, batch.x, batch.targets, false, batch.x.rows, kind(), &optimizer_, 0, error_));
      batches_.read();
      NETLET_TRY(step({&batch.x, &batch.targets, nullptr, 0, batch.x.rows, dropout(seen_)}));
    }
    if (seen_ == 0) return invalid(error_, "batches: expected at least one batch in an epoch, got none");
    rows_ = seen_;
    return NETLET_OK;
  }

  // All but the seconds of successive epochs, in place and with little in each, as a tiny network's take 60 ns.
  void describe(const BatchLoss* losses, size_t count, size_t judged, netlet_epoch* epochs) const {
    const uint64_t first = net_.epochs_trained;
    const bool mean = net_.reduction == NETLET_MEAN, classes = net_.has_classes();
    const double rate = optimizer_.learning_rate * factor_;
    for (size_t i = 0; i < count; ++i) {
      const BatchLoss loss = losses[i];
      netlet_epoch& epoch = epochs[i];
      epoch.epoch = first + i;
      epoch.loss = mean ? reduced(loss.sum, loss.weight) : loss.sum;
      epoch.learning_rate = rate;
      epoch.accuracy = classes ? (double)loss.correct / (double)judged : NAN;
      epoch.weight = loss.weight;
      epoch.validation_loss = epoch.validation_accuracy = epoch.validation_weight = NAN;
    }
  }

  // How many of the remaining epochs to run at once: several if they are short, of one step each, and nothing is to be
  // done between them.
  size_t epochs_together() const {
    if (one_by_one_ || !batches_.steps_together() || batch_rows_ < rows_ || validates() || options_.patience ||
        options_.schedule.kind != NETLET_CONSTANT || options_.on_step || !reports_.together())
      return 1;
    const size_t few = 1 + (size_t)(1e6 / (row_operations() * (double)rows_));  // until poll is due
    return smaller(left_, smaller(few, kTogether));
  }

  netlet_status short_epochs(size_t count, bool* stop) {
    BatchLoss losses[kTogether];
    if (!batches_.steps({x_, &targets_, nullptr, 0, rows_, dropout(0)}, optimizer_, count, losses)) {
      good_.restore();
      batches_.read(&optimizer_);
      one_by_one_ = true;  // to find the epoch that diverged
      return epoch(stop);
    }
    describe(losses, count, judged_, reports_.next());
    reports_.add(count);
    count_epochs(count);
    good_.save();
    stop_ = pace_.stop(row_operations() * (double)(rows_ * count));
    NETLET_TRY(poll());
    return send_reports(stop);
  }

  void count_epochs(size_t count) {
    progress_.epoch = net_.epochs_trained = net_.epochs_trained + count;
    left_ -= count;
  }

  netlet_status validate(netlet_epoch& report) {
    BatchLoss loss;
    size_t judged = judged_in_validation_;
    progress_.begin(NETLET_VALIDATING, options_.validation_x ? options_.validation_x->rows : validation_rows_);
    if (options_.validation_x) {
      loss = validation_.pass(
          {options_.validation_x, options_.validation_targets, nullptr, 0, options_.validation_x->rows, {}});
      if (validation_.stopped()) return interrupted();
    } else if (elsewhere() && options_.validation_rows) {
      netlet_task task = task_of(NETLET_TASK_LOSS, options_.validation_rows);
      task.validation = 1;
      NETLET_TRY(sum(task));
      NETLET_TRY(check_mean_weight<T>(piece_->weight, piece_->weight / (double)task.rows, task.rows, false, error_));
      if (!piece_->weighty) return within("validation_data", no_target(error_), error_);
      loss = piece_->sum();
      judged = (size_t)piece_->judged;
    } else {
      NETLET_TRY(validate_batches(&loss, &judged));
    }
    netlet_epoch of_validation;
    describe(&loss, 1, judged, &of_validation);
    report.validation_loss = of_validation.loss;
    report.validation_accuracy = of_validation.accuracy;
    report.validation_weight = of_validation.weight;
    return NETLET_OK;
  }

  netlet_status validate_batches(BatchLoss* loss, size_t* judged) {
    Evaluation<T> all(net_, false);
    for (;;) {
      netlet_batch batch = first_of_validation_;
      const int answer = waits_ ? 1 : next(options_.next_validation_batch, &batch);
      waits_ = false;
      if (answer < 0) return callback_failed();
      if (answer == 0) break;
      NETLET_TRY(within("validation_data", add_to(all, batch), error_));
      if (stopped()) return interrupted();
    }
    NETLET_TRY(within("validation_data", all.finish(false, error_), error_));
    *loss = all.loss();
    *judged = all.judged();
    validation_rows_ = all.rows();
    return NETLET_OK;
  }
  netlet_status add_to(Evaluation<T>& all, const netlet_batch& batch) {
    NETLET_TRY(check_of_validation(batch, 0));
    return all.add(batch, error_);
  }

  netlet_status epoch(bool* stop) {
    total_ = {};
    seen_ = 0;
    if (!x_) judged_ = 0;
    factor_ = schedule_.factor(scheduled_epoch());
    if (options_.schedule.kind == NETLET_FUNCTION) NETLET_TRY(ask_for_factor());
    progress_.begin(NETLET_TRAINING, rows_);
    NETLET_TRY(x_ || elsewhere() ? steps_over_rows() : steps_over_batches());
    batches_.publish(optimizer_);
    if (!all_finite()) return diverged("a parameter stopped being finite");
    if (cut_short_) {  // it does not count, as if it had been interrupted
      *stop = true;
      return reports_.send() < 0 ? callback_failed() : NETLET_OK;
    }
    netlet_epoch& report = *reports_.next();
    describe(&total_, 1, judged_, &report);
    if (validates()) NETLET_TRY(validate(report));
    const double monitored = validates() ? report.validation_loss : report.loss;
    schedule_.add_loss(monitored);
    // the training loss belongs to the parameters before the epoch
    const bool patience_is_over = best_.add(monitored, validates() ? net_.values<T>() : good_.parameters());
    good_.save();
    const bool full = reports_.add(1);
    count_epochs(1);
    NETLET_TRY(poll());
    if (full || left_ == 0 || patience_is_over || ended_) NETLET_TRY(send_reports(stop));
    *stop |= patience_is_over || ended_;
    return NETLET_OK;
  }

  netlet_status send_reports(bool* stop) {
    const int answer = reports_.send();
    if (answer == 0 && options_.on_epochs && !options_.report_together) look_again();
    *stop = answer > 0;
    return answer < 0 ? callback_failed() : NETLET_OK;
  }

  // After the caller's code, which may have changed parameters and state.
  void look_again() {
    if (!good_.differs()) return;
    if (x_) batches_.read(&optimizer_);
    good_.save();
  }

  // What the schedule calls the current epoch.
  uint64_t scheduled_epoch() const { return net_.epochs_trained - (options_.resume ? 0 : begin_); }

  netlet_status ask_for_factor() {
    const uint64_t epoch = scheduled_epoch();
    const int failed = held_.call(true, [&] { return options_.schedule.function(options_.context, epoch, &factor_); });
    if (failed) return callback_failed();
    look_again();
    if (factor_ >= 0 && factor_ <= 1.79e308) return NETLET_OK;
    return invalid(error_, "schedule: expected a finite factor >= 0 for epoch %llu, got %g", (unsigned long long)epoch,
                   factor_);
  }

  netlet_network& net_;
  const netlet_array* x_;
  netlet_targets targets_ = {};  // with the mean weight, if batches divide by it
  netlet_optimizer& optimizer_;
  const netlet_fit_options& options_;
  const Held& held_;
  Headway& progress_;
  netlet_error* error_;
  BatchRunner<T> batches_, validation_;
  Snapshot<T> good_{net_, optimizer_};
  Best<T> best_{net_, options_};
  Schedule schedule_{options_.schedule, optimizer_.progress};
  const uint64_t begin_ = net_.epochs_trained;
  Pace pace_;
  Reports reports_{options_, held_, x_ && row_operations() * (double)x_->rows < 1e5};
  Buffer<size_t> order_;
  Buffer<char> sums_;  // over a batch whose rows are elsewhere; where in it:
  const Piece* piece_ = nullptr;
  const void* values_ = nullptr;
  double weight_mean_ = 0;                        // of such rows, if batches divide by it
  bool any_target_ = false;                       // among them, so far
  size_t rows_ = 0, batch_rows_ = 0, left_ = 0;   // rows_: of batches, those of the last epoch; left_: epochs to go
  size_t judged_ = 0, judged_in_validation_ = 0;  // rows with a target
  size_t validation_rows_ = 0;                    // of batches, those of the last epoch
  netlet_batch first_of_validation_ = {};
  bool waits_ = false;  // that one, for the end of the first epoch
  bool shuffled_ = false, prepared_ = false, one_by_one_ = false;
  int learned_ = 0;
  bool stop_ = false;                       // the poll has asked for it
  bool ended_ = false, cut_short_ = false;  // on_step has asked for it; and there was more of the epoch
  // of the current epoch
  double factor_ = 1;
  BatchLoss total_ = {};
  size_t seen_ = 0;
};

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_fit_options netlet_fit_defaults(const netlet_network* network) {
  netlet_fit_options options = {};
  options.epochs = 1;
  options.shuffle = 1;
  options.step_interval = 1;
  options.seed = network->seed;
  return options;
}

netlet_status netlet_fit(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                         netlet_optimizer* optimizer, const netlet_fit_options* options, netlet_error* error) {
  if (!optimizer || !options) return invalid(error, "optimizer and options may not be NULL");
  if (!options->next_batch && !options->sums)
    NETLET_TRY(check_shapes(*network, x, targets, false, error));
  else if (x || targets)
    return invalid(error, "x: expected NULL with next_batch or sums");
  if (options->next_batch && options->sums) return invalid(error, "sums: expected NULL with next_batch");
  if (!options->sums && (options->rows || options->weighted || options->validation_rows))
    return invalid(error, "rows, weighted and validation_rows: expected 0 without sums");
  if (options->sums && options->validation_rows && (options->validation_x || options->next_validation_batch))
    return invalid(error, "validation_rows: expected 0 with other validation data");
  if (options->next_validation_batch && (options->validation_x || options->validation_targets))
    return invalid(error, "validation_data: expected NULL with next_validation_batch");
  if (options->validation_x || options->validation_targets)
    NETLET_TRY(within("validation_data",
                      check_shapes(*network, options->validation_x, options->validation_targets, false, error), error));
  return training("fit", *network, *optimizer, error, [&](const Held& held, auto zero) {
    Headway progress;
    PollInstead poll(options->poll, options->context, held.floating_point.callers(), progress);
    const Held all = {held.network, held.optimizer, held.floating_point, &poll};
    return Fit<decltype(zero)>(*network, x, targets, *optimizer, *options, all, progress, error).run();
  });
}
