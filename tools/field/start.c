// The static field program's entry point, and the glibc functions that Debian's libpng needs and musl lacks.
#include <setjmp.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

int giemsa_field_main(int count, char **arguments);  // SwiftPM's name for the executable's main

int main(int count, char **arguments) {
  platform_keep_standard_streams();
  platform_keep_arguments(count, arguments);
  return giemsa_field_main(count, arguments);
}

// Swift seeds its hashing with arc4random_buf; musl only has getentropy, for at most 256 bytes.
void arc4random_buf(void *target, size_t count) {
  char *next = target;
  while (count > 0) {
    const size_t part = count < 256 ? count : 256;
    if (getentropy(next, part) != 0) abort();
    next += part;
    count -= part;
  }
}

// Swift 6.3.1's embedded versions of these two return the object without the bits that mark the kind of String, but the
// compiler uses the returned value, so short strings lost their marks. (Seen as a crash of `inspect`.)
void *swift_retain(void *object);
void *swift_retain_n(void *object, uint32_t count);

static void *counted(void *object) {
  const intptr_t bits = (intptr_t)object;
  return bits < 0 ? NULL : (void *)(bits & 0x0ffffffffffffff8);
}

void *swift_bridgeObjectRetain(void *object) {
  swift_retain(counted(object));
  return object;
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t count) {
  swift_retain_n(counted(object), count);
  return object;
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

// The following stubs keep unused code out of the program: libpng's object files contain many functions each, one of which
// needs libpng's writer (with zlib's), another strtod; protobuf-c uses assert, which needs fprintf.

void png_destroy_write_struct(png_structpp png, png_infopp info) {
  (void)png;
  (void)info;
}

void png_save_uint_32(png_bytep target, png_uint_32 value) {
  for (int byte = 0; byte < 4; byte++) target[byte] = (png_byte)(value >> (24 - 8 * byte));
}

void png_free_buffer_list(png_structp png, void **list) {
  (void)png;
  (void)list;
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
