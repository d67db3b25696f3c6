#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86) && !defined(GIEMSA_EMULATED_X86)
// bf16_igemm_32x32_avx512amx: 16 pixels × 16 outputs × 32 inputs by one tdpbf16ps.
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")
#include "convolution/bf16/bf16_finish_avx512.h"

#define TILE_INLINE BF16_INLINE
#define TILE_SUM float
#define TILE_MULTIPLY _tile_dpbf16ps
#include "convolution/tiles_avx512amx.inc"

BF16_INLINE size_t depth(size_t pairs) { return pairs < STEPS ? pairs : STEPS; }

TARGET void bf16_begin_avx512amx(size_t pairs) { tiles_begin(depth(pairs)); }
TARGET void bf16_end_avx512amx(void) { _tile_release(); }

TARGET void bf16_round_apart_avx512amx(BF16_ROUND_APART_PARAMETERS) {
  size_t i = 0;
  for (; i + 32 <= count; i += 32, to += apart) {
    const __m512bh pair = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + i + 16), _mm512_loadu_ps(from + i));
    _mm512_storeu_si512(to, (__m512i)pair);
  }
  if (i == count) return;
  const __m512 first = _mm512_maskz_loadu_ps(bf16_mask(count, i), from + i);
  const __m512 second = _mm512_maskz_loadu_ps(bf16_mask(count, i + 16), from + i + 16);
  _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

TARGET void bf16_igemm_32x32_avx512amx(BF16_IGEMM_PARAMETERS) {
  BF16_IGEMM_REQUIRE(2 * HALF, NR, 64);
  // Tiles would stay nearly empty, and weights are read in order faster than by tiles.
  if (pixels <= 4) {
    bf16_igemm_12x32_avx512bf16(pixels, wanted, outputs, taps, pairs, x, offsets, bias, w, y, residual, epilogue);
    return;
  }
  float sums[2 * HALF * NR] __attribute__((aligned(64)));
  const f32_igemm_epilogue *own = &epilogue->sums;
  const size_t gaps[2] = {gap_of(x, pixels), gap_of(x + HALF, pixels > HALF ? pixels - HALF : 0)};
  multiply(depth(pairs), pixels, gaps, outputs, taps, pairs, x, offsets, bias, w, own->ahead, own->ahead_step, sums);
  const __m512 low = _mm512_set1_ps(own->low), high = _mm512_set1_ps(own->high);
  const __mmask16 first = bf16_mask(outputs, 0), second = bf16_mask(outputs, 16);
  const int activates = epilogue->activation.applies && epilogue->narrow;
  if (activates) {
    // Before they are rounded.
    const float *added = residual;
    for (size_t p = 0; p < pixels; p++) {
      float *row = sums + p * NR;
      const int adds = added && (wanted >> p & 1);
      _mm512_store_ps(row, bf16_finish(_mm512_load_ps(row), first, adds ? added : NULL, low, high));
      if (second) _mm512_store_ps(row + 16, bf16_finish(_mm512_load_ps(row + 16), second, adds ? added + 16 : NULL, low, high));
      if (adds) added += own->residual_stride;
    }
    bf16_activate(epilogue, sums, second ? 1 : pixels, second ? pixels * NR : HALF, NR);
  }
  const size_t row_bytes = own->y_stride * (epilogue->narrow ? sizeof(uint16_t) : sizeof(float));
  const __mmask32 both = (__mmask32)second << 16 | first;
  char *to = y;
  for (size_t p = 0; p < pixels; p++) {
    if (!(wanted >> p & 1)) continue;
    const float *row = sums + p * NR;
    __m512 a = _mm512_load_ps(row), b = _mm512_load_ps(row + 16);
    if (!activates) {
      a = bf16_finish(a, first, residual, low, high);
      if (second) b = bf16_finish(b, second, residual ? residual + 16 : NULL, low, high);
    }
    if (epilogue->narrow) {
      _mm512_mask_storeu_epi16(to, both, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    } else {
      _mm512_mask_storeu_ps(to, first, a);
      if (second) _mm512_mask_storeu_ps(to + 64, second, b);
    }
    to += row_bytes;
    if (residual) residual += own->residual_stride;
  }
  if (!epilogue->narrow) bf16_activate(epilogue, y, (size_t)__builtin_popcount(wanted), outputs, own->y_stride);
}
#endif
