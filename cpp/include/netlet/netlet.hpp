// SPDX-License-Identifier: BSD-3-Clause
// netlet for C++17: classes over netlet.h, in this header alone; nothing of the standard library crosses the link.
//
//   netlet::Network net({2, 3, 1});
//   net.initialize(netlet::Init::glorot_uniform, 0);
//   netlet::Optimizer descent = netlet::SGD(0.1);
//   netlet::FitOptions options;
//   options.epochs = 10000;
//   netlet::History history = net.fit({x, 4, 2}, {y, 4, 1}, descent, options);  // x: 4 rows of 2, y: 4 rows of 1
//
// Every failure throws netlet::Error, with netlet.h's message and status; an exception thrown by a callback comes out of
// the call that ran it. What netlet.h says of memory and threads holds here too.
#ifndef NETLET_HPP
#define NETLET_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
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
  softmax = NETLET_SOFTMAX
};
enum class Loss : std::int32_t {
  squared_error = NETLET_SQUARED_ERROR,
  binary_cross_entropy = NETLET_BINARY_CROSS_ENTROPY,
  cross_entropy = NETLET_CROSS_ENTROPY
};
enum class Reduction : std::int32_t { sum = NETLET_SUM, mean = NETLET_MEAN };
enum class Dtype : std::int32_t { float32 = NETLET_FLOAT32, float64 = NETLET_FLOAT64 };
enum class Init : std::int32_t { glorot_uniform = NETLET_GLOROT_UNIFORM, he_uniform = NETLET_HE_UNIFORM };
enum class Function : std::int32_t {
  exp = NETLET_FUNCTION_EXP,
  log = NETLET_FUNCTION_LOG,
  sigmoid = NETLET_FUNCTION_SIGMOID,
  tanh = NETLET_FUNCTION_TANH,
  softplus = NETLET_FUNCTION_SOFTPLUS
};

class Error : public std::runtime_error {
 public:
  Error(netlet_status status, const char* message) : std::runtime_error(message), status_(status) {}
  netlet_status status() const noexcept { return status_; }

 private:
  netlet_status status_;
};

// Collects what a C call reports, and throws it.
class Check {
 public:
  operator netlet_error*() { return &error_; }
  void operator()(netlet_status status) const {
    if (status != NETLET_OK) throw Error(status, error_.message);
  }

 private:
  netlet_error error_ = {};
};

template <class T> constexpr std::int32_t dtype_number() {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, long double>, "an array of real numbers is needed");
  if constexpr (std::is_floating_point_v<T>)
    return sizeof(T) == 4 ? NETLET_FLOAT32 : NETLET_FLOAT64;
  else
    return (std::is_signed_v<T> ? NETLET_INT8 : NETLET_UINT8) +
           (sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3);
}

// Borrowed rows of numbers: contiguous, row after row, unless strides (in bytes) are given.
struct Array : netlet_array {
  template <class T>
  Array(const T* data, std::size_t rows, std::size_t columns)
      : netlet_array{data, dtype_number<T>(), rows, columns, (std::ptrdiff_t)(columns * sizeof(T)), sizeof(T)} {}
  explicit Array(const netlet_array& array) : netlet_array(array) {}
};

