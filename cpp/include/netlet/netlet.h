/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlet: small fully connected networks, with the same bits everywhere.
 *
 * This header is the linked interface and its manual. C++ programs may prefer netlet.hpp, a class over it.
 *
 *   Errors    A function that can fail returns a netlet_status and, if `error` is not NULL, writes a sentence there.
 *             After a failure every network, optimizer and output buffer is as it was, unless said otherwise.
 *   Memory    What netlet_..._create gave, the matching netlet_..._free takes back. Arrays are only borrowed for the
 *             length of a call.
 *   Threads   Any number of threads may read one network at once (forward, loss, backward, fingerprint, copies). What
 *             changes it (step, fit, initialize) gets NETLET_ERROR_BUSY beside any other call, and any other call
 *             beside it. One optimizer belongs to one call at a time. Inside, work is shared by the threads of netlet_set_num_threads;
 *             their number never changes a result.
 *   Numbers   Results depend on data, settings and seed alone; python/netlet/reference is the specification. The
 *             caller's rounding mode and flush-to-zero setting are put aside during a call and are back after it.
 */
#ifndef NETLET_H
#define NETLET_H

#include <stddef.h>
#include <stdint.h>

#include "version.h"

#if defined(NETLET_SHARED) && defined(_WIN32)
#if defined(NETLET_BUILDING)
#define NETLET_API __declspec(dllexport)
#else
#define NETLET_API __declspec(dllimport)
#endif
#elif defined(NETLET_SHARED) && defined(__GNUC__)
#define NETLET_API __attribute__((visibility("default")))
#else
#define NETLET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- names and numbers -------------------------------------------------------------------------------------- */

typedef enum netlet_status {
  NETLET_OK = 0,
  NETLET_ERROR_ARGUMENT = 1,     /* a wrong value, shape or name */
  NETLET_ERROR_MEMORY = 2,       /* out of memory, or sizes that overflow */
  NETLET_ERROR_BUSY = 3,         /* another call is using the network */
  NETLET_ERROR_DIVERGED = 4,     /* a loss or parameter stopped being finite; the last good epoch's parameters stay */
  NETLET_ERROR_INTERRUPTED = 5,  /* poll asked to stop: the steps done so far stay */
  NETLET_ERROR_CALLBACK = 6,     /* a callback failed: the epochs done so far stay */
  NETLET_ERROR_UNSUPPORTED = 7   /* an instruction set that this machine or this build does not have */
} netlet_status;

typedef struct netlet_error {
  char message[256]; /* zero-terminated; names the argument, what was expected and what came */
} netlet_error;

typedef enum netlet_dtype {
  NETLET_FLOAT32 = 0,
  NETLET_FLOAT64 = 1,
  NETLET_INT8 = 2,
  NETLET_INT16 = 3,
  NETLET_INT32 = 4,
  NETLET_INT64 = 5,
  NETLET_UINT8 = 6,
  NETLET_UINT16 = 7,
  NETLET_UINT32 = 8,
  NETLET_UINT64 = 9
} netlet_dtype;

typedef enum netlet_activation {
  NETLET_IDENTITY = 0,
  NETLET_SIGMOID = 1, /* 1 / (1 + exp(-z)) */
  NETLET_TANH = 2,
  NETLET_RELU = 3,   /* z < 0 ? 0 : z */
  NETLET_SOFTMAX = 4 /* output layer only */
} netlet_activation;

typedef enum netlet_loss_kind {
  NETLET_SQUARED_ERROR = 0,        /* 1/2 sum (y - t)^2 */
  NETLET_BINARY_CROSS_ENTROPY = 1, /* -sum t log y + (1 - t) log(1 - y); sigmoid output, targets in [0, 1] */
  NETLET_CROSS_ENTROPY = 2         /* -sum t log y; softmax output, targets are classes or probabilities */
} netlet_loss_kind;

typedef enum netlet_reduction {
  NETLET_SUM = 0, /* over the rows of a batch */
  NETLET_MEAN = 1 /* the sum divided by the number of rows */
} netlet_reduction;

