// SPDX-License-Identifier: BSD-3-Clause
// Allocations of the core that fail: the linker leads its malloc and posix_memalign here (--wrap, see CMakeLists.txt).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

// How many allocations are yet to succeed before one fails; negative: none fails. And how many have failed.
inline long g_until_failure = -1;
inline long g_failures = 0;

inline bool allocation_fails() {
  const bool fails = g_until_failure == 0;
  if (g_until_failure >= 0) --g_until_failure;
  g_failures += fails;
  return fails;
}

extern "C" {
void* __real_malloc(std::size_t size);
int __real_posix_memalign(void** p, std::size_t alignment, std::size_t size);
void* __wrap_malloc(std::size_t size);
int __wrap_posix_memalign(void** p, std::size_t alignment, std::size_t size);

void* __wrap_malloc(std::size_t size) { return allocation_fails() ? nullptr : __real_malloc(size); }
int __wrap_posix_memalign(void** p, std::size_t alignment, std::size_t size) {
  return allocation_fails() ? ENOMEM : __real_posix_memalign(p, alignment, size);
}
}

// What the test itself allocates does not fail: a C++ library that is linked statically, as with musl, is led here, too.
// Not inlined, as GCC then takes free for the wrong function.
__attribute__((noinline)) void* operator new(std::size_t size) {
  if (void* const p = __real_malloc(size)) return p;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* p) noexcept { std::free(p); }
__attribute__((noinline)) void operator delete(void* p, std::size_t) noexcept { std::free(p); }
