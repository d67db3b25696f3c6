#include <string.h>

#include "multiversion.h"
#include "q8_igemm_kernels.h"
#include "q8_rounding.h"

// `lanes` outputs of one pixel, of which the first `count` are stored. What branches is the same for a whole layer.
static inline __attribute__((always_inline)) void finish_lanes(
    const q8_epilogue *e, const size_t lanes, size_t count, const void *sums, int sums_float, const float *multipliers,
    const float *shifts, const uint8_t *residual, void *y) {
  float value[16];
  uint8_t bytes[16];
  if (sums_float) {
    for (size_t i = 0; i < lanes; i++) value[i] = ((const float *)sums)[i] * multipliers[i] + shifts[i];
  } else {
    for (size_t i = 0; i < lanes; i++) value[i] = (float)((const int32_t *)sums)[i] * multipliers[i] + shifts[i];
  }
  if (e->float_output) {
    memcpy(y, value, count * sizeof(float));
    return;
  }
  if (e->intermediate) {
    const float t_low = (float)(e->t_low - e->t_zero), t_high = (float)(e->t_high - e->t_zero);
    const float t_multiplier = e->t_multiplier;
    for (size_t i = 0; i < lanes; i++)
      value[i] = (q8_clamp(value[i], t_low, t_high) + Q8_ROUNDER - Q8_ROUNDER) * t_multiplier;
  }
  if (residual) {
    const uint8_t flip = e->residual_signed ? 0x80 : 0;
    const int zero = e->residual_zero + flip;
    const float multiplier = e->residual_multiplier;
    if (count == lanes) {
      memcpy(bytes, residual, lanes);
    } else {
      for (size_t i = 0; i < lanes; i++) bytes[i] = i < count ? residual[i] : 0;
    }
    for (size_t i = 0; i < lanes; i++) value[i] += (float)((bytes[i] ^ flip) - zero) * multiplier;
  }
  const int zero = e->y_zero;
  const float low = (float)(e->low - zero), high = (float)(e->high - zero);
  for (size_t i = 0; i < lanes; i++) bytes[i] = q8_round(q8_clamp(value[i], low, high), zero);
  if (count == lanes) {
    memcpy(y, bytes, lanes);
  } else {
    memcpy(y, bytes, count);
  }
}

KERNEL_BODY finish_body(
    const q8_epilogue *e, size_t pixels, size_t outputs, const void *sums, int sums_float, size_t sums_stride,
    const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride, void *y,
    size_t y_stride) {
  const size_t size = e->float_output ? sizeof(float) : 1;
  for (size_t p = 0; p < pixels; p++) {
    const char *from = (const char *)sums + p * sums_stride * 4;
    char *to = (char *)y + p * y_stride * size;
    const uint8_t *added = residual ? residual + p * residual_stride : NULL;
    // Panels of 16 and 32 outputs, or of 4 and 8.
    if (sums_stride % 16 == 0) {
      for (size_t o = 0; o < outputs; o += 16)
        finish_lanes(
            e, 16, outputs - o < 16 ? outputs - o : 16, from + o * 4, sums_float, multipliers + o, shifts + o,
            added ? added + o : NULL, to + o * size);
    } else {
      for (size_t o = 0; o < outputs; o += 4)
        finish_lanes(
            e, 4, outputs - o < 4 ? outputs - o : 4, from + o * 4, sums_float, multipliers + o, shifts + o,
            added ? added + o : NULL, to + o * size);
    }
  }
}
MULTIVERSION(
    finish,
    (const q8_epilogue *e, size_t pixels, size_t outputs, const void *sums, int sums_float, size_t sums_stride,
     const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride, void *y,
     size_t y_stride),
    (e, pixels, outputs, sums, sums_float, sums_stride, multipliers, shifts, residual, residual_stride, y, y_stride))

void q8_finish(
    kernels_isa isa, const q8_epilogue *epilogue, size_t pixels, size_t outputs, const void *sums, int sums_float,
    size_t sums_stride, const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride,
    void *y, size_t y_stride) {
  finish(
      isa, epilogue, pixels, outputs, sums, sums_float, sums_stride, multipliers, shifts, residual, residual_stride, y,
      y_stride);
}
