/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the networks of FANN that tests/formats/test_fann.py reads, and what FANN gives for one row: with FANN 2.2,
 * cc fann.c -lfann -lm && ./a.out */
#include <fann.h>
#include <stdio.h>

static void save(struct fann* net, const char* name) {
  char path[64];
  fann_type x[2] = {0.25f, -0.5f};
  sprintf(path, "fann_%s.net", name);
  fann_save(net, path);
  const int scaled = net->scale_mean_in != NULL;
  fann_destroy(net);
  net = fann_create_from_file(path); /* scaling is written with six digits */
  sprintf(path, "fann_%s.txt", name);
  FILE* const file = fopen(path, "w");
  if (scaled) fann_scale_input(net, x);
  fann_type* const y = fann_run(net, x);
  if (scaled) fann_descale_output(net, y);
  for (unsigned j = 0; j < fann_get_num_output(net); ++j) fprintf(file, "%.9g\n", y[j]);
  fclose(file);
  fann_destroy(net);
}

/* Draws weights that are the same each time: FANN seeds the generator from the clock when it makes a network. */
static struct fann* drawn(struct fann* net, float most) {
  srand(1);
  fann_randomize_weights(net, -most, most);
  return net;
}

static struct fann* with(enum fann_activationfunc_enum hidden, enum fann_activationfunc_enum output, float steepness) {
  struct fann* const net = drawn(fann_create_standard(3, 2, 4, 2), 2);
  fann_set_activation_function_hidden(net, hidden);
  fann_set_activation_function_output(net, output);
  fann_set_activation_steepness_hidden(net, steepness);
  fann_set_activation_steepness_output(net, steepness);
  return net;
}

/* Learns the scaling of rows whose second input and, if constant, first output are the same in all of them. */
static struct fann* scaled(float least, float most, int constant) {
  struct fann* const net = with(FANN_SIGMOID_SYMMETRIC, FANN_LINEAR, 0.5f);
  struct fann_train_data* const data = fann_create_train(4, 2, 2);
  for (int i = 0; i < 4; ++i) {
    data->input[i][0] = 3.0f * (float)i - 2.0f;
    data->input[i][1] = constant ? 7.0f : (float)(i * i);
    data->output[i][0] = constant ? -2.0f : 100.0f * (float)i;
    data->output[i][1] = 0.5f - (float)(i % 2);
  }
  fann_set_scaling_params(net, data, least, most, least, most);
  fann_destroy_train(data);
  return net;
}

/* A network with shortcut connections of which those that skip a layer, from inputs 0 and 1 or unit 3, are 0. */
static struct fann* layered(void) {
  struct fann* const net = drawn(fann_create_shortcut(4, 2, 3, 2, 1), 2);
  fann_set_activation_function_hidden(net, FANN_SIGMOID_SYMMETRIC);
  fann_set_activation_function_output(net, FANN_LINEAR);
  for (unsigned unit = 6; unit < 9; ++unit) {
    for (unsigned from = 0; from < (unit < 8 ? 3u : 6u); ++from)
      if (from != 2) fann_set_weight(net, from, unit, 0);
  }
  return net;
}

int main(void) {
  save(with(FANN_SIGMOID, FANN_SIGMOID, 0.5f), "sigmoid");
  save(with(FANN_SIGMOID_SYMMETRIC, FANN_SIGMOID_SYMMETRIC, 0.5f), "symmetric");
  save(with(FANN_SIGMOID_SYMMETRIC, FANN_LINEAR, 0.75f), "linear");
  save(with(FANN_SIGMOID, FANN_SIGMOID_SYMMETRIC, 0.3f), "steep");
  save(with(FANN_SIGMOID_STEPWISE, FANN_LINEAR, 0.5f), "stepwise");
  save(with(FANN_GAUSSIAN, FANN_LINEAR, 0.5f), "gaussian");
  save(with(FANN_LINEAR_PIECE, FANN_LINEAR_PIECE_SYMMETRIC, 0.75f), "piece");
  struct fann* const deep = drawn(fann_create_standard(5, 2, 5, 4, 3, 1), 1);
  fann_set_activation_function_hidden(deep, FANN_SIGMOID_SYMMETRIC);
  fann_set_activation_function_output(deep, FANN_SIGMOID);
  save(deep, "deep");
  save(drawn(fann_create_shortcut(3, 2, 3, 1), 1), "shortcut");
  save(drawn(fann_create_sparse(0.5f, 3, 2, 6, 1), 1), "sparse");
  save(scaled(-1, 1, 0), "scaled");
  save(scaled(0.1f, 0.9f, 1), "constant"); /* FANN of 2024: it leaves such columns as they are; 2.2.0 divides by 0 */
  save(scaled(1, -0.5f, 0), "reversed");
  save(layered(), "layered");
  struct fann* const fixed = with(FANN_SIGMOID_STEPWISE, FANN_SIGMOID_STEPWISE, 0.5f);
  fann_save_to_fixed(fixed, "fann_fixed.net");
  fann_destroy(fixed);
  return 0;
}
