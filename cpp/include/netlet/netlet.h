/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlet: small fully connected networks, with the same bits everywhere.
 *
 * This header is the C interface and its manual. C++ programs may prefer netlet.hpp, which wraps it in classes; Fortran
 * programs use netlet.f90.
 *
 *   Errors    A function that can fail returns a netlet_status and, if `error` is not NULL, writes a sentence there.
 *             After a failure every network, optimizer and output buffer is as it was before, unless stated otherwise;
 *             after NETLET_ERROR_INTERRUPTED a part of an output buffer may have been written.
 *   Pointers  Networks, optimizers and the places for results may not be NULL; this is not checked unless stated
 *             otherwise. Paths and arrays are checked. Memory for results, gradients, state, and what netlet_map reads must
 *             be aligned for values of its dtype, which is checked; netlet_array may have any alignment.
 *   Memory    What netlet_..._create, _copy or _load returns belongs to the caller, who frees it with netlet_..._free.
 *             Arrays and settings are only read during the call, and never kept.
 *   Threads   Any number of threads may read a network at once (forward, loss, derivatives, fingerprint, copy, save). A
 *             call that changes it (step, fit, initialize, ...) excludes all others: whichever comes second fails at
 *             once with NETLET_ERROR_BUSY. An optimizer serves one call at a time. Functions that return no status do
 *             not check this, but those that return or set numbers and settings are safe at any time (what they return
 *             while a call runs may be from different moments of it). Only netlet_..._free, netlet_set_isa, and those
 *             that return pointers to what may change (netlet_scaling_shift, netlet_scaling_scale, netlet_note) must not
 *             run while another call changes the object. A call shares its work among as many threads as
 *             netlet_set_num_threads says and netlet_limit_threads allows the calling thread; their number never changes
 *             a result. These threads never end: a plug-in that is to be unloaded (dlclose) must use one thread from the
 *             start, or be linked with -Wl,-z,nodelete, as the shared library is.
 *   Callbacks Functions of the caller's (poll, on_epochs, on_step, next_batch, a schedule's function) must return: they may not
 *             throw an exception, longjmp or end their thread. Whatever they leave that way stays busy for ever. In
 *             netlet.hpp they may throw.
 *   Numbers   Results depend only on the data, the settings and the seed; python/netlet/reference is the specification.
 *             The caller's rounding mode and flush-to-zero setting are set aside during a call and restored after it;
 *             the sticky flags of floating-point exceptions may be set afterwards.
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

/* Tells Clang's check of real-time code (-Wfunction-effects) that such code may call the function. */
#if defined(__clang__) && __clang_major__ >= 20 && defined(__cplusplus)
#define NETLET_NONBLOCKING __attribute__((nonblocking))
#else
#define NETLET_NONBLOCKING
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- names and numbers -------------------------------------------------------------------------------------- */

typedef enum netlet_status {
  NETLET_OK = 0,
  NETLET_ERROR_ARGUMENT = 1,    /* a value, shape or name that is not allowed */
  NETLET_ERROR_MEMORY = 2,      /* out of memory, or sizes that overflow */
  NETLET_ERROR_BUSY = 3,        /* another call is using the network or the optimizer */
  NETLET_ERROR_DIVERGED = 4,    /* a loss or a parameter is not finite; fit restores the last good epoch's parameters */
  NETLET_ERROR_INTERRUPTED = 5, /* poll asked to stop; the steps of netlet_fit taken so far are kept */
  NETLET_ERROR_CALLBACK = 6,    /* a callback failed; the steps taken so far are kept */
  NETLET_ERROR_UNSUPPORTED = 7, /* this machine or build lacks the instruction set */
  NETLET_ERROR_FILE = 8,        /* the operating system could not read or write a file */
  NETLET_ERROR_FORMAT = 9       /* not a netlet file, or a damaged one, or one that is too new */
} netlet_status;

typedef struct netlet_error {
  char message[256];    /* names the argument, what was expected and what was given; zero-terminated */
  int32_t system_error; /* errno after NETLET_ERROR_FILE, otherwise 0 */
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
  NETLET_RELU = 3,         /* z < 0 ? 0 : z */
  NETLET_LEAKY_RELU = 4,   /* z < 0 ? 0.01 z : z */
  NETLET_ELU = 5,          /* z <= 0 ? exp(z) - 1 : z */
  NETLET_SOFTPLUS = 6,     /* log(1 + exp(z)) */
  NETLET_SILU = 7,         /* z / (1 + exp(-z)) */
  NETLET_GELU = 8,         /* z times the normal distribution function of z, computed exactly, not by tanh */
  NETLET_HARD_SIGMOID = 9, /* z / 6 + 1/2, clipped to [0, 1] */
  NETLET_SOFTMAX = 10,     /* exp(z_j) / sum of all exp(z_k); output layer only */
  NETLET_MISH = 11         /* z tanh(log(1 + exp(z))) (Misra 2019) */
} netlet_activation;

/* The loss of a row is the sum of these terms over its targets; y is the output, t the target. With scaled outputs both
 * are on the network's scale, (y - shift) / scale of the caller's values, and so are losses and delta. */
typedef enum netlet_loss_kind {
  NETLET_SQUARED_ERROR = 0,  /* 1/2 (y - t)^2 */
  NETLET_ABSOLUTE_ERROR = 1, /* |y - t| */
  /* 1/2 (y - t)^2 if |y - t| <= delta, else delta (|y - t| - delta / 2); parameter: delta > 0 (Huber 1964) */
  NETLET_HUBER = 2,
  NETLET_POISSON = 3, /* exp(y) - t y: y is the logarithm of the rate, t >= 0 the count */
  /* q (t - y) if t > y, else (1 - q) (y - t); parameters: 0 < q < 1 for each output (Koenker and Bassett 1978) */
  NETLET_QUANTILE = 4,
  NETLET_BINARY_CROSS_ENTROPY = 5, /* -t log y - (1 - t) log(1 - y), t in [0, 1]; needs a sigmoid output */
  NETLET_CROSS_ENTROPY = 6,        /* -t log y, t a class or probabilities; needs a softmax output */
  NETLET_LOG_COSH = 7,             /* log cosh(y - t): 1/2 (y - t)^2 near 0, |y - t| - log 2 far from it */
  /* 1/2 (s + (m - t)^2 / exp(s)): the negative log-likelihood, without its constant, of t under a normal distribution
   * whose mean m and log variance s the network both learns (Nix and Weigend 1994). Target j has two outputs: 2j is its
   * mean, 2j + 1 its log variance, so the number of outputs is even, and y has half as many columns. Use an identity
   * output. netlet_forward gives both; outputs 0, 2, 4, ... are the predictions. */
  NETLET_GAUSSIAN_NLL = 8
} netlet_loss_kind;

