#include "q8_winograd.h"

#include <math.h>
#include <string.h>

#include "byte_tiles.h"
#include "multiversion.h"
#include "q8_igemm_kernels.h"
#include "q8_winograd_transforms.h"
#include "sizes.h"

#define FAMILY(level, base, name, mr, nr, kr, points) \
  [KERNELS_Q8_##level] = {KERNELS_##base, #name, mr, nr, kr, 1, 0, Q8_ANY_WEIGHTS, name, kr, NULL, NULL, NULL, NULL, points}

static const q8_igemm_family families[KERNELS_Q8_ISA_COUNT] = {
    FAMILY(PORTABLE, PORTABLE, s16_igemm_4x8_portable, 4, 8, 1, NULL),
#if defined(__x86_64__)
    FAMILY(AVX2, AVX2, s16_igemm_6x16_avx2, 6, 16, 2, s16_points_6x16_avx2),
    FAMILY(AVX512, AVX512, s16_igemm_12x32_avx512, 12, 32, 2, s16_points_12x32_avx512),
    FAMILY(AVXVNNI, AVX2, s16_igemm_6x16_avxvnni, 6, 16, 2, s16_points_6x16_avxvnni),
    FAMILY(AVX512VNNI, AVX512, s16_igemm_12x32_avx512vnni, 12, 32, 2, s16_points_12x32_avx512vnni),
#endif
#if defined(__aarch64__)
    FAMILY(NEON, NEON, s16_igemm_8x8_neon, 8, 8, 1, NULL),
    FAMILY(NEONDOT, NEON, s16_igemm_8x8_neon, 8, 8, 1, NULL),
    FAMILY(NEONI8MM, NEON, s16_igemm_8x8_neon, 8, 8, 1, NULL),
#endif
};


enum {
  TILE = 4,
  REACH = 6,
  POINTS = REACH * REACH,
  NEAR_BYTES = 112 * 1024  // of transformed inputs in a block: with its sums and a panel's weights they stay within 512 KiB
};

static size_t panels_of(const q8_winograd *v) { return divide_up(v->convolution.out_channels, v->family->nr); }
static size_t tiles_of(const q8_winograd *v) { return v->convolution.batch * v->tile_rows * v->tile_columns; }
// From one point's weights to the next: a line more than they are, so that packing writes the 36 to different places of the
// cache.
static size_t point_weights(const q8_winograd *v) { return v->convolution.in_channels * v->family->nr + 32; }
// Bytes from one point's inputs to the next; the odd lines keep 36 points out of each other's place in the cache.
static size_t point_bytes(const q8_winograd *v) { return v->largest_block * v->convolution.in_channels * 2 + 192; }

// Where a tile lies, and the outputs that it has.
typedef struct {
  size_t image, y, x, rows, columns;
} tile_place;

static size_t places_bytes(const q8_winograd *v) { return whole_lines(v->largest_block * sizeof(tile_place)); }

// A packed panel: nr multipliers and shifts (a bias is part of its shift); what undoes each point's scale; the weights of each point.
static size_t constants_bytes(const q8_winograd *v) { return whole_lines(2 * 4 * v->family->nr); }
static size_t panel_bytes(const q8_winograd *v) {
  return constants_bytes(v) + POINTS * 4 * v->family->nr + POINTS * 2 * point_weights(v);
}

int q8_winograd_applies(const q8_convolution *c) {
  return c->kernel_height == 3 && c->kernel_width == 3 && c->stride_height == 1 && c->stride_width == 1 &&
         c->dilation_height == 1 && c->dilation_width == 1 && c->groups == 1 && c->in_channels % 16 == 0 &&
         c->in_channels <= 4096;
}

int q8_winograd_wins(const q8_convolution *c) {
  // Every tile multiplies with 36 · 2 bytes of weights a channel pair; below some ten tiles it waits for them.
  // With more channels the weights' rounding would show.
  return q8_winograd_applies(c) && c->in_channels <= 384 && c->out_channels >= 16 &&
         c->batch * divide_up(c->out_height, TILE) * divide_up(c->out_width, TILE) >= 10;
}

void q8_winograd_plan(q8_winograd *v, kernels_q8_isa isa, int threads) {
  const q8_convolution *c = &v->convolution;
  v->family = kernels_q8_isa_available(isa) && families[isa].run ? &families[isa] : &families[KERNELS_Q8_PORTABLE];
  v->tile_rows = divide_up(c->out_height, TILE);
  v->tile_columns = divide_up(c->out_width, TILE);
  const size_t tiles = tiles_of(v), panels = panels_of(v);
  const size_t fitting = larger(2 * v->family->mr, NEAR_BYTES / (POINTS * 2 * c->in_channels));
  // To the nearest: a block somewhat too large is better than one more pass over all weights.
  v->tile_blocks = larger(1, (tiles + fitting / 2) / fitting);
  v->panel_blocks = 1;
  const size_t workers = threads > 1 ? (size_t)threads : 1;
  if (v->tile_blocks >= workers) {
    v->tile_blocks = smaller(tiles, divide_up(v->tile_blocks, workers) * workers);
  } else {
    // Few tiles: threads share the outputs, and each block of panels transforms its inputs anew, so as few blocks as will do.
    v->panel_blocks = smaller(panels, divide_up(workers, v->tile_blocks));
  }
  v->tasks = v->tile_blocks * v->panel_blocks;
  v->largest_block = divide_up(tiles, v->tile_blocks);
  v->packed_bytes = panels * panel_bytes(v);
  v->scratch_bytes = whole_lines(c->in_channels) + places_bytes(v) + whole_lines(POINTS * point_bytes(v)) +
                     POINTS * v->largest_block * v->family->nr * 4;
}

const char *q8_winograd_kernel(const q8_winograd *v) { return v->family->name; }

// Sums of the positive and of the negative factors in each row of the inputs' transform.
static const uint8_t positive[REACH] = {5, 2, 5, 3, 3, 5}, negative[REACH] = {5, 8, 5, 3, 3, 5};

enum { LANES = 16, HALF = LANES / 2 };

typedef int32_t numbers __attribute__((vector_size(4 * HALF), aligned(4)));
typedef int16_t short_numbers __attribute__((vector_size(2 * HALF), aligned(2)));
typedef float reals __attribute__((vector_size(4 * HALF), aligned(4)));
typedef int16_t point_weights_of[POINTS][LANES];  // an output's transformed weights for a line of channels

// 24 · G, of rows 6 0 0, -4 -4 -4, -4 4 -4, 1 2 4, 1 -2 4, 0 0 24.
static inline __attribute__((always_inline)) void transform_three(const numbers *g, size_t step, numbers *out, size_t out_step) {
  const numbers g0 = g[0], g1 = g[step], g2 = g[2 * step], a = g0 + g2, b = g0 + (g2 << 2);
  out[0] = (g0 << 2) + (g0 << 1);
  out[out_step] = -((a + g1) << 2);
  out[2 * out_step] = (g1 - a) << 2;
  out[3 * out_step] = b + (g1 << 1);
  out[4 * out_step] = b - (g1 << 1);
  out[5 * out_step] = (g2 << 4) + (g2 << 3);
}

// 576 times the transformed weights of HALF channels: 24 · 24 times, which makes them integers.
static inline __attribute__((always_inline)) void transform_weights(const int16_t g[9][LANES], size_t first, numbers u[POINTS]) {
  numbers taps[9], half[3 * REACH];
  for (size_t tap = 0; tap < 9; tap++)
    taps[tap] = __builtin_convertvector(*(const short_numbers *)(const void *)(g[tap] + first), numbers);
  for (size_t column = 0; column < 3; column++) transform_three(taps + column, 3, half + column, 3);
  for (size_t row = 0; row < REACH; row++) transform_three(half + 3 * row, 1, u + REACH * row, 1);
}

// Adds the sizes of LANES channels' transformed weights to total, and finds the largest.
KERNEL_BODY measure_weights_body(const int16_t g[9][LANES], numbers *total, numbers *largest) {
  for (size_t first = 0; first < LANES; first += HALF) {
    numbers u[POINTS];
    transform_weights(g, first, u);
    for (size_t point = 0; point < POINTS; point++) {
      const numbers sign = u[point] >> 31, size = (u[point] ^ sign) - sign, more = size > largest[point];
      total[point] += size;
      largest[point] = (size & more) | (largest[point] & ~more);
    }
  }
}
MULTIVERSION(measure_weights, (const int16_t g[9][LANES], numbers *total, numbers *largest), (g, total, largest))

// LANES channels' transformed weights times their point's factor, in 16 bits.
KERNEL_BODY round_weights_body(const int16_t g[9][LANES], const float *factor, point_weights_of out) {
#pragma clang fp contract(off)
  for (size_t first = 0; first < LANES; first += HALF) {
    numbers u[POINTS];
    transform_weights(g, first, u);
    for (size_t point = 0; point < POINTS; point++) {
      // 1.5 · 2²³ more, a float has no digits left behind the point, and the integer in its last bits.
      const reals rounded = __builtin_convertvector(u[point], reals) * factor[point] + 12582912.0f;
      *(short_numbers *)(void *)(out[point] + first) = __builtin_convertvector((numbers)rounded, short_numbers);
    }
  }
}
MULTIVERSION(round_weights, (const int16_t g[9][LANES], const float *factor, point_weights_of out), (g, factor, out))

typedef struct {
  const uint8_t *w;
  int flip;
  f32_weight_layout layout;
  const int32_t *w_zeros;
} weight_source;

KERNEL_BODY read_lines_body(const uint8_t *from, int is_end, uint8_t flip, int zero, int16_t g[9][LANES]) {
  byte_line taps[LANES];
  split_taps(from, 9, is_end, taps);
  for (size_t tap = 0; tap < 9; tap++)
    for (size_t i = 0; i < LANES; i++) g[tap][i] = (int16_t)((taps[tap][i] ^ flip) - zero);
}
MULTIVERSION(
    read_lines, (const uint8_t *from, int is_end, uint8_t flip, int zero, int16_t g[9][LANES]),
    (from, is_end, flip, zero, g))

// The weights of LANES channels of an output, from channel `first` of `channels` on.
static void read_weights(
    const weight_source *s, kernels_isa isa, size_t o, size_t first, size_t channels, int16_t g[9][LANES]) {
  const int zero = s->flip + (s->w_zeros ? s->w_zeros[o] : 0);
  const uint8_t *from = s->w + o * s->layout.output_stride + first * s->layout.channel_stride;
  if (s->layout.tap_stride == 1 && s->layout.channel_stride == 9) {
    read_lines(isa, from, first + LANES == channels, (uint8_t)s->flip, zero, g);
    return;
  }
  for (size_t i = 0; i < LANES; i++)
    for (size_t tap = 0; tap < 9; tap++)
      g[tap][i] = (int16_t)((from[i * s->layout.channel_stride + tap * s->layout.tap_stride] ^ s->flip) - zero);
}

// One point of nr outputs' weights for LANES channels, as the kernel reads them.
KERNEL_BODY interleave_body(const point_weights_of *weights, size_t point, size_t nr, size_t kr, int16_t *to) {
  if (kr == 2) {
    for (size_t lane = 0; lane < nr; lane += 4)
      for (size_t pair = 0; pair < LANES / 2; pair += 4) {
        four_line lines[4];
        for (size_t i = 0; i < 4; i++) lines[i] = *(const four_line *)(const void *)(weights[lane + i][point] + 2 * pair);
        transpose_fours(lines);
        for (size_t i = 0; i < 4; i++) *(four_line *)(void *)(to + ((pair + i) * nr + lane) * 2) = lines[i];
      }
  } else {
    for (size_t lane = 0; lane < nr; lane += 8)
      for (size_t c = 0; c < LANES; c += 8) {
        pair_line lines[8];
        for (size_t i = 0; i < 8; i++) lines[i] = *(const pair_line *)(const void *)(weights[lane + i][point] + c);
        transpose_pairs(lines);
        for (size_t i = 0; i < 8; i++) *(pair_line *)(void *)(to + (c + i) * nr + lane) = lines[i];
      }
  }
}
MULTIVERSION(
    interleave, (const point_weights_of *weights, size_t point, size_t nr, size_t kr, int16_t *to),
    (weights, point, nr, kr, to))

size_t q8_winograd_panels(const q8_winograd *v) { return panels_of(v); }

void q8_winograd_pack_task(void *context, size_t panel, size_t worker) {
  (void)worker;
  const q8_winograd_packing *p = context;
  const q8_winograd *v = p->winograd;
  const q8_convolution *c = &v->convolution;
  const kernels_isa isa = v->family->base;
  const size_t nr = v->family->nr, kr = v->family->kr, channels = c->in_channels;
  const weight_source source = {p->w, p->w_signed ? 0x80 : 0, p->layout, p->w_zeros};
  const int below = c->x_zero - (c->x_signed ? -128 : 0), above = (c->x_signed ? 127 : 255) - c->x_zero;
  int16_t g[9][LANES];
  point_weights_of rounded[Q8_IGEMM_MAX_NR];
  memset(rounded, 0, nr * sizeof rounded[0]);
  char *base = (char *)p->packed + panel * panel_bytes(v);
  memset(base, 0, constants_bytes(v) + POINTS * 4 * nr);
  float *scales = (float *)(void *)base, *undo = (float *)(void *)(base + constants_bytes(v));
  int16_t *weights = (int16_t *)(undo + POINTS * nr);
  for (size_t point = 0; point < POINTS; point++)
    memset(weights + point * point_weights(v) + channels * nr, 0, 2 * (point_weights(v) - channels * nr));
  const size_t count = smaller(nr, c->out_channels - panel * nr);
  float factor[Q8_IGEMM_MAX_NR][POINTS];
  for (size_t lane = 0; lane < count; lane++) {
    const size_t o = panel * nr + lane;
    scales[lane] = p->multipliers[o];
    scales[nr + lane] =
        (float)((p->shifts ? p->shifts[o] : 0.0) + (p->bias ? (double)p->bias[o] * (double)p->multipliers[o] : 0.0));
    numbers totals[POINTS] = {{0}}, sizes[POINTS] = {{0}};
    for (size_t first = 0; first < channels; first += LANES) {
      read_weights(&source, isa, o, first, channels, g);
      measure_weights(isa, (const int16_t(*)[LANES])g, totals, sizes);
    }
    for (size_t point = 0; point < POINTS; point++) {
      const int p0 = positive[point / REACH], n0 = negative[point / REACH];
      int64_t total = 0;
      int32_t largest = 0;
      for (size_t i = 0; i < HALF; i++) {
        total += totals[point][i];
        largest = sizes[point][i] > largest ? sizes[point][i] : largest;
      }
      const int p1 = positive[point % REACH], n1 = negative[point % REACH];
      const int plus = p0 * p1 + n0 * n1, minus = p0 * n1 + n0 * p1;
      const double most = larger((size_t)(plus * above + minus * below), (size_t)(minus * above + plus * below));
      // The proof: a weight is rounded by at most a half, so that the sum of their sizes stays within
      // scale · total + channels / 2, and what they can be multiplied with within `most`. A power of two, because then
      // weights at their ends (where it matters most) are often left exact; 0.9999 is for the rounding of 1 / 576.
      const double room = 2147483647.0 / most - (double)channels / 2;
      const double fitting = 0.9999 * 576 * fmin(room / (double)(total + 1), 32766.0 / (largest + 1));
      int exponent;
      (void)frexp(fitting, &exponent);
      factor[lane][point] = (float)(ldexp(1, exponent - 1) / 576);
      undo[point * nr + lane] = (float)ldexp(1, 1 - exponent);
    }
  }
  for (size_t first = 0; first < channels; first += LANES) {
    for (size_t lane = 0; lane < count; lane++) {
      read_weights(&source, isa, panel * nr + lane, first, channels, g);
      round_weights(isa, (const int16_t(*)[LANES])g, factor[lane], rounded[lane]);
    }
    for (size_t point = 0; point < POINTS; point++)
      interleave(isa, (const point_weights_of *)rounded, point, nr, kr, weights + point * point_weights(v) + first * nr);
  }
}

void q8_winograd_pack(
    const q8_winograd *v, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed) {
  q8_winograd_packing packing = {v, w, w_signed, layout, w_zeros, bias, multipliers, shifts, packed};
  for (size_t panel = 0; panel < panels_of(v); panel++) q8_winograd_pack_task(&packing, panel, 0);
}

typedef int16_t shorts __attribute__((vector_size(2 * LANES), aligned(2)));
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1)));
typedef float floats __attribute__((vector_size(32), aligned(4)));
typedef int32_t integers __attribute__((vector_size(32), aligned(4)));

