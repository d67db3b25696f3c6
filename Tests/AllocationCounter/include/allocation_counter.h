// Counts what a thread allocates: for tests that say "no allocation while running".
#ifndef GIEMSA_ALLOCATION_COUNTER_H
#define GIEMSA_ALLOCATION_COUNTER_H

// Calls of malloc and its relatives by this thread so far.
long allocation_count(void);

#endif
