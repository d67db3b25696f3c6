#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "platform.h"

typedef struct {
  pthread_t handle;
  void (*body)(void *context);
  void *context;
} thread;

static void *begin(void *started) {
  const thread *self = started;
  self->body(self->context);
  return NULL;
}

void *platform_thread_start(void (*body)(void *context), void *context) {
  thread *started = malloc(sizeof *started);
  if (!started) return NULL;
  *started = (thread){.body = body, .context = context};
  if (pthread_create(&started->handle, NULL, begin, started) == 0) return started;
  free(started);
  return NULL;
}

void platform_thread_join(void *started) {
  pthread_join(((thread *)started)->handle, NULL);
  free(started);
}

void *platform_semaphore_create(unsigned count) {
  sem_t *semaphore = malloc(sizeof *semaphore);
  if (semaphore && sem_init(semaphore, 0, count) == 0) return semaphore;
  free(semaphore);
  return NULL;
}

void platform_semaphore_wait(void *semaphore) {
  while (sem_wait(semaphore) != 0 && errno == EINTR) {
  }
}

void platform_semaphore_post(void *semaphore) { sem_post(semaphore); }

void platform_semaphore_destroy(void *semaphore) {
  sem_destroy(semaphore);
  free(semaphore);
}