typedef enum netlet_reduction {
  NETLET_SUM = 0, /* the sum over the rows of a batch */
  /* that divided by the number of rows, or by the sum of their weights; in batches of netlet_fit by their number of
   * rows times the mean weight of all rows, so that a row's weight counts in small batches, too */
  NETLET_MEAN = 1
} netlet_reduction;

typedef enum netlet_init_kind {
  NETLET_GLOROT_UNIFORM = 0, /* weights uniform in +-sqrt(6 / (inputs + outputs)), biases 0 (Glorot and Bengio 2010) */
  NETLET_HE_UNIFORM = 1      /* weights uniform in +-sqrt(6 / inputs), biases 0 (He et al. 2015) */
} netlet_init_kind;

/* What netlet_map computes besides the activations. */
typedef enum netlet_function { NETLET_EXP = 100, NETLET_LOG = 101 } netlet_function;

/* The public names ("sigmoid", "squared_error", "float64", ...), static strings; NULL for an unknown number. */
NETLET_API const char* netlet_activation_name(int activation);
NETLET_API const char* netlet_loss_name(int loss);
NETLET_API const char* netlet_loss_parameter_name(int loss); /* "huber_delta", "quantile"; NULL: the loss has none */
NETLET_API const char* netlet_reduction_name(int reduction);
NETLET_API const char* netlet_init_name(int init);
NETLET_API const char* netlet_optimizer_name(int optimizer);
NETLET_API const char* netlet_dtype_name(int dtype);

/* ---- the library ------------------------------------------------------------------------------------------- */

NETLET_API const char* netlet_version(void);  /* "0.1.0" */
NETLET_API int netlet_numerics_version(void); /* raised whenever a change alters any bit of a result */
NETLET_API const char* netlet_build(void);    /* the compiler that built the core */

/* Fails if the environment variable NETLET_ISA or NETLET_NUM_THREADS has a value that cannot be used. Every function
 * that creates a network, or that computes without one, then fails likewise. */
NETLET_API netlet_status netlet_check_environment(netlet_error* error);

/* The instruction set in use, "baseline", "avx2", "avx512" or "neon": the best that this machine has, or the one that
 * the environment variable NETLET_ISA names; NULL if that one is unavailable. Chosen once, on first use. */
NETLET_API const char* netlet_isa(void);
/* The i-th instruction set that this machine can run, best first; NULL past the last. */
NETLET_API const char* netlet_available_isa(size_t i);
/* Switches the whole process to another instruction set, for comparisons; not while another call runs. */
NETLET_API netlet_status netlet_set_isa(const char* name, netlet_error* error);

/* How many threads share the work of one call, the calling thread included: a number of the process. By default what the
 * environment variable NETLET_NUM_THREADS says, or else the number of CPUs in the process's affinity mask, but no more
 * than OMP_NUM_THREADS says: it is how programs that run several processes side by side give each its share. */
NETLET_API size_t netlet_get_num_threads(void);
NETLET_API netlet_status netlet_set_num_threads(size_t count, netlet_error* error); /* 1 to 1024 */

/* From now on calls made by this thread use at most `count` threads, if the process's number is not smaller anyway; 0: no
 * limit, as in the beginning. Other threads keep theirs. Returns the limit before, to be set again. Any thread may call
 * it at any time, also from a callback. netlet_limit_threads(1) is for threads that work side by side. */
NETLET_API size_t netlet_limit_threads(size_t count);

/* A function that calls made by this thread ask about every 20 ms, on this thread, in the floating-point environment
 * that it was set in; NULL: none, as in the beginning. If its result is not 0, the call ends with
 * NETLET_ERROR_INTERRUPTED, and has changed nothing. It may not use what the call uses. netlet_fit asks its own poll
 * instead, if it has one. Calls that take less time never ask, nor do netlet_forward_realtime, netlet_initialize, an
 * update of the parameters once it has begun, and waiting for the disk. */
NETLET_API void netlet_set_poll(int (*poll)(void* context), void* context);

/* ---- arrays ------------------------------------------------------------------------------------------------ */

/* A view of rows of numbers, whose memory stays the caller's. Strides are in bytes; they may be negative or zero, and
 * need not be aligned. Values of another dtype than the network's are converted as they are read, a few rows at a
 * time. */
typedef struct netlet_array {
  const void* data;
  int32_t dtype; /* netlet_dtype */
  size_t rows, columns;
  ptrdiff_t row_stride, column_stride;
} netlet_array;

/* The view of contiguous values, row after row; dtype: netlet_dtype. */
NETLET_API netlet_array netlet_rows(const void* values, int32_t dtype, size_t rows, size_t columns);

/* ---- networks ---------------------------------------------------------------------------------------------- */

typedef struct netlet_network netlet_network;

typedef struct netlet_config {
  const size_t* layer_sizes; /* inputs, hidden layers, outputs: at least two sizes, each >= 1 */
  size_t layer_size_count;
  const int32_t* activations; /* netlet_activation of each layer: layer_size_count - 1 of them */
  int32_t loss;               /* netlet_loss_kind */
  int32_t reduction;          /* netlet_reduction */
  int32_t dtype;              /* NETLET_FLOAT32 or NETLET_FLOAT64 */
  /* huber: delta, 1 value, on the network's scale; quantile: q for each output; the other losses have none. NULL: delta
   * 1, every q 1/2 */
  const double* loss_parameters;
  size_t loss_parameter_count; /* ignored if loss_parameters is NULL */
  /* for each hidden layer the share of outputs that training drops, 0 <= share < 1; NULL: none */
  const double* dropout;
} netlet_config;

