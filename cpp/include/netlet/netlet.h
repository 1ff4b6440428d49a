/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlet: small fully connected networks, with the same bits everywhere.
 *
 * This header is the linked interface and its manual. C++ programs may prefer netlet.hpp, a class over it.
 *
 *   Errors    A function that can fail returns a netlet_status and, if `error` is not NULL, writes a sentence there.
 *             After a failure every network, optimizer and output buffer is as it was, unless said otherwise.
 *   Pointers  Networks, optimizers and what results are written to may not be NULL, and are not checked for it, unless
 *             said otherwise; paths and arrays are checked.
 *   Memory    What netlet_..._create gave, the matching netlet_..._free takes back. Arrays are only borrowed for the
 *             length of a call.
 *   Threads   Any number of threads may read one network at once (forward, loss, backward, fingerprint, copies). What
 *             changes it (step, fit, initialize) gets NETLET_ERROR_BUSY beside any other call, and any other call
 *             beside it. One optimizer belongs to one call at a time. Functions that return no status are not checked
 *             so: they are for moments when no call changes the object, but for netlet_seed and netlet_epochs_trained,
 *             which may be asked at any time. Inside, work is shared by the threads of netlet_set_num_threads; their
 *             number never changes a result. These threads stay: a plug-in that is unloaded again (dlclose) must use
 *             one thread from the start, or be linked with -Wl,-z,nodelete, as the shared library is.
 *   Numbers   Results depend on data, settings and seed alone; python/netlet/reference is the specification. The
 *             caller's rounding mode and flush-to-zero setting are put aside during a call and are back after it; the
 *             sticky flags of floating-point exceptions may be set afterwards.
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

/* Where Clang checks what real-time code calls (-Wfunction-effects), it knows that this may be called. */
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
  NETLET_ERROR_ARGUMENT = 1,    /* a wrong value, shape or name */
  NETLET_ERROR_MEMORY = 2,      /* out of memory, or sizes that overflow */
  NETLET_ERROR_BUSY = 3,        /* another call is using the network */
  NETLET_ERROR_DIVERGED = 4,    /* a loss or parameter stopped being finite; the last good epoch's parameters stay */
  NETLET_ERROR_INTERRUPTED = 5, /* poll asked to stop: the steps done so far stay */
  NETLET_ERROR_CALLBACK = 6,    /* a callback failed: the epochs done so far stay */
  NETLET_ERROR_UNSUPPORTED = 7, /* an instruction set that this machine or this build does not have */
  NETLET_ERROR_FILE = 8,        /* the operating system could not read or write a file */
  NETLET_ERROR_FORMAT = 9       /* what a file holds is no network, or damaged, or too new */
} netlet_status;

typedef struct netlet_error {
  char message[256];    /* zero-terminated; names the argument, what was expected and what came */
  int32_t system_error; /* errno, after NETLET_ERROR_FILE; otherwise 0 */
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
  NETLET_GELU = 8,         /* z times the normal distribution function of z (erf, not the tanh approximation) */
  NETLET_HARD_SIGMOID = 9, /* z / 6 + 1/2, kept within 0 and 1 */
  NETLET_SOFTMAX = 10,     /* output layer only */
  NETLET_MISH = 11         /* z tanh(log(1 + exp(z))) (Misra 2019) */
} netlet_activation;

/* For each row, summed over its targets; y is the output, t the target. */
typedef enum netlet_loss_kind {
  NETLET_SQUARED_ERROR = 0,        /* 1/2 (y - t)^2 */
  NETLET_ABSOLUTE_ERROR = 1,       /* |y - t| */
  NETLET_HUBER = 2,                /* 1/2 (y - t)^2 within delta, delta (|y - t| - delta / 2) beyond (Huber 1964) */
  NETLET_POISSON = 3,              /* exp(y) - t y: y is the logarithm of the rate, t >= 0 the count */
  NETLET_QUANTILE = 4,             /* q (t - y) if t > y, else (1 - q) (y - t) (Koenker and Bassett 1978) */
  NETLET_BINARY_CROSS_ENTROPY = 5, /* -t log y - (1 - t) log(1 - y); sigmoid output, targets in [0, 1] */
  NETLET_CROSS_ENTROPY = 6,        /* -t log y; softmax output, targets are classes or probabilities */
  NETLET_LOG_COSH = 7,             /* log cosh(y - t) */
  NETLET_GAUSSIAN_NLL =
      8 /* 1/2 (log v + (y - t)^2 / v): two outputs a target, y and log v, in turn (Nix, Weigend 1994) */
} netlet_loss_kind;

