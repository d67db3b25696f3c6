#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>

// s8_igemm_8x8_neoni8mm: two pixels × two outputs × eight inputs by one smmla. kr is 8.
//
// 16 accumulators (2 × 2 sums each) + 4 weights + 4 of x = 24 of 32 registers; an odd last pixel goes along twice.

#define TARGET __attribute__((target("i8mm")))

#define STEP(row, at)                                                                            \
  {                                                                                              \
    int8x16_t weight[4];                                                                         \
    UNROLL for (size_t o = 0; o < 4; o++) weight[o] = vld1q_s8(w + 16 * o);                      \
    w += 64;                                                                                     \
    UNROLL for (size_t q = 0; q < pairs; q++) {                                                  \
      const int8x16_t value = vcombine_s8(                                                       \
          vld1_s8((const int8_t *)(row)[2 * q] + (at)), vld1_s8((const int8_t *)(row)[2 * q + 1] + (at))); \
      UNROLL for (size_t o = 0; o < 4; o++) sum[q][o] = vmmlaq_s32(sum[q][o], value, weight[o]); \
    }                                                                                            \
  }

static inline __attribute__((always_inline)) TARGET void tile(const size_t pairs, Q8_IGEMM_PARAMETERS) {
  int32x4_t sum[4][4];
  UNROLL for (size_t o = 0; o < 4; o++) {
    const int32x2_t two = vld1_s32(bias + 2 * o);
    UNROLL for (size_t q = 0; q < pairs; q++) sum[q][o] = vcombine_s32(two, two);
  }
  const uint8_t *place[8], *row[8];
  UNROLL for (size_t p = 0; p < 2 * pairs; p++) place[p] = x[p < pixels ? p : pixels - 1];
  for (size_t tap = 0; tap < taps; tap++) {
    UNROLL for (size_t p = 0; p < 2 * pairs; p++) row[p] = place[p] + offsets[tap];
    for (size_t at = 0; at < 8 * steps; at += 8) STEP(row, at)
  }
  w = extra_w;
  for (size_t extra = 0; extra < extra_count; extra++) STEP(place, extras[extra])
  UNROLL for (size_t q = 0; q < pairs; q++)
    UNROLL for (size_t o = 0; o < 4; o++) {
      vst1_s32(sums + 16 * q + 2 * o, vget_low_s32(sum[q][o]));
      vst1_s32(sums + 16 * q + 8 + 2 * o, vget_high_s32(sum[q][o]));
    }
}

#define CASE(n) \
  case n: tile(n, pixels, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;

TARGET void s8_igemm_8x8_neoni8mm(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(8, 16);
  switch ((pixels + 1) / 2) {
    CASE(1) CASE(2) CASE(3)
    default: tile(4, pixels, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
  }
}
#endif
