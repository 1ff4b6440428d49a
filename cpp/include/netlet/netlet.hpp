// SPDX-License-Identifier: BSD-3-Clause
// netlet for C++17: classes around netlet.h, in this header alone: the library itself has a C interface only.
//
//   std::vector<double> x = {0, 0, 0, 1, 1, 0, 1, 1}, y = {0, 1, 1, 0};
//   netlet::Network net({2, 3, 1});
//   net.initialize(netlet::Init::glorot_uniform, 0);
//   netlet::Optimizer descent = netlet::SGD(0.1);
//   netlet::FitOptions options;
//   options.epochs = 10000;
//   netlet::History history = net.fit(x, y, descent, options);  // x: 4 rows of 2, y: 4 rows of 1
//   std::vector<double> out = net.forward<double>(x);
//
// Inputs, targets and weights may be given as anything that holds its values one after the other (std::vector,
// std::array, std::span, a C array): its size must then be a multiple of the row's, and says how many rows there are.
// {pointer, rows, columns} gives the shape. Results are returned as std::vector, or written to a container, whose size
// must be that of the result, or to a pointer or C array, which is not checked.
//
// Every failure throws netlet::Error with the status and the message of netlet.h (for files preceded by the path). An
// exception that a callback throws leaves the call that ran it. What netlet.h says about units, memory, threads and
// what a failure leaves unchanged holds here too.
#ifndef NETLET_HPP
#define NETLET_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "netlet.hpp needs C++17 (-std=c++17); C programs and older C++ include netlet.h"
#else  // no more errors after this one

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "netlet.h"

namespace netlet {

enum class Activation : std::int32_t {
  identity = NETLET_IDENTITY,
  sigmoid = NETLET_SIGMOID,
  tanh = NETLET_TANH,
  relu = NETLET_RELU,
  leaky_relu = NETLET_LEAKY_RELU,
  elu = NETLET_ELU,
  softplus = NETLET_SOFTPLUS,
  silu = NETLET_SILU,
  gelu = NETLET_GELU,
  hard_sigmoid = NETLET_HARD_SIGMOID,
  softmax = NETLET_SOFTMAX,
  mish = NETLET_MISH
};
enum class Loss : std::int32_t {
  squared_error = NETLET_SQUARED_ERROR,
  absolute_error = NETLET_ABSOLUTE_ERROR,
  huber = NETLET_HUBER,
  poisson = NETLET_POISSON,
  quantile = NETLET_QUANTILE,
  binary_cross_entropy = NETLET_BINARY_CROSS_ENTROPY,
  cross_entropy = NETLET_CROSS_ENTROPY,
  log_cosh = NETLET_LOG_COSH,
  gaussian_nll = NETLET_GAUSSIAN_NLL
};
enum class Reduction : std::int32_t { sum = NETLET_SUM, mean = NETLET_MEAN };
enum class Dtype : std::int32_t { float32 = NETLET_FLOAT32, float64 = NETLET_FLOAT64 };
enum class Missing : std::int32_t { refuse = NETLET_MISSING_REFUSE, ignore = NETLET_MISSING_IGNORE };
enum class Init : std::int32_t { glorot_uniform = NETLET_GLOROT_UNIFORM, he_uniform = NETLET_HE_UNIFORM };
enum class Scaling : std::int32_t { inputs = NETLET_SCALE_INPUTS, outputs = NETLET_SCALE_OUTPUTS };
enum class Function : std::int32_t { exp = NETLET_EXP, log = NETLET_LOG };

class Error : public std::runtime_error {
 public:
  Error(netlet_status status, const char* message, int system_error = 0)
      : std::runtime_error(message), status_(status), system_error_(system_error) {}
  netlet_status status() const noexcept { return status_; }
  int system_error() const noexcept { return system_error_; }  // errno with NETLET_ERROR_FILE, else 0

 private:
  netlet_status status_;
  int system_error_;
};

// Passed to a C call as its `error`, then called with its status: throws what failed.
class Check {
 public:
  operator netlet_error*() { return &error_; }
  void operator()(netlet_status status) const {
    if (status != NETLET_OK) throw Error(status, error_.message, error_.system_error);
  }
  // The same for calls with a path: path_of() gives the C string; a failure's message begins with the path.
  static const char* path_of(const std::string& name) {
    if (name.find('\0') == std::string::npos) return name.c_str();
    throw Error(NETLET_ERROR_ARGUMENT, "path: expected no zero byte in it");
  }
  void operator()(netlet_status status, const std::string& path) const {
    if (status == NETLET_ERROR_FILE || status == NETLET_ERROR_FORMAT)
      throw Error(status, (path + ": " + error_.message).c_str(), error_.system_error);
    (*this)(status);
  }

 private:
  netlet_error error_ = {};
};

template <class T> constexpr std::int32_t dtype_number() {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>, "an array of real numbers is needed");
  if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? NETLET_FLOAT32 : NETLET_FLOAT64;
  else
    return (std::is_signed_v<T> ? NETLET_INT8 : NETLET_UINT8) + (sizeof(T) == 1   ? 0
                                                                 : sizeof(T) == 2 ? 1
                                                                 : sizeof(T) == 4 ? 2
                                                                                  : 3);
}

// The type of the values that a container holds one after the other; no type, so no overload, for anything else.
template <class C> using Value = std::remove_pointer_t<decltype(std::data(std::declval<C&>()))>;
template <class C, class T = Value<C>, class = decltype(std::size(std::declval<C&>()))> using IfValues =
    std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<std::remove_cv_t<T>, char>>;
// Not a C array, which is a pointer where sizes were never checked; with values that may be written to.
template <class C> using IfContainer = std::enable_if_t<!std::is_array_v<std::remove_reference_t<C>>, IfValues<C>>;
template <class C> using IfWritable = std::enable_if_t<!std::is_const_v<Value<C>>, IfContainer<C>>;

