#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86) && !defined(GIEMSA_EMULATED_X86)
#include <immintrin.h>
#include <string.h>

#include "unroll.h"

// u8s8_igemm_32x32_avx512amx: 16 pixels × 16 outputs × 64 inputs by one tdpbusd. Weights are packed as for
// u8s8_igemm_12x32_avx512vnni.
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-int8")
#include "convolution/q8/q8_finish_avx512.h"

#define TILE_INLINE Q8_INLINE
#define TILE_SUM int32_t
#define TILE_MULTIPLY _tile_dpbusd
#include "convolution/tiles_avx512amx.inc"

TARGET void u8s8_begin_avx512amx(void) { tiles_begin(STEPS); }
TARGET void u8s8_end_avx512amx(void) { _tile_release(); }

TARGET void u8s8_igemm_32x32_avx512amx(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(2 * HALF, 64);
  if (extra_count) {
    // Rare: the other kernel knows extras.
    for (size_t p = 0; p < pixels; p += 12)
      u8s8_igemm_12x32_avx512vnni(
          pixels - p < 12 ? pixels - p : 12, taps, steps, x + p, offsets, bias, w, extra_count, extras, extra_w, sums + p * NR);
    return;
  }
  int32_t all[2 * HALF * NR] __attribute__((aligned(64)));
  multiply(STEPS, pixels, taps, steps, x, offsets, bias, w, 0, 0, all);
  memcpy(sums, all, pixels * NR * sizeof *sums);
}

Q8_INLINE void store(const q8_fused *e, size_t pixels, const int32_t *sums, const float *scales, q8_finish_kind kind) {
  const __m512 multipliers0 = _mm512_load_ps(scales), multipliers1 = _mm512_load_ps(scales + HALF);
  const __m512 shifts0 = _mm512_load_ps(scales + 2 * HALF), shifts1 = _mm512_load_ps(scales + 3 * HALF);
  const uint8_t *const r = e->residual;
  size_t at = 0;
  uint8_t *y = e->y;
  for (size_t p = 0; p < pixels; p++) {
    const __m512 first = _mm512_cvtepi32_ps(_mm512_load_si512(sums + p * NR));
    const __m512 second = _mm512_cvtepi32_ps(_mm512_load_si512(sums + p * NR + HALF));
    const __m512i a = q8_scaled_avx512(e, first, multipliers0, shifts0, kind);
    const __m512i b = q8_scaled_avx512(e, second, multipliers1, shifts1, kind);
    q8_store_avx512(e, q8_added_avx512(e, a, kind, r, at), q8_added_avx512(e, b, kind, r, at + HALF), y, kind);
    at += e->residual_stride;
    y += e->y_stride;
  }
}

TARGET void u8s8_fused_32x32_avx512amx(Q8_FUSED_PARAMETERS) {
  Q8_FUSED_REQUIRE(2 * HALF, 64);
  int32_t sums[2 * HALF * NR] __attribute__((aligned(64)));
  multiply(STEPS, pixels, taps, steps, x, offsets, bias, w, e->ahead, STEPS, sums);
#define STORE_ALL(kind) store(e, pixels, sums, (const float *)(bias + NR), kind);
  Q8_EACH_KIND(e, STORE_ALL)
}
#endif
