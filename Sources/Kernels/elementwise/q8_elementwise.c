#include "q8_elementwise.h"

#include "cpu/multiversion.h"
#include "convolution/q8/q8_rounding.h"
#include "geometry/sizes.h"

enum { BLOCK = 16 * 1024, CHUNK = 64 };


KERNEL_BODY quantize_row_body(const q8_quantize *v, const float *x, uint8_t *y, size_t count) {
  const float scale = v->scale, low = (float)(v->low - v->zero), high = (float)(v->high - v->zero);
  const int zero = v->zero;
  for (size_t i = 0; i < count; i++) y[i] = q8_round(q8_clamp(x[i] / scale, low, high), zero);
}

// `count` pixels of planes: a few at a time, so that the bytes of all channels are near when they are woven together.
KERNEL_BODY quantize_planes_body(const q8_quantize *v, const float *x, uint8_t *y, size_t count) {
  uint8_t bytes[4][CHUNK];
  const size_t channels = v->channels;
  for (size_t first = 0; first < count; first += CHUNK) {
    const size_t size = smaller(CHUNK, count - first);
    for (size_t c0 = 0; c0 < channels; c0 += 4) {
      const size_t planes = smaller(4, channels - c0);
      for (size_t c = 0; c < planes; c++) quantize_row_body(v, x + (c0 + c) * v->pixels + first, bytes[c], size);
      uint8_t *out = y + first * channels + c0;
      if (channels == 3 && size == CHUNK) {
        for (size_t p = 0; p < CHUNK; p++)
          for (size_t c = 0; c < 3; c++) out[3 * p + c] = bytes[c][p];
      } else {
        for (size_t p = 0; p < size; p++)
          for (size_t c = 0; c < planes; c++) out[p * channels + c] = bytes[c][p];
      }
    }
  }
}
MULTIVERSION(quantize_row, (const q8_quantize *v, const float *x, uint8_t *y, size_t count), (v, x, y, count))
MULTIVERSION(quantize_planes, (const q8_quantize *v, const float *x, uint8_t *y, size_t count), (v, x, y, count))

// Work is cut by pixels of one image where planes are turned, by elements where nothing moves.
static size_t part(int planes, size_t batch, size_t pixels, size_t channels, size_t *tasks) {
  const size_t block = planes ? (BLOCK / channels + CHUNK) & ~(size_t)(CHUNK - 1) : BLOCK;
  const size_t length = planes ? pixels : batch * pixels * channels;
  *tasks = (planes ? batch : 1) * ((length + block - 1) / block);
  return block;
}

void q8_quantize_plan(q8_quantize *v) { part(v->planes, v->batch, v->pixels, v->channels, &v->tasks); }

void q8_quantize_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_quantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  size_t tasks;
  const size_t block = part(v->planes, v->batch, v->pixels, v->channels, &tasks);
  uint8_t *y = v->y;
  if (!v->planes) {
    const size_t first = task * block, end = smaller(v->batch * v->pixels * v->channels, first + block);
    quantize_row(v->isa, v, v->x + first, y + first, end - first);
    return;
  }
  const size_t each = tasks / v->batch, image = task / each, first = task % each * block;
  const size_t plane = v->pixels * v->channels;
  quantize_planes(
      v->isa, v, v->x + image * plane + first, y + image * plane + first * v->channels,
      smaller(v->pixels, first + block) - first);
}

KERNEL_BODY dequantize_row_body(const q8_dequantize *v, const uint8_t *x, float *y, size_t count) {
  const uint8_t flip = v->x_signed ? 0x80 : 0;
  const int zero = v->zero + flip;
  const float scale = v->scale;
  for (size_t i = 0; i < count; i++) y[i] = (float)((x[i] ^ flip) - zero) * scale;
}
MULTIVERSION(dequantize_row, (const q8_dequantize *v, const uint8_t *x, float *y, size_t count), (v, x, y, count))

void q8_dequantize_plan(q8_dequantize *v) { part(v->planes, v->batch, v->pixels, v->channels, &v->tasks); }

void q8_dequantize_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_dequantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  size_t tasks;
  const size_t block = part(v->planes, v->batch, v->pixels, v->channels, &tasks);
  const uint8_t *x = v->x;
  if (!v->planes) {
    const size_t first = task * block, end = smaller(v->batch * v->pixels * v->channels, first + block);
    dequantize_row(v->isa, v, x + first, v->y + first, end - first);
    return;
  }
  const size_t each = tasks / v->batch, image = task / each, first = task % each * block;
  const size_t plane = v->pixels * v->channels, end = smaller(v->pixels, first + block);
  uint8_t line[CHUNK];
  for (size_t p = first; p < end; p += CHUNK) {
    const size_t size = smaller(CHUNK, end - p);
    for (size_t c = 0; c < v->channels; c++) {
      for (size_t i = 0; i < size; i++) line[i] = x[image * plane + (p + i) * v->channels + c];
      dequantize_row(v->isa, v, line, v->y + image * plane + c * v->pixels + p, size);
    }
  }
}

KERNEL_BODY add_body(const q8_add *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count) {
  const uint8_t a_flip = v->a_signed ? 0x80 : 0, b_flip = v->b_signed ? 0x80 : 0;
  const int a_zero = v->a_zero + a_flip, b_zero = v->b_zero + b_flip, zero = v->zero;
  const float a_multiplier = v->a_multiplier, b_multiplier = v->b_multiplier;
  const float low = (float)(v->low - zero), high = (float)(v->high - zero);
  for (size_t i = 0; i < count; i++) {
    const float sum = (float)((a[i] ^ a_flip) - a_zero) * a_multiplier + (float)((b[i] ^ b_flip) - b_zero) * b_multiplier;
    y[i] = q8_round(q8_clamp(sum, low, high), zero);
  }
}
MULTIVERSION(add, (const q8_add *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count), (v, a, b, y, count))

void q8_add_plan(q8_add *v) { v->tasks = (v->count + BLOCK - 1) / BLOCK; }

void q8_add_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_add *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * BLOCK, count = smaller(v->count - first, BLOCK);
  add(v->isa, v, (const uint8_t *)v->a + first, (const uint8_t *)v->b + first, (uint8_t *)v->y + first, count);
}
