// SPDX-License-Identifier: BSD-3-Clause
#include "compute/rows.hpp"

namespace netlet::core {
namespace {

const netlet_array& array_of(const netlet_targets& targets) {
  return *(targets.y ? targets.y : targets.output_gradient);
}

constexpr size_t kLongRow = 1024;  // bytes; shorter rows are copied if shuffled

}  // namespace

template <class T> bool RowReader<T>::allocate(const netlet_network& net, const netlet_array& x,
                                               const netlet_targets& targets, bool shuffled, size_t rows) {
  net_ = &net;
  const netlet_array& t = array_of(targets);
  classes_given_ = targets.y && net.loss == NETLET_CROSS_ENTROPY && t.columns == 1;
  const bool readable = !net.input_scaling && readable_in_place<T>(x);
  in_place_ = readable && !shuffled;
  const size_t outputs = net.layers[0].outputs;
  through_order_ = readable && shuffled && net.inputs() * sizeof(T) >= kLongRow && outputs > kernels<T>(outputs).lanes;
  targets_in_place_ =
      !shuffled && !net.output_scaling && readable_in_place<T>(t) && t.row_stride == (ptrdiff_t)(t.columns * sizeof(T));
  return (in_place_ || (through_order_ ? row_.allocate(rows) : x_.allocate_rows(rows, net.inputs()))) &&
         (!classes_given_ || classes_.allocate(rows)) &&
         (classes_given_ || targets_in_place_ || t_.allocate_rows(rows, t.columns)) &&
         (!targets.sample_weight || w_.allocate(rows));
}

template <class T> Inputs<T> RowReader<T>::inputs(const Batch& batch, size_t from, size_t at, size_t count) {
  if (in_place_) return {row_in_place<T>(*batch.x, batch.first + from), batch.x->row_stride / (ptrdiff_t)sizeof(T)};
  if (through_order_) {
    const size_t* const order = batch.order_from(from);
    for (size_t i = 0; i < count; ++i) row_[at + i] = row_in_place<T>(*batch.x, order[i]);
    return {nullptr, 0, row_.data() + at};
  }
  const size_t n = net_->inputs();
  T* const rows = x_.data() + at * n;
  load_scaled_rows(*batch.x, batch.order_from(from), batch.first + from, count, net_->columns(NETLET_SCALE_INPUTS),
                   rows);
  return {rows, (ptrdiff_t)n};
}

template <class T>
void RowReader<T>::targets(const Batch& batch, size_t from, size_t at, size_t count, OutputRows<T>& out) {
  const size_t first = batch.first + from;
  const size_t* const order = batch.order_from(from);
  const netlet_targets& targets = *batch.targets;
  out.missing = targets.missing == NETLET_MISSING_IGNORE;
  if (classes_given_) {
    int64_t* const classes = classes_.data() + at;
    load_rows(*targets.y, order, first, count, classes);
    for (size_t i = 0; i < count; ++i)  // checked, but the caller may have changed them since
      if ((uint64_t)classes[i] >= net_->outputs()) classes[i] = 0;
    out.classes = classes;
  } else if (targets_in_place_) {
    out.t = row_in_place<T>(array_of(targets), first);
  } else {
    const size_t n = array_of(targets).columns;
    T* const t = t_.data() + at * n;
    const ColumnScaling columns = targets.y ? net_->columns(NETLET_SCALE_OUTPUTS) : ColumnScaling();
    load_scaled_rows(array_of(targets), order, first, count, columns, t);
    out.t = t;
  }
  if (targets.sample_weight) {
    load_rows(*targets.sample_weight, order, first, count, w_.data() + at);
    out.weights = w_.data() + at;
  }
}

template class RowReader<float>;
template class RowReader<double>;

}  // namespace netlet::core
