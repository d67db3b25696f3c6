// The static field program's entry point, and the glibc functions that Debian's libpng needs and musl lacks.
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

int giemsa_field_main(int count, char **arguments);  // SwiftPM's name for the executable's main

int main(int count, char **arguments) {
  platform_keep_standard_streams();
  platform_keep_arguments(count, arguments);
  return giemsa_field_main(count, arguments);
}

void *__memcpy_chk(void *target, const void *source, size_t count, size_t room) {
  if (count > room) abort();
  return memcpy(target, source, count);
}

_Noreturn void __longjmp_chk(jmp_buf where, int value) { longjmp(where, value); }

// libpng's default error output, which PNGShim's handlers replace: defined here to keep printf out of the program.
int __fprintf_chk(void *stream, int flag, const char *format, ...) {
  (void)stream;
  (void)flag;
  (void)format;
  return 0;
}

// The following stubs keep unused code out of the program: one of libpng's functions needs strtod; protobuf-c uses assert,
// which needs fprintf.

double strtod(const char *text, char **end) {
  if (end) *end = (char *)text;
  return 0;
}

_Noreturn void __assert_fail(const char *claim, const char *file, int line, const char *function) {
  (void)file;
  (void)line;
  (void)function;
  platform_write(2, claim, strlen(claim));
  platform_write(2, " does not hold\n", 15);
  abort();
}
