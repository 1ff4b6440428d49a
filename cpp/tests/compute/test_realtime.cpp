// SPDX-License-Identifier: BSD-3-Clause
// Forward with the caller's workspace: the same bits, and nothing that could make a real-time thread wait. Allocations
// and locks are counted by standing in for the C library's functions; the kernel ends the process at a system call
// other than its exit.
//
// test_realtime FAULT puts one in (allocation, lock or call) and must fail.
#include <netlet/exchange.hpp>

#if !defined(_WIN32)
#include <pthread.h>
#include <unistd.h>
#endif

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "check.hpp"

using netlet::Activation;
using netlet::Dtype;
using netlet::Network;
using netlet::Workspace;

// A sanitizer stands in for these functions itself; RealtimeSanitizer watches instead.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(realtime_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__GLIBC__) && !defined(SANITIZED)
#define GUARDED 1
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static thread_local bool g_watching = false;
static int g_allocations = 0, g_locks = 0;

extern "C" {
void* __libc_malloc(size_t);
void __libc_free(void*);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  g_allocations += g_watching;
  return __libc_malloc(size);
}
void free(void* p) {
  g_allocations += g_watching;
  __libc_free(p);
}
void* calloc(size_t count, size_t size) {
  g_allocations += g_watching;
  return __libc_calloc(count, size);
}
void* realloc(void* p, size_t size) {
  g_allocations += g_watching;
  return __libc_realloc(p, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  g_allocations += g_watching;
  return __libc_memalign(alignment, size);
}
void* memalign(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
int posix_memalign(void** p, size_t alignment, size_t size) {
  g_allocations += g_watching;
  *p = __libc_memalign(alignment, size);
  return *p ? 0 : ENOMEM;
}
// constant-initialised: a guarded static would lock itself
#define COUNT_AS_LOCK(function, type)                                          \
  int function(type* object) {                                                 \
    using Function = int (*)(type*);                                           \
    static std::atomic<Function> real{nullptr};                                \
    if (!real) real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, #function)); \
    g_locks += g_watching;                                                     \
    return real.load()(object);                                                \
  }
COUNT_AS_LOCK(pthread_mutex_lock, pthread_mutex_t)
COUNT_AS_LOCK(pthread_mutex_trylock, pthread_mutex_t)
COUNT_AS_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNT_AS_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
COUNT_AS_LOCK(sem_wait, sem_t)
}
#endif

static std::vector<Network> networks() {
  std::vector<Network> all;
  all.emplace_back(std::vector<std::size_t>{1, 1});
  all.emplace_back(std::vector<std::size_t>{2, 3, 1});
  all.emplace_back(std::vector<std::size_t>{40, 100, 100, 10},
                   std::vector<Activation>{Activation::relu, Activation::tanh, Activation::softmax},
                   netlet::Loss::cross_entropy, netlet::Reduction::mean, Dtype::float32);
  all.emplace_back(std::vector<std::size_t>{8, 2100, 5}, std::vector<Activation>{Activation::relu, Activation::gelu});
  all.emplace_back(std::vector<std::size_t>{8, 7, 6, 5},
                   std::vector<Activation>{Activation::elu, Activation::silu, Activation::softplus});
  for (Network& net : all) net.initialize(netlet::Init::glorot_uniform, 1);
  const std::vector<double> shift(8, 0.5), scale(8, 3);
  all.back().set_scaling(netlet::Scaling::inputs, shift, scale);
  all.back().set_scaling(netlet::Scaling::outputs, std::vector<double>(5, -2), std::vector<double>(5, 0.5));
  return all;
}

static const char* g_fault = "";

static netlet_status predict(const Network& net, const netlet::Array& x, void* out,
                             Workspace& workspace) noexcept NETLET_NONBLOCKING {
  if (std::strcmp(g_fault, "allocation") == 0) {
    void* volatile p = std::malloc(100);
    std::free(p);
  }
#if !defined(_WIN32)
  if (std::strcmp(g_fault, "lock") == 0) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
  }
  if (std::strcmp(g_fault, "call") == 0) usleep(1);
#endif
  return net.forward(x, out, workspace);
}

// Rows of each kind: as they are, to be converted, with gaps.
template <class Watch> static void every_network(Watch watch) {
  const std::vector<Network> all = networks();
  for (const Network& net : all) {
    for (const std::size_t rows : {1, 3, 64, 65, 200}) {
      const std::size_t n = net.inputs(), size = net.dtype() == Dtype::float32 ? 4 : 8;
      std::vector<double> x64(rows * n);
      std::vector<float> x32(2 * rows * n);
      for (std::size_t i = 0; i < x64.size(); ++i) x64[i] = (double)((i * 37) % 101) / 50 - 1;
      for (std::size_t i = 0; i < x32.size(); ++i) x32[i] = (float)((i * 37) % 101) / 50 - 1;
      netlet_array gaps = {x32.data(), NETLET_FLOAT32, rows, n, (std::ptrdiff_t)(2 * n * 4), 8};
      const netlet::Array inputs[] = {{x64.data(), rows, n}, {x32.data(), rows, n}, netlet::Array(gaps)};
      std::vector<unsigned char> expected(rows * net.outputs() * size), out(expected.size());
      Workspace workspace(net, rows);
      for (const netlet::Array& x : inputs) {
        net.forward(x, static_cast<void*>(expected.data()));
        watch(net, x, out.data(), workspace);
        CHECK(std::memcmp(out.data(), expected.data(), out.size()) == 0);
      }
    }
  }
}

