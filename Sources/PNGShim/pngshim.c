#include <stdlib.h>

#include "pngshim_failing.h"

// State of one call, for libpng's callbacks.
typedef struct {
  Failing failing;
  const uint8_t *next;  // the remaining bytes
  size_t left;
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
  // Text and profiles can be decompression bombs, and they are not used here.
  png_set_chunk_malloc_max(png, 4 << 20);
  png_set_chunk_cache_max(png, 64);
  return png;
}

// The limits are checked from the header alone, so that a valid picture beyond them is not reported as damaged.
static int beyond(uint32_t width, uint32_t height, uint32_t side_limit) {
  return width > side_limit || height > side_limit;
}

int pngshim_size(const void *bytes, size_t count, uint32_t side_limit, uint32_t *width, uint32_t *height,
                 char *message) {
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
      *width = png_get_image_width(png, info);
      *height = png_get_image_height(png, info);
      status = beyond(*width, *height, side_limit) ? PNGSHIM_TOO_LARGE : 0;
    }
  }
  png_structp a = png;
  png_infop b = info;
  png_destroy_read_struct(&a, &b, NULL);
  return status;
}

// Copies the high bytes of `samples` big-endian 16-bit numbers. Returns the bitwise OR of all of them.
static uint8_t take_high_bytes(const uint8_t *wide, size_t samples, uint8_t *bytes) {
  uint8_t all = 0;
  for (size_t i = 0; i < samples; i++) all |= bytes[i] = wide[2 * i];
  return all;
}

int pngshim_read(const void *bytes, size_t count, uint8_t *pixels, uint8_t *high_bits, char *message) {
  Session session = {.failing.message = message, .next = bytes, .left = count};
  png_structp volatile png = NULL;
  png_infop volatile info = NULL;
  uint8_t *volatile wide = NULL;
  strcpy(message, "no memory");
  volatile int status = -1;
  if (setjmp(session.failing.back) == 0) {
    png = reader(&session);
    if (png) info = png_create_info_struct(png);
    if (info) {
      png_read_info(png, info);
      const int is_wide = png_get_bit_depth(png, info) == 16;
      png_set_palette_to_rgb(png);
      if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
      png_set_gray_to_rgb(png);
      png_set_strip_alpha(png);
      int passes = png_set_interlace_handling(png);
      png_read_update_info(png, info);
      const size_t stride = (size_t)png_get_image_width(png, info) * 3, row = stride << is_wide;
      if (png_get_rowbytes(png, info) != row) png_error(png, "an unknown pixel format");
      const uint32_t height = png_get_image_height(png, info);
      *high_bits = 0xFF;
      if (!is_wide) {
        for (int pass = 0; pass < passes; pass++)
          for (uint32_t y = 0; y < height; y++) png_read_row(png, pixels + y * stride, NULL);
      } else {
        // Each pass of an interlaced picture fills in pixels between those of the pass before, so all rows are kept
        // until the last pass.
        const size_t kept = passes > 1 ? height : 1;
        if (!(wide = malloc(kept * row))) png_error(png, "no memory");
        *high_bits = 0;
        for (int pass = 0; pass < passes; pass++)
          for (uint32_t y = 0; y < height; y++) {
            uint8_t *at = wide + (kept > 1 ? y : 0) * row;
            png_read_row(png, at, NULL);
            if (pass == passes - 1) *high_bits |= take_high_bytes(at, stride, pixels + y * stride);
          }
      }
      png_read_end(png, NULL);
      status = 0;
    }
  }
  png_structp a = png;
  png_infop b = info;
  png_destroy_read_struct(&a, &b, NULL);
  free(wide);
  return status;
}

void pngshim_free(void *bytes) { free(bytes); }
