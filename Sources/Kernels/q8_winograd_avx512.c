#include "q8_winograd_transforms.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
#define UNROLL _Pragma("clang loop unroll(full)")
#include "q8_finish_avx512.h"

enum { TILE = 4, REACH = 6, LANES = 32 };

// One line of Bᵀ d, in place; a short one leaves points 3 and 4 alone.
Q8_INLINE void input_line(__m512i *d, int is_short) {
  if (is_short) {
    const __m512i sum = _mm512_add_epi16(d[1], d[2]), difference = _mm512_sub_epi16(d[1], d[2]);
    const __m512i zero = _mm512_setzero_si512();
    d[0] = _mm512_slli_epi16(_mm512_sub_epi16(d[0], d[2]), 2);
    d[5] = _mm512_sub_epi16(d[3], d[1]);
    d[1] = _mm512_sub_epi16(_mm512_sub_epi16(zero, sum), _mm512_add_epi16(sum, sum));
    d[2] = _mm512_add_epi16(difference, _mm512_add_epi16(difference, difference));
    return;
  }
  const __m512i d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4];
  const __m512i a = _mm512_sub_epi16(d4, _mm512_slli_epi16(d2, 2)), b = _mm512_sub_epi16(d3, _mm512_slli_epi16(d1, 2));
  const __m512i c = _mm512_sub_epi16(d4, d2), e = _mm512_sub_epi16(d3, d1), twice = _mm512_add_epi16(e, e);
  d[0] = _mm512_add_epi16(_mm512_slli_epi16(_mm512_sub_epi16(d[0], d2), 2), c);
  d[5] = _mm512_sub_epi16(_mm512_sub_epi16(d[5], d3), _mm512_slli_epi16(e, 2));
  d[1] = _mm512_add_epi16(a, b);
  d[2] = _mm512_sub_epi16(a, b);
  d[3] = _mm512_add_epi16(c, twice);
  d[4] = _mm512_sub_epi16(c, twice);
}

Q8_INLINE void input_tile(
    const uint8_t *const *pixels, size_t channels, int is_signed, int zero, q8_tile_shape shape, char *out, size_t step) {
  // Rows of Bᵀ sum to 0, but for the second: −6. A zero point shows at one of the points.
  const __m512i shown = _mm512_set1_epi16((int16_t)(36 * zero));
  for (size_t start = 0; start < channels; start += LANES) {
    // The last vector reaches back rather than beyond the end; its first lanes come out as before.
    const size_t c = start + LANES <= channels ? start : channels - LANES;
    __m512i held[REACH][REACH];
    UNROLL for (size_t column = 0; column < REACH; column++) {
      if (shape.short_columns && column > 3) break;
      __m512i line[REACH];
      UNROLL for (size_t i = 0; i < REACH; i++) {
        if (shape.short_rows && i > 3) break;
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(pixels[i * REACH + column] + c));
        line[i] = is_signed ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
      }
      input_line(line, shape.short_rows);
      UNROLL for (size_t i = 0; i < REACH; i++) held[i][column] = line[i];
    }
    char *to = out + 2 * c;
    UNROLL for (size_t row = 0; row < REACH; row++, to += REACH * step) {
      if (shape.short_rows && !q8_short_has(row)) continue;
      __m512i line[REACH];
      UNROLL for (size_t i = 0; i < REACH; i++) line[i] = held[row][i];
      input_line(line, shape.short_columns);
      if (row == 1) line[1] = _mm512_sub_epi16(line[1], shown);
      UNROLL for (size_t i = 0; i < REACH; i++)
        if (!shape.short_columns || q8_short_has(i)) _mm512_storeu_si512(to + i * step, line[i]);
    }
  }
}

TARGET void q8_winograd_input_avx512(
    const uint8_t *const *pixels, size_t channels, int is_signed, int zero, q8_tile_shape shape, char *out, size_t step) {
  static const q8_tile_shape whole = {0, 0};
  if (shape.short_rows || shape.short_columns) {
    if (is_signed) {
      input_tile(pixels, channels, 1, zero, shape, out, step);
    } else {
      input_tile(pixels, channels, 0, zero, shape, out, step);
    }
  } else if (is_signed) {
    input_tile(pixels, channels, 1, zero, whole, out, step);
  } else {
    input_tile(pixels, channels, 0, zero, whole, out, step);
  }
}

