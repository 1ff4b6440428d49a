/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the networks of FANN that tests/test_formats.py reads, and what FANN gives for one row: with FANN 2.2,
 * cc fann.c -lfann -lm && ./a.out */
#include <fann.h>
#include <stdio.h>

static void save(struct fann* net, const char* name) {
  char path[64];
  fann_type x[2] = {0.25f, -0.5f};
  sprintf(path, "fann_%s.net", name);
  fann_save(net, path);
  sprintf(path, "fann_%s.txt", name);
  FILE* const file = fopen(path, "w");
  const fann_type* const y = fann_run(net, x);
  for (unsigned j = 0; j < fann_get_num_output(net); ++j) fprintf(file, "%.9g\n", y[j]);
  fclose(file);
  fann_destroy(net);
}

static struct fann* with(enum fann_activationfunc_enum hidden, enum fann_activationfunc_enum output, float steepness) {
  struct fann* const net = fann_create_standard(3, 2, 4, 2);
  fann_randomize_weights(net, -2, 2);
  fann_set_activation_function_hidden(net, hidden);
  fann_set_activation_function_output(net, output);
  fann_set_activation_steepness_hidden(net, steepness);
  fann_set_activation_steepness_output(net, steepness);
  return net;
}

int main(void) {
  srand(1);
  save(with(FANN_SIGMOID, FANN_SIGMOID, 0.5f), "sigmoid");
  save(with(FANN_SIGMOID_SYMMETRIC, FANN_SIGMOID_SYMMETRIC, 0.5f), "symmetric");
  save(with(FANN_SIGMOID_SYMMETRIC, FANN_LINEAR, 0.75f), "linear");
  save(with(FANN_SIGMOID, FANN_SIGMOID_SYMMETRIC, 0.3f), "steep");
  save(with(FANN_SIGMOID_STEPWISE, FANN_LINEAR, 0.5f), "stepwise");
  save(with(FANN_GAUSSIAN, FANN_LINEAR, 0.5f), "gaussian");
  struct fann* const deep = fann_create_standard(5, 2, 5, 4, 3, 1);
  fann_randomize_weights(deep, -1, 1);
  fann_set_activation_function_hidden(deep, FANN_SIGMOID_SYMMETRIC);
  fann_set_activation_function_output(deep, FANN_SIGMOID);
  save(deep, "deep");
  save(fann_create_shortcut(3, 2, 3, 1), "shortcut");
  save(fann_create_sparse(0.5f, 3, 2, 6, 1), "sparse");
  return 0;
}
