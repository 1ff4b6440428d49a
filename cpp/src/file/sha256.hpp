// SPDX-License-Identifier: BSD-3-Clause
// SHA-256 (FIPS 180-4), for fingerprints.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "system/poll.hpp"

namespace netlet::core {

class Sha256 {
 public:
  void add(const void* data, size_t size);  // may end early, see system/poll.hpp
  void finish(char hex[65]);                // call it once, at the end

 private:
  void block(const unsigned char* p);
  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char pending_[64];
  uint64_t size_ = 0;
  Pace pace_;
};

inline void hash(const void* data, size_t size, char hex[65]) {
  Sha256 sha;
  sha.add(data, size);
  sha.finish(hex);
}

}  // namespace netlet::core
