// The weights of q8_winograd: packing, and which panels' sums cannot overflow.
#include <string.h>

#include "convolution/q8/byte_tiles.h"
#include "cpu/multiversion.h"
#include "cpu/table.h"

enum { LANES = 16 };  // channels that are packed together

typedef int16_t taps_of[9][LANES];  // an output's taps for LANES channels

// Adds |weight| to the total of its point and place in a step.
KERNEL_BODY measure_body(const int16_t *points, size_t stride, size_t steps, size_t unit, int32_t *totals) {
  for (size_t point = 0; point < Q8_POINTS; point++, points += stride, totals += unit)
    for (size_t step = 0; step < steps; step++)
      for (size_t i = 0; i < unit; i++) {
        const int weight = points[step * unit + i];
        totals[i] += weight < 0 ? -weight : weight;
      }
}
MULTIVERSION(
    measure, (const int16_t *points, size_t stride, size_t steps, size_t unit, int32_t *totals),
    (points, stride, steps, unit, totals))

// Sums of the positive and of the negative factors in each row of the inputs' transform.
static const uint8_t positive[Q8_REACH] = {5, 2, 5, 3, 3, 5}, negative[Q8_REACH] = {5, 8, 5, 3, 3, 5};

// Whether some input could overflow the sums of a point whose |weights| sum to `total`.
//
// Over Q8_LONG_STEP channels none can: weights less zero points are at most 255 · 49 at the points where they are largest, and
// inputs at most 255 · 18 there; elsewhere the product of the two is smaller.
_Static_assert(255ll * 49 * 255 * 18 * Q8_LONG_STEP <= INT32_MAX, "sums of so many channels may overflow");
static int may_overflow(const q8_convolution *c, size_t point, int64_t total) {
  const int below = c->x_zero - (c->x_signed ? -128 : 0), above = (c->x_signed ? 127 : 255) - c->x_zero;
  const int p0 = positive[point / Q8_REACH], n0 = negative[point / Q8_REACH];
  const int p1 = positive[point % Q8_REACH], n1 = negative[point % Q8_REACH];
  const int plus = p0 * p1 + n0 * n1, minus = p0 * n1 + n0 * p1;
  return total * (int64_t)larger((size_t)(plus * above + minus * below), (size_t)(minus * above + plus * below)) > INT32_MAX;
}

typedef struct {
  const uint8_t *w;
  int flip;
  f32_weight_layout layout;
  const int32_t *w_zeros;
} weight_source;

KERNEL_BODY read_lines_body(const uint8_t *from, int is_end, uint8_t flip, int zero, int16_t (*g)[LANES]) {
  byte_line taps[LANES];
  split_taps(from, 9, is_end, taps);
  for (size_t tap = 0; tap < 9; tap++)
    for (size_t i = 0; i < LANES; i++) g[tap][i] = (int16_t)((taps[tap][i] ^ flip) - zero);
}
MULTIVERSION(
    read_lines, (const uint8_t *from, int is_end, uint8_t flip, int zero, int16_t (*g)[LANES]),
    (from, is_end, flip, zero, g))

// The weights of LANES channels of an output, from channel `first` of `channels` on.
static void read_weights(const weight_source *s, kernels_level level, size_t o, size_t first, size_t channels, taps_of g) {
  const int zero = s->flip + (s->w_zeros ? s->w_zeros[o] : 0);
  const uint8_t *from = s->w + o * s->layout.output_stride + first * s->layout.channel_stride;
  if (s->layout.tap_stride == 1 && s->layout.channel_stride == 9) {
    read_lines(level, from, first + LANES == channels, (uint8_t)s->flip, zero, g);
    return;
  }
  for (size_t i = 0; i < LANES; i++)
    for (size_t tap = 0; tap < 9; tap++)
      g[tap][i] = (int16_t)((from[i * s->layout.channel_stride + tap * s->layout.tap_stride] ^ s->flip) - zero);
}

// The taps of nr outputs for LANES channels, step by step.
KERNEL_BODY interleave_body(const taps_of *taps, size_t nr, size_t kr, int16_t *to) {
  for (size_t tap = 0; tap < 9; tap++, to += nr * kr) {
    if (kr == 2) {
      for (size_t lane = 0; lane < nr; lane += 4)
        for (size_t pair = 0; pair < LANES / 2; pair += 4) {
          four_line lines[4];
          for (size_t i = 0; i < 4; i++) lines[i] = *(const four_line *)(const void *)(taps[lane + i][tap] + 2 * pair);
          transpose_fours(lines);
          for (size_t i = 0; i < 4; i++) *(four_line *)(void *)(to + ((pair + i) * 9 * nr + lane) * 2) = lines[i];
        }
    } else {
      for (size_t lane = 0; lane < nr; lane += 8)
        for (size_t c = 0; c < LANES; c += 8) {
          pair_line lines[8];
          for (size_t i = 0; i < 8; i++) lines[i] = *(const pair_line *)(const void *)(taps[lane + i][tap] + c);
          transpose_pairs(lines);
          for (size_t i = 0; i < 8; i++) *(pair_line *)(void *)(to + (c + i) * 9 * nr + lane) = lines[i];
        }
    }
  }
}
MULTIVERSION(interleave, (const taps_of *taps, size_t nr, size_t kr, int16_t *to), (taps, nr, kr, to))

