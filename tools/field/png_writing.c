// What libpng would write with, and zlib's encoder, which libtiff asks for too: PNGShim has a writer of its own.
#include <png.h>

#define REFUSED(name) \
  int name(void) { return 0; }

REFUSED(deflate)
REFUSED(deflateEnd)
REFUSED(deflateInit_)
REFUSED(deflateParams)
REFUSED(deflateReset)

// libpng's object files contain many functions each, one of which needs these.

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
