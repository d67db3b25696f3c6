// A fork-join thread pool for the parallel loops of inference and training. Works with any cpuset.
#ifndef GIEMSA_THREAD_POOL_H
#define GIEMSA_THREAD_POOL_H

#include <stddef.h>

typedef struct thread_pool thread_pool;

// One task of a loop. `worker` is the index of the executing thread, below the number of threads.
typedef void (*thread_pool_task)(void *context, size_t task, size_t worker);

// A pool of `threads` threads, including the caller. NULL for fewer than two, or if threads cannot be created: a NULL
// pool runs everything on the caller.
thread_pool *thread_pool_create(int threads);

// Ends the threads. Must not be called while a loop runs.
void thread_pool_destroy(thread_pool *pool);

// The number of threads; 1 for NULL.
int thread_pool_threads(const thread_pool *pool);

// Calls task(context, 0 ..< count, worker) on all threads and returns when all tasks are done. Each thread starts with
// a contiguous range in order, so that neighbouring tasks share its cache, and then takes tasks from the others: even with
// as many tasks as threads, one thread may run two of them. Only one caller at a time. Does not allocate.
void thread_pool_run(thread_pool *pool, size_t count, thread_pool_task task, void *context);

// Number of processors that this process may run on (its cpuset), at least 1.
int platform_processor_count(void);

#endif
