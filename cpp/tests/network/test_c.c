/* SPDX-License-Identifier: BSD-3-Clause */
/* A C program: the header is C, and the library needs no C++ run time. */
#include <netlet/netlet.h>
#include <stdio.h>
#include <string.h>

static int stop_after_three(void* context, const netlet_epoch* epochs, size_t count) {
  *(double*)context = epochs[0].loss;
  return count == 1 && epochs[0].epoch == 2;
}

#define EXPECT(condition)                                           \
  if (!(condition)) {                                               \
    fprintf(stderr, "line %d: failed: %s\n", __LINE__, #condition); \
    return 1;                                                       \
  }

int main(void) {
  const size_t sizes[] = {2, 3, 1};
  const int32_t activations[] = {NETLET_SIGMOID, NETLET_SIGMOID};
  netlet_config config = {.layer_sizes = sizes,
                          .layer_size_count = 3,
                          .activations = activations,
                          .loss = NETLET_SQUARED_ERROR,
                          .reduction = NETLET_SUM,
                          .dtype = NETLET_FLOAT64};
  const double x[] = {0, 0, 0, 1, 1, 0, 1, 1}, y[] = {0, 1, 1, 0};
  const netlet_array rows = netlet_rows(x, NETLET_FLOAT64, 4, 2);
  const netlet_array outputs = netlet_rows(y, NETLET_FLOAT64, 4, 1);
  const netlet_targets targets = {.y = &outputs};
  const netlet_optimizer_config sgd = netlet_optimizer_defaults(NETLET_SGD);
  netlet_network* network;
  netlet_optimizer* optimizer;
  netlet_error error;
  double out[4], loss = -1;
  netlet_evaluation before;
  char hex[65];

  EXPECT(netlet_network_create(&config, &network, &error) == NETLET_OK);
  EXPECT(netlet_parameter_count(network) == 13);
  EXPECT(netlet_inputs(network) == 2 && netlet_outputs(network) == 1);
  EXPECT(rows.row_stride == 2 * sizeof(double) && rows.column_stride == sizeof(double));
  EXPECT(netlet_rows(x, NETLET_UINT16, 4, 3).row_stride == 6 && netlet_rows(x, NETLET_FLOAT32, 4, 3).row_stride == 12);
  EXPECT(netlet_initialize(network, NETLET_GLOROT_UNIFORM, 0, &error) == NETLET_OK);
  EXPECT(netlet_forward(network, &rows, out, &error) == NETLET_OK);
  EXPECT(out[0] > 0 && out[0] < 1);
  {
    double predicted[4];
    EXPECT(netlet_prediction_count(network) == 1 && netlet_prediction_dtype(network) == NETLET_FLOAT64);
    EXPECT(netlet_predict(network, &rows, predicted, &error) == NETLET_OK);
    EXPECT(memcmp(predicted, out, sizeof out) == 0);
    EXPECT(netlet_predict(network, &rows, NULL, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(strcmp(error.message, "out: expected memory for the predictions, got NULL") == 0);
  }
  EXPECT(netlet_evaluate(network, &rows, &targets, &before, sizeof before, &error) == NETLET_OK);

  EXPECT(netlet_optimizer_create(&sgd, &optimizer, &error) == NETLET_OK);
  {
    const netlet_fit_options options = {.epochs = 10, .on_epochs = stop_after_three, .context = &loss};
    EXPECT(netlet_fit(network, &rows, &targets, optimizer, &options, &error) == NETLET_OK);
  }
  EXPECT(netlet_epochs_trained(network) == 3);
  EXPECT(loss < before.loss);
  EXPECT(netlet_fingerprint(network, hex, &error) == NETLET_OK && strlen(hex) == 64);

  {
    netlet_fit_options options = netlet_fit_defaults(network);
    netlet_network* none = NULL;
    options.standardize = 4;
    EXPECT(netlet_fit(network, &rows, &targets, optimizer, &options, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(strcmp(error.message, "standardize: expected 0 to 3, got 4") == 0);
    options = netlet_fit_defaults(network);
    options.shuffle = 5;
    EXPECT(netlet_fit(network, &rows, &targets, optimizer, &options, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(strcmp(error.message, "shuffle: expected 0 or 1, got 5") == 0);
    options = netlet_fit_defaults(network);
    options.epochs = 0;
    EXPECT(netlet_fit(network, &rows, &targets, optimizer, &options, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(strcmp(error.message, "epochs: expected 1 or more, got 0") == 0);
    options = netlet_fit_defaults(network);
    options.validation_targets = &targets;
    EXPECT(netlet_fit(network, &rows, &targets, optimizer, &options, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(strstr(error.message, "validation_data: x: expected an array, got NULL") != NULL);
    EXPECT(netlet_from_bytes(NULL, 10, &none, NULL, &error) == NETLET_ERROR_ARGUMENT && none == NULL);
    EXPECT(netlet_replace_file("nowhere", NULL, 10, &error) == NETLET_ERROR_ARGUMENT);
    EXPECT(netlet_epochs_trained(network) == 3);
  }

  config.dtype = NETLET_INT8;
  {
    netlet_network* none = NULL;
    EXPECT(netlet_network_create(&config, &none, &error) == NETLET_ERROR_ARGUMENT && none == NULL);
    EXPECT(strstr(error.message, "dtype") != NULL);
    EXPECT(netlet_network_create(&config, &none, NULL) == NETLET_ERROR_ARGUMENT);
  }
  EXPECT(netlet_set_isa("abacus", &error) == NETLET_ERROR_UNSUPPORTED && strstr(error.message, "abacus"));
  EXPECT(strcmp(netlet_activation_name(NETLET_TANH), "tanh") == 0 && netlet_activation_name(99) == NULL);
  netlet_optimizer_free(optimizer);
  netlet_network_free(network);
  netlet_network_free(NULL);
  printf("1 passed, 0 failed\n");
  return 0;
}
