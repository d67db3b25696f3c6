// u8s16_depthwise_portable: 16 channels of one output at a time, in plain C. The specification of the other kernels.
#include <math.h>

#include "windows/q8_depthwise_kernels.h"

void u8s16_depthwise_portable(Q8_DEPTHWISE_PARAMETERS) {
  Q8_DEPTHWISE_REQUIRE(1);
  enum { LANES = Q8_DEPTHWISE_LANE };
  const int32_t *bias = block;
  const float *multipliers = (const float *)(bias + LANES), *shifts = multipliers + LANES;
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    const int16_t *w = (const int16_t *)(shifts + LANES);
    int32_t sums[LANES];
    for (size_t c = 0; c < LANES; c++) sums[c] = bias[c];
    for (size_t slot = 0; slot < slots; slot++) {
      const uint8_t *from = x[slot] + channel + pixel * step;
      for (size_t c = 0; c < LANES; c++) sums[c] += (uint8_t)(from[c] ^ e->flip_x) * w[c];
      w += LANES;
    }
    uint8_t *to = y + pixel * y_stride;
    for (size_t c = 0; c < LANES; c++) {
      float value = (float)sums[c] * multipliers[c] + shifts[c];
      // A NaN becomes `low`.
      value = value > e->low ? value : e->low;
      value = value < e->high ? value : e->high;
      to[c] = (uint8_t)((int)nearbyintf(value) + e->zero) ^ e->flip_y;
    }
  }
}