/* All parameters start at 0, from which most networks cannot learn: initialize them next, or write your own values.
 * The seed and epochs_trained start at 0. */
NETLET_API netlet_status netlet_network_create(const netlet_config* config, netlet_network** network,
                                               netlet_error* error);
NETLET_API void netlet_network_free(netlet_network* network); /* may be NULL */

/* For an index out of range: size 0, activation -1, dropout and loss parameter NaN. Layer i, counted
 * from 0, has layer size i as inputs and layer size i + 1 as outputs. */
NETLET_API size_t netlet_layer_size_count(const netlet_network* network);
NETLET_API size_t netlet_layer_size(const netlet_network* network, size_t i);
NETLET_API size_t netlet_inputs(const netlet_network* network) NETLET_NONBLOCKING;  /* the first size */
NETLET_API size_t netlet_outputs(const netlet_network* network) NETLET_NONBLOCKING; /* the last one */
NETLET_API int netlet_layer_activation(const netlet_network* network, size_t layer);
NETLET_API int netlet_network_loss(const netlet_network* network);
NETLET_API int netlet_network_reduction(const netlet_network* network);
NETLET_API int netlet_network_dtype(const netlet_network* network) NETLET_NONBLOCKING;
/* The number of targets in a row, so of columns of y (or one column of class indices with cross_entropy): as many as
 * outputs, but half as many with gaussian_nll. */
NETLET_API size_t netlet_target_count(const netlet_network* network);
/* The loss's parameters, given or default: 1 with huber, one for each output with quantile, otherwise 0 of them. */
NETLET_API size_t netlet_loss_parameter_count(const netlet_network* network);
NETLET_API double netlet_loss_parameter(const netlet_network* network, size_t i);
NETLET_API double netlet_dropout(const netlet_network* network, size_t layer); /* 0 for the output layer */

/* All parameters, one contiguous buffer of the network's dtype: W1, b1, W2, b2, ...; a weight matrix has shape (inputs,
 * outputs), row-major. The network owns it; it never moves. Writing to it while a call uses the network is a data
 * race. */
NETLET_API void* netlet_parameters(netlet_network* network);
NETLET_API size_t netlet_parameter_count(const netlet_network* network);

/* An independent network with the same architecture, parameters, scaling, seed and epochs_trained. */
NETLET_API netlet_status netlet_network_copy(const netlet_network* network, netlet_network** copy, netlet_error* error);

/* Draws the parameters from the seed, which becomes the network's seed; epochs_trained becomes 0. */
NETLET_API netlet_status netlet_initialize(netlet_network* network, int32_t init, uint64_t seed, netlet_error* error);

/* The seed of dropout in netlet_step, and the default for netlet_fit. */
NETLET_API uint64_t netlet_seed(const netlet_network* network);
NETLET_API void netlet_set_seed(netlet_network* network, uint64_t seed);

/* Epochs of netlet_fit over the network's life; the order of rows, dropout and, with `resume`, schedules depend on it. */
NETLET_API uint64_t netlet_epochs_trained(const netlet_network* network);
NETLET_API void netlet_set_epochs_trained(netlet_network* network, uint64_t epochs);

/* SHA-256 of what outputs and losses depend on, in hexadecimal, to compare two machines. Seed, epochs trained, dropout,
 * notes and the optimizer do not count. The bytes: the ASCII lines
 * "netlet 1", dtype, layer sizes, activations (each list separated by spaces), loss, reduction, each ended by \n; the
 * loss's parameters as binary64; the network's parameters; then for inputs and for outputs that have a scaling, the
 * line "inputs\n" or "outputs\n", shifts and scales as binary64. Numbers are little-endian; every NaN is the
 * positive quiet NaN without payload. */
NETLET_API netlet_status netlet_fingerprint(const netlet_network* network, char hex[65], netlet_error* error);

/* ---- scaling ------------------------------------------------------------------------------------------------ */

/* A network may scale its inputs, x = (x - shift) / scale for each column, and scale its outputs back,
 * y = y scale + shift: in binary64 whatever its dtype, and only the result is rounded to it. Arrays, and derivatives
 * with respect to what they hold, are then in the caller's units; only the loss is computed on the network's scale, from
 * targets scaled as (y - shift) / scale. The scaling is part of the network, like its parameters. poisson and the
 * cross entropies allow none for the outputs. With gaussian_nll it is set and learned for each target: the mean gets
 * this shift and scale, the log variance the shift 2 log(scale) and the scale 1, so that both outputs are in the
 * units of the caller's targets. */
typedef enum netlet_scaling_kind { NETLET_SCALE_INPUTS = 1, NETLET_SCALE_OUTPUTS = 2 } netlet_scaling_kind;

/* shift and scale: netlet_inputs or netlet_target_count values, finite and scale > 0; for the outputs within the
 * range of the network's dtype. Both NULL: no scaling. */
NETLET_API netlet_status netlet_set_scaling(netlet_network* network, int32_t kind, const double* shift,
                                            const double* scale, netlet_error* error);
/* Sets shift and scale to the weighted means and standard deviations of the array's columns; the scale is 1 for a
 * column that is constant up to rounding. rows: at least 1; netlet_inputs or netlet_target_count columns.
 * sample_weight: one column of weights >= 0, or NULL: 1 each. missing: a netlet_missing; for outputs,
 * NETLET_MISSING_IGNORE leaves out values that are NaN. Messages call the array x or y. */
NETLET_API netlet_status netlet_learn_scaling(netlet_network* network, int32_t kind, const netlet_array* rows,
                                              const netlet_array* sample_weight, int32_t missing, netlet_error* error);
typedef struct netlet_batch netlet_batch; /* see netlet_fit */
/* The same for rows that come in batches, with the bits that all of them together would give. kinds: a sum of
 * netlet_scaling_kind, of what is to be learned: from x, or from y of the targets, with their weights and missing.
 * next_batch: as in netlet_fit_options; the batches are passed twice, and must be the same both times. It may call what
 * reads the network. Both scalings are set, or none. */
