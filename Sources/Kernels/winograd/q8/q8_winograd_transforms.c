// The transforms of q8_winograd's inputs and sums for every instruction set, in plain C: the specification of
// q8_winograd_avx512.c.
#include "convolution/q8/q8_fused_portable.h"
#include "cpu/multiversion.h"
#include "winograd/q8/q8_winograd_taps.h"

enum { TILE = Q8_TILE, REACH = Q8_REACH, POINTS = Q8_POINTS };

enum { LANES = 16 };  // channels of a vector

typedef int16_t shorts __attribute__((vector_size(2 * LANES), aligned(2)));
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1)));
typedef float floats __attribute__((vector_size(32), aligned(4)));
typedef int32_t integers __attribute__((vector_size(32), aligned(4)));

typedef int16_t eight_shorts __attribute__((vector_size(16), aligned(2)));
typedef int8_t eight_bytes __attribute__((vector_size(8), aligned(1)));
TRANSFORM_TAPS(transform_eight, eight_shorts, eight_bytes, 8)
TRANSFORM_TAPS(transform_eight_wide, eight_shorts, eight_shorts, 8)

void q8_winograd_taps_portable(Q8_WINOGRAD_TAPS_PARAMETERS) {
  Q8_WINOGRAD_TAPS_REQUIRE(8);
  (wide ? transform_eight_wide : transform_eight)(level, taps, steps, unit, points, stride);
}

// Transforms a line of inputs to the points that a tile of `size` outputs has: Bᵀ d.
static inline __attribute__((always_inline)) void transform_six(
    const shorts *d, size_t step, shorts *out, size_t out_step, size_t size) {
  const shorts d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  if (size == 2) {
    out[0] = d[0] - d2;
    out[out_step] = d1 + d2;
    out[2 * out_step] = d2 - d1;
    out[5 * out_step] = d3 - d1;
    return;
  }
  if (size == 3) {
    const shorts e0 = d1 - (d[0] << 1), e1 = d2 - (d1 << 1), e2 = d3 - (d2 << 1), e3 = d4 - (d3 << 1);
    out[0] = e2 - e0;
    out[out_step] = e2 + e1;
    out[2 * out_step] = e2 - e1;
    out[3 * out_step] = d3 - d1;
    out[5 * out_step] = e3 - e1;
    return;
  }
  const shorts a = d4 - (d2 << 2), b = d3 - (d1 << 2), c = d4 - d2, e = (d3 - d1) << 1;
  out[0] = ((d[0] - d2) << 2) + c;
  out[out_step] = a + b;
  out[2 * out_step] = a - b;
  out[3 * out_step] = c + e;
  out[4 * out_step] = c - e;
  out[5 * out_step] = ((d1 - d3) << 2) + d[5 * step] - d3;
}

KERNEL_BODY transform_inputs_body(
    const void *const *pixels, size_t channels, uint8_t flip, int zero, taps_tile shape, const q8_winograd_points *to) {
  for (size_t c = 0; c < channels; c += LANES) {
    const size_t at = c / 32 * 32 * to->channel_bytes + c % 32 * 2;
    shorts d[POINTS], half[POINTS];
    for (size_t i = 0; i < POINTS; i++)
      d[i] = __builtin_convertvector(*(const bytes *)((const uint8_t *)pixels[i] + c) ^ flip, shorts) - (int16_t)zero;
    for (size_t column = 0; column < REACH; column++) transform_six(d + column, REACH, half + column, REACH, shape.height);
    for (size_t row = 0; row < REACH; row++) {
      if (!taps_has(shape.height, row)) continue;
      shorts line[REACH];
      transform_six(half + REACH * row, 1, line, 1, shape.width);
      for (size_t i = 0; i < REACH; i++)
        if (taps_has(shape.width, i)) *(shorts *)(void *)(to->rows[row] + i * to->column_step + at) = line[i];
    }
  }
}
MULTIVERSION(
    transform_inputs,
    (const void *const *pixels, size_t channels, uint8_t flip, int zero, taps_tile shape, const q8_winograd_points *to),
    (pixels, channels, flip, zero, shape, to))

