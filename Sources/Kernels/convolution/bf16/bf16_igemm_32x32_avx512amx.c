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

TARGET void bf16_igemm_32x32_avx512amx(BF16_IGEMM_PARAMETERS) {
  BF16_IGEMM_REQUIRE(2 * HALF, NR, 64);
  // Tiles would stay nearly empty, and weights are read in order faster than by tiles.
  if (pixels <= 4) {
    bf16_igemm_12x32_avx512bf16(pixels, wanted, outputs, taps, pairs, x, offsets, bias, w, y, residual, epilogue);
    return;
  }
  float sums[2 * HALF * NR] __attribute__((aligned(64)));
  const size_t gaps[2] = {gap_of(x, pixels), gap_of(x + HALF, pixels > HALF ? pixels - HALF : 0)};
  multiply(
      depth(pairs), pixels, gaps, NR, taps, pairs, x, offsets, bias, w, epilogue->ahead, epilogue->ahead_step, sums);
  const __m512 low = _mm512_set1_ps(epilogue->low), high = _mm512_set1_ps(epilogue->high);
  const __mmask16 first = bf16_mask(outputs, 0), second = bf16_mask(outputs, 16);
  for (size_t p = 0; p < pixels; p++) {
    if (!(wanted >> p & 1)) continue;
    const float *own = sums + p * NR;
    bf16_store(_mm512_load_ps(own), first, y, residual, low, high);
    if (second) bf16_store(_mm512_load_ps(own + 16), second, y + 16, residual ? residual + 16 : NULL, low, high);
    y += epilogue->y_stride;
    if (residual) residual += epilogue->residual_stride;
  }
}
#endif
