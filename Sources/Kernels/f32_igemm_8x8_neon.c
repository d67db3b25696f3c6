#include "igemm_kernels.h"

#if defined(__aarch64__)
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

// Pixel loops must vanish before registers are given out, or the sums live on the stack.
#define UNROLL _Pragma("clang loop unroll(full)")
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
  const char *ahead = epilogue->ahead;
  const size_t ahead_step = epilogue->ahead_step;
  for (size_t tap = 0; tap < taps; tap++) {
    const float *row[8];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + x_offset;
    x += 8;
    size_t c = 0;
    for (; c + 4 <= channels; c += 4) {
      __builtin_prefetch(ahead, 0, 2);
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
      // FMAX and FMIN hand a NaN on.
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
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    default: tile(8, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;
  }
}
#endif
