// SPDX-License-Identifier: BSD-3-Clause
// What every function of netlet.h that uses a network's numbers does first: claim what it uses, set the floating-point
// environment that the arithmetic assumes, and select the network's dtype.
#pragma once

#include "network/network.hpp"
#include "network/optimizer.hpp"
#include "system/error.hpp"
#include "system/floating_point.hpp"
#include "system/poll.hpp"

namespace netlet::core {

// f(T()) for the dtype T
template <class F> auto with_dtype(int dtype, F&& f) { return dtype == NETLET_FLOAT32 ? f(float()) : f(double()); }

// f(T()) while the network is claimed; Claim: Reading or Writing
template <class Claim, class Network, class F>
netlet_status holding(const char* call, Network& network, netlet_error* error, F&& f) {
  const Claim held(network.users);
  if (!held) return busy(call, "network", error);
  const DefaultFloatingPoint floating_point;
  return with_dtype(network.dtype, f);
}

// Batches that come one by one: 1 and a batch, 0 at the end of a pass, or a negative number if there is a failure.
struct BatchSource {
  int (*function)(void* context, netlet_batch* batch);
  void* context;
  int next(netlet_batch* batch) const { return function(context, batch); }
};

// f(batches, T()) while the network is claimed; other calls may read it while the caller makes a batch.
template <class Claim, class Network, class F>
netlet_status lending(const char* call, Network& network, BatchSource callers, netlet_error* error, F&& f) {
  Claim held(network.users);
  if (!held) return busy(call, "network", error);
  DefaultFloatingPoint floating_point;
  struct Lender {
    Claim& held;
    DefaultFloatingPoint& floating_point;
    BatchSource callers;
    static int next(void* context, netlet_batch* batch) {
      Lender& self = *static_cast<Lender*>(context);
      const PollAside poll_aside;
      self.held.pause();
      self.floating_point.leave();
      const int answer = self.callers.next(batch);
      self.floating_point.enter();
      self.held.resume();
      return answer;
    }
  } lender = {held, floating_point, callers};
  const BatchSource batches = {&Lender::next, &lender};
  return with_dtype(network.dtype, [&](auto zero) { return f(batches, zero); });
}

// What a training call holds, and releases while it runs the caller's code.
struct Held {
  Writing &network, &optimizer;
  DefaultFloatingPoint& floating_point;
  PollInstead* poll = nullptr;  // that of this call alone

  // f() in the caller's floating-point environment; may_read: other calls may read network and optimizer meanwhile.
  template <class F> int call(bool may_read, F f) const {
    if (may_read) {
      network.pause();
      optimizer.pause();
    }
    floating_point.leave();
    if (poll) poll->leave();
    const int answer = f();
    if (poll) poll->enter();
    floating_point.enter();
    if (may_read) {
      optimizer.resume();
      network.resume();
    }
    return answer;
  }
};

// f(held, T())
template <class F> netlet_status training(const char* call, netlet_network& network, netlet_optimizer& optimizer,
                                          netlet_error* error, F&& f) {
  Writing writing(network.users);
  if (!writing) return busy(call, "network", error);
  Writing claim(optimizer.users);
  if (!claim) return busy(call, "optimizer", error);
  DefaultFloatingPoint floating_point;
  const Held held = {writing, claim, floating_point};
  return with_dtype(network.dtype, [&](auto zero) { return f(held, zero); });
}

}  // namespace netlet::core
