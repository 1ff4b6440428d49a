// SPDX-License-Identifier: BSD-3-Clause
#include "system/threads.hpp"

#include <stdint.h>
#include <stdlib.h>

#include <atomic>

#include "system/error.hpp"
#include "system/floating_point.hpp"
#include "system/guards.hpp"
#include "system/memory.hpp"
#include "system/system.hpp"

namespace netlet::core {

std::atomic<unsigned> g_fork_generation{0};

namespace {

constexpr size_t kMaxThreads = 1024;
constexpr int kSpins = 4000;    // how often a worker looks for tasks before it sleeps
constexpr int kShortWait = 50;  // spins that do not count as waiting

// What a thread knows about sharing its steps: of the current step, of the current window of steps, and of those before.
constexpr double kWindow = 0.01, kLongWait = 0.2;  // seconds; a share of them
constexpr int kShortStay = 4, kLongStay = 64;      // windows
struct Sharing {
  const void* of = nullptr;
  double began = 0, waited_before = 0;  // 0: it could not be shared
  double seconds = 0, waited = 0, operations = 0;
  double pace[2] = {};                // seconds per operation in the last window, shared and alone; 0: none yet
  bool alone = false, trial = false;  // trial: of what was not the faster way so far
  int stay = kShortStay, left = 0;
};
thread_local Sharing t_sharing;

std::atomic<size_t> g_thread_count{0};  // 0: not determined yet
thread_local double t_waited;           // seconds, for other threads at the ends of jobs
thread_local size_t t_limit;            // of netlet_limit_threads; 0: none

// A worker's share of the tasks. Its caches still hold what that share of the last job used, so each worker starts with
// its own share and then helps the others.
struct alignas(kCacheLine) Share {
  std::atomic<size_t> next{0};
  size_t end = 0;
};

// A job is open while kClosed is unset in the gate. The low bits count the workers that joined, the high bits are the
// job's number. A worker joins a job at most once, and never a finished one: the caller need not wait for sleepers.
constexpr uint64_t kJoinedMask = 0xffff, kClosed = 0x10000, kJobStep = 0x20000;

struct Pool {
  std::atomic<uint64_t> gate{kClosed};
  std::atomic<size_t> finished{0};
  void (*run)(void*, size_t, size_t) = nullptr;
  void* context = nullptr;
  size_t threads = 0;
  double operations = 0;             // of a task; 0: all tasks must run
  std::atomic<bool> stopped{false};  // the rest of the tasks need not

  std::atomic<bool> taken{false};
  size_t workers = 0;  // threads started; changed only by whoever took the pool

