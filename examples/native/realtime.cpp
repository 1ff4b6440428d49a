// SPDX-License-Identifier: BSD-3-Clause
// An audio callback: a network shapes each sample from the 8 before it, while another thread trains it further.
// Everything that may allocate happens before the stream starts, or on the thread that trains; process() itself
// allocates nothing, takes no lock, makes no system call and throws nothing.
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <netlet/exchange.hpp>
#include <thread>
#include <vector>

class Shaper {
 public:
  static constexpr std::size_t window = 8, most_samples = 512;

  explicit Shaper(const netlet::Network& network) : exchange_(network, most_samples) {}

  // the thread that trains: process() uses a copy from its next call on
  void publish(const netlet::Network& network) { exchange_.publish(network); }

  // at most most_samples
  void process(float* samples, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) history_[window - 1 + i] = samples[i];
    // overlapping rows, not copied: each begins one sample after the previous one
    const netlet::Array rows(
        netlet_array{history_.data(), NETLET_FLOAT32, count, window, sizeof(float), sizeof(float)});
    if (exchange_.forward(rows, samples) != NETLET_OK)
      for (std::size_t i = 0; i < count; ++i) samples[i] = 0;  // silence rather than noise
    for (std::size_t k = 0; k + 1 < window; ++k) history_[k] = history_[count + k];
  }

 private:
  netlet::Exchange exchange_;
  std::array<float, window - 1 + most_samples> history_{};
};

// Learns to clip: from the windows of a wave to their last samples, within limits.
static void train(netlet::Network& network, Shaper& shaper) {
  std::vector<float> wave(4096), clipped;
  for (std::size_t i = 0; i < wave.size(); ++i) wave[i] = (float)std::sin(0.05 * (double)i);
  for (std::size_t i = Shaper::window - 1; i < wave.size(); ++i)
    clipped.push_back(std::min(0.5f, std::max(-0.5f, wave[i])));
  const netlet::Array windows(
      netlet_array{wave.data(), NETLET_FLOAT32, clipped.size(), Shaper::window, sizeof(float), sizeof(float)});
  netlet::FitOptions options;
  options.epochs = 200;
  options.batch_size = 64;
  options.on_epoch = [&](const netlet_epoch&, const netlet::History&) {
    shaper.publish(network);
    return false;
  };
  network.fit(windows, clipped, netlet::Adam(0.003), options);
}

int main() try {
  using netlet::Activation;
  netlet::Network network({Shaper::window, 16, 1}, {Activation::tanh, Activation::identity},
                          netlet::Loss::squared_error, netlet::Reduction::mean, netlet::Dtype::float32);
  network.initialize(netlet::Init::glorot_uniform, 0);
  Shaper shaper(network);

  std::vector<float> block(128);
  std::size_t number = 0;
  const auto play = [&] {
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = (float)std::sin(0.05 * (double)(128 * number + i));
    shaper.process(block.data(), block.size());
    ++number;
  };
  std::atomic<bool> trained{false};
  std::thread trainer([&] {
    train(network, shaper);
    trained = true;
  });
  while (!trained) play();
  trainer.join();

  double power = 0;
  for (int i = 0; i < 100; ++i) {
    play();
    for (const float sample : block) power += sample * sample;
  }
  std::printf("mean power %.3f\n", power / 12800);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
