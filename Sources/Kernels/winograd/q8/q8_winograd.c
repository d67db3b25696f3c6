#include "q8_winograd.h"

#include <string.h>

#include "cpu/multiversion.h"
#include "cpu/table.h"
#include "geometry/tiles.h"

enum {
  TILE = Q8_TILE,
  REACH = Q8_REACH,
  POINTS = Q8_POINTS,
  NEAR_BYTES = 112 * 1024,  // of transformed inputs in a block: with its sums and a panel's weights they stay within 512 KiB
  NEAR_WEIGHT_BYTES = 160 * 1024,  // of weights that were transformed from taps
  // Of transformed weights: more do not fit in the second-level cache of a server's core (Intel's: 2 MiB).
  FAR_BYTES = 2 * 1024 * 1024
};

// Bytes of transformed inputs of one group of tiles, for the taps kernels.
static size_t group_bytes(const q8_winograd *v) {
  return REACH * (v->convolution.geometry.in_channels / 32) * TAPS_BLOCK_BYTES;
}

static size_t tiles_of(const q8_winograd *v) {
  return v->convolution.geometry.batch * tiles_along(&v->down) * tiles_along(&v->across);
}

// The buffers of a task, in its worker's scratch.
typedef struct {
  size_t count;  // of tiles
  size_t ends[4];  // of kinds of tiles, see order_tiles
  uint8_t *padding;  // a pixel
  tile_place *places;
  // Transformed: [points][tiles][channels], or for s16_taps [groups][6 rows][channels / 32][6 points][4 tiles][32].
  char *inputs;
  taps_tile tiles[TAPS_MOST_TILES];  // for s16_taps
  int16_t *weights;  // transformed from the taps of some channels
  int32_t *sums;  // [points][tiles][nr]
  float *totals;  // likewise: sums of all channels of a long panel
} tile_block;

// Bytes from one point's inputs to the next. The extra cache lines spread the 36 points over different cache sets.
static size_t point_bytes(const q8_winograd *v) { return v->largest_block * v->convolution.geometry.in_channels * 2 + 192; }

// Bytes of scratch: padding, places, inputs, weights, sums, totals.
enum { PARTS = 6 };
static size_t parts_of(const q8_winograd *v, size_t sizes[PARTS]) {
  const size_t channels = v->convolution.geometry.in_channels, groups = divide_up(v->largest_block, TAPS_TILES);
  const size_t sums = POINTS * v->largest_block * v->family->nr * 4;
  sizes[0] = channels;
  sizes[1] = v->largest_block * sizeof(tile_place);
  sizes[2] = v->multiplies_taps ? groups * group_bytes(v) : POINTS * point_bytes(v);
  sizes[3] = v->keeps_taps && !v->multiplies_taps ? POINTS * 2 * q8_winograd_point_weights(v, v->chunk) : 0;
  sizes[4] = sums;
  // Packing decides whether a panel is long, after planning.
  sizes[5] = channels > Q8_LONG_STEP ? sums : 0;
  size_t all = 0;
  for (size_t i = 0; i < PARTS; i++) all += sizes[i] = whole_lines(sizes[i]);
  return all;
}

static tile_block lay_out(const q8_winograd *v, char *scratch) {
  size_t sizes[PARTS];
  char *parts[PARTS];
  parts_of(v, sizes);
  for (size_t i = 0; i < PARTS; scratch += sizes[i++]) parts[i] = scratch;
  return (tile_block){
      .padding = (uint8_t *)parts[0],
      .places = (tile_place *)(void *)parts[1],
      .inputs = parts[2],
      .weights = (int16_t *)(void *)parts[3],
      .sums = (int32_t *)(void *)parts[4],
      .totals = (float *)(void *)parts[5]};
}

int q8_winograd_applies(const q8_convolution *c) {
  const convolution_geometry *g = &c->geometry;
  return g->kernel_height == 3 && g->kernel_width == 3 && g->stride_height == 1 && g->stride_width == 1 &&
         g->dilation_height == 1 && g->dilation_width == 1 && g->groups == 1 && g->in_channels % 16 == 0 &&
         g->in_channels <= 4096;
}

