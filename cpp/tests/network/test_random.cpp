// SPDX-License-Identifier: BSD-3-Clause
// The generator against its published vectors, SHA-256 against FIPS 180-4's.
#include <algorithm>

#include "check.hpp"
#include "file/sha256.hpp"
#include "netlet/netlet.hpp"
#include "network/random.hpp"

using namespace netlet::core;

static bool philox_gives(Philox counter, uint32_t key_0, uint32_t key_1, Philox expected) {
  const Philox got = philox(counter, key_0, key_1);
  return check::same_bits(got.word, expected.word, 4);
}

static std::string sha256(const std::string& text, size_t piece) {
  Sha256 sha;
  for (size_t i = 0; i < text.size(); i += piece) sha.add(text.data() + i, std::min(piece, text.size() - i));
  char hex[65];
  sha.finish(hex);
  return hex;
}

int main() {
  CHECK(philox_gives({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  const uint32_t ones = 0xffffffff;
  CHECK(philox_gives({{ones, ones, ones, ones}}, ones, ones, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  CHECK(philox_gives({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
                     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));

  Random in_order(5, kShuffle, 3), at_random(5, kShuffle, 3);
  uint64_t first[10];
  for (uint64_t i = 0; i < 10; ++i) first[i] = in_order(i);
  for (const uint64_t i : {7, 2, 3, 9, 0, 1}) CHECK(at_random(i) == first[i]);

  CHECK(netlet::shuffled_order(0, 0, 4) == (std::vector<std::int64_t>{3, 1, 0, 2}));  // as in Python's reference
  CHECK(netlet::shuffled_order(0, 0, 3, 4) == (std::vector<std::int64_t>{2, 0, 1}));
  CHECK(netlet::shuffled_order(0, 0, 0).empty());
  netlet_error error;
  CHECK(netlet_shuffled_order(0, 0, 0, 2, nullptr, &error) == NETLET_ERROR_ARGUMENT);

  CHECK(sha256("", 1) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc", 2) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string million(1000000, 'a');
  for (const size_t piece : {size_t(1000000), size_t(63), size_t(65)})
    CHECK(sha256(million, piece) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  return check::summary();
}
