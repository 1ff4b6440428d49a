// SPDX-License-Identifier: BSD-3-Clause
// The text of a file's header.
#pragma once

#include <stdio.h>

#include "system/memory.hpp"

namespace netlet::core {

// Text that grows piece by piece, or is compared piece by piece with another text. The first failure ends it: out of
// memory, or a piece that differs.
class Text {
 public:
  Text() = default;
  Text(const char* other, size_t size) : other_(other), other_size_(size) {}

  // what: describes the piece, if the piece itself is not to be shown. A null piece never matches.
  void add(const char* piece, const char* what = nullptr) {
    if (failed_) return;
    const size_t length = piece ? strlen(piece) : 0;
    if (other_)
      failed_ = !piece || length > other_size_ - size_ || memcmp(other_ + size_, piece, length) != 0;
    else
      failed_ = !reserve(length);
    if (failed_)
      snprintf(expected_, sizeof expected_, "%s", what || !piece ? what : piece);
    else if (!other_)
      memcpy(text_.data() + size_, piece, length);
    size_ += failed_ ? 0 : length;
  }
  void add(uint64_t number, const char* what) {  // decimal, whatever the locale
    char digits[21];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    add(digits, what);
  }
  bool failed() const { return failed_; }
  const char* expected() const { return expected_; }  // the piece that did not match
  size_t size() const { return size_; }               // of the pieces that were added or matched
  char* data() const { return text_.data(); }

 private:
  bool reserve(size_t length) {
    if (length <= text_.size() - size_) return true;
    Buffer<char> larger;
    size_t needed;
    if (__builtin_add_overflow(size_, length, &needed) || !larger.allocate(needed < 512 ? 1024 : 2 * needed))
      return false;
    if (size_) memcpy(larger.data(), text_.data(), size_);
    text_.swap(larger);
    return true;
  }
  const char* other_ = nullptr;
  size_t other_size_ = 0;
  Buffer<char> text_;
  size_t size_ = 0;
  bool failed_ = false;
  char expected_[256] = "";
};

}  // namespace netlet::core