typedef enum netlet_reduction {
  NETLET_SUM = 0, /* over the rows of a batch */
  NETLET_MEAN = 1 /* the sum divided by the number of rows */
} netlet_reduction;

typedef enum netlet_init_kind {
  NETLET_GLOROT_UNIFORM = 0, /* weights uniform in +-sqrt(6 / (inputs + outputs)), biases 0 (Glorot and Bengio 2010) */
  NETLET_HE_UNIFORM = 1      /* weights uniform in +-sqrt(6 / inputs), biases 0 (He et al. 2015) */
} netlet_init_kind;

/* What netlet_map computes beside the activations. */
typedef enum netlet_function { NETLET_EXP = 100, NETLET_LOG = 101 } netlet_function;

/* The public names ("sigmoid", "squared_error", "float64", ...); NULL for an unknown number. */
NETLET_API const char* netlet_activation_name(int activation);
NETLET_API const char* netlet_loss_name(int loss);
NETLET_API const char* netlet_loss_parameter_name(int loss); /* "huber_delta", "quantile" */
NETLET_API const char* netlet_reduction_name(int reduction);
NETLET_API const char* netlet_init_name(int init);
NETLET_API const char* netlet_optimizer_name(int optimizer);
NETLET_API const char* netlet_dtype_name(int dtype);

/* ---- the library ------------------------------------------------------------------------------------------- */

NETLET_API const char* netlet_version(void);  /* "0.1.0" */
NETLET_API int netlet_numerics_version(void); /* goes up with every change of bits */
NETLET_API const char* netlet_build(void);    /* the compiler that built the core */

/* Fails if NETLET_ISA or NETLET_NUM_THREADS in the environment cannot be followed; so does then every function that
 * creates a network or computes. */
NETLET_API netlet_status netlet_check_environment(netlet_error* error);

/* The instruction set in use: "baseline", "avx2", "avx512" or "neon"; the best one that the machine has, or what the
 * environment variable NETLET_ISA names; NULL if that is not to be had. Chosen once, on first use. */
NETLET_API const char* netlet_isa(void);
/* The i-th instruction set that this machine can run, best first; NULL from the last on. */
NETLET_API const char* netlet_available_isa(size_t i);
/* Switches the instruction set of the whole process, to compare or to measure; not while another call runs. */
NETLET_API netlet_status netlet_set_isa(const char* name, netlet_error* error);

/* The number of threads that share the work of one call, the caller's included. At first the environment variable
 * NETLET_NUM_THREADS, or else the CPUs in the process's affinity mask. */
NETLET_API size_t netlet_get_num_threads(void);
NETLET_API netlet_status netlet_set_num_threads(size_t count, netlet_error* error); /* 1 to 1024 */

/* ---- arrays ------------------------------------------------------------------------------------------------ */

/* Borrowed rows of numbers. Strides are in bytes, may be zero (the same value again: not "contiguous") or negative, and
 * need no alignment. Another dtype than the network's is converted while it is read, a few rows at a time. */
typedef struct netlet_array {
  const void* data;
  int32_t dtype; /* netlet_dtype */
  size_t rows, columns;
  ptrdiff_t row_stride, column_stride;
} netlet_array;

/* Contiguous values, row after row; dtype: netlet_dtype. */
NETLET_API netlet_array netlet_rows(const void* values, int32_t dtype, size_t rows, size_t columns);

/* ---- networks ---------------------------------------------------------------------------------------------- */

typedef struct netlet_network netlet_network;

typedef struct netlet_config {
  const size_t* layer_sizes; /* inputs, hidden layers, outputs: at least two, none 0 */
  size_t layer_size_count;
  const int32_t* activations; /* netlet_activation, layer_size_count - 1 of them */
  int32_t loss;               /* netlet_loss_kind */
  int32_t reduction;          /* netlet_reduction */
  int32_t dtype;              /* NETLET_FLOAT32 or NETLET_FLOAT64 */
  const double*
      loss_parameters; /* huber: delta > 0; quantile: for each output a number between 0 and 1; NULL: 1, 1/2 */
  size_t loss_parameter_count;
  const double* dropout; /* share of each hidden layer's outputs that training leaves out, 0 <= share < 1; NULL: none */
} netlet_config;