NETLET_API netlet_status netlet_learn_scaling_batches(netlet_network* network, int32_t kinds,
                                                      int (*next_batch)(void* context, netlet_batch* batch),
                                                      void* context, netlet_error* error);
/* A value for each input or output (so with gaussian_nll two for each target); NULL if there is no scaling. The network
 * owns them; they are valid until the scaling is next set or learned. */
NETLET_API const double* netlet_scaling_shift(const netlet_network* network, int32_t kind);
NETLET_API const double* netlet_scaling_scale(const netlet_network* network, int32_t kind);
/* Copies the same values to the caller's memory, safe beside calls of other threads. *present: 1, or 0 if there is no
 * scaling, and nothing is copied. */
NETLET_API netlet_status netlet_copy_scaling(const netlet_network* network, int32_t kind, double* shift, double* scale,
                                             int* present, netlet_error* error);

/* Texts that a network carries along, in its copies and files, and that nothing here reads: JSON in printable ASCII,
 * whose \u escapes hold the rest. They do not count in the fingerprint. Python reads an array of labels, one for each
 * output (binary_cross_entropy: two, of 0 and of 1), an array of names, one for each input, and an object. */
typedef enum netlet_note_kind { NETLET_CLASSES = 0, NETLET_FEATURE_NAMES = 1, NETLET_METADATA = 2 } netlet_note_kind;
/* NULL: none. The network owns it; it is valid until the note is next set. */
NETLET_API const char* netlet_note(const netlet_network* network, int32_t kind);
/* text: copied; NULL: none */
NETLET_API netlet_status netlet_set_note(netlet_network* network, int32_t kind, const char* text, netlet_error* error);

/* ---- forward and backward ---------------------------------------------------------------------------------- */

/* out: x->rows x netlet_outputs contiguous values of the network's dtype; it may not overlap x or the parameters, which
 * is not checked. x may have 0 rows. A single row allocates nothing if no layer has more than 1024 outputs and x needs
 * no conversion. */
NETLET_API netlet_status netlet_forward(const netlet_network* network, const netlet_array* x, void* out,
                                        netlet_error* error);

/* What the outputs say in the caller's terms, the same as Python's predict: with cross_entropy the index of the largest
 * output, the first of equal ones; with binary_cross_entropy 1 for each output above 1/2, otherwise 0; with poisson the
 * rates, exp of the outputs; with gaussian_nll the means; with other losses the outputs. Indices count from 0, also where
 * the network carries names of classes. */
/* The number of predictions in a row: 1 with cross_entropy, otherwise netlet_target_count. */
NETLET_API size_t netlet_prediction_count(const netlet_network* network);
/* NETLET_INT64 for losses with classes, for others the network's dtype. */
NETLET_API int netlet_prediction_dtype(const netlet_network* network);
/* out: x->rows x netlet_prediction_count contiguous values of netlet_prediction_dtype; it may not overlap x or the
 * parameters. Fails if outputs are NaN, which is no class. Losses with classes and gaussian_nll need memory for the
 * outputs of all rows; a real-time thread compares those of netlet_forward_realtime itself. */
NETLET_API netlet_status netlet_predict(const netlet_network* network, const netlet_array* x, void* out,
                                        netlet_error* error);

/* The same for real-time threads: all on the calling thread, in the caller's memory, without allocation, lock or system
 * call. workspace: memory that no other call uses meanwhile, aligned for the values, best to 64 bytes, and of the size
 * in bytes that netlet_workspace_size gives for up to `rows` rows (SIZE_MAX if it overflows). If another call is
 * changing the network, it fails at once with NETLET_ERROR_BUSY. Pass NULL as `error` if the thread must never wait: a
 * message is formatted by the C library, which makes no promise. */
NETLET_API size_t netlet_workspace_size(const netlet_network* network, size_t rows);
NETLET_API netlet_status netlet_forward_realtime(const netlet_network* network, const netlet_array* x, void* out,
                                                 void* workspace, size_t workspace_size,
                                                 netlet_error* error) NETLET_NONBLOCKING;

/* What NaN in y is: an error, or a target that is missing. A missing target adds 0 to the loss, and the derivative with
 * respect to its outputs is 0; mean still divides by all rows. With cross_entropy either all probabilities of a row are
 * missing or none. */
typedef enum netlet_missing { NETLET_MISSING_REFUSE = 0, NETLET_MISSING_IGNORE = 1 } netlet_missing;

/* What the outputs for x are compared with: either y, or the derivative of a loss of the caller's own. Fields that
 * are 0 have no effect. */
typedef struct netlet_targets {
  /* x->rows x netlet_target_count; with cross_entropy also one column of an integer dtype, class indices from 0 */
  const netlet_array* y;
  /* one column of weights >= 0, not all of them 0, that multiply the rows' losses (mean divides by the sum of the
   * weights); may be NULL */
  const netlet_array* sample_weight;
  /* the derivative with respect to the outputs, x->rows x netlet_outputs; y and sample_weight are then NULL, the loss
   * is 0, and mean divides nothing */
  const netlet_array* output_gradient;
  /* For rows that are a part of larger data: the mean weight of all of it. mean then divides by the number of rows
   * times this, as netlet_fit does in its batches, and the weights may all be 0. 0: by the rows' own weights. */
  double weight_mean;
  int32_t missing; /* netlet_missing */
} netlet_targets;

/* Figures over all rows. */
typedef struct netlet_evaluation {
  double loss;     /* reduced; on the network's scale */
  double accuracy; /* of the rows that have a target, the share whose class is right; NaN for losses without classes */
  /* The root of the mean squared error and the mean absolute error, over all targets that are not missing, weighted
   * by their rows' weights; in the targets' own units, of the outputs as netlet_forward gives them: with poisson of
   * exp(y), with gaussian_nll of the means. NaN for losses with classes. */
  double rmse, mae;
} netlet_evaluation;

/* size: that of the caller's netlet_evaluation, which may grow. What lies beyond is neither computed nor written, so
 * sizeof(double) asks for the loss alone. If all targets are missing, that is 0, and to ask for more is an error. x needs
 * at least 1 row, here and in what follows, except for netlet_jacobian. */
