// Separate from reading: libgiemsa only reads, and its build leaves this file out.
#include <stdlib.h>

#include "pngshim_failing.h"

// State of one call, for libpng's callbacks.
typedef struct {
  Failing failing;
  uint8_t *written;  // malloc'd, grown by doubling
  size_t used, capacity;
} Session;

static void put(png_structp png, png_bytep source, size_t count) {
  Session *session = png_get_io_ptr(png);
  if (count > session->capacity - session->used) {
    size_t capacity = session->capacity ? session->capacity : 4096;
    while (capacity - session->used < count) capacity *= 2;
    uint8_t *grown = realloc(session->written, capacity);
    if (!grown) png_error(png, "no memory");
    session->written = grown;
    session->capacity = capacity;
  }
  memcpy(session->written + session->used, source, count);
  session->used += count;
}

static void flush(png_structp png) { (void)png; }

int pngshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, void **bytes, size_t *count,
                  char *message) {
  Session session = {.failing.message = message};
  png_structp volatile png = NULL;
  png_infop volatile info = NULL;
  strcpy(message, "no memory");
  volatile int status = -1;
  if (setjmp(session.failing.back) == 0) {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, fail, ignore);
    if (png) info = png_create_info_struct(png);
    if (info) {
      png_set_write_fn(png, &session, put, flush);
      png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                   PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png, info);
      for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * 3);
      png_write_end(png, NULL);
      status = 0;
    }
  }
  png_structp a = png;
  png_infop b = info;
  png_destroy_write_struct(&a, &b);
  if (status == 0) {
    *bytes = session.written;
    *count = session.used;
  } else {
    free(session.written);
  }
  return status;
}

