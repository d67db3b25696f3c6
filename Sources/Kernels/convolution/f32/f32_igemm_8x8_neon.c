#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>

// f32_igemm_8x8_neon: y[pixel][output] = clamp(bias + sum over taps and channels of x · w, + residual)
// for up to 8 output pixels and up to 8 outputs.
//
// x         taps × 8 row pointers into NHWC activations; a tap that falls on padding points at zeros
// bias, w   of one panel: 8 biases, taps × channels × 8 weights; 16-byte aligned
//
// Needs 1 <= pixels <= 8, 1 <= outputs <= 8, taps >= 1, channels >= 1. Reads exactly `channels` floats behind each
// pointer, so rows need no padding; writes exactly pixels × outputs floats. 16 accumulators + 2 weights + 8 activations
// (four channels of a pixel each, multiplied lane by lane) = 26 of 32 registers; per channel 4 loads for 16 multiply-adds.
//
// A full tile whose channels are a multiple of four runs in assembly. `tile` is its specification, and runs everything else.

#define INLINE static inline __attribute__((always_inline))

#define STEP(lane)                                                       \
  {                                                                      \
    float32x4_t w0 = vld1q_f32(w), w1 = vld1q_f32(w + 4);                \
    w += 8;                                                              \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                \
      sum[p][0] = vfmaq_laneq_f32(sum[p][0], w0, value[p], lane);        \
      sum[p][1] = vfmaq_laneq_f32(sum[p][1], w1, value[p], lane);        \
    }                                                                    \
  }

// The sums of 8 pixels × 8 outputs over channels in fours, in an instruction order that compilers would change. An in-order
// Cortex-A53 stalls on a value that was just loaded, and starts a load only when the products before it are nearly done. So
// activations are loaded together, and weights four registers at a time, half a round ahead. Out-of-order cores do not depend on
// the order. 16 accumulators + 8 activations + 8 weights = 32 of 32 registers.
//
// The last round of a tap loads weights ahead that are not used; it loads them from the beginning, which is readable.
#define PIXEL(a, b, x, w0, w1, lane)                        \
  "fmla v" #a ".4s, v" #w0 ".4s, v" #x ".s[" #lane "]\n"    \
  "fmla v" #b ".4s, v" #w1 ".4s, v" #x ".s[" #lane "]\n"
#define CHANNEL(w0, w1, lane)                                                               \
  PIXEL(0, 1, 16, w0, w1, lane) PIXEL(2, 3, 17, w0, w1, lane) PIXEL(4, 5, 18, w0, w1, lane) \
  PIXEL(6, 7, 19, w0, w1, lane) PIXEL(8, 9, 20, w0, w1, lane) PIXEL(10, 11, 21, w0, w1, lane) \
  PIXEL(12, 13, 22, w0, w1, lane) PIXEL(14, 15, 23, w0, w1, lane)

