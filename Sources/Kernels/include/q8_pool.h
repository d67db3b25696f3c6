// Pooling over 8-bit NHWC activations. Padding is never read: taps that fall on it are left out.
#ifndef GIEMSA_KERNELS_Q8_POOL_H
#define GIEMSA_KERNELS_Q8_POOL_H

#include "windows.h"

// Maxima keep x's scale and zero point, and nothing but the sizes, isa and x_signed applies. Averages are added up in
// integers:
//   y = clamp(round(Σ (x − x_zero) · multiplier / count) + y_zero, low, high), multiplier = x's scale / y's scale
// A window with nothing inside gives low, or y_zero.
typedef struct {
  convolution_geometry geometry;
  f32_pool_kind kind;
  kernels_level isa;
  int x_signed, x_zero;
  float multiplier;
  int y_zero, low, high;
  const void *x;  // [batch, in_height, in_width, in_channels]
  void *y;  // [batch, out_height, out_width, in_channels]
  size_t channel_block;  // by q8_pool_plan
  size_t tasks;
} q8_pool;

void q8_pool_plan(q8_pool *pool);
void q8_pool_task(void *context, size_t task, size_t worker);  // context: q8_pool

#endif
