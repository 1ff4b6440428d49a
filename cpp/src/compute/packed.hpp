// SPDX-License-Identifier: BSD-3-Clause
// Copies of a network's weights in the layout that the products read fastest: W^T for the deltas, and wide matrices in
// panels of columns.
#pragma once

#include "network/network.hpp"

namespace netlet::core {

template <class T> class Packed {
 public:
  // For the panels of wide layers, and W^T of the layers from `first`. False if out of memory.
  bool allocate(const netlet_network& net, size_t first);
  // Without copies: weights are read in place.
  bool allocate_none(const netlet_network& net);

  // Copies all weights, on several threads; or rows k0 to k1, columns j0 to j1 of one layer's.
  void read(size_t threads);
  void read(size_t layer, size_t k0, size_t k1, size_t j0, size_t j1);

  Factor<T> weights(size_t layer) const {  // in place if there is no copy
    return forward_[layer] ? Factor<T>{forward_[layer], true}
                           : Factor<T>{net_->values<T>() + net_->layers[layer].weights, false};
  }
  Factor<T> transposed(size_t layer) const { return {backward_[layer], wide<T>(net_->layers[layer].inputs)}; }

 private:
  const netlet_network* net_ = nullptr;
  Buffer<T> memory_;
  Buffer<T*> forward_, backward_;  // of each layer, null if there is no copy
};

}  // namespace netlet::core