// An optimizer and its state. Movable; one belongs to one network and to one call at a time.
class Optimizer {
 public:
  explicit Optimizer(const netlet_optimizer_config& config) {
    Check check;
    netlet_optimizer* optimizer;
    check(netlet_optimizer_create(&config, &optimizer, check));
    handle_.reset(optimizer);
  }
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

// v = momentum v + g; w = w - learning_rate v (nesterov: w - learning_rate (momentum v + g))
inline Optimizer SGD(double learning_rate = 0.1, double momentum = 0, bool nesterov = false) {
  return Optimizer({NETLET_SGD, nesterov, learning_rate, momentum, 0, 0, 0});
}
// Kingma and Ba, "Adam: a method for stochastic optimization", 2015
inline Optimizer Adam(double learning_rate = 0.001, double beta_1 = 0.9, double beta_2 = 0.999,
                      double epsilon = 1e-8) {
  return Optimizer({NETLET_ADAM, 0, learning_rate, 0, beta_1, beta_2, epsilon});
}

struct History {
  std::vector<double> loss, seconds, accuracy;  // a value an epoch; accuracy is empty for squared_error
};

struct FitOptions {
  std::size_t epochs = 1;
  std::size_t batch_size = 0;  // 0: all rows
  bool shuffle = true;
  std::uint64_t seed = 0;
  // After each epoch; true ends training. May read the network and write to its parameters.
  std::function<bool(const netlet_epoch&, const History&)> on_epoch = {};
  // About every 20 ms; true ends training with NETLET_ERROR_INTERRUPTED.
  std::function<bool()> poll = {};
};

class Network {
 public:
  // Parameters are 0 until initialize() or until they are written. activations: one for each layer, output included.
  Network(const std::vector<std::size_t>& layer_sizes, const std::vector<Activation>& activations,
          Loss loss = Loss::squared_error, Reduction reduction = Reduction::sum, Dtype dtype = Dtype::float64) {
    if (activations.size() + 1 != layer_sizes.size())
      throw Error(NETLET_ERROR_ARGUMENT, ("activations: expected one for each of the " +
                                          std::to_string(layer_sizes.empty() ? 0 : layer_sizes.size() - 1) +
                                          " layers, got " + std::to_string(activations.size()))
                                             .c_str());
    std::vector<std::int32_t> numbers;
    for (const Activation a : activations) numbers.push_back((std::int32_t)a);
    const netlet_config config = {layer_sizes.data(),      layer_sizes.size(), numbers.data(), (std::int32_t)loss,
                                  (std::int32_t)reduction, (std::int32_t)dtype};
    Check check;
    netlet_network* network;
    check(netlet_network_create(&config, &network, check));
    handle_.reset(network);
  }
  // Sigmoid on every layer, squared error.
  explicit Network(const std::vector<std::size_t>& layer_sizes, Dtype dtype = Dtype::float64)
      : Network(layer_sizes,
                std::vector<Activation>(layer_sizes.empty() ? 0 : layer_sizes.size() - 1, Activation::sigmoid),
                Loss::squared_error, Reduction::sum, dtype) {}

  netlet_network* get() const noexcept { return handle_.get(); }
  std::vector<std::size_t> layer_sizes() const {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < netlet_layer_size_count(get()); ++i) sizes.push_back(netlet_layer_size(get(), i));
    return sizes;
  }
  std::size_t inputs() const { return netlet_layer_size(get(), 0); }
  std::size_t outputs() const { return netlet_layer_size(get(), netlet_layer_size_count(get()) - 1); }
  Activation activation(std::size_t layer) const { return (Activation)netlet_layer_activation(get(), layer); }
  Loss loss() const { return (Loss)netlet_network_loss(get()); }
  Reduction reduction() const { return (Reduction)netlet_network_reduction(get()); }
  Dtype dtype() const { return (Dtype)netlet_network_dtype(get()); }
  std::uint64_t epochs_trained() const { return netlet_epochs_trained(get()); }
  void set_epochs_trained(std::uint64_t epochs) { netlet_set_epochs_trained(get(), epochs); }

  // W1, b1, W2, b2, ...; T is float or double, as the network's dtype
  template <class T> T* parameters() const {
    require<T>("parameters");
    return static_cast<T*>(netlet_parameters(get()));
  }
  std::size_t parameter_count() const { return netlet_parameter_count(get()); }

  void initialize(Init init, std::uint64_t seed) {
    Check check;
    check(netlet_initialize(get(), (std::int32_t)init, seed, check));
  }
  std::string fingerprint() const {
    Check check;
    char hex[65];
    check(netlet_fingerprint(get(), hex, check));
    return hex;
  }

