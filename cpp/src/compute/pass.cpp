// SPDX-License-Identifier: BSD-3-Clause
#include "compute/pass.hpp"

#include <math.h>

#include "kernels/activations.hpp"
#include "system/poll.hpp"

namespace netlet::core {
template <class T> bool Pass<T>::allocate(const netlet_network& net, const netlet_array& x,
                                          const netlet_targets& targets, bool shuffled, size_t rows, PassKind kind,
                                          size_t threads) {
  net_ = &net;
  kernel_ = &kernels<T>(net.widest);
  kind_ = kind;
  softmax_later_ = targets.y && net.loss == NETLET_CROSS_ENTROPY;
  rows_each_ = rows;
  if (multiply_overflows(rows, threads, &rows) || !reader_.allocate(net, x, targets, shuffled, rows)) return false;
  const size_t layers = net.layer_count();
  Buffer<T*>* const all[] = {&output_, &delta_, &sums_, &whole_, &mask_, &panels_};
  for (Buffer<T*>* pointers : all)
    if (!pointers->allocate(layers, true)) return false;
  if (!row_loss_.allocate(rows) || !input_.allocate(threads)) return false;
  if (kind.errors && (!row_errors_.allocate(rows) || !given_.allocate_rows(rows, net.targets()))) return false;
  return allocate_pieces(memory_, [&](auto take) {
    for (size_t i = 0; i < layers; ++i) {
      const Layer& layer = net.layers[i];
      const bool dropped = kind.dropout && layer.dropout != 0, last = i + 1 == layers;
      output_[i] = take(rows, layer.outputs);
      if (kind.delta) delta_[i] = take(rows, layer.outputs);
      if (kind.panels && wide<T>(layer.outputs)) panels_[i] = take(rows, layer.outputs);
      if ((kind.delta && activation_traits(layer.activation).reads_sums) || (last && net.has_classes()))
        sums_[i] = take(rows, layer.outputs);
      if (dropped) mask_[i] = take(rows, layer.outputs);
      if (dropped && !sums_[i]) whole_[i] = take(rows, layer.outputs);
    }
    if (kind.input_delta) input_delta_ = take(rows, net.inputs());
  });
}

template <class T> void Pass<T>::forward(const Batch& batch, size_t from, size_t at, size_t count,
                                         const Packed<T>& packed, bool first_done) {
  const netlet_network& net = *net_;
  const T* parameters = net.values<T>();
  Inputs<T> a = {};
  if (!first_done) a = reader_.inputs(batch, from, at, count);
  if (!first_done && at % rows_each_ == 0) input_[at / rows_each_] = a;
  Pace pace;
  for (size_t i = 0; i < net.layer_count(); ++i) {
    const Layer& layer = net.layers[i];
    const size_t n = layer.outputs;
    T* const z = sums_[i] ? sums_[i] + at * n : nullptr;
    const bool later = softmax_later_ && i + 1 == net.layer_count();
    T* const y = (whole_[i] ? whole_[i] : output_[i]) + at * n;
    if (i > 0 || !first_done)
      kernels<T>(n).forward(count, n, layer.inputs, a.first, a.stride, a.list, packed.weights(i),
                            parameters + layer.biases, later ? NETLET_IDENTITY : layer.activation, later ? nullptr : z,
                            later ? z : y);
    if (mask_[i]) {
      drop_units(batch, from, at, count, i);
      kernels<T>().multiply_unless_zero(count * n, mask_[i] + at * n, y, output_[i] + at * n);
    }
    a = {output_[i] + at * n, (ptrdiff_t)n};
    if (pace.stop(2.0 * (double)count * (double)n * (double)layer.inputs)) return;
  }
}

template <class T>
void Pass<T>::forward_columns(size_t at, size_t count, size_t j0, size_t j1, const T* w, T* scratch) const {
  const Layer& layer = net_->layers[0];
  const size_t n = layer.outputs, columns = j1 - j0;
  const Inputs<T> a = input_[0].part(at, 0);
  T* const z = sums_[0] ? scratch + count * columns : nullptr;
  kernels<T>().forward(count, columns, layer.inputs, a.first, a.stride, a.list, {w, false}, w + layer.inputs * columns,
                       layer.activation, z, scratch);
  const auto store = [&](const T* from, T* to) {
    for (size_t i = 0; i < count; ++i) memcpy(to + (at + i) * n + j0, from + i * columns, columns * sizeof(T));
  };
  store(scratch, whole_[0] ? whole_[0] : output_[0]);
  if (z) store(z, sums_[0]);
}

// What each unit of a layer is multiplied by: 0, or the factor that preserves the expected value.
template <class T> void Pass<T>::drop_units(const Batch& batch, size_t from, size_t at, size_t count, size_t layer) {
  const DropoutKey& key = batch.dropout;
  const size_t* const order = key.order ? key.order : batch.order;
  const double share = net_->layers[layer].dropout;
  const uint32_t threshold = (uint32_t)(share * 0x1p32);
  const T keep = (T)(1 / (1 - share));
  const size_t n = net_->layers[layer].outputs, draws = (n + 3) / 4;
  for (size_t i = 0; i < count; ++i) {
    const size_t place = batch.first + from + i;
    const uint64_t row = key.row + (order ? order[place] : place);
    T* const mask = mask_[layer] + (at + i) * n;
    for (size_t d = 0; d < draws; ++d) {
      const uint64_t number = row * draws + d;
      const Philox random = philox(
          {{(uint32_t)number, (uint32_t)(number >> 32), key.stream, (uint32_t)key.purpose | (uint32_t)layer << 8}},
          (uint32_t)key.seed, (uint32_t)(key.seed >> 32));
      for (size_t j = 4 * d; j < n && j < 4 * d + 4; ++j) mask[j] = random.word[j % 4] < threshold ? T(0) : keep;
    }
  }
}

template <class T> OutputRows<T> Pass<T>::output_rows(size_t at, size_t count) const {
  const size_t last = net_->layer_count() - 1, n = net_->outputs();
  OutputRows<T> out = comparison<T>(*net_);
  out.rows = count;
  out.z = sums_[last] ? sums_[last] + at * n : nullptr;
  out.y = output_[last] + at * n;
  out.delta = kind_.delta ? delta_[last] + at * n : nullptr;
  out.row_loss = row_loss_.data() + at;
  return out;
}

template <class T> size_t Pass<T>::compare(const Batch& batch, size_t from, size_t at, size_t count) {
  OutputRows<T> out = output_rows(at, count);
  reader_.targets(batch, from, at, count, out);
  if (!batch.targets->y) {
    set_output_gradient(at, count, out.t);
    return 0;
  }
  kernel_->output_rows(out);
  if (kind_.errors) measure(batch, from, at, count);
  return out.correct;
}

// Replaces the outputs by predictions, and compares these with the targets as they came.
template <class T> void Pass<T>::measure(const Batch& batch, size_t from, size_t at, size_t count) {
  const netlet_network& net = *net_;
  const size_t n = net.outputs(), targets = net.targets(), each = n / targets;
  const T* const weights = batch.targets->sample_weight ? row_weight() : nullptr;  // it may be another batch's
  T* y = output_[net.layer_count() - 1] + at * n;
  double* t = given_.data() + at * targets;
  if (net.output_scaling) kernel_->unstandardize(count, n, net.output_scaling.shift(), net.output_scaling.scale(), y);
  if (net.loss == NETLET_POISSON) kernels<T>().map(NETLET_EXP, count * n, y, y);
  load_rows(*batch.targets->y, batch.order_from(from), batch.first + from, count, t);
  for (size_t i = at; i < at + count; ++i, y += n, t += targets) {
    Errors row = {};
    for (size_t j = 0; j < targets; ++j) {
      if (batch.targets->missing && isnan(t[j])) continue;
      const double e = (double)y[j * each] - t[j];
      row = {row.square + e * e, row.absolute + fabs(e), row.count + 1};
    }
    const double weight = weights ? (double)weights[i] : 1;
    row_errors_[i] = {row.square * weight, row.absolute * weight, row.count * weight};
  }
}

template <class T> void Pass<T>::set_output_gradient(size_t at, size_t count, const T* gradient) {
  OutputRows<T> out = output_rows(at, count);
  const size_t n = out.n;
  out.loss = kGivenGradient;
  out.t = gradient;
  if (net_->output_scaling) {
    const double* const scale = net_->output_scaling.scale();
    for (size_t i = 0; i < count * n; ++i) out.delta[i] = (T)(scale[i % n] * (double)gradient[i]);
    out.t = out.delta;
  }
  kernel_->output_rows(out);
}

template <class T> void Pass<T>::set_output_unit(size_t at, size_t count, size_t output) {
  const size_t n = net_->outputs();
  T* const delta = delta_[net_->layer_count() - 1] + at * n;
  memset(delta, 0, count * n * sizeof(T));
  for (size_t i = 0; i < count; ++i) delta[i * n + output] = 1;
  set_output_gradient(at, count, delta);
}

template <class T> void Pass<T>::backward(size_t at, size_t count, const Packed<T>& packed) {
  const netlet_network& net = *net_;
  Pace pace;
  for (size_t i = net.layer_count() - 1; i > 0; --i) {
    const Layer &layer = net.layers[i], &below = net.layers[i - 1];
    const size_t m = layer.inputs;
    const T* const f = activation_traits(below.activation).reads_sums ? sums_[i - 1]
                       : whole_[i - 1]                                ? whole_[i - 1]
                                                                      : output_[i - 1];
    T* const delta = delta_[i - 1] + at * m;
    kernels<T>(m).backward(count, layer.outputs, m, delta_[i] + at * layer.outputs, packed.transposed(i),
                           below.activation, f + at * m, delta);
    if (mask_[i - 1]) kernels<T>().multiply_unless_zero(count * m, mask_[i - 1] + at * m, delta, delta);
    if (pace.stop(2.0 * (double)count * (double)m * (double)layer.outputs)) return;
  }
  if (!kind_.input_delta) return;
  const size_t m = net.inputs();
  T* const s = input_delta_ + at * m;
  kernels<T>(m).backward(count, net.layers[0].outputs, m, delta_[0] + at * net.layers[0].outputs, packed.transposed(0),
                         NETLET_IDENTITY, s, s);
  if (net.input_scaling)
    for (size_t i = 0; i < count; ++i) kernels<T>().divide_by(m, s + i * m, net.input_scaling.scale());
}

template <class T> void Pass<T>::pack_deltas(const Batch& batch, size_t from, size_t at, size_t count) {
  for (size_t i = 0; i < net_->layer_count(); ++i) {
    if (!panels_[i]) continue;
    const size_t n = net_->layers[i].outputs, width = kernels<T>(n).panel;
    for (size_t row = from; row < from + count; ++row, ++at) {
      const size_t in_block = row % kBlockRows, rows = smaller(kBlockRows, batch.rows - (row - in_block));
      T* const block = panels_[i] + (at - in_block) * n;
      for (size_t j = 0, columns; j < n; j += columns) {
        columns = smaller(width, n - j);
        memcpy(block + j * rows + in_block * columns, delta_[i] + at * n + j, columns * sizeof(T));
      }
    }
    at -= count;
  }
}

template <class T> void Pass<T>::gradient(const Group& group, size_t row, size_t count, T* g) const {
  const Layer& layer = net_->layers[group.layer];
  const size_t thread = row / rows_each_;
  const Inputs<T> a = group.layer ? Inputs<T>{output_[group.layer - 1], (ptrdiff_t)layer.inputs}.part(row, group.k0)
                                  : input_[thread].part(row - first_of(thread), group.k0);
  const Factor<T> d = panels_[group.layer]
                          ? Factor<T>{panels_[group.layer] + row * layer.outputs + group.j0 * count, true}
                          : Factor<T>{delta_[group.layer] + row * layer.outputs + group.j0, false};
  const size_t k1 = group.k1 < layer.inputs ? group.k1 : layer.inputs, height = k1 - group.k0;
  T* bias = group.k1 > layer.inputs ? g + height * group.columns() : nullptr;
  kernels<T>(layer.outputs).gradient(count, group.columns(), height, a, d, (ptrdiff_t)layer.outputs, g, bias);
}

template <class T> void Pass<T>::gradient(size_t row, size_t count, T* g) const {
  for (size_t i = 0; i < net_->layer_count(); ++i) {
    const Layer& layer = net_->layers[i];
    gradient({i, 0, layer.inputs + 1, 0, layer.outputs}, row, count, g + layer.weights);
  }
}

template class Pass<float>;
template class Pass<double>;

}  // namespace netlet::core
