// The epilogue of one output by a q8_fused, in plain C: the specification of the kernels that store 8-bit outputs themselves.
#ifndef GIEMSA_KERNELS_Q8_FUSED_PORTABLE_H
#define GIEMSA_KERNELS_Q8_FUSED_PORTABLE_H

#include <math.h>

#include "convolution/q8/q8_igemm_kernels.h"

// To the nearest integer, halves to even. A NaN becomes `low`.
static inline int q8_nearest(float value, int low, int high) {
  if (!(value > (float)low)) return low;
  return value < (float)high ? (int)nearbyintf(value) : high;
}

// The stored byte. `value` is sum · multiplier + shift; `residual` points at one byte, or is NULL.
static inline uint8_t q8_fused_byte(const q8_fused *e, float value, const uint8_t *residual) {
  if (residual) {
    const float t = fminf(fmaxf(nearbyintf(value), e->t_low[0]), e->t_high[0]);
    const int r = e->residual_signed ? (int8_t)*residual : *residual;
    value = t * e->t_multiplier[0] + ((float)r * e->residual_multiplier[0] + e->residual_shift[0]);
  }
  const int y = q8_nearest(value, -32768, 32767) + e->y_zero[0];
  return (uint8_t)((y < e->low[0] ? e->low[0] : y > e->high[0] ? e->high[0] : y) ^ e->flip[0]);
}

// Stores `outputs` outputs of one pixel from their integer sums. `scales`: nr multipliers, then nr shifts.
static inline void q8_fused_store(
    const q8_fused *e, size_t outputs, size_t nr, const int32_t *sums, const float *scales, size_t pixel) {
  const uint8_t *residual = e->residual ? e->residual + pixel * e->residual_stride : NULL;
  uint8_t *y = e->y + pixel * e->y_stride;
  for (size_t o = 0; o < outputs; o++)
    y[o] = q8_fused_byte(e, (float)sums[o] * scales[o] + scales[nr + o], residual ? residual + o : NULL);
}

#endif
