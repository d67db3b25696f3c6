#include "q8_winograd_transforms.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// q8_winograd's products of few tiles straight from the taps: weights are transformed in registers, in the shadow of the
// multiplications (vpdpwssd and additions have pipes of their own), and never stored.
//
// One line of points, for 16 outputs of up to four tiles: 24 accumulators + 3 taps + up to 4 of weights = 31 of 32 registers.

// Tuned for a processor on which vpdpwssd is one instruction, lest the compiler take it apart again.
#define TARGET __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,tune=znver4")))
#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline)) TARGET

// A column of V g: the value of three taps at a point.
INLINE __m512i down(const size_t point, const int8_t *tap) {
  __m512i g[3];
  UNROLL for (size_t i = 0; i < 3; i++)
    if (point == 0 ? i == 0 : point < 5 || i == 2)
      g[i] = _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(const void *)(tap + i * 3 * Q8_TAPS_UNIT)));
  switch (point) {
    case 0: return g[0];
    case 1: return _mm512_add_epi16(_mm512_add_epi16(g[0], g[2]), g[1]);
    case 2: return _mm512_sub_epi16(_mm512_add_epi16(g[0], g[2]), g[1]);
    case 3: g[1] = _mm512_add_epi16(_mm512_add_epi16(g[2], g[2]), g[1]); break;
    case 4: g[1] = _mm512_sub_epi16(_mm512_add_epi16(g[2], g[2]), g[1]); break;
    default: return g[2];
  }
  return _mm512_add_epi16(_mm512_add_epi16(g[1], g[1]), g[0]);
}

// Multiplies weights of point `column` with its inputs of `count` tiles.
INLINE void multiply(const size_t count, const size_t column, const char *x, __m512i weights, __m512i (*sum)[Q8_GROUP]) {
  UNROLL for (size_t tile = 0; tile < count; tile++) {
    int32_t pair;
    memcpy(&pair, x + (column * Q8_GROUP + tile) * 64, 4);
    sum[column][tile] = _mm512_dpwssd_epi32(sum[column][tile], _mm512_set1_epi32(pair), weights);
  }
}

INLINE void line(const size_t row, const size_t tiles, const size_t threes, const size_t fours, Q8_TAPS_PARAMETERS) {
  __m512i sum[Q8_REACH][Q8_GROUP];
  UNROLL for (size_t column = 0; column < Q8_REACH; column++)
    UNROLL for (size_t tile = 0; tile < Q8_GROUP; tile++) sum[column][tile] = _mm512_setzero_si512();
  for (size_t block = 0; block < blocks; block++, x += Q8_GROUP_BYTES) {
#pragma clang loop unroll(disable)
    for (size_t at = 0; at < 64; at += 4, taps += 9 * Q8_TAPS_UNIT, ahead += ahead_step) {
      __builtin_prefetch(ahead, 0, 2);
      const char *from = x + at;
      const __m512i g0 = down(row, taps), g1 = down(row, taps + Q8_TAPS_UNIT), g2 = down(row, taps + 2 * Q8_TAPS_UNIT);
      multiply(tiles, 0, from, g0, sum);
      multiply(tiles, 5, from, g2, sum);
      const __m512i even = _mm512_add_epi16(g0, g2);
      multiply(tiles, 1, from, _mm512_add_epi16(even, g1), sum);
      multiply(tiles, 2, from, _mm512_sub_epi16(even, g1), sum);
      const __m512i far = _mm512_add_epi16(g0, _mm512_slli_epi16(g2, 2)), odd = _mm512_add_epi16(g1, g1);
      if (threes) multiply(threes, 3, from, _mm512_add_epi16(far, odd), sum);
      if (fours) multiply(fours, 4, from, _mm512_sub_epi16(far, odd), sum);
    }
  }
  UNROLL for (size_t tile = 0; tile < tiles; tile++) {
    if (!sums[tile]) continue;
    UNROLL for (size_t column = 0; column < Q8_REACH; column++)
      if (tile < (column == 3 ? threes : column == 4 ? fours : tiles))
        _mm512_storeu_si512(sums[tile] + column * sums_step, sum[column][tile]);
  }
}

#define LINE(row, tiles, threes, fours) line(row, tiles, threes, fours, blocks, x, taps, ahead, ahead_step, sums, sums_step)
// Of all lines of points; functions of their own, or registers run out.
#define LINES(tiles, threes, fours)                                                              \
  TARGET static void lines_##tiles##threes##fours(size_t row, Q8_TAPS_PARAMETERS) {              \
    switch (row) {                                                                               \
      case 0: LINE(0, tiles, threes, fours); break;                                              \
      case 1: LINE(1, tiles, threes, fours); break;                                              \
      case 2: LINE(2, tiles, threes, fours); break;                                              \
      case 3: LINE(3, tiles, threes, fours); break;                                              \
      case 4: LINE(4, tiles, threes, fours); break;                                              \
      default: LINE(5, tiles, threes, fours); break;                                             \
    }                                                                                            \
  }

LINES(1, 1, 1)
LINES(2, 2, 1)
LINES(2, 2, 2)
LINES(4, 3, 3)
LINES(4, 4, 2)
LINES(4, 4, 4)

TARGET void s16_taps_16x24_avx512vnni(size_t row, size_t tiles, size_t threes, size_t fours, Q8_TAPS_PARAMETERS) {
  // The first that has all the products; those it has too many are of nobody.
#define TRY(t, h, f)                                                                             \
  if (tiles <= t && threes <= h && fours <= f) {                                                 \
    lines_##t##h##f(row, blocks, x, taps, ahead, ahead_step, sums, sums_step);                   \
    return;                                                                                      \
  }
  TRY(1, 1, 1)
  TRY(2, 2, 1)
  TRY(2, 2, 2)
  TRY(4, 3, 3)
  TRY(4, 4, 2)
  TRY(4, 4, 4)
}
#endif
