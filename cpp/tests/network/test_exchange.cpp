// SPDX-License-Identifier: BSD-3-Clause
// One thread trains and publishes, another runs what is newest: whole networks, in their order, and the last one.
#include <netlet/exchange.hpp>

#include <atomic>
#include <thread>

#include "check.hpp"

using netlet::Activation;
using netlet::Exchange;
using netlet::Network;

static constexpr std::size_t kInputs = 3, kRows = 5;

// Every output is its number of training: all biases are, all weights are 0. Sometimes with other layers.
static Network numbered(std::size_t number) {
  const std::size_t hidden = 4 + number % 3 * 40;
  Network net({kInputs, hidden, 2}, {Activation::identity, Activation::identity});
  net.biases<double>(1)[0] = net.biases<double>(1)[1] = static_cast<double>(number);
  return net;
}

// What is run now; -1 if a row differs from another, or a call fails.
static double run(Exchange& exchange, const std::vector<double>& x) {
  std::vector<double> out(kRows * 2, -1);
  if (exchange.forward(x, out) != NETLET_OK) return -1;
  for (const double value : out)
    if (value != out[0]) return -1;
  return out[0];
}

static const std::vector<double> kX(kRows* kInputs, 0.5);

static void the_newest_is_run_and_the_others_are_skipped() {
  Exchange exchange(numbered(7), kRows);
  CHECK(run(exchange, kX) == 7);
  CHECK(run(exchange, kX) == 7);
  for (std::size_t number = 8; number < 20; ++number) {
    exchange.publish(numbered(number));
    if (number % 4 == 0) continue;
    CHECK(run(exchange, kX) == static_cast<double>(number));
    CHECK(run(exchange, kX) == static_cast<double>(number));
  }
  exchange.publish(numbered(30));
  exchange.publish(numbered(31));
  exchange.publish(numbered(32));
  CHECK(run(exchange, kX) == 32);
  CHECK(run(exchange, kX) == 32);
}

static void what_is_published_is_a_copy() {
  Network net = numbered(1);
  Exchange exchange(net, kRows);
  net.biases<double>(1)[0] = 5;
  CHECK(run(exchange, kX) == 1);
  net.biases<double>(1)[1] = 5;
  exchange.publish(net);
  net.biases<double>(1)[0] = 6;
  CHECK(run(exchange, kX) == 5);
  CHECK(exchange.newest().network.outputs() == 2);
}

static void what_cannot_be_run_is_said() {
  Exchange exchange(numbered(1), kRows);
  std::vector<double> out(2 * kRows + 1);
  netlet_error error;
  CHECK(exchange.forward(kX, out, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::string(error.message).find("out: expected as many values") == 0);
  CHECK(exchange.forward(std::vector<double>(4), out, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::string(error.message).find("x: expected rows") == 0);
}

// Under ThreadSanitizer this would find a place that both threads have.
static void two_threads_at_once() {
  constexpr std::size_t kLast = 3000;
  Exchange exchange(numbered(0), kRows);
  std::atomic<bool> begun{false};
  bool in_order = true, all_whole = true;
  double last = 0;
  std::thread reader([&] {
    begun = true;
    while (last != static_cast<double>(kLast)) {
      const double number = run(exchange, kX);
      all_whole = all_whole && number >= 0;
      in_order = in_order && number >= last;
      if (!all_whole || !in_order) break;
      last = number;
    }
  });
  while (!begun) std::this_thread::yield();
  for (std::size_t number = 1; number <= kLast; ++number) exchange.publish(numbered(number));
  reader.join();
  CHECK(all_whole && in_order);
  CHECK(last == static_cast<double>(kLast));
}

static void trained_while_it_runs() {
  const std::vector<double> x = {0, 0, 0, 1, 1, 0, 1, 1}, y = {0, 1, 1, 0};
  Network net({2, 3, 1});
  net.initialize(netlet::Init::glorot_uniform, 1);
  Exchange exchange(net, 4);
  std::atomic<bool> done{false};
  std::vector<double> out(4);
  std::thread trainer([&] {
    netlet::Optimizer sgd = netlet::SGD(0.5);
    netlet::FitOptions options;
    options.epochs = 300;
    options.on_epoch = [&](const netlet_epoch&, const netlet::History&) {
      exchange.publish(net);
      return false;
    };
    net.fit(x, y, sgd, options);
    done = true;
  });
  bool all_ran = true;
  while (!done) all_ran = exchange.forward(x, out) == NETLET_OK && all_ran;
  trainer.join();
  CHECK(all_ran);
  CHECK(exchange.forward(x, out) == NETLET_OK);
  CHECK(out == net.forward<double>(x));
}

int main() {
  the_newest_is_run_and_the_others_are_skipped();
  what_is_published_is_a_copy();
  what_cannot_be_run_is_said();
  two_threads_at_once();
  trained_while_it_runs();
  return check::summary();
}
