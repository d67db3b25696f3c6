// u8s16_depthwise_neon: 16 channels of one output, products of 16-bit integers by smlal.
#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include "windows/q8_depthwise_neon.h"

void u8s16_depthwise_neon(Q8_DEPTHWISE_PARAMETERS) {
  Q8_DEPTHWISE_REQUIRE(1);
  enum { LANES = Q8_DEPTHWISE_LANE };
  const int32_t *bias = block;
  const uint8x16_t flip = vdupq_n_u8(e->flip_x);
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    const int16_t *w = (const int16_t *)(bias + 3 * LANES);
    int32x4_t sums[4];
    UNROLL for (int j = 0; j < 4; j++) sums[j] = vld1q_s32(bias + 4 * j);
    for (size_t slot = 0; slot < slots; slot++) {
      const uint8x16_t values = veorq_u8(vld1q_u8(x[slot] + channel), flip);
      const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(values)));
      const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(values));
      const int16x8_t w0 = vld1q_s16(w), w1 = vld1q_s16(w + 8);
      sums[0] = vmlal_s16(sums[0], vget_low_s16(low), vget_low_s16(w0));
      sums[1] = vmlal_high_s16(sums[1], low, w0);
      sums[2] = vmlal_s16(sums[2], vget_low_s16(high), vget_low_s16(w1));
      sums[3] = vmlal_high_s16(sums[3], high, w1);
      w += LANES;
    }
    q8_depthwise_store_neon(sums, (const float *)(bias + LANES), e, y);
    channel += step;
    y += y_stride;
  }
}
#endif
