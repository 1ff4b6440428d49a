// SPDX-License-Identifier: BSD-3-Clause
// One pool of threads for the process. Tasks are numbered; which thread runs which never changes a result.
#pragma once

#include <stddef.h>

#include "netlet/netlet.h"

namespace netlet::core {

// Threads worth using for so many floating-point operations, if each should have at least `share` of them.
size_t threads_for(double operations, double share);

constexpr double kReadingShare = 4e5;   // about 10 microseconds of one core, for work that only reads parameters
constexpr double kTrainingShare = 2e6;  // each step moves the parameters from core to core as well

// Calls run(context, task, worker) for each task below `tasks`, on at most `threads` threads, the caller being worker
// 0; returns when all are done. Workers are numbered below `threads`. If the pool is taken (a call from another
// thread, or from within a task), the caller does all of it alone.
void run_tasks(size_t tasks, size_t threads, void (*run)(void* context, size_t task, size_t worker), void* context);

// Fails if NETLET_NUM_THREADS cannot be followed.
netlet_status require_threads(netlet_error* error);

template <class F> void parallel(size_t tasks, size_t threads, F&& f) {
  if (threads <= 1 || tasks <= 1) {
    for (size_t task = 0; task < tasks; ++task) f(task, (size_t)0);
    return;
  }
  run_tasks(
      tasks, threads, [](void* context, size_t task, size_t worker) { (*static_cast<F*>(context))(task, worker); }, &f);
}

}  // namespace netlet::core