/* All parameters start at 0, from which most networks cannot learn: initialize them next, or write your own values. */
NETLET_API netlet_status netlet_network_create(const netlet_config* config, netlet_network** network,
                                               netlet_error* error);
NETLET_API void netlet_network_free(netlet_network* network); /* NULL is allowed */

/* For an index out of range: size 0, activation -1, dropout and loss parameter NaN. */
NETLET_API size_t netlet_layer_size_count(const netlet_network* network);
NETLET_API size_t netlet_layer_size(const netlet_network* network, size_t i);
NETLET_API size_t netlet_inputs(const netlet_network* network);  /* the first of them */
NETLET_API size_t netlet_outputs(const netlet_network* network); /* the last one */
NETLET_API int netlet_layer_activation(const netlet_network* network, size_t layer);
NETLET_API int netlet_network_loss(const netlet_network* network);
NETLET_API int netlet_network_reduction(const netlet_network* network);
NETLET_API int netlet_network_dtype(const netlet_network* network);
NETLET_API size_t netlet_target_count(const netlet_network* network); /* columns of y: the outputs, or half of them */
NETLET_API size_t netlet_loss_parameter_count(const netlet_network* network);
NETLET_API double netlet_loss_parameter(const netlet_network* network, size_t i);
NETLET_API double netlet_dropout(const netlet_network* network, size_t layer); /* 0 for the output layer */

/* One contiguous buffer of the network's dtype: W1, b1, W2, b2, ...; a weight is (inputs, outputs), row-major. It never
 * moves while the network lives. Writing to it while a call uses the network is a data race. */
NETLET_API void* netlet_parameters(netlet_network* network);
NETLET_API size_t netlet_parameter_count(const netlet_network* network);

/* A network of its own with the same architecture, parameters, scaling, seed and epochs_trained: refused while another
 * call changes them. */
NETLET_API netlet_status netlet_network_copy(const netlet_network* network, netlet_network** copy, netlet_error* error);

/* Sets the parameters to uniform values drawn from the seed, and the network's seed; epochs_trained becomes 0. */
NETLET_API netlet_status netlet_initialize(netlet_network* network, int32_t init, uint64_t seed, netlet_error* error);

/* The seed of dropout in netlet_step; netlet_fit takes that of its options. */
NETLET_API uint64_t netlet_seed(const netlet_network* network);
NETLET_API void netlet_set_seed(netlet_network* network, uint64_t seed);

NETLET_API uint64_t netlet_epochs_trained(const netlet_network* network);
NETLET_API void netlet_set_epochs_trained(netlet_network* network, uint64_t epochs);

/* SHA-256 in hexadecimal over architecture and parameters, to compare two machines. The bytes: the ASCII lines
 * "netlet 1", dtype, layer sizes, activations (each joined by blanks), loss, reduction, every line ended by \n; the
 * loss's parameters as binary64; the network's parameters; scaling of the inputs and of the outputs, where there is
 * any, as the line "inputs\n" or "outputs\n", shifts, scales. Numbers are little-endian, each NaN is the positive quiet
 * NaN without payload. */
NETLET_API netlet_status netlet_fingerprint(const netlet_network* network, char hex[65], netlet_error* error);

/* ---- scaling ------------------------------------------------------------------------------------------------ */

/* A network may bring its inputs to a scale of their own, x = (x - shift) / scale for each column, and its outputs
 * back, y = y scale + shift; everything outside then is in the caller's units, but for the loss and its derivatives by
 * the outputs, whose targets are brought to the network's scale. It is part of the network, as its parameters are.
 * Outputs cannot have a scaling under poisson and the cross entropies. Under gaussian_nll the mean of a target has its
 * shift and scale, and the logarithm of its variance the shift 2 log(scale) and the scale 1. */
typedef enum netlet_scaling_kind { NETLET_SCALE_INPUTS = 1, NETLET_SCALE_OUTPUTS = 2 } netlet_scaling_kind;

/* shift and scale: a value for each input or target; finite, and scale > 0, also in the network's dtype. Both NULL:
 * no scaling. */
