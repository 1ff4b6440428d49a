// SPDX-License-Identifier: BSD-3-Clause
// Rows of a batch on their way forward and backward: written by the rows phase of a step, read by its parameters phase.
#pragma once

#include "compute/packed.hpp"
#include "compute/rows.hpp"

namespace netlet::core {

// Parameters of one layer: rows k0 to k1, columns j0 to j1 of its (inputs + 1) x outputs matrix, whose last row holds
// the biases.
struct Group {
  size_t layer, k0, k1, j0, j1;
  size_t columns() const { return j1 - j0; }
  size_t size() const { return (k1 - k0) * columns(); }
};

// What a pass computes: deltas of the layers (for a gradient), of the inputs as well; and whether it drops units.
// Without deltas also errors: how far predictions are from targets, in the targets' own units. panels: gradients are
// those of whole blocks, for which the deltas of wide layers are copied into panels.
struct PassKind {
  bool delta, input_delta, dropout, errors = false, panels = false;
};

template <class T> class Pass {
 public:
  // For `rows` rows per thread; one thread's follow the other's. False if out of memory.
  bool allocate(const netlet_network& net, const netlet_array& x, const netlet_targets& targets, bool shuffled,
                size_t rows, PassKind kind, size_t threads = 1);
  size_t first_of(size_t thread) const { return thread * rows_each_; }  // where a thread's rows begin

  // Rows `from` to `from + count` of the batch, as rows `at` to `at + count` of this pass. Returns how many are
  // classified correctly. May end early, as its parts may, see system/poll.hpp. packed: with W^T of each layer, of the
  // first one only for input_delta. first_done: forward_columns has computed the first layer's outputs.
  size_t run(const Batch& batch, size_t from, size_t at, size_t count, const Packed<T>& packed,
             bool first_done = false) {
    forward(batch, from, at, count, packed, first_done);
    const size_t correct = compare(batch, from, at, count);
    if (kind_.delta) backward(at, count, packed);
    if (kind_.panels) pack_deltas(batch, from, at, count);
    return correct;
  }

  // The parts of run: all layers' outputs; losses and the output layer's delta; the other deltas.
  void forward(const Batch& batch, size_t from, size_t at, size_t count, const Packed<T>& packed,
               bool first_done = false);
  size_t compare(const Batch& batch, size_t from, size_t at, size_t count);
  void backward(size_t at, size_t count, const Packed<T>& packed);

  // The first layer by columns: once read has read all rows of a batch, outputs j0 to j1 of rows `at` to `at + count`.
  // w: these columns of the weights, inputs x (j1 - j0), then the biases; scratch: 2 x count x (j1 - j0).
  void read(const Batch& batch) { input_[0] = reader_.inputs(batch, 0, 0, batch.rows); }
  void forward_columns(size_t at, size_t count, size_t j0, size_t j1, const T* w, T* scratch) const;

  // Instead of compare: sets the derivative with respect to the outputs, in the caller's units; rows x outputs.
  void set_output_gradient(size_t at, size_t count, const T* gradient);
  // The same, with 1 for one output and 0 for the others.
  void set_output_unit(size_t at, size_t count, size_t output);

  // The gradient of a group over rows `row` to `row + count` of this pass, with kind.panels a block, and the group's
  // columns begin a panel; the row stride of g is group.columns().
  void gradient(const Group& group, size_t row, size_t count, T* g) const;
  // The gradient of all parameters.
  void gradient(size_t row, size_t count, T* g) const;

  // The gradient with respect to the inputs, in the caller's units; rows x inputs.
  const T* input_delta(size_t row) const { return input_delta_ + row * net_->inputs(); }
  const double* row_loss() const { return row_loss_.data(); }
  const Errors* row_errors() const { return row_errors_.data(); }  // multiplied by the row's weight
  const T* row_weight() const { return reader_.weights(); }

 private:
  void measure(const Batch& batch, size_t from, size_t at, size_t count);
  void drop_units(const Batch& batch, size_t from, size_t at, size_t count, size_t layer);
  void pack_deltas(const Batch& batch, size_t from, size_t at, size_t count);
  OutputRows<T> output_rows(size_t at, size_t count) const;

  const netlet_network* net_ = nullptr;
  const RowKernels<T>* kernel_ = nullptr;
  PassKind kind_ = {};
  bool softmax_later_ = false;  // done by compare, together with the loss
  RowReader<T> reader_;
  Buffer<T> memory_;
  // of each layer, rows x outputs: what the next layer reads, the delta; if needed, the sums before the activation, the
  // outputs before units were dropped, the factors that dropped them, and the delta in panels, block after block
  Buffer<T*> output_, delta_, sums_, whole_, mask_, panels_;
  T* input_delta_ = nullptr;
  Buffer<double> row_loss_;
  Buffer<Errors> row_errors_;
  Buffer<double> given_;  // rows of targets as they came, for errors
  size_t rows_each_ = 0;
  Buffer<Inputs<T>> input_;  // of the first layer, per thread
};

}  // namespace netlet::core