// A view of rows of numbers, whose memory stays the caller's: contiguous, row after row; for other strides (in bytes),
// make it from a netlet_array. Of a container it is one column, until it is given to a network, whose rows it is then
// divided into.
struct Array : netlet_array {
  template <class T> Array(const T* values, std::size_t row_count, std::size_t column_count)
      : netlet_array{values,   dtype_number<T>(), row_count, column_count, std::ptrdiff_t(column_count * sizeof(T)),
                     sizeof(T)} {}
  template <class C, class = IfValues<const C>> Array(const C& values)
      : Array(std::data(values), std::size(values), 1) {
    is_flat = true;
  }
  explicit Array(const netlet_array& array) : netlet_array(array) {}

  // The same values in rows of so many columns; as it is, unless it is of a container.
  Array in_rows(std::size_t of_columns, const char* name) const {
    Array shaped = *this;
    if (!shaped.divide(of_columns))
      throw Error(NETLET_ERROR_ARGUMENT, (std::string(name) + ": expected rows of " + std::to_string(of_columns) +
                                          " values, got " + std::to_string(rows) + " values")
                                             .c_str());
    return shaped;
  }
  bool divide(std::size_t of_columns) noexcept NETLET_NONBLOCKING {
    if (!is_flat) return true;
    if (of_columns == 0 || rows % of_columns != 0) return false;
    is_flat = false;
    rows /= of_columns;
    columns = of_columns;
    row_stride = column_stride * std::ptrdiff_t(of_columns);
    return true;
  }

  bool is_flat = false;  // of a container, so its rows are still to be found
};

// What outputs are compared with: targets y, optionally with a weight for each row; or the derivative of a loss of your
// own with respect to the outputs. The arrays' memory stays the caller's. y has Network::targets() columns; with
// cross_entropy it may be one column of class indices of an integer type.
class Network;
class Targets {
 public:
  Targets(const Array& y) : y_(y) {}
  template <class C, class = IfValues<const C>> Targets(const C& y) : y_(y) {}
  template <class T> Targets(const T* y, std::size_t rows, std::size_t columns) : y_(Array(y, rows, columns)) {}
  Targets(const Array& y, const Array& sample_weight) : y_(y), weight_(sample_weight), weighted_(true) {}
  static Targets output_gradient(const Array& gradient) {
    Targets targets(gradient);
    targets.is_gradient_ = true;
    return targets;
  }
  // The mean weight of larger data that these rows are a part of; Reduction::mean divides by their number times this.
  Targets& weight_mean(double mean) {
    weight_mean_ = mean;
    return *this;
  }
  // Missing::ignore: NaN in y is a target that is missing, which adds nothing to loss and derivatives.
  Targets& missing(Missing missing) {
    missing_ = missing;
    return *this;
  }
  // valid as long as this object is
  netlet_targets get() const {
    return {is_gradient_ ? nullptr : &y_, weighted_ ? &weight_ : nullptr, is_gradient_ ? &y_ : nullptr, weight_mean_,
            std::int32_t(missing_)};
  }
  // For that many rows of a network; a container of as many integers as rows holds classes.
  inline Targets in_rows(const Network& network, std::size_t rows) const;

 private:
  Array y_, weight_{netlet_array{}};
  bool weighted_ = false, is_gradient_ = false;
  double weight_mean_ = 0;
  Missing missing_ = Missing::refuse;
};

// An optimizer and its state. Movable, not copyable; each network needs its own, and it serves one call at a time.
class Optimizer {
 public:
  explicit Optimizer(const netlet_optimizer_config& config) {
    Check check;
    netlet_optimizer* optimizer;
    check(netlet_optimizer_create(&config, &optimizer, check));
    handle_.reset(optimizer);
  }
  explicit Optimizer(netlet_optimizer* handle) : handle_(handle) {}  // takes ownership
  netlet_optimizer* get() const noexcept { return handle_.get(); }
  netlet_optimizer_config config() const { return netlet_optimizer_get_config(get()); }
  std::uint64_t steps() const { return netlet_optimizer_get_progress(get()).steps; }
  void set_learning_rate(double rate) {
    Check check;
    check(netlet_optimizer_set_learning_rate(get(), rate, check));
  }

 private:
  struct Free {
    void operator()(netlet_optimizer* optimizer) const { netlet_optimizer_free(optimizer); }
  };
  std::unique_ptr<netlet_optimizer, Free> handle_;
};

// The default settings of a kind. The functions below give optimizers; for other settings, such as penalties and
// clipping, change these:
//
//   netlet_optimizer_config config = netlet::config_of(NETLET_ADAM);
//   config.clip_norm = 1;
//   netlet::Optimizer optimizer(config);
inline netlet_optimizer_config config_of(netlet_optimizer_kind kind) { return netlet_optimizer_defaults(kind); }

// v = momentum v + g; w = w - learning_rate v, or with nesterov w - learning_rate (momentum v + g)
inline Optimizer SGD(double learning_rate = 0.1, double momentum = 0, bool nesterov = false) {
  netlet_optimizer_config config = config_of(NETLET_SGD);
  config.learning_rate = learning_rate;
  config.momentum = momentum;
  config.nesterov = nesterov;
  return Optimizer(config);
}
// Kingma and Ba, "Adam: a method for stochastic optimization", 2015
inline Optimizer Adam(double learning_rate = 0.001, double beta_1 = 0.9, double beta_2 = 0.999, double epsilon = 1e-8) {
  netlet_optimizer_config config = config_of(NETLET_ADAM);
  config.learning_rate = learning_rate;
  config.beta_1 = beta_1;
  config.beta_2 = beta_2;
  config.epsilon = epsilon;
  return Optimizer(config);
}
// Loshchilov and Hutter, "Decoupled weight decay regularization", 2019
inline Optimizer AdamW(double learning_rate = 0.001, double weight_decay = 0.01) {
  netlet_optimizer_config config = config_of(NETLET_ADAM);
  config.learning_rate = learning_rate;
  config.weight_decay = weight_decay;
  return Optimizer(config);
}
// Tieleman and Hinton, "Lecture 6.5 - rmsprop", 2012
inline Optimizer RMSprop(double learning_rate = 0.001, double rho = 0.9, double momentum = 0, double epsilon = 1e-8) {
  netlet_optimizer_config config = config_of(NETLET_RMSPROP);
  config.learning_rate = learning_rate;
  config.rho = rho;
  config.momentum = momentum;
  config.epsilon = epsilon;
  return Optimizer(config);
}
// Igel and Huesken, "Improving the Rprop learning algorithm", 2000; each batch must hold all rows
inline Optimizer Rprop(double learning_rate = 0.01) {
  netlet_optimizer_config config = config_of(NETLET_RPROP);
  config.learning_rate = learning_rate;
  return Optimizer(config);
}