// One line of Aᵀ m; of a short one the first two of y.
Q8_INLINE void output_line(const __m512 *m, __m512 *y, int is_short) {
  const __m512 a = _mm512_add_ps(m[1], m[2]), b = _mm512_sub_ps(m[1], m[2]);
  if (is_short) {
    y[0] = _mm512_add_ps(m[0], a);
    y[1] = _mm512_add_ps(b, m[5]);
    return;
  }
  const __m512 c = _mm512_add_ps(m[3], m[4]), d = _mm512_sub_ps(m[3], m[4]);
  y[0] = _mm512_add_ps(m[0], _mm512_add_ps(a, c));
  y[1] = _mm512_fmadd_ps(d, _mm512_set1_ps(2), b);
  y[2] = _mm512_fmadd_ps(c, _mm512_set1_ps(4), a);
  y[3] = _mm512_fmadd_ps(d, _mm512_set1_ps(8), _mm512_add_ps(b, m[5]));
}

// The same of a column of sums, each times what undoes its point's scale.
Q8_INLINE void sums_line(const int32_t *sums, size_t step, const float *undo, __m512 *y, int is_short) {
  __m512 m[REACH], u[REACH];
  UNROLL for (size_t i = 0; i < REACH; i++) {
    if (is_short && !q8_short_has(i)) continue;
    m[i] = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + i * REACH * step));
    u[i] = _mm512_loadu_ps(undo + i * REACH * 32);
  }
  const __m512 m1 = _mm512_mul_ps(m[1], u[1]);
  const __m512 a = _mm512_fmadd_ps(m[2], u[2], m1), b = _mm512_fnmadd_ps(m[2], u[2], m1);
  if (is_short) {
    y[0] = _mm512_fmadd_ps(m[0], u[0], a);
    y[1] = _mm512_fmadd_ps(m[5], u[5], b);
    return;
  }
  const __m512 m3 = _mm512_mul_ps(m[3], u[3]);
  const __m512 c = _mm512_fmadd_ps(m[4], u[4], m3), d = _mm512_fnmadd_ps(m[4], u[4], m3);
  y[0] = _mm512_fmadd_ps(m[0], u[0], _mm512_add_ps(a, c));
  y[1] = _mm512_fmadd_ps(d, _mm512_set1_ps(2), b);
  y[2] = _mm512_fmadd_ps(c, _mm512_set1_ps(4), a);
  y[3] = _mm512_fmadd_ps(d, _mm512_set1_ps(8), _mm512_fmadd_ps(m[5], u[5], b));
}

Q8_INLINE void output_tile(
    const int32_t *sums, size_t step, const float *undo, const float *scales, size_t rows, size_t columns,
    size_t residual_row, size_t y_row, q8_tile_shape shape, q8_residual_kind kind, const q8_fused *e) {
#pragma clang loop unroll(disable)
  for (size_t half = 0; half < 32; half += 16) {
    __m512 held[TILE][REACH];
    UNROLL for (size_t column = 0; column < REACH; column++) {
      if (shape.short_columns && !q8_short_has(column)) continue;
      __m512 line[TILE];
      sums_line(sums + column * step + half, step, undo + column * 32 + half, line, shape.short_rows);
      UNROLL for (size_t i = 0; i < TILE; i++) held[i][column] = line[i];
    }
    const __m512 multipliers = _mm512_load_ps(scales + half), shifts = _mm512_load_ps(scales + 32 + half);
#pragma clang loop unroll(disable)
    for (size_t row = 0; row < rows; row++) {
      const uint8_t *residual = kind == Q8_NO_RESIDUAL ? NULL : e->residual + row * residual_row + half;
      __m512 line[TILE];
      __m512i whole[TILE];
      output_line(held[row], line, shape.short_columns);
      UNROLL for (size_t i = 0; i < TILE; i++) {
        // Beyond the edge there are no residuals.
        const uint8_t *r = kind == Q8_NO_RESIDUAL ? NULL : residual + (i < columns ? i : 0) * e->residual_stride;
        whole[i] = q8_added_avx512(e, q8_scaled_avx512(e, line[i], multipliers, shifts, kind), kind, r);
      }
      q8_store_four_avx512(e, whole, columns, e->y + row * y_row + half);
    }
  }
}

TARGET void q8_winograd_output_avx512(
    const int32_t *sums, size_t step, const float *undo, const float *scales, size_t rows, size_t columns,
    size_t residual_row, size_t y_row, const q8_fused *e) {
  const q8_tile_shape shape = q8_shape_of(rows, columns);
#define KIND(kind)                                                                                       \
  if (shape.short_rows || shape.short_columns) {                                                         \
    output_tile(sums, step, undo, scales, rows, columns, residual_row, y_row, shape, kind, e);           \
  } else {                                                                                               \
    output_tile(sums, step, undo, scales, rows, columns, residual_row, y_row, (q8_tile_shape){0}, kind, e); \
  }
  switch (q8_residual_of(e)) {
    case Q8_UNSIGNED_RESIDUAL: KIND(Q8_UNSIGNED_RESIDUAL) break;
    case Q8_SIGNED_RESIDUAL: KIND(Q8_SIGNED_RESIDUAL) break;
    default: KIND(Q8_NO_RESIDUAL) break;
  }
}
#endif
