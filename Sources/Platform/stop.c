// Signals that end a program after its work in hand.
#include <signal.h>
#include <stdlib.h>

#include "platform.h"

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { NUMBERS = sizeof numbers / sizeof *numbers };
static struct sigaction before[NUMBERS];
static volatile sig_atomic_t stopped_by;

static void restore(void) {
  for (int i = 0; i < NUMBERS; i++) sigaction(numbers[i], &before[i], NULL);
}

// A second signal has its usual effect.
static void note(int number) {
  stopped_by = number;
  restore();
}

void platform_catch_stops(void) {
  for (int i = 0; i < NUMBERS; i++) sigaction(numbers[i], NULL, &before[i]);
  for (int i = 0; i < NUMBERS; i++) {
    if (!(before[i].sa_flags & SA_SIGINFO) && before[i].sa_handler == SIG_IGN) continue;
    struct sigaction wanted = {.sa_handler = note};
    sigfillset(&wanted.sa_mask);
    sigaction(numbers[i], &wanted, NULL);
  }
}

int platform_stopped_by(void) { return stopped_by; }

void platform_stop(void) {
  restore();
  raise(stopped_by);
  // Reached only if the signal's usual effect is not to end the program.
  exit(128 + stopped_by);
}