NETLET_API netlet_status netlet_evaluate(const netlet_network* network, const netlet_array* x,
                                         const netlet_targets* targets, netlet_evaluation* evaluation, size_t size,
                                         netlet_error* error);

/* The same over batches that come one by one, with the bits that all their rows together would give: for data larger
 * than memory. next_batch: as in netlet_fit_options; it may call what reads the network. mean divides by the weights of
 * all rows, whatever weight_mean says. */
NETLET_API netlet_status netlet_evaluate_batches(const netlet_network* network,
                                                 int (*next_batch)(void* context, netlet_batch* batch), void* context,
                                                 netlet_evaluation* evaluation, size_t size, netlet_error* error);

/* The loss, and its gradient with respect to the parameters: netlet_parameter_count values of the network's dtype, in
 * the parameters' layout. loss may be NULL. */
NETLET_API netlet_status netlet_backward(const netlet_network* network, const netlet_array* x,
                                         const netlet_targets* targets, double* loss, void* gradient,
                                         netlet_error* error);

/* The gradient of each row's own loss, which mean does not divide: with respect to the inputs, rows x inputs values, or
 * with respect to the parameters, rows x netlet_parameter_count values. out: of the network's dtype. */
NETLET_API netlet_status netlet_input_gradient(const netlet_network* network, const netlet_array* x,
                                               const netlet_targets* targets, void* out, netlet_error* error);
NETLET_API netlet_status netlet_row_gradients(const netlet_network* network, const netlet_array* x,
                                              const netlet_targets* targets, void* out, netlet_error* error);
/* The derivative of each output with respect to each input: rows x outputs x inputs values. */
NETLET_API netlet_status netlet_jacobian(const netlet_network* network, const netlet_array* x, void* out,
                                         netlet_error* error);

/* ---- optimizers -------------------------------------------------------------------------------------------- */

typedef enum netlet_optimizer_kind {
  NETLET_SGD = 0,
  NETLET_ADAM = 1,    /* Kingma and Ba 2015; with weight_decay: AdamW (Loshchilov and Hutter 2019) */
  NETLET_RMSPROP = 2, /* Tieleman and Hinton 2012 */
  NETLET_RPROP = 3    /* iRprop- (Igel and Huesken 2000); each batch must hold all rows */
} netlet_optimizer_kind;

typedef struct netlet_optimizer_config {
  int32_t kind;          /* netlet_optimizer_kind */
  int32_t nesterov;      /* sgd: 0, or 1, which needs momentum > 0 */
  double learning_rate;  /* > 0; rprop: the length of the first step */
  double momentum;       /* sgd, rmsprop: 0 <= momentum < 1 */
  double beta_1, beta_2; /* adam: 0 <= beta < 1 */
  double epsilon;        /* adam, rmsprop: > 0 */
  double weight_decay;   /* adam: >= 0; before each step w = w (1 - learning_rate weight_decay), but not for biases */
  double rho;            /* rmsprop: 0 <= rho < 1 */
  double eta_minus, eta_plus; /* rprop: 0 < eta_minus < 1 < eta_plus */
  double step_min, step_max;  /* rprop: 0 < step_min <= step_max */
  /* applied to the gradient before the update, in this order; 0: not at all */
  double l2, l1;     /* >= 0: adds l2 w and l1 sign(w), but not for biases; reported losses include no penalty */
  double clip_value; /* >= 0: clips each value to [-clip_value, clip_value] */
  double clip_norm;  /* >= 0: scales a longer gradient down to this norm; not together with clip_value */
} netlet_optimizer_config;

/* A kind's default settings, without penalties and clipping. */
NETLET_API netlet_optimizer_config netlet_optimizer_defaults(int32_t kind);
/* The settings of type double, numbered from 0 for all kinds together: the name ("learning_rate", ...), and where in
 * `config` it is; NULL past the last. */
NETLET_API const char* netlet_optimizer_setting_name(int setting);
NETLET_API double* netlet_optimizer_setting(netlet_optimizer_config* config, int setting);

/* What an optimizer needs to resume, besides its slots: steps taken, running products of beta_1 and beta_2 (1 at the
 * start), and the state of a plateau schedule (factor 1, best infinity, 0 epochs waited). */
typedef struct netlet_optimizer_progress {
  uint64_t steps;
  double beta_1_power, beta_2_power;
  double plateau_factor, plateau_best;
  uint64_t plateau_epochs;
} netlet_optimizer_progress;

/* An optimizer is bound to the size and dtype of the first network that it is used with, and works only with networks
 * of that size and dtype from then on. For each parameter it keeps a value in each of its slots: sgd none, or with
 * momentum "velocity"; adam "m" and "v", the first and second moment; rmsprop "v", the mean square, and with momentum
 * "velocity"; rprop "step", the step length, and "gradient", the last gradient. */
typedef struct netlet_optimizer netlet_optimizer;

NETLET_API netlet_status netlet_optimizer_create(const netlet_optimizer_config* config, netlet_optimizer** optimizer,
                                                 netlet_error* error);
NETLET_API void netlet_optimizer_free(netlet_optimizer* optimizer); /* may be NULL */
NETLET_API netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer* optimizer);
/* For all later steps. Fails with NETLET_ERROR_BUSY while a call changes the optimizer, except within on_epochs and on_step. */
NETLET_API netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer* optimizer, double learning_rate,
                                                            netlet_error* error);
NETLET_API size_t netlet_optimizer_slot_count(const netlet_optimizer* optimizer);
/* The name of a slot, as above, a static string, as files have it too; NULL past the last. */
NETLET_API const char* netlet_optimizer_slot_name(const netlet_optimizer* optimizer, size_t slot);
/* The number of parameters and the dtype that the optimizer is bound to; size 0: not bound yet. */
NETLET_API size_t netlet_optimizer_size(const netlet_optimizer* optimizer);
NETLET_API int netlet_optimizer_dtype(const netlet_optimizer* optimizer);
/* Binds the optimizer, and allocates its slots, filled with 0, as its first use would. */
NETLET_API netlet_status netlet_optimizer_bind(netlet_optimizer* optimizer, size_t size, int32_t dtype,
                                               netlet_error* error);
