// SPDX-License-Identifier: BSD-3-Clause
// Whoever waits for a call may end it: every call that takes long asks, ends soon, and leaves all as it was.
#include <cfenv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <netlet/netlet.hpp>
#include <thread>
#include <vector>

#include "check.hpp"

using netlet::Activation;
using netlet::Array;
using netlet::Network;

// One row for as many as it takes: nothing here would end within seconds.
static constexpr std::size_t kMany = std::size_t(1) << 33, kSome = std::size_t(1) << 21, kFew = 50000;
static const float kOne = 1;
static Array rows(std::size_t count) { return Array(netlet_array{&kOne, NETLET_FLOAT32, count, 1, 0, 4}); }

// Memory that is only there once it is written to. What lies at its end must stay.
class Untouched {
 public:
  explicit Untouched(std::size_t count) : values_(new float[count]), last_(values_.get() + count - 1) { *last_ = 7; }
  float* get() { return values_.get(); }
  bool end_is_untouched() const { return *last_ == 7; }

 private:
  std::unique_ptr<float[]> values_;
  float* last_;
};

static Network network(std::vector<std::size_t> sizes = {1, 100, 100, 1}) {
  Network net(sizes, std::vector<Activation>(sizes.size() - 1, Activation::tanh), netlet::Loss::squared_error,
              netlet::Reduction::mean, netlet::Dtype::float32);
  net.initialize(netlet::Init::glorot_uniform, 0);
  return net;
}

static int g_asked;
static int stop(void*) {
  ++g_asked;
  return 1;
}
static int stop_later(void* left) {
  ++g_asked;
  return --*static_cast<int*>(left) == 0;
}

// The call fails because of the poll, which was asked once; the next one knows nothing of it.
template <class F> static void is_ended(const char* name, F call) {
  g_asked = 0;
  netlet_set_poll(&stop, nullptr);
  netlet_status status = NETLET_OK;
  try {
    call();
  } catch (const netlet::Error& error) {
    status = error.status();
  }
  netlet_set_poll(nullptr, nullptr);
  check::that(status == NETLET_ERROR_INTERRUPTED && g_asked == 1, name, __FILE__, __LINE__);
}

static void calls_that_read() {
  const Network net = network();
  const Array many = rows(kMany), some = rows(kSome), few = rows(kFew);
  const std::size_t count = net.parameter_count();
  const std::string before = net.fingerprint();
  std::vector<float> gradient(count, 7);
  is_ended("loss", [&] { net.loss(many, many); });
  is_ended("evaluate", [&] { net.evaluate(some, netlet::Targets(some).missing(netlet::Missing::ignore)); });
  is_ended("backward", [&] { net.backward(some, some, gradient.data()); });
  CHECK(gradient == std::vector<float>(count, 7));
  Untouched out(kSome);
  is_ended("forward", [&] { net.forward(some, out.get()); });
  CHECK(out.end_is_untouched());
  const std::vector<std::int8_t> bytes(1, 1);
  is_ended("forward, converted",
           [&] { net.forward(Array(netlet_array{bytes.data(), NETLET_INT8, kSome, 1, 0, 1}), out.get()); });
  is_ended("jacobian", [&] { net.jacobian(some, out.get()); });
  is_ended("input_gradient", [&] { net.input_gradient(some, some, out.get()); });
  CHECK(out.end_is_untouched());
  Untouched gradients(kFew * count);
  is_ended("row_gradients", [&] { net.row_gradients(few, few, gradients.get()); });
  CHECK(gradients.end_is_untouched());
  const std::size_t values = std::size_t(1) << 29;
  Untouched from(values), to(values);
  is_ended("map", [&] { netlet::map(Activation::gelu, values, from.get(), to.get()); });
  CHECK(to.end_is_untouched());
  CHECK(net.fingerprint() == before);
}

static void calls_that_write() {
  Network net = network();
  const Array many = rows(kMany), some = rows(kSome);
  const std::string before = net.fingerprint();
  netlet::Optimizer adam = netlet::Adam();
  netlet::FitOptions options;
  options.epochs = 1000;
  options.batch_size = 100;
  is_ended("learn_scaling", [&] { net.learn_scaling(netlet::Scaling::inputs, many); });
  is_ended("fit, while it checks x", [&] { net.fit(many, many, adam, options); });
  options.standardize_inputs = true;
  is_ended("fit, before it learns a scaling", [&] { net.fit(many, many, adam, options); });
  options.standardize_inputs = false;
  is_ended("step, while it checks", [&] { net.step(many, many, adam); });
  is_ended("step", [&] { net.step(some, some, adam); });
  options.batch_size = 0;
  is_ended("fit, in its first step", [&] { net.fit(some, some, adam, options); });
  CHECK(net.fingerprint() == before && adam.steps() == 0 && netlet_optimizer_size(adam.get()) == 0);
  CHECK(!netlet_scaling_shift(net.get(), NETLET_SCALE_INPUTS) && net.epochs_trained() == 0);

  const Array one = rows(1);
  const netlet::Targets validation(some);
  options.validation_x = &some;
  options.validation_targets = &validation;
  is_ended("fit, while it validates", [&] { net.fit(one, one, adam, options); });
  CHECK(net.epochs_trained() == 0);
}