NETLET_API netlet_status netlet_set_scaling(netlet_network* network, int32_t kind, const double* shift,
                                            const double* scale, netlet_error* error);
/* Means and standard deviations (1 for a column that never changes) of the rows of an array; sums in binary64. */
NETLET_API netlet_status netlet_learn_scaling(netlet_network* network, int32_t kind, const netlet_array* rows,
                                              netlet_error* error);
/* Values of the network's dtype, NULL if there is no scaling; valid until it is set again, which another thread must
 * not do meanwhile. */
NETLET_API const void* netlet_scaling_shift(const netlet_network* network, int32_t kind);
NETLET_API const void* netlet_scaling_scale(const netlet_network* network, int32_t kind);
/* The same, copied whole: refused while another call changes the network. shift and scale: a value for each input or
 * output; *present becomes 0, and nothing is copied, if there is no scaling. */
NETLET_API netlet_status netlet_copy_scaling(const netlet_network* network, int32_t kind, void* shift, void* scale,
                                             int* present, netlet_error* error);

/* ---- forward and backward ---------------------------------------------------------------------------------- */

/* out: x->rows x outputs values of the network's dtype (float or double: netlet_network_dtype says which), contiguous;
 * it may not overlap x or the parameters, which is not checked. A single row allocates nothing if no layer has more
 * than 1024 outputs and x needs no conversion. x of 0 rows is allowed. */
NETLET_API netlet_status netlet_forward(const netlet_network* network, const netlet_array* x, void* out,
                                        netlet_error* error);

/* The same for a thread that may not wait: on the calling thread alone, in memory of the caller's. It allocates
 * nothing, takes no lock and makes no system call. workspace: memory that no other call uses meanwhile, aligned to the
 * values, better to 64 bytes; netlet_workspace_size gives the bytes that any call for up to `rows` rows needs (SIZE_MAX
 * if their number overflows). A network that another call is changing gives NETLET_ERROR_BUSY at once. A message is
 * written only if `error` is not NULL; formatting it is the C library's work, so a thread that must never wait passes
 * NULL. */
NETLET_API size_t netlet_workspace_size(const netlet_network* network, size_t rows);
NETLET_API netlet_status netlet_forward_realtime(const netlet_network* network, const netlet_array* x, void* out,
                                                 void* workspace, size_t workspace_size,
                                                 netlet_error* error) NETLET_NONBLOCKING;

/* What the outputs for x are compared with: either y, or the derivative of a loss of the caller's own. */
typedef struct netlet_targets {
  const netlet_array* y; /* one row for each row of x; with cross_entropy, one column of an integer dtype: classes */
  const netlet_array*
      sample_weight; /* one column, >= 0, or NULL: it multiplies a row's loss; mean divides by the sum */
  const netlet_array* output_gradient; /* rows x outputs; y is then NULL. Nothing is divided by mean, the loss is 0 */
} netlet_targets;

/* accuracy: the share of rows whose class is right, NaN where there are no classes; may be NULL. */
NETLET_API netlet_status netlet_evaluate(const netlet_network* network, const netlet_array* x,
                                         const netlet_targets* targets, double* loss, double* accuracy,
                                         netlet_error* error);

/* gradient: netlet_parameter_count values of the network's dtype, in the layout of the parameters. loss may be NULL. */
NETLET_API netlet_status netlet_backward(const netlet_network* network, const netlet_array* x,
                                         const netlet_targets* targets, double* loss, void* gradient,
                                         netlet_error* error);

/* The gradient of each row's own loss, nothing divided by mean. By the inputs: out has rows x inputs values; by the
 * parameters: rows x netlet_parameter_count. */
NETLET_API netlet_status netlet_input_gradient(const netlet_network* network, const netlet_array* x,
                                               const netlet_targets* targets, void* out, netlet_error* error);
NETLET_API netlet_status netlet_row_gradients(const netlet_network* network, const netlet_array* x,
                                              const netlet_targets* targets, void* out, netlet_error* error);
/* The derivative of each output by each input: out has rows x outputs x inputs values. */
NETLET_API netlet_status netlet_jacobian(const netlet_network* network, const netlet_array* x, void* out,
                                         netlet_error* error);

/* ---- optimizers -------------------------------------------------------------------------------------------- */

