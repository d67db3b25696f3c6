#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

// f32_igemm_6x16_avx2: y[pixel][output] = clamp(bias + sum over taps and channels of x · w, + residual)
// for up to 6 output pixels and up to 16 outputs.
//
// x         taps × 6 row pointers into NHWC activations; a tap that falls on padding points at zeros
// bias, w   of one panel: 16 biases, taps × channels × 16 weights; 32-byte aligned
//
// Needs 1 <= pixels <= 6, 1 <= outputs <= 16, taps >= 1, channels >= 1. Reads exactly `channels` floats behind each
// pointer, so rows need no padding; writes exactly pixels × outputs floats. If outputs <= 8 the panel's other half is not
// computed. 12 accumulators + 2 weights + 1 broadcast =
// 15 of 16 registers; per channel 8 loads for 12 multiply-adds, so two multipliers stay busy from four pixels on.

#define TARGET X86_TARGET("avx2,fma")
#define INLINE static inline __attribute__((always_inline)) TARGET

// One channel of every pixel: w moves on.
#define STEP(offset)                                                                                                      \
  {                                                                                                                       \
    __m256 weights[2];                                                                                                    \
    UNROLL for (size_t v = 0; v < vectors; v++) weights[v] = _mm256_load_ps(w + 8 * v);                                   \
    w += 16;                                                                                                              \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                                                          \
      __m256 value = _mm256_broadcast_ss(row[p] + c + offset);                                                            \
      UNROLL for (size_t v = 0; v < vectors; v++) sum[p][v] = _mm256_fmadd_ps(value, weights[v], sum[p][v]);              \
    }                                                                                                                     \
  }

// `vectors` (1 or 2) and `pixels` are constants.
INLINE void tile(
    const size_t vectors, const size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x,
    size_t x_offset, const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  __m256 sum[6][2];
  UNROLL for (size_t p = 0; p < pixels; p++)
    UNROLL for (size_t v = 0; v < vectors; v++) sum[p][v] = _mm256_load_ps(bias + 8 * v);
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++) __builtin_prefetch(residual + p * epilogue->residual_stride);
  }
  kernels_fetch ahead = epilogue->ahead;
  const size_t ahead_step = 4 * epilogue->ahead_step;
  for (size_t tap = 0; tap < taps; tap++) {
    const float *row[6];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + x_offset;
    x += 6;
    size_t c = 0;
    for (; c + 4 <= channels; c += 4) {
      KERNELS_FETCH(ahead);
      if (ahead_step > 64) KERNELS_FETCH(ahead + 64);
      ahead += ahead_step;
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
    for (; c < channels; c++) STEP(0)
  }
  const __m256 low = _mm256_set1_ps(epilogue->low), high = _mm256_set1_ps(epilogue->high);
  if (__builtin_expect(outputs == 8 * vectors, 1)) {
    UNROLL for (size_t p = 0; p < pixels; p++) {
      UNROLL for (size_t v = 0; v < vectors; v++) {
        if (residual) sum[p][v] = _mm256_add_ps(sum[p][v], _mm256_loadu_ps(residual + 8 * v));
        // If an operand is NaN, the instruction returns the second one.
        _mm256_storeu_ps(y + 8 * v, _mm256_min_ps(high, _mm256_max_ps(low, sum[p][v])));
      }
      if (residual) residual += epilogue->residual_stride;
      y += epilogue->y_stride;
    }
    return;
  }
  UNROLL for (size_t p = 0; p < pixels; p++) {
    _Alignas(32) float line[16];
    UNROLL for (size_t v = 0; v < vectors; v++) _mm256_store_ps(line + 8 * v, sum[p][v]);
    f32_igemm_finish(line, outputs, y, residual, epilogue);
    y += epilogue->y_stride;
    if (residual) residual += epilogue->residual_stride;
  }
}

#define CASE(vectors, n) \
  case 8 * vectors + n - 1: tile(vectors, n, outputs, taps, channels, x, x_offset, bias, w, y, residual, epilogue); break;
#define CASES(vectors) \
  CASE(vectors, 1) CASE(vectors, 2) CASE(vectors, 3) CASE(vectors, 4) CASE(vectors, 5) CASE(vectors, 6)

TARGET void f32_igemm_6x16_avx2(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  F32_IGEMM_REQUIRE(6, 16, 32);
  switch ((outputs > 8 ? 16 : 8) + pixels - 1) { CASES(1) CASES(2) }
}
#endif
