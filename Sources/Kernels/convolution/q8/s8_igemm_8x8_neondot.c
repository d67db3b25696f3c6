#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>
#include <string.h>

// s8_igemm_8x8_neondot: four products a lane by sdot, the inputs of a pixel lane by lane. kr is 4.
//
// 16 accumulators + 2 weights + 8 of x (sixteen inputs of a pixel each) = 26 of 32 registers; per four inputs 4 loads for 16
// dot products.
//
// A full tile whose inputs are a multiple of sixteen runs in assembly. `tile` is its specification, and runs everything else.

#define TARGET __attribute__((target("dotprod")))

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

// The sums of 8 pixels over all taps, with the bias, without extras. The instruction order is that of f32_igemm_8x8_neon, for the
// same reason; and there are fewer instructions than compilers generate, which a Cortex-A76 needs.
#define PIXEL(a, b, x, w0, w1, lane)                        \
  "sdot v" #a ".4s, v" #w0 ".16b, v" #x ".4b[" #lane "]\n"  \
  "sdot v" #b ".4s, v" #w1 ".16b, v" #x ".4b[" #lane "]\n"
#define FOUR(w0, w1, lane)                                                                  \
  PIXEL(0, 1, 16, w0, w1, lane) PIXEL(2, 3, 17, w0, w1, lane) PIXEL(4, 5, 18, w0, w1, lane) \
  PIXEL(6, 7, 19, w0, w1, lane) PIXEL(8, 9, 20, w0, w1, lane) PIXEL(10, 11, 21, w0, w1, lane) \
  PIXEL(12, 13, 22, w0, w1, lane) PIXEL(14, 15, 23, w0, w1, lane)

static TARGET void whole_tile(
    size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, const int8_t *w,
    int32_t *sums) {
  const uint8_t *r0, *r1, *r2, *r3, *r4, *r5, *r6, *r7;
  size_t at, left;
  const int8_t *now, *next, *const begin = w;
  __asm__ volatile(
      "ldp q0, q1, [%[bias]]\n"
      "mov v2.16b, v0.16b\n mov v3.16b, v1.16b\n mov v4.16b, v0.16b\n mov v5.16b, v1.16b\n"
      "mov v6.16b, v0.16b\n mov v7.16b, v1.16b\n mov v8.16b, v0.16b\n mov v9.16b, v1.16b\n"
      "mov v10.16b, v0.16b\n mov v11.16b, v1.16b\n mov v12.16b, v0.16b\n mov v13.16b, v1.16b\n"
      "mov v14.16b, v0.16b\n mov v15.16b, v1.16b\n"
      "ldp %[r0], %[r1], [%[x]]\n ldp %[r2], %[r3], [%[x], #16]\n"
      "ldp %[r4], %[r5], [%[x], #32]\n ldp %[r6], %[r7], [%[x], #48]\n"
      "1:\n"
      "ldr %[at], [%[offsets]], #8\n"
      "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[w]]\n"
      "mov %[left], %[steps]\n"
      "2:\n"
      "ldr q16, [%[r0], %[at]]\n ldr q17, [%[r1], %[at]]\n"
      "add %[now], %[w], #64\n"
      "ldr q18, [%[r2], %[at]]\n"
      "add %[w], %[w], #128\n"
      "ldr q19, [%[r3], %[at]]\n"
      "subs %[left], %[left], #4\n"
      "ldr q20, [%[r4], %[at]]\n ldr q21, [%[r5], %[at]]\n ldr q22, [%[r6], %[at]]\n"
      "csel %[next], %[begin], %[w], eq\n"
      "ldr q23, [%[r7], %[at]]\n"
      "add %[at], %[at], #16\n"
      FOUR(24, 25, 0)
      "ld1 {v28.16b, v29.16b, v30.16b, v31.16b}, [%[now]]\n"
      FOUR(26, 27, 1)
      "ld1 {v24.16b, v25.16b, v26.16b, v27.16b}, [%[next]]\n"
      FOUR(28, 29, 2) FOUR(30, 31, 3)
      "b.ne 2b\n"
      "subs %[taps], %[taps], #1\n"
      "b.ne 1b\n"
      "stp q0, q1, [%[sums]]\n stp q2, q3, [%[sums], #32]\n stp q4, q5, [%[sums], #64]\n stp q6, q7, [%[sums], #96]\n"
      "stp q8, q9, [%[sums], #128]\n stp q10, q11, [%[sums], #160]\n stp q12, q13, [%[sums], #192]\n"
      "stp q14, q15, [%[sums], #224]\n"
      : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4), [r5] "=&r"(r5), [r6] "=&r"(r6),
        [r7] "=&r"(r7), [at] "=&r"(at), [left] "=&r"(left), [now] "=&r"(now), [next] "=&r"(next), [w] "+&r"(w),
        [offsets] "+&r"(offsets), [taps] "+&r"(taps)
      : [bias] "r"(bias), [begin] "r"(begin), [x] "r"(x), [steps] "r"(steps), [sums] "r"(sums)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

static inline __attribute__((always_inline)) TARGET void tile(Q8_IGEMM_PARAMETERS) {
  int32x4_t sum[8][2];
  int8x16_t value[8];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = vld1q_s32(bias);
    sum[p][1] = vld1q_s32(bias + 4);
  }
  const int whole = pixels == 8 && taps > 0 && steps > 0 && steps % 4 == 0;
  if (whole) {
    whole_tile(taps, steps, x, offsets, bias, w, sums);
    UNROLL for (size_t p = 0; p < pixels; p++) {
      sum[p][0] = vld1q_s32(sums + 8 * p);
      sum[p][1] = vld1q_s32(sums + 8 * p + 4);
    }
  }
  for (size_t tap = 0; tap < taps && !whole; tap++) {
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
  Q8_IGEMM_REQUIRE(8, 16);
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: tile(8, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
  }
}
#endif