// Wherever fit is when it hears of it, what is left are whole steps: as many of them taken alone give the same bits.
static void fit_ends_between_steps() {
  const Array some = rows(1 << 20);
  for (int after = 1; after <= 3; ++after) {
    Network net = network({1, 16, 1}), twin = network({1, 16, 1});
    netlet::Optimizer sgd = netlet::SGD(), other = netlet::SGD();
    netlet::FitOptions options;
    options.epochs = 1000000;
    options.batch_size = 4000;
    int left = after;
    g_asked = 0;
    netlet_set_poll(&stop_later, &left);
    CHECK_ERROR(net.fit(some, some, sgd, options), "interrupted");
    netlet_set_poll(nullptr, nullptr);
    CHECK(g_asked == after);
    const std::size_t steps = sgd.steps(), each = ((1 << 20) + 3999) / 4000;
    CHECK(net.epochs_trained() == steps / each || steps % each == 0);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t first = i % each * 4000, count = (1 << 20) - first < 4000 ? (1 << 20) - first : 4000;
      twin.step(rows(count), rows(count), other);
    }
    CHECK(net.fingerprint() == twin.fingerprint());
  }
}

// So large that its fingerprint takes many times as long as a poll waits, and not larger.
static Network large_network() {
  for (std::size_t n = 500;; n += n / 2) {
    Network net = network({n, n, 1});
    const auto begin = std::chrono::steady_clock::now();
    net.fingerprint();
    if (std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(60)) return net;
  }
}

static void files_and_fingerprints() {
  const Network net = large_network();
  const netlet::Bytes bytes = net.to_bytes();
  const char* const path = "test_poll.netlet";
  std::remove(path);
  is_ended("fingerprint", [&] { net.fingerprint(); });
  is_ended("to_bytes", [&] { net.to_bytes(); });
  is_ended("from_bytes", [&] { Network::from_bytes(bytes.data(), bytes.size()); });
  is_ended("save", [&] { net.save(path); });
  std::FILE* file = std::fopen(path, "rb");
  CHECK(!file);
  netlet::replace_file(path, bytes.data(), bytes.size());
  is_ended("load", [&] { Network::load(path); });
  std::remove(path);
}

static void a_poll_that_says_no_changes_nothing() {
  const Network net = network();
  const Array some = rows(40000);
  std::vector<float> expected(40000), out(40000);
  net.forward(some, expected.data());
  netlet_set_poll([](void*) { return 0; }, nullptr);
  net.forward(some, out.data());
  netlet_set_poll(nullptr, nullptr);
  CHECK(out == expected);
}

// rounding shows in the sum
static double tiny_and_one() {
  const volatile double one = 1, tiny = 1e-30;
  return one + tiny;
}

static void a_poll_may_make_calls_in_its_own_environment() {
  struct Context {
    Network net = network();
    double sum = 0;
  } context;
  std::fesetround(FE_UPWARD);
  netlet_set_poll(
      [](void* given) {
        Context& c = *static_cast<Context*>(given);
        c.sum = tiny_and_one();
        float out;
        c.net.forward(rows(1), &out);
        netlet_set_poll(nullptr, nullptr);  // only within this poll
        return c.net.loss(rows(1000), rows(1000)) > 0 ? 1 : 0;
      },
      &context);
  for (int i = 0; i < 2; ++i) {
    context.sum = 0;
    CHECK_ERROR(context.net.loss(rows(kMany), rows(kMany)), "interrupted");
    CHECK(context.sum > 1 && tiny_and_one() > 1);
  }
  netlet_set_poll(nullptr, nullptr);
  std::fesetround(FE_TONEAREST);
}

static void other_threads_are_not_asked() {
  const Network net = network();
  g_asked = 0;
  netlet_set_poll(&stop, nullptr);
  std::thread([&] { net.loss(rows(100000), rows(100000)); }).join();
  netlet_set_poll(nullptr, nullptr);
  CHECK(g_asked == 0);
}

static void fit_asks_its_own_and_callbacks_ask_the_thread_s() {
  Network net = network();
  const Network other = network();
  netlet::Optimizer sgd = netlet::SGD();
  netlet::FitOptions options;
  options.poll = [] { return false; };
  options.epochs = 2;
  options.on_epoch = [&](const netlet_epoch&, const netlet::History&) {
    CHECK_ERROR(other.loss(rows(kMany), rows(kMany)), "interrupted");
    return false;
  };
  g_asked = 0;
  netlet_set_poll(&stop, nullptr);
  net.fit(rows(200000), rows(200000), sgd, options);
  netlet_set_poll(nullptr, nullptr);
  CHECK(g_asked == 2 && net.epochs_trained() == 2);
}

static void in_cpp_a_poll_may_throw() {
  const Network net = network();
  std::string message;
  try {
    netlet::with_poll([]() -> bool { throw std::out_of_range("mine"); },
                      [&] { return net.loss(rows(kMany), rows(kMany)); });
  } catch (const std::out_of_range& error) {
    message = error.what();
  }
  CHECK(message == "mine");
  const auto loss = [&] { return net.loss(rows(kMany), rows(kMany)); };
  CHECK_ERROR(netlet::with_poll([] { return true; }, loss), "interrupted");
  CHECK(netlet::with_poll([] { return true; }, [&] { return net.loss(rows(10), rows(10)); }) ==
        net.loss(rows(10), rows(10)));
}

int main() {
  for (const std::size_t threads : {1, 3}) {
    netlet::set_num_threads(threads);
    calls_that_read();
    calls_that_write();
  }
  fit_ends_between_steps();
  files_and_fingerprints();
  a_poll_that_says_no_changes_nothing();
  a_poll_may_make_calls_in_its_own_environment();
  other_threads_are_not_asked();
  fit_asks_its_own_and_callbacks_ask_the_thread_s();
  in_cpp_a_poll_may_throw();
  return check::summary();
}
