// Counts allocations of a thread: for tests that say "no allocation while running", or "only so many bytes".
#ifndef GIEMSA_ALLOCATION_COUNTER_H
#define GIEMSA_ALLOCATION_COUNTER_H

// Calls of malloc and its relatives by this thread so far.
long allocation_count(void);

// Bytes that they asked for.
long allocated_bytes(void);

#endif
