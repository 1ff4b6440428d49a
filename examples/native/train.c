/* SPDX-License-Identifier: BSD-3-Clause */
/* Trains XOR in C, saves the network and prints its fingerprint, the same as that of examples/xor.py:
 *
 *   train NETWORK
 */
#include <netlet/netlet.h>
#include <stdio.h>

enum { ROWS = 4, EPOCHS = 10000 };

/* Called from time to time with the epochs since the last call; a nonzero return value would stop training. */
static int report(void* context, const netlet_epoch* epochs, size_t count) {
  double* const loss = context; /* the first and the last */
  if (epochs[0].epoch == 0) loss[0] = epochs[0].loss;
  loss[1] = epochs[count - 1].loss;
  return 0;
}

static netlet_status train(netlet_network* network, netlet_optimizer* optimizer, double* loss, netlet_error* error) {
  const double inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, outputs[] = {0, 1, 1, 0};
  const netlet_array x = netlet_rows(inputs, NETLET_FLOAT64, ROWS, 2);
  const netlet_array y = netlet_rows(outputs, NETLET_FLOAT64, ROWS, 1);
  const netlet_targets targets = {.y = &y};
  netlet_fit_options options = netlet_fit_defaults(network);
  options.epochs = EPOCHS;
  options.on_epochs = report;
  options.report_together = 1;
  options.context = loss;
  return netlet_fit(network, &x, &targets, optimizer, &options, error);
}

int main(int count, char** arguments) {
  const size_t layer_sizes[] = {2, 3, 1};
  const int32_t activations[] = {NETLET_SIGMOID, NETLET_SIGMOID};
  const netlet_config config = {.layer_sizes = layer_sizes,
                                .layer_size_count = 3,
                                .activations = activations,
                                .loss = NETLET_SQUARED_ERROR,
                                .reduction = NETLET_SUM,
                                .dtype = NETLET_FLOAT64};
  netlet_optimizer_config descent = netlet_optimizer_defaults(NETLET_SGD);
  netlet_network* network = NULL;
  netlet_optimizer* optimizer = NULL;
  netlet_error error;
  double loss[2];
  char fingerprint[65];
  if (count != 2) {
    fprintf(stderr, "usage: train NETWORK\n");
    return 2;
  }
  descent.learning_rate = 0.1;
  netlet_status status = netlet_network_create(&config, &network, &error);
  if (status == NETLET_OK) status = netlet_initialize(network, NETLET_GLOROT_UNIFORM, 0, &error);
  if (status == NETLET_OK) status = netlet_optimizer_create(&descent, &optimizer, &error);
  if (status == NETLET_OK) status = train(network, optimizer, loss, &error);
  if (status == NETLET_OK) status = netlet_save(network, optimizer, arguments[1], &error);
  if (status == NETLET_OK) status = netlet_fingerprint(network, fingerprint, &error);
  if (status == NETLET_OK)
    printf("loss %.6f, first %.6f\nfingerprint %s\n", loss[1], loss[0], fingerprint);
  else
    fprintf(stderr, "train: %s\n", error.message);
  netlet_optimizer_free(optimizer);
  netlet_network_free(network);
  return status == NETLET_OK ? 0 : 1;
}
