// SPDX-License-Identifier: BSD-3-Clause
// Text of a file's header: written piece by piece, and read piece by piece. Numbers are decimal whatever the locale.
#pragma once

#include "system/memory.hpp"

namespace netlet::core {

// Text that grows. A failed allocation is remembered until somebody asks.
class Text {
 public:
  void add(const char* piece, size_t length) {
    if (failed_ || !reserve(length)) return;
    memcpy(text_.data() + size_, piece, length);
    size_ += length;
  }
  void add(const char* piece) { add(piece, strlen(piece)); }
  void add(char c) { add(&c, 1); }
  void add(uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    add(digits + at, sizeof digits - at);
  }
  bool failed() const { return failed_; }
  size_t size() const { return size_; }
  char* data() const { return text_.data(); }

 private:
  bool reserve(size_t length) {
    if (length <= text_.size() - size_) return true;
    Buffer<char> larger;
    size_t needed;
    failed_ = __builtin_add_overflow(size_, length, &needed) || !larger.allocate(needed < 512 ? 1024 : 2 * needed);
    if (failed_) return false;
    if (size_) memcpy(larger.data(), text_.data(), size_);
    text_.swap(larger);
    return true;
  }
  Buffer<char> text_;
  size_t size_ = 0;
  bool failed_ = false;
};

// A place in text that came from outside. What is not there as expected is false, and the place stays.
class Cursor {
 public:
  Cursor(const char* text, size_t size) : text_(text), size_(size) {}
  size_t at() const { return at_; }
  size_t size() const { return size_; }

  bool skip(const char* expected) {
    const size_t length = strlen(expected);
    if (length > size_ - at_ || memcmp(text_ + at_, expected, length) != 0) return false;
    at_ += length;
    return true;
  }
  // As Text writes it: no sign, no leading zeros.
  bool number(uint64_t* value) {
    const size_t begin = at_;
    uint64_t n = 0;
    bool fits = true;
    for (; at_ < size_ && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      fits = fits && !__builtin_mul_overflow(n, (uint64_t)10, &n) &&
             !__builtin_add_overflow(n, (uint64_t)(text_[at_] - '0'), &n);
    const size_t digits = at_ - begin;
    if (!fits || digits == 0 || (digits > 1 && text_[begin] == '0')) {
      at_ = begin;
      return false;
    }
    *value = n;
    return true;
  }
  // Letters, digits and what versions and names are made of besides, at most capacity - 1 of them.
  bool word(char* out, size_t capacity) {
    size_t length = 0;
    while (length < size_ - at_ && is_of_words(text_[at_ + length])) ++length;
    if (length == 0 || length >= capacity) return false;
    memcpy(out, text_ + at_, length);
    out[length] = 0;
    at_ += length;
    return true;
  }
  // How many things, separated by blanks, stand before the next quotation mark.
  size_t count() const {
    size_t things = 1;
    for (size_t i = at_; i < size_ && text_[i] != '"'; ++i) things += text_[i] == ' ';
    return things;
  }

 private:
  static bool is_of_words(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '+' || c == '-';
  }
  const char* text_;
  size_t size_, at_ = 0;
};

}  // namespace netlet::core
