#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "train_team.h"

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() ((void)0)
#endif

// Members look for work for about 50 µs, the gap between two layers, before they sleep.
enum { SPINS = 2000 };

struct train_team {
  int threads;
  pthread_t *members;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  _Atomic unsigned round;  // counts the jobs; a change is the signal
  _Atomic int running;
  _Atomic int stop;
  void (*work)(void *, int, int);
  void *context;
};

typedef struct {
  train_team *team;
  int index;
} membership;

static void *member(void *argument) {
  membership self = *(membership *)argument;
  free(argument);
  train_team *team = self.team;
  unsigned seen = 0;
  for (;;) {
    int spins = SPINS;
    while (atomic_load_explicit(&team->round, memory_order_acquire) == seen && spins > 0) {
      RELAX();
      spins--;
    }
    if (atomic_load_explicit(&team->round, memory_order_acquire) == seen) {
      pthread_mutex_lock(&team->lock);
      while (atomic_load(&team->round) == seen) pthread_cond_wait(&team->wake, &team->lock);
      pthread_mutex_unlock(&team->lock);
    }
    seen++;
    if (atomic_load(&team->stop)) return NULL;
    team->work(team->context, self.index, team->threads);
    atomic_fetch_sub_explicit(&team->running, 1, memory_order_release);
  }
}

static void start_round(train_team *team) {
  pthread_mutex_lock(&team->lock);
  atomic_fetch_add_explicit(&team->round, 1, memory_order_release);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->lock);
}

train_team *train_team_create(int threads) {
  if (threads < 1) threads = 1;
  train_team *team = calloc(1, sizeof *team);
  if (!team) return NULL;
  team->members = calloc((size_t)threads, sizeof *team->members);
  if (!team->members) {
    free(team);
    return NULL;
  }
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->wake, NULL);
  team->threads = 1;
  for (int index = 1; index < threads; index++) {
    membership *self = malloc(sizeof *self);
    if (self) *self = (membership){team, index};
    if (!self || pthread_create(&team->members[index], NULL, member, self) != 0) {
      free(self);
      train_team_destroy(team);
      return NULL;
    }
    team->threads++;
  }
  return team;
}

void train_team_destroy(train_team *team) {
  if (!team) return;
  atomic_store(&team->stop, 1);
  start_round(team);
  for (int index = 1; index < team->threads; index++) pthread_join(team->members[index], NULL);
  pthread_cond_destroy(&team->wake);
  pthread_mutex_destroy(&team->lock);
  free(team->members);
  free(team);
}

int train_team_size(const train_team *team) { return team->threads; }

void train_team_run(train_team *team, void (*work)(void *, int, int), void *context) {
  if (team->threads == 1) {
    work(context, 0, 1);
    return;
  }
  team->work = work;
  team->context = context;
  atomic_store_explicit(&team->running, team->threads - 1, memory_order_relaxed);
  start_round(team);
  work(context, 0, team->threads);
  for (int spins = 0; atomic_load_explicit(&team->running, memory_order_acquire) > 0;) {
    RELAX();
    // The last member may have been put to sleep by the system: leave it the processor.
    if (++spins > 20000) {
      spins = 0;
      sched_yield();
    }
  }
}
