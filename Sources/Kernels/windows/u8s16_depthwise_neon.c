// u8s16_depthwise_neon: 16 channels of two outputs, products of 16-bit integers by smlal.
#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include "windows/q8_depthwise_neon.h"

// One output, or two that `step` bytes of x part: these share the weights, and an in-order processor has twice as much to do while
// it waits.
static inline __attribute__((always_inline)) void outputs(
    int count, size_t slots, const uint8_t *const *x, size_t channel, size_t step, const int32_t *bias,
    const q8_depthwise_store *e, uint8_t *y, size_t y_stride) {
  enum { LANES = Q8_DEPTHWISE_LANE };
  const int16_t *w = (const int16_t *)(bias + 3 * LANES);
  const uint8x16_t flip = vdupq_n_u8(e->flip_x);
  int32x4_t sums[2][4];
  UNROLL for (int o = 0; o < count; o++) {
    UNROLL for (int j = 0; j < 4; j++) sums[o][j] = vld1q_s32(bias + 4 * j);
  }
  for (size_t slot = 0; slot < slots; slot++) {
    const uint8_t *from = x[slot] + channel;
    const int16x8_t w0 = vld1q_s16(w), w1 = vld1q_s16(w + 8);
    UNROLL for (int o = 0; o < count; o++) {
      const uint8x16_t values = veorq_u8(vld1q_u8(from + (o ? step : 0)), flip);
      const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(values)));
      const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(values));
      sums[o][0] = vmlal_s16(sums[o][0], vget_low_s16(low), vget_low_s16(w0));
      sums[o][1] = vmlal_high_s16(sums[o][1], low, w0);
      sums[o][2] = vmlal_s16(sums[o][2], vget_low_s16(high), vget_low_s16(w1));
      sums[o][3] = vmlal_high_s16(sums[o][3], high, w1);
    }
    w += LANES;
  }
  UNROLL for (int o = 0; o < count; o++) {
    q8_depthwise_store_neon(sums[o], (const float *)(bias + LANES), e, y + (o ? y_stride : 0));
  }
}

void u8s16_depthwise_neon(Q8_DEPTHWISE_PARAMETERS) {
  Q8_DEPTHWISE_REQUIRE(1);
  for (; pixels >= 2; pixels -= 2) {
    outputs(2, slots, x, channel, step, block, e, y, y_stride);
    channel += 2 * step;
    y += 2 * y_stride;
  }
  if (pixels) outputs(1, slots, x, channel, step, block, e, y, y_stride);
}
#endif
