// Counts a thread's allocations, for tests that require none while running.
#ifndef GIEMSA_ALLOCATION_COUNTER_H
#define GIEMSA_ALLOCATION_COUNTER_H

// Calls of malloc and related functions by this thread so far.
long allocation_count(void);

#endif
