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
