#include <string.h>

#include "convolution/q8/q8_igemm_kernels.h"

// s16_igemm_4x8_portable: the specification of wide kernels, in plain C. kr is 1; no extras.
void s16_igemm_4x8_portable(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(4, 4);
  KERNEL_REQUIRE(extra_count == 0);
  (void)extra_count, (void)extras, (void)extra_w;
  const int16_t *all = (const int16_t *)(const void *)w;
  for (size_t p = 0; p < pixels; p++) {
    uint32_t held[8];  // wraps around
    memcpy(held, bias, sizeof held);
    const int16_t *weight = all;
    for (size_t tap = 0; tap < taps; tap++) {
      const int16_t *row = (const int16_t *)(const void *)(x[p] + offsets[tap]);
      for (size_t step = 0; step < steps; step++, weight += 8)
        for (int o = 0; o < 8; o++) held[o] += (uint32_t)(row[step] * weight[o]);
    }
    memcpy(sums + 8 * p, held, sizeof held);
  }
}

// s16_points_4x8_portable: the specification of the s16_points kernels, in plain C. kr is 1.
void s16_points_4x8_portable(Q8_POINTS_PARAMETERS) {
  Q8_POINTS_REQUIRE(4);
  (void)ahead;
  for (size_t row = 0; row < rows; row++, x += x_stride, sums += 8) {
    const int16_t *inputs = (const int16_t *)(const void *)x, *weight = (const int16_t *)(const void *)w;
    uint32_t held[8] = {0};  // wraps around
    if (adds) memcpy(held, sums, sizeof held);
    for (size_t step = 0; step < steps; step++, weight += 8)
      for (int o = 0; o < 8; o++) held[o] += (uint32_t)(inputs[step] * weight[o]);
    memcpy(sums, held, sizeof held);
  }
}
