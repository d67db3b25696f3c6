#include "resample.h"

#include <string.h>

#include "cpu/multiversion.h"

static inline uint8_t settle(int32_t sum) {
  sum >>= RESAMPLE_PRECISION;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

// The definition. The fast loop leaves it the last row, which has no byte behind its last pixel.
static void across_row(const resample_taps *taps, const uint8_t *x, uint8_t *y) {
  for (size_t i = 0; i < taps->outputs; i++)
    for (size_t channel = 0; channel < 3; channel++) {
      int32_t sum = 1 << (RESAMPLE_PRECISION - 1);
      for (int32_t t = 0; t < taps->count[i]; t++)
        sum += x[(size_t)(taps->first[i] + t) * 3 + channel] * taps->weights[i * taps->stride + (size_t)t];
      y[i * 3 + channel] = settle(sum);
    }
}

typedef uint8_t four_bytes __attribute__((vector_size(4)));
typedef int32_t four_sums __attribute__((vector_size(16)));

// A pixel and the byte behind it at a time, read and written: the next pixel's write mends what lies behind this one.
KERNEL_BODY across_body(const resample_taps *taps, size_t rows, size_t width, const uint8_t *x, uint8_t *y) {
  for (size_t row = 0; row + 1 < rows; row++, x += width * 3, y += taps->outputs * 3) {
    const int32_t *weights = taps->weights;
    for (size_t i = 0; i < taps->outputs; i++, weights += taps->stride) {
      const uint8_t *from = x + (size_t)taps->first[i] * 3;
      four_sums sums = {1 << (RESAMPLE_PRECISION - 1), 1 << (RESAMPLE_PRECISION - 1), 1 << (RESAMPLE_PRECISION - 1), 0};
      for (int32_t t = 0; t < taps->count[i]; t++, from += 3) {
        four_bytes bytes;
        memcpy(&bytes, from, sizeof bytes);
        sums += __builtin_convertvector(bytes, four_sums) * weights[t];
      }
      sums >>= RESAMPLE_PRECISION;
      sums = __builtin_elementwise_min(__builtin_elementwise_max(sums, (four_sums){0}), (four_sums){255, 255, 255, 255});
      const four_bytes settled = __builtin_convertvector(sums, four_bytes);
      memcpy(y + i * 3, &settled, sizeof settled);
    }
  }
}
MULTIVERSION(
    across, (const resample_taps *taps, size_t rows, size_t width, const uint8_t *x, uint8_t *y), (taps, rows, width, x, y))

void u8_resample_across(kernels_level level, const resample_taps *taps, size_t rows, size_t width, const uint8_t *x, uint8_t *y) {
  if (rows == 0) return;
  const size_t vectors = level == KERNELS_PORTABLE ? 0 : rows - 1;
  if (vectors) across(level, taps, rows, width, x, y);
  for (size_t row = vectors; row < rows; row++) across_row(taps, x + row * width * 3, y + row * taps->outputs * 3);
}

enum { BLOCK = 32 };

KERNEL_BODY down_body(const resample_taps *taps, size_t bytes, const uint8_t *x, uint8_t *y) {
  for (size_t i = 0; i < taps->outputs; i++, y += bytes) {
    const uint8_t *from = x + (size_t)taps->first[i] * bytes;
    const int32_t *weights = taps->weights + i * taps->stride;
    for (size_t begin = 0; begin < bytes; begin += BLOCK) {
      const size_t count = bytes - begin < BLOCK ? bytes - begin : BLOCK;
      int32_t sums[BLOCK];
      for (size_t j = 0; j < BLOCK; j++) sums[j] = 1 << (RESAMPLE_PRECISION - 1);
      for (int32_t t = 0; t < taps->count[i]; t++) {
        const uint8_t *line = from + (size_t)t * bytes + begin;
        if (count == BLOCK) {
          for (size_t j = 0; j < BLOCK; j++) sums[j] += line[j] * weights[t];
        } else {
          for (size_t j = 0; j < count; j++) sums[j] += line[j] * weights[t];
        }
      }
      if (count == BLOCK) {
        for (size_t j = 0; j < BLOCK; j++) y[begin + j] = settle(sums[j]);
      } else {
        for (size_t j = 0; j < count; j++) y[begin + j] = settle(sums[j]);
      }
    }
  }
}
MULTIVERSION(down, (const resample_taps *taps, size_t bytes, const uint8_t *x, uint8_t *y), (taps, bytes, x, y))

void u8_resample_down(kernels_level level, const resample_taps *taps, size_t bytes, const uint8_t *x, uint8_t *y) {
  down(level, taps, bytes, x, y);
}