  // out: x.rows x outputs() values
  template <class T> void forward(const Array& x, T* out) const {
    require<T>("out");
    forward(x, static_cast<void*>(out));
  }
  void forward(const Array& x, void* out) const {
    Check check;
    check(netlet_forward(get(), &x, out, check));
  }
  double loss(const Array& x, const Array& y) const {
    Check check;
    double loss;
    check(netlet_loss(get(), &x, &y, &loss, check));
    return loss;
  }
  // gradient: parameter_count() values
  template <class T> double backward(const Array& x, const Array& y, T* gradient) const {
    require<T>("gradient");
    return backward(x, y, static_cast<void*>(gradient));
  }
  double backward(const Array& x, const Array& y, void* gradient) const {
    Check check;
    double loss;
    check(netlet_backward(get(), &x, &y, &loss, gradient, check));
    return loss;
  }
  double step(const Array& x, const Array& y, Optimizer& optimizer) {
    Check check;
    double loss;
    check(netlet_step(get(), &x, &y, optimizer.get(), &loss, check));
    return loss;
  }

  History fit(const Array& x, const Array& y, Optimizer& optimizer, const FitOptions& options) {
    History history;
    fit(x, y, optimizer, options, history);
    return history;
  }
  // The history of the epochs before a failure stays in `history`.
  void fit(const Array& x, const Array& y, Optimizer& optimizer, const FitOptions& options, History& history) {
    Fitting fitting{options, history, loss() != Loss::squared_error, nullptr};
    const netlet_fit_options c = {options.epochs,
                                  options.batch_size,
                                  options.shuffle,
                                  options.seed,
                                  &Fitting::on_epochs,
                                  !options.on_epoch,
                                  options.poll ? &Fitting::poll : nullptr,
                                  &fitting};
    Check check;
    const netlet_status status = netlet_fit(get(), &x, &y, optimizer.get(), &c, check);
    if (fitting.thrown) std::rethrow_exception(fitting.thrown);
    check(status);
  }

 private:
  struct Free {
    void operator()(netlet_network* network) const { netlet_network_free(network); }
  };
  // Callbacks go through C: exceptions stop here and are thrown again by fit.
  struct Fitting {
    const FitOptions& options;
    History& history;
    bool has_accuracy;
    std::exception_ptr thrown;

    static int on_epochs(void* context, const netlet_epoch* epochs, std::size_t count) {
      Fitting& self = *static_cast<Fitting*>(context);
      try {
        for (std::size_t i = 0; i < count; ++i) {
          self.history.loss.push_back(epochs[i].loss);
          self.history.seconds.push_back(epochs[i].seconds);
          if (self.has_accuracy) self.history.accuracy.push_back(epochs[i].accuracy);
        }
        return self.options.on_epoch && self.options.on_epoch(epochs[0], self.history) ? 1 : 0;
      } catch (...) {
        self.thrown = std::current_exception();
        return -1;
      }
    }
    static int poll(void* context) {
      Fitting& self = *static_cast<Fitting*>(context);
      try {
        return self.options.poll() ? 1 : 0;
      } catch (...) {
        self.thrown = std::current_exception();
        return 1;
      }
    }
  };
  template <class T> void require(const char* name) const {
    if (dtype_number<T>() != (std::int32_t)dtype())
      throw Error(NETLET_ERROR_ARGUMENT, (std::string(name) + ": expected " + netlet_dtype_name((int)dtype()) +
                                          ", the network's dtype, got " + netlet_dtype_name(dtype_number<T>()))
                                             .c_str());
  }
  std::unique_ptr<netlet_network, Free> handle_;
};

// y = function(x), `count` contiguous values; y == x is allowed
template <class T> void map(Function function, std::size_t count, const T* x, T* y) {
  Check check;
  check(netlet_map((std::int32_t)function, dtype_number<T>(), count, x, y, check));
}

}  // namespace netlet

#endif
