// SPDX-License-Identifier: BSD-3-Clause
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "system/system.hpp"

namespace netlet::core {
namespace {

std::atomic<void (*)(size_t)> g_run;  // the same for every thread

void* begin(void* number) {
  g_run.load(std::memory_order_relaxed)(reinterpret_cast<size_t>(number));
  return nullptr;
}

}  // namespace

void Mutex::lock() { pthread_mutex_lock(&native); }
void Mutex::unlock() { pthread_mutex_unlock(&native); }
void Condition::wait(Mutex& locked) { pthread_cond_wait(&native, &locked.native); }
void Condition::wake_all() { pthread_cond_broadcast(&native); }

size_t start_threads(void (*run)(size_t), size_t first, size_t count) {
  g_run.store(run, std::memory_order_relaxed);
  sigset_t all, before;  // signals are for the program's own threads
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  size_t started = 0;
  for (; started < count; ++started) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, begin, reinterpret_cast<void*>(first + started)) != 0) break;
    pthread_detach(thread);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void yield_thread() { sched_yield(); }

size_t processors_allowed() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return (size_t)CPU_COUNT(&set);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}

void after_fork_in_child(void (*reset)()) { pthread_atfork(nullptr, nullptr, reset); }

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

}  // namespace netlet::core
