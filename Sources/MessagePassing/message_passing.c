#define _GNU_SOURCE
#include "message_passing.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "open_mpi.h"

enum {
  MOST_SUMS = 4096,  // in progress at once
  SPINS = 200,       // tests of a request before yielding the processor
  PIECE = 64 << 20,  // bytes of one broadcast
};

static open_mpi mpi;
static int rank, count, local_count;
static double patience;
static pid_t parent;
// The ranks on this machine in ascending order, their process ids, and whether rank 0 is among them.
static int *local_ranks;
static int *local_processes;
static int is_beside_first;
// Sums in progress, in the order in which they began.
static MPI_Request sums[MOST_SUMS];
static int sum_count;

// Held by the first thread except in its calls of MPI, and finally by the thread that rescues.
static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
#define OUTSIDE(call) (pthread_mutex_unlock(&state), outcome = (call), pthread_mutex_lock(&state), went_well(outcome))
static sem_t lost;
static void (*rescue)(void *);
static void *rescue_context;
// 1 from mp_begin() to mp_end(): only then can a rank be lost.
static volatile sig_atomic_t is_joined;

static volatile sig_atomic_t loss;
static volatile sig_atomic_t gone_rank = -1;
static volatile sig_atomic_t is_keeper;
static char failure[MPI_MAX_ERROR_STRING];

int mp_available(void) { return open_mpi_load(&mpi); }
int mp_rank(void) { return rank; }
int mp_count(void) { return count; }
int mp_local_count(void) { return local_count; }
const char *mp_failure(void) { return failure; }
int mp_gone_rank(void) { return gone_rank; }
int mp_is_keeper(void) { return is_keeper; }

// Returns the first rank of this machine whose process has ended, or -1. Safe in a signal handler.
static int gone(int *keeps) {
  int first = -1;
  *keeps = is_beside_first;
  for (int i = 0; i < local_count; i++) {
    int lives = kill(local_processes[i], 0) == 0 || errno != ESRCH;
    if (!lives && first < 0) first = local_ranks[i];
    if (lives && local_ranks[i] < rank) *keeps = 0;
  }
  return first;
}

// Looks for ended processes at once: a moment later, ranks that end because of the loss would look like its cause.
static void lose(mp_loss_kind kind) {
  if (loss || !is_joined) return;
  int keeps;
  gone_rank = gone(&keeps);
  is_keeper = keeps;
  loss = kind;
  sem_post(&lost);
}

static void told(int signal) {
  int error = errno, keeps;
  // mpirun sends SIGCONT to all ranks a second before SIGTERM. SIGCONT alone may have another reason.
  if (signal != SIGCONT || gone(&keeps) >= 0) lose(MP_TOLD);
  errno = error;
}

mp_loss_kind mp_loss(void) {
  if (!loss && parent && getppid() != parent) lose(MP_ORPHANED);
  return (mp_loss_kind)loss;
}

static void *stand_by(void *unused) {
  (void)unused;
  for (;;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (sem_timedwait(&lost, &until) == 0) break;
    mp_loss();
  }
  pthread_mutex_lock(&state);
  rescue(rescue_context);
  _exit(1);
}

_Noreturn void mp_await_rescue(void) {
  pthread_mutex_unlock(&state);
  for (;;) pause();
}

// Runs if MPI or its helpers call exit().
static void ending(void) {
  if (!is_joined) return;
  lose(MP_FAILED);
  for (;;) pause();
}