// One value per epoch. Losses are on the network's scale; accuracies are empty for losses without classes,
// validation_... without validation data. weight: of the last epoch, the number of rows or the sum of their weights.
struct History {
  std::vector<double> loss, seconds, accuracy, learning_rate, validation_loss, validation_accuracy;
  double weight = 0, validation_weight = 0;
};

// A batch; the memory that its arrays show must stay valid until the next batch is asked for.
struct Batch {
  Array x;
  Targets targets;
};

// Sums over a part of a batch: one buffer, as netlet.h describes it under "batches in parts".
typedef std::vector<unsigned char> Partial;

// Adds two partials of a task that have no block in common.
inline Partial combine(const Partial& a, const Partial& b) {
  std::size_t size = 0;
  Check check;
  check(netlet_combine(a.data(), a.size(), b.data(), b.size(), nullptr, &size, check));
  Partial sum(size);
  check(netlet_combine(a.data(), a.size(), b.data(), b.size(), sum.data(), &size, check));
  sum.resize(size);
  return sum;
}

// Batches one by one: returns the next batch of an epoch, or null at its end.
typedef std::function<const Batch*()> NextBatch;

struct FitOptions {
  std::size_t epochs = 1;
  std::size_t batch_size = 0;  // 0: all rows
  bool shuffle = true;
  std::optional<std::uint64_t> seed = {};                        // of order and dropout; by default the network's
  bool standardize_inputs = false, standardize_outputs = false;  // learned from the data, unless there already
  netlet_schedule schedule = {};  // by default constant; for a function set schedule_function instead
  std::function<double(std::uint64_t epoch)> schedule_function = {};
  bool resume = false;  // schedules count the epochs of the network's life, in place of those of this call
  // both or neither; their memory is read during the call
  const Array* validation_x = nullptr;
  const Targets* validation_targets = nullptr;
  NextBatch next_validation_batch = {};  // in place of them: validation data batch by batch, after each epoch
  std::size_t patience = 0;              // 0: no early stopping
  double min_delta = 0;
  // Called after each epoch; true ends training. It may read the network and write to its parameters. All functions are
  // called on the thread that called fit.
  std::function<bool(const netlet_epoch&, const History&)> on_epoch = {};
  // Called whenever the optimizer has taken a multiple of step_interval steps, counted over its life; true ends training.
  // It may do what on_epoch may. An epoch that it ends before its last step does not count, but its steps are kept.
  std::function<bool(std::uint64_t step)> on_step = {};
  std::uint64_t step_interval = 1;
  // For Network::fit without data, on rows that are elsewhere: the sums of a task over all of its rows, as
  // Network::partial and combine give them. It may read the network, whose parameters are those of the step.
  std::function<Partial(const netlet_task& task)> sums = {};
  std::size_t rows = 0;             // with sums: how many there are
  bool weighted = false;            // with sums: rows have weights
  std::size_t validation_rows = 0;  // with sums: of validation data, which are elsewhere, too
  // Called about every 20 ms, also before the first step; true ends training with NETLET_ERROR_INTERRUPTED. It may not
  // use the network.
  std::function<bool()> poll = {};
};

struct NetworkOptions {
  // huber: delta, on the network's scale; quantile: q of each output; empty: delta 1, every q 1/2
  std::vector<double> loss_parameters = {};
  std::vector<double> dropout = {};  // the share of each hidden layer; empty: none
};

// The bytes of a file, in memory.
class Bytes {
 public:
  Bytes(void* data, std::size_t size) : data_(data), size_(size) {}  // takes ownership
  const void* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(void* bytes) const { netlet_free_bytes(bytes); }
  };
  std::unique_ptr<void, Free> data_;
  std::size_t size_;
};

struct Checkpoint;

// Memory for calls of Network::forward that must not allocate, for up to `rows` rows. Each thread needs its own. It may
// also serve other networks that need no more (netlet_workspace_size); if it is too small, forward fails.
class Workspace {
 public:
  inline Workspace(const Network& network, std::size_t rows);
  void* data() noexcept NETLET_NONBLOCKING {
    return memory_.get() + (64 - reinterpret_cast<std::uintptr_t>(memory_.get()) % 64) % 64;
  }
  std::size_t size() const noexcept NETLET_NONBLOCKING { return size_; }

 private:
  std::size_t size_;
  std::unique_ptr<unsigned char[]> memory_;  // 63 bytes more than needed, to align data() to 64
};

class Network {
 public:
  // All parameters start at 0, from which most networks cannot learn: call initialize() next, or write your own values.
  // activations: one for each layer, the output layer included. gaussian_nll needs an even number of outputs: output 2j
  // is the mean of target j, output 2j + 1 its log variance.
  Network(const std::vector<std::size_t>& layer_sizes, const std::vector<Activation>& activations,
          Loss loss = Loss::squared_error, Reduction reduction = Reduction::sum, Dtype dtype = Dtype::float64,
          const NetworkOptions& options = {}) {
    if (activations.size() + 1 != layer_sizes.size())
      throw Error(NETLET_ERROR_ARGUMENT, ("activations: expected one for each of the " +
                                          std::to_string(layer_sizes.empty() ? 0 : layer_sizes.size() - 1) +
                                          " layers, got " + std::to_string(activations.size()))
                                             .c_str());
    std::vector<std::int32_t> numbers;
    for (const Activation a : activations) numbers.push_back(std::int32_t(a));
    require_count("dropout", options.dropout.size(), layer_sizes.size() < 2 ? 0 : layer_sizes.size() - 2);
    const netlet_config config = {layer_sizes.data(),
                                  layer_sizes.size(),
                                  numbers.data(),
                                  std::int32_t(loss),
                                  std::int32_t(reduction),
                                  std::int32_t(dtype),
                                  options.loss_parameters.empty() ? nullptr : options.loss_parameters.data(),
                                  options.loss_parameters.size(),
                                  options.dropout.empty() ? nullptr : options.dropout.data()};
    Check check;
    netlet_network* network;
    check(netlet_network_create(&config, &network, check));
    handle_.reset(network);
  }
  // Sigmoid in every layer, squared error.
  explicit Network(const std::vector<std::size_t>& layer_sizes, Dtype dtype = Dtype::float64)
      : Network(layer_sizes,
                std::vector<Activation>(layer_sizes.empty() ? 0 : layer_sizes.size() - 1, Activation::sigmoid),
                Loss::squared_error, Reduction::sum, dtype) {}

