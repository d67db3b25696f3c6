#include "q8_winograd.h"

#include <string.h>

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
  TILE = Q8_TILE,
  REACH = Q8_REACH,
  POINTS = Q8_POINTS,
  NEAR_BYTES = 112 * 1024,  // of transformed inputs in a block: with its sums and a panel's weights they stay within 512 KiB
  NEAR_WEIGHT_BYTES = 160 * 1024  // of weights that were transformed from taps
};

static size_t tiles_of(const q8_winograd *v) { return v->convolution.batch * v->tile_rows * v->tile_columns; }
// Bytes from one point's inputs to the next; the odd lines keep 36 points out of each other's place in the cache.
static size_t point_bytes(const q8_winograd *v) { return v->largest_block * v->convolution.in_channels * 2 + 192; }
// Transformed weights that taps become.
static size_t chunk_bytes(const q8_winograd *v) {
  return v->keeps_taps ? whole_lines(POINTS * 2 * q8_winograd_point_weights(v, v->chunk)) : 0;
}

// Where a tile lies, and the outputs that it has.
typedef struct {
  size_t image, y, x, rows, columns;
} tile_place;

static size_t places_bytes(const q8_winograd *v) { return whole_lines(v->largest_block * sizeof(tile_place)); }

int q8_winograd_applies(const q8_convolution *c) {
  return c->kernel_height == 3 && c->kernel_width == 3 && c->stride_height == 1 && c->stride_width == 1 &&
         c->dilation_height == 1 && c->dilation_width == 1 && c->groups == 1 && c->in_channels % 16 == 0 &&
         c->in_channels <= 4096;
}

int q8_winograd_wins(const q8_convolution *c) {
  // Every tile multiplies with 36 · 2 bytes of weights a channel pair; below some ten tiles it waits for them.
  return q8_winograd_applies(c) && c->out_channels >= 16 &&
         c->batch * divide_up(c->out_height, TILE) * divide_up(c->out_width, TILE) >= 10;
}

void q8_winograd_plan(q8_winograd *v, kernels_q8_isa isa, int threads) {
  const q8_convolution *c = &v->convolution;
  v->family = kernels_q8_isa_available(isa) && families[isa].run ? &families[isa] : &families[KERNELS_Q8_PORTABLE];
  v->tile_rows = divide_up(c->out_height, TILE);
  v->tile_columns = divide_up(c->out_width, TILE);
  const size_t tiles = tiles_of(v), panels = q8_winograd_panels(v);
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
  v->packed_bytes = panels * q8_winograd_panel_bytes(v);
  // Narrow kernels' panels are near at once, and they cannot add to sums.
  v->chunk = c->in_channels;
  if (v->family->points) v->chunk = smaller(v->chunk, larger(16, NEAR_WEIGHT_BYTES / (POINTS * 2 * v->family->nr) & ~(size_t)15));
  v->scratch_bytes = whole_lines(c->in_channels) + places_bytes(v) + whole_lines(POINTS * point_bytes(v)) +
                     POINTS * v->largest_block * v->family->nr * 4 + chunk_bytes(v);
}

const char *q8_winograd_kernel(const q8_winograd *v) { return v->family->name; }

enum { LANES = 16 };  // channels that generic transforms take at once

typedef int16_t shorts __attribute__((vector_size(2 * LANES), aligned(2)));
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1)));
typedef float floats __attribute__((vector_size(32), aligned(4)));
typedef int32_t integers __attribute__((vector_size(32), aligned(4)));

static inline __attribute__((always_inline)) void transform_six(
    const shorts *d, size_t step, shorts *out, size_t out_step, int is_short) {
  const shorts d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  if (is_short) {
    out[0] = d[0] - d2;
    out[out_step] = d1 + d2;
    out[2 * out_step] = d2 - d1;
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
    out[0] = 6 * m[0] + 3 * a;
    out[out_step] = 3 * b + 6 * m[5 * step];
    return;
  }
  const floats c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
  out[0] = 1.5f * m[0] - a + 0.25f * c;
  out[out_step] = 0.5f * d - b;
  out[2 * out_step] = c - a;
  out[3 * out_step] = 2 * d - b + 6 * m[5 * step];
}

