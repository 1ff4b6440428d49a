// SPDX-License-Identifier: BSD-3-Clause
#include "compute/small_step.hpp"

#include <math.h>

#include "kernels/activations.hpp"

namespace netlet::core {

constexpr size_t kSmallRows = 64, kSmallInputs = 64, kSmallLayers = 1024;
constexpr size_t kActivation = 12;  // takes about as long as that many products

template <class T> bool SmallSteps<T>::fit(const netlet_network& net, size_t rows, const netlet_optimizer& optimizer) {
  if (rows > kSmallRows || net.layer_count() > kSmallLayers || net.inputs() > kSmallInputs ||
      net.widest > kernels<T>(net.widest).lanes || net.has_dropout() || optimizer.config.clip_norm > 0)
    return false;
  for (size_t i = 0; i < net.layer_count(); ++i)
    if (net.layers[i].activation != NETLET_SOFTMAX && !activation_traits(net.layers[i].activation).common) return false;
  return true;
}

template <class T> bool SmallSteps<T>::allocate(const netlet_network& net, const netlet_array& x,
                                                const netlet_targets& targets, bool shuffled, size_t rows,
                                                const netlet_optimizer& optimizer) {
  net_ = &net;
  kernel_ = &kernels<T>(net.widest);
  arrays_ = &kernels<T>();
  const size_t lanes = kernel_->lanes, layers = net.layer_count(), last = layers - 1;
  const size_t vectors = (rows + lanes - 1) / lanes;
  size_t weights = 0, transposed = 0, by_rows = 0, by_columns = 0;
  for (size_t i = 0; i < layers; ++i) {
    const size_t inputs = net.layers[i].inputs, outputs = net.layers[i].outputs;
    weights += (inputs + 1) * lanes;
    transposed += outputs * lanes;
    by_rows += rows * (inputs + kActivation);
    by_columns += (i == last && outputs > 1 ? rows : vectors * outputs) * (inputs + kActivation);
  }
  const bool columns =  // by measurement
      kernel_->small_columns && (net.outputs() == 1 ? 3 * by_columns < 4 * by_rows : by_columns < by_rows);
  const size_t values = (rows + lanes) * lanes;  // a layer's outputs or deltas, and space for whole vectors
  if (!reader_.allocate(net, x, targets, shuffled, rows) || !row_loss_.allocate(rows + lanes) ||
      !layers_.allocate(layers) ||
      !memory_.allocate(
          4 * weights + transposed + (4 * layers + 1) * values + layers * lanes + net.inputs() * (rows + lanes), true))
    return false;
  T* at = memory_.data();
  const auto take = [&at](size_t size) {
    T* const piece = at;
    at += size;
    return piece;
  };
  step_ = {};
  step_.layers = layers_.data();
  step_.layer_count = layers;
  step_.size = weights;
  step_.parameter_count = net.parameter_count;
  step_.in_columns = columns;
  x_ = take(net.inputs() * vectors * lanes);
  step_.w = take(weights);
  step_.g = take(weights);
  step_.s0 = optimizer.slot_count() > 0 ? take(weights) : nullptr;
  step_.s1 = optimizer.slot_count() > 1 ? take(weights) : nullptr;
  size_t offset = 0;
  for (size_t i = 0; i < layers; ++i) {
    const Layer& layer = net.layers[i];
    T* const keep = take(lanes);
    memset(keep, 0xff, layer.outputs * sizeof(T));
    T *const wt = take(layer.outputs * lanes), *const y = take(values), *const d = take(values);
    T* const delta_columns = i == last && layer.outputs == 1 ? d : take(values);
    layers_[i] = {layer.inputs,
                  layer.outputs,
                  layer.activation == NETLET_SOFTMAX ? (int)NETLET_IDENTITY : layer.activation,
                  step_.w + offset,
                  keep,
                  wt,
                  step_.g + offset,
                  i > 0 ? layers_[i - 1].y : x_,
                  columns ? 1 : (ptrdiff_t)layer.inputs,
                  columns ? (ptrdiff_t)(vectors * lanes) : 1,
                  y,
                  d,
                  (ptrdiff_t)(i == last ? layer.outputs : lanes),
                  delta_columns,
                  take(values)};
    offset += (layer.inputs + 1) * lanes;
  }
  step_.z = net.has_classes() ? take(values) : nullptr;
  step_.out = comparison<T>(net);
  step_.softmax = step_.out.activation == NETLET_SOFTMAX && step_.out.loss != NETLET_CROSS_ENTROPY;
  step_.out.z = step_.z;
  step_.out.y = layers_[last].y;
  step_.out.delta = layers_[last].d;
  step_.out.row_loss = row_loss_.data();
  return true;
}

template <class T> void SmallSteps<T>::read(const netlet_optimizer& optimizer) {
  const size_t lanes = kernel_->lanes;
  const T* const from[] = {net_->values<T>(), optimizer.slot<T>(0), optimizer.slot<T>(1)};
  T* const to[] = {step_.w, step_.s0, step_.s1};
  for (int a = 0; a < 3; ++a) {
    const T* source = from[a];
    T* target = to[a];
    if (source) memset(target, 0, step_.size * sizeof(T));
    for (size_t i = 0; source && i < net_->layer_count(); ++i)
      for (size_t k = 0; k <= layers_[i].inputs; ++k, source += layers_[i].outputs, target += lanes)
        memcpy(target, source, layers_[i].outputs * sizeof(T));
  }
  for (size_t i = 1; i < net_->layer_count(); ++i)
    arrays_->transpose(layers_[i].inputs, layers_[i].outputs, layers_[i].w, (ptrdiff_t)lanes, layers_[i].wt,
                       (ptrdiff_t)lanes);
}

template <class T> void SmallSteps<T>::load(const Batch& batch) {
  const Inputs<T> x = reader_.inputs(batch, 0, 0, batch.rows);  // never a list: the outputs fit into one vector
  if (step_.in_columns) {
    arrays_->transpose(batch.rows, net_->inputs(), x.first, x.stride, x_, layers_[0].x_k);
  } else {
    layers_[0].x = x.first;
    layers_[0].x_i = x.stride;
  }
  OutputRows<T>& out = step_.out;
  reader_.targets(batch, 0, 0, batch.rows, out);
  out.rows = batch.rows;
  step_.squared_error = step_.in_columns && out.n == 1 && out.loss == NETLET_SQUARED_ERROR && !step_.softmax &&
                        !out.weights && !out.missing;
  weight_ = (double)batch.rows;
  if (out.weights) {
    weight_ = 0;
    for (size_t i = 0; i < batch.rows; ++i) weight_ = weight_ + (double)out.weights[i];
  }
  const double by = divisor(*net_, *batch.targets, batch.rows, weight_);
  const T inverse = exact_inverse((T)(by != 0 ? by : 1));
  step_.inverted = inverse != 0;
  step_.divisor = inverse != 0 ? inverse : (T)by;
}

template <class T> BatchLoss SmallSteps<T>::gradient() {
  kernel_->small_pass(step_);
  double sum = 0;
  for (size_t i = 0; i < step_.out.rows; ++i) sum = sum + row_loss_[i];
  return {sum, weight_, step_.out.correct};
}

template <class T> void SmallSteps<T>::step(const Step<T>& step) {
  const size_t lanes = kernel_->lanes;
  for (size_t i = 0; i < net_->layer_count(); ++i) {
    const size_t at = (size_t)(layers_[i].w - step_.w), weights = layers_[i].inputs * lanes;
    prepare(step, *arrays_, weights, weights + lanes, step_.g + at, step_.w + at);
  }
  kernel_->small_update(step_, step);
}

template <class T>
bool SmallSteps<T>::steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses) {
  load(batch);
  const netlet_optimizer_config& c = optimizer.config;
  const bool alike = c.kind == NETLET_SGD;  // all updates are the same
  Step<T> next = {};
  step_.rate = -(T)optimizer.learning_rate;
  step_.plain = alike && c.momentum == 0 && c.l1 == 0 && c.l2 == 0 && !(c.clip_value > 0);
  size_t i = 0;
  for (; i < count; ++i) {
    losses[i] = gradient();
    if (!isfinite(losses[i].sum)) break;
    if (step_.plain) continue;
    if (!alike || i == 0)
      next = next_step<T>(optimizer, 1);
    else
      ++optimizer.progress.steps;
    step(next);
  }
  if (step_.plain) optimizer.progress.steps = optimizer.progress.steps + i;
  step_.plain = false;
  return i == count &&
         arrays_->first_not_finite(step_.size, step_.w) == step_.size;  // a parameter that is not finite stays so
}

template <class T> void SmallSteps<T>::publish(netlet_optimizer& optimizer) const {
  kernel_->small_values(step_, step_.w, net_->values<T>());
  if (step_.s0) kernel_->small_values(step_, step_.s0, optimizer.slot<T>(0));
  if (step_.s1) kernel_->small_values(step_, step_.s1, optimizer.slot<T>(1));
}

template class SmallSteps<float>;
template class SmallSteps<double>;

}  // namespace netlet::core
