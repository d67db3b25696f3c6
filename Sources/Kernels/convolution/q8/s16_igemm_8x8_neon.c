#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>

// s16_igemm_8x8_neon: one product a lane by smlal, the inputs of a pixel lane by lane. kr is 1; no extras; steps is a
// multiple of 8.
//
// 16 accumulators + 1 weight + 8 of x (eight inputs of a pixel each) = 25 of 32 registers.
//
// A full tile runs in assembly. `tile` is its specification, and runs smaller tiles.

#define STEP(lane)                                                                              \
  {                                                                                             \
    const int16x8_t weight = vld1q_s16(from);                                                   \
    from += 8;                                                                                  \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                                \
      sum[p][0] = vmlal_laneq_s16(sum[p][0], vget_low_s16(weight), value[p], lane);             \
      sum[p][1] = vmlal_high_laneq_s16(sum[p][1], weight, value[p], lane);                      \
    }                                                                                           \
  }

// The sums of 8 pixels, in an instruction order that compilers would change. An in-order Cortex-A53 stalls on a value that was just
// loaded, and starts a load only when the products before it are nearly done. So activations are loaded together, and weights four
// registers at a time, half a round ahead. 16 accumulators + 8 of x + 8 weights = 32 of 32 registers.
//
// The last round of a tap loads weights ahead that are not used; it loads them from the beginning, which is readable.
#define PIXEL(a, b, x, weight, lane)                          \
  "smlal v" #a ".4s, v" #weight ".4h, v" #x ".h[" #lane "]\n"  \
  "smlal2 v" #b ".4s, v" #weight ".8h, v" #x ".h[" #lane "]\n"
#define INPUT(weight, lane)                                                                          \
  PIXEL(16, 17, 0, weight, lane) PIXEL(18, 19, 1, weight, lane) PIXEL(20, 21, 2, weight, lane)       \
  PIXEL(22, 23, 3, weight, lane) PIXEL(24, 25, 4, weight, lane) PIXEL(26, 27, 5, weight, lane)       \
  PIXEL(28, 29, 6, weight, lane) PIXEL(30, 31, 7, weight, lane)

static void whole_tile(
    size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, const int16_t *w,
    int32_t *sums) {
  const uint8_t *r0, *r1, *r2, *r3, *r4, *r5, *r6, *r7;
  size_t at, left;
  const int16_t *now, *next, *const begin = w;
  __asm__ volatile(
      "ldp q16, q17, [%[bias]]\n"
      "mov v18.16b, v16.16b\n mov v19.16b, v17.16b\n mov v20.16b, v16.16b\n mov v21.16b, v17.16b\n"
      "mov v22.16b, v16.16b\n mov v23.16b, v17.16b\n mov v24.16b, v16.16b\n mov v25.16b, v17.16b\n"
      "mov v26.16b, v16.16b\n mov v27.16b, v17.16b\n mov v28.16b, v16.16b\n mov v29.16b, v17.16b\n"
      "mov v30.16b, v16.16b\n mov v31.16b, v17.16b\n"
      "ldp %[r0], %[r1], [%[x]]\n ldp %[r2], %[r3], [%[x], #16]\n"
      "ldp %[r4], %[r5], [%[x], #32]\n ldp %[r6], %[r7], [%[x], #48]\n"
      "1:\n"
      "ldr %[at], [%[offsets]], #8\n"
      "ld1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[w]]\n"
      "mov %[left], %[steps]\n"
      "2:\n"
      "ldr q0, [%[r0], %[at]]\n ldr q1, [%[r1], %[at]]\n"
      "add %[now], %[w], #64\n"
      "ldr q2, [%[r2], %[at]]\n"
      "add %[w], %[w], #128\n"
      "ldr q3, [%[r3], %[at]]\n"
      "subs %[left], %[left], #8\n"
      "ldr q4, [%[r4], %[at]]\n ldr q5, [%[r5], %[at]]\n ldr q6, [%[r6], %[at]]\n"
      "csel %[next], %[begin], %[w], eq\n"
      "ldr q7, [%[r7], %[at]]\n"
      "add %[at], %[at], #16\n"
      INPUT(8, 0)
      "ld1 {v12.8h, v13.8h, v14.8h, v15.8h}, [%[now]]\n"
      INPUT(9, 1) INPUT(10, 2) INPUT(11, 3)
      "ld1 {v8.8h, v9.8h, v10.8h, v11.8h}, [%[next]]\n"
      INPUT(12, 4) INPUT(13, 5) INPUT(14, 6) INPUT(15, 7)
      "b.ne 2b\n"
      "subs %[taps], %[taps], #1\n"
      "b.ne 1b\n"
      "stp q16, q17, [%[sums]]\n stp q18, q19, [%[sums], #32]\n stp q20, q21, [%[sums], #64]\n"
      "stp q22, q23, [%[sums], #96]\n stp q24, q25, [%[sums], #128]\n stp q26, q27, [%[sums], #160]\n"
      "stp q28, q29, [%[sums], #192]\n stp q30, q31, [%[sums], #224]\n"
      : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4), [r5] "=&r"(r5), [r6] "=&r"(r6),
        [r7] "=&r"(r7), [at] "=&r"(at), [left] "=&r"(left), [now] "=&r"(now), [next] "=&r"(next),
        [w] "+&r"(w), [offsets] "+&r"(offsets), [taps] "+&r"(taps)
      : [bias] "r"(bias), [begin] "r"(begin), [x] "r"(x), [steps] "r"(steps), [sums] "r"(sums)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
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
  Q8_IGEMM_REQUIRE(8, 16);
  KERNEL_REQUIRE(extra_count == 0 && steps % 8 == 0);
  (void)extra_count, (void)extras, (void)extra_w;
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: whole_tile(taps, steps, x, offsets, bias, (const int16_t *)(const void *)w, sums); break;
  }
}
#endif
