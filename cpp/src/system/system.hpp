// SPDX-License-Identifier: BSD-3-Clause
// What the core needs of an operating system beside the C library and files; written once for POSIX, once for Windows.
#pragma once

#include <stddef.h>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace netlet::core {

// Both are ready as they are made, and need not be destroyed.
struct Mutex {
#if defined(_WIN32)
  void* native = nullptr;  // an SRWLOCK
#else
  pthread_mutex_t native = PTHREAD_MUTEX_INITIALIZER;
#endif
  void lock();
  void unlock();
};

struct Condition {
#if defined(_WIN32)
  void* native = nullptr;  // a CONDITION_VARIABLE
#else
  pthread_cond_t native = PTHREAD_COND_INITIALIZER;
#endif
  void wait(Mutex& locked);
  void wake_all();
};

// Starts threads that nobody waits for and that get none of the process's signals; returns how many of them could be
// started. They are numbered from `first` on.
size_t start_threads(void (*run)(size_t number), size_t first, size_t count);

// Lets another thread on.
void yield_thread();

// The processors that this process may use.
size_t processors_allowed();

// Has `reset` called in the child of each fork, where there are forks.
void after_fork_in_child(void (*reset)());

// Time that only goes forward.
double seconds_now();

}  // namespace netlet::core