static void whole_tile(
    size_t taps, size_t fours, const float *const *x, size_t x_offset, const float *bias, const float *w, kernels_fetch ahead,
    size_t ahead_step, float *sums) {
  const float *r0, *r1, *r2, *r3, *r4, *r5, *r6, *r7;
  size_t at, left;
  const float *now, *next, *const begin = w;
  const size_t offset = 4 * x_offset;
  __asm__ volatile(
      "ldp q0, q1, [%[bias]]\n"
      "mov v2.16b, v0.16b\n mov v3.16b, v1.16b\n mov v4.16b, v0.16b\n mov v5.16b, v1.16b\n"
      "mov v6.16b, v0.16b\n mov v7.16b, v1.16b\n mov v8.16b, v0.16b\n mov v9.16b, v1.16b\n"
      "mov v10.16b, v0.16b\n mov v11.16b, v1.16b\n mov v12.16b, v0.16b\n mov v13.16b, v1.16b\n"
      "mov v14.16b, v0.16b\n mov v15.16b, v1.16b\n"
      "1:\n"
      "ldp %[r0], %[r1], [%[x]]\n ldp %[r2], %[r3], [%[x], #16]\n"
      "ldp %[r4], %[r5], [%[x], #32]\n ldp %[r6], %[r7], [%[x], #48]\n"
      "add %[x], %[x], #64\n"
      "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[w]]\n"
      "mov %[at], %[offset]\n"
      "mov %[left], %[fours]\n"
      "2:\n"
      "ldr q16, [%[r0], %[at]]\n ldr q17, [%[r1], %[at]]\n"
      "prfm pldl2keep, [%[ahead]]\n"
      "add %[now], %[w], #64\n"
      "ldr q18, [%[r2], %[at]]\n"
      "add %[w], %[w], #128\n"
      "ldr q19, [%[r3], %[at]]\n"
      "subs %[left], %[left], #1\n"
      "ldr q20, [%[r4], %[at]]\n ldr q21, [%[r5], %[at]]\n"
      "add %[ahead], %[ahead], %[step]\n"
      "ldr q22, [%[r6], %[at]]\n"
      "csel %[next], %[begin], %[w], eq\n"
      "ldr q23, [%[r7], %[at]]\n"
      "add %[at], %[at], #16\n"
      CHANNEL(24, 25, 0)
      "ld1 {v28.4s, v29.4s, v30.4s, v31.4s}, [%[now]]\n"
      CHANNEL(26, 27, 1)
      "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[next]]\n"
      CHANNEL(28, 29, 2) CHANNEL(30, 31, 3)
      "b.ne 2b\n"
      "subs %[taps], %[taps], #1\n"
      "b.ne 1b\n"
      "stp q0, q1, [%[sums]]\n stp q2, q3, [%[sums], #32]\n stp q4, q5, [%[sums], #64]\n stp q6, q7, [%[sums], #96]\n"
      "stp q8, q9, [%[sums], #128]\n stp q10, q11, [%[sums], #160]\n stp q12, q13, [%[sums], #192]\n"
      "stp q14, q15, [%[sums], #224]\n"
      : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4), [r5] "=&r"(r5), [r6] "=&r"(r6),
        [r7] "=&r"(r7), [at] "=&r"(at), [left] "=&r"(left), [now] "=&r"(now), [next] "=&r"(next), [x] "+&r"(x), [w] "+&r"(w), [ahead] "+&r"(ahead), [taps] "+&r"(taps)
      : [bias] "r"(bias), [begin] "r"(begin), [offset] "r"(offset), [fours] "r"(fours), [step] "r"(ahead_step), [sums] "r"(sums)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

INLINE void tile(
    const size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  float32x4_t sum[8][2];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = vld1q_f32(bias);
    sum[p][1] = vld1q_f32(bias + 4);
  }
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++) __builtin_prefetch(residual + p * epilogue->residual_stride);
  }
  kernels_fetch ahead = epilogue->ahead;
  const size_t ahead_step = 4 * epilogue->ahead_step;
  const int whole = pixels == 8 && channels % 4 == 0;
  if (whole) {
    float sums[8][8];
    whole_tile(taps, channels / 4, x, x_offset, bias, w, ahead, ahead_step, sums[0]);
    UNROLL for (size_t p = 0; p < pixels; p++) {
      sum[p][0] = vld1q_f32(sums[p]);
      sum[p][1] = vld1q_f32(sums[p] + 4);
    }
  }
  for (size_t tap = 0; tap < taps && !whole; tap++) {
    const float *row[8];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + x_offset;
    x += 8;
    size_t c = 0;
    for (; c + 4 <= channels; c += 4) {
      KERNELS_FETCH(ahead);
      ahead += ahead_step;
      float32x4_t value[8];
      UNROLL for (size_t p = 0; p < pixels; p++) value[p] = vld1q_f32(row[p] + c);
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
    for (; c < channels; c++) {
      float32x4_t value[8];
      UNROLL for (size_t p = 0; p < pixels; p++) value[p] = vld1q_dup_f32(row[p] + c);
      STEP(0)
    }
  }
  const float32x4_t low = vdupq_n_f32(epilogue->low), high = vdupq_n_f32(epilogue->high);
  if (__builtin_expect(outputs == 8, 1)) {
    UNROLL for (size_t p = 0; p < pixels; p++) {
      if (residual) {
        sum[p][0] = vaddq_f32(sum[p][0], vld1q_f32(residual));
        sum[p][1] = vaddq_f32(sum[p][1], vld1q_f32(residual + 4));
        residual += epilogue->residual_stride;
      }
      // FMAX and FMIN return NaN if an operand is NaN.
      vst1q_f32(y, vminq_f32(high, vmaxq_f32(low, sum[p][0])));
      vst1q_f32(y + 4, vminq_f32(high, vmaxq_f32(low, sum[p][1])));
      y += epilogue->y_stride;
    }
    return;
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    float line[8];
    vst1q_f32(line, sum[p][0]);
    vst1q_f32(line + 4, sum[p][1]);
    f32_igemm_finish(line, outputs, y, residual, epilogue);
    y += epilogue->y_stride;
    if (residual) residual += epilogue->residual_stride;
  }
}

#define CASE(n) \
  case n: tile(n, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;

void f32_igemm_8x8_neon(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  F32_IGEMM_REQUIRE(8, 8, 16);
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: tile(8, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;
  }
}
#endif
