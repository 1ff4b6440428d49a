// SPDX-License-Identifier: BSD-3-Clause
// Each file has a row of inputs, and the bits of the network's output for it.
#include "file/format.hpp"

#include "file/sha256.hpp"
#include "network/entry.hpp"
#include "network/random.hpp"

namespace netlet::core {
namespace {

netlet_status run(const netlet_network& net, const Buffer<unsigned char>& input, Buffer<unsigned char>& output,
                  netlet_error* error) {
  const netlet_array row = netlet_rows(input.data(), NETLET_FLOAT64, 1, net.inputs());
  NETLET_TRY(forward(net, row, output.data(), error));
  with_dtype(net.dtype, [&](auto zero) {  // which NaN results from an operation depends on the processor
    using T = decltype(zero);
    T* const y = reinterpret_cast<T*>(output.data());
    for (size_t j = 0; j < net.outputs(); ++j)
      if (y[j] != y[j]) y[j] = (T)__builtin_nan("");
  });
  return NETLET_OK;
}

}  // namespace

netlet_status make_self_test(const netlet_network& net, Buffer<unsigned char>& input, Buffer<unsigned char>& output,
                             netlet_error* error) {
  double* const row = reinterpret_cast<double*>(input.data());
  Random random(0, kSelfTest, 0);
  for (size_t i = 0; i < net.inputs(); ++i) {  // from [-1, 1), on the scale of the network's inputs
    row[i] = 2 * unit_uniform(random(i)) - 1;
    if (net.input_scaling) row[i] = row[i] * net.input_scaling.scale()[i] + net.input_scaling.shift()[i];
  }
  return run(net, input, output, error);
}

netlet_status run_self_test(const netlet_network& net, const Buffer<unsigned char>& input,
                            Buffer<unsigned char>& output, netlet_error* error) {
  char expected[65], found[65];  // hashes, as there is memory for only one of the outputs
  hash(output.data(), output.size(), expected);
  NETLET_TRY(run(net, input, output, error));
  hash(output.data(), output.size(), found);
  NETLET_TRY(check_stop(error));
  if (strcmp(expected, found) == 0) return NETLET_OK;
  return fail(error, NETLET_ERROR_FORMAT,
              "the self-test failed: the network's output for its input is not the one in the file");
}

}  // namespace netlet::core
