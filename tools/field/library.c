// What libgiemsa defines in place of glibc: default error output of libpng and libtiff, which our handlers replace. A library
// does not print. Debian's archives also address `stderr` as a variable of the same program, which a shared library cannot do
// with one of glibc's (R_X86_64_PC32).
#include <stdarg.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *stderr;

HIDDEN int __fprintf_chk(void *stream, int flag, const char *format, ...) {
  (void)stream;
  (void)flag;
  (void)format;
  return 0;
}

HIDDEN int __vfprintf_chk(void *stream, int flag, const char *format, va_list values) {
  (void)stream;
  (void)flag;
  (void)format;
  (void)values;
  return 0;
}
