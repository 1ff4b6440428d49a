// SPDX-License-Identifier: BSD-3-Clause
// loss, backward, step and fit: checks, then the training loop around Trainer.
#include <math.h>
#include <time.h>

#include "error.hpp"
#include "floating_point.hpp"
#include "optimizer.hpp"
#include "random.hpp"
#include "trainer.hpp"

namespace netlet::core {

netlet_status check_features(const netlet_network& net, const netlet_array* x, netlet_error* error);  // forward.cpp

namespace {

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool by_class(const netlet_network& net, const netlet_array& y) {
  return net.loss == NETLET_CROSS_ENTROPY && y.columns == 1;
}

netlet_status check_shapes(const netlet_network& net, const netlet_array* x, const netlet_array* y,
                           netlet_error* error) {
  NETLET_TRY(check_features(net, x, error));
  NETLET_TRY(check_array("y", y, error));
  if (x->rows == 0) return fail(error, NETLET_ERROR_ARGUMENT, "x: expected at least one row, got none");
  if (y->rows != x->rows)
    return fail(error, NETLET_ERROR_ARGUMENT, "y: expected %zu rows, as many as x has, got %zu", x->rows, y->rows);
  if (by_class(net, *y)) {
    if (is_integer(y->dtype)) return NETLET_OK;
    return fail(error, NETLET_ERROR_ARGUMENT,
                "y: expected class indices of an integer dtype, or %zu probabilities in a row, got one column of %s",
                net.outputs(), netlet_dtype_name(y->dtype));
  }
  if (y->columns != net.outputs())
    return fail(error, NETLET_ERROR_ARGUMENT, "y: expected %zu columns, as many as the network has outputs, got %zu",
                net.outputs(), y->columns);
  return NETLET_OK;
}

netlet_status check_classes(const netlet_network& net, const netlet_array& y, netlet_error* error) {
  for (size_t row = 0; row < y.rows; ++row) {
    int64_t cls;
    load_rows(y, nullptr, row, 1, &cls);
    if (cls < 0 || (uint64_t)cls >= net.outputs())
      return fail(error, NETLET_ERROR_ARGUMENT, "y: expected classes from 0 to %zu, got %lld in row %zu",
                  net.outputs() - 1, (long long)cls, row);
  }
  return NETLET_OK;
}

// What each loss asks of its targets, beyond being finite.
template <class T> netlet_status check_targets(const netlet_network& net, const netlet_array& y, netlet_error* error) {
  if (by_class(net, y)) return check_classes(net, y, error);
  if (net.loss == NETLET_SQUARED_ERROR) return NETLET_OK;
  Buffer<T> row;
  if (!row.allocate(y.columns)) return out_of_memory(error);
  for (size_t i = 0; i < y.rows; ++i) {
    load_rows(y, nullptr, i, 1, row.data());
    double sum = 0;
    for (size_t j = 0; j < y.columns; ++j) {
      if (row[j] < 0 || row[j] > 1)
        return fail(error, NETLET_ERROR_ARGUMENT, "y: expected values from 0 to 1 for %s, got %g in row %zu, column %zu",
                    netlet_loss_name(net.loss), (double)row[j], i, j);
      sum += (double)row[j];
    }
    if (net.loss == NETLET_CROSS_ENTROPY && !(fabs(sum - 1) <= 1e-3))
      return fail(error, NETLET_ERROR_ARGUMENT,
                  "y: expected the probabilities of a row to add up to 1, got %g in row %zu", sum, i);
  }
  return NETLET_OK;
}

template <class T>
netlet_status check_data(const netlet_network& net, const netlet_array& x, const netlet_array& y, netlet_error* error) {
  NETLET_TRY(check_finite<T>("x", x, error));
  NETLET_TRY(check_finite<T>("y", y, error));
  return check_targets<T>(net, y, error);
}

double reduced(const netlet_network& net, double sum, size_t rows) {
  return net.reduction == NETLET_MEAN ? sum / (double)rows : sum;
}

// gradient null: the loss alone
template <class T>
netlet_status loss_and_gradient(const netlet_network& net, const netlet_array& x, const netlet_array& y, double* loss,
                                T* gradient, netlet_error* error) {
  if (by_class(net, y)) NETLET_TRY(check_classes(net, y, error));  // they become indices
  Trainer<T> trainer;
  NETLET_TRY(trainer.prepare(net, x, y, false, x.rows, gradient != nullptr, error));
  trainer.pack();
  *loss = reduced(net, trainer.rows_phase({&x, &y, nullptr, 0, x.rows}).sum, x.rows);
  if (gradient) trainer.store_gradient(gradient);
  return NETLET_OK;
}

template <class T>
netlet_status step(netlet_network& net, const netlet_array& x, const netlet_array& y, netlet_optimizer& optimizer,
                   double* loss, netlet_error* error) {
  NETLET_TRY(check_data<T>(net, x, y, error));
  Trainer<T> trainer;
  NETLET_TRY(trainer.prepare(net, x, y, false, x.rows, true, error));
  NETLET_TRY(check_optimizer(optimizer, net.parameter_count, net.dtype, error));
  trainer.pack();
  const double sum = trainer.rows_phase({&x, &y, nullptr, 0, x.rows}).sum;
  if (!isfinite(sum))
    return fail(error, NETLET_ERROR_DIVERGED, "step: the loss is %s; nothing was changed", isnan(sum) ? "nan" : "inf");
  NETLET_TRY(netlet_optimizer_bind(&optimizer, net.parameter_count, net.dtype, error));
  trainer.update(net, optimizer);
  *loss = reduced(net, sum, x.rows);
  return NETLET_OK;
}

// Parameters and optimizer as they were after the last epoch that was good.
template <class T> class Snapshot {
 public:
  Snapshot(netlet_network& net, netlet_optimizer& optimizer)
      : net_(net), optimizer_(optimizer), was_bound_(optimizer.size != 0) {}
  bool allocate() { return copy_.allocate(net_.parameter_count * (1 + optimizer_.slot_count())); }
  void save() {
    memcpy(copy_.data(), net_.values<T>(), bytes());
    if (optimizer_.slot_count())
      memcpy(copy_.data() + net_.parameter_count, optimizer_.state.data(), bytes() * optimizer_.slot_count());
    progress_ = optimizer_.progress;
  }
  void restore() {
    memcpy(net_.values<T>(), copy_.data(), bytes());
    if (optimizer_.slot_count())
      memcpy(optimizer_.state.data(), copy_.data() + net_.parameter_count, bytes() * optimizer_.slot_count());
    optimizer_.progress = progress_;
    if (!was_bound_ && progress_.steps == 0) {
      optimizer_.state.release();
      optimizer_.size = 0;
    }
  }
  bool parameters_differ() const { return memcmp(copy_.data(), net_.values<T>(), bytes()) != 0; }

 private:
  size_t bytes() const { return net_.parameter_count * sizeof(T); }
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

// Hands epochs to the caller's on_epochs, very short ones together.
class Reports {
 public:
  Reports(const netlet_fit_options& options, const Held& held, DefaultFloatingPoint& floating_point, bool short_epochs)
      : options_(options),
        held_(held),
        floating_point_(floating_point),
        limit_(options.report_together && short_epochs ? kTogether : 1),
        begin_(seconds_now()) {}
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
  static constexpr size_t kTogether = 64;
  const netlet_fit_options& options_;
  const Held& held_;
  DefaultFloatingPoint& floating_point_;
  netlet_epoch epochs_[kTogether];
  size_t limit_, count_ = 0;
  double begin_;
};

template <class T>
netlet_status fit(netlet_network& net, const netlet_array& x, const netlet_array& y, netlet_optimizer& optimizer,
                  const netlet_fit_options& options, const Held& held, DefaultFloatingPoint& floating_point,
                  netlet_error* error) {
  const size_t rows = x.rows;
  const size_t batch_rows = options.batch_size && options.batch_size < rows ? options.batch_size : rows;
  const bool shuffled = options.shuffle && batch_rows < rows;
  const auto all_finite = [&] {
    return kernels<T>().first_not_finite(net.parameter_count, net.values<T>()) == net.parameter_count;
  };
  NETLET_TRY(check_data<T>(net, x, y, error));
  if (!all_finite())
    return fail(error, NETLET_ERROR_ARGUMENT, "parameters: expected finite numbers before training, got nan or inf");
  Trainer<T> trainer;
  Snapshot<T> good(net, optimizer);
  Buffer<size_t> order;
  NETLET_TRY(trainer.prepare(net, x, y, shuffled, batch_rows, true, error));
  if (shuffled && !order.allocate(rows)) return out_of_memory(error);
  NETLET_TRY(check_optimizer(optimizer, net.parameter_count, net.dtype, error));
  if (!good.allocate()) return out_of_memory(error);
  NETLET_TRY(netlet_optimizer_bind(&optimizer, net.parameter_count, net.dtype, error));
  good.save();
  trainer.pack();

  const double row_operations = 6.0 * (double)net.parameter_count;
  Poll poll(options, floating_point);
  Reports reports(options, held, floating_point, row_operations * (double)rows < 1e5);
  const auto diverged = [&](const char* what) {
    good.restore();
    if (reports.send() < 0) return fail(error, NETLET_ERROR_CALLBACK, "fit: the callback failed");
    return fail(error, NETLET_ERROR_DIVERGED,
                "fit: training diverged: %s in epoch %llu; the parameters from before that epoch are kept. A smaller "
                "learning rate, inputs and targets scaled to about -1..1%s may help",
                what, (unsigned long long)net.epochs_trained,
                net.reduction == NETLET_SUM ? ", or the reduction mean," : "");
  };
  for (size_t e = 0; e < options.epochs; ++e) {
    if (shuffled) shuffled_order(options.seed, net.epochs_trained, rows, order.data());
    double sum = 0;
    size_t correct = 0;
    for (size_t first = 0; first < rows; first += batch_rows) {
      const size_t count = rows - first < batch_rows ? rows - first : batch_rows;
      const BatchLoss loss = trainer.rows_phase({&x, &y, order.data(), first, count});
      if (!isfinite(loss.sum)) return diverged("the loss was not finite");
      trainer.update(net, optimizer);
      sum = sum + loss.sum;
      correct += loss.correct;
      if (poll.asks_to_stop(row_operations * (double)count)) {
        if (!all_finite()) good.restore();
        reports.send();
        return fail(error, NETLET_ERROR_INTERRUPTED, "fit: interrupted in epoch %llu",
                    (unsigned long long)net.epochs_trained);
      }
    }
    if (!all_finite()) return diverged("a parameter stopped being finite");
    good.save();
    const bool classes = net.loss != NETLET_SQUARED_ERROR;
    const bool due = reports.add({net.epochs_trained++, reduced(net, sum, rows), 0,
                                  classes ? (double)correct / (double)rows : (double)NAN});
    if (!due && e + 1 < options.epochs) continue;
    const int answer = reports.send();
    if (answer < 0) return fail(error, NETLET_ERROR_CALLBACK, "fit: the callback failed");
    if (answer > 0) break;
    if (good.parameters_differ()) {  // the callback changed them
      trainer.pack();
      good.save();
    }
  }
  return NETLET_OK;
}

}  // namespace
}  // namespace netlet::core

using namespace netlet::core;

netlet_status netlet_loss(const netlet_network* network, const netlet_array* x, const netlet_array* y, double* loss,
                          netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, y, error));
  const Reading reading(network->users);
  if (!reading) return busy("loss", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32 ? loss_and_gradient<float>(*network, *x, *y, loss, nullptr, error)
                                          : loss_and_gradient<double>(*network, *x, *y, loss, nullptr, error);
}

