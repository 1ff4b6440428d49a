// SPDX-License-Identifier: BSD-3-Clause
// What the core needs from an operating system besides the C library and files; one version for POSIX, one for Windows.
#pragma once

#include <stddef.h>

#if !defined(_WIN32) && !defined(__wasm__)
#include <pthread.h>
#endif

namespace netlet::core {

// Both are ready to use when constructed and need no destruction.
struct Mutex {
#if defined(_WIN32)
  void* native = nullptr;  // an SRWLOCK
#elif !defined(__wasm__)
  pthread_mutex_t native = PTHREAD_MUTEX_INITIALIZER;
#endif
  void lock();
  void unlock();
};

struct Condition {
#if defined(_WIN32)
  void* native = nullptr;  // a CONDITION_VARIABLE
#elif !defined(__wasm__)
  pthread_cond_t native = PTHREAD_COND_INITIALIZER;
#endif
  void wait(Mutex& locked);
  void wake_all();
};

// Starts detached threads with all signals blocked, numbered from `first`; returns how many could be started.
size_t start_threads(void (*run)(size_t number), size_t first, size_t count);

// Gives up the processor.
void yield_thread();

// The number of processors that this process may use.
size_t processors_allowed();

// Has `reset` called in the child after each fork, on systems that fork.
void after_fork_in_child(void (*reset)());

// Monotonic time.
double seconds_now();

}  // namespace netlet::core
