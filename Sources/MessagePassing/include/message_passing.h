// The part of MPI that training on several machines needs, by Open MPI, which mp_available() loads. Where that returns 0,
// Open MPI is not installed, and no other function may be called.
//
// All calls come from one thread (MPI_THREAD_FUNNELED), the one that called mp_begin(). Once another rank is lost, or this
// one is told to end, every call returns at once, sums are meaningless, and mp_loss() says why. MPI itself may never
// return: Open MPI 4.1 blocks forever when the peer of a TCP connection dies. A second thread then calls `rescue`.
#ifndef GIEMSA_MESSAGE_PASSING_H
#define GIEMSA_MESSAGE_PASSING_H

#include <stddef.h>

int mp_available(void);

typedef enum {
  MP_WHOLE = 0,
  MP_TOLD,      // SIGTERM or SIGINT came. mpirun sends them to all ranks when one has died or somebody stops the run
  MP_ORPHANED,  // the program that started this rank is gone
  MP_SILENT,    // another rank did not answer in time
  MP_FAILED,    // MPI reported an error: mp_failure()
} mp_loss_kind;

// Joins the other ranks. From now on SIGTERM and SIGINT count as losses.
//
// patience  seconds after which a rank that does not answer is lost
// rescue    called once after a loss, on a thread of its own, while the first thread is in a call of MPI or in
//           mp_await_rescue(), so that the program's state does not change. It must end the process.
//
// Returns 0, or -1 if MPI does not start.
int mp_begin(double patience, void (*rescue)(void *context), void *context);
_Noreturn void mp_await_rescue(void);
// Leaves the group and waits until all ranks do. From then on no rank counts as lost.
void mp_end(void);
// Ends all ranks, including this one, without waiting.
_Noreturn void mp_abort(int status);

int mp_rank(void);
int mp_count(void);
// Ranks on this machine.
int mp_local_count(void);

// Replaces each number by its sum over all ranks. The result is the same on all of them.
void mp_sum(double *numbers, int count);
// Begins the same for floats. The memory must not be touched until mp_finish_sums() returns. mp_poll() advances the sums in
// progress: MPI has no thread of its own for that.
void mp_start_sum(float *numbers, int count);
void mp_poll(void);
void mp_finish_sums(void);
// Copies rank 0's bytes to every rank.
void mp_broadcast(void *bytes, size_t count);

mp_loss_kind mp_loss(void);
const char *mp_failure(void);
// State at the moment of the loss: a rank of this machine whose process had ended (-1: none), and whether this rank is the
// one to save, the first rank left on rank 0's machine.
int mp_gone_rank(void);
int mp_is_keeper(void);

#endif