int q8_winograd_wins(const q8_winograd *v) {
  // Its products take less than a quarter of the time of those of 16-bit integers.
  if (v->kernels->q8_igemm_deep.run) return 0;
  // With so few channels the transforms take longer than the products that they save.
  const convolution_geometry *g = &v->convolution.geometry;
  const q8_igemm_family *narrow = &v->kernels->q8_igemm_narrow;
  if (narrow->run && smaller(g->in_channels, g->out_channels) <= narrow->nr) return 0;
  // All tiles share 36 · 2 bytes of weights for each pair of channels; with fewer than about ten tiles, loading them takes longest.
  // Taps that are transformed in registers are a quarter of that.
  size_t fewest = v->multiplies_taps ? 3 : 10;
  // Where transforms take turns with products, and products of bytes are twice as many: not from taps, and not for few tiles if the
  // weights come from further away than the second-level cache.
  if (v->kernels->q8_winograd_wants_many) fewest = v->keeps_taps || v->packed_bytes > FAR_BYTES ? 20 : 16;
  return g->out_channels >= 16 && tiles_of(v) >= fewest;
}

void q8_winograd_plan(q8_winograd *v, kernels_level level, int threads) {
  const q8_convolution *c = &v->convolution;
  const convolution_geometry *g = &c->geometry;
  KERNEL_REQUIRE(q8_winograd_applies(c));
  v->kernels = kernels_table_for(level);
  v->family = &v->kernels->q8_winograd;
  v->down = (tile_axis){.large = TILE, .larges = divide_up(g->out_height, TILE)};
  v->across = (tile_axis){.large = TILE, .larges = divide_up(g->out_width, TILE)};
  v->multiplies_taps = v->keeps_taps && v->kernels->s16_taps.pays && g->in_channels % 32 == 0 && tiles_of(v) <= TAPS_MOST_TILES;
  const size_t tiles = tiles_of(v), panels = q8_winograd_panels(v);
  const size_t fitting = larger(2 * v->family->mr, NEAR_BYTES / (POINTS * 2 * g->in_channels));
  // Rounded: a block that is a little too large is better than one more pass over all weights.
  v->tile_blocks = larger(1, (tiles + fitting / 2) / fitting);
  v->panel_blocks = 1;
  const size_t workers = threads > 1 ? (size_t)threads : 1;
  if (v->tile_blocks >= workers) {
    v->tile_blocks = smaller(tiles, divide_up(v->tile_blocks, workers) * workers);
  } else {
    // With few tiles the threads divide the outputs. Every block of panels transforms all inputs again, so there are as few as
    // possible.
    v->panel_blocks = smaller(panels, divide_up(workers, v->tile_blocks));
  }
  v->tasks = v->tile_blocks * v->panel_blocks;
  v->largest_block = divide_up(tiles, v->tile_blocks);
  v->packed_bytes = panels * q8_winograd_panel_bytes(v);
  // Kernels without `points` have narrow panels, which fit into the cache, and cannot add to sums.
  v->chunk = g->in_channels;
  if (v->family->points) v->chunk = smaller(v->chunk, larger(16, NEAR_WEIGHT_BYTES / (POINTS * 2 * v->family->nr) & ~(size_t)15));
  size_t sizes[PARTS];
  v->scratch_bytes = parts_of(v, sizes);
}

const char *q8_winograd_kernel(const q8_winograd *v) {
  return v->multiplies_taps ? v->kernels->s16_taps.name : v->family->name;
}

KERNEL_BODY add_sums_body(const int32_t *sums, size_t count, int adds, float *totals) {
  for (size_t i = 0; i < count; i++) totals[i] = (float)sums[i] + (adds ? totals[i] : 0);
}
MULTIVERSION(add_sums, (const int32_t *sums, size_t count, int adds, float *totals), (sums, count, adds, totals))

static tile_place place_of(const q8_winograd *v, size_t tile) {
  return tile_inside(&v->convolution.geometry, tile_place_of(&v->down, &v->across, tile));
}