  // An independent network with the same parameters, scaling, seed and epochs_trained.
  Network copy() const {
    Check check;
    netlet_network* network;
    check(netlet_network_copy(get(), &network, check));
    return Network(network);
  }

  explicit Network(netlet_network* handle) : handle_(handle) {}  // takes ownership

  // Replaces the file as a whole. An optimizer is saved with its settings and state, to resume training.
  void save(const std::string& path, const Optimizer* optimizer = nullptr) const {
    Check check;
    check(netlet_save(get(), optimizer ? optimizer->get() : nullptr, Check::path_of(path), check), path);
  }
  static Network load(const std::string& path) {
    Check check;
    netlet_network* network;
    check(netlet_load(Check::path_of(path), &network, nullptr, check), path);
    return Network(network);
  }
  static Checkpoint load_checkpoint(const std::string& path);
  Bytes to_bytes(const Optimizer* optimizer = nullptr) const {
    Check check;
    void* bytes;
    std::size_t size;
    check(netlet_to_bytes(get(), optimizer ? optimizer->get() : nullptr, &bytes, &size, check));
    return Bytes(bytes, size);
  }
  static Checkpoint from_bytes(const void* bytes, std::size_t size);

  netlet_network* get() const noexcept { return handle_.get(); }
  std::vector<std::size_t> layer_sizes() const {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < netlet_layer_size_count(get()); ++i) sizes.push_back(netlet_layer_size(get(), i));
    return sizes;
  }
  std::size_t inputs() const { return netlet_inputs(get()); }
  std::size_t outputs() const { return netlet_outputs(get()); }
  std::size_t targets() const { return netlet_target_count(get()); }  // columns of y: outputs(), or half of them
  std::size_t predictions() const { return netlet_prediction_count(get()); }  // columns of predict: targets(), or 1
  Activation activation(std::size_t layer) const { return Activation(netlet_layer_activation(get(), layer)); }
  Loss loss() const { return Loss(netlet_network_loss(get())); }
  Reduction reduction() const { return Reduction(netlet_network_reduction(get())); }
  Dtype dtype() const { return Dtype(netlet_network_dtype(get())); }
  std::uint64_t epochs_trained() const { return netlet_epochs_trained(get()); }
  void set_epochs_trained(std::uint64_t epochs) { netlet_set_epochs_trained(get(), epochs); }

  std::uint64_t seed() const { return netlet_seed(get()); }
  void set_seed(std::uint64_t seed) { netlet_set_seed(get(), seed); }
  bool has_classes() const { return loss() == Loss::binary_cross_entropy || loss() == Loss::cross_entropy; }

  // W1, b1, W2, b2, ...; T is the network's dtype, float or double. The network owns them. Do not write to them while
  // another thread uses the network.
  template <class T> T* parameters() {
    require<T>("parameters");
    return static_cast<T*>(netlet_parameters(get()));
  }
  template <class T> const T* parameters() const {
    require<T>("parameters");
    return static_cast<const T*>(netlet_parameters(get()));
  }
  std::size_t parameter_count() const { return netlet_parameter_count(get()); }
  // Those of one layer, counted from 0: inputs x outputs weights, row after row; a bias for each output.
  template <class T> T* weights(std::size_t layer) { return parameters<T>() + weights_before(layer); }
  template <class T> const T* weights(std::size_t layer) const { return parameters<T>() + weights_before(layer); }
  template <class T> T* biases(std::size_t layer) { return parameters<T>() + biases_before(layer); }
  template <class T> const T* biases(std::size_t layer) const { return parameters<T>() + biases_before(layer); }

  void initialize(Init init, std::uint64_t seed) {
    Check check;
    check(netlet_initialize(get(), std::int32_t(init), seed, check));
  }
  std::string fingerprint() const {
    Check check;
    char hex[65];
    check(netlet_fingerprint(get(), hex, check));
    return hex;
  }

  // In what follows, T is the network's dtype, or void for memory that holds values of it.

  // out: x.rows x outputs() values; with gaussian_nll, mean and log variance of each target in turn
  template <class T> void forward(const Array& x, T* out) const {
    require<T>("out");
    const Array rows = inputs_of(x);
    Check check;
    check(netlet_forward(get(), &rows, out, check));
  }
  template <class C, class = IfWritable<C>> void forward(const Array& x, C&& out) const {
    forward(x, checked("out", out, inputs_of(x).rows, outputs()));
  }
  template <class T> std::vector<T> forward(const Array& x) const {
    return returned<T>(inputs_of(x).rows, outputs(), [&](T* out) { forward(x, out); });
  }
  // What the outputs say, as Python's predict gives it: netlet_predict. out: x.rows x predictions() values, for losses
  // with classes of std::int64_t, for others of the network's dtype.
  template <class T> void predict(const Array& x, T* out) const {
    require<T>("out", netlet_prediction_dtype(get()), has_classes() ? "for this loss" : "the network's dtype");
    const Array rows = inputs_of(x);
    Check check;
    check(netlet_predict(get(), &rows, out, check));
  }
  template <class C, class = IfWritable<C>> void predict(const Array& x, C&& out) const {
    predict(x, checked("out", out, inputs_of(x).rows, predictions()));
  }
  template <class T> std::vector<T> predict(const Array& x) const {
    return returned<T>(inputs_of(x).rows, predictions(), [&](T* out) { predict(x, out); });
  }
  // For real-time threads: no allocation, lock, system call or exception. NETLET_ERROR_BUSY if another call is changing
  // the network. With `error` the C library formats a message, which may take its time.
  template <class T> netlet_status forward(const Array& x, T* out, Workspace& workspace,
                                           netlet_error* error = nullptr) const noexcept NETLET_NONBLOCKING {
    Array rows = x;
    const char* wrong = nullptr;
    if (rows.is_flat && !rows.divide(netlet_inputs(get())))
      wrong = "x: expected rows of as many values as the network has inputs";
    else if (!is_dtype<T>())
      wrong = "out: expected values of the network's dtype";
    else
      return netlet_forward_realtime(get(), &rows, out, workspace.data(), workspace.size(), error);
    return refused(wrong, error);
  }
  template <class C, class = IfWritable<C>>
  netlet_status forward(const Array& x, C&& out, Workspace& workspace,
                        netlet_error* error = nullptr) const noexcept NETLET_NONBLOCKING {
    Array rows = x;
    if (rows.divide(netlet_inputs(get())) && !fits(std::size(out), rows.rows, netlet_outputs(get())))
      return refused("out: expected as many values as the rows have outputs", error);
    return forward(rows, std::data(out), workspace, error);
  }
  // loss; accuracy, for losses with classes; rmse and mae in the targets' own units, for those without
  netlet_evaluation evaluate(const Array& x, const Targets& targets) const {
    return evaluate(x, targets, sizeof(netlet_evaluation));
  }
  double loss(const Array& x, const Targets& targets) const { return evaluate(x, targets, sizeof(double)).loss; }
  // The loss. gradient: with respect to the parameters, parameter_count() values
  template <class T> double backward(const Array& x, const Targets& targets, T* gradient) const {
    require<T>("gradient");
    const Examples given(*this, x, targets);
    Check check;
    double loss;
    check(netlet_backward(get(), &given.x, &given.c, &loss, gradient, check));
    return loss;
  }
  template <class C, class = IfWritable<C>>
  double backward(const Array& x, const Targets& targets, C&& gradient) const {
    return backward(x, targets, checked("gradient", gradient, 1, parameter_count()));
  }
  // of each row's loss with respect to its inputs; out: x.rows x inputs() values
  template <class T> void input_gradient(const Array& x, const Targets& targets, T* out) const {
    require<T>("out");
    const Examples given(*this, x, targets);
    Check check;
    check(netlet_input_gradient(get(), &given.x, &given.c, out, check));
  }
  template <class C, class = IfWritable<C>> void input_gradient(const Array& x, const Targets& targets, C&& out) const {
    input_gradient(x, targets, checked("out", out, inputs_of(x).rows, inputs()));
  }
  // of each row's loss with respect to the parameters; out: x.rows x parameter_count() values
  template <class T> void row_gradients(const Array& x, const Targets& targets, T* out) const {
    require<T>("out");
    const Examples given(*this, x, targets);
    Check check;
    check(netlet_row_gradients(get(), &given.x, &given.c, out, check));
  }
  template <class C, class = IfWritable<C>> void row_gradients(const Array& x, const Targets& targets, C&& out) const {
    row_gradients(x, targets, checked("out", out, inputs_of(x).rows, parameter_count()));
  }
  // over batches that come one by one, with the bits that all their rows together would give
  netlet_evaluation evaluate(const NextBatch& next) const {
    Batches batches{next, {*this, {}}, nullptr};
    netlet_evaluation evaluation = {};
    Check check;
    batches.finish(
        netlet_evaluate_batches(get(), &Batches::next_batch, &batches, &evaluation, sizeof evaluation, check), check);
    return evaluation;
  }
  // of each output with respect to each input; out: x.rows x outputs() x inputs() values
  template <class T> void jacobian(const Array& x, T* out) const {
    require<T>("out");
    const Array rows = inputs_of(x);
    Check check;
    check(netlet_jacobian(get(), &rows, out, check));
  }
  template <class C, class = IfWritable<C>> void jacobian(const Array& x, C&& out) const {
    jacobian(x, checked("out", out, inputs_of(x).rows, outputs() * inputs()));
  }

  // inputs() or targets() values each; empty vectors: no scaling.
  void set_scaling(Scaling kind, const std::vector<double>& shift, const std::vector<double>& scale) {
    const std::size_t count = kind == Scaling::inputs ? inputs() : targets();
    require_count("shift", shift.size(), count);
    require_count("scale", scale.size(), count);
    Check check;
    check(netlet_set_scaling(get(), std::int32_t(kind), shift.empty() ? nullptr : shift.data(),
                             scale.empty() ? nullptr : scale.data(), check));
  }
  // sample_weight: one column, or null
  void learn_scaling(Scaling kind, const Array& rows, const Array* sample_weight = nullptr,
                     Missing missing = Missing::refuse) {
    const Array shaped = kind == Scaling::inputs ? inputs_of(rows) : rows.in_rows(targets(), "y");
    Check check;
    check(netlet_learn_scaling(get(), std::int32_t(kind), &shaped, sample_weight, std::int32_t(missing), check));
  }

  // From batches that come one by one, and twice: next() begins again after it has returned null.
  void learn_scaling(const std::vector<Scaling>& kinds, const NextBatch& next) {
    Batches batches{next, {*this, {}}, nullptr};
    std::int32_t sum = 0;
    for (const Scaling kind : kinds) sum |= std::int32_t(kind);
    Check check;
    batches.finish(netlet_learn_scaling_batches(get(), sum, &Batches::next_batch, &batches, check), check);
  }

  // One step on one batch; returns the loss before it.
  double step(const Array& x, const Targets& targets, Optimizer& optimizer) {
    const Examples given(*this, x, targets);
    Check check;
    double loss;
    check(netlet_step(get(), &given.x, &given.c, optimizer.get(), &loss, check));
    return loss;
  }
  // In parts: the task of a step, the sums over rows from first_row of the batch on, and the step along all parts' sums.
  netlet_task step_task(std::size_t rows, const Optimizer& optimizer) const {
    return netlet_step_task(get(), rows, optimizer.steps());
  }
  Partial partial(const Array& x, const Targets& targets, const netlet_task& task, std::size_t first_row = 0) const {
    const Examples given(*this, x, targets);
    const std::size_t size = netlet_partial_size(get(), &task, first_row, given.x.rows);
    Partial sums(size == SIZE_MAX ? 0 : size);  // which netlet_partial refuses
    Check check;
    check(netlet_partial(get(), &given.x, &given.c, &task, first_row, sums.data(), sums.size(), check));
    return sums;
  }
  // The loss before the step. weight_mean: as in Targets; 0: by the rows' own weights
  double finish(const Partial& total, Optimizer& optimizer, double weight_mean = 0) {
    Check check;
    double loss;
    check(netlet_finish(get(), total.data(), total.size(), weight_mean, optimizer.get(), nullptr, &loss, check));
    return loss;
  }
  // The loss, and what backward would give: parameter_count() values
  template <class T> double finish(const Partial& total, T* gradient, double weight_mean = 0) const {
    require<T>("gradient");
    Check check;
    double loss;
    check(netlet_finish(get(), total.data(), total.size(), weight_mean, nullptr, gradient, &loss, check));
    return loss;
  }
  template <class C, class = IfWritable<C>>
  double finish(const Partial& total, C&& gradient, double weight_mean = 0) const {
    return finish(total, checked("gradient", gradient, 1, parameter_count()), weight_mean);
  }
  // One step along a gradient of your own: parameter_count() values.
  template <class T> void apply_gradient(const T* gradient, Optimizer& optimizer) {
    require<T>("gradient");
    Check check;
    check(netlet_apply_gradient(get(), gradient, optimizer.get(), check));
  }
  template <class C, class = IfContainer<const C>> void apply_gradient(const C& gradient, Optimizer& optimizer) {
    apply_gradient(checked("gradient", gradient, 1, parameter_count()), optimizer);
  }

  History fit(const Array& x, const Targets& targets, Optimizer& optimizer, const FitOptions& options) {
    History history;
    fit(x, targets, optimizer, options, history);
    return history;
  }
  History fit(const Array& x, const Targets& targets, Optimizer&& optimizer, const FitOptions& options) {
    return fit(x, targets, optimizer, options);
  }
  // After a failure, `history` has the epochs before it.
  void fit(const Array& x, const Targets& targets, Optimizer& optimizer, const FitOptions& options, History& history) {
    const Examples given(*this, x, targets);
    fit(&given.x, &given.c, nullptr, optimizer, options, history);
  }
  typedef netlet::NextBatch NextBatch;
  History fit(const NextBatch& next, Optimizer& optimizer, const FitOptions& options) {
    History history;
    fit(next, optimizer, options, history);
    return history;
  }
  void fit(const NextBatch& next, Optimizer& optimizer, const FitOptions& options, History& history) {
    fit(nullptr, nullptr, &next, optimizer, options, history);
  }
  // On rows that are elsewhere: with options.sums.
  History fit(Optimizer& optimizer, const FitOptions& options) {
    History history;
    fit(optimizer, options, history);
    return history;
  }
  void fit(Optimizer& optimizer, const FitOptions& options, History& history) {
    fit(nullptr, nullptr, nullptr, optimizer, options, history);
  }

 private:
  struct Free {
    void operator()(netlet_network* network) const { netlet_network_free(network); }
  };

  // What a call is given, in rows of this network.
  struct Examples {
    Array x;
    Targets targets;
    netlet_targets c;
    Examples(const Network& net, const Array& given, const Targets& given_targets)
        : x(net.inputs_of(given)), targets(given_targets.in_rows(net, x.rows)), c(targets.get()) {}
    Examples(const Examples&) = delete;
    Examples& operator=(const Examples&) = delete;
  };
  // The batch that the caller has given last.
  struct Given {
    const Network& network;
    std::optional<Examples> batch;
    int put(const NextBatch& next, netlet_batch* to) {
      const Batch* const given = next();
      if (!given) return 0;
      batch.emplace(network, given->x, given->targets);
      *to = {batch->x, batch->c};
      return 1;
    }
  };
  Array inputs_of(const Array& x) const { return x.is_flat ? x.in_rows(inputs(), "x") : x; }

  static bool fits(std::size_t size, std::size_t rows, std::size_t each) noexcept NETLET_NONBLOCKING {
    return each ? size % each == 0 && size / each == rows : size == 0;
  }
  // Where the values of a container are, if there are as many as that.
  template <class C> static auto checked(const char* name, C&& values, std::size_t rows, std::size_t each) {
    if (!fits(std::size(values), rows, each))
      throw Error(NETLET_ERROR_ARGUMENT,
                  (std::string(name) + ": expected " + (rows == 1 ? "" : std::to_string(rows) + " rows of ") +
                   std::to_string(each) + " values, got " + std::to_string(std::size(values)) + " values")
                      .c_str());
    return std::data(values);
  }
  template <class T, class F> static std::vector<T> returned(std::size_t rows, std::size_t each, F write) {
    static_assert(std::is_arithmetic_v<T>, "name the type of the results, as in net.forward<double>(x)");
    if (each && rows > SIZE_MAX / sizeof(T) / each)
      throw Error(NETLET_ERROR_MEMORY, "x: so many rows that the memory for the results overflows");
    std::vector<T> values(rows * each);
    write(values.data());
    return values;
  }

  netlet_evaluation evaluate(const Array& x, const Targets& targets, std::size_t size) const {
    Check check;
    netlet_evaluation evaluation = {};
    const Examples given(*this, x, targets);
    check(netlet_evaluate(get(), &given.x, &given.c, &evaluation, size, check));
    return evaluation;
  }

  void fit(const netlet_array* x, const netlet_targets* targets, const NextBatch* next, Optimizer& optimizer,
           const FitOptions& options, History& history) {
    const bool validates = options.validation_x || options.next_validation_batch || options.validation_rows;
    Fitting fitting{options, history, has_classes(), validates, next, {*this, {}}, {*this, {}}, nullptr};
    netlet_fit_options c = {};
    std::optional<Examples> validation;
    c.epochs = options.epochs;
    c.batch_size = options.batch_size;
    c.shuffle = options.shuffle;
    c.seed = options.seed.value_or(seed());
    c.standardize = (options.standardize_inputs ? NETLET_SCALE_INPUTS : 0) |
                    (options.standardize_outputs ? NETLET_SCALE_OUTPUTS : 0);
    c.schedule = options.schedule;
    if (options.schedule_function) {
      c.schedule.kind = NETLET_FUNCTION;
      c.schedule.function = &Fitting::factor;
    }
    c.resume = options.resume;
    c.validation_x = options.validation_x;  // one without the other is refused
    netlet_targets alone = {};
    if (options.validation_x && options.validation_targets) {
      validation.emplace(*this, *options.validation_x, *options.validation_targets);
      c.validation_x = &validation->x;
      c.validation_targets = &validation->c;
    } else if (options.validation_targets) {
      alone = options.validation_targets->get();
      c.validation_targets = &alone;
    }
    c.patience = options.patience;
    c.min_delta = options.min_delta;
    if (next) c.next_batch = &Fitting::next_batch;
    if (options.next_validation_batch) c.next_validation_batch = &Fitting::next_validation_batch;
    if (options.sums) c.sums = &Fitting::sums;
    c.rows = options.rows;
    c.weighted = options.weighted;
    c.validation_rows = options.validation_rows;
    c.on_epochs = &Fitting::on_epochs;
    c.report_together = !options.on_epoch && !options.on_step;
    if (options.on_step) c.on_step = &Fitting::on_step;
    c.step_interval = options.step_interval;
    if (options.poll) c.poll = &Fitting::poll;
    c.context = &fitting;
    const std::size_t expected = options.epochs < 65536 ? options.epochs : 65536;
    for (std::vector<double>* column : {&history.loss, &history.seconds, &history.learning_rate})
      column->reserve(column->size() + expected);
    Check check;
    const netlet_status status = netlet_fit(get(), x, targets, optimizer.get(), &c, check);
    if (fitting.thrown) std::rethrow_exception(fitting.thrown);
    check(status);
  }

  // No exception may pass through C: callbacks catch them here, and fit throws them again.
  struct Fitting {
    const FitOptions& options;
    History& history;
    bool has_accuracy, validates;
    const NextBatch* next;
    Given batches, validation;
    std::exception_ptr thrown;

    template <class F> int guarded(int failed, F f) {
      try {
        return f();
      } catch (...) {
        thrown = std::current_exception();
        return failed;
      }
    }
    static int on_epochs(void* context, const netlet_epoch* epochs, std::size_t count) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(-1, [&] {
        History& so_far = self.history;
        const auto append = [&](std::vector<double>& column, double netlet_epoch::* figure) {
          const std::size_t size = column.size();
          column.resize(size + count);
          for (std::size_t i = 0; i < count; ++i) column[size + i] = epochs[i].*figure;
        };
        append(so_far.seconds, &netlet_epoch::seconds);
        append(so_far.learning_rate, &netlet_epoch::learning_rate);
        if (self.has_accuracy) append(so_far.accuracy, &netlet_epoch::accuracy);
        if (self.validates) append(so_far.validation_loss, &netlet_epoch::validation_loss);
        if (self.validates && self.has_accuracy) append(so_far.validation_accuracy, &netlet_epoch::validation_accuracy);
        append(so_far.loss, &netlet_epoch::loss);  // last: its size says how many epochs all have
        so_far.weight = epochs[count - 1].weight;
        so_far.validation_weight = epochs[count - 1].validation_weight;
        return self.options.on_epoch && self.options.on_epoch(epochs[0], so_far) ? 1 : 0;
      });
    }
    static int poll(void* context) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(1, [&] { return self.options.poll() ? 1 : 0; });
    }
    static int factor(void* context, std::uint64_t epoch, double* factor) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(1, [&] {
        *factor = self.options.schedule_function(epoch);
        return 0;
      });
    }
    static int on_step(void* context, std::uint64_t step) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(-1, [&] { return self.options.on_step(step) ? 1 : 0; });
    }
    static int sums(void* context, const netlet_task* task, void* total, std::size_t size) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(1, [&] {
        const Partial sums = self.options.sums(*task);
        if (sums.size() != size)
          throw Error(NETLET_ERROR_ARGUMENT, ("sums: expected the sums over all rows, " + std::to_string(size) +
                                              " bytes, got " + std::to_string(sums.size()))
                                                 .c_str());
        std::memcpy(total, sums.data(), size);
        return 0;
      });
    }
    static int next_batch(void* context, netlet_batch* batch) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(-1, [&] { return self.batches.put(*self.next, batch); });
    }
    static int next_validation_batch(void* context, netlet_batch* batch) {
      Fitting& self = *static_cast<Fitting*>(context);
      return self.guarded(-1, [&] { return self.validation.put(self.options.next_validation_batch, batch); });
    }
  };

  // Batches for calls that do nothing else with the caller's functions.
  struct Batches {
    const NextBatch& next;
    Given given;
    std::exception_ptr thrown;
    static int next_batch(void* context, netlet_batch* batch) {
      Batches& self = *static_cast<Batches*>(context);
      try {
        return self.given.put(self.next, batch);
      } catch (...) {
        self.thrown = std::current_exception();
        return -1;
      }
    }
    void finish(netlet_status status, const Check& check) const {
      if (thrown) std::rethrow_exception(thrown);
      check(status);
    }
  };
  std::size_t weights_before(std::size_t layer) const {
    const std::size_t layers = netlet_layer_size_count(get()) - 1;
    if (layer >= layers)
      throw Error(
          NETLET_ERROR_ARGUMENT,
          ("layer: expected a number below " + std::to_string(layers) + ", got " + std::to_string(layer)).c_str());
    std::size_t before = 0;
    for (std::size_t i = 0; i < layer; ++i)
      before += (netlet_layer_size(get(), i) + 1) * netlet_layer_size(get(), i + 1);
    return before;
  }
  std::size_t biases_before(std::size_t layer) const {
    return weights_before(layer) + netlet_layer_size(get(), layer) * netlet_layer_size(get(), layer + 1);
  }
  static void require_count(const char* name, std::size_t count, std::size_t expected) {
    if (count == 0 || count == expected) return;
    throw Error(NETLET_ERROR_ARGUMENT,
                (std::string(name) + ": expected " + std::to_string(expected) + " values, got " + std::to_string(count))
                    .c_str());
  }
  static netlet_status refused(const char* message, netlet_error* error) noexcept NETLET_NONBLOCKING {
    if (error) {
      *error = {};
      for (std::size_t i = 0; i + 1 < sizeof error->message && message[i]; ++i) error->message[i] = message[i];
    }
    return NETLET_ERROR_ARGUMENT;
  }
  template <class T> bool is_dtype() const noexcept NETLET_NONBLOCKING {
    if constexpr (std::is_void_v<T>)
      return true;
    else
      return dtype_number<T>() == netlet_network_dtype(get());
  }
  template <class T> void require(const char* name) const {
    require<T>(name, netlet_network_dtype(get()), "the network's dtype");
  }
  template <class T> static void require(const char* name, int expected, const char* why) {
    if constexpr (!std::is_void_v<T>)
      if (dtype_number<T>() != expected)
        throw Error(NETLET_ERROR_ARGUMENT, (std::string(name) + ": expected " + netlet_dtype_name(expected) + ", " +
                                            why + ", got " + netlet_dtype_name(dtype_number<T>()))
                                               .c_str());
  }
  std::unique_ptr<netlet_network, Free> handle_;
};

