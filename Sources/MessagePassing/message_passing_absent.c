#include "message_passing.h"

#ifndef GIEMSA_MPI
#include <stdlib.h>

// Built without MPI: one rank alone.

int mp_available(void) { return 0; }
int mp_begin(double patience, void (*rescue)(void *context), void *context) {
  return (void)patience, (void)rescue, (void)context, -1;
}
_Noreturn void mp_await_rescue(void) { exit(1); }
void mp_end(void) {}
_Noreturn void mp_abort(int status) { exit(status); }
int mp_rank(void) { return 0; }
int mp_count(void) { return 1; }
int mp_local_count(void) { return 1; }
void mp_sum(double *numbers, int count) { (void)numbers, (void)count; }
void mp_start_sum(float *numbers, int count) { (void)numbers, (void)count; }
void mp_poll(void) {}
void mp_finish_sums(void) {}
void mp_broadcast(void *bytes, size_t count) { (void)bytes, (void)count; }
mp_loss_kind mp_loss(void) { return MP_WHOLE; }
const char *mp_failure(void) { return ""; }
int mp_gone_rank(void) { return -1; }
int mp_is_keeper(void) { return 1; }
#endif