/* `size` values, which the optimizer owns until it is freed; NULL if there is no such slot, if the optimizer is not
 * bound, or while a call uses it. */
NETLET_API void* netlet_optimizer_slot(netlet_optimizer* optimizer, size_t slot);
/* Copies all slots, one after the other, and the progress. Fails with NETLET_ERROR_BUSY while a call uses the
 * optimizer, or if it is no longer bound to `size` parameters of that dtype; otherwise if netlet_optimizer_set_state
 * would refuse the state, as after a divergence. */
NETLET_API netlet_status netlet_optimizer_copy_state(const netlet_optimizer* optimizer, void* slots, size_t size,
                                                     int32_t dtype, netlet_optimizer_progress* progress,
                                                     netlet_error* error);
/* Continues from a state that copy_state gave; an optimizer that is not bound is bound. Like files, it is refused if no
 * training can have led to it: NaN, v or step < 0, infinity in m, velocity or step, powers that do not fit the
 * steps. slots: size times netlet_optimizer_slot_count aligned values; size 0: none yet. */
NETLET_API netlet_status netlet_optimizer_set_state(netlet_optimizer* optimizer, const void* slots, size_t size,
                                                    int32_t dtype, const netlet_optimizer_progress* progress,
                                                    netlet_error* error);
NETLET_API netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer* optimizer);

/* ---- training ---------------------------------------------------------------------------------------------- */

/* One step on one batch. loss: that before the update; may be NULL. NaN or infinity in the data, or a loss that is not
 * finite (NETLET_ERROR_DIVERGED), changes nothing. The updated parameters are not checked, unlike in netlet_fit.
 * The memory that this call, netlet_backward or netlet_partial works in stays with the network for the next one. */
NETLET_API netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                     netlet_optimizer* optimizer, double* loss, netlet_error* error);

/* One step along the caller's gradient: netlet_parameter_count finite values of the network's dtype. */
NETLET_API netlet_status netlet_apply_gradient(netlet_network* network, const void* gradient,
                                               netlet_optimizer* optimizer, netlet_error* error);

/* ---- batches in parts ------------------------------------------------------------------------------------------- */

/* A batch's gradient is the sum over its blocks of 256 rows, added in one fixed tree. So any number of workers (threads,
 * processes, machines) may each sum some of the blocks: netlet_partial. netlet_combine adds what they give, in the tree,
 * and netlet_finish makes a step along it: the result has the bits of netlet_step on all rows. A partial is one buffer that
 * may be sent as it is to any machine of the same byte order. netlet_fit trains so with `sums` of netlet_fit_options. */

/* What is to be summed over the rows of a batch. */
typedef enum netlet_task_kind {
  NETLET_TASK_GRADIENT = 0,  /* loss, weights, rows classified correctly, and the gradient: of a training step */
  NETLET_TASK_LOSS = 1,      /* the same without the gradient and without dropout, and the errors: of netlet_evaluate */
  NETLET_TASK_WEIGHTS = 2,   /* the weights alone */
  NETLET_TASK_MEANS = 3,     /* of netlet_learn_scaling, its first pass over the rows: */
  NETLET_TASK_DEVIATIONS = 4 /* and its second one */
} netlet_task_kind;

/* Fields that are 0 have no effect. */
typedef struct netlet_task {
  int32_t kind;        /* netlet_task_kind */
  int32_t scaling;     /* means, deviations: the netlet_scaling_kind that is learned */
  int32_t validation;  /* 0: of the rows for training; 1: of those for validation */
  int32_t dropout;     /* gradient: 0 none; 1 that of netlet_step; 2 that of netlet_fit */
  size_t rows;         /* of the batch: all of them, whoever has them */
  size_t first;        /* how many rows of the data, or of the epoch's order, come before the batch */
  const size_t* order; /* the number, in the data, of each of its rows; NULL: first, first + 1, ... */
  uint64_t seed;       /* of dropout, which depends on it, on `stream` and on the numbers of the rows */
  uint64_t stream;     /* the optimizer's step, or the epoch */
  /* deviations: for each column a mean and a unit, from netlet_fit. The values must stay valid during the call. */
  const double* moments;
} netlet_task;

/* The task of netlet_step on a batch of so many rows, as the optimizer's step number `step` (netlet_optimizer_progress). */
NETLET_API netlet_task netlet_step_task(const netlet_network* network, size_t rows, uint64_t step);

/* The size in bytes of the partial of rows first_row to first_row + rows of the batch; SIZE_MAX if it overflows. With
 * first_row 0 and task->rows: of the sums of the whole batch. */
NETLET_API size_t netlet_partial_size(const netlet_network* network, const netlet_task* task, size_t first_row,
                                      size_t rows);
/* Sums over a part of a batch: x, the batch's rows from first_row on, which is a multiple of 256, as is x->rows
 * unless they are the batch's last. targets: as in netlet_step, but no output_gradient; their weights may all be 0. partial:
 * netlet_partial_size bytes, aligned to 8; after a failure they are no partial. It reads the network, and may be called
 * by the functions that netlet_fit calls. The network keeps the memory that this took, for the next call. */
NETLET_API netlet_status netlet_partial(const netlet_network* network, const netlet_array* x,
                                        const netlet_targets* targets, const netlet_task* task, size_t first_row,
                                        void* partial, size_t size, netlet_error* error);
/* Adds two partials of one task that have no block in common, in whatever order. Sums of another task (another kind, batch,
 * step or epoch), or of a network with another dtype, other layers or another loss, are refused. out: *size bytes, of
 * which a_size + b_size are enough, aligned to 8 like a and b, and neither of them; *size becomes the size of the result.
 * With out NULL, *size becomes the number of bytes that out must have. */
NETLET_API netlet_status netlet_combine(const void* a, size_t a_size, const void* b, size_t b_size, void* out,
                                        size_t* size, netlet_error* error);