typedef enum netlet_init_kind {
  NETLET_GLOROT_UNIFORM = 0, /* weights uniform in +-sqrt(6 / (inputs + outputs)), biases 0 (Glorot and Bengio 2010) */
  NETLET_HE_UNIFORM = 1      /* weights uniform in +-sqrt(6 / inputs), biases 0 (He et al. 2015) */
} netlet_init_kind;

typedef enum netlet_function {
  NETLET_FUNCTION_EXP = 0,
  NETLET_FUNCTION_LOG = 1,
  NETLET_FUNCTION_SIGMOID = 2,
  NETLET_FUNCTION_TANH = 3,
  NETLET_FUNCTION_SOFTPLUS = 4
} netlet_function;

/* The public names ("sigmoid", "squared_error", "float64", ...); NULL for a number that is none. */
NETLET_API const char *netlet_activation_name(int activation);
NETLET_API const char *netlet_loss_name(int loss);
NETLET_API const char *netlet_reduction_name(int reduction);
NETLET_API const char *netlet_init_name(int init);
NETLET_API const char *netlet_dtype_name(int dtype);

/* ---- the library ------------------------------------------------------------------------------------------- */

NETLET_API const char *netlet_version(void);  /* "0.1.0" */
NETLET_API int netlet_numerics_version(void); /* goes up with every change of bits */
NETLET_API const char *netlet_build(void);    /* the compiler that built the core */

/* Fails if NETLET_ISA or NETLET_NUM_THREADS in the environment cannot be followed; so does then every function that
 * creates a network or computes. */
NETLET_API netlet_status netlet_check_environment(netlet_error *error);

/* The instruction set in use: "baseline", "avx2", "avx512" or "neon"; the best one that the machine has, or what the
 * environment variable NETLET_ISA names; NULL if that is not to be had. Chosen once, on first use. */
NETLET_API const char *netlet_isa(void);
/* The i-th instruction set that this machine can run, best first; NULL from the last on. */
NETLET_API const char *netlet_available_isa(size_t i);
/* Switches the instruction set of the whole process, to compare or to measure; not while another call runs. */
NETLET_API netlet_status netlet_set_isa(const char *name, netlet_error *error);

/* The number of threads that share the work of one call, the caller's included. At first the environment variable
 * NETLET_NUM_THREADS, or else the CPUs in the process's affinity mask. */
NETLET_API size_t netlet_get_num_threads(void);
NETLET_API netlet_status netlet_set_num_threads(size_t count, netlet_error *error); /* 1 to 1024 */

/* ---- arrays ------------------------------------------------------------------------------------------------ */

/* Borrowed rows of numbers. Strides are in bytes, may be zero or negative, and need no alignment. Another dtype than
 * the network's is converted while it is read, a few rows at a time. */
typedef struct netlet_array {
  const void *data;
  int32_t dtype; /* netlet_dtype */
  size_t rows, columns;
  ptrdiff_t row_stride, column_stride;
} netlet_array;

/* ---- networks ---------------------------------------------------------------------------------------------- */

typedef struct netlet_network netlet_network;

typedef struct netlet_config {
  const size_t *layer_sizes; /* inputs, hidden layers, outputs: at least two, none 0 */
  size_t layer_size_count;
  const int32_t *activations; /* netlet_activation, layer_size_count - 1 of them */
  int32_t loss;               /* netlet_loss_kind */
  int32_t reduction;          /* netlet_reduction */
  int32_t dtype;              /* NETLET_FLOAT32 or NETLET_FLOAT64 */
} netlet_config;

/* A network whose parameters are all 0. */
NETLET_API netlet_status netlet_network_create(const netlet_config *config, netlet_network **network,
                                               netlet_error *error);
NETLET_API void netlet_network_free(netlet_network *network); /* NULL is allowed */

