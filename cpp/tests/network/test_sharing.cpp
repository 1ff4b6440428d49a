// SPDX-License-Identifier: BSD-3-Clause
// Threads inside and around a network: the same bits, and refusals instead of races.
#include <netlet/netlet.hpp>

#include <algorithm>
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

static void many_threads_may_sum_parts_at_once() {
  const Job job(1800);
  Network net = job.network();
  netlet::Optimizer adam = netlet::Adam();
  netlet_set_num_threads(3, nullptr);
  const netlet_task task = net.step_task(job.rows, adam);
  const auto part = [&](std::size_t first, std::size_t rows) {
    return net.partial({job.xs.data() + first * 20, rows, 20}, {job.ys.data() + first * 4, rows, 4}, task, first);
  };
  const netlet::Partial whole = part(0, job.rows);
  std::vector<netlet::Partial> parts(7);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 7; ++t)
    threads.emplace_back([&, t] { parts[t] = part(256 * (6 - t), t == 0 ? job.rows - 6 * 256 : 256); });
  for (std::thread& thread : threads) thread.join();
  netlet::Partial total = parts[0];
  for (std::size_t t = 1; t < 7; ++t) total = netlet::combine(parts[t], total);
  CHECK(total == whole);
}

static void training_refuses_company() {
  const Job job(3000);
  Network net = job.network();
  const netlet::Partial total = net.partial(job.x, job.y, netlet_step_task(net.get(), 3000, 0));
  std::vector<float> gradient(net.parameter_count());
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
  const netlet_task task = net.step_task(3000, sgd);
  CHECK_ERROR(net.partial(job.x, job.y, task), "partial: another call is using this network");
  CHECK_ERROR(net.finish(total, sgd), "finish: another call is using this network");
  CHECK_ERROR(net.finish(total, gradient), "finish: another call is using this network");
  stop = true;
  trainer.join();
  net.forward(job.x, out.data());
}

// Whatever the manual allows beside a training, from another thread, for as long as it lasts: all that ThreadSanitizer
// has to see. Half of the time callbacks run, and calls are let in.
static void anything_may_be_asked_at_any_time() {
  const Job job(600);
  Network net = job.network();
  netlet::Optimizer adam = netlet::Adam();
  const std::size_t count = net.parameter_count();
  std::vector<float> out(600 * 20), gradient(count, 0.25f), slots(2 * count);
  const std::vector<double> shift(20, 0.5), scale(20, 2);
  const netlet_task task = net.step_task(600, adam);
  netlet::Partial total(netlet_partial_size(net.get(), &task, 0, 600));
  netlet_targets targets = {};
  targets.y = &job.y;
  std::atomic<bool> over{false};
  std::atomic<int> admitted{0}, wrong{0};
  std::thread other([&] {
    netlet_network* const n = net.get();
    netlet_optimizer* const o = adam.get();
    const auto let_in = [&](netlet_status status) {
      wrong += status != NETLET_OK && status != NETLET_ERROR_BUSY;
      admitted += status == NETLET_OK;
    };
    for (int round = 0; !over || round < 3; ++round) {
      netlet_set_seed(n, netlet_seed(n));
      netlet_set_epochs_trained(n, netlet_epochs_trained(n));
      netlet_optimizer_get_config(o);
      netlet_optimizer_get_progress(o);
      netlet_optimizer_slot_count(o);
      netlet_optimizer_dtype(o);
      netlet_optimizer_slot(o, 0);
      netlet_parameters(n);
      netlet_saved_numerics_version(n);
      netlet_layer_size(n, 1);
      netlet_set_num_threads(1 + (std::size_t)round % 3, nullptr);
      netlet_limit_threads((std::size_t)round % 4);
      let_in(netlet_optimizer_set_learning_rate(o, 1e-9, nullptr));
      let_in(netlet_optimizer_bind(o, count, NETLET_FLOAT32, nullptr));
      if (netlet_optimizer_size(o) == count) {
        netlet_optimizer_progress progress;
        const netlet_status copied =
            netlet_optimizer_copy_state(o, slots.data(), count, NETLET_FLOAT32, &progress, nullptr);
        let_in(copied);
        if (copied == NETLET_OK)
          let_in(netlet_optimizer_set_state(o, slots.data(), count, NETLET_FLOAT32, &progress, nullptr));
      }
      netlet_network* copy = nullptr;
      let_in(netlet_network_copy(n, &copy, nullptr));
      netlet_network_free(copy);
      void* bytes = nullptr;
      std::size_t size;
      let_in(netlet_to_bytes(n, o, &bytes, &size, nullptr));
      netlet_free_bytes(bytes);
      char hex[65];
      let_in(netlet_fingerprint(n, hex, nullptr));
      let_in(netlet_set_note(n, NETLET_METADATA, round % 2 ? "{}" : nullptr, nullptr));
      let_in(netlet_set_scaling(n, NETLET_SCALE_INPUTS, round % 2 ? shift.data() : nullptr,
                                round % 2 ? scale.data() : nullptr, nullptr));
      double shifts[20], scales[20];
      int present;
      let_in(netlet_copy_scaling(n, NETLET_SCALE_INPUTS, shifts, scales, &present, nullptr));
      let_in(netlet_forward(n, &job.x, out.data(), nullptr));
      let_in(netlet_apply_gradient(n, gradient.data(), o, nullptr));
      const netlet_status summed = netlet_partial(n, &job.x, &targets, &task, 0, total.data(), total.size(), nullptr);
      let_in(summed);
      if (summed == NETLET_OK)
        let_in(netlet_finish(n, total.data(), total.size(), 0, round % 2 ? o : nullptr, gradient.data(), nullptr,
                             nullptr));
      std::fill(gradient.begin(), gradient.end(), 0.25f);
    }
  });
  netlet::FitOptions options;
  options.epochs = 4;
  options.batch_size = 100;
  options.on_epoch = [&](const netlet_epoch&, const netlet::History&) {
    const int before = admitted;
    while (admitted < before + 10) std::this_thread::yield();
    return false;
  };
  for (int i = 0; i < 10; ++i) try {
      net.fit(job.x, job.y, adam, options);
    } catch (const netlet::Error& error) {
      wrong += error.status() != NETLET_ERROR_BUSY;
    }
  over = true;
  other.join();
  CHECK(wrong == 0 && admitted > 0);
}

int main() {
  the_number_of_threads_changes_no_bit();
  many_threads_may_predict_at_once();
  many_threads_may_sum_parts_at_once();
  training_refuses_company();
  anything_may_be_asked_at_any_time();
  return check::summary();
}
