#include "q8_igemm_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

// s8_igemm_8x8_neondot: four products a lane by sdot, the inputs of a pixel lane by lane. kr is 4.
//
// 16 accumulators + 2 weights + 8 of x (sixteen inputs of a pixel each) = 26 of 32 registers; per four inputs 4 loads for 16
// dot products.

#define TARGET __attribute__((target("dotprod")))
// Pixel loops must vanish before registers are given out, or the sums live on the stack.
#define UNROLL _Pragma("clang loop unroll(full)")

#define STEP(lane)                                                                    \
  {                                                                                   \
    const int8x16_t w0 = vld1q_s8(w), w1 = vld1q_s8(w + 16);                          \
    w += 32;                                                                          \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                      \
      sum[p][0] = vdotq_laneq_s32(sum[p][0], w0, value[p], lane);                     \
      sum[p][1] = vdotq_laneq_s32(sum[p][1], w1, value[p], lane);                     \
    }                                                                                 \
  }

static inline __attribute__((always_inline)) TARGET int8x16_t four(const uint8_t *from) {
  int32_t bits;
  memcpy(&bits, from, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(bits));
}

static inline __attribute__((always_inline)) TARGET void tile(Q8_IGEMM_PARAMETERS) {
  int32x4_t sum[8][2];
  int8x16_t value[8];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = vld1q_s32(bias);
    sum[p][1] = vld1q_s32(bias + 4);
  }
  for (size_t tap = 0; tap < taps; tap++) {
    const uint8_t *row[8];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
    size_t step = 0;
    for (; step + 4 <= steps; step += 4) {
      UNROLL for (size_t p = 0; p < pixels; p++) value[p] = vld1q_s8((const int8_t *)row[p] + 4 * step);
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
    for (; step < steps; step++) {
      UNROLL for (size_t p = 0; p < pixels; p++) value[p] = four(row[p] + 4 * step);
      STEP(0)
    }
  }
  w = extra_w;
  for (size_t extra = 0; extra < extra_count; extra++) {
    UNROLL for (size_t p = 0; p < pixels; p++) value[p] = four(x[p] + extras[extra]);
    STEP(0)
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    vst1q_s32(sums + 8 * p, sum[p][0]);
    vst1q_s32(sums + 8 * p + 4, sum[p][1]);
  }
}

#define CASE(n) \
  case n: tile(n, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;

TARGET void s8_igemm_8x8_neondot(Q8_IGEMM_PARAMETERS) {
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: tile(8, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
  }
}
#endif
