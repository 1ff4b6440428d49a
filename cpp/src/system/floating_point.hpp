// SPDX-License-Identifier: BSD-3-Clause
// The floating-point environment that the arithmetic assumes: round to nearest, subnormals kept, no traps.
#pragma once

#include <stdint.h>

#if defined(NETLET_X86)
#include <xmmintrin.h>
#endif

namespace netlet::core {

// Sets the default environment if the caller's differs, and restores the caller's at the end of the scope.
class DefaultFloatingPoint {
 public:
  DefaultFloatingPoint() : saved_(read()), differs_((saved_ & kMask) != kDefault) {
    if (differs_) write(kDefault);
  }
  ~DefaultFloatingPoint() {
    if (differs_) write(saved_);
  }
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

  // the caller's environment for the duration of a callback
  void leave() const {
    if (differs_) write(saved_);
  }
  void enter() {
    saved_ = read();
    differs_ = (saved_ & kMask) != kDefault;
    if (differs_) write(kDefault);
  }

 private:
#if defined(NETLET_X86)
  typedef uint32_t State;
  static constexpr State kDefault = 0x1f80, kMask = 0xffc0;  // all but the sticky exception flags
  static State read() { return _mm_getcsr(); }
  static void write(State state) { _mm_setcsr(state); }
#elif defined(NETLET_ARM)
  typedef uint64_t State;
  static constexpr State kDefault = 0, kMask = ~State(0);
  static State read() {
    State state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void write(State state) { __asm__ volatile("msr fpcr, %0" : : "r"(state) : "memory"); }
#else
  typedef int State;
  static constexpr State kDefault = 0, kMask = 0;
  static State read() { return 0; }
  static void write(State) {}
#endif

  State saved_;
  bool differs_;
};

}  // namespace netlet::core