inline Targets Targets::in_rows(const Network& network, std::size_t rows) const {
  Targets shaped = *this;
  const bool by_class =
      network.loss() == Loss::cross_entropy && !is_gradient_ && y_.dtype > NETLET_FLOAT64 && y_.rows == rows;
  shaped.y_ = y_.in_rows(is_gradient_ ? network.outputs()
                         : by_class   ? 1
                                      : network.targets(),
                         is_gradient_ ? "output_gradient" : "y");
  return shaped;
}

inline Workspace::Workspace(const Network& network, std::size_t rows)
    : size_(netlet_workspace_size(network.get(), rows)) {
  if (size_ > SIZE_MAX - 63) throw Error(NETLET_ERROR_MEMORY, "rows: so many that the memory for them overflows");
  memory_ = std::make_unique<unsigned char[]>(size_ + 63);
}

// What a file holds: the network, and the optimizer if one was saved.
struct Checkpoint {
  Network network;
  std::optional<Optimizer> optimizer;
};

inline Checkpoint Network::load_checkpoint(const std::string& path) {
  Check check;
  netlet_network* network;
  netlet_optimizer* optimizer;
  check(netlet_load(Check::path_of(path), &network, &optimizer, check), path);
  Checkpoint checkpoint{Network(network), std::nullopt};
  if (optimizer) checkpoint.optimizer.emplace(optimizer);
  return checkpoint;
}
inline Checkpoint Network::from_bytes(const void* bytes, std::size_t size) {
  Check check;
  netlet_network* network;
  netlet_optimizer* optimizer;
  check(netlet_from_bytes(bytes, size, &network, &optimizer, check));
  Checkpoint checkpoint{Network(network), std::nullopt};
  if (optimizer) checkpoint.optimizer.emplace(optimizer);
  return checkpoint;
}