typedef enum netlet_optimizer_kind {
  NETLET_SGD = 0,
  NETLET_ADAM = 1,    /* with weight_decay: AdamW (Loshchilov and Hutter 2019) */
  NETLET_RMSPROP = 2, /* Tieleman and Hinton 2012 */
  NETLET_RPROP = 3    /* iRprop- (Igel and Huesken 2000); for whole batches */
} netlet_optimizer_kind;

typedef struct netlet_optimizer_config {
  int32_t kind;               /* netlet_optimizer_kind */
  int32_t nesterov;           /* sgd: 0 or 1 */
  double learning_rate;       /* > 0; rprop: the length of the first step */
  double momentum;            /* sgd, rmsprop: 0 <= momentum < 1 */
  double beta_1, beta_2;      /* adam: 0 <= beta < 1 */
  double epsilon;             /* adam, rmsprop: > 0 */
  double weight_decay;        /* adam: >= 0; w = w (1 - learning_rate weight_decay) before each step, not for biases */
  double rho;                 /* rmsprop: 0 <= rho < 1 */
  double eta_minus, eta_plus; /* rprop: 0 < eta_minus < 1 < eta_plus */
  double step_min, step_max;  /* rprop: 0 < step_min <= step_max */
  /* what is done with the gradient first, in this order; 0 is nothing */
  double l2, l1;     /* >= 0: l2 w and l1 sign(w) are added, not for biases; the loss that is reported has no penalty */
  double clip_value; /* >= 0: each value is kept within -clip_value and clip_value */
  double clip_norm;  /* >= 0: a longer gradient is brought to this length; not together with clip_value */
} netlet_optimizer_config;

/* The usual settings of a kind, no penalties, no clipping. */
NETLET_API netlet_optimizer_config netlet_optimizer_defaults(int32_t kind);
/* The settings of type double, numbered from 0 whatever the kind: the name ("learning_rate", ...) and the place in
 * `config`; NULL past the last. */
NETLET_API const char* netlet_optimizer_setting_name(int setting);
NETLET_API double* netlet_optimizer_setting(netlet_optimizer_config* config, int setting);

/* How an optimizer goes on after a restart. The powers of beta are kept as running products; the last three belong to
 * the schedule that waits for a plateau. */
typedef struct netlet_optimizer_progress {
  uint64_t steps;
  double beta_1_power, beta_2_power;
  double plateau_factor, plateau_best;
  uint64_t plateau_epochs;
} netlet_optimizer_progress;

/* An optimizer keeps state of the size and dtype of the first network that it is used with, and then only takes
 * networks of that size and dtype. Its slots: sgd with momentum velocity; adam first and second moment; rmsprop mean
 * square and, with momentum, velocity; rprop step length and last gradient. */
typedef struct netlet_optimizer netlet_optimizer;

NETLET_API netlet_status netlet_optimizer_create(const netlet_optimizer_config* config, netlet_optimizer** optimizer,
                                                 netlet_error* error);
NETLET_API void netlet_optimizer_free(netlet_optimizer* optimizer); /* NULL is allowed */
NETLET_API netlet_optimizer_config netlet_optimizer_get_config(const netlet_optimizer* optimizer);
/* For the steps from now on; between steps, or from on_epochs. */
NETLET_API netlet_status netlet_optimizer_set_learning_rate(netlet_optimizer* optimizer, double learning_rate,
                                                            netlet_error* error);
NETLET_API size_t netlet_optimizer_slot_count(const netlet_optimizer* optimizer);
NETLET_API const char* netlet_optimizer_slot_name(const netlet_optimizer* optimizer, size_t slot); /* "velocity", ... */
/* The size and dtype that the optimizer is bound to; size 0 before its first use. */
NETLET_API size_t netlet_optimizer_size(const netlet_optimizer* optimizer);
NETLET_API int netlet_optimizer_dtype(const netlet_optimizer* optimizer);
/* Allocates the slots, filled with 0, as the first use would; for restoring saved state. */
NETLET_API netlet_status netlet_optimizer_bind(netlet_optimizer* optimizer, size_t size, int32_t dtype,
                                               netlet_error* error);
