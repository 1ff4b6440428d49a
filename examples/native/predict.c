/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads a network saved from any language, and prints its predictions for each line of numbers:
 *
 *   predict NETWORK < rows.txt
 */
#include <inttypes.h>
#include <netlet/netlet.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char* what, const netlet_error* error) {
  fprintf(stderr, "%s: %s\n", what, error->message);
  return 1;
}

static void print(const void* values, size_t count, int dtype) {
  for (size_t j = 0; j < count; ++j) {
    if (dtype == NETLET_INT64) /* classes */
      printf("%" PRId64, ((const int64_t*)values)[j]);
    else
      printf("%.17g", dtype == NETLET_FLOAT32 ? ((const float*)values)[j] : ((const double*)values)[j]);
    putchar(j + 1 < count ? ' ' : '\n');
  }
}

int main(int count, char** arguments) {
  netlet_error error;
  netlet_network* network;
  char fingerprint[65];
  if (count != 2) {
    fprintf(stderr, "usage: predict NETWORK < ROWS\n");
    return 2;
  }
  if (netlet_load(arguments[1], &network, NULL, &error) != NETLET_OK) return failed(arguments[1], &error);
  if (netlet_fingerprint(network, fingerprint, &error) != NETLET_OK) return failed("fingerprint", &error);
  printf("fingerprint %s\n", fingerprint);

  const size_t inputs = netlet_inputs(network), outputs = netlet_prediction_count(network);
  double* const row = malloc(inputs * sizeof *row);
  void* const out = malloc(outputs * sizeof(double));
  int status = row && out ? 0 : 1;
  /* binary64 whatever the network's dtype: it converts its input */
  const netlet_array x = netlet_rows(row, NETLET_FLOAT64, 1, inputs);
  size_t line = 1;
  for (int c = 0; status == 0 && c != EOF; ++line) {
    size_t have = 0;
    double number;
    /* reads numbers up to the end of the line */
    for (;;) {
      while ((c = getchar()) == ' ' || c == '\t' || c == '\r') {}
      if (c == '\n' || c == EOF) break;
      ungetc(c, stdin);
      if (scanf("%lf", &number) != 1) break;
      if (have < inputs) row[have] = number;
      ++have;
    }
    if (have == 0 && (c == '\n' || c == EOF)) continue; /* an empty line */
    if (have != inputs || (c != '\n' && c != EOF)) {
      fprintf(stderr, "line %zu: expected %zu numbers, got %zu%s\n", line, inputs, have,
              c == '\n' || c == EOF ? "" : " and something else");
      status = 1;
    } else if (netlet_predict(network, &x, out, &error) != NETLET_OK) {
      status = failed("predict", &error);
    } else {
      print(out, outputs, netlet_prediction_dtype(network));
    }
  }
  free(out);
  free(row);
  netlet_network_free(network);
  return status;
}