static taps_tile shape_of(const tile_place *at) { return q8_shape_of(at->height, at->width); }

// The shape of the tile in the last row and column.
static taps_tile edge_of(const q8_winograd *v) {
  const tile_place corner = place_of(v, tiles_along(&v->down) * tiles_along(&v->across) - 1);
  return shape_of(&corner);
}

// Orders a block's tiles so that all tiles that have a point are consecutive: those at the right edge, whole ones, those at the
// lower edge, the corner. `ends` is where each kind ends.
//
// For the taps kernels, tiles are in the order of the picture; within each group of TAPS_TILES, those at the right edge come last.
static void order_tiles(const q8_winograd *v, size_t first, size_t last, tile_block *b) {
  b->count = 0;
  if (v->multiplies_taps) {
    for (size_t group = first; group < last; group += TAPS_TILES)
      for (int at_edge = 0; at_edge < 2; at_edge++)
        for (size_t tile = group; tile < smaller(last, group + TAPS_TILES); tile++) {
          const tile_place at = place_of(v, tile);
          if ((at.width < TILE) != at_edge) continue;
          b->tiles[b->count] = shape_of(&at);
          b->places[b->count++] = at;
        }
    return;
  }
  for (int kind = 0; kind < 4; kind++) {
    for (size_t tile = first; tile < last; tile++) {
      const tile_place at = place_of(v, tile);
      if ((at.height < TILE) == kind / 2 && (at.width < TILE) == (kind == 0 || kind == 3)) b->places[b->count++] = at;
    }
    b->ends[kind] = b->count;
  }
}

static void transform_tile(const q8_winograd *v, const tile_block *b, size_t tile) {
  const q8_convolution *c = &v->convolution;
  const convolution_geometry *g = &c->geometry;
  const size_t channels = g->in_channels;
  const tile_place at = b->places[tile];
  const taps_tile shape = shape_of(&at);
  const void *pixels[POINTS];
  tile_inputs(g, at, REACH, c->x, 1, b->padding, pixels);
  char *to = b->inputs + tile * channels * 2;
  q8_winograd_points points = {.column_step = point_bytes(v), .channel_bytes = 2};
  size_t row_step = REACH * point_bytes(v);
  if (v->multiplies_taps) {
    points.column_step = TAPS_TILES * 64;
    points.channel_bytes = TAPS_BLOCK_BYTES / 32;
    row_step = group_bytes(v) / REACH;
    to = b->inputs + tile / TAPS_TILES * group_bytes(v);
  }
  for (size_t row = 0; row < REACH; row++) {
    points.rows[row] = to + row * row_step;
    if (v->multiplies_taps) points.rows[row] += taps_slot(b->tiles, tile, row) * 64;
  }
  v->kernels->q8_transforms.input(v->kernels->level, pixels, channels, c->x_signed, c->x_zero, shape, &points);
}

