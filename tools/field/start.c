// The static field program's entry, and what Debian's libpng, compiled for glibc, wants of a C library that is musl.
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

int giemsa_field_main(int count, char **arguments);  // SwiftPM's name for the executable's main

int main(int count, char **arguments) {
  platform_keep_arguments(count, arguments);
  return giemsa_field_main(count, arguments);
}

void *__memcpy_chk(void *target, const void *source, size_t count, size_t room) {
  if (count > room) abort();
  return memcpy(target, source, count);
}

_Noreturn void __longjmp_chk(jmp_buf where, int value) { longjmp(where, value); }

// libpng's own way of complaining, which PNGShim's handlers replace: printf's code stays out of the program.
int __fprintf_chk(void *stream, int flag, const char *format, ...) {
  (void)stream;
  (void)flag;
  (void)format;
  return 0;
}
