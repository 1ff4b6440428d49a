// SPDX-License-Identifier: BSD-3-Clause
// One row through a small relu network, in seconds per call: netlet's C function, the C source that netlet writes, and
// code that knows the sizes.
//   rows 8-8|40-100-100-10
#include <netlet/netlet.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "worker.hpp"

extern "C" void row_8_8_forward(const float* x, float* y);
extern "C" void row_40_100_100_10_forward(const float* x, float* y);

#if defined(__AVX512F__)
constexpr int widest = 16;
#elif defined(__AVX__)
constexpr int widest = 8;
#else
constexpr int widest = 4;
#endif

// The lanes hold outputs; weights are padded to whole vectors.
template <int Inputs, int Outputs, bool Relu> struct Layer {
  static constexpr int lanes = Outputs <= 4 ? 4 : Outputs <= 8 && widest >= 8 ? 8 : widest;
  static constexpr int vectors = (Outputs + lanes - 1) / lanes;
  static constexpr int splits = vectors > 3 ? 1 : 4;  // independent sums hide the latency of additions
  static_assert(Inputs % splits == 0, "");
  typedef float V __attribute__((vector_size(4 * lanes)));
  V weights[Inputs][vectors], biases[vectors];

  void set(const float* w, const float* b) {
    std::memset(this, 0, sizeof *this);
    for (int i = 0; i < Inputs; ++i) std::memcpy(weights[i], w + i * Outputs, sizeof(float) * Outputs);
    std::memcpy(biases, b, sizeof(float) * Outputs);
  }

  // y has room for whole vectors
  void operator()(const float* x, V* y) const {
    V sum[splits][vectors] = {};
    for (int v = 0; v < vectors; ++v) sum[0][v] = biases[v];
    for (int i = 0; i < Inputs; i += splits)
      for (int s = 0; s < splits; ++s)
        for (int v = 0; v < vectors; ++v) sum[s][v] += x[i + s] * weights[i + s][v];
    for (int v = 0; v < vectors; ++v) {
      V total = sum[0][v];
      if (splits == 4) total = (total + sum[1][v]) + (sum[2 % splits][v] + sum[3 % splits][v]);
      y[v] = Relu ? (total > 0 ? total : V{}) : total;
    }
  }
};

struct Small {
  static constexpr size_t sizes[] = {8, 8};
  static constexpr int32_t activations[] = {NETLET_RELU};
  static constexpr auto source = &row_8_8_forward;
  Layer<8, 8, true> layer;
  void set(const float* p) { layer.set(p, p + 64); }
  void operator()(const float* x, float* y) const {
    decltype(layer)::V result[decltype(layer)::vectors];
    layer(x, result);
    std::memcpy(y, result, 8 * sizeof(float));
  }
};

struct Large {
  static constexpr size_t sizes[] = {40, 100, 100, 10};
  static constexpr int32_t activations[] = {NETLET_RELU, NETLET_RELU, NETLET_IDENTITY};
  static constexpr auto source = &row_40_100_100_10_forward;
  Layer<40, 100, true> first;
  Layer<100, 100, true> second;
  Layer<100, 10, false> third;
  void set(const float* p) {
    first.set(p, p + 4000);
    second.set(p + 4100, p + 14100);
    third.set(p + 14200, p + 15200);
  }
  void operator()(const float* x, float* y) const {
    decltype(first)::V a[decltype(first)::vectors], b[decltype(second)::vectors];
    decltype(third)::V result[decltype(third)::vectors];
    first(x, a);
    second(reinterpret_cast<const float*>(a), b);
    third(reinterpret_cast<const float*>(b), result);
    std::memcpy(y, result, 10 * sizeof(float));
  }
};

template <class Floor> int run() {
  constexpr size_t layers = sizeof Floor::activations / sizeof(int32_t), inputs = Floor::sizes[0];
  netlet_config config = {};
  config.layer_sizes = Floor::sizes;
  config.layer_size_count = layers + 1;
  config.activations = Floor::activations;
  config.dtype = NETLET_FLOAT32;
  netlet_network* network = nullptr;
  netlet_error error;
  if (netlet_network_create(&config, &network, &error) || netlet_initialize(network, NETLET_HE_UNIFORM, 1, &error)) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  static Floor floor;
  floor.set(static_cast<const float*>(netlet_parameters(network)));
  alignas(64) static float x[inputs], ours[16], theirs[16], written[16];
  for (size_t i = 0; i < inputs; ++i) x[i] = std::sin(float(i));
  const netlet_array row = {x, NETLET_FLOAT32, 1, inputs, ptrdiff_t(sizeof x), sizeof(float)};
  // the compiler must assume that each call reads and writes memory
  auto netlets = [&] {
    netlet_forward(network, &row, ours, nullptr);
    __asm__ volatile("" ::: "memory");
  };
  auto floors = [&] {
    floor(x, theirs);
    __asm__ volatile("" ::: "memory");
  };
  auto sources = [&] {
    Floor::source(x, written);
    __asm__ volatile("" ::: "memory");
  };
  netlets();
  floors();
  sources();
  if (std::memcmp(ours, written, Floor::sizes[layers] * sizeof(float)) != 0) {
    std::fprintf(stderr, "the C source gives other bits\n");
    return 1;
  }
  float difference = 0;
  for (size_t i = 0; i < Floor::sizes[layers]; ++i) difference = std::fmax(difference, std::fabs(ours[i] - theirs[i]));
  if (!(difference < 1e-4f)) {
    std::fprintf(stderr, "the results differ by %g\n", double(difference));
    return 1;
  }
  const long our_calls = calls_for(netlets), their_calls = calls_for(floors), source_calls = calls_for(sources);
  std::printf("{\"error\": %.3e}\n", double(difference));
  while (go()) {
    netlets();
    const double our_seconds = seconds(our_calls, netlets);
    floors();
    const double their_seconds = seconds(their_calls, floors);
    sources();
    std::printf("{\"netlet\": %.6e, \"floor\": %.6e, \"c-source\": %.6e}\n", our_seconds, their_seconds,
                seconds(source_calls, sources));
  }
  netlet_network_free(network);
  return 0;
}

int main(int, char** arguments) { return std::strcmp(arguments[1], "8-8") == 0 ? run<Small>() : run<Large>(); }
