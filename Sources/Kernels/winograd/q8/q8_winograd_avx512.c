#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#include "convolution/q8/q8_finish_avx512.h"

enum { TILE = Q8_TILE, REACH = Q8_REACH, LANES = 32 };

// Transforms a line of three taps to six points: V g.
Q8_INLINE void transform_three(__m512i g0, __m512i g1, __m512i g2, __m512i *u) {
  const __m512i sum = _mm512_add_epi16(g0, g2), far = _mm512_add_epi16(g0, _mm512_slli_epi16(g2, 2));
  const __m512i twice = _mm512_add_epi16(g1, g1);
  u[0] = g0;
  u[1] = _mm512_add_epi16(sum, g1);
  u[2] = _mm512_sub_epi16(sum, g1);
  u[3] = _mm512_add_epi16(far, twice);
  u[4] = _mm512_sub_epi16(far, twice);
  u[5] = g2;
}

Q8_INLINE void transform_taps(const char *from, const int wide, size_t steps, int16_t *points, size_t stride) {
#pragma clang loop unroll(disable)
  for (size_t half = 0; half < 2 * steps; half++, points += LANES) {
    __m512i held[3][REACH];
    UNROLL for (size_t column = 0; column < 3; column++) {
      __m512i g[3];
      UNROLL for (size_t i = 0; i < 3; i++) {
        const char *tap = from + (3 * i + column) * (wide ? 128 : 64);
        g[i] = wide ? _mm512_loadu_si512(tap)
                    : _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)tap));
      }
      transform_three(g[0], g[1], g[2], held[column]);
    }
    UNROLL for (size_t row = 0; row < REACH; row++) {
      __m512i line[REACH];
      transform_three(held[0][row], held[1][row], held[2][row], line);
      UNROLL for (size_t i = 0; i < REACH; i++) _mm512_storeu_si512(points + (REACH * row + i) * stride, line[i]);
    }
    // The step's second half, then the next step.
    from += (wide ? 64 : 32) * (half % 2 == 0 ? 1 : 17);
  }
}

// Needs unit == 64.
TARGET void q8_winograd_taps_avx512(Q8_WINOGRAD_TAPS_PARAMETERS) {
  Q8_WINOGRAD_TAPS_REQUIRE(64);
  KERNEL_REQUIRE(unit == 64);
  (void)level, (void)unit;
  if (wide) {
    transform_taps(taps, 1, steps, points, stride);
  } else {
    transform_taps(taps, 0, steps, points, stride);
  }
}

// Transforms a line of inputs in place: Bᵀ d. Points that a tile of `size` outputs lacks are not written.
Q8_INLINE void input_line(__m512i *d, size_t size) {
  if (size == 2) {
    const __m512i sum = _mm512_add_epi16(d[1], d[2]), difference = _mm512_sub_epi16(d[2], d[1]);
    d[0] = _mm512_sub_epi16(d[0], d[2]);
    d[5] = _mm512_sub_epi16(d[3], d[1]);
    d[1] = sum;
    d[2] = difference;
    return;
  }
  if (size == 3) {
    __m512i e[4];
    UNROLL for (size_t i = 0; i < 4; i++) e[i] = _mm512_sub_epi16(d[i + 1], _mm512_add_epi16(d[i], d[i]));
    d[0] = _mm512_sub_epi16(e[2], e[0]);
    d[3] = _mm512_sub_epi16(d[3], d[1]);
    d[5] = _mm512_sub_epi16(e[3], e[1]);
    d[1] = _mm512_add_epi16(e[2], e[1]);
    d[2] = _mm512_sub_epi16(e[2], e[1]);
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
    const void *const *pixels, size_t channels, int is_signed, int zero, taps_tile shape,
    const q8_winograd_points *points) {
  // Subtracting the zero point from all inputs changes only one of the points.
  const __m512i shown = _mm512_set1_epi16((int16_t)(q8_ones(shape.height) * q8_ones(shape.width) * zero));
  for (size_t start = 0; start < channels; start += LANES) {
    // The last vector begins early enough to end with the last channel; its first lanes are computed twice.
    const size_t c = start + LANES <= channels ? start : channels - LANES;
    __m512i held[REACH][REACH];
    UNROLL for (size_t column = 0; column < REACH; column++) {
      if (column > shape.width + 1) break;
      __m512i line[REACH];
      UNROLL for (size_t i = 0; i < REACH; i++) {
        if (i > shape.height + 1) break;
        const char *pixel = (const char *)pixels[i * REACH + column] + c;
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)pixel);
        line[i] = is_signed ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
      }
      input_line(line, shape.height);
      UNROLL for (size_t i = 0; i < REACH; i++) held[i][column] = line[i];
    }
    UNROLL for (size_t row = 0; row < REACH; row++) {
      if (!taps_has(shape.height, row)) continue;
      __m512i line[REACH];
      UNROLL for (size_t i = 0; i < REACH; i++) line[i] = held[row][i];
      input_line(line, shape.width);
      if (row == 1) line[1] = _mm512_sub_epi16(line[1], shown);
      char *to = points->rows[row] + c * points->channel_bytes;
      UNROLL for (size_t i = 0; i < REACH; i++)
        if (taps_has(shape.width, i)) _mm512_storeu_si512(to + i * points->column_step, line[i]);
    }
  }
}

