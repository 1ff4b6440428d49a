// SPDX-License-Identifier: BSD-3-Clause
// Files in memory, and files that are wrong except for their checksum.
#pragma once

#include <cstring>
#include <netlet/netlet.hpp>
#include <string>
#include <vector>

#include "file/sha256.hpp"

namespace files {

using File = std::vector<unsigned char>;

inline File bytes_of(const netlet::Network& network, const netlet::Optimizer* optimizer = nullptr) {
  const netlet::Bytes bytes = network.to_bytes(optimizer);
  const unsigned char* const begin = static_cast<const unsigned char*>(bytes.data());
  return File(begin, begin + bytes.size());
}

// Makes the checksum right again, if there is still a place for it.
inline void sign(File& file) {
  static const std::string key = "\"sha256\":\"";
  const std::string text(file.begin(), file.begin() + (std::ptrdiff_t)(file.size() < 4096 ? file.size() : 4096));
  const std::size_t at = text.find(key);
  if (at == std::string::npos || at + key.size() + 64 > file.size()) return;
  unsigned char* const digits = file.data() + at + key.size();
  std::memset(digits, '0', 64);
  netlet::core::Sha256 sha;
  sha.add(file.data(), file.size());
  char hex[65];
  sha.finish(hex);
  std::memcpy(digits, hex, 64);
}

// With every `from` in its header replaced by `to`; length, padding and checksum are right again.
inline File with(const File& file, const std::string& from, const std::string& to) {
  std::uint64_t length;
  std::memcpy(&length, file.data(), 8);
  const auto data = file.begin() + 8 + (std::ptrdiff_t)length;
  std::string header(file.begin() + 8, data);
  for (std::size_t at = 0; (at = header.find(from, at)) != std::string::npos; at += to.size())
    header.replace(at, from.size(), to);
  header.erase(header.find_last_not_of(' ') + 1);
  header.append((8 - header.size() % 8) % 8, ' ');
  const std::string tensors(data, file.end());
  length = header.size();
  File changed(8 + header.size() + tensors.size());
  std::memcpy(changed.data(), &length, 8);
  std::memcpy(changed.data() + 8, header.data(), header.size());
  std::memcpy(changed.data() + 8 + header.size(), tensors.data(), tensors.size());
  sign(changed);
  return changed;
}

}  // namespace files
