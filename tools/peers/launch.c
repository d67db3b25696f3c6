// launch COMMAND ARGUMENT…: runs it and prints one line of JSON on standard output: wall-clock milliseconds from before the
// process exists to after its end, processor milliseconds, its peak memory, and its exit status (255: ended by a signal). The
// command's own output is discarded.
//
// A small program, because on Linux a child's peak includes its parent's memory at the fork.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(struct timeval t) { return t.tv_sec * 1e3 + t.tv_usec / 1e3; }

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const double start = now();
  const pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    const int nothing = open("/dev/null", O_WRONLY);
    if (nothing >= 0) dup2(nothing, 1);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) return 1;
  printf(
      "{\"ms\": %.3f, \"cpu_ms\": %.3f, \"peak_mib\": %.2f, \"status\": %d}\n", now() - start,
      milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), (double)usage.ru_maxrss / 1024,
      WIFEXITED(status) ? WEXITSTATUS(status) : 255);
  return 0;
}
