/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the networks of genann that tests/formats/test_genann.py reads, and what genann gives for one row: in a clone of
 * genann, cc genann.c path/to/this.c -I. -lm && ./a.out */
#include <stdio.h>
#include <stdlib.h>

#include "genann.h"

static void save(genann* net, genann_actfun hidden, genann_actfun output, const char* name) {
  char path[64];
  const double x[2] = {0.25, -0.5};
  sprintf(path, "genann_%s.ann", name);
  FILE* file = fopen(path, "w");
  genann_write(net, file);
  fclose(file);
  sprintf(path, "genann_%s.txt", name);
  file = fopen(path, "w");
  if (hidden) net->activation_hidden = hidden;
  if (output) net->activation_output = output;
  const double* const y = genann_run(net, x);
  for (int j = 0; j < net->outputs; ++j) fprintf(file, "%.17g\n", y[j]);
  fclose(file);
  genann_free(net);
}

static genann* made(int depth, int hidden, int outputs) {
  genann* const net = genann_init(2, depth, hidden, outputs);
  for (int i = 0; i < net->total_weights; ++i) net->weight[i] *= 4;
  return net;
}

int main(void) {
  srand(1);
  save(made(2, 3, 2), NULL, NULL, "table");
  save(made(2, 3, 2), genann_act_sigmoid, genann_act_sigmoid, "sigmoid");
  save(made(1, 4, 1), genann_act_tanh, genann_act_linear, "tanh");
  save(made(0, 0, 1), NULL, genann_act_sigmoid, "shallow");
  return 0;
}
