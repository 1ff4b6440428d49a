// SPDX-License-Identifier: BSD-3-Clause
// An audio callback: a network shapes each sample from the 8 before it. Everything that may allocate happens before
// the stream starts; process() itself allocates nothing, takes no lock, makes no system call and throws nothing.
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <netlet/netlet.hpp>
#include <vector>

class Shaper {
 public:
  static constexpr std::size_t window = 8, most_samples = 512;

  explicit Shaper(netlet::Network network) : network_(std::move(network)), workspace_(network_, most_samples) {}

  // at most most_samples
  void process(float* samples, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) history_[window - 1 + i] = samples[i];
    // overlapping rows, not copied: each begins one sample after the previous one
    const netlet::Array rows(
        netlet_array{history_.data(), NETLET_FLOAT32, count, window, sizeof(float), sizeof(float)});
    if (network_.forward(rows, samples, workspace_) != NETLET_OK)
      for (std::size_t i = 0; i < count; ++i) samples[i] = 0;  // silence rather than noise
    for (std::size_t k = 0; k + 1 < window; ++k) history_[k] = history_[count + k];
  }

 private:
  netlet::Network network_;
  netlet::Workspace workspace_;
  std::array<float, window - 1 + most_samples> history_{};
};

int main() try {
  using netlet::Activation;
  netlet::Network network({Shaper::window, 16, 1}, {Activation::tanh, Activation::identity},
                          netlet::Loss::squared_error, netlet::Reduction::mean, netlet::Dtype::float32);
  network.initialize(netlet::Init::glorot_uniform, 0);
  Shaper shaper(std::move(network));

  std::vector<float> block(128);
  double power = 0;
  for (int number = 0; number < 100; ++number) {
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = (float)std::sin(0.05 * (double)(128 * number + (int)i));
    shaper.process(block.data(), block.size());
    for (const float sample : block) power += sample * sample;
  }
  std::printf("mean power %.6f\n", power / 12800);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