/* Uses the sums of a whole batch, of kind gradient. With an optimizer: the step that netlet_step would make. gradient: NULL,
 * or netlet_parameter_count values for what netlet_backward would give. loss: may be NULL. weight_mean: as in
 * netlet_targets. With an optimizer, a loss that is not finite is NETLET_ERROR_DIVERGED; nothing has changed then. */
NETLET_API netlet_status netlet_finish(netlet_network* network, const void* total, size_t size, double weight_mean,
                                       netlet_optimizer* optimizer, void* gradient, double* loss, netlet_error* error);

/* The factor by which the optimizer's learning rate is multiplied in epoch e, counted from 0 in the call; with `resume`
 * over the network's life. */
typedef enum netlet_schedule_kind {
  NETLET_CONSTANT = 0,    /* 1 */
  NETLET_STEP_DECAY = 1,  /* gamma^floor(e / period) */
  NETLET_EXPONENTIAL = 2, /* gamma^e */
  NETLET_COSINE = 3,      /* floor + (1 - floor) (1 + cos(pi e / period)) / 2; floor from epoch `period` on */
  NETLET_PLATEAU = 4,     /* multiplied by gamma, but at least floor, whenever `period` epochs have passed without a
                             loss (of the validation data, if any) that is lower by more than min_delta */
  NETLET_FUNCTION = 5     /* what `function` writes */
} netlet_schedule_kind;

typedef struct netlet_schedule {
  int32_t kind;     /* netlet_schedule_kind */
  double gamma;     /* step_decay, exponential, plateau: 0 < gamma <= 1 */
  uint64_t period;  /* step_decay, cosine, plateau: >= 1 */
  double floor;     /* cosine, plateau: 0 <= floor <= 1 */
  double min_delta; /* plateau: >= 0 */
  /* function: writes the factor for an epoch, finite and >= 0; a result other than 0 ends training with
   * NETLET_ERROR_CALLBACK. Called on the thread of netlet_fit, with its context. */
  int (*function)(void* context, uint64_t epoch, double* factor);
} netlet_schedule;

/* What an epoch gave. Its loss is that of its batches, each before its own update. */
typedef struct netlet_epoch {
  uint64_t epoch;       /* counted from 0 over the network's life */
  double loss;          /* summed over all rows, on the network's scale; with mean, divided by their number or weight */
  double seconds;       /* wall time; for epochs reported together, their mean */
  double accuracy;      /* as in netlet_evaluation */
  double learning_rate; /* the schedule's factor included */
  double validation_loss, validation_accuracy; /* after the epoch; NaN without validation data */
  /* the number of rows or, with weights, their sum: with reduction sum, loss / weight is what mean would give */
  double weight, validation_weight;
} netlet_epoch;

/* A batch from the caller, whose memory must stay valid until the next batch is asked for. */
struct netlet_batch {
  netlet_array x;
  netlet_targets targets; /* with weight_mean, if there are weights: a batch knows only its own */
};

typedef struct netlet_fit_options {
  size_t epochs;       /* >= 1 */
  size_t batch_size;   /* rows in a batch; 0, or as many as x has or more: all of them, never shuffled */
  int32_t shuffle;     /* 0, or 1: a new order in each epoch, which depends only on the seed and the epoch */
  uint64_t seed;       /* of order and dropout; by default the network's */
  int32_t standardize; /* a sum of netlet_scaling_kind, or 0: learned from the data first, unless the network has it */
  netlet_schedule schedule;
  /* 0: the schedule begins with this call, at epoch 0, and a plateau has seen no loss. 1: it goes on where it was, at
   * netlet_epochs_trained, a plateau with the optimizer's state; for training that was interrupted or loaded. */
  int32_t resume;
  const netlet_array* validation_x;         /* NULL: none */
  const netlet_targets* validation_targets; /* all but output_gradient */
  /* 0, or: stop after so many epochs in a row without an improvement, a loss (of the validation data, if any) that is
   * lower than the best one by more than min_delta, and restore the parameters of the last improvement: those after its
   * epoch or, without validation data, those before it. */
  size_t patience;
  double min_delta; /* >= 0 */
  /* Batches one by one, with x and targets NULL. Returns 1 and a batch; 0 at the end of an epoch; a negative number to
   * end training with NETLET_ERROR_CALLBACK, the steps taken so far being kept. Each batch is checked as it comes.
   * standardize passes over the batches twice before the first epoch. */
  int (*next_batch)(void* context, netlet_batch* batch);
  /* Called after each epoch; may be NULL. Returns 0 to continue, a positive number to end training, a negative one to
   * end it with NETLET_ERROR_CALLBACK. It may call forward, evaluate and backward, and write to the parameters. */
  int (*on_epochs)(void* context, const netlet_epoch* epochs, size_t count);
  /* 0: on_epochs gets one epoch at a time. 1: epochs of a few microseconds come up to 64 at a time, so that reporting
   * takes less time than training; on_epochs may then use neither the network nor the optimizer. */
  int32_t report_together;
  /* Called about every 20 ms; may be NULL: then that of netlet_set_poll is. A result other than 0 ends training with
   * NETLET_ERROR_INTERRUPTED, before the first step or after a whole one. It may use neither the network nor the
   * optimizer. */
  int (*poll)(void* context);
  void* context; /* passed to all of these functions, which run on the thread that called netlet_fit */
  /* Called after a step whenever the optimizer has taken a multiple of step_interval steps, counted over its life as in
   * netlet_optimizer_progress; may be NULL. Returns and may do what on_epochs may. If training ends within an epoch,
   * that epoch does not count, as when it is interrupted: its steps are kept, and it begins again when training goes on.
   * After the last step of an epoch it is called before on_epochs, and the epoch counts. (next_batch is asked for
   * one more batch, to know.) */
  int (*on_step)(void* context, uint64_t step);
  uint64_t step_interval; /* >= 1 with on_step */
  /* In place of validation_x: validation batches one by one, as next_batch gives them; all of them after each epoch. The
   * figures have the bits that all rows together would give. The first one is asked for and checked before
   * anything is done, and must stay valid until the next one is asked for, after the first epoch; the others are checked as
   * they come, and if that fails, the steps taken so far are kept, as with next_batch. */
  int (*next_validation_batch)(void* context, netlet_batch* batch);
  /* For rows that are elsewhere, with x and targets NULL: called for each step, and for whatever else needs sums over all
   * rows. It writes those of the task to `total`, netlet_partial_size bytes for the whole batch (as netlet_partial and
   * netlet_combine give them), and returns 0; another result ends training with NETLET_ERROR_CALLBACK. It may call what
   * reads the network, whose parameters are those of the step. Workers that all run netlet_fit with the same options and
   * get the same sums stay the same to the bit. */
  int (*sums)(void* context, const netlet_task* task, void* total, size_t size);
  size_t rows;            /* with sums: how many there are */
  int32_t weighted;       /* with sums: 1 if rows have weights, so that batches divide by the mean weight of all rows */
  size_t validation_rows; /* with sums: those of validation data, which are elsewhere too; 0: none */
} netlet_fit_options;

