// What libgiemsa defines in place of glibc: libpng's default error output, which PNGShim's handlers replace. A library does
// not print. Debian's archives also address `stderr` as a variable of the same program, which a shared library cannot do
// with one of glibc's (R_X86_64_PC32).
#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *stderr;

HIDDEN int __fprintf_chk(void *stream, int flag, const char *format, ...) {
  (void)stream;
  (void)flag;
  (void)format;
  return 0;
}