  std::atomic<int> sleepers{0};
  Mutex mutex;
  Condition wake;
};
Pool g_pool;
Share g_shares[kMaxThreads];  // not in Pool: all zero, they take no room in the binary

inline void pause_briefly() {
#if defined(NETLET_X86)
  __builtin_ia32_pause();
#elif defined(NETLET_ARM)
  __asm__ volatile("yield");
#endif
}

void take_tasks(size_t worker) {
  Pace pace;
  for (size_t other = 0; other < g_pool.threads; ++other) {
    Share& share = g_shares[(worker + other) % g_pool.threads];
    for (size_t task; (task = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
      if (g_pool.stopped.load(std::memory_order_relaxed)) return;
      g_pool.run(g_pool.context, task, worker);
      if (worker == 0 && g_pool.operations != 0 && pace.stop(g_pool.operations))
        g_pool.stopped.store(true, std::memory_order_relaxed);
    }
  }
}

// waits for an open gate of a job other than `seen`
uint64_t wait_for_job(uint64_t seen) {
  const auto is_new = [seen](uint64_t gate) { return !(gate & kClosed) && gate / kJobStep != seen; };
  for (int spin = 0; spin < kSpins; ++spin) {
    const uint64_t gate = g_pool.gate.load(std::memory_order_acquire);
    if (is_new(gate)) return gate;
    pause_briefly();
  }
  g_pool.mutex.lock();
  g_pool.sleepers.fetch_add(1);
  uint64_t gate;
  while (!is_new(gate = g_pool.gate.load())) g_pool.wake.wait(g_pool.mutex);
  g_pool.sleepers.fetch_sub(1);
  g_pool.mutex.unlock();
  return gate;
}

void work(size_t worker) {
  const DefaultFloatingPoint floating_point;
  follow(g_pool.stopped);
  uint64_t seen = UINT64_MAX;
  for (;;) {
    uint64_t gate = wait_for_job(seen);
    if (!g_pool.gate.compare_exchange_strong(gate, gate + 1, std::memory_order_acq_rel)) continue;
    seen = gate / kJobStep;
    if (worker < g_pool.threads) take_tasks(worker);
    g_pool.finished.fetch_add(1, std::memory_order_release);
  }
}

// Only the forking thread exists in the child: start over without workers.
void reset_in_child() {
  g_fork_generation.fetch_add(1);
  g_pool.gate.store((g_pool.gate.load() & ~kJoinedMask) | kClosed);
  g_pool.workers = 0;
  g_pool.sleepers.store(0);
  g_pool.taken.store(false);
  g_pool.mutex = Mutex();
  g_pool.wake = Condition();
}

void start_workers(size_t count) {
  watch_forks();
  g_pool.workers += start_threads(work, g_pool.workers + 1, count - g_pool.workers);  // fewer are fine, too
}

// the value of NETLET_NUM_THREADS: 0 if unset, SIZE_MAX if invalid
size_t requested_threads() {
  const char* text = getenv("NETLET_NUM_THREADS");
  if (!text || !*text) return 0;
  char* end;
  const long value = strtol(text, &end, 10);
  return *end || value < 1 || value > (long)kMaxThreads ? SIZE_MAX : (size_t)value;
}

// the first number of OMP_NUM_THREADS, which OpenMP lets be a list; SIZE_MAX if it says nothing
size_t openmp_threads() {
  const char* text = getenv("OMP_NUM_THREADS");
  const long value = text ? strtol(text, nullptr, 10) : 0;
  return value < 1 ? SIZE_MAX : (size_t)value;
}

}  // namespace

void watch_forks() {
  static std::atomic<bool> watching{false};
  if (!watching.exchange(true)) after_fork_in_child(reset_in_child);
}

size_t threads_for(double operations, double share) {
  const double useful = operations / share;
  if (useful < 2) return 1;
  size_t count = netlet_get_num_threads();
  if (t_limit != 0) count = smaller(count, t_limit);
  return useful < (double)count ? (size_t)useful : count;
}

void run_tasks(size_t tasks, size_t threads, double operations, void (*run)(void*, size_t, size_t), void* context) {
  if (threads > tasks) threads = tasks;
  if (threads <= 1 || g_pool.taken.exchange(true, std::memory_order_acquire)) {
    Pace pace;
    for (size_t task = 0; task < tasks; ++task) {
      run(context, task, 0);
      if (operations != 0 && pace.stop(operations)) return;
    }
    return;
  }
  if (g_pool.workers < threads - 1) start_workers(threads - 1);
  g_pool.run = run;
  g_pool.context = context;
  g_pool.threads = threads;
  g_pool.operations = operations;
  const unsigned generation = fork_generation();
  g_pool.stopped.store(false, std::memory_order_relaxed);
  for (size_t worker = 0; worker < threads; ++worker) {
    g_shares[worker].next.store(worker * tasks / threads, std::memory_order_relaxed);
    g_shares[worker].end = (worker + 1) * tasks / threads;
  }
  g_pool.finished.store(0, std::memory_order_relaxed);
  g_pool.gate.store((g_pool.gate.load() / kJobStep + 1) * kJobStep);
  if (g_pool.sleepers.load() > 0) {
    g_pool.mutex.lock();
    g_pool.wake.wake_all();
    g_pool.mutex.unlock();
  }
  take_tasks(0);
  const size_t joined = (size_t)(g_pool.gate.fetch_or(kClosed, std::memory_order_acq_rel) & kJoinedMask);
  double began = 0;
  for (int spin = 0; g_pool.finished.load(std::memory_order_acquire) < joined; ++spin) {
    if (spin == kShortWait) began = seconds_now();
    if (spin < kSpins)
      pause_briefly();
    else
      yield_thread();  // more threads than processors: let a worker run
    if (spin >= kSpins && operations != 0 && stop_asked()) g_pool.stopped.store(true, std::memory_order_relaxed);
  }
  if (began != 0) t_waited += seconds_now() - began;
  if (fork_generation() != generation) return stop_call();  // the poll forked: this process lacks what others had taken
  g_pool.taken.store(false, std::memory_order_release);
}

size_t begin_step(size_t threads, const void* of) {
  Sharing& s = t_sharing;
  s.began = 0;
  if (threads < 2) return threads;
  if (s.of != of) {
    const bool alone = s.alone != s.trial;
    s = {};
    s.of = of;
    s.alone = alone;
  }
  s.began = seconds_now();
  s.waited_before = t_waited;
  return s.alone ? 1 : threads;
}

void end_step(double operations) {
  Sharing& s = t_sharing;
  if (s.began == 0) return;
  s.seconds += seconds_now() - s.began;
  s.waited += t_waited - s.waited_before;
  s.operations += operations;
  const double pace = s.seconds / s.operations, other = s.pace[!s.alone];
  // a worker that has slept is given a few milliseconds at once, and must then wait for its turn
  const double window = s.trial && !s.alone ? 3 * kWindow : kWindow;
  const bool fails = s.trial && s.seconds > kWindow / 4 && pace > 1.25 * other;
  if (s.seconds < window && !fails) return;
  s.pace[s.alone] = pace;
  const bool long_waits = s.waited > kLongWait * s.seconds;
  s.seconds = s.waited = s.operations = 0;
  if (s.trial) {  // the faster way stays for a while, the longer the more often it has won
    const bool wins = pace < other;
    s.left = s.stay = wins ? kShortStay : (int)smaller(2 * (size_t)s.stay, kLongStay);
    s.alone ^= !wins;
    s.trial = false;
  } else if ((!s.alone && pace > other) || (s.left == 0 && (s.alone || long_waits))) {
    s.alone = !s.alone;
    s.trial = true;
  } else if (s.left > 0) {
    --s.left;
  }
}

netlet_status require_threads(netlet_error* error) {
  if (requested_threads() != SIZE_MAX) return NETLET_OK;
  return invalid(error, "NETLET_NUM_THREADS: expected a number from 1 to %zu, got '%.40s'", kMaxThreads,
                 getenv("NETLET_NUM_THREADS"));
}

}  // namespace netlet::core

using namespace netlet::core;

size_t netlet_get_num_threads() {
  size_t count = g_thread_count.load(std::memory_order_relaxed);
  if (count == 0) {
    count = requested_threads();
    if (count == 0 || count == SIZE_MAX) count = smaller(processors_allowed(), openmp_threads());
    if (count > kMaxThreads) count = kMaxThreads;
    g_thread_count.store(count, std::memory_order_relaxed);
  }
  return count;
}

netlet_status netlet_set_num_threads(size_t count, netlet_error* error) {
  if (count < 1 || count > kMaxThreads)
    return invalid(error, "count: expected 1 to %zu threads, got %zu", kMaxThreads, count);
  g_thread_count.store(count, std::memory_order_relaxed);
  return NETLET_OK;
}

size_t netlet_limit_threads(size_t count) {
  const size_t before = t_limit;
  t_limit = count;
  return before;
}
