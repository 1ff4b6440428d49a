/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns to read handwritten digits on any number of processes, with MPI:
 *
 *   mpiexec -n 4 mpi DIGITS.CSV [BATCH_SIZE]
 *
 * Each process, a rank, keeps some of the rows, and all of them run netlet_fit. Whenever it needs sums over all rows
 * (here the means and deviations of the inputs, then a gradient for each step), each rank sums over its own, the sums are
 * added on the way up a binary tree of ranks, and the total goes back to all of them. So all ranks take the same steps,
 * and the network has the same bits for any number of them: those of Python's fit on all rows. digits.cpp says how to
 * make the file. */
#include <limits.h>
#include <mpi.h>
#include <netlet/netlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 64, DIGITS = 10, BLOCK = 256 }; /* BLOCK: the rows that netlet sums together; a share has whole ones */

static int rank, ranks;

struct share {
  size_t first, rows, all_rows; /* this rank's rows in the file, of all_rows */
  uint8_t *pixels, *digits;
  const netlet_network* network;
  netlet_epoch last;
};

/* Ends all ranks. */
static void fail(const char* message) {
  fprintf(stderr, "mpi: rank %d: %s\n", rank, message);
  const double begin = MPI_Wtime(); /* MPICH's mpiexec may drop what is written just before an abort */
  while (MPI_Wtime() < begin + 0.5) continue;
  MPI_Abort(MPI_COMM_WORLD, 1);
  exit(1);
}

static void check(netlet_status status, const netlet_error* error) {
  if (status != NETLET_OK) fail(error->message);
}

static void* allocate(size_t size) {
  void* const memory = size <= INT_MAX ? malloc(size + 1) : NULL; /* MPI counts in int */
  if (!memory) fail("out of memory, or more than MPI can send at once");
  return memory;
}

/* ---- sums over all ranks */

