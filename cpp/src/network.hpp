// SPDX-License-Identifier: BSD-3-Clause
// A network: its layers, one buffer of parameters, and who is using it.
#pragma once

#include <atomic>

#include "memory.hpp"
#include "netlet/netlet.h"

namespace netlet::core {

struct Layer {
  size_t inputs, outputs;
  int activation;
  size_t weights, biases;  // where they begin in the parameters
};

}  // namespace netlet::core

struct netlet_network {
  int dtype = NETLET_FLOAT64, loss = NETLET_SQUARED_ERROR, reduction = NETLET_SUM;
  netlet::core::Buffer<netlet::core::Layer> layers;
  netlet::core::Buffer<unsigned char> parameters;  // of dtype
  size_t parameter_count = 0, widest = 0;          // widest: the largest number of outputs of a layer
  uint64_t epochs_trained = 0;
  mutable std::atomic<int> users{0};  // readers, or -1: a writer

  size_t layer_count() const { return layers.size(); }
  size_t inputs() const { return layers[0].inputs; }
  size_t outputs() const { return layers[layers.size() - 1].outputs; }
  template <class T> T* values() const { return reinterpret_cast<T*>(parameters.data()); }
};

namespace netlet::core {

inline size_t size_of(int dtype) { return dtype == NETLET_FLOAT32 ? sizeof(float) : sizeof(double); }

// Held while a call reads the network; false if a call is writing to it.
class Reading {
 public:
  explicit Reading(const netlet_network& network) : users_(network.users) {
    int users = users_.load(std::memory_order_relaxed);
    while (users >= 0 && !users_.compare_exchange_weak(users, users + 1, std::memory_order_acquire)) {
    }
    held_ = users >= 0;
  }
  ~Reading() {
    if (held_) users_.fetch_sub(1, std::memory_order_release);
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  explicit operator bool() const { return held_; }

 private:
  std::atomic<int>& users_;
  bool held_;
};

// Held while a call changes the network; false if any other call uses it.
class Writing {
 public:
  explicit Writing(const netlet_network& network) : users_(network.users) {
    int nobody = 0;
    held_ = users_.compare_exchange_strong(nobody, -1, std::memory_order_acquire);
  }
  ~Writing() {
    if (held_) users_.store(0, std::memory_order_release);
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  explicit operator bool() const { return held_; }

  // While a callback runs, this call counts as a reader: others may read, nobody may write.
  void pause() { users_.store(1, std::memory_order_release); }
  void resume() {
    int only_me = 1;
    while (!users_.compare_exchange_weak(only_me, -1, std::memory_order_acquire)) only_me = 1;
  }

 private:
  std::atomic<int>& users_;
  bool held_;
};

}  // namespace netlet::core
