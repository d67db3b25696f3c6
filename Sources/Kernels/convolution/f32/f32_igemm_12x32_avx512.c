#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

// f32_igemm_12x32_avx512: y[pixel][output] = clamp(bias + sum over taps and channels of x · w, + residual)
// for up to 12 output pixels and up to 32 outputs.
//
// x         taps × 12 row pointers into NHWC activations; a tap that falls on padding points at zeros
// bias, w   of one panel: 32 biases, taps × channels × 32 weights; 64-byte aligned
//
// Needs 1 <= pixels <= 12, 1 <= outputs <= 32, taps >= 1, channels >= 1. Reads exactly `channels` floats behind each
// pointer, so rows need no padding; writes exactly pixels × outputs floats. 24 accumulators + 2 weights + 1 broadcast =
// 27 of 32 registers; 12 pointers, the weights and the channel fill the general registers, which is why not 14 pixels.

#define TARGET X86_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE void tile(
    const size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  __m512 sum[12][2];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = _mm512_load_ps(bias);
    sum[p][1] = _mm512_load_ps(bias + 16);
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    __builtin_prefetch(y + p * epilogue->y_stride, 1);
    __builtin_prefetch(y + p * epilogue->y_stride + 16, 1);
  }
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++) {
      __builtin_prefetch(residual + p * epilogue->residual_stride);
      __builtin_prefetch(residual + p * epilogue->residual_stride + 16);
    }
  }
  kernels_fetch ahead = epilogue->ahead;
  const size_t ahead_step = epilogue->ahead_step;
  for (size_t tap = 0; tap < taps; tap++) {
    const float *row[12];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + x_offset;
    x += 12;
#pragma clang loop unroll(disable)
    for (size_t c = 0; c < channels; c++) {
      KERNELS_FETCH(ahead);
      if (ahead_step > 64) KERNELS_FETCH(ahead + 64);
      ahead += ahead_step;
      __m512 w0 = _mm512_load_ps(w), w1 = _mm512_load_ps(w + 16);
      w += 32;
      UNROLL for (size_t p = 0; p < pixels; p++) {
        __m512 value = _mm512_set1_ps(row[p][c]);
        sum[p][0] = _mm512_fmadd_ps(value, w0, sum[p][0]);
        sum[p][1] = _mm512_fmadd_ps(value, w1, sum[p][1]);
      }
    }
  }
  const __m512 low = _mm512_set1_ps(epilogue->low), high = _mm512_set1_ps(epilogue->high);
  const __mmask16 first = outputs >= 16 ? 0xffff : (__mmask16)((1u << outputs) - 1);
  const __mmask16 second = outputs >= 32 ? 0xffff : outputs > 16 ? (__mmask16)((1u << (outputs - 16)) - 1) : 0;
  UNROLL for (size_t p = 0; p < pixels; p++) {
    if (residual) {
      sum[p][0] = _mm512_add_ps(sum[p][0], _mm512_maskz_loadu_ps(first, residual));
      sum[p][1] = _mm512_add_ps(sum[p][1], _mm512_maskz_loadu_ps(second, residual + 16));
      residual += epilogue->residual_stride;
    }
    // If an operand is NaN, the instruction returns the second one.
    _mm512_mask_storeu_ps(y, first, _mm512_min_ps(high, _mm512_max_ps(low, sum[p][0])));
    _mm512_mask_storeu_ps(y + 16, second, _mm512_min_ps(high, _mm512_max_ps(low, sum[p][1])));
    y += epilogue->y_stride;
  }
}

#define CASE(n) \
  case n: tile(n, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;

TARGET void f32_igemm_12x32_avx512(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  F32_IGEMM_REQUIRE(12, 32, 64);
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11)
    default: tile(12, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;
  }
}
#endif
