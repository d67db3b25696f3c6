#include "q8_igemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_12x32_avx512vnni: four products a lane by vpdpbusd.
#define NAME u8s8_igemm_12x32_avx512vnni
#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define MR 12
#define VECTOR __m512i
#define LANES 16
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define DOT(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "igemm_x86.inc"

#include "q8_finish_avx512.h"

// The same with everything that follows done in registers: sums are neither stored nor read again, which with few products a
// sum takes as long as they do.
Q8_INLINE void fused_tile(Q8_FUSED_PARAMETERS) {
  __m512i sum[MR][2];
  UNROLL for (size_t p = 0; p < pixels; p++) {
    sum[p][0] = LOAD(bias);
    sum[p][1] = LOAD(bias + LANES);
  }
  const uint8_t *residual = e->residual;
  if (residual) {
    UNROLL for (size_t p = 0; p < pixels; p++) __builtin_prefetch(residual + p * e->residual_stride);
  }
  const char *ahead = e->ahead;
  const size_t ahead_step = e->ahead_step;
  for (size_t tap = 0; tap < taps; tap++) {
    const uint8_t *row[MR];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
#pragma clang loop unroll(disable)
    for (size_t at = 0; at < 4 * steps; at += 4) {
      __builtin_prefetch(ahead, 0, 2);
      ahead += ahead_step;
      STEP(row, at)
    }
  }
  const __m512 multipliers0 = _mm512_load_ps(bias + 2 * LANES), multipliers1 = _mm512_load_ps(bias + 3 * LANES);
  const __m512 shifts0 = _mm512_load_ps(bias + 4 * LANES), shifts1 = _mm512_load_ps(bias + 5 * LANES);
  const __mmask32 mask = e->outputs >= 32 ? ~0u : (1u << e->outputs) - 1;
  uint8_t *y = e->y;
  // Whether there is a residual is asked once, not for each vector.
#define FINISH(R)                                                                                                       \
  UNROLL for (size_t p = 0; p < pixels; p += 2) {                                                                       \
    const size_t q = p + 1 < pixels ? p + 1 : p;                                                                        \
    const uint8_t *r0 = R ? residual + p * e->residual_stride : NULL, *r1 = R ? residual + q * e->residual_stride : NULL; \
    q8_store_avx512(                                                                                                    \
        e, q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[p][0]), multipliers0, shifts0, r0, (__mmask16)mask),              \
        q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[p][1]), multipliers1, shifts1, R ? r0 + LANES : NULL, mask >> 16),   \
        q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[q][0]), multipliers0, shifts0, r1, (__mmask16)mask),                 \
        q8_scaled_avx512(e, _mm512_cvtepi32_ps(sum[q][1]), multipliers1, shifts1, R ? r1 + LANES : NULL, mask >> 16),   \
        mask, y + p * e->y_stride, y + q * e->y_stride);                                                                \
  }
  if (residual) {
    FINISH(1)
  } else {
    FINISH(0)
  }
}

#undef CASE
#define CASE(n) \
  case n: fused_tile(n, taps, steps, x, offsets, bias, w, e); break;

TARGET void u8s8_fused_12x32_avx512vnni(Q8_FUSED_PARAMETERS) {
  switch (pixels) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11)
    default: fused_tile(MR, taps, steps, x, offsets, bias, w, e); break;
  }
}
#endif