// The products at all points over `some` channels from channel `from` on. The weights of two points are `stride` integers apart.
// Each point prefetches as many bytes as it has weights, from `fetch` on; the next point fetch_step bytes further on.
static void multiply(
    const q8_winograd *v, const tile_block *b, size_t from, size_t some, const int16_t *w, size_t stride, kernels_fetch fetch,
    size_t fetch_step, int adds) {
  static const int32_t no_bias[Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  static const ptrdiff_t no_offset[1];
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr, row_bytes = v->convolution.geometry.in_channels * 2, steps = some / family->kr;
  const taps_tile edge = edge_of(v);
  for (size_t point = 0; point < POINTS; point++, w += stride, fetch += fetch_step) {
    const int whole_rows = !taps_has(edge.height, point / REACH), whole_columns = !taps_has(edge.width, point % REACH);
    const size_t begin = whole_columns ? b->ends[0] : 0;
    const size_t end = whole_rows ? b->ends[1] : whole_columns ? b->ends[2] : b->count;
    if (begin == end) continue;
    const uint8_t *x = (const uint8_t *)b->inputs + point * point_bytes(v) + begin * row_bytes + 2 * from;
    const int8_t *point_w = (const int8_t *)w;
    int32_t *sums = b->sums + (point * b->count + begin) * nr;
    if (family->points) {
      family->points(end - begin, steps, x, row_bytes, point_w, fetch, adds, sums);
      continue;
    }
    // Cuts of about equal size: a cut of one row takes as long as one of four.
    const size_t tiles = end - begin, cuts = divide_up(tiles, family->mr);
    for (size_t cut = 0, tile = 0; cut < cuts; cut++) {
      const uint8_t *rows[Q8_IGEMM_MAX_MR];
      const size_t size = tiles / cuts + (cut < tiles % cuts);
      for (size_t p = 0; p < size; p++) rows[p] = x + (tile + p) * row_bytes;
      family->run(size, 1, steps, rows, no_offset, no_bias, point_w, 0, NULL, NULL, sums + tile * nr);
      tile += size;
    }
  }
}

// The same directly from taps: for 16 of `outputs` at a time, one row of points of one group of tiles after the other. Meanwhile
// the taps of the next outputs are prefetched.
static void multiply_taps(
    const q8_winograd *v, const tile_block *b, const int8_t *taps, size_t outputs, size_t from, size_t some) {
  const size_t nr = v->family->nr, channels = v->convolution.geometry.in_channels, sums_step = b->count * nr;
  const size_t groups = divide_up(b->count, TAPS_TILES), steps = some / 2, half_bytes = 9 * Q8_TAPS_STEP * channels / 2;
  for (size_t output = 0; output < outputs; output += TAPS_OUTPUTS, taps += half_bytes) {
    const int8_t *w = taps + 9 * Q8_TAPS_STEP * from / 2;
    const kernels_fetch next = (kernels_fetch)w + half_bytes;
    size_t fetched = 0;
    for (size_t group = 0; group < groups; group++)
      for (size_t row = 0; row < REACH; row++) {
        const taps_line of = taps_line_of(b->tiles, b->count, group, row);
        if (of.tiles == 0) continue;
        int32_t *sums[TAPS_TILES] = {NULL}, *all = b->sums + row * REACH * sums_step + output;
        for (size_t i = 0; i < of.tiles; i++) sums[i] = all + of.members[i] * nr;
        const char *x = b->inputs + group * group_bytes(v) + row * (group_bytes(v) / REACH) + from / 32 * TAPS_BLOCK_BYTES;
        const size_t fetch_step = taps_fetch_step(9 * Q8_TAPS_STEP, groups, row);
        v->kernels->s16_taps.run(
            row, of.tiles, of.threes, of.fours, some / 32, x, w, next + fetched, fetch_step, sums, sums_step);
        fetched = taps_fetched(fetched + steps * fetch_step, 9 * Q8_TAPS_STEP * steps);
      }
  }
}

// The sums of a panel's first `outputs` outputs over `some` channels from channel `from` on.
static void sum_channels(
    const q8_winograd *v, const tile_block *b, const q8_winograd_panel *panel, size_t outputs, size_t from, size_t some) {
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr;
  if (!v->keeps_taps) {
    const size_t stride = q8_winograd_point_weights(v, v->convolution.geometry.in_channels);
    const int16_t *w = (const int16_t *)(const void *)panel->weights + from * nr;
    multiply(v, b, from, some, w, stride, (kernels_fetch)(w + stride), 2 * stride, 0);
    return;
  }
  if (v->multiplies_taps) {
    multiply_taps(v, b, panel->weights, outputs, from, some);
    return;
  }
  for (size_t at = 0; at < some; at += v->chunk) {
    const size_t count = smaller(v->chunk, some - at), stride = q8_winograd_point_weights(v, count);
    const int8_t *taps = panel->weights + 9 * nr * (from + at);
    v->kernels->q8_transforms.taps(v->kernels->level, taps, 0, count / family->kr, nr * family->kr, b->weights, stride);
    // The points together prefetch the next taps. As these are fewer bytes than a point's weights, their ranges overlap.
    multiply(
        v, b, from + at, count, b->weights, stride, (kernels_fetch)taps + 9 * nr * count, 9 * nr * count / POINTS, at > 0);
  }
}

void q8_winograd_task(void *context, size_t task, size_t worker) {
  const q8_winograd *v = context;
  const q8_convolution *c = &v->convolution;
  const convolution_geometry *g = &c->geometry;
  KERNEL_REQUIRE(task < v->tasks && c->y_stride >= g->out_channels);
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(c->w, 64) && KERNEL_IS_ALIGNED(c->scratch, 64));
  const q8_igemm_family *family = v->family;
  const size_t nr = family->nr, channels = g->in_channels, tiles = tiles_of(v), panels = q8_winograd_panels(v);
  const size_t tile_block_index = task / v->panel_blocks, panel_block = task % v->panel_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks;
  const size_t last_panel = panels * (panel_block + 1) / v->panel_blocks;

  tile_block b = lay_out(v, (char *)c->scratch + worker * v->scratch_bytes);
  memset(b.padding, c->x_zero, channels);
  order_tiles(v, tiles * tile_block_index / v->tile_blocks, tiles * (tile_block_index + 1) / v->tile_blocks, &b);
  for (size_t tile = 0; tile < b.count; tile++) transform_tile(v, &b, tile);

  const kernels_table *kernels = v->kernels;
  const kernels_level level = kernels->level;
  float outputs[TILE * TILE * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const int fuses = kernels->q8_transforms.output_pays && q8_fusible(&c->epilogue, c->residual != NULL);
  q8_fused fused;
  if (fuses) q8_fused_set(&fused, &c->epilogue);
  fused.residual_stride = g->out_channels;
  fused.y_stride = c->y_stride;
  for (size_t index = first_panel; index < last_panel; index++) {
    const q8_winograd_panel panel = q8_winograd_panel_at(v, c->w, index);
    const size_t column = index * nr, written = smaller(nr, g->out_channels - column);
    const int is_long = panel.traits->is_long;
    if (!is_long) {
      sum_channels(v, &b, &panel, written, 0, channels);
    } else {
      for (size_t from = 0; from < channels; from += Q8_LONG_STEP) {
        sum_channels(v, &b, &panel, written, from, smaller(Q8_LONG_STEP, channels - from));
        add_sums(level, b.sums, POINTS * b.count * nr, from > 0, b.totals);
      }
    }
    if (fuses && panel.traits->is_fusible && written == nr && !is_long) {
      for (size_t tile = 0; tile < b.count; tile++) {
        const tile_place at = b.places[tile];
        const size_t pixel = (at.image * g->out_height + at.y) * g->out_width + at.x;
        fused.residual = c->residual ? (const uint8_t *)c->residual + pixel * g->out_channels + column : NULL;
        fused.y = (uint8_t *)c->y + pixel * c->y_stride + column;
        kernels->q8_transforms.output(
            b.sums + tile * nr, b.count * nr, panel.scales, at.height, at.width, g->out_width * g->out_channels,
            g->out_width * c->y_stride, &fused);
      }
      continue;
    }
    for (size_t tile = 0; tile < b.count; tile++) {
      const tile_place at = b.places[tile];
      q8_winograd_outputs(
          level, b.sums + tile * nr, is_long ? b.totals + tile * nr : NULL, b.count * nr, nr, shape_of(&at), outputs);
      for (size_t row = 0; row < at.height; row++) {
        const size_t pixel = (at.image * g->out_height + at.y + row) * g->out_width + at.x;
        kernels->q8_finish(
            level, &c->epilogue, at.width, written, outputs + TILE * row * nr, 1, nr,
            panel.scales, panel.scales + nr,
            c->residual ? (const uint8_t *)c->residual + pixel * g->out_channels + column : NULL, g->out_channels,
            (char *)c->y + (pixel * c->y_stride + column) * (c->epilogue.float_output ? 4 : 1), c->y_stride);
      }
    }
  }
}
