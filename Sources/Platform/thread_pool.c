#define _GNU_SOURCE
#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

// How long waiting threads spin for work (or its end) before they sleep: longer than the gap between two layers, too
// short to heat a laptop.
enum { SPIN_NANOSECONDS = 50 * 1000, LARGEST_POOL = 1024, CACHE_LINE = 64 };

typedef struct {
  _Alignas(CACHE_LINE) atomic_size_t next;
  size_t end;
} share;

// `state` encodes the current loop and the threads in it: loop number << 32 | open << 31 | number of threads inside. A
// thread may enter only while the loop is open. The caller closes it when no task is left and waits for the threads
// inside, so a thread that sleeps through a loop delays nobody.
static const uint64_t OPEN = (uint64_t)1 << 31, INSIDE = OPEN - 1;

struct thread_pool {
  _Alignas(CACHE_LINE) _Atomic uint64_t state;
  _Alignas(CACHE_LINE) atomic_int sleepers;
  atomic_int caller_sleeps;
  atomic_int ending;
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  // The current loop; written only while no thread is inside.
  thread_pool_task task;
  void *context;
  int threads;
  pthread_t *handles;
  share shares[];  // one for each thread
};

typedef struct {
  thread_pool *pool;
  size_t worker;
} starter;

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void breathe(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Takes tasks from the worker's own range, then from the other workers'.
static void work_off(thread_pool *pool, size_t worker) {
  const size_t threads = (size_t)pool->threads;
  for (size_t turn = 0; turn < threads; turn++) {
    share *mine = &pool->shares[(worker + turn) % threads];
    for (;;) {
      size_t task = atomic_fetch_add_explicit(&mine->next, 1, memory_order_relaxed);
      if (task >= mine->end) break;
      pool->task(pool->context, task, worker);
    }
  }
}

static int is_news(uint64_t state, uint64_t seen) { return (state >> 32) != seen && (state & OPEN); }

static void *serve(void *argument) {
  starter start = *(starter *)argument;
  free(argument);
  thread_pool *pool = start.pool;
  uint64_t seen = 0;
  for (;;) {
    uint64_t state = atomic_load(&pool->state);
    uint64_t deadline = 0;
    while (!is_news(state, seen) && !atomic_load_explicit(&pool->ending, memory_order_relaxed)) {
      for (int i = 0; i < 32 && !is_news(state, seen); i++) {
        breathe();
        state = atomic_load(&pool->state);
      }
      uint64_t now = nanoseconds();
      if (!deadline) deadline = now + SPIN_NANOSECONDS;
      if (now < deadline || is_news(state, seen)) continue;
      pthread_mutex_lock(&pool->mutex);
      atomic_fetch_add(&pool->sleepers, 1);
      while (!is_news(state = atomic_load(&pool->state), seen) && !atomic_load(&pool->ending))
        pthread_cond_wait(&pool->work, &pool->mutex);
      atomic_fetch_sub(&pool->sleepers, 1);
      pthread_mutex_unlock(&pool->mutex);
    }
    if (atomic_load(&pool->ending)) return NULL;
    if (!atomic_compare_exchange_strong(&pool->state, &state, state + 1)) continue;
    seen = state >> 32;
    work_off(pool, start.worker);
    state = atomic_fetch_sub(&pool->state, 1) - 1;
    if (!(state & OPEN) && !(state & INSIDE) && atomic_load(&pool->caller_sleeps)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->done);
      pthread_mutex_unlock(&pool->mutex);
    }
  }
}

thread_pool *thread_pool_create(int threads) {
  if (threads < 2) return NULL;
  if (threads > LARGEST_POOL) threads = LARGEST_POOL;
  thread_pool *pool = aligned_alloc(CACHE_LINE, sizeof *pool + (size_t)threads * sizeof(share));
  if (!pool) return NULL;
  pool->handles = calloc((size_t)threads - 1, sizeof *pool->handles);
  if (!pool->handles) {
    free(pool);
    return NULL;
  }
  atomic_init(&pool->state, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->caller_sleeps, 0);
  atomic_init(&pool->ending, 0);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  pool->task = NULL;
  pool->context = NULL;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  int made = 0;
  while (made + 1 < threads) {
    starter *start = malloc(sizeof *start);
    if (!start) break;
    *start = (starter){pool, (size_t)made + 1};
    if (pthread_create(&pool->handles[made], &attributes, serve, start) != 0) {
      free(start);
      break;
    }
    made++;
  }
  pthread_attr_destroy(&attributes);
  // `threads` is not read before the first loop. Fewer threads than requested still form a pool, unless there are none.
  pool->threads = made + 1;
  if (made == 0) {
    thread_pool_destroy(pool);
    return NULL;
  }
  return pool;
}

void thread_pool_destroy(thread_pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->ending, 1);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i + 1 < pool->threads; i++) pthread_join(pool->handles[i], NULL);
  pthread_cond_destroy(&pool->work);
  pthread_cond_destroy(&pool->done);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->handles);
  free(pool);
}

int thread_pool_threads(const thread_pool *pool) { return pool ? pool->threads : 1; }

void thread_pool_run(thread_pool *pool, size_t count, thread_pool_task task, void *context) {
  if (!pool || count < 2) {
    for (size_t i = 0; i < count; i++) task(context, i, 0);
    return;
  }
  const size_t threads = (size_t)pool->threads;
  pool->task = task;
  pool->context = context;
  for (size_t i = 0; i < threads; i++) {
    atomic_store_explicit(&pool->shares[i].next, count * i / threads, memory_order_relaxed);
    pool->shares[i].end = count * (i + 1) / threads;
  }
  uint64_t loop = (atomic_load(&pool->state) >> 32) + 1;
  if (loop > UINT32_MAX) loop = 1;
  atomic_store(&pool->state, loop << 32 | OPEN);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }
  work_off(pool, 0);
  uint64_t state = atomic_fetch_and(&pool->state, ~OPEN) & ~OPEN;
  uint64_t deadline = 0;
  while (state & INSIDE) {
    for (int i = 0; i < 32 && (state & INSIDE); i++) {
      breathe();
      state = atomic_load(&pool->state);
    }
    uint64_t now = nanoseconds();
    if (!deadline) deadline = now + SPIN_NANOSECONDS;
    if (now < deadline || !(state & INSIDE)) continue;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, 1);
    while ((state = atomic_load(&pool->state)) & INSIDE) pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, 0);
    pthread_mutex_unlock(&pool->mutex);
  }
}

int platform_processor_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  return 1;
}