// Replaces a file as a whole, as Network::save does, by bytes of your own.
inline void replace_file(const std::string& path, const void* data, std::size_t size) {
  Check check;
  check(netlet_replace_file(Check::path_of(path), data, size, check), path);
}

// How many threads share the work of a call, the calling thread included; their number never changes a result.
inline std::size_t num_threads() { return netlet_get_num_threads(); }
inline void set_num_threads(std::size_t count) {
  Check check;
  check(netlet_set_num_threads(count, check));
}

// While it lives, calls of the thread that made it use at most `count` threads, and no more than a ThreadLimit around it
// allows. It must end on its thread. See netlet_limit_threads.
class ThreadLimit {
 public:
  explicit ThreadLimit(std::size_t count) : before_(netlet_limit_threads(count)) {
    if (before_ != 0 && (count == 0 || before_ < count)) netlet_limit_threads(before_);
  }
  ~ThreadLimit() { netlet_limit_threads(before_); }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  const std::size_t before_;
};

// For the functions of FitOptions: how far the fit that calls them is; nothing if this thread runs none.
inline std::optional<netlet_progress> fit_progress() {
  netlet_progress progress;
  if (!netlet_fit_progress(&progress)) return std::nullopt;
  return progress;
}

// f(), during which calls of this thread ask poll() about every 20 ms; true ends them with NETLET_ERROR_INTERRUPTED. What
// poll throws leaves with_poll. See netlet_set_poll; there is none afterwards.
template <class Poll, class F> auto with_poll(Poll poll, F&& f) {
  struct Asked {
    Poll& poll;
    std::exception_ptr thrown;
    static int ask(void* context) {
      Asked& self = *static_cast<Asked*>(context);
      try {
        return self.poll() ? 1 : 0;
      } catch (...) {
        self.thrown = std::current_exception();
        return 1;
      }
    }
    explicit Asked(Poll& p) : poll(p) { netlet_set_poll(&ask, this); }
    ~Asked() { netlet_set_poll(nullptr, nullptr); }
  } asked(poll);
  try {
    return f();
  } catch (const Error&) {
    if (asked.thrown) std::rethrow_exception(asked.thrown);
    throw;
  }
}

