// SPDX-License-Identifier: BSD-3-Clause
// How calls that take long find out whether the caller wants them to end.
//
// Loops count their work with a Pace, and end early when it says so; whoever has called them then asks check_stop. Only
// the thread that made the call asks its caller; the pool's threads hear of it from that thread.
#pragma once

#include <atomic>

#include "netlet/netlet.h"
#include "system/floating_point.hpp"

namespace netlet::core {

// Whether the call of this thread is to end. Asks the caller about every 20 ms; what was answered holds until
// check_stop.
bool stop_asked();

// What stop_asked has said since the last check_stop.
bool stopped();

// Ends the call of this thread as its poll would.
void stop_call();

// After loops that may have ended early: NETLET_ERROR_INTERRUPTED if one has.
netlet_status check_stop(netlet_error* error);

// Counts work, so that even the clock is looked at only after enough of it.
class Pace {
 public:
  bool stop(double operations) {
    work_ += operations;
    if (__builtin_expect(work_ < kOften, 1)) return false;
    work_ = 0;
    return stop_asked();
  }

 private:
  static constexpr double kOften = 1e6;  // operations: some 100 microseconds
  double work_ = 0;
};

// A function of the caller's, and the floating-point state to call it in.
struct Poll {
  int (*function)(void* context);  // null: none
  void* context;
  FloatingPointState state;
  double last;  // when it was called, in seconds
};

// While it lives, calls of this thread ask this function instead of the thread's own, unless it is null.
class PollInstead {
 public:
  PollInstead(int (*function)(void*), void* context, FloatingPointState state);
  ~PollInstead();
  PollInstead(const PollInstead&) = delete;
  PollInstead& operator=(const PollInstead&) = delete;

  // The caller's code runs in between.
  void leave() const;
  void enter();

 private:
  Poll poll_;
  Poll* const before_;
};

// Says that this is a thread of the pool, whose tasks end when *stopped is true.
void follow(const std::atomic<bool>& stopped);

}  // namespace netlet::core