NETLET_API size_t netlet_layer_size_count(const netlet_network *network);
NETLET_API size_t netlet_layer_size(const netlet_network *network, size_t i);
NETLET_API int netlet_layer_activation(const netlet_network *network, size_t layer);
NETLET_API int netlet_network_loss(const netlet_network *network);
NETLET_API int netlet_network_reduction(const netlet_network *network);
NETLET_API int netlet_network_dtype(const netlet_network *network);

/* One contiguous buffer of the network's dtype: W1, b1, W2, b2, ...; a weight is (inputs, outputs), row-major. It never
 * moves while the network lives. Writing to it while a call uses the network is a data race. */
NETLET_API void *netlet_parameters(netlet_network *network);
NETLET_API size_t netlet_parameter_count(const netlet_network *network);

/* Copies the parameters, whole: refused while another call changes them. */
NETLET_API netlet_status netlet_copy_parameters(const netlet_network *network, void *out, netlet_error *error);

/* Sets the parameters to uniform values drawn from the seed; epochs_trained becomes 0. */
NETLET_API netlet_status netlet_initialize(netlet_network *network, int32_t init, uint64_t seed, netlet_error *error);

NETLET_API uint64_t netlet_epochs_trained(const netlet_network *network);
NETLET_API void netlet_set_epochs_trained(netlet_network *network, uint64_t epochs);

/* SHA-256 in hexadecimal over architecture and parameters, to compare two machines. The bytes: the ASCII lines
 * "netlet 1", dtype, layer sizes, activations (each joined by blanks), loss, reduction, every line ended by \n; then
 * the parameters, little-endian, each NaN as the positive quiet NaN without payload. */
NETLET_API netlet_status netlet_fingerprint(const netlet_network *network, char hex[65], netlet_error *error);

/* ---- forward and backward ---------------------------------------------------------------------------------- */

/* out: x->rows x outputs values of the network's dtype, contiguous; it may not overlap x or the parameters. A single
 * row allocates nothing if no layer has more than 1024 outputs and x needs no conversion. x of 0 rows is allowed. */
NETLET_API netlet_status netlet_forward(const netlet_network *network, const netlet_array *x, void *out,
                                        netlet_error *error);

/* Targets y: one row for each row of x. With cross_entropy, one column of an integer dtype holds class indices. */
NETLET_API netlet_status netlet_loss(const netlet_network *network, const netlet_array *x, const netlet_array *y,
                                     double *loss, netlet_error *error);

/* gradient: netlet_parameter_count values of the network's dtype, in the layout of the parameters. */
NETLET_API netlet_status netlet_backward(const netlet_network *network, const netlet_array *x, const netlet_array *y,
                                         double *loss, void *gradient, netlet_error *error);

/* ---- training ---------------------------------------------------------------------------------------------- */

typedef enum netlet_optimizer_kind { NETLET_SGD = 0, NETLET_ADAM = 1 } netlet_optimizer_kind;

typedef struct netlet_optimizer_config {
  int32_t kind;         /* netlet_optimizer_kind */
  int32_t nesterov;     /* sgd: 0 or 1 */
  double learning_rate; /* > 0 */
  double momentum;      /* sgd: 0 <= momentum < 1 */
  double beta_1, beta_2; /* adam: 0 <= beta < 1 */
  double epsilon;        /* adam: > 0 */
} netlet_optimizer_config;

/* How an optimizer goes on after a restart. The powers of beta are kept as running products. */
typedef struct netlet_optimizer_progress {
  uint64_t steps;
  double beta_1_power, beta_2_power;
} netlet_optimizer_progress;

/* An optimizer keeps state of the size and dtype of the first network that it is used with, and then only takes
 * networks of that size and dtype. sgd with momentum has 1 slot (velocity), without it 0; adam has 2 (first and
 * second moment). */
typedef struct netlet_optimizer netlet_optimizer;

NETLET_API netlet_status netlet_optimizer_create(const netlet_optimizer_config *config, netlet_optimizer **optimizer,
                                                 netlet_error *error);
