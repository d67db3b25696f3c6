#include "q8_igemm_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// s16_igemm_8x8_neon: one product a lane by smlal, the inputs of a pixel lane by lane. kr is 1; no extras; steps is a
// multiple of 8.
//
// 16 accumulators + 1 weight + 8 of x (eight inputs of a pixel each) = 25 of 32 registers.

// Pixel loops must vanish before registers are given out, or the sums live on the stack.
#define UNROLL _Pragma("clang loop unroll(full)")

#define STEP(lane)                                                                              \
  {                                                                                             \
    const int16x8_t weight = vld1q_s16(from);                                                   \
    from += 8;                                                                                  \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                                \
      sum[p][0] = vmlal_laneq_s16(sum[p][0], vget_low_s16(weight), value[p], lane);             \
      sum[p][1] = vmlal_high_laneq_s16(sum[p][1], weight, value[p], lane);                      \
    }                                                                                           \
  }

static inline __attribute__((always_inline)) void tile(
    const size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias,
    const int16_t *from, int32_t *sums) {
  int32x4_t sum[8][2];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = vld1q_s32(bias);
    sum[p][1] = vld1q_s32(bias + 4);
  }
  for (size_t tap = 0; tap < taps; tap++) {
    const int16_t *row[8];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = (const int16_t *)(const void *)(x[p] + offsets[tap]);
    for (size_t step = 0; step < steps; step += 8) {
      int16x8_t value[8];
      UNROLL for (size_t p = 0; p < pixels; p++) value[p] = vld1q_s16(row[p] + step);
      STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7)
    }
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    vst1q_s32(sums + 8 * p, sum[p][0]);
    vst1q_s32(sums + 8 * p + 4, sum[p][1]);
  }
}

#define CASE(n) \
  case n: tile(n, taps, steps, x, offsets, bias, (const int16_t *)(const void *)w, sums); break;

void s16_igemm_8x8_neon(Q8_IGEMM_PARAMETERS) {
  (void)extra_count, (void)extras, (void)extra_w;
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: tile(8, taps, steps, x, offsets, bias, (const int16_t *)(const void *)w, sums); break;
  }
}
#endif
