// What the files of libsodium name that signatures are verified with, and verifying never calls: random numbers, and the end
// of a program that uses it wrongly. libsodium's own would bring most of its algorithms along (19 KB).
#include <stdlib.h>

void randombytes_buf(void *target, size_t count) {
  (void)target, (void)count;
  abort();
}

_Noreturn void sodium_misuse(void) { abort(); }
