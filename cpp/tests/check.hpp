// SPDX-License-Identifier: BSD-3-Clause
// The few lines of a test framework that the native tests need: checks that count, and a summary as exit status.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>

namespace check {

inline int passed = 0, failed = 0;

inline void that(bool condition, const char* text, const char* file, int line) {
  ++(condition ? passed : failed);
  if (!condition) std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
}

template <class T> bool same_bits(const T* a, const T* b, std::size_t count) {
  return std::memcmp(a, b, count * sizeof(T)) == 0;
}

// the message of the exception of type E that f throws; a failure if it throws none
template <class E, class F> std::string message_of(F f, const char* file, int line) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  that(false, "an exception was expected", file, line);
  return "";
}

inline int summary() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0 || passed == 0;
}

}  // namespace check

#define CHECK(condition) check::that((condition), #condition, __FILE__, __LINE__)
// the expression throws a netlet::Error whose message has `part` in it
#define CHECK_ERROR(expression, part)                                                                                  \
  do {                                                                                                                 \
    const std::string message = check::message_of<netlet::Error>([&] { (void)(expression); }, __FILE__, __LINE__);     \
    check::that(message.find(part) != std::string::npos, ("'" + message + "' has '" + (part) + "'").c_str(), __FILE__, \
                __LINE__);                                                                                             \
  } while (0)
