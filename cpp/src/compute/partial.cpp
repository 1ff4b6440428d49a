// SPDX-License-Identifier: BSD-3-Clause
#include "compute/partial.hpp"

#include <math.h>

#include "compute/batch.hpp"
#include "network/targets.hpp"

namespace netlet::core {
namespace {

constexpr uint64_t kMark = 0x32747261706c746e;  // "ntlpart2" where bytes are in the usual order
constexpr size_t kLevels = 8 * sizeof(size_t);

// A node of the tree over `blocks` blocks. One that has no sibling is also its own parent: `risen` finds the highest name.
struct Node {
  size_t level, index;
  size_t begin() const { return index << level; }
  size_t end(size_t blocks) const { return smaller((index + 1) << level, blocks); }
  size_t rows(size_t all) const {
    return smaller(end(divide_up(all, kBlockRows)) * kBlockRows, all) - begin() * kBlockRows;
  }
  bool is_root(size_t blocks) const { return index == 0 && end(blocks) == blocks; }
  Node parent() const { return {level + 1, index / 2}; }
  Node risen(size_t blocks) const {
    Node node = *this;
    while (!node.is_root(blocks) && node.index % 2 == 0 && node.end(blocks) == blocks) node = node.parent();
    return node;
  }
};

// f(node) for the largest nodes of which the blocks begin to end consist; ends early if it returns false.
template <class F> void each_node(size_t begin, size_t end, size_t blocks, F f) {
  while (begin < end) {
    Node node = {0, begin};
    while (!node.is_root(blocks) && node.index % 2 == 0 && node.parent().end(blocks) <= end) node = node.parent();
    if (!f(node)) return;
    begin = node.end(blocks);
  }
}

bool of_moments(int kind) { return kind == NETLET_TASK_MEANS || kind == NETLET_TASK_DEVIATIONS; }

size_t values_of(const netlet_network& net, const netlet_task& task) {
  if (task.kind == NETLET_TASK_GRADIENT) return net.parameter_count;
  return of_moments(task.kind) ? Moments::value_count(net, task.scaling, task.kind == NETLET_TASK_DEVIATIONS) : 0;
}

// kind, scaling, validation and dropout, as far as they matter
uint32_t task_number(const netlet_task& task) {
  const bool gradient = task.kind == NETLET_TASK_GRADIENT, moments = of_moments(task.kind);
  return (uint32_t)task.kind | (uint32_t)(moments ? task.scaling : 0) << 8 | (uint32_t)task.validation << 16 |
         (uint32_t)(gradient ? task.dropout : 0) << 24;
}

// FNV-1a over whole numbers.
class Hash {
 public:
  void add(uint64_t number) {
    value_ = (value_ ^ number) * 0x100000001b3;
    value_ ^= value_ >> 32;  // so that high bits reach low ones, too
  }
  void add(const double* values, size_t count) {
    uint64_t bits;
    for (size_t i = 0; i < count; ++i) add((memcpy(&bits, &values[i], sizeof bits), bits));
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

// Of what sums depend on, apart from rows and parameters.
uint64_t hash_of(const netlet_network& net, const netlet_task& task) {
  Hash hash;
  hash.add(NETLET_NUMERICS_VERSION);
  hash.add((uint64_t)net.loss);
  hash.add(net.loss_parameters.data(), net.loss_parameters.size());
  for (size_t i = 0; i < net.layer_count(); ++i) {
    const Layer& layer = net.layers[i];
    hash.add(layer.inputs);
    hash.add(layer.outputs);
    hash.add((uint64_t)layer.activation);
  }
  if (task.kind == NETLET_TASK_DEVIATIONS && task.moments) hash.add(task.moments, values_of(net, task));
  return hash.value();
}

Head head_of(const netlet_network& net, const netlet_task& task) {
  return {kMark,       task_number(task),  (uint32_t)net.dtype,  task.rows, task.first, task.seed,
          task.stream, hash_of(net, task), values_of(net, task), 0};
}

// Pieces of a range of rows, of which the first is the first of a block.
size_t piece_count(const netlet_task& task, size_t first_row, size_t rows) {
  size_t count = 0;
  each_node(first_row / kBlockRows, divide_up(first_row + rows, kBlockRows), divide_up(task.rows, kBlockRows),
            [&](const Node&) { return ++count, true; });
  return count;
}

bool size_overflows(const Head& head, size_t pieces, size_t* size) {
  return head.values > (SIZE_MAX - sizeof(Piece) - 8) / 8 || multiply_overflows(pieces, head.piece_bytes(), size) ||
         __builtin_add_overflow(*size, sizeof(Head), size);
}

bool aligned(const void* p) { return (uintptr_t)p % alignof(Head) == 0; }

netlet_status check_task(const netlet_task* task, netlet_error* error) {
  if (!task) return invalid(error, "task: expected a task, got NULL");
  if (task->kind < NETLET_TASK_GRADIENT || task->kind > NETLET_TASK_DEVIATIONS)
    return invalid(error, "task: expected a kind from 0 to %d, got %d", NETLET_TASK_DEVIATIONS, task->kind);
  if (task->rows == 0) return invalid(error, "task: expected at least one row");
  if (task->dropout < 0 || task->dropout > 2)
    return invalid(error, "task: expected 0, 1 or 2 for dropout, got %d", task->dropout);
  if (task->validation != 0 && task->validation != 1)
    return invalid(error, "task: expected 0 or 1 for validation, got %d", task->validation);
  if (!of_moments(task->kind)) return NETLET_OK;
  if (task->kind == NETLET_TASK_DEVIATIONS && !task->moments)
    return invalid(error, "task: expected means for deviations, got NULL");
  return check_scaling_kind(task->scaling, error);
}

Node node_of(const Piece& piece) { return {(size_t)piece.level, (size_t)piece.index}; }

// A partial that somebody has handed in.
struct View {
  const Head* head;
  const char* pieces;
  const Piece& piece(size_t i) const { return *reinterpret_cast<const Piece*>(pieces + i * head->piece_bytes()); }
};

// Everything that addresses and sizes depend on is checked.
netlet_status read(const char* name, const void* partial, size_t size, View* view, netlet_error* error) {
  if (!partial) return invalid(error, "%s: expected a partial, got NULL", name);
  if (!aligned(partial)) return invalid(error, "%s: expected memory aligned to %zu bytes", name, alignof(Head));
  const Head* const head = static_cast<const Head*>(partial);
  if (size < sizeof(Head) || head->mark != kMark)
    return invalid(error, "%s: expected what netlet_partial writes, on a machine of the same byte order", name);
  size_t expected;
  if (head->kind() > NETLET_TASK_DEVIATIONS || head->rows == 0 || head->rows > SIZE_MAX - kBlockRows ||
      (head->dtype != NETLET_FLOAT32 && head->dtype != NETLET_FLOAT64) || head->pieces == 0 ||
      head->pieces > head->blocks() || size_overflows(*head, (size_t)head->pieces, &expected) || expected != size)
    return invalid(error, "%s: expected a whole partial, got %zu bytes that are none", name, size);
  *view = {head, reinterpret_cast<const char*>(head + 1)};
  const size_t blocks = head->blocks();
  size_t end = 0;
  for (size_t i = 0; i < head->pieces; ++i) {
    const Piece& piece = view->piece(i);
    const Node node = node_of(piece);
    if (piece.level >= kLevels || piece.index > blocks >> piece.level || node.begin() < end || node.begin() >= blocks ||
        node.risen(blocks).level != node.level || (node.level && Node{node.level - 1, 2 * node.index}.is_root(blocks)))
      return invalid(error, "%s: expected pieces of the tree in their order, got others", name);
    end = node.end(blocks);
  }
  return NETLET_OK;
}

void add_values(const Head& head, void* a, const void* b) {
  const size_t count = (size_t)head.values;
  if (head.kind() == NETLET_TASK_GRADIENT)
    with_dtype((int)head.dtype, [&](auto zero) {
      using T = decltype(zero);
      kernels<T>().add(count, static_cast<T*>(a), static_cast<const T*>(b));
    });
  else if (of_moments(head.kind()))
    Moments::add_values(head.kind() == NETLET_TASK_DEVIATIONS, count, static_cast<double*>(a),
                        static_cast<const double*>(b));
}

// The last piece of a list that is being built and the one before it become one, as long as they are siblings.
class Stack {
 public:
  Stack(const Head& head, char* pieces) : head_(head), pieces_(pieces), bytes_(head.piece_bytes()) {}
  size_t size() const { return size_; }
  void push(const Piece& piece) {
    const Piece* last = &piece;
    for (; size_ > 0 && siblings(top(), *last); last = &top(), --size_) {
      top().add(*last);
      add_values(head_, &top() + 1, last + 1);
      const Node up = node_of(top()).parent().risen(head_.blocks());
      top().level = up.level;
      top().index = up.index;
    }
    if (last == &piece) memcpy(pieces_ + size_ * bytes_, last, bytes_);
    ++size_;
  }

 private:
  static bool siblings(const Piece& a, const Piece& b) {
    return a.level == b.level && a.index % 2 == 0 && a.index + 1 == b.index;
  }
  Piece& top() const { return *reinterpret_cast<Piece*>(pieces_ + (size_ - 1) * bytes_); }
  const Head& head_;
  char* const pieces_;
  const size_t bytes_;
  size_t size_ = 0;
};

// f(piece) for those of both, in the order of their blocks; ends early if it returns false.
template <class F> void each_piece(const View& left, const View& right, F f) {
  const size_t n = (size_t)left.head->pieces, m = (size_t)right.head->pieces;
  for (size_t i = 0, j = 0; i < n || j < m;) {
    const bool from_left = j == m || (i < n && node_of(left.piece(i)).begin() < node_of(right.piece(j)).begin());
    if (!f(from_left ? left.piece(i++) : right.piece(j++))) return;
  }
}

// The most pieces that a Stack has while those of both are pushed; fails if a block is in both.
netlet_status count_pieces(const View& left, const View& right, size_t* most, netlet_error* error) {
  const size_t blocks = left.head->blocks();
  size_t before = 0, begin = 0, end = 0;  // pieces before the blocks begin to end, which are without a gap
  size_t open = 0;                        // pieces of these
  netlet_status status = NETLET_OK;
  *most = 0;
  each_piece(left, right, [&](const Piece& piece) {
    const Node node = node_of(piece);
    if (node.begin() < end) {
      status = invalid(error, "b: expected other blocks than a's, got block %zu in both", node.begin());
      return false;
    }
    if (node.begin() > end) {
      before += open;
      begin = node.begin();
    }
    end = node.end(blocks);
    open = 0;
    each_node(begin, end, blocks, [&](const Node&) { return ++open, true; });
    *most = larger(*most, before + open);
    return true;
  });
  return status;
}

netlet_array rows_of(const netlet_array& a, size_t first, size_t rows) {
  netlet_array part = a;
  part.data = static_cast<const char*>(a.data) + (ptrdiff_t)first * a.row_stride;
  part.rows = rows;
  return part;
}

// Computes the pieces of one partial.
template <class T> class Parts {
 public:
  Parts(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, const netlet_task& task,
        size_t first_row, BatchRunner<T>& runner)
      : net_(net), x_(x), targets_(targets), task_(task), first_row_(first_row), runner_(runner) {
    targets_.weight_mean = 0;  // nothing is divided here
  }

  netlet_status write(const Head& head, char* to, netlet_error* error) {
    const size_t begin = first_row_ / kBlockRows, end = divide_up(first_row_ + x_.rows, kBlockRows);
    if (!of_moments(task_.kind)) NETLET_TRY(prepare(begin, end, head.blocks(), error));
    netlet_status status = NETLET_OK;
    each_node(begin, end, head.blocks(), [&](const Node& node) {
      Piece& piece = *reinterpret_cast<Piece*>(to);
      piece = {node.index, node.level, 0, 0, {}, 0, 0, 0, 0};
      memset(to + head.piece_bytes() - 8, 0, head.values ? 8 : 0);  // also where a last value of 4 bytes leaves a gap
      const size_t first = node.begin() * kBlockRows - first_row_, rows = node.rows(task_.rows);
      status = of_moments(task_.kind) ? moments(first, rows, piece, error) : sums(first, rows, piece, error);
      to += head.piece_bytes();
      return status == NETLET_OK;
    });
    return status;
  }

 private:
  netlet_status prepare(size_t begin, size_t end, size_t blocks, netlet_error* error) {
    if (task_.kind == NETLET_TASK_WEIGHTS)
      return targets_.sample_weight ? check_weights<T>(*targets_.sample_weight, x_.rows, error) : NETLET_OK;
    NETLET_TRY(check_values<T>(net_, x_, targets_, 0, error));
    size_t most = 0;
    each_node(begin, end, blocks, [&](const Node& node) { return most = larger(most, node.rows(task_.rows)), true; });
    const bool gradient = task_.kind == NETLET_TASK_GRADIENT;
    kind_ = {gradient, false, gradient && task_.dropout && net_.has_dropout(), !gradient && !net_.has_classes()};
    NETLET_TRY(runner_.prepare(net_, x_, targets_, false, most, kind_, nullptr, 0, error));
    if (gradient) runner_.read();
    return NETLET_OK;
  }

  netlet_status sums(size_t first, size_t rows, Piece& piece, netlet_error* error) {
    Judged judged;
    const netlet_array y = rows_of(*targets_.y, first, rows);
    netlet_array weights = {};
    if (targets_.sample_weight) weights = rows_of(*targets_.sample_weight, first, rows);
    netlet_targets part = targets_;
    part.y = &y;
    if (targets_.sample_weight) part.sample_weight = &weights;
    if (task_.kind == NETLET_TASK_WEIGHTS) return sum_weights<T>(part, rows, &piece.weight, error);
    NETLET_TRY(count_judged<T>(net_, part, &judged, error));
    piece.judged = judged.rows;
    piece.weighty = judged.any;
    const DropoutKey dropout = {task_.seed, (uint32_t)task_.stream, task_.dropout == 1 ? kDropoutInStep : kDropoutInFit,
                                task_.order ? 0 : task_.first + first_row_,
                                task_.order ? task_.order + first_row_ : nullptr};
    const BatchLoss sum = runner_.pass({&x_, &targets_, nullptr, first, rows, dropout});
    NETLET_TRY(check_stop(error));
    piece.loss = sum.sum;
    piece.weight = sum.weight;
    piece.correct = sum.correct;
    if (kind_.errors) piece.errors = runner_.errors();
    if (kind_.delta) runner_.store_gradient(reinterpret_cast<T*>(&piece + 1), false);
    return check_stop(error);
  }

  netlet_status moments(size_t first, size_t rows, Piece& piece, netlet_error* error) {
    const bool inputs = task_.scaling == NETLET_SCALE_INPUTS;
    const netlet_array values = rows_of(inputs ? x_ : *targets_.y, first, rows);
    netlet_array weights = {};
    if (targets_.sample_weight) weights = rows_of(*targets_.sample_weight, first, rows);
    const netlet_array* const own = targets_.sample_weight ? &weights : nullptr;
    NETLET_TRY(check_sample(net_, task_.scaling, &values, own, inputs ? 0 : targets_.missing, error));
    Moments all;
    NETLET_TRY(all.begin(net_, task_.scaling, error));
    if (task_.kind == NETLET_TASK_DEVIATIONS) all.set_means(task_.moments);
    NETLET_TRY(all.add({values, own, !inputs && targets_.missing}, error));
    all.write(reinterpret_cast<double*>(&piece + 1));
    piece.unit = all.unit();
    piece.weighty = all.any();
    return NETLET_OK;
  }

  const netlet_network& net_;
  const netlet_array& x_;
  netlet_targets targets_;
  const netlet_task& task_;
  const size_t first_row_;
  PassKind kind_ = {};
  BatchRunner<T>& runner_;
};

}  // namespace

size_t Head::piece_bytes() const {
  const size_t each = kind() == NETLET_TASK_GRADIENT && dtype == NETLET_FLOAT32 ? 4 : 8;
  return sizeof(Piece) + divide_up((size_t)values * each, 8) * 8;
}

void Piece::add(const Piece& next) {
  loss = loss + next.loss;
  weight = weight + next.weight;
  errors.add(next.errors);
  unit = next.unit > unit ? next.unit : unit;
  correct += next.correct;
  judged += next.judged;
  weighty |= next.weighty;
}

netlet_status read_total(const netlet_network& net, const netlet_task& task, const void* total, size_t size,
                         const Piece** piece, const void** values, netlet_error* error) {
  View view = {};
  NETLET_TRY(read("total", total, size, &view, error));
  Head expected = head_of(net, task);
  expected.pieces = view.head->pieces;
  if (memcmp(&expected, view.head, sizeof expected) != 0)
    return invalid(error, "total: expected the sums of this task, got those of another task or network");
  const Piece& first = view.piece(0);
  const size_t blocks = expected.blocks();
  const Node node = node_of(first);
  if (!node.is_root(blocks))
    return invalid(error,
                   "total: expected the sums of all %zu blocks of 256 rows, got those of %zu pieces, the first of "
                   "which has the blocks %zu to %zu",
                   blocks, (size_t)expected.pieces, node.begin(), node.end(blocks) - 1);
  *piece = &first;
  *values = &first + 1;
  return NETLET_OK;
}

}  // namespace netlet::core

using namespace netlet::core;

netlet_task netlet_step_task(const netlet_network* network, size_t rows, uint64_t step) {
  netlet_task task = {};
  task.rows = rows;
  task.dropout = network->has_dropout() ? 1 : 0;
  task.seed = task.dropout ? (uint64_t)network->seed : 0;
  task.stream = step;
  return task;
}

size_t netlet_partial_size(const netlet_network* network, const netlet_task* task, size_t first_row, size_t rows) {
  if (first_row > task->rows || rows > task->rows - first_row || task->rows > SIZE_MAX - kBlockRows) return SIZE_MAX;
  size_t size;
  return size_overflows(head_of(*network, *task), piece_count(*task, first_row, rows), &size) ? SIZE_MAX : size;
}

netlet_status netlet_partial(const netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                             const netlet_task* task, size_t first_row, void* partial, size_t size,
                             netlet_error* error) {
  NETLET_TRY(check_task(task, error));
  NETLET_TRY(check_shapes(*network, x, targets, false, error));
  const size_t rows = x->rows;
  if (task->rows > SIZE_MAX - kBlockRows || first_row > task->rows || rows > task->rows - first_row)
    return invalid(error, "x: expected rows within the batch of %zu rows, got rows %zu to %zu", task->rows, first_row,
                   first_row + rows);
  if (first_row % kBlockRows != 0)
    return invalid(error, "first_row: expected a multiple of %zu, got %zu", kBlockRows, first_row);
  if (rows % kBlockRows != 0 && first_row + rows != task->rows)
    return invalid(error,
                   "x: expected a multiple of %zu rows, or the batch's last ones, got %zu of %zu from row %zu on",
                   kBlockRows, rows, task->rows, first_row);
  if (!partial || !aligned(partial) || size != netlet_partial_size(network, task, first_row, rows))
    return invalid(error, "partial: expected %zu bytes aligned to %zu, got %zu",
                   netlet_partial_size(network, task, first_row, rows), alignof(Head), size);
  return holding<Reading>("partial", *network, error, [&](auto zero) {
    Head& head = *static_cast<Head*>(partial);
    head = {};  // what is not whole must not be taken for it
    Head done = head_of(*network, *task);
    done.pieces = piece_count(*task, first_row, rows);
    const Taken<BatchRunner<decltype(zero)>> runner(network->workspace);
    if (!runner) return out_of_memory(error);
    const netlet_status status = Parts<decltype(zero)>(*network, *x, *targets, *task, first_row, *runner)
                                     .write(done, reinterpret_cast<char*>(&head + 1), error);
    if (status == NETLET_OK) head = done;
    return status;
  });
}

netlet_status netlet_combine(const void* a, size_t a_size, const void* b, size_t b_size, void* out, size_t* size,
                             netlet_error* error) {
  View left = {}, right = {};
  NETLET_TRY(require_kernels(error));
  NETLET_TRY(read("a", a, a_size, &left, error));
  NETLET_TRY(read("b", b, b_size, &right, error));
  Head head = *left.head;
  head.pieces = right.head->pieces;
  if (memcmp(&head, right.head, sizeof head) != 0)
    return invalid(error, "b: expected sums of the same batch as a, got those of another batch, step or network");
  size_t most;
  NETLET_TRY(count_pieces(left, right, &most, error));
  const size_t needed = sizeof(Head) + most * head.piece_bytes();
  if (!out) return *size = needed, NETLET_OK;
  if (!aligned(out) || *size < needed)
    return invalid(error, "out: expected %zu bytes aligned to %zu, got %zu", needed, alignof(Head), *size);
  const DefaultFloatingPoint floating_point;
  Head& result = *static_cast<Head*>(out);
  result = head;
  Stack stack(result, reinterpret_cast<char*>(&result + 1));
  each_piece(left, right, [&](const Piece& piece) { return stack.push(piece), true; });
  result.pieces = stack.size();
  *size = sizeof(Head) + stack.size() * result.piece_bytes();
  return NETLET_OK;
}

netlet_status netlet_finish(netlet_network* network, const void* total, size_t size, double weight_mean,
                            netlet_optimizer* optimizer, void* gradient, double* loss, netlet_error* error) {
  if (!(weight_mean >= 0 && weight_mean <= 1.79e308))
    return invalid(error, "weight_mean: expected a positive finite number, got %g", weight_mean);
  if (!optimizer && !gradient) return invalid(error, "optimizer and gradient: expected one of them, both are NULL");
  if (gradient) NETLET_TRY(check_memory("gradient", "the gradient", gradient, network->dtype, error));
  View view = {};
  NETLET_TRY(read("total", total, size, &view, error));
  netlet_task task = {};  // that of the total itself: who has only the total knows no other
  task.rows = (size_t)view.head->rows;
  task.validation = (int32_t)(view.head->task >> 16 & 0xff);
  task.dropout = (int32_t)(view.head->task >> 24);
  task.first = (size_t)view.head->first;
  task.seed = view.head->seed;
  task.stream = view.head->stream;
  const Piece* piece;
  const void* values;
  NETLET_TRY(read_total(*network, task, total, size, &piece, &values, error));
  const auto finish = [&](auto zero, auto use) {
    using T = decltype(zero);
    const size_t rows = task.rows;
    const double sum = weight_mean != 0 ? (double)rows * weight_mean : piece->weight;
    NETLET_TRY(check_mean_weight<T>(sum, sum / (double)rows, rows, weight_mean != 0, error));
    const double by = divisor(*network, rows, piece->weight, weight_mean);
    NETLET_TRY(use(zero, by));
    if (gradient) {
      T* const g = static_cast<T*>(gradient);
      memcpy(g, values, network->parameter_count * sizeof(T));
      if (by != 0) kernels<T>().divide(network->parameter_count, g, (T)by);
    }
    if (loss) *loss = reduced(piece->loss, by);
    return NETLET_OK;
  };
  if (!optimizer)
    return holding<Reading>("finish", *network, error,
                            [&](auto zero) { return finish(zero, [](auto, double) { return NETLET_OK; }); });
  return training("finish", *network, *optimizer, error, [&](const Held&, auto zero) {
    return finish(zero, [&](auto of_type, double by) {
      using T = decltype(of_type);
      const size_t count = network->parameter_count;
      if (!isfinite(piece->loss))
        return fail(error, NETLET_ERROR_DIVERGED, "finish: the loss is %s; nothing was changed",
                    isnan(piece->loss) ? "nan" : "inf");
      NETLET_TRY(check_optimizer(*optimizer, count, network->dtype, error));
      BatchRunner<T> runner;
      NETLET_TRY(runner.prepare_given(*network, *optimizer, error));
      NETLET_TRY(bind(*optimizer, count, network->dtype, error));
      runner.update_along(*network, static_cast<const T*>(values), by, *optimizer, 1);
      return NETLET_OK;
    });
  });
}