// The 16 outputs of one tile, [TILE · TILE][nr], from its 36 points, `step` integers apart; of its shape only two rows or
// columns may be there. `undo`: what to multiply with where weights were rounded.
KERNEL_BODY transform_sums_body(
    const int32_t *sums, size_t step, size_t nr, const float *undo, q8_tile_shape shape, float *out) {
  for (size_t o = 0; o < nr; o += 8) {
    floats m[POINTS], half[TILE * REACH];
    for (size_t column = 0; column < REACH; column++) {
      if (shape.short_columns && !q8_short_has(column)) continue;
      for (size_t row = 0; row < REACH; row++) {
        if (shape.short_rows && !q8_short_has(row)) continue;
        const size_t i = REACH * row + column;
        m[i] = __builtin_convertvector(*(const integers *)(const void *)(sums + i * step + o), floats);
        if (undo) m[i] *= *(const floats *)(const void *)(undo + i * nr + o);
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

// The products at all points of `some` channels from channel `from` on, with weights `stride` integers from point to point; added to
// the sums but for the first channels'. With each point `fetch_step` further bytes from `fetch` on are fetched.
static void multiply(
    const q8_winograd *v, size_t count, const size_t ends[4], const char *inputs, size_t from, size_t some, const int16_t *w,
    size_t stride, const char *fetch, size_t fetch_step, int32_t *sums) {
  static const int32_t no_bias[Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  static const ptrdiff_t no_offset[1];
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr, row_bytes = v->convolution.in_channels * 2, steps = some / family->kr;
  for (size_t point = 0; point < POINTS; point++, w += stride, fetch += fetch_step) {
    const int whole_rows = !q8_short_has(point / REACH), whole_columns = !q8_short_has(point % REACH);
    const size_t begin = whole_columns ? ends[0] : 0, end = whole_rows ? ends[1] : whole_columns ? ends[2] : count;
    if (begin == end) continue;
    const uint8_t *x = (const uint8_t *)inputs + point * point_bytes(v) + begin * row_bytes + 2 * from;
    const int8_t *point_w = (const int8_t *)w;
    int32_t *point_sums = sums + (point * count + begin) * nr;
    if (family->points) {
      family->points(end - begin, steps, x, row_bytes, point_w, fetch, from > 0, point_sums);
      continue;
    }
    // Cut evenly: a cut of one row costs as much as a cut of four.
    const size_t tiles = end - begin, cuts = divide_up(tiles, family->mr);
    for (size_t cut = 0, tile = 0; cut < cuts; cut++) {
      const uint8_t *rows[Q8_IGEMM_MAX_MR];
      const size_t size = tiles / cuts + (cut < tiles % cuts);
      for (size_t p = 0; p < size; p++) rows[p] = x + (tile + p) * row_bytes;
      family->run(size, 1, steps, rows, no_offset, no_bias, point_w, 0, NULL, NULL, point_sums + tile * nr);
      tile += size;
    }
  }
}

void q8_winograd_task(void *context, size_t task, size_t worker) {
  const q8_winograd *v = context;
  const q8_convolution *c = &v->convolution;
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr, channels = c->in_channels, tiles = tiles_of(v), panels = q8_winograd_panels(v);
  const size_t tile_block = task / v->panel_blocks, panel_block = task % v->panel_blocks;
  const size_t first = tiles * tile_block / v->tile_blocks, last = tiles * (tile_block + 1) / v->tile_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks;
  const size_t last_panel = panels * (panel_block + 1) / v->panel_blocks, count = last - first;

  // Scratch: a pixel of padding, where the tiles lie, the transformed inputs [points][tiles][channels], weights that were taps,
  // the sums [points][tiles][nr].
  uint8_t *padding = (uint8_t *)c->scratch + worker * v->scratch_bytes;
  tile_place *places = (tile_place *)(void *)(padding + whole_lines(channels));
  char *inputs = (char *)places + places_bytes(v);
  int16_t *chunk = (int16_t *)(void *)(inputs + whole_lines(POINTS * point_bytes(v)));
  int32_t *sums = (int32_t *)(void *)((char *)chunk + chunk_bytes(v));
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

  float outputs[TILE * TILE * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  float undo[POINTS * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
#if defined(__x86_64__)
  const int fuses = family->base == KERNELS_AVX512 && q8_fusible(&c->epilogue, c->residual != NULL);
  q8_fused fused;
  q8_fused_set(&fused, &c->epilogue);
  fused.residual_stride = c->out_channels;
  fused.y_stride = c->y_stride;
#endif
  for (size_t index = first_panel; index < last_panel; index++) {
    const q8_winograd_panel panel = q8_winograd_panel_at(v, c->w, index);
    if (v->keeps_taps) {
      // What comes next is fetched meanwhile, an equal part with each point.
      const size_t chunk_taps = 9 * v->chunk * nr;
      for (size_t from = 0; from < channels; from += v->chunk) {
        const size_t some = smaller(v->chunk, channels - from), stride = q8_winograd_point_weights(v, some);
        const int8_t *taps = panel.weights + 9 * from * nr;
        q8_winograd_transform_taps(v, &panel, taps, some, chunk, stride);
        multiply(v, count, ends, inputs, from, some, chunk, stride, (const char *)taps + chunk_taps, chunk_taps / POINTS, sums);
      }
    } else {
      const size_t stride = q8_winograd_point_weights(v, channels);
      const int16_t *w = (const int16_t *)(const void *)panel.weights;
      multiply(v, count, ends, inputs, 0, channels, w, stride, (const char *)(w + stride), 2 * stride, sums);
    }
    const size_t column = index * nr, written = smaller(nr, c->out_channels - column);
#if defined(__x86_64__)
    if (fuses && written == nr && !*panel.is_rounded) {
      for (size_t tile = 0; tile < count; tile++) {
        const tile_place at = places[tile];
        const size_t pixel = (at.image * c->out_height + at.y) * c->out_width + at.x;
        fused.residual = c->residual ? (const uint8_t *)c->residual + pixel * c->out_channels + column : NULL;
        fused.y = (uint8_t *)c->y + pixel * c->y_stride + column;
        q8_winograd_output_avx512(
            sums + tile * nr, count * nr, panel.scales, at.rows, at.columns, c->out_width * c->out_channels,
            c->out_width * c->y_stride, &fused);
      }
      continue;
    }
#endif
    for (size_t i = 0; *panel.is_rounded && i < POINTS * nr; i++) undo[i] = (float)(1 << panel.exponents[i]);
    for (size_t tile = 0; tile < count; tile++) {
      const tile_place at = places[tile];
      transform_sums(
          family->base, sums + tile * nr, count * nr, nr, *panel.is_rounded ? undo : NULL, q8_shape_of(at.rows, at.columns),
          outputs);
      for (size_t row = 0; row < at.rows; row++) {
        const size_t pixel = (at.image * c->out_height + at.y + row) * c->out_width + at.x;
        q8_finish(
            family->base, &c->epilogue, at.columns, written, outputs + TILE * row * nr, 1, nr,
            panel.scales, panel.scales + nr,
            c->residual ? (const uint8_t *)c->residual + pixel * c->out_channels + column : NULL, c->out_channels,
            (char *)c->y + (pixel * c->y_stride + column) * (c->epilogue.float_output ? 4 : 1), c->y_stride);
      }
    }
  }
}
