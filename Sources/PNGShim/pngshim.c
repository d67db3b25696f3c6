#include <stdlib.h>

#include "pngshim_failing.h"

// State of one call, for libpng's callbacks.
typedef struct {
  Failing failing;
  const uint8_t *next;  // the remaining bytes
  size_t left;
  int bits;  // of a 16-bit sample that are data
  uint8_t high_bits;
} Session;

static void take(png_structp png, png_bytep target, size_t count) {
  Session *session = png_get_io_ptr(png);
  if (count > session->left) png_error(png, "the file ends too early");
  memcpy(target, session->next, count);
  session->next += count;
  session->left -= count;
}

static png_structp reader(Session *session) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, session, fail, ignore);
  if (!png) return NULL;
  png_set_read_fn(png, session, take);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Of the chunks that a decoder may ignore only the resolution is read. Text and profiles can be decompression bombs, and
  // libpng 1.6.39 takes all the memory that an eXIf or sPLT chunk says it has, whatever the limit.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (const png_byte *)"pHYs", 1);
  png_set_chunk_malloc_max(png, 4 << 20);
  png_set_chunk_cache_max(png, 64);
  return png;
}

int pngshim_read_header(const void *bytes, size_t count, pngshim_header *header, char *message) {
  Session session = {.failing.message = message, .next = bytes, .left = count};
  png_structp volatile png = NULL;
  png_infop volatile info = NULL;
  strcpy(message, "no memory");
  volatile int status = -1;
  if (setjmp(session.failing.back) == 0) {
    png = reader(&session);
    if (png) info = png_create_info_struct(png);
    if (info) {
      png_read_info(png, info);
      header->width = png_get_image_width(png, info);
      header->height = png_get_image_height(png, info);
      header->x_per_metre = png_get_x_pixels_per_meter(png, info);
      header->y_per_metre = png_get_y_pixels_per_meter(png, info);
      status = 0;
    }
  }
  png_structp a = png;
  png_infop b = info;
  png_destroy_read_struct(&a, &b, NULL);
  return status;
}

// libpng's transformation of a row of big-endian 16-bit samples to 8 bits, in place.
static void narrow(png_structp png, png_row_infop row, png_bytep bytes) {
  Session *session = png_get_user_transform_ptr(png);
  const int shift = session->bits - 8;
  const size_t samples = (size_t)row->width * row->channels;
  for (size_t i = 0; i < samples; i++) {
    const unsigned high = bytes[2 * i], kept = (high << 8 | bytes[2 * i + 1]) >> shift;
    session->high_bits |= high;
    bytes[i] = kept < 255 ? kept : 255;
  }
}

int pngshim_read(const void *bytes, size_t count, int bits, uint8_t *pixels, uint8_t *high_bits, char *message) {
  Session session = {.failing.message = message, .next = bytes, .left = count, .bits = bits};
  png_structp volatile png = NULL;
  png_infop volatile info = NULL;
  strcpy(message, "no memory");
  volatile int status = -1;
  if (setjmp(session.failing.back) == 0) {
    png = reader(&session);
    if (png) info = png_create_info_struct(png);
    if (info) {
      png_read_info(png, info);
      png_set_palette_to_rgb(png);
      if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
      png_set_gray_to_rgb(png);
      png_set_strip_alpha(png);
      if (png_get_bit_depth(png, info) == 16) {
        png_set_read_user_transform_fn(png, narrow);
        png_set_user_transform_info(png, &session, 8, 3);
      } else {
        session.high_bits = 0xFF;
      }
      int passes = png_set_interlace_handling(png);
      png_read_update_info(png, info);
      const size_t stride = (size_t)png_get_image_width(png, info) * 3;
      if (png_get_rowbytes(png, info) != stride) png_error(png, "an unknown pixel format");
      const uint32_t height = png_get_image_height(png, info);
      for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++) png_read_row(png, pixels + y * stride, NULL);
      png_read_end(png, NULL);
      *high_bits = session.high_bits;
      status = 0;
    }
  }
  png_structp a = png;
  png_infop b = info;
  png_destroy_read_struct(&a, &b, NULL);
  return status;
}

void pngshim_free(void *bytes) { free(bytes); }
