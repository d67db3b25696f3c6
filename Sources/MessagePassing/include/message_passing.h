// What training on several machines needs of MPI, and nothing else. Built without the package trait MPI there is none:
// mp_available() is 0 then, and nobody may call the rest.
//
// One thread calls (MPI_THREAD_FUNNELED): the one that called mp_begin(). Once another rank is lost, or this one is told
// to end, every call returns at once, sums mean nothing, and mp_loss() says why. If MPI itself does not return (Open MPI
// 4.1 locks itself in when a peer of a TCP connection dies), a second thread does what is left to do.
#ifndef GIEMSA_MESSAGE_PASSING_H
#define GIEMSA_MESSAGE_PASSING_H

#include <stddef.h>

int mp_available(void);

typedef enum {
  MP_WHOLE = 0,
  MP_TOLD,      // SIGTERM or SIGINT came: so mpirun ends all ranks when one has died, or when somebody stops it
  MP_ORPHANED,  // the program that started this rank is gone
  MP_SILENT,    // another rank gave no answer for too long
  MP_FAILED,    // MPI said so: mp_failure()
} mp_loss_kind;

// Joins the other ranks. From now on SIGTERM and SIGINT are losses too.
//
// patience  seconds after which a rank that gives no answer is lost
// rescue    called once after a loss, on a thread of its own, when the first thread is within a call of MPI or in
//           mp_await_rescue(): so nothing changes meanwhile. It ends the process.
//
// Returns 0, or -1 where MPI does not start.
int mp_begin(double patience, void (*rescue)(void *context), void *context);
_Noreturn void mp_await_rescue(void);
// Leaves them; waits for the others to do so too. From then on nobody is lost.
void mp_end(void);
// Ends all ranks, this one as well, without waiting for anybody.
_Noreturn void mp_abort(int status);

int mp_rank(void);
int mp_count(void);
// Ranks on this machine.
int mp_local_count(void);

// numbers[i] becomes its sum over all ranks, the same on each.
void mp_sum(double *numbers, int count);
// The same of floats, under way when this returns and done when mp_finish_sums() has returned; the memory must not be
// touched between. mp_poll() brings sums under way a step further: MPI has no thread of its own for it.
void mp_start_sum(float *numbers, int count);
void mp_poll(void);
void mp_finish_sums(void);
// Rank 0's bytes, on every rank.
void mp_broadcast(void *bytes, size_t count);

mp_loss_kind mp_loss(void);
const char *mp_failure(void);
// What was known when the loss was noticed: a rank of this machine that was gone (-1: none), and whether this rank is
// the one to save: the first that is left on rank 0's machine.
int mp_gone_rank(void);
int mp_is_keeper(void);

#endif
