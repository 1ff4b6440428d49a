// SPDX-License-Identifier: BSD-3-Clause
// One pool of threads for the process. Results never depend on which thread runs which task.
#pragma once

#include <stddef.h>

#include "netlet/netlet.h"
#include "system/poll.hpp"

namespace netlet::core {

// How many threads are worth using if each should have at least `share` of the floating-point operations.
size_t threads_for(double operations, double share);

constexpr double kReadingShare = 4e5;   // about 10 microseconds of one core, for work that only reads parameters
constexpr double kTrainingShare = 2e6;  // each step also moves parameters between cores

// Calls run(context, task, worker) for each task < tasks, on at most `threads` threads, and returns when all are done.
// worker < threads; the caller is worker 0. If the pool is taken (by another thread, or by the task that makes this
// call), the caller runs all tasks itself. operations: of one task; unless it is 0, the caller asks its poll between
// tasks, and leaves out the rest if that says so.
void run_tasks(size_t tasks, size_t threads, double operations, void (*run)(void* context, size_t task, size_t worker),
               void* context);

// Around each step of a training run that may use `threads`: how many it should use; and what work it was. Each phase of
// a step ends with its last thread: where other programs keep a processor busy, one thread may be faster than several.
// The calling thread tries both at first, and again when threads wait for each other; else it only looks at the clock.
// of: what is trained, as the speeds of different networks say nothing about each other.
size_t begin_step(size_t threads, const void* of);
void end_step(double operations);

// Fails if NETLET_NUM_THREADS is not a valid number.
netlet_status require_threads(netlet_error* error);

// f(task, worker) for each task, until the caller's poll says stop: check_stop tells. operations: of one task
template <class F> void parallel_unless_stopped(size_t tasks, size_t threads, double operations, F&& f) {
  if (threads <= 1 || tasks <= 1) {
    Pace pace;
    for (size_t task = 0; task < tasks; ++task) {
      f(task, (size_t)0);
      if (operations != 0 && pace.stop(operations)) return;
    }
    return;
  }
  run_tasks(
      tasks, threads, operations,
      [](void* context, size_t task, size_t worker) { (*static_cast<F*>(context))(task, worker); }, &f);
}

// the same for all of them, whatever the poll would say
template <class F> void parallel(size_t tasks, size_t threads, F&& f) {
  parallel_unless_stopped(tasks, threads, 0, static_cast<F&&>(f));
}

}  // namespace netlet::core