// Copies `rows` runs of `count` taps as bytes, which they must fit; runs are from_step and to_step apart.
KERNEL_BODY narrow_body(const int16_t *from, size_t from_step, size_t rows, size_t count, int8_t *to, size_t to_step) {
  for (size_t row = 0; row < rows; row++)
    for (size_t i = 0; i < count; i++) to[row * to_step + i] = (int8_t)from[row * from_step + i];
}
MULTIVERSION(
    narrow, (const int16_t *from, size_t from_step, size_t rows, size_t count, int8_t *to, size_t to_step),
    (from, from_step, rows, count, to, to_step))

void q8_winograd_pack_task(void *context, size_t index, size_t worker) {
  (void)worker;
  const q8_winograd_packing *p = context;
  const q8_winograd *v = p->winograd;
  const q8_convolution *c = &v->convolution;
  const q8_igemm_family *family = v->family;
  const kernels_table *kernels = v->kernels;
  const kernels_level level = kernels->level;
  const size_t nr = family->nr, kr = family->kr, unit = nr * kr, channels = c->geometry.in_channels;
  const size_t count = smaller(nr, c->geometry.out_channels - index * nr);
  const weight_source source = {p->w, p->w_signed ? 0x80 : 0, p->layout, p->w_zeros};
  int8_t *base = (int8_t *)p->packed + index * q8_winograd_panel_bytes(v);
  memset(base, 0, q8_winograd_head_bytes(v));
  float *scales = (float *)(void *)base;
  int8_t *weights = base + q8_winograd_head_bytes(v);
  q8_winograd_traits traits = {.is_fusible = 1};
  for (size_t lane = 0; lane < count; lane++) {
    const size_t o = index * nr + lane;
    const double multiplier = p->multipliers[o];
    scales[lane] = (float)(multiplier / 36);
    scales[nr + lane] = (float)((p->shifts ? p->shifts[o] : 0.0) + (p->bias ? (double)p->bias[o] * multiplier : 0.0));
    traits.is_fusible &= q8_fusible_scale(p->multipliers[o], scales[nr + lane]);
  }

  taps_of lines[Q8_IGEMM_MAX_NR];
  int16_t taps[LANES * 9 * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  int16_t measured[Q8_POINTS * LANES * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  int32_t totals[Q8_POINTS * 2 * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  memset(lines, 0, nr * sizeof lines[0]);
  memset(totals, 0, Q8_POINTS * unit * sizeof totals[0]);
  for (size_t first = 0; first < channels; first += LANES) {
    for (size_t lane = 0; lane < count; lane++) read_weights(&source, level, index * nr + lane, first, channels, lines[lane]);
    interleave(level, (const taps_of *)lines, nr, kr, taps);
    int16_t *points = measured;
    size_t stride = LANES * nr;
    if (v->keeps_taps) {
      // All outputs of a tap together, or sixteens of them.
      const size_t together = v->multiplies_taps ? Q8_TAPS_STEP : unit;
      for (size_t at = 0; at < unit; at += together)
        narrow(
            level, taps + at, unit, LANES / kr * 9, together, weights + (at * channels + first * together) / kr * 9, together);
    } else {
      points = (int16_t *)(void *)weights + first * nr;
      stride = q8_winograd_point_weights(v, channels);
    }
    kernels->q8_transforms.taps(level, taps, 1, LANES / kr, unit, points, stride);
    measure(level, points, stride, LANES / kr, unit, totals);
  }

  for (size_t point = 0; point < Q8_POINTS; point++)
    for (size_t lane = 0; lane < nr; lane++) {
      int64_t total = 0;
      for (size_t i = 0; i < kr; i++) total += totals[point * unit + lane * kr + i];
      traits.is_long |= may_overflow(c, point, total);
    }
  memcpy(scales + 2 * nr, &traits, sizeof traits);
}

size_t q8_winograd_panels(const q8_winograd *v) { return divide_up(v->convolution.geometry.out_channels, v->family->nr); }

void q8_winograd_pack(
    const q8_winograd *v, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed) {
  q8_winograd_packing packing = {v, w, w_signed, layout, w_zeros, bias, multipliers, shifts, packed};
  for (size_t panel = 0; panel < q8_winograd_panels(v); panel++) q8_winograd_pack_task(&packing, panel, 0);
}
