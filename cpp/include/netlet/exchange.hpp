// SPDX-License-Identifier: BSD-3-Clause
// A network that a real-time thread runs while another thread trains: the trainer publishes copies, the real-time
// thread takes the newest one.
//
//   netlet::Exchange exchange(network, 512);   // rows of a call, at most
//
//   exchange.publish(network);                 // the training thread, between two calls of fit or within on_epoch
//   exchange.forward(x, out);                  // the real-time thread
//
// This is a triple buffer. Of three places the real-time thread has one, the publisher has one to fill, and the third
// is exchanged between them by one atomic operation, so neither ever waits for the other. The real-time thread allocates
// and frees nothing, takes no lock and makes no system call; what it has used is freed by the publisher when its place
// is filled next, or by the destructor. Copies that it has not asked for in time are skipped.
#ifndef NETLET_EXCHANGE_HPP
#define NETLET_EXCHANGE_HPP

#include "netlet.hpp"

#if __cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)

#include <atomic>

namespace netlet {

// One thread may publish at a time, and one may run the network. Create it before, and destroy it after both.
class Exchange {
 public:
  // Until something is published, a copy of this network is run. rows: the most that forward is given at once.
  Exchange(const Network& network, std::size_t rows) : rows_(rows) { places_[running_].emplace(network.copy(), rows_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The publisher's thread: a copy of the network is what the real-time thread uses from its next call on. The network
  // stays the caller's, who may go on training it. It may have other layers, but the real-time thread must know the
  // number of inputs and outputs. After a failure the earlier one is used.
  void publish(const Network& network) {
    places_[filling_].emplace(network.copy(), rows_);  // frees what was there
    filling_ = offered_.exchange(filling_ | kNew, std::memory_order_acq_rel) & ~kNew;
  }

  // The real-time thread's: the newest network, which stays as it is until this thread asks again, and memory to run it.
  struct Place {
    Network network;
    Workspace workspace;
    Place(Network copy, std::size_t rows) : network(std::move(copy)), workspace(network, rows) {}
  };
  Place& newest() noexcept NETLET_NONBLOCKING {
    if (offered_.load(std::memory_order_relaxed) & kNew)
      running_ = offered_.exchange(running_, std::memory_order_acq_rel) & ~kNew;
    return *places_[running_];
  }

  // The real-time thread's: Network::forward with a workspace, by the newest network. out: a pointer or a container.
  template <class Out>
  netlet_status forward(const Array& x, Out&& out, netlet_error* error = nullptr) noexcept NETLET_NONBLOCKING {
    Place& place = newest();
    return place.network.forward(x, std::forward<Out>(out), place.workspace, error);
  }

 private:
  static constexpr unsigned kNew = 4;  // beside the number of the place that is offered: the reader has not had it
  static_assert(std::atomic<unsigned>::is_always_lock_free, "a real-time thread may not wait for a lock");

  const std::size_t rows_;
  std::optional<Place> places_[3];
  unsigned running_ = 0, filling_ = 1;  // each is used by one thread alone
  std::atomic<unsigned> offered_{2};
};

}  // namespace netlet

#endif  // C++17
#endif
