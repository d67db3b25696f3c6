// Functions that the field program and libgiemsa define in place of Swift's embedded library and of libpng.
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

// Swift seeds its hashing with arc4random_buf; musl and glibc before 2.36 only have getentropy, for at most 256 bytes.
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

// The following stubs keep unused code out: libpng's object files contain many functions each, one of which needs
// libpng's writer (with zlib's).

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
