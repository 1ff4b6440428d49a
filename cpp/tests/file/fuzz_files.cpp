// SPDX-License-Identifier: BSD-3-Clause
// Random changes to good files, most with the checksum made right again, so that they get past it. Whatever comes out
// must be an error or a network that can be used; sanitizers watch over the rest.
//
// fuzz_files [COUNT [SEED]] makes COUNT files. Built by Clang with -DNETLET_LIBFUZZER and -fsanitize=fuzzer, libFuzzer
// makes them, and sees which code they reach.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <netlet/netlet.hpp>

#include "model_bytes.hpp"
#include "network/random.hpp"

using files::File;
using netlet::Activation;
using netlet::Loss;
using netlet::Network;

namespace {

// true if it is a network
bool use(const unsigned char* data, std::size_t size) {
  netlet_network* network = nullptr;
  netlet_optimizer* optimizer = nullptr;
  netlet_error error = {};
  if (netlet_from_bytes(data, size, &network, &optimizer, &error) != NETLET_OK) {
    if (network || optimizer || !error.message[0]) std::abort();
    return false;
  }
  const Network owner(network);
  const bool same_format = netlet_saved_numerics_version(network) == netlet_numerics_version();
  if (optimizer) {
    const netlet::Optimizer owner_too(optimizer);
    if (files::bytes_of(owner, &owner_too).size() != size && same_format) std::abort();
  } else if (files::bytes_of(owner).size() != size && same_format) {
    std::abort();
  }
  return true;
}

std::vector<File> good_files() {
  std::vector<File> all;
  for (const auto dtype : {netlet::Dtype::float32, netlet::Dtype::float64}) {
    Network plain({2, 3, 1}, dtype);
    plain.initialize(netlet::Init::glorot_uniform, 0);
    all.push_back(files::bytes_of(plain));
    Network net({3, 4, 2, 2}, {Activation::relu, Activation::gelu, Activation::identity}, Loss::huber,
                netlet::Reduction::mean, dtype, {{2}, {0.5, 0}});
    net.initialize(netlet::Init::he_uniform, 1);
    net.set_scaling(netlet::Scaling::inputs, {1, 2, 3}, {1, 2, 3});
    net.set_scaling(netlet::Scaling::outputs, {1, 2}, {1, 2});
    netlet_set_note(net.get(), NETLET_CLASSES, R"(["\"a\"","b"])", nullptr);
    const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {1, 2, 3, 4};
    netlet::Optimizer optimizers[] = {netlet::SGD(), netlet::SGD(0.1, 0.9, true), netlet::Adam(), netlet::RMSprop(),
                                      netlet::Rprop()};
    for (netlet::Optimizer& optimizer : optimizers) {
      net.step({x, 2, 3}, {y, 2, 2}, optimizer);
      all.push_back(files::bytes_of(net, &optimizer));
    }
  }
  return all;
}

}  // namespace

#if defined(NETLET_LIBFUZZER)

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  use(data, size);
  return 0;
}
extern "C" std::size_t LLVMFuzzerMutate(unsigned char* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char* data, std::size_t size, std::size_t most,
                                               unsigned int seed) {
  static const std::vector<File> good = good_files();
  File file(data, data + size);
  if (seed % 16 == 0) file = good[seed / 16 % good.size()];
  const std::size_t length = file.size() < most ? file.size() : most;
  file.resize(most);
  file.resize(LLVMFuzzerMutate(file.data(), length, most));
  if (seed % 4) files::sign(file);
  std::memcpy(data, file.data(), file.size());
  return file.size();
}

#else

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const std::vector<File> good = good_files();
  for (const File& file : good)
    if (!use(file.data(), file.size())) return std::puts("a good file is refused"), 1;
  const char* const words[] = {"\"",
                               "{",
                               "}",
                               ",",
                               ":",
                               " ",
                               "0",
                               "9",
                               "18446744073709551616",
                               "relu",
                               "softmax",
                               "none",
                               "optimizer",
                               "layers.0.weight",
                               "F32",
                               "F64",
                               "-1",
                               "\\u0000",
                               "\xff"};
  std::uint64_t loaded = 0;
  for (std::uint64_t n = 0; n < count; ++n) {
    netlet::core::Random random(seed, netlet::core::kShuffle, (std::uint32_t)n);
    std::uint64_t draws = 0;
    const auto below = [&](std::size_t limit) { return (std::size_t)(random(draws++) % limit); };
    File file = good[below(good.size())];
    const std::size_t changes = 1 + below(4);
    for (std::size_t c = 0; c < changes && !file.empty(); ++c) {
      std::uint64_t header = 0;
      if (file.size() >= 8) std::memcpy(&header, file.data(), 8);
      // twice as often in the header as anywhere
      const bool in_header = below(3) && file.size() >= 8 && header < file.size() - 8;
      const std::size_t at = below(in_header ? (std::size_t)header + 8 : file.size());
      switch (below(7)) {
        case 0: file[at] ^= (unsigned char)(1 << below(8)); break;
        case 1: file[at] = (unsigned char)below(256); break;
        case 2: file.resize(at); break;
        case 3: file.erase(file.begin() + (std::ptrdiff_t)at); break;
        case 4: {
          const std::string word = words[below(sizeof words / sizeof *words)];
          file.insert(file.begin() + (std::ptrdiff_t)at, word.begin(), word.end());
          break;
        }
        case 5: {  // a piece once more
          const File piece(file.begin() + (std::ptrdiff_t)at,
                           file.begin() + (std::ptrdiff_t)(at + below(file.size() - at)));
          file.insert(file.begin() + (std::ptrdiff_t)at, piece.begin(), piece.end());
          break;
        }
        case 6: {  // digits become others
          for (std::size_t i = at; i < file.size() && i < at + 20; ++i)
            if (file[i] >= '0' && file[i] <= '9') file[i] = (unsigned char)('0' + below(10));
        }
      }
    }
    if (below(4) && file.size() >= 8) {  // the length and the checksum are right again
      const std::string text(file.begin(), file.end());
      const std::size_t end = text.rfind("]}}");
      if (end != std::string::npos && below(2)) {
        std::uint64_t length = end + 3 - 8;
        while (length % 8) ++length;
        std::memcpy(file.data(), &length, 8);
      }
      files::sign(file);
    }
    loaded += use(file.data(), file.size());
  }
  std::fprintf(stderr, "%" PRIu64 " of the files were networks\n", loaded);
  std::printf("%" PRIu64 " passed, 0 failed\n", count);
  return 0;
}

#endif
