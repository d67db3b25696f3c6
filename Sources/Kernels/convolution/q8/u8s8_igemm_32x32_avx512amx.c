#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86) && !defined(GIEMSA_EMULATED_X86)
#include <immintrin.h>
#include <string.h>

#include "unroll.h"

// u8s8_igemm_32x32_avx512amx: 16 pixels × 16 outputs × 64 inputs by one tdpbusd. Four tiles hold the sums, two the inputs of 16 pixels
// each, two the weights of 16 outputs each. Weights are packed as for u8s8_igemm_12x32_avx512vnni: 16 steps are the 16 rows of a tile.
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-int8")
#include "convolution/q8/q8_finish_avx512.h"

enum { HALF = 16, NR = 32, STEPS = 16, STEP_BYTES = 4 * NR };

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shapes;

TARGET void u8s8_begin_avx512amx(void) {
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    shapes.bytes[i] = 64;
    shapes.rows[i] = 16;
  }
  _tile_loadconfig(&shapes);
}
TARGET void u8s8_end_avx512amx(void) { _tile_release(); }

// The bytes from each of 16 pixels to the next; 0 if they are not alike, or if there are fewer pixels.
Q8_INLINE size_t gap_of(const uint8_t *const *x, size_t pixels) {
  if (pixels < HALF) return 0;
  const size_t gap = (size_t)(x[1] - x[0]);
  for (size_t p = 2; p < HALF; p++)
    if ((size_t)(x[p] - x[p - 1]) != gap) return 0;
  return gap;
}

// Copies `count` pixels' inputs at `offset` where `kept` is set; a lane that is not kept is 0 and not read.
Q8_INLINE void gather(const uint8_t *const *x, size_t pixels, ptrdiff_t offset, __mmask64 kept, uint8_t (*to)[64]) {
  for (size_t p = 0; p < pixels; p++)
    _mm512_store_si512(to[p], _mm512_maskz_loadu_epi8(kept, (const void *)((uintptr_t)x[p] + (uintptr_t)offset)));
}

// sums = bias + Σ x · w of `pixels` pixels; `sums` has room for 32.
Q8_INLINE void multiply(
    size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, const int8_t *w,
    int32_t *sums) {
  uint8_t inputs[2][HALF][64] __attribute__((aligned(64)));
  int8_t few[STEPS * STEP_BYTES] __attribute__((aligned(64)));
  const size_t total = taps * steps, second = pixels > HALF ? pixels - HALF : 0;
  const size_t gaps[2] = {gap_of(x, pixels), gap_of(x + HALF, second)};
  size_t last = total - STEPS;  // where the last 16 steps begin
  if (total < STEPS) {
    memcpy(few, w, total * STEP_BYTES);
    memset(few + total * STEP_BYTES, 0, sizeof few - total * STEP_BYTES);
    w = few;
    last = 0;
  }
  _tile_loadd(0, bias, 0);
  _tile_loadd(1, bias + HALF, 0);
  _tile_loadd(2, bias, 0);
  _tile_loadd(3, bias + HALF, 0);
  for (size_t tap = 0; tap < taps; tap++) {
    for (size_t step = 0; step < steps; step += STEPS) {
      const size_t count = steps - step < STEPS ? steps - step : STEPS, at = tap * steps + step;
      // A tile of weights always has 16 steps. Where fewer are wanted, the inputs of the others are 0.
      const size_t from = at < last ? at : last, lead = at - from;
      const ptrdiff_t offset = offsets[tap] + 4 * (ptrdiff_t)step;
      const __mmask64 kept = (count == STEPS ? ~(__mmask64)0 : ((__mmask64)1 << 4 * count) - 1) << 4 * lead;
      _tile_loadd(6, w + from * STEP_BYTES, STEP_BYTES);
      _tile_loadd(7, w + from * STEP_BYTES + 64, STEP_BYTES);
      if (gaps[0] && count == STEPS) {
        _tile_loadd(4, x[0] + offset, gaps[0]);
      } else {
        gather(x, pixels < HALF ? pixels : HALF, offset - 4 * (ptrdiff_t)lead, kept, inputs[0]);
        _tile_loadd(4, inputs[0], 64);
      }
      _tile_dpbusd(0, 4, 6);
      _tile_dpbusd(1, 4, 7);
      if (!second) continue;
      if (gaps[1] && count == STEPS) {
        _tile_loadd(5, x[HALF] + offset, gaps[1]);
      } else {
        gather(x + HALF, second, offset - 4 * (ptrdiff_t)lead, kept, inputs[1]);
        _tile_loadd(5, inputs[1], 64);
      }
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
  }
  _tile_stored(0, sums, STEP_BYTES);
  _tile_stored(1, sums + HALF, STEP_BYTES);
  if (!second) return;
  _tile_stored(2, sums + HALF * NR, STEP_BYTES);
  _tile_stored(3, sums + HALF * NR + HALF, STEP_BYTES);
}

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
  multiply(pixels, taps, steps, x, offsets, bias, w, all);
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
  multiply(pixels, taps, steps, x, offsets, bias, w, sums);
  kernels_fetch ahead = e->ahead;
  for (size_t i = 0; i < taps * steps; i++, ahead += 64) KERNELS_FETCH(ahead);
#define STORE_ALL(kind) store(e, pixels, sums, (const float *)(bias + NR), kind);
  Q8_EACH_KIND(e, STORE_ALL)
}
#endif
