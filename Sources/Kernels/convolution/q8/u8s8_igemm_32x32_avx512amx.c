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

// Steps of a product: as many as fit a tile, but all products of a run alike, so that no inputs have to be put together.
Q8_INLINE size_t depth(size_t steps) {
  size_t products = (steps + STEPS - 1) / STEPS;
  const size_t most = 2 * products;
  while (steps % products != 0)
    if (++products > most) return STEPS;
  return steps / products;
}

TARGET void u8s8_begin_avx512amx(size_t steps) { tiles_begin(depth(steps)); }
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
  const size_t gaps[2] = {gap_of(x, pixels), gap_of(x + HALF, pixels > HALF ? pixels - HALF : 0)};
  multiply(depth(steps), pixels, gaps, NR, taps, steps, x, offsets, bias, w, 0, 0, all);
  memcpy(sums, all, pixels * NR * sizeof *sums);
}

// Which of a pixel's 32 outputs are stored.
Q8_INLINE __mmask32 stored_of(const q8_fused *e) {
  return e->outputs >= NR ? ~(__mmask32)0 : ((__mmask32)1 << e->outputs) - 1;
}

// The first or the second 16 outputs of a pixel, of which those in `stored` are wanted, ready to be packed.
Q8_INLINE __m512i finished(
    const q8_fused *e, const int32_t *sums, __m512 multipliers, __m512 shifts, __mmask16 stored, const uint8_t *residual,
    q8_finish_kind kind) {
  const __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(sums));
  const __m512i scaled = q8_scaled_avx512(e, sum, multipliers, shifts, kind);
  if (!q8_has_residual(kind)) return scaled;
  const __m128i bytes = stored == 0xffff ? _mm_loadu_si128((const __m128i *)(const void *)residual)
                                         : _mm_maskz_loadu_epi8(stored, residual);
  return q8_sum_avx512(e, scaled, kind, bytes);
}

// Of up to 16 outputs.
Q8_INLINE void store_half(const q8_fused *e, size_t pixels, const int32_t *sums, const float *scales, q8_finish_kind kind) {
  const __m512 multipliers = _mm512_load_ps(scales), shifts = _mm512_load_ps(scales + 2 * HALF);
  const __mmask32 stored = stored_of(e);
  const uint8_t *residual = e->residual;
  uint8_t *y = e->y;
  for (size_t p = 0; p < pixels;) {
    if (e->outputs == HALF && pixels - p >= 4 && (e->wanted >> p & 15) == 15) {
      __m512i four[4];
      UNROLL for (size_t i = 0; i < 4; i++) {
        four[i] = finished(e, sums + (p + i) * NR, multipliers, shifts, 0xffff, residual, kind);
        residual += e->residual_stride;
      }
      q8_store_four_avx512(e, four, 4, 0xffff, y, kind);
      y += 4 * e->y_stride;
      p += 4;
      continue;
    }
    if (e->wanted >> p & 1) {
      const __m512i first = finished(e, sums + p * NR, multipliers, shifts, (__mmask16)stored, residual, kind);
      _mm256_mask_storeu_epi8(y, stored, q8_bytes_avx512(e, first, _mm512_setzero_si512(), kind));
      residual += e->residual_stride;
      y += e->y_stride;
    }
    p++;
  }
}

Q8_INLINE void store(const q8_fused *e, size_t pixels, const int32_t *sums, const float *scales, q8_finish_kind kind) {
  if (e->outputs <= HALF) {
    store_half(e, pixels, sums, scales, kind);
    return;
  }
  const __m512 multipliers0 = _mm512_load_ps(scales), shifts0 = _mm512_load_ps(scales + 2 * HALF);
  const __m512 multipliers1 = _mm512_load_ps(scales + HALF), shifts1 = _mm512_load_ps(scales + 3 * HALF);
  const __mmask32 stored = stored_of(e);
  const __mmask16 stored1 = (__mmask16)(stored >> HALF);
  const uint8_t *residual = e->residual;
  const uint32_t wanted = e->wanted;
  uint8_t *y = e->y;
  for (size_t p = 0; p < pixels; p++) {
    if (!(wanted >> p & 1)) continue;
    const __m512i first = finished(e, sums + p * NR, multipliers0, shifts0, 0xffff, residual, kind);
    const __m512i second = finished(e, sums + p * NR + HALF, multipliers1, shifts1, stored1, residual + HALF, kind);
    const __m256i bytes = q8_bytes_avx512(e, first, second, kind);
    if (stored == ~(__mmask32)0) {
      _mm256_storeu_si256((__m256i *)(void *)y, bytes);
    } else {
      _mm256_mask_storeu_epi8(y, stored, bytes);
    }
    residual += e->residual_stride;
    y += e->y_stride;
  }
}

TARGET void u8s8_fused_32x32_avx512amx(Q8_FUSED_PARAMETERS) {
  Q8_FUSED_REQUIRE(2 * HALF, 64);
  int32_t sums[2 * HALF * NR] __attribute__((aligned(64)));
  size_t gaps[2] = {e->readable >= HALF ? e->gap : 0, e->readable >= 2 * HALF ? e->gap : 0};
  if (!e->gap) {
    gaps[0] = gap_of(x, pixels);
    gaps[1] = gap_of(x + HALF, pixels > HALF ? pixels - HALF : 0);
  }
  const size_t deep = depth(steps), products = taps * ((steps + deep - 1) / deep);
  const size_t lines = (e->ahead_bytes + 64 * products - 1) / (64 * products);
  multiply(
      deep, pixels, gaps, e->outputs, taps, steps, x, offsets, bias, w, e->ahead, lines < STEPS ? lines : STEPS, sums);
#define STORE_ALL(kind) store(e, pixels, sums, (const float *)(bias + NR), kind);
  Q8_EACH_KIND(e, STORE_ALL)
}
#endif