void q8_winograd_input_portable(Q8_WINOGRAD_INPUT_PARAMETERS) {
  Q8_WINOGRAD_INPUT_REQUIRE();
  const uint8_t flip = is_signed ? 0x80 : 0;
  transform_inputs(level, pixels, channels, flip, zero + flip, shape, to);
}

// Transforms a line of products to `size` outputs: 6 Aᵀ m.
static inline __attribute__((always_inline)) void transform_back(
    const floats *m, size_t step, floats *out, size_t out_step, size_t size) {
  const floats a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  if (size == 2) {
    out[0] = 6 * m[0] + 3 * a;
    out[out_step] = 3 * b + 6 * m[5 * step];
    return;
  }
  if (size == 3) {
    const floats one = 3 * m[step], both = one + m[2 * step], two = m[3 * step];
    out[0] = 3 * m[0] + two - both;
    out[out_step] = 2 * two - one + m[2 * step];
    out[2 * out_step] = 4 * two - both + 6 * m[5 * step];
    return;
  }
  const floats c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  out[0] = 1.5f * m[0] - a + 0.25f * c;
  out[out_step] = 0.5f * d - b;
  out[2 * out_step] = c - a;
  out[3 * out_step] = 2 * d - b + 6 * m[5 * step];
}

KERNEL_BODY transform_sums_body(
    const int32_t *sums, const float *totals, size_t step, size_t nr, taps_tile shape, float *out) {
  for (size_t o = 0; o < nr; o += 8) {
    floats m[POINTS], half[TILE * REACH];
    for (size_t column = 0; column < REACH; column++) {
      if (!taps_has(shape.width, column)) continue;
      for (size_t row = 0; row < REACH; row++) {
        if (!taps_has(shape.height, row)) continue;
        const size_t i = REACH * row + column, at = i * step + o;
        m[i] = totals ? *(const floats *)(const void *)(totals + at)
                      : __builtin_convertvector(*(const integers *)(const void *)(sums + at), floats);
      }
      transform_back(m + column, REACH, half + column, REACH, shape.height);
    }
    for (size_t row = 0; row < shape.height; row++) {
      floats line[TILE];
      transform_back(half + REACH * row, 1, line, 1, shape.width);
      for (size_t i = 0; i < shape.width; i++) *(floats *)(void *)(out + (TILE * row + i) * nr + o) = line[i];
    }
  }
}
MULTIVERSION(
    transform_sums,
    (const int32_t *sums, const float *totals, size_t step, size_t nr, taps_tile shape, float *out),
    (sums, totals, step, nr, shape, out))

void q8_winograd_outputs(
    kernels_level level, const int32_t *sums, const float *totals, size_t step, size_t nr, taps_tile shape, float *out) {
  KERNEL_REQUIRE(nr % 8 == 0 && step >= nr);
  transform_sums(level, sums, totals, step, nr, shape, out);
}

void q8_winograd_output_portable(Q8_WINOGRAD_OUTPUT_PARAMETERS) {
  Q8_WINOGRAD_OUTPUT_REQUIRE();
  enum { OUTPUTS = 32 };
  float values[TILE * TILE * OUTPUTS];
  transform_sums(KERNELS_PORTABLE, sums, NULL, step, OUTPUTS, q8_shape_of(rows, columns), values);
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++)
      for (size_t o = 0; o < OUTPUTS; o++) {
        const uint8_t *residual = e->residual ? e->residual + row * residual_row + column * e->residual_stride + o : NULL;
        const float value = values[(TILE * row + column) * OUTPUTS + o] * scales[o] + scales[OUTPUTS + o];
        e->y[row * y_row + column * e->y_stride + o] = q8_fused_byte(e, value, residual);
      }
}