static inline __attribute__((always_inline)) void transform_six(
    const shorts *d, size_t step, shorts *out, size_t out_step, int is_short) {
  const shorts d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  if (is_short) {
    out[0] = (d[0] - d2) << 2;
    out[out_step] = -3 * (d1 + d2);
    out[2 * out_step] = 3 * (d1 - d2);
    out[5 * out_step] = d3 - d1;
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

// The 36 points of one tile from its 36 input pixels.
KERNEL_BODY transform_inputs_body(
    const uint8_t *const *pixels, size_t channels, uint8_t flip, int zero, q8_tile_shape shape, char *out, size_t step) {
  for (size_t c = 0; c < channels; c += LANES) {
    shorts d[POINTS], half[POINTS];
    for (size_t i = 0; i < POINTS; i++)
      d[i] = __builtin_convertvector(*(const bytes *)(pixels[i] + c) ^ flip, shorts) - (int16_t)zero;
    for (size_t column = 0; column < REACH; column++) transform_six(d + column, REACH, half + column, REACH, shape.short_rows);
    for (size_t row = 0; row < REACH; row++) {
      if (shape.short_rows && !q8_short_has(row)) continue;
      shorts line[REACH];
      transform_six(half + REACH * row, 1, line, 1, shape.short_columns);
      for (size_t i = 0; i < REACH; i++)
        if (!shape.short_columns || q8_short_has(i)) *(shorts *)(void *)(out + (REACH * row + i) * step + 2 * c) = line[i];
    }
  }
}
MULTIVERSION(
    transform_inputs,
    (const uint8_t *const *pixels, size_t channels, uint8_t flip, int zero, q8_tile_shape shape, char *out, size_t step),
    (pixels, channels, flip, zero, shape, out, step))

static inline __attribute__((always_inline)) void transform_back(
    const floats *m, size_t step, floats *out, size_t out_step, int is_short) {
  const floats a = m[step] + m[2 * step], b = m[step] - m[2 * step];
  if (is_short) {
    out[0] = m[0] + a;
    out[out_step] = b + m[5 * step];
    return;
  }
  const floats c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  out[0] = m[0] + a + c;
  out[out_step] = b + 2 * d;
  out[2 * out_step] = a + 4 * c;
  out[3 * out_step] = b + 8 * d + m[5 * step];
}

// The 16 outputs of one tile, [TILE · TILE][nr], from its 36 points, `step` integers apart; of its shape only two rows or
// columns may be there.
KERNEL_BODY transform_sums_body(
    const int32_t *sums, size_t step, size_t nr, const float *undo, q8_tile_shape shape, float *out) {
  for (size_t o = 0; o < nr; o += 8) {
    floats m[POINTS], half[TILE * REACH];
    for (size_t column = 0; column < REACH; column++) {
      if (shape.short_columns && !q8_short_has(column)) continue;
      for (size_t row = 0; row < REACH; row++) {
        if (shape.short_rows && !q8_short_has(row)) continue;
        const size_t i = REACH * row + column;
        m[i] = __builtin_convertvector(*(const integers *)(const void *)(sums + i * step + o), floats) *
               *(const floats *)(const void *)(undo + i * nr + o);
      }
      transform_back(m + column, REACH, half + column, REACH, shape.short_rows);
    }
    for (size_t row = 0; row < (shape.short_rows ? 2 : TILE); row++) {
      floats line[TILE];
      transform_back(half + REACH * row, 1, line, 1, shape.short_columns);
      for (size_t i = 0; i < (shape.short_columns ? 2 : TILE); i++) *(floats *)(void *)(out + (TILE * row + i) * nr + o) = line[i];
    }
  }
}
MULTIVERSION(
    transform_sums,
    (const int32_t *sums, size_t step, size_t nr, const float *undo, q8_tile_shape shape, float *out),
    (sums, step, nr, undo, shape, out))

static tile_place place_of(const q8_winograd *v, size_t tile) {
  const size_t row = tile / v->tile_columns, y = row % v->tile_rows * TILE, x = tile % v->tile_columns * TILE;
  return (tile_place){
      row / v->tile_rows, y, x, smaller(TILE, v->convolution.out_height - y), smaller(TILE, v->convolution.out_width - x)};
}

// A block's tiles, in an order in which those that have a point lie one behind the other: those with few columns left, whole ones,
// those with few rows left, those with both. `ends` says where each kind ends.
static void order_tiles(const q8_winograd *v, size_t first, size_t last, tile_place *places, size_t ends[4]) {
  size_t count = 0;
  for (int kind = 0; kind < 4; kind++) {
    for (size_t tile = first; tile < last; tile++) {
      const tile_place at = place_of(v, tile);
      const q8_tile_shape shape = q8_shape_of(at.rows, at.columns);
      if (shape.short_rows == kind / 2 && shape.short_columns == (kind == 0 || kind == 3)) places[count++] = at;
    }
    ends[kind] = count;
  }
}

void q8_winograd_task(void *context, size_t task, size_t worker) {
  const q8_winograd *v = context;
  const q8_convolution *c = &v->convolution;
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr, channels = c->in_channels, tiles = tiles_of(v), panels = panels_of(v);
  const size_t tile_block = task / v->panel_blocks, panel_block = task % v->panel_blocks;
  const size_t first = tiles * tile_block / v->tile_blocks, last = tiles * (tile_block + 1) / v->tile_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks;
  const size_t last_panel = panels * (panel_block + 1) / v->panel_blocks, count = last - first;

  // Scratch: a pixel of padding, where the tiles lie, the transformed inputs [points][tiles][channels], the sums [points][tiles][nr].
  uint8_t *padding = (uint8_t *)c->scratch + worker * v->scratch_bytes;
  tile_place *places = (tile_place *)(void *)(padding + whole_lines(channels));
  char *inputs = (char *)places + places_bytes(v);
  int32_t *sums = (int32_t *)(void *)(inputs + whole_lines(POINTS * point_bytes(v)));
  memset(padding, c->x_zero, channels);
  size_t ends[4];
  order_tiles(v, first, last, places, ends);
  const uint8_t flip = c->x_signed ? 0x80 : 0;
  for (size_t tile = 0; tile < count; tile++) {
    const tile_place at = places[tile];
    const q8_tile_shape shape = q8_shape_of(at.rows, at.columns);
    const uint8_t *image = (const uint8_t *)c->x + at.image * c->in_height * c->in_width * channels;
    const uint8_t *pixels[POINTS];
    for (size_t i = 0; i < REACH; i++) {
      const size_t iy = at.y + i - c->pad_top;
      const uint8_t *line = image + iy * c->in_width * channels;
      for (size_t j = 0; j < REACH; j++) {
        const size_t ix = at.x + j - c->pad_left;
        pixels[REACH * i + j] = iy < c->in_height && ix < c->in_width ? line + ix * channels : padding;
      }
    }
    char *to = inputs + tile * channels * 2;
#if defined(__x86_64__)
    if (family->base == KERNELS_AVX512 && channels >= 32) {
      q8_winograd_input_avx512(pixels, channels, c->x_signed, c->x_zero, shape, to, point_bytes(v));
      continue;
    }
#endif
    transform_inputs(family->base, pixels, channels, flip, c->x_zero + flip, shape, to, point_bytes(v));
  }

  static const int32_t no_bias[Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  static const ptrdiff_t no_offset[1];
  float outputs[TILE * TILE * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
#if defined(__x86_64__)
  const int fuses = family->base == KERNELS_AVX512 && q8_fusible(&c->epilogue, c->residual != NULL);
  q8_fused fused;
  q8_fused_set(&fused, &c->epilogue);
  fused.residual_stride = c->out_channels;
  fused.y_stride = c->y_stride;
#endif
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    const char *base = (const char *)c->w + panel * panel_bytes(v);
    const float *multipliers = (const float *)(const void *)base;
    const float *undo = (const float *)(const void *)(base + constants_bytes(v));
    const int8_t *w = (const int8_t *)(undo + POINTS * nr);
    for (size_t point = 0; point < POINTS; point++) {
      const int whole_rows = !q8_short_has(point / REACH), whole_columns = !q8_short_has(point % REACH);
      const size_t begin = whole_columns ? ends[0] : 0, end = whole_rows ? ends[1] : whole_columns ? ends[2] : count;
      const uint8_t *from = (const uint8_t *)inputs + point * point_bytes(v) + begin * channels * 2;
      const int8_t *point_w = w + point * point_weights(v) * 2;
      int32_t *point_sums = sums + (point * count + begin) * nr;
      if (begin == end) continue;
      if (family->points) {
        family->points(
            end - begin, channels / family->kr, from, channels * 2, point_w,
            (const char *)(point_w + point_weights(v) * 2), point_sums);
        continue;
      }
      // Cut evenly: a cut of one row costs as much as a cut of four.
      const size_t tiles_here = end - begin, cuts = divide_up(tiles_here, family->mr);
      for (size_t cut = 0, tile = 0; cut < cuts; cut++) {
        const uint8_t *rows[Q8_IGEMM_MAX_MR];
        const size_t size = tiles_here / cuts + (cut < tiles_here % cuts);
        for (size_t p = 0; p < size; p++) rows[p] = from + (tile + p) * channels * 2;
        family->run(
            size, 1, channels / family->kr, rows, no_offset, no_bias, point_w, 0, NULL, NULL, point_sums + tile * nr);
        tile += size;
      }
    }
    const size_t column = panel * nr, written = smaller(nr, c->out_channels - column);
#if defined(__x86_64__)
    if (fuses && written == nr) {
      for (size_t tile = 0; tile < count; tile++) {
        const tile_place at = places[tile];
        const size_t pixel = (at.image * c->out_height + at.y) * c->out_width + at.x;
        fused.residual = c->residual ? (const uint8_t *)c->residual + pixel * c->out_channels + column : NULL;
        fused.y = (uint8_t *)c->y + pixel * c->y_stride + column;
        q8_winograd_output_avx512(
            sums + tile * nr, count * nr, undo, multipliers, at.rows, at.columns, c->out_width * c->out_channels,
            c->out_width * c->y_stride, &fused);
      }
      continue;
    }
#endif
    for (size_t tile = 0; tile < count; tile++) {
      const tile_place at = places[tile];
      transform_sums(
          family->base, sums + tile * nr, count * nr, nr, undo, q8_shape_of(at.rows, at.columns), outputs);
      for (size_t row = 0; row < at.rows; row++) {
        const size_t pixel = (at.image * c->out_height + at.y + row) * c->out_width + at.x;
        q8_finish(
            family->base, &c->epilogue, at.columns, written, outputs + TILE * row * nr, 1, nr,
            multipliers, multipliers + nr,
            c->residual ? (const uint8_t *)c->residual + pixel * c->out_channels + column : NULL, c->out_channels,
            (char *)c->y + (pixel * c->y_stride + column) * (c->epilogue.float_output ? 4 : 1), c->y_stride);
      }
    }
  }
}
