// SPDX-License-Identifier: BSD-3-Clause
#include "compute/small_step.hpp"

#include <math.h>

#include "kernels/activations.hpp"

namespace netlet::core {

constexpr size_t kSmallRows = 64, kSmallInputs = 64, kSmallLayers = 1024;

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
  size_t weights = 0, transposed = 0;
  for (size_t i = 0; i < layers; ++i) {
    weights += (net.layers[i].inputs + 1) * lanes;
    transposed += net.layers[i].outputs * lanes;
  }
  const size_t values = (rows + 1) * lanes;  // a layer's outputs or deltas, and space for one more vector
  if (!reader_.allocate(net, x, targets, shuffled, rows) || !row_loss_.allocate(rows) || !layers_.allocate(layers) ||
      !memory_.allocate(4 * weights + transposed + (2 * layers + 1) * values + layers * lanes, true))
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
    layers_[i] = {layer.inputs,
                  layer.outputs,
                  layer.activation,
                  step_.w + offset,
                  keep,
                  wt,
                  step_.g + offset,
                  y,
                  d,
                  i == last ? layer.outputs : lanes};
    offset += (layer.inputs + 1) * lanes;
  }
  step_.z = net.has_classes() ? take(values) : nullptr;
  step_.out = comparison<T>(net);
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
  transpose();
}

template <class T> void SmallSteps<T>::transpose() {
  const ptrdiff_t lanes = (ptrdiff_t)kernel_->lanes;
  for (size_t i = 1; i < net_->layer_count(); ++i)
    arrays_->transpose(layers_[i].inputs, layers_[i].outputs, layers_[i].w, lanes, layers_[i].wt, lanes);
}

template <class T> void SmallSteps<T>::load(const Batch& batch) {
  const Inputs<T> x = reader_.inputs(batch, 0, 0, batch.rows);  // never a list: the outputs fit into one vector
  step_.x = x.first;
  step_.x_i = x.stride;
  reader_.targets(batch, 0, 0, batch.rows, step_.out);
  step_.out.rows = batch.rows;
  targets_ = batch.targets;
}

template <class T> BatchLoss SmallSteps<T>::gradient() {
  kernel_->small_pass(step_);
  const size_t rows = step_.out.rows;
  double sum = 0, weight = (double)rows;
  for (size_t i = 0; i < rows; ++i) sum = sum + row_loss_[i];
  if (const T* const weights = step_.out.weights) {
    weight = 0;
    for (size_t i = 0; i < rows; ++i) weight = weight + (double)weights[i];
  }
  divisor_ = divisor(*net_, *targets_, rows, weight);
  return {sum, weight, step_.out.correct};
}

template <class T> void SmallSteps<T>::step(const Step<T>& step) {
  if (divisor_ != 0) arrays_->divide(step_.size, step_.g, (T)divisor_);
  const size_t lanes = kernel_->lanes;
  for (size_t i = 0; i < net_->layer_count(); ++i) {
    const size_t at = (size_t)(layers_[i].w - step_.w), weights = layers_[i].inputs * lanes;
    prepare(step, *arrays_, weights, weights + lanes, step_.g + at, step_.w + at);
  }
  kernel_->small_update(step_, step);
}

template <class T> BatchLoss SmallSteps<T>::pass(const Batch& batch) {
  load(batch);
  return gradient();
}

template <class T> void SmallSteps<T>::update(netlet_optimizer& optimizer, double factor) {
  step(next_step<T>(optimizer, factor));
}

template <class T>
bool SmallSteps<T>::steps(const Batch& batch, netlet_optimizer& optimizer, size_t count, BatchLoss* losses) {
  load(batch);
  const bool alike = optimizer.config.kind == NETLET_SGD;  // all updates are the same
  Step<T> next;
  for (size_t i = 0; i < count; ++i) {
    losses[i] = gradient();
    if (!isfinite(losses[i].sum)) return false;
    if (!alike || i == 0)
      next = next_step<T>(optimizer, 1);
    else
      ++optimizer.progress.steps;
    step(next);
  }
  return arrays_->first_not_finite(step_.size, step_.w) == step_.size;  // a parameter that is not finite stays so
}

template <class T> void SmallSteps<T>::publish(netlet_optimizer& optimizer) const {
  kernel_->small_values(step_, step_.w, net_->values<T>());
  if (step_.s0) kernel_->small_values(step_, step_.s0, optimizer.slot<T>(0));
  if (step_.s1) kernel_->small_values(step_, step_.s1, optimizer.slot<T>(1));
}

template class SmallSteps<float>;
template class SmallSteps<double>;

}  // namespace netlet::core
