#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86) && !defined(GIEMSA_EMULATED_X86)
#include <string.h>

#include "unroll.h"

// bf16_igemm_12x32_avx512bf16: 2 inputs × 16 outputs by one vdpbf16ps, for up to 12 pixels and 32 outputs.
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#include "convolution/bf16/bf16_finish_avx512.h"

TARGET void bf16_round_avx512bf16(BF16_ROUND_PARAMETERS) {
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m512bh pair = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + i + 16), _mm512_loadu_ps(from + i));
    _mm512_storeu_si512(to + i, (__m512i)pair);
  }
  for (; i < count; i += 16) {
    const __mmask16 mask = bf16_mask(count, i);
    _mm256_mask_storeu_epi16(to + i, mask, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i)));
  }
}

enum { AHEAD = 16384 };  // bytes

// `vectors` (1 or 2) and `pixels` are constants.
BF16_INLINE void tile(
    const size_t vectors, const size_t pixels, uint32_t wanted, size_t outputs, size_t taps, size_t pairs, const uint8_t *const *x,
    const ptrdiff_t *offsets, const float *bias, const void *weights, float *y, const float *residual,
    const f32_igemm_epilogue *epilogue) {
  const uint16_t *w = weights;
  __m512 sums[12][2];
  UNROLL for (size_t p = 0; p < pixels; p++)
    UNROLL for (size_t v = 0; v < vectors; v++) sums[p][v] = _mm512_load_ps(bias + 16 * v);
  for (size_t tap = 0; tap < taps; tap++) {
    const uint8_t *row[12];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
#pragma clang loop unroll(disable)
    for (size_t pair = 0; pair < pairs; pair++, w += 64) {
      // With few pixels weights are read once, and nothing else takes time.
      if (pixels <= 4) {
        KERNELS_FETCH((kernels_fetch)w + AHEAD);
        KERNELS_FETCH((kernels_fetch)w + AHEAD + 64);
      }
      __m512bh panel[2];
      UNROLL for (size_t v = 0; v < vectors; v++) panel[v] = (__m512bh)_mm512_load_si512(w + 32 * v);
      UNROLL for (size_t p = 0; p < pixels; p++) {
        int32_t both;
        memcpy(&both, row[p] + 4 * pair, sizeof both);
        const __m512bh value = (__m512bh)_mm512_set1_epi32(both);
        UNROLL for (size_t v = 0; v < vectors; v++) sums[p][v] = _mm512_dpbf16_ps(sums[p][v], value, panel[v]);
      }
    }
  }
  const __m512 low = _mm512_set1_ps(epilogue->low), high = _mm512_set1_ps(epilogue->high);
  UNROLL for (size_t p = 0; p < pixels; p++) {
    if (wanted >> p & 1) {
      UNROLL for (size_t v = 0; v < vectors; v++)
        _mm512_mask_storeu_ps(
            y + 16 * v, bf16_mask(outputs, 16 * v),
            bf16_finish(sums[p][v], bf16_mask(outputs, 16 * v), residual ? residual + 16 * v : NULL, low, high));
      y += epilogue->y_stride;
      if (residual) residual += epilogue->residual_stride;
    }
  }
}

#define CASE(vectors, n) \
  case 16 * vectors + n - 1: tile(vectors, n, wanted, outputs, taps, pairs, x, offsets, bias, w, to, residual, &sums); break;
#define CASES(vectors)                                                                                   \
  CASE(vectors, 1) CASE(vectors, 2) CASE(vectors, 3) CASE(vectors, 4) CASE(vectors, 5) CASE(vectors, 6)  \
  CASE(vectors, 7) CASE(vectors, 8) CASE(vectors, 9) CASE(vectors, 10) CASE(vectors, 11) CASE(vectors, 12)

TARGET void bf16_igemm_12x32_avx512bf16(BF16_IGEMM_PARAMETERS) {
  BF16_IGEMM_REQUIRE(12, 32, 64);
  float own[12 * 32] __attribute__((aligned(64)));
  f32_igemm_epilogue sums = epilogue->sums;
  if (epilogue->narrow) sums.y_stride = 32;
  float *to = epilogue->narrow ? own : y;
  switch ((outputs > 16 ? 32 : 16) + pixels - 1) { CASES(1) CASES(2) }
  const size_t rows = (size_t)__builtin_popcount(wanted);
  bf16_activate(epilogue, to, rows, outputs, sums.y_stride);
  if (!epilogue->narrow) return;
  for (size_t row = 0; row < rows; row++)
    bf16_round_avx512bf16((uint16_t *)y + row * epilogue->sums.y_stride, own + 32 * row, outputs);
}
#endif
