// SPDX-License-Identifier: BSD-3-Clause
#include "system/poll.hpp"

#include <math.h>

#include "system/error.hpp"
#include "system/system.hpp"

namespace netlet::core {
namespace {

constexpr double kSeconds = 0.02;  // from one call of a poll to the next

struct ThreadState {
  Poll own;                           // of netlet_set_poll
  Poll* instead;                      // asked in place of it; null: none
  bool stopped;                       // what the poll said
  const std::atomic<bool>* followed;  // not null in a thread of the pool
  Headway *counted, *told;            // where calls count; what the caller's functions are told, which may make calls
};
thread_local ThreadState t_state;

}  // namespace

bool stop_asked() {
  ThreadState& thread = t_state;
  if (thread.followed) return thread.followed->load(std::memory_order_relaxed);
  if (thread.stopped) return true;
  Poll& poll = thread.instead ? *thread.instead : thread.own;
  if (!poll.function) return false;
  const double now = seconds_now();
  if (now - poll.last < kSeconds) return false;
  poll.last = now;
  // calls that the poll makes have none, but may set their own
  const ThreadState before = thread;
  const Poll asked = poll;
  thread.own = {};
  thread.instead = nullptr;
  thread.counted = nullptr;
  const FloatingPointState ours = FloatingPoint::read();
  FloatingPoint::write(asked.state);
  const bool stop = asked.function(asked.context) != 0;
  FloatingPoint::write(ours);
  thread = before;
  return thread.stopped = stop;
}

bool stopped() { return t_state.stopped; }
void stop_call() { t_state.stopped = true; }

netlet_status check_stop(netlet_error* error) {
  if (!t_state.stopped) return NETLET_OK;
  t_state.stopped = false;
  return fail(error, NETLET_ERROR_INTERRUPTED, "interrupted");
}

Headway* counted() { return t_state.counted; }
void count_rows(size_t row, size_t rows) {
  Headway* const progress = t_state.counted;
  if (!progress || !progress->reading) return;
  progress->rows.store(row, std::memory_order_relaxed);
  progress->total = rows;
}

PollInstead::PollInstead(int (*function)(void*), void* context, FloatingPointState state, Headway& progress)
    : poll_{function, context, state, function ? seconds_now() : 0},
      progress_(progress),
      before_(t_state.instead),
      counted_before_(t_state.counted),
      told_before_(t_state.told) {
  t_state.told = &progress;
  enter();
}
PollInstead::~PollInstead() {
  leave();
  t_state.told = told_before_;
}
void PollInstead::leave() const {
  t_state.instead = before_;
  t_state.counted = counted_before_;
}
void PollInstead::enter() {
  if (poll_.function) t_state.instead = &poll_;
  t_state.counted = &progress_;
}

PollAside::PollAside() : own_(t_state.own) {}
PollAside::~PollAside() { t_state.own = own_; }

void follow(const std::atomic<bool>& stopped) { t_state.followed = &stopped; }

}  // namespace netlet::core

using namespace netlet::core;

void netlet_set_poll(int (*poll)(void* context), void* context) {
  t_state.own = {poll, context, FloatingPoint::read(), seconds_now()};
  t_state.stopped = false;
}

int netlet_fit_progress(netlet_progress* progress) {
  const Headway* const told = t_state.told;
  if (!told) return 0;
  const bool some = told->stage == NETLET_TRAINING && told->weight && *told->weight > 0;
  *progress = {told->stage, told->epoch, told->rows.load(std::memory_order_relaxed), told->total,
               some ? *told->loss / *told->weight : NAN};
  return 1;
}