/* The defaults, as in Python's fit: one epoch, one batch of all rows (shuffled once batch_size makes it several), the
 * network's seed, a constant learning rate, no callbacks. */
NETLET_API netlet_fit_options netlet_fit_defaults(const netlet_network* network);

/* What netlet_fit is doing. */
typedef enum netlet_stage {
  NETLET_CHECKING = 0,  /* the data: one array after the other */
  NETLET_SCALING = 1,   /* learning the scalings */
  NETLET_TRAINING = 2,  /* an epoch */
  NETLET_VALIDATING = 3 /* after an epoch */
} netlet_stage;

typedef struct netlet_progress {
  int32_t stage;       /* netlet_stage */
  uint64_t epoch;      /* counted from 0 over the network's life */
  uint64_t rows;       /* done in this pass over the data, roughly */
  uint64_t total_rows; /* of the pass; 0 if that is not known, as in the first epoch of batches */
  double loss;         /* of the epoch so far, the mean of its rows; NaN before its first step */
} netlet_progress;

/* For poll and the other functions of netlet_fit's caller, on its thread: how far it is. 0 if this thread runs no
 * netlet_fit, otherwise 1. */
NETLET_API int netlet_fit_progress(netlet_progress* progress);

/* Runs the whole training. The data must not change meanwhile. Before the first step all values are checked for NaN
 * and infinity, and the targets for what the loss needs; there must be at least one that is not missing. n epochs
 * and then m give the same bits as n + m, except that patience starts anew with each call, and so does a schedule
 * unless `resume` is 1. */
NETLET_API netlet_status netlet_fit(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                    netlet_optimizer* optimizer, const netlet_fit_options* options,
                                    netlet_error* error);

/* ---- files -------------------------------------------------------------------------------------------------- */

/* A file is a safetensors file with the parameters under stable names, everything else that belongs to the network, a
 * checksum over the whole file, and a self-test; docs/files.md describes it. Every language writes the same bytes.
 *
 * optimizer: saved as well, with its settings and state, so that training can be resumed with the same bits; NULL: only
 * the network is saved. Parameters that are not finite are refused. May be called within on_epochs.
 *
 * The file is replaced as a whole, keeping its owner, group and permissions as far as the user may set them; until then
 * nobody else may read the new one. If saving fails, or the machine does, the old file is still there. A program that is
 * killed meanwhile may leave a file .netlet-...tmp beside it. A file that cannot be replaced (it is itself a mount, or
 * its folder may not be written) is written in place, from memory.
 * After a failure the message says what is left: "the old content is intact", or "the file is damaged". */
NETLET_API netlet_status netlet_save(const netlet_network* network, const netlet_optimizer* optimizer, const char* path,
                                     netlet_error* error);
/* The caller frees the network and the optimizer. optimizer: may be NULL; *optimizer becomes NULL if the file has none.
 * The file is checked: its form byte by byte, the checksum, all values, the fingerprint, and that the network gives the
 * bits of the self-test. Nothing is allocated before its size has been compared with the file's. Files of all earlier
 * versions can be loaded; the self-test is skipped if the numerics version differs. */
NETLET_API netlet_status netlet_load(const char* path, netlet_network** network, netlet_optimizer** optimizer,
                                     netlet_error* error);

/* The same in memory; free the bytes of netlet_to_bytes with netlet_free_bytes. */
NETLET_API netlet_status netlet_to_bytes(const netlet_network* network, const netlet_optimizer* optimizer, void** bytes,
                                         size_t* size, netlet_error* error);
NETLET_API void netlet_free_bytes(void* bytes); /* may be NULL */
NETLET_API netlet_status netlet_from_bytes(const void* bytes, size_t size, netlet_network** network,
                                           netlet_optimizer** optimizer, netlet_error* error);

/* Replaces a file as netlet_save does, by `size` bytes of the caller's. */
NETLET_API netlet_status netlet_replace_file(const char* path, const void* bytes, size_t size, netlet_error* error);

/* The numerics version under which a loaded network was saved; netlet_numerics_version() for other networks. */
NETLET_API int netlet_saved_numerics_version(const netlet_network* network);

/* ---- functions ---------------------------------------------------------------------------------------------- */

/* y = function(x), elementwise, for `count` contiguous values of dtype NETLET_FLOAT32 or NETLET_FLOAT64; y may be x,
 * but may not overlap it otherwise. function: a netlet_activation other than softmax, or a netlet_function. The bits
 * are those that networks compute, and NaN and infinity are allowed. Large arrays are shared among the threads. */
NETLET_API netlet_status netlet_map(int32_t function, int32_t dtype, size_t count, const void* x, void* y,
                                    netlet_error* error);

/* The order in which netlet_fit takes so many rows in an epoch, if it shuffles them: order[k] becomes the number of the
 * row at place k, counted from 0. first: 0, or, to shuffle data in windows, each of which fits in memory, the number of
 * the window's first row in the data. `order` has memory for `rows` numbers; nothing is allocated, and any thread may call
 * this. It can be interrupted. */
NETLET_API netlet_status netlet_shuffled_order(uint64_t seed, uint64_t epoch, uint64_t first, size_t rows,
                                               int64_t* order, netlet_error* error);

#ifdef __cplusplus
}
#endif
#endif
