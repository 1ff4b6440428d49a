// SPDX-License-Identifier: BSD-3-Clause
// The only generator: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC11), a function of (seed, purpose, stream, index) in integer arithmetic alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "system/poll.hpp"

namespace netlet::core {

// 5 is that of Python's validation_split
enum Purpose : uint32_t { kInitialValues = 0, kShuffle = 1, kDropoutInFit = 2, kDropoutInStep = 3, kSelfTest = 4 };

struct Philox {
  uint32_t word[4];
};

inline Philox philox(Philox counter, uint32_t key_0, uint32_t key_1) {
  uint32_t* c = counter.word;
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t c0 = (uint32_t)(b >> 32) ^ c[1] ^ key_0, c2 = (uint32_t)(a >> 32) ^ c[3] ^ key_1;
    c[1] = (uint32_t)b;
    c[3] = (uint32_t)a;
    c[0] = c0;
    c[2] = c2;
    key_0 += 0x9E3779B9u;
    key_1 += 0xBB67AE85u;
  }
  return counter;
}

// 64 random bits. One Philox block serves the indices 2n and 2n + 1. Key: the seed; counter: n (64 bits), the stream
// (layer or epoch) and the purpose.
class Random {
 public:
  Random(uint64_t seed, Purpose purpose, uint32_t stream) : seed_(seed), purpose_(purpose), stream_(stream) {}
  uint64_t operator()(uint64_t index) {
    if (!ready_ || index >> 1 != at_) {
      at_ = index >> 1;
      ready_ = true;
      block_ =
          philox({{(uint32_t)at_, (uint32_t)(at_ >> 32), stream_, purpose_}}, (uint32_t)seed_, (uint32_t)(seed_ >> 32));
    }
    const uint32_t* w = block_.word + 2 * (index & 1);
    return w[0] | (uint64_t)w[1] << 32;
  }

 private:
  uint64_t seed_, at_ = 0;
  uint32_t purpose_, stream_;
  bool ready_ = false;
  Philox block_ = {};
};

// [0, 1) in steps of 2^-53
inline double unit_uniform(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

// The order of the rows in an epoch: Fisher-Yates from the last place down; i swaps with floor(bits (i + 1) / 2^64). May
// end early, see system/poll.hpp. `first`: number of the random bits of place 0.
template <class Row> void shuffled_order(uint64_t seed, uint64_t epoch, size_t n, Row* order, uint64_t first = 0) {
  Random random(seed, kShuffle, (uint32_t)epoch);
  for (size_t i = 0; i < n; ++i) order[i] = i;
  for (size_t i = n ? n - 1 : 0, end; i > 0; i = end) {
    end = i > 65536 ? i - 65536 : 0;
    for (; i > end; --i) {
      const size_t j = (size_t)(((unsigned __int128)random(first + i) * (i + 1)) >> 64);
      const Row other = order[j];
      order[j] = order[i];
      order[i] = other;
    }
    if (end && stop_asked()) return;
  }
}

}  // namespace netlet::core
