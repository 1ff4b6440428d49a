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

// How far a call has come that its caller's functions may ask about. Only `rows` is shared with other threads.
struct Headway {
  int stage = 0;  // a netlet_stage
  uint64_t epoch = 0;
  std::atomic<uint64_t> rows{0};
  uint64_t total = 0;                               // 0: not known
  bool reading = false;                             // loops that read all rows count them
  const double *loss = nullptr, *weight = nullptr;  // sums over the rows so far; null: none

  void begin(int of, uint64_t total_rows, bool counted_by_loops = false) {
    stage = of;
    total = total_rows;
    reading = counted_by_loops;
    rows.store(0, std::memory_order_relaxed);
  }
  void add(size_t count) { rows.fetch_add(count, std::memory_order_relaxed); }
};

// That of the call which this thread is at work for; null: nobody can ask.
Headway* counted();
// For a loop that has read so many rows.
void count_rows(size_t row, size_t rows);

// Counts work, so that even the clock is looked at only after enough of it.
class Pace {
 public:
  // After the work on a row, of `rows`, if these are counted.
  bool stop(double operations, size_t row = 0, size_t rows = 0) {
    work_ += operations;
    if (__builtin_expect(work_ < kOften, 1)) return false;
    work_ = 0;
    if (rows) count_rows(row, rows);
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

// While it lives, calls of this thread ask this function instead of the thread's own, unless it is null; they count in
// `progress`, which the caller's functions may ask about.
class PollInstead {
 public:
  PollInstead(int (*function)(void*), void* context, FloatingPointState state, Headway& progress);
  ~PollInstead();
  PollInstead& operator=(PollInstead&&) = delete;

  // The caller's code runs in between.
  void leave() const;
  void enter();

 private:
  Poll poll_;
  Headway& progress_;
  Poll* const before_;
  Headway *const counted_before_, *const told_before_;
};

// While it lives, the caller's code runs; a poll that it sets is gone afterwards.
class PollAside {
 public:
  PollAside();
  ~PollAside();
  PollAside& operator=(PollAside&&) = delete;

 private:
  const Poll own_;
};

// Says that this is a thread of the pool, whose tasks end when *stopped is true.
void follow(const std::atomic<bool>& stopped);

}  // namespace netlet::core
