// SPDX-License-Identifier: BSD-3-Clause
// The floating-point environment that the arithmetic assumes: round to nearest, subnormals kept, no traps.
#pragma once

#include <stdint.h>

#if defined(NETLET_X86)
#include <xmmintrin.h>
#endif

namespace netlet::core {

#if defined(NETLET_X86)
typedef uint32_t FloatingPointState;
#elif defined(NETLET_ARM)
typedef uint64_t FloatingPointState;
#else
typedef int FloatingPointState;
#endif

// The register that holds it, on this thread.
struct FloatingPoint {
#if defined(NETLET_X86)
  static constexpr FloatingPointState kDefault = 0x1f80, kMask = 0xffc0;  // all but the sticky exception flags
  static FloatingPointState read() { return _mm_getcsr(); }
  static void write(FloatingPointState state) { _mm_setcsr(state); }
#elif defined(NETLET_ARM)
  static constexpr FloatingPointState kDefault = 0, kMask = ~FloatingPointState(0);
  static FloatingPointState read() {
    FloatingPointState state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(FloatingPointState state) { __asm__ volatile("msr fpcr, %0" : : "r"(state) : "memory"); }
#else
  static constexpr FloatingPointState kDefault = 0, kMask = 0;
  static FloatingPointState read() { return 0; }
  static void write(FloatingPointState) {}
#endif
};

// Sets the default environment if the caller's differs, and restores the caller's at the end of the scope.
class DefaultFloatingPoint : FloatingPoint {
 public:
  static bool is_set() { return (read() & kMask) == kDefault; }
  DefaultFloatingPoint() { enter(); }
  ~DefaultFloatingPoint() { leave(); }
  DefaultFloatingPoint& operator=(DefaultFloatingPoint&&) = delete;

  // the caller's environment for the duration of a callback
  void leave() const {
    if (differs_) write(saved_);
  }
  void enter() {
    saved_ = read();
    differs_ = (saved_ & kMask) != kDefault;
    if (differs_) write(kDefault);
  }
  FloatingPointState callers() const { return saved_; }

 private:
  FloatingPointState saved_;
  bool differs_;
};

}  // namespace netlet::core