NETLET_API void netlet_optimizer_free(netlet_optimizer *optimizer); /* NULL is allowed */
NETLET_API netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer *optimizer);
/* For the steps from now on; between steps, or from on_epochs. */
NETLET_API netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer *optimizer, double learning_rate,
                                                            netlet_error *error);
NETLET_API size_t netlet_optimizer_slot_count(const netlet_optimizer *optimizer);
/* The size and dtype that the optimizer is bound to; size 0 before its first use. */
NETLET_API size_t netlet_optimizer_size(const netlet_optimizer *optimizer);
NETLET_API int netlet_optimizer_dtype(const netlet_optimizer *optimizer);
/* Allocates the slots, filled with 0, as the first use would; for restoring saved state. */
NETLET_API netlet_status netlet_optimizer_bind(netlet_optimizer *optimizer, size_t size, int32_t dtype,
                                               netlet_error *error);
/* NULL if there is no such slot, or while a call uses the optimizer. */
NETLET_API void *netlet_optimizer_slot(netlet_optimizer *optimizer, size_t slot);
/* Copies all slots, one after the other, and the progress, whole: refused while a call uses the optimizer. */
NETLET_API netlet_status netlet_optimizer_copy_state(const netlet_optimizer *optimizer, void *slots,
                                                     netlet_optimizer_progress *progress, netlet_error *error);
NETLET_API netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer *optimizer);
NETLET_API void netlet_optimizer_set_progress(netlet_optimizer *optimizer, netlet_optimizer_progress progress);

/* One step on one batch; loss is that before the update. NaN or infinity in x or y, or a loss that is not finite,
 * is an error and changes nothing. The parameters are not looked at after the update; fit does that. */
NETLET_API netlet_status netlet_step(netlet_network *network, const netlet_array *x, const netlet_array *y,
                                     netlet_optimizer *optimizer, double *loss, netlet_error *error);

/* What an epoch gave; losses are those of its batches before their updates. */
typedef struct netlet_epoch {
  uint64_t epoch;  /* epochs that the network had seen before this one */
  double loss;     /* reduction sum: of all rows; mean: over all rows */
  double seconds;  /* wall time; of epochs reported together, their mean */
  double accuracy; /* share of rows whose class is right; NaN for squared_error */
} netlet_epoch;

typedef struct netlet_fit_options {
  size_t epochs;
  size_t batch_size; /* 0, or at least the number of rows: one batch of all rows, never shuffled */
  int32_t shuffle;   /* 0 or 1: a new order each epoch, drawn from (seed, epoch) alone */
  uint64_t seed;
  /* Called after each epoch, may be NULL: 0 goes on, a positive number ends training, a negative one ends it with
   * NETLET_ERROR_CALLBACK. It may call forward, loss and backward on the network and write to its parameters. */
  int (*on_epochs)(void *context, const netlet_epoch *epochs, size_t count);
  /* 0: on_epochs gets one epoch at a time. 1: epochs of a few microseconds come up to 64 at a time, so that reporting
   * does not take longer than training; on_epochs may then not use the network. */
  int32_t report_together;
  /* Called about every 20 ms between steps, may be NULL: not 0 ends training with NETLET_ERROR_INTERRUPTED. */
  int (*poll)(void *context);
  void *context;
} netlet_fit_options;

/* Trains from first to last epoch. x and y must not change meanwhile. All of x and y is checked for NaN and infinity,
 * and y against the loss, before the first step. */
NETLET_API netlet_status netlet_fit(netlet_network *network, const netlet_array *x, const netlet_array *y,
                                    netlet_optimizer *optimizer, const netlet_fit_options *options,
                                    netlet_error *error);

/* ---- functions ---------------------------------------------------------------------------------------------- */

/* y = function(x) for `count` contiguous values of dtype float32 or float64; y == x is allowed. */
NETLET_API netlet_status netlet_map(int32_t function, int32_t dtype, size_t count, const void *x, void *y,
                                    netlet_error *error);

#ifdef __cplusplus
}
#endif
#endif
