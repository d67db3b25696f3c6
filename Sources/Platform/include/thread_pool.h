// Threads that share loops: fork, join, nothing else. Works in a cpuset of any size.
#ifndef GIEMSA_THREAD_POOL_H
#define GIEMSA_THREAD_POOL_H

#include <stddef.h>

typedef struct thread_pool thread_pool;

// One part of a loop; `worker` is below the number of threads and belongs to one thread at a time.
typedef void (*thread_pool_task)(void *context, size_t task, size_t worker);

// A pool of `threads` threads, the caller's counted; NULL for fewer than two, or where threads cannot be made: a NULL
// pool runs everything on the caller.
thread_pool *thread_pool_create(int threads);

// Ends the threads. Not while a loop runs.
void thread_pool_destroy(thread_pool *pool);

// Threads that share a loop: 1 for NULL.
int thread_pool_threads(const thread_pool *pool);

// Calls task(context, 0 ..< count, worker) on all threads and returns when all are done. Each thread begins with a
// contiguous share, in order, so that neighbouring tasks share what is in its cache, and then helps the others.
// One caller at a time. Allocates nothing.
void thread_pool_run(thread_pool *pool, size_t count, thread_pool_task task, void *context);

// Processors this process may run on (its cpuset), at least 1.
int platform_processor_count(void);

#endif
