// s8_depthwise_neondot: 16 channels of one output or two, four products a lane by sdot.
#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include "windows/q8_depthwise_neon.h"

#define TARGET __attribute__((target("dotprod")))

static inline __attribute__((always_inline)) TARGET void tiles(int outputs, Q8_DEPTHWISE_PARAMETERS) {
  enum { LANES = Q8_DEPTHWISE_LANE };
  const int32_t *bias = block;
  const uint8x16_t flip = vdupq_n_u8(e->flip_x);
  for (size_t pixel = 0; pixel < pixels; pixel += (size_t)outputs) {
    const int8_t *w = (const int8_t *)(bias + 3 * LANES);
    int32x4_t sums[Q8_DEPTHWISE_MOST_TILE][4];
    UNROLL for (int o = 0; o < outputs; o++) {
      UNROLL for (int j = 0; j < 4; j++) sums[o][j] = vld1q_s32(bias + 4 * j);
    }
    for (size_t slot = 0; slot < slots; slot += 4) {
      // Interleaved, so that each 32 bits hold one channel's four inputs.
      uint8x16_t taps[4];
      UNROLL for (int t = 0; t < 4; t++) taps[t] = veorq_u8(vld1q_u8(x[slot + t] + channel), flip);
      const uint16x8_t low01 = vreinterpretq_u16_u8(vzip1q_u8(taps[0], taps[1]));
      const uint16x8_t high01 = vreinterpretq_u16_u8(vzip2q_u8(taps[0], taps[1]));
      const uint16x8_t low23 = vreinterpretq_u16_u8(vzip1q_u8(taps[2], taps[3]));
      const uint16x8_t high23 = vreinterpretq_u16_u8(vzip2q_u8(taps[2], taps[3]));
      const int8x16_t quads[4] = {
          vreinterpretq_s8_u16(vzip1q_u16(low01, low23)), vreinterpretq_s8_u16(vzip2q_u16(low01, low23)),
          vreinterpretq_s8_u16(vzip1q_u16(high01, high23)), vreinterpretq_s8_u16(vzip2q_u16(high01, high23))};
      UNROLL for (int o = 0; o < outputs; o++) {
        UNROLL for (int j = 0; j < 4; j++) sums[o][j] = vdotq_s32(sums[o][j], quads[j], vld1q_s8(w + 16 * j));
        w += 4 * LANES;
      }
    }
    UNROLL for (int o = 0; o < outputs; o++) {
      // Of the last tile there may be one output only.
      if (pixel + (size_t)o < pixels) q8_depthwise_store_neon(sums[o], (const float *)(bias + LANES), e, y);
      y += y_stride;
    }
    channel += step;
  }
}

TARGET void s8_depthwise_single_neondot(Q8_DEPTHWISE_PARAMETERS) {
  Q8_DEPTHWISE_REQUIRE(4);
  tiles(1, pixels, slots, x, channel, step, block, e, y, y_stride);
}
TARGET void s8_depthwise_pair_neondot(Q8_DEPTHWISE_PARAMETERS) {
  Q8_DEPTHWISE_REQUIRE(4);
  tiles(2, pixels, slots, x, channel, step, block, e, y, y_stride);
}
#endif
