// SPDX-License-Identifier: BSD-3-Clause
// A network: its layers, one buffer of parameters, and who is using it.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/losses.hpp"
#include "netlet/netlet.h"
#include "network/arrays.hpp"
#include "system/error.hpp"
#include "system/guards.hpp"
#include "system/memory.hpp"

namespace netlet::core {

constexpr int kNotes = 3;  // kinds of netlet_note_kind

struct Architecture {
  int dtype = NETLET_FLOAT64, loss = NETLET_SQUARED_ERROR, reduction = NETLET_SUM;
  size_t parameter_count = 0, widest = 0;  // widest: the largest number of outputs of a layer
  size_t widest_hidden[2] = {0, 0};        // of the hidden layers with even and odd indices
};

// shift and scale of each column, in binary64 whatever the dtype; empty: none
struct Scaling {
  Buffer<double> values;
  const double* shift() const { return values.data(); }
  const double* scale() const { return values.data() + values.size() / 2; }
  explicit operator bool() const { return values.size() != 0; }
};

}  // namespace netlet::core

struct netlet_network : netlet::core::Architecture {
  netlet::core::Buffer<char> notes[netlet::core::kNotes];  // ended by 0, or empty
  netlet::core::Buffer<netlet::core::Layer> layers;
  netlet::core::Buffer<unsigned char> parameters;  // of dtype
  netlet::core::Buffer<double> loss_parameters;
  netlet::core::Scaling input_scaling, output_scaling;
  netlet::core::Shared<uint64_t> seed, epochs_trained;
  int numerics = NETLET_NUMERICS_VERSION;  // version under which it was saved, if it comes from a file
  mutable netlet::core::Users users;
  mutable netlet::core::Kept workspace;  // of netlet_step, netlet_backward and netlet_partial

  const netlet::core::Scaling& scaling(int kind) const {
    return kind == NETLET_SCALE_INPUTS ? input_scaling : output_scaling;
  }
  netlet::core::Scaling& scaling(int kind) { return kind == NETLET_SCALE_INPUTS ? input_scaling : output_scaling; }
  // How the columns of inputs or targets are scaled.
  netlet::core::ColumnScaling columns(int kind) const {
    const netlet::core::Scaling& s = scaling(kind);
    return {s.shift(), s.scale(), kind == NETLET_SCALE_INPUTS ? 1 : loss_kind().outputs_per_target};
  }
  size_t layer_count() const { return layers.size(); }
  size_t inputs() const { return layers[0].inputs; }
  size_t outputs() const { return layers[layers.size() - 1].outputs; }
  bool has_dropout() const {
    for (size_t i = 0; i < layers.size(); ++i)
      if (layers[i].dropout != 0) return true;
    return false;
  }
  const netlet::core::LossKind& loss_kind() const { return netlet::core::kLosses[loss]; }
  size_t targets() const { return outputs() / loss_kind().outputs_per_target; }
  bool has_classes() const { return loss_kind().has_classes(); }
  template <class T> T* values() const { return reinterpret_cast<T*>(parameters.data()); }
};

namespace netlet::core {

// netlet_forward and netlet_fingerprint for a caller that holds the network
netlet_status forward(const netlet_network& net, const netlet_array& x, void* out, netlet_error* error);
// may end early, see system/poll.hpp; numerics 1 had scalings of the network's dtype
void fingerprint(const netlet_network& net, char hex[65], int numerics = NETLET_NUMERICS_VERSION);

// Fails unless all are finite.
netlet_status check_parameters(const netlet_network& network, netlet_error* error);

inline size_t size_of(int dtype) { return dtype == NETLET_FLOAT32 ? sizeof(float) : sizeof(double); }

// Fails unless it may be memory for values of the dtype. what: "the outputs", ...
inline netlet_status check_memory(const char* name, const char* what, const void* memory, int dtype,
                                  netlet_error* error) {
  if (memory && !((uintptr_t)memory & (size_of(dtype) - 1))) return NETLET_OK;
  if (!memory) return invalid(error, "%s: expected memory for %s, got NULL", name, what);
  return invalid(error, "%s: expected memory aligned to %zu bytes", name, size_of(dtype));
}

}  // namespace netlet::core