/* NULL if there is no such slot, or while a call uses the optimizer. */
NETLET_API void* netlet_optimizer_slot(netlet_optimizer* optimizer, size_t slot);
/* Copies all slots, one after the other, and the progress, whole: refused while a call uses the optimizer, or if it is
 * not bound to `size` any more. */
NETLET_API netlet_status netlet_optimizer_copy_state(const netlet_optimizer* optimizer, void* slots, size_t size,
                                                     netlet_optimizer_progress* progress, netlet_error* error);
NETLET_API netlet_optimizer_progress netlet_optimizer_get_progress(const netlet_optimizer* optimizer);
NETLET_API void netlet_optimizer_set_progress(netlet_optimizer* optimizer, netlet_optimizer_progress progress);

/* ---- training ---------------------------------------------------------------------------------------------- */

/* One step on one batch; loss is that before the update, and may be NULL. NaN or infinity in the data, or a loss that
 * is not finite, is an error and changes nothing. The parameters are not looked at after the update; fit does that. */
NETLET_API netlet_status netlet_step(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                     netlet_optimizer* optimizer, double* loss, netlet_error* error);

/* One step along a gradient of the caller's own: parameter_count finite values of the network's dtype. */
NETLET_API netlet_status netlet_apply_gradient(netlet_network* network, const void* gradient,
                                               netlet_optimizer* optimizer, netlet_error* error);

/* The optimizer's learning rate is multiplied by a factor in each epoch e, counted over the network's life. */
typedef enum netlet_schedule_kind {
  NETLET_CONSTANT = 0,    /* 1 */
  NETLET_STEP_DECAY = 1,  /* gamma^floor(e / period) */
  NETLET_EXPONENTIAL = 2, /* gamma^e */
  NETLET_COSINE = 3,      /* floor + (1 - floor) (1 + cos(pi e / period)) / 2; floor from epoch `period` on */
  NETLET_PLATEAU = 4,     /* gamma times smaller, down to floor, after `period` epochs without a loss smaller by
                             min_delta; of the validation data, if any */
  NETLET_FUNCTION = 5     /* what the function says */
} netlet_schedule_kind;

typedef struct netlet_schedule {
  int32_t kind;     /* netlet_schedule_kind */
  double gamma;     /* step_decay, exponential, plateau: 0 < gamma <= 1 */
  uint64_t period;  /* step_decay, cosine, plateau: >= 1 */
  double floor;     /* cosine, plateau: 0 <= floor <= 1 */
  double min_delta; /* plateau: >= 0 */
  /* function: writes the factor for an epoch, >= 0 and finite; not 0 ends training with NETLET_ERROR_CALLBACK */
  int (*function)(void* context, uint64_t epoch, double* factor);
} netlet_schedule;

/* What an epoch gave; losses are those of its batches before their updates. */
typedef struct netlet_epoch {
  uint64_t epoch;  /* epochs that the network had seen before this one */
  double loss;     /* reduction sum: of all rows; mean: over all rows */
  double seconds;  /* wall time; of epochs reported together, their mean */
  double accuracy; /* share of rows whose class is right; NaN where there are no classes */
  double learning_rate;
  double validation_loss, validation_accuracy; /* after the epoch; NaN without validation data */
} netlet_epoch;

/* A batch of rows from the caller; what the pointers show must stay until the next one is asked for. */
typedef struct netlet_batch {
  netlet_array x, y;
  const netlet_array* sample_weight; /* may be NULL */
} netlet_batch;

