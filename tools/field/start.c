// The static field program's entry point, and the glibc functions that Debian's libraries need and musl lacks.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

void __explicit_bzero_chk(void *bytes, size_t count, size_t room) {
  if (count > room) abort();
  explicit_bzero(bytes, count);
}

_Noreturn void __longjmp_chk(jmp_buf where, int value) { longjmp(where, value); }

int __snprintf_chk(char *text, size_t count, int flag, size_t room, const char *format, ...) {
  (void)flag;
  if (count > room) abort();
  va_list values;
  va_start(values, format);
  const int written = vsnprintf(text, count, format, values);
  va_end(values);
  return written;
}

// Default error output of libpng and libtiff, which our handlers replace.
int __fprintf_chk(void *stream, int flag, const char *format, ...) {
  (void)stream;
  (void)flag;
  (void)format;
  return 0;
}

int __vfprintf_chk(void *stream, int flag, const char *format, va_list values) {
  (void)stream;
  (void)flag;
  (void)format;
  (void)values;
  return 0;
}

// The following stubs keep unused code out of the program: one of libpng's functions needs strtod; libjpeg reads a limit of its
// memory from the environment by sscanf; protobuf-c uses assert, which needs fprintf.

int __isoc99_sscanf(const char *text, const char *format, ...) {
  (void)text;
  (void)format;
  return 0;
}

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
