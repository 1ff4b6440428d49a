// SPDX-License-Identifier: BSD-3-Clause
// Buffers of numbers, aligned to cache lines; allocation failures are return values.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace netlet::core {

constexpr size_t kCacheLine = 64;

#if defined(MADV_HUGEPAGE)
// Asks for huge pages where whole ones fit: rows of a wide layer lie on a small page each.
inline void ask_for_huge_pages(void* memory, size_t bytes) {
  constexpr size_t page = 1 << 21;
  if (bytes < 2 * page) return;
  const uintptr_t begin = ((uintptr_t)memory + page - 1) / page * page, end = ((uintptr_t)memory + bytes) / page * page;
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}
#endif

inline void* aligned_allocate(size_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, kCacheLine);
#else
  void* p = nullptr;
  if (posix_memalign(&p, kCacheLine, bytes) != 0) return nullptr;
#if defined(MADV_HUGEPAGE)
  ask_for_huge_pages(p, bytes);
#endif
  return p;
#endif
}

inline void aligned_free(void* p) {
#if defined(_WIN32)
  _aligned_free(p);
#else
  free(p);
#endif
}

inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
inline size_t larger(size_t a, size_t b) { return a > b ? a : b; }
inline size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
inline bool multiply_overflows(size_t a, size_t b, size_t* product) { return __builtin_mul_overflow(a, b, product); }

// Owns `size` values of a plain type; empty until allocate() succeeds.
template <class T> class Buffer {
 public:
  Buffer() = default;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { aligned_free(data_); }

  // Replaces the contents by `size` values, uninitialised unless `zero`; false if out of memory. The same memory serves
  // again if it has that size: new memory costs a page fault for every 4 KB.
  bool allocate(size_t size, bool zero = false) {
    size_t bytes;
    if (data_ && size == size_) {
      if (zero) memset(static_cast<void*>(data_), 0, size * sizeof(T));
      return true;
    }
    if (multiply_overflows(size, sizeof(T), &bytes) || bytes > (size_t)PTRDIFF_MAX - kCacheLine) return false;
    void* p = aligned_allocate(bytes ? bytes : kCacheLine);
    if (!p) return false;
    if (zero) memset(p, 0, bytes);
    aligned_free(data_);
    data_ = static_cast<T*>(p);
    size_ = size;
    return true;
  }
  bool allocate_rows(size_t rows, size_t columns, bool zero = false) {
    size_t size;
    return !multiply_overflows(rows, columns, &size) && allocate(size, zero);
  }
  bool copy(const Buffer& other) {
    if (other.size_ == 0) return release(), true;
    if (!allocate(other.size_)) return false;
    memcpy(data_, other.data_, size_ * sizeof(T));
    return true;
  }
  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  void release() { aligned_free(give()); }
  // Releases ownership of the memory, to be freed by aligned_free().
  T* give() {
    size_ = 0;
    return std::exchange(data_, nullptr);
  }
  T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

// An object that a call leaves for the next one; it belongs to one call at a time.
class Kept {
 public:
  Kept() = default;
  Kept& operator=(Kept&&) = delete;
  ~Kept() {
    if (void* const object = object_.load()) free_.load()(object);
  }

  // What was left here, or a new T; null if out of memory. All of them must be of one type.
  template <class T> T* take() {
    if (void* const object = object_.exchange(nullptr)) return static_cast<T*>(object);
    void* const memory = aligned_allocate(sizeof(T));
    return memory ? new (memory) T() : nullptr;
  }
  template <class T> void leave(T* object) {
    free_ = &free<T>;
    if (void* const other = object_.exchange(object)) free<T>(other);
  }

 private:
  template <class T> static void free(void* object) {
    static_cast<T*>(object)->~T();
    aligned_free(object);
  }
  std::atomic<void*> object_{nullptr};
  std::atomic<void (*)(void*)> free_{nullptr};
};

// What is kept there, or a new T, for the lifetime of this object; null if out of memory.
template <class T> class Taken {
 public:
  explicit Taken(Kept& kept) : kept_(kept), object_(kept.take<T>()) {}
  Taken& operator=(Taken&&) = delete;
  ~Taken() {
    if (object_) kept_.leave(object_);
  }
  explicit operator bool() const { return object_ != nullptr; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }

 private:
  Kept& kept_;
  T* const object_;
};

// Cuts a buffer into pieces that begin at cache lines. lay_out(take) gets each from take(rows, columns); it is called
// twice, the first time only to count. False if out of memory.
template <class T, class F> bool allocate_pieces(Buffer<T>& memory, F lay_out) {
  constexpr size_t line = kCacheLine / sizeof(T);
  T* begin = nullptr;
  size_t used = 0;
  bool fits = true;
  const auto take = [&](size_t rows, size_t columns) {
    T* const piece = begin ? begin + used : nullptr;
    size_t size;
    fits = fits && !multiply_overflows(rows, columns, &size) && size <= SIZE_MAX / 4 && used <= SIZE_MAX / 4;
    if (fits) used += divide_up(size, line) * line;
    return piece;
  };
  for (;;) {
    lay_out(take);
    if (begin) return true;
    if (!fits || !memory.allocate(used)) return false;
    begin = memory.data();
    used = 0;
  }
}

}  // namespace netlet::core