typedef struct netlet_fit_options {
  size_t epochs;       /* at least 1 */
  size_t batch_size;   /* 0, or at least the number of rows: one batch of all rows, never shuffled */
  int32_t shuffle;     /* 0 or 1: a new order each epoch, drawn from (seed, epoch) alone */
  uint64_t seed;       /* of order and dropout; Python takes the network's, netlet_seed(network) */
  int32_t standardize; /* netlet_scaling_kind, added up: learn it from the data first, unless the network has it */
  netlet_schedule schedule;
  const netlet_array* validation_x;         /* NULL: none */
  const netlet_targets* validation_targets; /* y, perhaps sample_weight */
  size_t patience;  /* > 0: end after so many epochs without a loss smaller by min_delta (of the validation data, if
                           any), and go back to the best parameters: those that the last such loss was of. Without
                           validation data that is the start of its epoch */
  double min_delta; /* >= 0 */
  /* Instead of x and targets, which then are NULL: 1 and a batch; 0 at the end of an epoch; negative: training ends
   * with NETLET_ERROR_CALLBACK, the steps done so far stay. Each batch is checked when it comes. */
  int (*next_batch)(void* context, netlet_batch* batch);
  /* Called after each epoch, may be NULL: 0 goes on, a positive number ends training, a negative one ends it with
   * NETLET_ERROR_CALLBACK. It may call forward, evaluate and backward on the network and write to its parameters. */
  int (*on_epochs)(void* context, const netlet_epoch* epochs, size_t count);
  /* 0: on_epochs gets one epoch at a time. 1: epochs of a few microseconds come up to 64 at a time, so that reporting
   * does not take longer than training; on_epochs may then use neither network nor optimizer. */
  int32_t report_together;
  /* Called about every 20 ms between steps, may be NULL: not 0 ends training with NETLET_ERROR_INTERRUPTED. */
  int (*poll)(void* context);
  void* context;
} netlet_fit_options;

/* As Python's fit has it: one epoch, a batch of all rows (shuffled once batch_size makes several), the network's seed,
 * a constant learning rate, nothing called. */
NETLET_API netlet_fit_options netlet_fit_defaults(const netlet_network* network);

/* Trains from first to last epoch. The data must not change meanwhile. All of it is checked for NaN and infinity, and
 * the targets against the loss, before the first step. */
NETLET_API netlet_status netlet_fit(netlet_network* network, const netlet_array* x, const netlet_targets* targets,
                                    netlet_optimizer* optimizer, const netlet_fit_options* options,
                                    netlet_error* error);

/* ---- files -------------------------------------------------------------------------------------------------- */

/* A file is a safetensors file: the parameters under stable names, everything else that makes the network, a checksum
 * over all of it, and a self-test. docs/files.md describes it. Every language writes the same bytes.
 *
 * optimizer: its settings and state go along, so that training can go on to the same bits; NULL: only the network.
 * Parameters that are not finite are refused. May be called from on_epochs.
 *
 * The file is replaced as a whole: if saving fails, or the machine does, the old one is still there. Its owner and
 * permissions stay. A program that is killed meanwhile may leave a file beside it, .netlet-...tmp. */
NETLET_API netlet_status netlet_save(const netlet_network* network, const netlet_optimizer* optimizer, const char* path,
                                     netlet_error* error);
/* The caller frees network and optimizer; netlet_network_dtype and netlet_layer_size say what forward takes and gives.
 * optimizer: NULL if it is not wanted; *optimizer becomes NULL if the file has none. The file is checked: its form to
 * the byte, checksum, values, fingerprint, and that the network gives the bits of the self-test. Nothing is allocated
 * before the sizes have been held against the file's. Files of earlier versions load for ever; if the numerics version
 * was another, the self-test is left out. */
NETLET_API netlet_status netlet_load(const char* path, netlet_network** network, netlet_optimizer** optimizer,
                                     netlet_error* error);

/* The same in memory. netlet_free_bytes takes back what netlet_to_bytes gave. */
NETLET_API netlet_status netlet_to_bytes(const netlet_network* network, const netlet_optimizer* optimizer, void** bytes,
                                         size_t* size, netlet_error* error);
NETLET_API void netlet_free_bytes(void* bytes); /* NULL is allowed */
NETLET_API netlet_status netlet_from_bytes(const void* bytes, size_t size, netlet_network** network,
                                           netlet_optimizer** optimizer, netlet_error* error);

/* Writes `size` bytes to a file, or leaves the old one as it was: what netlet_save does, for files of your own. */
NETLET_API netlet_status netlet_replace_file(const char* path, const void* bytes, size_t size, netlet_error* error);

/* The numerics version under which a loaded network was saved; of other networks, netlet_numerics_version(). */
NETLET_API int netlet_saved_numerics_version(const netlet_network* network);

/* ---- functions ---------------------------------------------------------------------------------------------- */

/* y = function(x) for `count` contiguous values of dtype float32 or float64; y == x is allowed. function: a
 * netlet_activation but softmax, or a netlet_function. */
NETLET_API netlet_status netlet_map(int32_t function, int32_t dtype, size_t count, const void* x, void* y,
                                    netlet_error* error);

#ifdef __cplusplus
}
#endif
#endif
