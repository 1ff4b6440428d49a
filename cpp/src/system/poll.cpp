// SPDX-License-Identifier: BSD-3-Clause
#include "system/poll.hpp"

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
  const Poll own = thread.own;
  Poll* const instead = thread.instead;
  const Poll asked = poll;
  thread.own = {};
  thread.instead = nullptr;
  const FloatingPointState ours = FloatingPoint::read();
  FloatingPoint::write(asked.state);
  const bool stop = asked.function(asked.context) != 0;
  FloatingPoint::write(ours);
  thread.own = own;
  thread.instead = instead;
  thread.stopped = stop;
  return stop;
}

bool stopped() { return t_state.stopped; }
void stop_call() { t_state.stopped = true; }

netlet_status check_stop(netlet_error* error) {
  if (!t_state.stopped) return NETLET_OK;
  t_state.stopped = false;
  return fail(error, NETLET_ERROR_INTERRUPTED, "interrupted");
}

PollInstead::PollInstead(int (*function)(void*), void* context, FloatingPointState state)
    : poll_{function, context, state, function ? seconds_now() : 0}, before_(t_state.instead) {
  enter();
}
PollInstead::~PollInstead() { leave(); }
void PollInstead::leave() const { t_state.instead = before_; }
void PollInstead::enter() {
  if (poll_.function) t_state.instead = &poll_;
}

void follow(const std::atomic<bool>& stopped) { t_state.followed = &stopped; }

}  // namespace netlet::core

using namespace netlet::core;

void netlet_set_poll(int (*poll)(void* context), void* context) {
  t_state.own = {poll, context, FloatingPoint::read(), seconds_now()};
  t_state.stopped = false;
}
