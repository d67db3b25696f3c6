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
// pointer, so rows need no padding; writes exactly pixels × outputs floats. If outputs <= 16 the panel's other half is not
// computed. 24 accumulators + 2 weights + 1 broadcast =
// 27 of 32 registers; 12 pointers, the weights and the channel fill the general registers, which is why not 14 pixels.

#define TARGET X86_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define INLINE static inline __attribute__((always_inline)) TARGET

// `vectors` (1 or 2) and `pixels` are constants.
INLINE void tile(
    const size_t vectors, const size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x,
    size_t x_offset, const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  const size_t y_stride = epilogue->y_stride, residual_stride = epilogue->residual_stride;
  __m512 sum[12][2];
  UNROLL for (size_t p = 0; p < pixels; p++)
    UNROLL for (size_t v = 0; v < vectors; v++) sum[p][v] = _mm512_load_ps(bias + 16 * v);
  // Few channels leave no time for it.
  if (taps * channels > 48) {
    UNROLL for (size_t p = 0; p < pixels; p++)
      UNROLL for (size_t v = 0; v < vectors; v++) __builtin_prefetch(y + p * y_stride + 16 * v, 1);
  }
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++)
      UNROLL for (size_t v = 0; v < vectors; v++) __builtin_prefetch(residual + p * residual_stride + 16 * v);
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
      __m512 weights[2];
      UNROLL for (size_t v = 0; v < vectors; v++) weights[v] = _mm512_load_ps(w + 16 * v);
      w += 32;
      UNROLL for (size_t p = 0; p < pixels; p++) {
        __m512 value = _mm512_set1_ps(row[p][c]);
        UNROLL for (size_t v = 0; v < vectors; v++) sum[p][v] = _mm512_fmadd_ps(value, weights[v], sum[p][v]);
      }
    }
  }
  const __m512 low = _mm512_set1_ps(epilogue->low), high = _mm512_set1_ps(epilogue->high);
  const __mmask16 masks[2] = {
      outputs >= 16 ? 0xffff : (__mmask16)((1u << outputs) - 1),
      outputs >= 32 ? 0xffff : outputs > 16 ? (__mmask16)((1u << (outputs - 16)) - 1) : 0};
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++)
      UNROLL for (size_t v = 0; v < vectors; v++)
        sum[p][v] = _mm512_add_ps(sum[p][v], _mm512_maskz_loadu_ps(masks[v], residual + p * residual_stride + 16 * v));
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    // If an operand is NaN, the instruction returns the second one.
    UNROLL for (size_t v = 0; v < vectors; v++)
      _mm512_mask_storeu_ps(y + 16 * v, masks[v], _mm512_min_ps(high, _mm512_max_ps(low, sum[p][v])));
    y += y_stride;
  }
}

#define CASE(vectors, n) \
  case 16 * vectors + n - 1: tile(vectors, n, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;
#define CASES(vectors)                                                                                   \
  CASE(vectors, 1) CASE(vectors, 2) CASE(vectors, 3) CASE(vectors, 4) CASE(vectors, 5) CASE(vectors, 6)  \
  CASE(vectors, 7) CASE(vectors, 8) CASE(vectors, 9) CASE(vectors, 10) CASE(vectors, 11) CASE(vectors, 12)

TARGET void f32_igemm_12x32_avx512(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  F32_IGEMM_REQUIRE(12, 32, 64);
  switch ((outputs > 16 ? 32 : 16) + pixels - 1) { CASES(1) CASES(2) }
}
#endif
