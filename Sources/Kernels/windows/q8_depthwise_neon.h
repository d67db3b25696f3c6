// How the depthwise kernels of Arm store 16 channels of an output.
#ifndef GIEMSA_KERNELS_Q8_DEPTHWISE_NEON_H
#define GIEMSA_KERNELS_Q8_DEPTHWISE_NEON_H

#include <arm_neon.h>

#include "unroll.h"
#include "windows/q8_depthwise_kernels.h"

// constants: 16 multipliers, 16 shifts
static inline __attribute__((always_inline)) void q8_depthwise_store_neon(
    const int32x4_t *sums, const float *constants, const q8_depthwise_store *e, uint8_t *y) {
  const float32x4_t low = vdupq_n_f32(e->low), high = vdupq_n_f32(e->high);
  int16x4_t words[4];
  UNROLL for (int j = 0; j < 4; j++) {
    const float32x4_t multipliers = vld1q_f32(constants + 4 * j), shifts = vld1q_f32(constants + Q8_DEPTHWISE_LANE + 4 * j);
    // Of a NaN and a number these instructions return the number.
    const float32x4_t value = vmaxnmq_f32(vfmaq_f32(shifts, vcvtq_f32_s32(sums[j]), multipliers), low);
    words[j] = vqmovn_s32(vcvtnq_s32_f32(vminnmq_f32(value, high)));
  }
  const int16x8_t zero = vdupq_n_s16(e->zero);
  const uint8x8_t first = vqmovun_s16(vqaddq_s16(vcombine_s16(words[0], words[1]), zero));
  const uint8x8_t second = vqmovun_s16(vqaddq_s16(vcombine_s16(words[2], words[3]), zero));
  vst1q_u8(y, veorq_u8(vcombine_u8(first, second), vdupq_n_u8(e->flip_y)));
}

#endif