TARGET void q8_winograd_input_avx512(Q8_WINOGRAD_INPUT_PARAMETERS) {
  Q8_WINOGRAD_INPUT_REQUIRE();
  if (channels < LANES) {
    q8_winograd_input_portable(level, pixels, channels, is_signed, zero, shape, to);
    return;
  }
  static const taps_tile whole = {TILE, TILE};
  if (shape.height < TILE || shape.width < TILE) {
    if (is_signed) {
      input_tile(pixels, channels, 1, zero, shape, to);
    } else {
      input_tile(pixels, channels, 0, zero, shape, to);
    }
  } else if (is_signed) {
    input_tile(pixels, channels, 1, zero, whole, to);
  } else {
    input_tile(pixels, channels, 0, zero, whole, to);
  }
}

// Transforms a line of products to `size` outputs: 6 Aᵀ m.
Q8_INLINE void output_line(const __m512 *m, __m512 *y, size_t size) {
  const __m512 a = _mm512_add_ps(m[1], m[2]), b = _mm512_sub_ps(m[1], m[2]);
  const __m512 three = _mm512_set1_ps(3), six = _mm512_set1_ps(6);
  if (size == 2) {
    y[0] = _mm512_fmadd_ps(m[0], six, _mm512_mul_ps(a, three));
    y[1] = _mm512_fmadd_ps(m[5], six, _mm512_mul_ps(b, three));
    return;
  }
  if (size == 3) {
    const __m512 difference = _mm512_fnmadd_ps(m[1], three, m[2]), both = _mm512_fmadd_ps(m[1], three, m[2]);
    y[0] = _mm512_fmadd_ps(m[0], three, _mm512_sub_ps(m[3], both));
    y[1] = _mm512_fmadd_ps(m[3], _mm512_set1_ps(2), difference);
    y[2] = _mm512_fmadd_ps(m[5], six, _mm512_fmsub_ps(m[3], _mm512_set1_ps(4), both));
    return;
  }
  const __m512 c = _mm512_add_ps(m[3], m[4]), d = _mm512_sub_ps(m[3], m[4]);
  y[0] = _mm512_fmadd_ps(m[0], _mm512_set1_ps(1.5f), _mm512_fmsub_ps(c, _mm512_set1_ps(0.25f), a));
  y[1] = _mm512_fmsub_ps(d, _mm512_set1_ps(0.5f), b);
  y[2] = _mm512_sub_ps(c, a);
  y[3] = _mm512_fmadd_ps(d, _mm512_set1_ps(2), _mm512_fmsub_ps(m[5], six, b));
}

Q8_INLINE void output_tile(
    const int32_t *sums, size_t step, const float *scales, size_t rows, size_t columns, size_t residual_row, size_t y_row,
    taps_tile shape, q8_finish_kind kind, const q8_fused *e) {
#pragma clang loop unroll(disable)
  for (size_t half = 0; half < 32; half += 16) {
    __m512 held[TILE][REACH];
    UNROLL for (size_t column = 0; column < REACH; column++) {
      if (!taps_has(shape.width, column)) continue;
      __m512 m[REACH], line[TILE];
      UNROLL for (size_t i = 0; i < REACH; i++)
        if (taps_has(shape.height, i))
          m[i] = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + (i * REACH + column) * step + half));
      output_line(m, line, shape.height);
      UNROLL for (size_t i = 0; i < TILE; i++) held[i][column] = line[i];
    }
    const __m512 multipliers = _mm512_load_ps(scales + half), shifts = _mm512_load_ps(scales + 32 + half);
#pragma clang loop unroll(disable)
    for (size_t row = 0; row < rows; row++) {
      const uint8_t *residual = !q8_has_residual(kind) ? NULL : e->residual + row * residual_row + half;
      __m512 line[TILE];
      __m512i integers[TILE];
      output_line(held[row], line, shape.width);
      UNROLL for (size_t i = 0; i < TILE; i++) {
        // Residuals exist only inside the picture.
        const uint8_t *r = !q8_has_residual(kind) ? NULL : residual + (i < columns ? i : 0) * e->residual_stride;
        integers[i] = q8_added_avx512(e, q8_scaled_avx512(e, line[i], multipliers, shifts, kind), kind, r, 0);
      }
      q8_store_four_avx512(e, integers, columns, 0xffff, e->y + row * y_row + half, kind);
    }
  }
}

TARGET void q8_winograd_output_avx512(Q8_WINOGRAD_OUTPUT_PARAMETERS) {
  Q8_WINOGRAD_OUTPUT_REQUIRE();
  static const taps_tile whole = {TILE, TILE};
  const taps_tile shape = q8_shape_of(rows, columns);
#define KIND(kind)                                                                                       \
  if (shape.height < TILE || shape.width < TILE) {                                                         \
    output_tile(sums, step, scales, rows, columns, residual_row, y_row, shape, kind, e);           \
  } else {                                                                                               \
    output_tile(sums, step, scales, rows, columns, residual_row, y_row, whole, kind, e); \
  }
  Q8_EACH_KIND(e, KIND)
}
#endif
