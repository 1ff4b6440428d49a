// SPDX-License-Identifier: BSD-3-Clause
// Threads inside and around a network: the same bits, and refusals instead of races.
#include <netlet/netlet.hpp>

#include <atomic>
#include <thread>

#include "check.hpp"

using netlet::Activation;
using netlet::Array;
using netlet::Network;

static std::vector<float> pattern(std::size_t count, std::size_t step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = (float)((i * step) % 101) / 50 - 1;
  return values;
}

struct Job {
  std::size_t rows;
  std::vector<float> xs, ys;
  Array x, y;
  explicit Job(std::size_t n)
      : rows(n), xs(pattern(n * 20, 37)), ys(pattern(n * 4, 53)), x(xs.data(), n, 20), y(ys.data(), n, 4) {}

  Network network() const {
    Network net({20, 48, 300, 4}, {Activation::tanh, Activation::relu, Activation::identity},
                netlet::Loss::squared_error, netlet::Reduction::mean, netlet::Dtype::float32);
    net.initialize(netlet::Init::he_uniform, 9);
    return net;
  }
  std::string train(std::size_t batch) const {
    Network net = network();
    netlet::Optimizer adam = netlet::Adam(0.01);
    netlet::FitOptions options;
    options.epochs = 2;
    options.batch_size = batch;
    net.fit(x, y, adam, options);
    return net.fingerprint();
  }
};

static void the_number_of_threads_changes_no_bit() {
  const Job job(3000);
  const Network net = job.network();
  std::vector<float> first(3000 * 4), out(3000 * 4);
  std::string fingerprints[2];
  for (const std::size_t threads : {1, 2, 3, 5, 8}) {
    netlet_set_num_threads(threads, nullptr);
    net.forward(job.x, out.data());
    const std::string small = job.train(500), whole = job.train(0);  // rows and parameters; whole blocks
    if (threads == 1) {
      first = out;
      fingerprints[0] = small;
      fingerprints[1] = whole;
    }
    CHECK(check::same_bits(out.data(), first.data(), out.size()));
    CHECK(small == fingerprints[0] && whole == fingerprints[1]);
  }
}

static void many_threads_may_predict_at_once() {
  const Job job(700);
  const Network net = job.network();
  netlet_set_num_threads(3, nullptr);
  std::vector<float> expected(700 * 4);
  net.forward(job.x, expected.data());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        std::vector<float> out(700 * 4);
        net.forward(job.x, out.data());
        wrong += !check::same_bits(out.data(), expected.data(), out.size());
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

static void training_refuses_company() {
  const Job job(3000);
  Network net = job.network();
  std::atomic<bool> stop{false}, running{false};
  std::thread trainer([&] {
    netlet::Optimizer adam = netlet::Adam();
    netlet::FitOptions options;
    options.epochs = 1000000;
    options.poll = [&] {
      running = true;
      return stop.load();
    };
    CHECK_ERROR(net.fit(job.x, job.y, adam, options), "interrupted");
  });
  while (!running) std::this_thread::yield();
  std::vector<float> out(3000 * 4);
  netlet::Optimizer sgd = netlet::SGD();
  CHECK_ERROR(net.forward(job.x, out.data()), "forward: another call is using this network");
  CHECK_ERROR(net.step(job.x, job.y, sgd), "step: another call is using this network");
  stop = true;
  trainer.join();
  net.forward(job.x, out.data());
}

int main() {
  the_number_of_threads_changes_no_bit();
  many_threads_may_predict_at_once();
  training_refuses_company();
  return check::summary();
}