static void errors_come_as_codes() {
  const Network net = Network({2, 3, 1});
  const double x[] = {1, 2};
  double out;
  netlet_error error;
  Workspace workspace(net, 1);
  CHECK(net.forward({x, 1, 1}, &out, workspace, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::strstr(error.message, "x: expected"));
  CHECK(net.forward({x, 1, 2}, static_cast<void*>(nullptr), workspace) == NETLET_ERROR_ARGUMENT);
  CHECK(net.forward({x, 0, 2}, &out, workspace) == NETLET_OK);
  const netlet::Array row(x, 1, 2);
  CHECK(netlet_forward_realtime(net.get(), &row, &out, workspace.data(), 8, &error) == NETLET_ERROR_ARGUMENT);
  CHECK(std::strstr(error.message, "workspace: expected") && std::strstr(error.message, "got 8"));
  CHECK(netlet_forward_realtime(net.get(), &row, &out, nullptr, 1000, &error) == NETLET_ERROR_ARGUMENT);
  char* const odd = static_cast<char*>(workspace.data()) + 1;
  CHECK(netlet_forward_realtime(net.get(), &row, &out, odd, workspace.size(), &error) == NETLET_ERROR_ARGUMENT);
  // one layer needs no memory, unless its inputs have to be converted
  const Network single({2, 1});
  CHECK(netlet_forward_realtime(single.get(), &row, &out, nullptr, 0, &error) == NETLET_OK);
  CHECK(netlet_workspace_size(net.get(), 64) == netlet_workspace_size(net.get(), 100000));
}

static void threads_share_a_network() {
  Network trained({4, 16, 2});
  trained.initialize(netlet::Init::glorot_uniform, 3);
  const Network& net = trained;
  std::vector<double> x(4 * 10, 0.25), expected(2 * 10);
  net.forward({x.data(), 10, 4}, expected.data());
  std::vector<std::thread> threads;
  bool same[4] = {};
  for (bool& result : same)
    threads.emplace_back([&] {
      Workspace workspace(net, 10);
      result = true;
      for (int i = 0; i < 2000; ++i) {
        double out[20] = {};
        result = result && net.forward({x.data(), 10, 4}, out, workspace) == NETLET_OK &&
                 std::memcmp(out, expected.data(), sizeof out) == 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const bool result : same) CHECK(result);
}

#if defined(GUARDED)
// In a process of its own, which the kernel ends with SIGSYS at a system call that is not exit_group.
static int status_without_system_calls(const Network& net, const netlet::Array& x, void* out, Workspace& workspace) {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    const sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
      _exit(77);  // an emulator has no such filter
    _exit(predict(net, x, out, workspace) == NETLET_OK ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}
#endif

// What was published is taken, and run, and what it replaces is not freed here.
static void what_an_exchange_gives() {
  const std::vector<double> x(16, 0.5);
  std::vector<double> out(10);
  for (const std::size_t hidden : {3, 2000}) {
    Network net({8, hidden, 5});
    netlet::Exchange exchange(net, 2);
    for (int i = 0; i < 4; ++i) {
      exchange.publish(net);
#if defined(GUARDED)
      g_watching = true;
#endif
      const netlet_status status = exchange.forward(x, out);
#if defined(GUARDED)
      g_watching = false;
#endif
      CHECK(status == NETLET_OK && out[9] == 0.5);
    }
  }
}

int main(int count, char** arguments) {
  if (count > 1) g_fault = arguments[1];
  what_an_exchange_gives();
  errors_come_as_codes();
  threads_share_a_network();
#if defined(GUARDED)
  every_network([](const Network& net, const netlet::Array& x, void* out, Workspace& workspace) {
    g_watching = true;
    const netlet_status status = predict(net, x, out, workspace);
    g_watching = false;
    CHECK(status == NETLET_OK);
  });
  CHECK(g_allocations == 0);
  CHECK(g_locks == 0);
  bool filtered = true;
  every_network([&](const Network& net, const netlet::Array& x, void* out, Workspace& workspace) {
    predict(net, x, out, workspace);
    const int status = filtered ? status_without_system_calls(net, x, out, workspace) : 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
      filtered = false;
      return;
    }
    const bool ended_by_system_call = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    CHECK(ended_by_system_call == false);
    CHECK(ended_by_system_call || status == 0);
  });
  if (!filtered) {
    std::puts("system calls were not watched: there is no filter here");
    if (std::strcmp(g_fault, "call") == 0) return 77;
  }
#else
#if defined(__has_feature)
#if __has_feature(realtime_sanitizer)
#define WATCHED_BY_SANITIZER
#endif
#endif
#if !defined(WATCHED_BY_SANITIZER)
  if (*g_fault) return 77;  // nobody would find it
#endif
  every_network([](const Network& net, const netlet::Array& x, void* out, Workspace& workspace) {
    CHECK(predict(net, x, out, workspace) == NETLET_OK);
  });
#endif
  return check::summary();
}
