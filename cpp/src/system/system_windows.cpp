// SPDX-License-Identifier: BSD-3-Clause
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <atomic>

#include "system/system.hpp"

namespace netlet::core {
namespace {

static_assert(sizeof(SRWLOCK) == sizeof(void*) && sizeof(CONDITION_VARIABLE) == sizeof(void*));
SRWLOCK* lock_of(Mutex& mutex) { return reinterpret_cast<SRWLOCK*>(&mutex.native); }
CONDITION_VARIABLE* variable_of(Condition& condition) {
  return reinterpret_cast<CONDITION_VARIABLE*>(&condition.native);
}

std::atomic<void (*)(size_t)> g_run;  // the same for every thread

DWORD WINAPI begin(void* number) {
  g_run.load(std::memory_order_relaxed)(reinterpret_cast<size_t>(number));
  return 0;
}

}  // namespace

void Mutex::lock() { AcquireSRWLockExclusive(lock_of(*this)); }
void Mutex::unlock() { ReleaseSRWLockExclusive(lock_of(*this)); }
void Condition::wait(Mutex& locked) { SleepConditionVariableSRW(variable_of(*this), lock_of(locked), INFINITE, 0); }
void Condition::wake_all() { WakeAllConditionVariable(variable_of(*this)); }

size_t start_threads(void (*run)(size_t), size_t first, size_t count) {
  g_run.store(run, std::memory_order_relaxed);
  size_t started = 0;
  for (; started < count; ++started) {
    const HANDLE thread = CreateThread(nullptr, 0, begin, reinterpret_cast<void*>(first + started), 0, nullptr);
    if (!thread) break;
    CloseHandle(thread);
  }
  return started;
}

void yield_thread() { SwitchToThread(); }

size_t processors_allowed() {
  DWORD_PTR process = 0, system = 0;  // of this process's group, which has at most 64
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system) && process)
    return (size_t)__builtin_popcountll(process);
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwNumberOfProcessors;
}

void after_fork_in_child(void (*)()) {}

double seconds_now() {
  LARGE_INTEGER frequency, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  return (double)now.QuadPart / (double)frequency.QuadPart;
}

}  // namespace netlet::core
