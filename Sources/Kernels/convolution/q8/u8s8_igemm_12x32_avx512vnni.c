#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_12x32_avx512vnni: four products in each lane by vpdpbusd. 24 accumulators + 2 weights + 1 of x = 27 of 32 registers.
#define NAME u8s8_igemm_12x32_avx512vnni
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#define MR 12
#define VECTOR __m512i
#define LANES 16
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define DOT(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "convolution/q8/igemm_x86.inc"

#include "convolution/q8/q8_finish_avx512.h"

// u8s8_fused_12x32_avx512vnni: the same with the epilogue in registers. With few products per sum, storing and loading the sums
// would take as long as the products.
Q8_INLINE void fused_tile(Q8_FUSED_PARAMETERS, q8_finish_kind kind) {
  __m512i sum[MR][2];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = LOAD(bias);
    sum[p][1] = LOAD(bias + LANES);
  }
  kernels_fetch ahead = e->ahead;
  for (size_t tap = 0; tap < taps; tap++) {
    const uint8_t *row[MR];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
#pragma clang loop unroll(disable)
    for (size_t at = 0; at < 4 * steps; at += 4) {
      KERNELS_FETCH(ahead);
      ahead += 64;
      STEP(row, at)
    }
  }
  // In two passes, so that the constants of each fit in registers beside the sums.
  const float *scales = (const float *)(bias + 2 * LANES);
  const __m512 multipliers0 = _mm512_load_ps(scales), multipliers1 = _mm512_load_ps(scales + LANES);
  const __m512 shifts0 = _mm512_load_ps(scales + 2 * LANES), shifts1 = _mm512_load_ps(scales + 3 * LANES);
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[p][0]), multipliers0, shifts0, kind);
    sum[p][1] = q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[p][1]), multipliers1, shifts1, kind);
  }
  const uint8_t *const r = e->residual;
  size_t at = 0;
  uint8_t *y = e->y;
  UNROLL for (size_t p = 0; p < pixels; p++) {
    q8_store_avx512(
        e, q8_added_avx512(e, sum[p][0], kind, r, at), q8_added_avx512(e, sum[p][1], kind, r, at + LANES), y, kind);
    at += e->residual_stride;
    y += e->y_stride;
  }
}

// u8s8_fused_row_6x32_avx512vnni: the same for short sums, six pixels at a time. The epilogue of six pixels is interleaved with the
// products of the next six; most of its instructions run beside vpdpbusd. The registers hold the sums of both.
enum { HALF = Q8_FUSED_ROW_PIXELS };

Q8_INLINE void store_pixel(const q8_fused *e, const float *scales, const __m512i sum[2], size_t p, q8_finish_kind kind) {
  const uint8_t *const r = e->residual;
  const size_t at = p * e->residual_stride;
  const __m512i first = q8_scaled_avx512(
      e, _mm512_cvtepi32_ps(sum[0]), _mm512_load_ps(scales), _mm512_load_ps(scales + 2 * LANES), kind);
  const __m512i second = q8_scaled_avx512(
      e, _mm512_cvtepi32_ps(sum[1]), _mm512_load_ps(scales + LANES), _mm512_load_ps(scales + 3 * LANES), kind);
  q8_store_avx512(
      e, q8_added_avx512(e, first, kind, r, at), q8_added_avx512(e, second, kind, r, at + LANES), e->y + p * e->y_stride,
      kind);
}

Q8_INLINE void fused_row(Q8_FUSED_ROW_PARAMETERS, q8_finish_kind kind) {
  const float *scales = (const float *)(bias + 2 * LANES);
  const int8_t *const panel = w;
  const size_t pixels = HALF, slice = 8 * LANES * steps / tiles & ~(size_t)63;
  __m512i before[HALF][2];
  for (size_t tile = 0; tile < tiles; tile++) {
    __m512i sum[HALF][2];
    const uint8_t *row[HALF];
    UNROLL for (size_t p = 0; p < HALF; p++) {
      sum[p][0] = LOAD(bias);
      sum[p][1] = LOAD(bias + LANES);
      row[p] = x + (tile * HALF + p) * x_stride;
    }
    kernels_fetch ahead = e->ahead + tile * slice;
    w = panel;
    if (tile > 0) {
      UNROLL for (size_t done = 0; done < HALF; done++) {
        STEP(row, 8 * done)
        store_pixel(e, scales, before[done], (tile - 1) * HALF + done, kind);
        STEP(row, 8 * done + 4)
      }
    } else {
#pragma clang loop unroll(disable)
      for (size_t at = 0; at < 8 * HALF; at += 4) STEP(row, at)
    }
#pragma clang loop unroll(disable)
    for (size_t at = 8 * HALF; at < 4 * steps; at += 4) {
      KERNELS_FETCH(ahead);
      ahead += 64;
      STEP(row, at)
    }
    UNROLL for (size_t p = 0; p < HALF; p++) {
      before[p][0] = sum[p][0];
      before[p][1] = sum[p][1];
    }
  }
  UNROLL for (size_t p = 0; p < HALF; p++) store_pixel(e, scales, before[p], (tiles - 1) * HALF + p, kind);
}

TARGET void u8s8_fused_row_6x32_avx512vnni(Q8_FUSED_ROW_PARAMETERS) {
  Q8_FUSED_ROW_REQUIRE(64);
#define ROW(kind) fused_row(tiles, steps, x, x_stride, bias, w, e, kind);
  Q8_EACH_KIND(e, ROW)
}

Q8_INLINE void fused(Q8_FUSED_PARAMETERS, q8_finish_kind kind) {
#undef CASE
#define CASE(n) \
  case n: fused_tile(n, taps, steps, x, offsets, bias, w, e, kind); break;
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11)
    default: fused_tile(MR, taps, steps, x, offsets, bias, w, e, kind); break;
  }
}

TARGET void u8s8_fused_12x32_avx512vnni(Q8_FUSED_PARAMETERS) {
  Q8_FUSED_REQUIRE(MR, 64);
#define FUSED(kind) fused(pixels, taps, steps, x, offsets, bias, w, e, kind);
  Q8_EACH_KIND(e, FUSED)
}
#endif