static int went_well(int error) {
  if (error == MPI_SUCCESS) return 1;
  int length;
  if (!loss && mpi.Error_string(error, failure, &length) != MPI_SUCCESS) strcpy(failure, "an error of MPI");
  lose(MP_FAILED);
  return 0;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Not MPI_Wait: that never returns once another rank is gone, and it spins without yielding.
static void await(MPI_Request *request) {
  double waited = 0, last = 0;
  for (int turn = 0;; turn++) {
    int done = 0, outcome;
    if (loss || !OUTSIDE(mpi.Test(request, &done, MPI_STATUS_IGNORE)) || done) return;
    if (turn < SPINS) continue;
    if (mp_loss()) return;
    double now = seconds(), since = last > 0 ? now - last : 0;
    last = now;
    // Time in which the machine slept or the program was stopped does not count.
    waited += since < 1 ? since : 1;
    if (waited > patience) {
      lose(MP_SILENT);
    } else if (waited < 2e-3) {
      sched_yield();
    } else {
      nanosleep(&(struct timespec){.tv_nsec = waited < 1 ? 50000 : 1000000}, NULL);
    }
  }
}

int mp_begin(double seconds_to_wait, void (*call)(void *context), void *context) {
  int given;
  if (mpi.Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS) return -1;
  mpi.Comm_set_errhandler(mpi.COMM_WORLD, mpi.ERRORS_RETURN);
  mpi.Comm_rank(mpi.COMM_WORLD, &rank);
  mpi.Comm_size(mpi.COMM_WORLD, &count);
  MPI_Comm local;
  if (mpi.Comm_split_type(mpi.COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, mpi.INFO_NULL, &local) != MPI_SUCCESS) return -1;
  mpi.Comm_size(local, &local_count);
  local_ranks = calloc((size_t)local_count, sizeof *local_ranks);
  local_processes = calloc((size_t)local_count, sizeof *local_processes);
  if (!local_ranks || !local_processes) return -1;
  int process = (int)getpid();
  if (mpi.Allgather(&rank, 1, mpi.INT, local_ranks, 1, mpi.INT, local) != MPI_SUCCESS ||
      mpi.Allgather(&process, 1, mpi.INT, local_processes, 1, mpi.INT, local) != MPI_SUCCESS)
    return -1;
  mpi.Comm_free(&local);
  is_beside_first = local_ranks[0] == 0;
  patience = seconds_to_wait;
  // A single rank does not depend on the process that started it.
  parent = count > 1 ? getppid() : 0;
  rescue = call;
  rescue_context = context;
  pthread_t thread;
  pthread_mutex_lock(&state);
  if (sem_init(&lost, 0, 0) != 0 || pthread_create(&thread, NULL, stand_by, NULL) != 0) return -1;
  is_joined = 1;
  atexit(ending);
  struct sigaction action = {.sa_handler = told, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGCONT, &action, NULL);
  // Output after mpirun is gone is lost; dying of SIGPIPE would lose the state too.
  signal(SIGPIPE, SIG_IGN);
  return 0;
}

void mp_end(void) {
  int outcome;
  // The work is complete: a rank that dies now loses nothing.
  is_joined = 0;
  OUTSIDE(mpi.Finalize());
}

_Noreturn void mp_abort(int status) {
  is_joined = 0;
  // If MPI_Abort hangs: dying of SIGALRM ends the other ranks as well.
  signal(SIGALRM, SIG_DFL);
  alarm(10);
  mpi.Abort(mpi.COMM_WORLD, status);
  _exit(status);
}

void mp_sum(double *numbers, int n) {
  MPI_Request request;
  int outcome;
  if (mp_loss()) return;
  if (OUTSIDE(mpi.Iallreduce(MPI_IN_PLACE, numbers, n, mpi.DOUBLE, mpi.SUM, mpi.COMM_WORLD, &request)))
    await(&request);
}

void mp_start_sum(float *numbers, int n) {
  int outcome;
  if (mp_loss()) return;
  if (sum_count == MOST_SUMS) mp_finish_sums();
  MPI_Request *request = &sums[sum_count];
  if (OUTSIDE(mpi.Iallreduce(MPI_IN_PLACE, numbers, n, mpi.FLOAT, mpi.SUM, mpi.COMM_WORLD, request))) sum_count++;
}

void mp_poll(void) {
  int index, done, outcome;
  if (!loss && sum_count > 0) OUTSIDE(mpi.Testany(sum_count, sums, &index, &done, MPI_STATUS_IGNORE));
}

void mp_finish_sums(void) {
  for (int i = 0; i < sum_count; i++) await(&sums[i]);
  sum_count = 0;
}

void mp_broadcast(void *bytes, size_t n) {
  for (size_t first = 0; first < n && !mp_loss(); first += PIECE) {
    size_t piece = n - first < PIECE ? n - first : PIECE;
    MPI_Request request;
    int outcome;
    if (OUTSIDE(mpi.Ibcast((char *)bytes + first, (int)piece, mpi.BYTE, 0, mpi.COMM_WORLD, &request)))
      await(&request);
  }
}
