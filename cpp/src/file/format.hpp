// SPDX-License-Identifier: BSD-3-Clause
// netlet's file: a safetensors file (https://github.com/huggingface/safetensors) of one exact form, described in
// docs/files.md. Eight bytes for the length of the header, the header in JSON, the tensors one after the other.
//
// A Description has everything that the header says, and determines which tensors follow. The writer makes the header
// from it; the reader gets it from the metadata, and the header must be, byte for byte, what the writer would write. So
// every size is checked against the file's before anything is allocated for it.
#pragma once

#include "file/text.hpp"
#include "network/network.hpp"
#include "network/optimizer.hpp"

namespace netlet::core {

constexpr size_t kMostHeader = 100000000;  // bytes, as for other readers of safetensors
constexpr uint64_t kFormat = 2;            // is written; 1 is read, too
constexpr size_t kHex = 64;                // digits of a checksum

// What a file says besides the tensors.
struct Description {
  char checksum[kHex + 1], version[33], fingerprint[kHex + 1];
  uint64_t format, numerics, seed, epochs_trained;
  int dtype, loss, reduction, scaling;  // scaling: the sum of netlet_scaling_kinds
  Buffer<char> notes[kNotes];
  Buffer<size_t> sizes;
  Buffer<int32_t> activations;
  bool has_optimizer;
  int optimizer, nesterov, bound;
  uint64_t slots, steps, plateau_epochs;

  // of a value of scalings and self_test.input, which format 1 had in the dtype
  size_t binary64_bytes() const { return format == 1 ? size_of(dtype) : sizeof(double); }
  size_t layers() const { return activations.size(); }
  size_t inputs() const { return sizes[0]; }
  size_t outputs() const { return sizes[sizes.size() - 1]; }
};

// A model, and what else is in its file. Without a network, its tensors have no data.
struct Model {
  netlet_network* net = nullptr;
  netlet_optimizer* optimizer = nullptr;
  netlet_optimizer_config config = {};
  netlet_optimizer_progress progress = {};
  Buffer<double> dropout, loss_parameters, input_scaling, output_scaling;  // scalings: shifts, then scales
  Buffer<unsigned char> test_input, test_output;                           // a row, and the network's output for it
};

struct Tensor {
  char name[48];
  bool is_float32;
  int dimensions;
  size_t shape[2];
  void* data;

  size_t bytes() const {
    size_t n = is_float32 ? 4 : 8;
    for (int i = 0; i < dimensions; ++i) n *= shape[i];
    return n;
  }
};

// Allocates what is read before the network exists, and the self-test.
netlet_status make_room(const Description& d, Model& model, netlet_error* error);

// The i-th tensor of the file; false after the last. binary64 comes first, so that all are aligned.
bool get_tensor(const Description& d, Model& model, size_t i, Tensor* tensor);

// The size of all tensors in bytes; false if it overflows.
bool data_size(const Description& d, size_t* bytes);

// Where the digits of the checksum are in the file; they count as zeros when it is computed.
size_t checksum_place();

// The self-test: draws inputs and computes outputs, into buffers of that size.
netlet_status make_self_test(const netlet_network& net, Buffer<unsigned char>& input, Buffer<unsigned char>& output,
                             netlet_error* error);
// Fails unless the network's outputs for the inputs are the same; overwrites them.
netlet_status run_self_test(const netlet_network& net, const Buffer<unsigned char>& input,
                            Buffer<unsigned char>& output, netlet_error* error);

void write_header(Description& d, Text& text);
// Reads the metadata; checks that the whole header is the one that is written for `d`.
netlet_status read_metadata(const Buffer<char>& header, Description& d, netlet_error* error);
netlet_status check_header(const Buffer<char>& header, Description& d, netlet_error* error);

}  // namespace netlet::core
