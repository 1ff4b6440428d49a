// SPDX-License-Identifier: BSD-3-Clause
// Random calls of netlet.h with good, odd and hostile arguments, some of them from within callbacks, some while
// allocations fail. A call that fails says why and changes nothing; sanitizers watch over the rest.
//
// fuzz_calls [COUNT [SEED [FIRST]]] makes COUNT sequences of 50 calls, beginning with number FIRST.
#include <netlet/netlet.h>

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "network/random.hpp"
#include "state.hpp"
#if defined(NETLET_FAILING_ALLOCATIONS)
#include "failing_allocations.hpp"
#else
static long g_until_failure, g_failures;
#endif

namespace {

std::uint64_t g_sequence, g_calls, g_failed;

[[noreturn]] void wrong(const char* call, const char* what, const netlet_error& error) {
  std::fprintf(stderr, "sequence %" PRIu64 ": %s: %s (%s)\n", g_sequence, call, what, error.message);
  std::abort();
}

class World {
 public:
  World(std::uint64_t seed, std::uint64_t sequence)
      : random_(seed, netlet::core::kShuffle, (std::uint32_t)sequence), memory_(kMemory), out_(kOut) {
    for (std::size_t i = 0; i < kMemory; ++i) memory_[i] = (unsigned char)draw(256);
    for (netlet_network*& net : nets_) create(net);
    for (netlet_optimizer*& optimizer : optimizers_) create(optimizer);
  }
  ~World() {
    for (netlet_network* net : nets_) netlet_network_free(net);
    for (netlet_optimizer* optimizer : optimizers_) netlet_optimizer_free(optimizer);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void call() {
    netlet_network*& net = nets_[draw(2)];
    netlet_optimizer*& optimizer = optimizers_[draw(2)];
    if (!net) return create(net);
    if (!optimizer) return create(optimizer);
    switch (draw(33)) {
      case 0:
        if (depth_) return;  // a call may be using it
        netlet_network_free(net);
        net = nullptr;
        return;
      case 1:
        if (depth_) return;
        netlet_optimizer_free(optimizer);
        optimizer = nullptr;
        return;
      case 2: return copy(net);
      case 3:
        return check("netlet_initialize", net, optimizer,
                     [&](netlet_error* e) { return netlet_initialize(net, (int)draw(3), draw(9), e); });
      case 4:
        return check("netlet_fingerprint", net, optimizer, [&](netlet_error* e) {
          char hex[65] = "";
          const netlet_status status = netlet_fingerprint(net, hex, e);
          if ((status == NETLET_OK) != (std::strlen(hex) == 64)) wrong("netlet_fingerprint", "a part of it", *e);
          return status;
        });
      case 5: return set_scaling(net, optimizer);
      case 6:
        if (draw(2)) return learn_scaling_batches(net, optimizer);
        return check("netlet_learn_scaling", net, optimizer, [&](netlet_error* e) {
          const int kind = (int)draw(4);
          const netlet_array rows = array(kind == NETLET_SCALE_INPUTS ? netlet_inputs(net) : netlet_target_count(net));
          const netlet_array weight = weights(rows.rows);
          return netlet_learn_scaling(net, kind, maybe(rows), draw(2) ? &weight : nullptr, (int)draw(3), e);
        });
      case 7:
        return check("netlet_copy_scaling", net, optimizer, [&](netlet_error* e) {
          int present;
          return netlet_copy_scaling(net, (int)draw(4), out<double>(), out<double>() + 100, &present, e);
        });
      case 8:
        return check("netlet_set_note", net, optimizer, [&](netlet_error* e) {
          const char* const texts[] = {nullptr, "", "{}", "\"\\\\\"", "\xff", "a\nb"};
          return netlet_set_note(net, (int)draw(5) - 1, texts[draw(6)], e);
        });
      case 9: return forward(net, optimizer);
      case 10:
        return check("netlet_forward_realtime", net, optimizer, [&](netlet_error* e) {
          const netlet_array x = array(netlet_inputs(net));
          std::vector<double> workspace(netlet_workspace_size(net, x.rows) / 8 + 1);
          const std::size_t offset = draw(4) == 0, size = (workspace.size() - 1) * 8 - (draw(4) == 0);
          return netlet_forward_realtime(net, maybe(x), misaligned(draw(8) == 0),
                                         reinterpret_cast<char*>(workspace.data()) + offset, size, e);
        });
      case 11: return evaluate_batches(net, optimizer);
      case 12:
        return check("netlet_evaluate", net, optimizer, [&](netlet_error* e) {
          const Data data = examples(net);
          netlet_evaluation evaluation;
          return netlet_evaluate(net, maybe(data.x), &data.targets, &evaluation, draw(2) ? sizeof evaluation : 8, e);
        });
      case 13:
        return check("netlet_backward", net, optimizer, [&](netlet_error* e) {
          const Data data = examples(net);
          double loss;
          return netlet_backward(net, maybe(data.x), &data.targets, draw(2) ? &loss : nullptr, misaligned(draw(8) == 0),
                                 e);
        });
      case 14:
        return check("netlet_input_gradient", net, optimizer, [&](netlet_error* e) {
          const Data data = examples(net);
          return netlet_input_gradient(net, maybe(data.x), &data.targets, misaligned(draw(8) == 0), e);
        });
      case 15:
        return check("netlet_row_gradients", net, optimizer, [&](netlet_error* e) {
          const Data data = examples(net);
          return netlet_row_gradients(net, maybe(data.x), &data.targets, misaligned(draw(8) == 0), e);
        });
      case 16:
        return check("netlet_jacobian", net, optimizer, [&](netlet_error* e) {
          const netlet_array x = array(netlet_inputs(net));
          return netlet_jacobian(net, maybe(x), misaligned(draw(8) == 0), e);
        });
      case 17:
        return check("netlet_optimizer_set_learning_rate", net, optimizer,
                     [&](netlet_error* e) { return netlet_optimizer_set_learning_rate(optimizer, number(), e); });
      case 18:
        return check("netlet_optimizer_bind", net, optimizer, [&](netlet_error* e) {
          return netlet_optimizer_bind(optimizer, draw(2) ? netlet_parameter_count(net) : draw(40), (int)draw(3), e);
        });
      case 19:
        return check("netlet_optimizer_copy_state", net, optimizer, [&](netlet_error* e) {
          const int dtype = draw(4) ? netlet_optimizer_dtype(optimizer) : (int)draw(3);
          const std::size_t size = draw(4) ? netlet_optimizer_size(optimizer) : draw(40);
          netlet_optimizer_progress p;
          const netlet_status status = netlet_optimizer_copy_state(optimizer, out<double>(), size, dtype, &p, e);
          if (status != NETLET_OK || draw(2)) return status;
          const netlet_optimizer_progress odd = {draw(9), number(), number(), number(), number(), draw(9)};
          return netlet_optimizer_set_state(optimizer, out<double>(), size, dtype, draw(2) ? &p : &odd, e);
        });
      case 20:
      case 21:
        return check("netlet_step", net, optimizer, [&](netlet_error* e) {
          const Data data = examples(net);
          double loss;
          return netlet_step(net, maybe(data.x), &data.targets, draw(16) ? optimizer : nullptr, &loss, e);
        });
      case 22:
        return check("netlet_apply_gradient", net, optimizer, [&](netlet_error* e) {
          fill(draw(4) != 0);
          return netlet_apply_gradient(net, draw(8) ? memory_.data() : memory_.data() + 1, optimizer, e);
        });
      case 23:
      case 24:
      case 25: return fit(net, optimizer);
      case 26: return bytes(net, optimizer);
      case 27: return draw(8) ? settings(net, optimizer) : file(net, optimizer);  // it waits for the disk
      case 28:
        return check("netlet_map", net, optimizer, [&](netlet_error* e) {
          const int function = draw(2) ? (int)draw(14) - 1 : 99 + (int)draw(4);
          return netlet_map(function, (int)draw(3), draw(3000), maybe_null(memory_.data() + (draw(8) == 0)),
                            maybe_null(misaligned(draw(8) == 0)), e);
        });
      case 29:
        if (draw(4)) return settings(net, optimizer);
        return check("netlet_shuffled_order", net, optimizer, [&](netlet_error* e) {
          int64_t* const order = static_cast<int64_t*>(maybe_null(misaligned(draw(8) == 0)));
          return netlet_shuffled_order(draw(1 << 30), draw(3), draw(5000), draw(200), order, e);
        });
      case 30:
        return check("netlet_predict", net, optimizer, [&](netlet_error* e) {
          const netlet_array x = array(netlet_inputs(net));
          return netlet_predict(net, maybe(x), maybe_null(misaligned(draw(8) == 0)), e);
        });
      case 31:
      case 32: return parts(net, optimizer);
    }
  }

 private:
  static constexpr std::size_t kMemory = 1 << 15, kMostRows = 40, kMostColumns = 9;
  static constexpr std::size_t kOrder = 1100;   // more than the last row of a part
  static constexpr std::size_t kOut = 1 << 17;  // 40 rows of at most 306 parameters

  std::uint64_t draw(std::uint64_t below) { return random_(draws_++) % below; }
  template <class T> T* out() { return reinterpret_cast<T*>(out_.data()); }
  void* misaligned(bool yes) { return out_.data() + yes; }
  template <class T> T* maybe_null(T* p) { return draw(32) ? p : nullptr; }
  const netlet_array* maybe(const netlet_array& a) { return maybe_null(&a); }

  double number() {
    const double inf = std::numeric_limits<double>::infinity();
    const double odd[] = {0, -0.0, 1, -1, 1e-310, 1e300, -1e300, inf, -inf, std::nan(""), 1e-46, 3e38, 4e38, 0.5};
    return draw(2) ? odd[draw(sizeof odd / sizeof *odd)] : (double)draw(1000) / 500 - 1;
  }

  // The memory that arrays show: good values of float64, or any bits.
  void fill(bool good) {
    if (good)
      for (std::size_t i = 0; i < kMemory / 8; ++i) {
        const double value = (double)(draw(1000)) / 1000;
        std::memcpy(&memory_[8 * i], &value, 8);
      }
    else
      for (std::size_t i = 0; i < 2000; ++i) memory_[draw(kMemory)] = (unsigned char)draw(256);
  }

  // Rows within the memory, with any strides.
  netlet_array array(std::size_t columns) {
    const std::size_t sizes[] = {0, 1, 2, 5, kMostRows};
    netlet_array a = netlet_rows(memory_.data(), draw(2) ? NETLET_FLOAT64 : (int)draw(11), sizes[draw(5)], columns);
    fill(draw(2) != 0);
    if (draw(8) == 0) a.dtype = (int)draw(30) - 10;
    if (draw(8) == 0) a.columns = draw(kMostColumns);
    if (draw(4) == 0) {  // |stride| of at most 300: it stays within 40 x 300 + 9 x 300 bytes of the middle
      a.data = memory_.data() + kMemory / 2 + draw(8);
      a.row_stride = (std::ptrdiff_t)draw(600) - 300;
      a.column_stride = (std::ptrdiff_t)draw(600) - 300;
    }
    if (draw(32) == 0) a.data = nullptr;
    return a;
  }
  netlet_array weights(std::size_t rows) {
    netlet_array a = array(1);
    if (draw(8)) a.rows = rows < kMostRows ? rows : kMostRows;
    return a;
  }

  struct Data {
    netlet_array x, y, weight;
    netlet_targets targets;
    Data() = default;
    Data(const Data& other) { *this = other; }
    Data& operator=(const Data& other) {  // its targets show its own arrays
      std::memcpy(static_cast<void*>(this), &other, sizeof *this);
      if (targets.y) targets.y = &y;
      if (targets.output_gradient) targets.output_gradient = &y;
      if (targets.sample_weight) targets.sample_weight = &weight;
      return *this;
    }
  };
  Data examples(const netlet_network* net) {
    Data data;
    data.x = array(netlet_inputs(net));
    data.y = array(draw(4) ? netlet_target_count(net) : netlet_outputs(net));
    if (draw(3) == 0 && netlet_network_loss(net) == NETLET_CROSS_ENTROPY) {
      data.y = netlet_rows(memory_.data(), NETLET_UINT8, data.x.rows, 1);
      for (std::size_t i = 0; i < kMostRows && draw(8); ++i) memory_[i] = (unsigned char)draw(netlet_outputs(net) + 1);
    }
    if (draw(8)) data.y.rows = data.x.rows;
    data.weight = weights(data.x.rows);
    data.targets = {};
    (draw(6) ? data.targets.y : data.targets.output_gradient) = draw(32) ? &data.y : nullptr;
    if (draw(32) == 0) data.targets.output_gradient = &data.y;
    if (draw(4) == 0) data.targets.sample_weight = &data.weight;
    if (draw(8) == 0) data.targets.weight_mean = number();
    data.targets.missing = draw(8) ? (int)draw(2) : (int)draw(5) - 1;
    return data;
  }

  // The state is the same after a failure, unless it may be another: `steps` may have been taken.
  template <class F>
  void check(const char* name, netlet_network* net, netlet_optimizer* optimizer, F f, bool steps = false) {
    const std::string before = state_of(net) + state_of(optimizer);
    netlet_error error = {};
    if (depth_ == 0 && draw(4) == 0) g_until_failure = (long)draw(12);
    g_failures = 0;
    const netlet_status status = f(&error);
    g_until_failure = -1;
    ++g_calls;
    if (!std::memchr(error.message, 0, sizeof error.message)) wrong(name, "a message without end", error);
    if (status == NETLET_OK) return;
    ++g_failed;
    if (status < NETLET_OK || status > NETLET_ERROR_FORMAT) wrong(name, "an unknown status", error);
    if (!error.message[0]) wrong(name, "a failure without a message", error);
    if (status == NETLET_ERROR_MEMORY && !g_failures && !std::strstr(error.message, "can address"))
      wrong(name, "no memory, though there is", error);
    if (status == NETLET_ERROR_DIVERGED) return;  // epochs before that one were good
    if (!steps && state_of(net) + state_of(optimizer) != before) wrong(name, "a failure has changed something", error);
  }

  void create(netlet_network*& net) {
    const std::size_t depth = 2 + draw(3);
    std::vector<std::size_t> sizes;
    std::vector<std::int32_t> activations;
    std::vector<double> dropout, parameters;
    for (std::size_t i = 0; i < depth; ++i)
      sizes.push_back(draw(40) ? 1 + draw(kMostColumns - 1) : draw(2) ? 0 : SIZE_MAX);
    for (std::size_t i = 0; i + 1 < depth; ++i) activations.push_back(draw(20) ? (int)draw(10) : (int)draw(20) - 3);
    for (std::size_t i = 0; i + 2 < depth; ++i) dropout.push_back(draw(8) ? 0.25 : number());
    netlet_config config = {};
    config.layer_sizes = maybe_null(sizes.data());
    config.layer_size_count = draw(40) ? depth : draw(2);
    config.activations = maybe_null(activations.data());
    config.loss = draw(20) ? (int)draw(9) : (int)draw(20) - 5;
    if (config.loss == NETLET_CROSS_ENTROPY && draw(8)) activations.back() = NETLET_SOFTMAX;
    if (config.loss == NETLET_BINARY_CROSS_ENTROPY && draw(8)) activations.back() = NETLET_SIGMOID;
    config.reduction = draw(20) ? (int)draw(2) : 7;
    config.dtype = draw(20) ? (int)draw(2) : (int)draw(12) - 1;
    parameters.assign(1 + draw(kMostColumns), draw(4) ? 0.5 : number());
    if (draw(4) == 0) config.loss_parameters = parameters.data();
    config.loss_parameter_count = config.loss == NETLET_HUBER ? 1 : parameters.size();
    config.dropout = draw(2) ? dropout.data() : nullptr;
    netlet_error error = {};
    netlet_network* made = nullptr;
    const netlet_status status = netlet_network_create(draw(64) ? &config : nullptr, &made, &error);
    ++g_calls;
    if ((status == NETLET_OK) != (made != nullptr)) wrong("netlet_network_create", "not what its status says", error);
    if (made) netlet_initialize(made, (int)draw(2), draw(100), nullptr);
    net = made;
  }
  void create(netlet_optimizer*& optimizer) {
    netlet_optimizer_config config = netlet_optimizer_defaults(draw(20) ? (int)draw(4) : (int)draw(9) - 2);
    for (int i = 0; double* setting = netlet_optimizer_setting(&config, i); ++i)
      if (draw(12) == 0) *setting = draw(2) ? number() : 0.5;
    config.nesterov = draw(4) == 0;
    netlet_error error = {};
    netlet_optimizer* made = nullptr;
    const netlet_status status = netlet_optimizer_create(draw(64) ? &config : nullptr, &made, &error);
    ++g_calls;
    if ((status == NETLET_OK) != (made != nullptr)) wrong("netlet_optimizer_create", "not what its status says", error);
    optimizer = made;
  }

  void copy(netlet_network* net) {
    check("netlet_network_copy", net, optimizers_[0] ? optimizers_[0] : optimizers_[1], [&](netlet_error* e) {
      netlet_network* twin = nullptr;
      const netlet_status status = netlet_network_copy(net, &twin, e);
      if (twin && state_of(twin) != state_of(net)) wrong("netlet_network_copy", "another network", *e);
      netlet_network_free(twin);
      return status;
    });
  }

  void set_scaling(netlet_network* net, netlet_optimizer* optimizer) {
    check("netlet_set_scaling", net, optimizer, [&](netlet_error* e) {
      std::vector<double> shift(kMostColumns, 0.25), scale(kMostColumns, 2);
      if (draw(4) == 0) shift[draw(kMostColumns)] = number();
      if (draw(4) == 0) scale[draw(kMostColumns)] = number();
      return netlet_set_scaling(net, (int)draw(4), draw(4) ? shift.data() : nullptr, draw(4) ? scale.data() : nullptr,
                                e);
    });
  }

  void forward(netlet_network* net, netlet_optimizer* optimizer) {
    check("netlet_forward", net, optimizer, [&](netlet_error* e) {
      const netlet_array x = array(netlet_inputs(net));
      return netlet_forward(net, maybe(x), maybe_null(misaligned(draw(8) == 0)), e);
    });
  }

  // What netlet_fit is given, and what its callbacks do.
  struct Fitting {
    World& world;
    netlet_network* net;
    Data data;  // of fit, which must stay as they are
    struct {
      Data data;
      int left = 2;
    } batches[2];  // and those of its training and its validation, as long as they are used
    int answer() {
      ++world.depth_;
      const long until_failure = g_until_failure, failures = g_failures;
      g_until_failure = -1;
      if (world.depth_ < 3 && world.draw(2)) world.call();
      g_until_failure = until_failure;
      g_failures = failures;
      --world.depth_;
      return world.draw(8) ? 0 : (int)world.draw(3) - 1;
    }
    static int on_epochs(void* self, const netlet_epoch*, std::size_t) { return static_cast<Fitting*>(self)->answer(); }
    static int on_step(void* self, std::uint64_t) {
      netlet_progress progress;
      if (!netlet_fit_progress(&progress)) wrong("netlet_fit_progress", "nothing within a fit", {});
      return static_cast<Fitting*>(self)->answer();
    }
    static int factor(void* self, std::uint64_t, double* factor) {
      World& world = static_cast<Fitting*>(self)->world;
      *factor = world.draw(4) ? 0.5 : world.number();
      return static_cast<Fitting*>(self)->answer() < 0;
    }
    static int sums(void* given, const netlet_task* task, void* total, std::size_t size) {
      Fitting& self = *static_cast<Fitting*>(given);
      if (self.answer() < 0) return -1;
      const long until_failure = g_until_failure;
      g_until_failure = -1;
      Data data = self.data;  // as many of its rows as the task has
      for (netlet_array* a : {&data.x, &data.y, &data.weight})
        if (a->rows > task->rows) a->rows = task->rows;
      std::memset(total, (int)self.world.draw(256), size);
      if (self.world.draw(8)) (void)netlet_partial(self.net, &data.x, &data.targets, task, 0, total, size, nullptr);
      g_until_failure = until_failure;
      return self.world.draw(32) == 0;
    }
    template <int kSource> static int next_batch(void* given, netlet_batch* batch) {
      Fitting& self = *static_cast<Fitting*>(given);
      auto& source = self.batches[kSource];
      if (source.left-- == 0) {
        source.left = 2;
        return 0;
      }
      if (self.answer() < 0) return -1;
      source.data = self.world.examples(self.net);
      batch->x = source.data.x;
      batch->targets = source.data.targets;
      return 1;
    }
  };

  // What is to be summed, of so many rows, as a rule.
  netlet_task task(const netlet_network* net, std::size_t rows) {
    netlet_task task = netlet_step_task(net, draw(8) ? rows : draw(2) ? draw(3000) : SIZE_MAX - draw(600), draw(9));
    task.kind = draw(16) ? (int)draw(5) : (int)draw(9) - 2;
    task.scaling = draw(8) ? 1 + (int)draw(2) : (int)draw(6) - 1;
    task.validation = (int)draw(2);
    if (draw(4) == 0) task.dropout = (int)draw(6) - 1;
    task.first = draw(4) ? 0 : draw(2) ? draw(1000) : SIZE_MAX - draw(1000);
    if (draw(4) == 0) task.order = order_.data();
    if (draw(8)) task.moments = reinterpret_cast<const double*>(memory_.data());
    return task;
  }
  void spoil(std::vector<unsigned char>& part) {
    if (part.size() < 8) return;
    const std::uint64_t odd[] = {0, 1, 2, 255, SIZE_MAX, SIZE_MAX - 1, draw(SIZE_MAX)};
    std::memcpy(&part[8 * draw(draw(2) ? part.size() / 8 : 1)], &odd[draw(7)], 8);
    if (draw(4) == 0) part.resize(draw(part.size() + 20));
  }
  void parts(netlet_network* net, netlet_optimizer* optimizer) {
    std::vector<unsigned char>& part = parts_[draw(2)];
    check("netlet_partial", net, optimizer, [&](netlet_error* e) {
      const Data data = examples(net);
      const netlet_task of = task(net, data.x.rows);
      const std::size_t first = draw(4) ? 0 : draw(2) ? 256 : draw(1000);
      const std::size_t size = netlet_partial_size(net, &of, first, data.x.rows);
      part.assign(size <= kOut ? size : 100, (unsigned char)draw(256));
      part.shrink_to_fit();  // the sanitizers see its end
      return netlet_partial(net, maybe(data.x), maybe_null(&data.targets), maybe_null(&of), first,
                            maybe_null(part.data() + (draw(16) == 0)), draw(8) ? part.size() : SIZE_MAX - draw(9), e);
    });
    if (draw(3) == 0) spoil(parts_[draw(2)]);
    const std::vector<unsigned char>&a = parts_[draw(2)], &b = parts_[draw(2)];
    check("netlet_combine", net, optimizer, [&](netlet_error* e) {
      std::vector<unsigned char> sum(a.size() + b.size());
      std::size_t size = draw(8) ? sum.size() : draw(sum.size() + 1);
      const netlet_status status = netlet_combine(maybe_null(a.data()), a.size(), maybe_null(b.data()), b.size(),
                                                  maybe_null(sum.data() + (draw(16) == 0 && size > 0)), &size, e);
      if (size > sum.size()) wrong("netlet_combine", "more bytes than there is room for", *e);
      if (status == NETLET_OK && draw(2)) {
        sum.resize(size);
        parts_[draw(2)] = sum;
      }
      return status;
    });
    check("netlet_finish", net, optimizer, [&](netlet_error* e) {
      const std::vector<unsigned char>& total = parts_[draw(2)];
      double loss;
      return netlet_finish(net, maybe_null(total.data()), total.size(), draw(8) ? 0 : number(),
                           draw(2) ? optimizer : nullptr, draw(2) ? misaligned(draw(8) == 0) : nullptr,
                           draw(2) ? &loss : nullptr, e);
    });
  }

  void evaluate_batches(netlet_network* net, netlet_optimizer* optimizer) {
    Fitting fitting{*this, net, {}, {}};
    check(
        "netlet_evaluate_batches", net, optimizer,
        [&](netlet_error* e) {
          netlet_evaluation evaluation;
          return netlet_evaluate_batches(net, draw(32) ? &Fitting::next_batch<0> : nullptr, &fitting, &evaluation,
                                         draw(2) ? sizeof evaluation : 8, e);
        },
        true);
  }

  void learn_scaling_batches(netlet_network* net, netlet_optimizer* optimizer) {
    Fitting fitting{*this, net, {}, {}};
    check(
        "netlet_learn_scaling_batches", net, optimizer,
        [&](netlet_error* e) {
          return netlet_learn_scaling_batches(net, (int)draw(5), draw(32) ? &Fitting::next_batch<0> : nullptr, &fitting,
                                              e);
        },
        true);
  }

  void fit(netlet_network* net, netlet_optimizer* optimizer) {
    const bool in_batches = draw(3) == 0, elsewhere = !in_batches && draw(3) == 0;
    Fitting fitting{*this, net, examples(net), {}};
    const Data validation = examples(net);
    netlet_fit_options o = netlet_fit_defaults(net);
    o.epochs = draw(8) ? 1 + draw(4) : 0;
    o.batch_size = draw(2) ? 0 : draw(20);
    o.shuffle = draw(16) ? (int)draw(2) : 5;
    o.standardize = draw(4) ? 0 : (int)draw(5);
    if (draw(3) == 0) {
      o.schedule = {(int)draw(7), 0.5, draw(3), 0.1, 0, &Fitting::factor};
      if (draw(4) == 0) o.schedule.gamma = number();
    }
    o.resume = draw(16) ? (int)draw(2) : 5;
    if (draw(4) == 0) o.validation_x = maybe(validation.x);
    if (o.validation_x || draw(32) == 0) o.validation_targets = &validation.targets;
    if (draw(8) == 0) o.next_validation_batch = &Fitting::next_batch<1>;
    if (draw(4) == 0) o.on_step = &Fitting::on_step;
    o.step_interval = draw(4);
    o.patience = draw(4) ? 0 : draw(3);
    o.min_delta = draw(8) ? 0 : number();
    if (in_batches || draw(64) == 0) o.next_batch = &Fitting::next_batch<0>;
    if (elsewhere) o.sums = &Fitting::sums;
    if (elsewhere || draw(64) == 0) {
      o.rows = draw(8) ? fitting.data.x.rows : draw(50);
      o.weighted = draw(16) ? fitting.data.targets.sample_weight != nullptr : (int)draw(3);
      o.validation_rows = draw(4) ? 0 : draw(kMostRows);
    }
    if (draw(2)) o.on_epochs = &Fitting::on_epochs;
    o.report_together = draw(4) == 0;
    if (o.report_together) o.on_epochs = nullptr;  // it may use nothing
    o.context = &fitting;
    const bool called = o.next_batch || elsewhere || o.on_epochs || o.on_step || o.next_validation_batch ||
                        o.schedule.kind == NETLET_FUNCTION;
    check(
        "netlet_fit", net, optimizer,
        [&](netlet_error* e) {
          const bool here = draw(32) ? !in_batches && !elsewhere : draw(2);
          return netlet_fit(net, here ? maybe(fitting.data.x) : nullptr,
                            here ? maybe_null(&fitting.data.targets) : nullptr, draw(32) ? optimizer : nullptr,
                            draw(32) ? &o : nullptr, e);
        },
        called);
  }

  // What is saved comes back.
  void bytes(netlet_network* net, netlet_optimizer* optimizer) {
    void* saved = nullptr;
    std::size_t size = 0;
    const netlet_optimizer* const with = draw(2) ? optimizer : nullptr;
    check("netlet_to_bytes", net, optimizer,
          [&](netlet_error* e) { return netlet_to_bytes(net, with, &saved, &size, e); });
    if (!saved) return;
    check("netlet_from_bytes", net, optimizer, [&](netlet_error* e) {
      netlet_network* back = nullptr;
      netlet_optimizer* back_too = nullptr;
      const netlet_status status = netlet_from_bytes(saved, size, &back, draw(2) ? &back_too : nullptr, e);
      if (status == NETLET_OK && state_of(back) != state_of(net)) wrong("netlet_from_bytes", "another network", *e);
      if (back_too && state_of(back_too) != state_of(optimizer)) wrong("netlet_from_bytes", "another optimizer", *e);
      if (status != NETLET_OK && (back || back_too)) wrong("netlet_from_bytes", "an object of a failure", *e);
      if (status != NETLET_OK && status != NETLET_ERROR_MEMORY) wrong("netlet_from_bytes", "refused", *e);
      netlet_network_free(back);
      netlet_optimizer_free(back_too);
      return status;
    });
    netlet_free_bytes(saved);
  }
  void file(netlet_network* net, netlet_optimizer* optimizer) {
    static const char* const kPath = "fuzz_calls.netlet";
    const char* const paths[] = {kPath, "", ".", "/dev/null", "no/folder", nullptr};
    const char* const path = draw(2) ? kPath : paths[draw(6)];
    if (draw(2)) {
      check("netlet_save", net, optimizer,
            [&](netlet_error* e) { return netlet_save(net, draw(2) ? optimizer : nullptr, path, e); });
      check("netlet_load", net, optimizer, [&](netlet_error* e) {
        netlet_network* back = nullptr;
        const netlet_status status = netlet_load(path, &back, nullptr, e);
        netlet_network_free(back);
        return status;
      });
    } else {
      check("netlet_replace_file", net, optimizer,
            [&](netlet_error* e) { return netlet_replace_file(path, maybe_null(memory_.data()), draw(1000), e); });
    }
    std::remove(kPath);
  }

  // All that cannot fail, or concerns the process.
  void settings(netlet_network* net, netlet_optimizer* optimizer) {
    netlet_set_seed(net, draw(1000));
    netlet_set_epochs_trained(net, draw(4) ? draw(1000) : UINT64_MAX - draw(2));
    const std::size_t i = draw(2) ? draw(6) : SIZE_MAX - draw(2);
    const int any = (int)draw(200) - 50;
    netlet_layer_size(net, i);
    netlet_layer_activation(net, i);
    netlet_dropout(net, i);
    netlet_loss_parameter(net, i);
    netlet_scaling_shift(net, any);
    netlet_note(net, any);
    netlet_optimizer_slot(optimizer, i);
    netlet_optimizer_slot_name(optimizer, i);
    netlet_optimizer_setting_name(any);
    netlet_available_isa(i);
    for (const auto name : {netlet_activation_name, netlet_loss_name, netlet_loss_parameter_name, netlet_reduction_name,
                            netlet_init_name, netlet_optimizer_name, netlet_dtype_name})
      name(any);
    check("netlet_set_num_threads", net, optimizer,
          [&](netlet_error* e) { return netlet_set_num_threads(draw(4) ? 1 + draw(3) : draw(2) * 2000, e); });
    netlet_limit_threads(draw(2) ? draw(4) : SIZE_MAX);
    check("netlet_check_environment", net, optimizer, [&](netlet_error* e) { return netlet_check_environment(e); });
    if (depth_) return;
    const char* const names[] = {netlet_available_isa(draw(3)), "", "abacus", nullptr};
    check("netlet_set_isa", net, optimizer, [&](netlet_error* e) { return netlet_set_isa(names[draw(4)], e); });
  }

  netlet::core::Random random_;
  std::uint64_t draws_ = 0;
  std::vector<unsigned char> memory_, out_, parts_[2];
  std::vector<std::size_t> order_ = std::vector<std::size_t>(kOrder, 7);
  netlet_network* nets_[2] = {};
  netlet_optimizer* optimizers_[2] = {};
  int depth_ = 0;  // of calls within callbacks
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const std::uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  g_until_failure = -1;
  for (g_sequence = first; g_sequence < first + count; ++g_sequence) {
    World world(seed, g_sequence);
    for (int i = 0; i < 50; ++i) world.call();
  }
  std::fprintf(stderr, "%" PRIu64 " calls, %" PRIu64 " of them refused\n", g_calls, g_failed);
  std::printf("%" PRIu64 " passed, 0 failed\n", g_calls);
  return 0;
}
