// SPDX-License-Identifier: BSD-3-Clause
// Who is using a network or an optimizer. Calls never wait for each other: one that would conflict is refused. Shared:
// what may be read without asking.
#pragma once

#include <atomic>

#include "system/system.hpp"

namespace netlet::core {

// Forks so far; locks held by other threads before a fork have no owner.
extern std::atomic<unsigned> g_fork_generation;
inline unsigned fork_generation() { return g_fork_generation.load(std::memory_order_relaxed); }
// Makes fork_generation count; called whenever something lockable is created.
void watch_forks();

class Users {
 public:
  bool add_reader() {
    forget_the_lost();
    int count = count_.load(std::memory_order_relaxed);
    while (count >= 0 && count < kWriterWaits)
      if (count_.compare_exchange_weak(count, count + 1, std::memory_order_acquire)) return true;
    return false;
  }
  bool set_writer() {
    forget_the_lost();
    int nobody = 0;
    return count_.compare_exchange_strong(nobody, kWriter, std::memory_order_acquire);
  }
  void remove_reader() { count_.fetch_sub(1, std::memory_order_release); }
  void remove_writer() { count_.store(0, std::memory_order_release); }
  void writer_becomes_reader() { count_.store(1, std::memory_order_release); }
  // since: the generation in which the writer became a reader; after a fork it no longer counts
  void reader_becomes_writer(unsigned since) {
    forget_the_lost();
    const int only_me = (since == generation()) | kWriterWaits;
    count_.fetch_or(kWriterWaits);  // refuses new readers; the present ones finish
    for (int found = only_me; !count_.compare_exchange_weak(found, kWriter, std::memory_order_acquire); found = only_me)
      yield_thread();
  }
  unsigned generation() const { return generation_.load(std::memory_order_relaxed); }

 private:
  void forget_the_lost() {
    const unsigned now = fork_generation();
    if (generation_.load(std::memory_order_relaxed) == now) return;
    count_.store(0);
    generation_.store(now);
  }
  static constexpr int kWriter = -1, kWriterWaits = 1 << 30;
  std::atomic<int> count_{0};  // kWriter, or the number of readers, perhaps with kWriterWaits
  std::atomic<unsigned> generation_{fork_generation()};
};

// A number that other threads may read while a call changes it. Compilers that save space call even these functions,
// unless told not to.
template <class Number> class Shared {
 public:
  Shared() = default;
  Shared(Number value) : value_(value) {}
  [[gnu::always_inline]] operator Number() const { return value_.load(std::memory_order_relaxed); }
  [[gnu::always_inline]] Shared& operator=(Number value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  Shared& operator=(Shared&&) = delete;
  [[gnu::always_inline]] Number operator++() { return *this = *this + 1; }  // only by the call that holds the object

 private:
  std::atomic<Number> value_{0};
};

// Held while a call reads; false if another call is writing.
class Reading {
 public:
  explicit Reading(Users& users) : users_(users), held_(users.add_reader()), generation_(users.generation()) {}
  ~Reading() {
    if (held_ && generation_ == users_.generation()) users_.remove_reader();
  }
  Reading& operator=(Reading&&) = delete;
  explicit operator bool() const { return held_; }

  // While a callback runs, others may read anyway.
  void pause() const {}
  void resume() const {}

 private:
  Users& users_;
  const bool held_;
  const unsigned generation_;
};

// Held while a call writes; false if any other call is reading or writing.
class Writing {
 public:
  explicit Writing(Users& users) : users_(users), held_(users.set_writer()) {}
  ~Writing() {
    if (held_) users_.remove_writer();
  }
  Writing& operator=(Writing&&) = delete;
  explicit operator bool() const { return held_; }

  // While a callback runs, this call counts as a reader: others may read, nobody may write.
  void pause() {
    paused_in_ = users_.generation();
    users_.writer_becomes_reader();
  }
  void resume() { users_.reader_becomes_writer(paused_in_); }

 private:
  Users& users_;
  const bool held_;
  unsigned paused_in_ = 0;
};

}  // namespace netlet::core