netlet_status netlet_backward(const netlet_network* network, const netlet_array* x, const netlet_array* y, double* loss,
                              void* gradient, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, y, error));
  if (!gradient) return fail(error, NETLET_ERROR_ARGUMENT, "gradient: expected memory for the gradient, got NULL");
  const Reading reading(network->users);
  if (!reading) return busy("backward", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32
             ? loss_and_gradient(*network, *x, *y, loss, static_cast<float*>(gradient), error)
             : loss_and_gradient(*network, *x, *y, loss, static_cast<double*>(gradient), error);
}

netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_array* y,
                          netlet_optimizer* optimizer, double* loss, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, y, error));
  if (!optimizer) return fail(error, NETLET_ERROR_ARGUMENT, "optimizer: expected an optimizer, got NULL");
  const Writing writing(network->users);
  if (!writing) return busy("step", error);
  const Writing claim(optimizer->users);
  if (!claim) return optimizer_busy("step", error);
  const DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32 ? step<float>(*network, *x, *y, *optimizer, loss, error)
                                          : step<double>(*network, *x, *y, *optimizer, loss, error);
}

netlet_status netlet_fit(netlet_network* network, const netlet_array* x, const netlet_array* y,
                         netlet_optimizer* optimizer, const netlet_fit_options* options, netlet_error* error) {
  NETLET_TRY(check_shapes(*network, x, y, error));
  if (!optimizer || !options) return fail(error, NETLET_ERROR_ARGUMENT, "optimizer and options may not be NULL");
  Writing writing(network->users);
  if (!writing) return busy("fit", error);
  Writing claim(optimizer->users);
  if (!claim) return optimizer_busy("fit", error);
  DefaultFloatingPoint floating_point;
  return network->dtype == NETLET_FLOAT32
             ? fit<float>(*network, *x, *y, *optimizer, *options, {writing, claim}, floating_point, error)
             : fit<double>(*network, *x, *y, *optimizer, *options, {writing, claim}, floating_point, error);
}
