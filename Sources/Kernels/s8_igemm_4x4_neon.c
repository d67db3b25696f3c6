#include "q8_igemm_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// s8_igemm_4x4_neon: for every aarch64. Sixteen products become eight 16-bit sums of two (smull, smlal2) and are added in
// pairs to four 32-bit sums (sadalp): 16 multiply-adds in three instructions. kr is 16; lanes run along the inputs and are
// added up at the end. The weights keep to Q8_PAIRS_EIGHT_APART: 2 · 128 · 128 would not fit in 16 bits.
//
// 16 accumulators + 4 weights + 1 of x + products = 29 of 32 registers.

// Pixel loops must vanish before registers are given out, or the sums live on the stack.
#define UNROLL _Pragma("clang loop unroll(full)")

#define STEP(row, at)                                                                             \
  {                                                                                               \
    int8x16_t weight[4];                                                                          \
    UNROLL for (size_t o = 0; o < 4; o++) weight[o] = vld1q_s8(w + 16 * o);                       \
    w += 64;                                                                                      \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                                  \
      const int8x16_t value = vld1q_s8((const int8_t *)(row)[p] + (at));                          \
      /* Four at a time in each stage: an in-order core would wait for every product. */            \
      int16x8_t product[4];                                                                       \
      UNROLL for (size_t o = 0; o < 4; o++)                                                       \
        product[o] = vmull_s8(vget_low_s8(value), vget_low_s8(weight[o]));                        \
      UNROLL for (size_t o = 0; o < 4; o++) product[o] = vmlal_high_s8(product[o], value, weight[o]); \
      UNROLL for (size_t o = 0; o < 4; o++) sum[p][o] = vpadalq_s16(sum[p][o], product[o]);       \
    }                                                                                             \
  }

static inline __attribute__((always_inline)) void tile(Q8_IGEMM_PARAMETERS) {
  int32x4_t sum[4][4];
  UNROLL for (size_t p = 0; p < pixels; p++)
    UNROLL for (size_t o = 0; o < 4; o++) sum[p][o] = vdupq_n_s32(0);
  for (size_t tap = 0; tap < taps; tap++) {
    const uint8_t *row[4];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
    for (size_t at = 0; at < 16 * steps; at += 16) STEP(row, at)
  }
  w = extra_w;
  for (size_t extra = 0; extra < extra_count; extra++) STEP(x, extras[extra])
  UNROLL for (size_t p = 0; p < pixels; p++) {
    const int32x4_t all = vpaddq_s32(vpaddq_s32(sum[p][0], sum[p][1]), vpaddq_s32(sum[p][2], sum[p][3]));
    vst1q_s32(sums + 4 * p, vaddq_s32(all, vld1q_s32(bias)));
  }
}

void s8_igemm_4x4_neon(Q8_IGEMM_PARAMETERS) {
  switch (pixels) {
    case 1: tile(1, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    case 2: tile(2, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    case 3: tile(3, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    default: tile(4, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
  }
}
#endif