// y = function(x), elementwise, for `count` contiguous values of float or double; y may be x. function: a Function, or
// an Activation other than softmax.
template <class F, class T> void map(F function, std::size_t count, const T* x, T* y) {
  static_assert(std::is_same_v<F, Function> || std::is_same_v<F, Activation>, "a Function or an Activation is needed");
  Check check;
  check(netlet_map(std::int32_t(function), dtype_number<T>(), count, x, y, check));
}
// The same for containers of the same size.
template <class F, class X, class Y, class = IfValues<const X>, class = IfWritable<Y>>
void map(F function, const X& x, Y&& y) {
  if (std::size(y) != std::size(x))
    throw Error(NETLET_ERROR_ARGUMENT, ("y: expected " + std::to_string(std::size(x)) + " values, as x has, got " +
                                        std::to_string(std::size(y)) + " values")
                                           .c_str());
  map(function, std::size(x), std::data(x), std::data(y));
}

// The order of an epoch's rows in fit; `first`: for windows of the rows, see netlet_shuffled_order.
inline std::vector<std::int64_t> shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::size_t rows,
                                                std::uint64_t first = 0) {
  std::vector<std::int64_t> order(rows);
  Check check;
  check(netlet_shuffled_order(seed, epoch, first, rows, order.data(), check));
  return order;
}

}  // namespace netlet

#endif  // C++17
#endif
