/* SPDX-License-Identifier: BSD-3-Clause */
/* round_trip FROM TO: loads a network and its optimizer, prints fingerprint and the bits of its outputs and predictions
 * for the inputs 0, 1/8, 2/8, ..., and saves them again. */
#include <netlet/netlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_bits(const unsigned char* bytes, size_t count, int dtype, char end) {
  for (size_t i = 0; i < count * (dtype == NETLET_FLOAT32 ? 4 : 8); ++i) printf("%02x", bytes[i]);
  putchar(end);
}

int main(int argc, char** argv) {
  netlet_network* network;
  netlet_optimizer* optimizer;
  netlet_error error;
  char hex[65];
  if (argc != 3 || netlet_load(argv[1], &network, &optimizer, &error) != NETLET_OK ||
      netlet_fingerprint(network, hex, &error) != NETLET_OK) {
    fprintf(stderr, "%s\n", argc == 3 ? error.message : "expected two files");
    return 1;
  }
  const size_t inputs = netlet_layer_size(network, 0);
  const size_t outputs = netlet_layer_size(network, netlet_layer_size_count(network) - 1);
  double* const x = malloc(inputs * sizeof *x);
  unsigned char* const y = malloc(outputs * sizeof(double));
  unsigned char* const predicted = malloc(outputs * sizeof(double));
  for (size_t i = 0; i < inputs; ++i) x[i] = (double)i / 8;
  const netlet_array row = {x, NETLET_FLOAT64, 1, inputs, (ptrdiff_t)(inputs * sizeof *x), sizeof *x};
  if (netlet_forward(network, &row, y, &error) != NETLET_OK ||
      netlet_predict(network, &row, predicted, &error) != NETLET_OK ||
      netlet_save(network, optimizer, argv[2], &error) != NETLET_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  printf("%s ", hex);
  print_bits(y, outputs, netlet_network_dtype(network), ' ');
  print_bits(predicted, netlet_prediction_count(network), netlet_prediction_dtype(network), '\n');
  free(x);
  free(y);
  free(predicted);
  netlet_optimizer_free(optimizer);
  netlet_network_free(network);
  return 0;
}