/* Adds the sums that another rank has to ours; either may be of no rows, and then have no bytes. */
static void* add_those_of(int other, void* ours, size_t* size) {
  MPI_Status status;
  int count;
  MPI_Probe(other, 0, MPI_COMM_WORLD, &status);
  MPI_Get_count(&status, MPI_BYTE, &count);
  void* const theirs = allocate((size_t)count);
  MPI_Recv(theirs, count, MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  void* sum = count ? theirs : ours;
  if (count && *size) {
    netlet_error error;
    size_t sum_size = *size + (size_t)count;
    sum = allocate(sum_size);
    check(netlet_combine(ours, *size, theirs, (size_t)count, sum, &sum_size, &error), &error);
    *size = sum_size;
  } else if (count) {
    *size = (size_t)count;
  }
  if (sum != ours) free(ours);
  if (sum != theirs) free(theirs);
  return sum;
}

/* What netlet_fit calls: on each rank with the same task, and all must come to the same total. */
static int sums(void* context, const netlet_task* task, void* total, size_t total_size) {
  const struct share* const share = context;
  void* ours = NULL;
  size_t size = 0;

  /* the task's rows that are here: all of ours, unless it is of a smaller batch */
  const size_t end = share->first + share->rows, task_end = task->first + task->rows;
  const size_t from = share->first > task->first ? share->first : task->first, to = end < task_end ? end : task_end;
  if (from < to) {
    const size_t at = from - share->first, rows = to - from;
    const netlet_array x = netlet_rows(share->pixels + at * PIXELS, NETLET_UINT8, rows, PIXELS);
    const netlet_array y = netlet_rows(share->digits + at, NETLET_UINT8, rows, 1);
    const netlet_targets targets = {.y = &y};
    netlet_error error;
    size = netlet_partial_size(share->network, task, from - task->first, rows);
    ours = allocate(size);
    check(netlet_partial(share->network, &x, &targets, task, from - task->first, ours, size, &error), &error);
  }

  for (int distance = 1; distance < ranks; distance *= 2) {
    if (rank & distance) {
      MPI_Send(ours, (int)size, MPI_BYTE, rank - distance, 0, MPI_COMM_WORLD);
      break;
    }
    if (rank + distance < ranks) ours = add_those_of(rank + distance, ours, &size);
  }
  if (rank == 0 && size != total_size) fail("the ranks' rows are not all rows of the task");
  if (rank == 0) memcpy(total, ours, total_size);
  free(ours);
  MPI_Bcast(total, (int)total_size, MPI_BYTE, 0, MPI_COMM_WORLD);
  return 0;
}

/* ---- the program */

/* Keeps the lines of this rank's blocks: 64 pixels from 0 to 16, and the digit. */
static void read_share(const char* path, struct share* share) {
  char line[1024], message[1200];
  FILE* const file = fopen(path, "r");
  if (!file) {
    snprintf(message, sizeof message, "%s: cannot be read", path);
    fail(message);
  }
  while (fgets(line, sizeof line, file)) ++share->all_rows;
  const size_t blocks = (share->all_rows + BLOCK - 1) / BLOCK;
  const size_t begin = blocks * (size_t)rank / (size_t)ranks * BLOCK;
  const size_t end = blocks * ((size_t)rank + 1) / (size_t)ranks * BLOCK;
  share->first = begin;
  share->rows = (end < share->all_rows ? end : share->all_rows) - begin;
  share->pixels = allocate(share->rows * PIXELS);
  share->digits = allocate(share->rows);
  rewind(file);
  for (size_t i = 0; i < begin + share->rows && fgets(line, sizeof line, file); ++i) {
    if (i < begin) continue;
    char* at = line;
    for (int k = 0; k <= PIXELS; ++k, ++at) {
      char* after;
      const long value = strtol(at, &after, 10);
      if (after == at || value < 0 || value > UCHAR_MAX ||
          (k < PIXELS ? *after != ',' : strchr("\r\n", *after) == NULL)) {
        snprintf(message, sizeof message, "%s, line %zu: expected 65 numbers", path, i + 1);
        fail(message);
      }
      *(k < PIXELS ? &share->pixels[(i - begin) * PIXELS + (size_t)k] : &share->digits[i - begin]) = (uint8_t)value;
      at = after;
    }
  }
  fclose(file);
}

static int keep_last(void* context, const netlet_epoch* epochs, size_t count) {
  ((struct share*)context)->last = epochs[count - 1];
  return 0;
}

int main(int count, char** arguments) {
  const size_t layer_sizes[] = {PIXELS, 40, DIGITS};
  const int32_t activations[] = {NETLET_RELU, NETLET_SOFTMAX};
  const netlet_config config = {.layer_sizes = layer_sizes,
                                .layer_size_count = 3,
                                .activations = activations,
                                .loss = NETLET_CROSS_ENTROPY,
                                .reduction = NETLET_MEAN,
                                .dtype = NETLET_FLOAT64};
  netlet_optimizer_config adam = netlet_optimizer_defaults(NETLET_ADAM);
  netlet_network* network = NULL;
  netlet_optimizer* optimizer = NULL;
  netlet_error error;
  struct share share = {0};
  char fingerprint[65], of_rank_0[65];

  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (count != 2 && count != 3) fail("usage: mpi DIGITS.CSV [BATCH_SIZE]");
  read_share(arguments[1], &share);

  /* the same on all ranks */
  netlet_set_num_threads(1, NULL); /* as a rank has one core */
  adam.learning_rate = 0.01;
  check(netlet_network_create(&config, &network, &error), &error);
  check(netlet_initialize(network, NETLET_HE_UNIFORM, 0, &error), &error);
  check(netlet_optimizer_create(&adam, &optimizer, &error), &error);
  netlet_fit_options options = netlet_fit_defaults(network);
  options.epochs = 50;
  options.standardize = NETLET_SCALE_INPUTS;
  options.sums = sums;
  options.rows = share.all_rows;
  /* Batches must be of whole blocks, and unshuffled: their rows stay where they are. (Where they are small, deal the
   * blocks of each of them to the ranks, so that all have something to do.) */
  if (count == 3) {
    const long size = strtol(arguments[2], NULL, 10);
    if (size <= 0 || size % BLOCK) fail("BATCH_SIZE: expected a multiple of 256");
    options.batch_size = (size_t)size;
  }
  options.shuffle = 0;
  options.on_epochs = keep_last;
  options.context = &share;
  share.network = network;
  check(netlet_fit(network, NULL, NULL, optimizer, &options, &error), &error);

  check(netlet_fingerprint(network, fingerprint, &error), &error);
  memcpy(of_rank_0, fingerprint, sizeof fingerprint);
  MPI_Bcast(of_rank_0, sizeof of_rank_0, MPI_CHAR, 0, MPI_COMM_WORLD);
  if (strcmp(fingerprint, of_rank_0) != 0) fail("the network differs from that of rank 0");
  if (rank == 0)
    printf("loss %.6f, %.2f %% read right\nfingerprint %s\n", share.last.loss, 100 * share.last.accuracy, fingerprint);

  netlet_optimizer_free(optimizer);
  netlet_network_free(network);
  free(share.pixels);
  free(share.digits);
  MPI_Finalize();
  return 0;
}
