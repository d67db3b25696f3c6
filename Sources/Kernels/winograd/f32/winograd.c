#include "winograd.h"

#include <math.h>
#include <string.h>

#include "cpu/table.h"
#include "geometry/sizes.h"
#include "geometry/tiles.h"
#include "winograd/f32/winograd_mend.h"

// NEAR_BYTES: transformed inputs of a block of tiles, most of the second-level cache. FEWEST_TILES: least size of a block; with
// fewer tiles, loading each weight would cost more than it is used.
enum { NEAR_BYTES = 320 * 1024, FEWEST_TILES = 25, FEWEST_TILES_OF_A_THREAD = 4 };

// Taps are transformed for as many channels at a time as keep the weights in the second-level cache. With fewer channels,
// reading and writing the partial sums would cost time.
enum { TRANSFORMED_BYTES = 400 * 1024, TRANSFORMED_CHANNELS = 64 };

// Tasks for each thread where all inputs are transformed first. More than one, so that other threads take over from one that is
// held up.
enum { TASKS_OF_A_THREAD = 4 };

// Products of a tile along one axis: as many as its inputs. Products at the same point share their weights, as do all products
// with the middle tap.
static size_t products_along(size_t stride, size_t size) { return stride == 1 ? size + 2 : 2 * size + 1; }
static size_t stride_of(const f32_winograd *v) { return v->geometry.stride_height; }
static size_t sets_of(const f32_winograd *v) { return (v->tile + 2) * (v->tile + 2); }
static size_t panels_of(const f32_winograd *v) { return divide_up(v->geometry.out_channels, v->family->nr); }
// Floats of a packed panel: biases, then taps or weights.
static size_t panel_floats(const f32_winograd *v) {
  return v->family->nr + (v->keeps_taps ? v->geometry.in_channels * 9 * v->family->nr : sets_of(v) * v->set_stride);
}

// Floats of a thread's buffer for weights that it transforms while running.
static size_t transformed_floats(const f32_winograd *v) {
  return v->keeps_taps && !v->multiplies_taps ? sets_of(v) * v->set_stride : 0;
}

// Floats of transformed input for one row of Winograd points in a tile group, and for all rows.
static size_t group_line(const f32_winograd *v) {
  return v->geometry.in_channels / 16 * (TAPS_BLOCK_BYTES / sizeof(float));
}
static size_t group_floats(const f32_winograd *v) { return TAPS_POINTS * group_line(v); }

// Index of the weights of a product of the largest tile. With stride 2, every second input is multiplied with the middle tap.
static size_t set_along(const f32_winograd *v, size_t product) {
  return stride_of(v) == 1 ? product : smaller(product, v->tile + 1);
}

// Index in the largest tile of a product of a tile with `size` outputs, along one axis. The points are 0, 1, -1, 2, -2, 1/2,
// -1/2 and then infinity; a smaller tile has the first of the finite ones, and infinity.
static size_t among_largest(const f32_winograd *v, size_t size, size_t product) {
  const size_t finite = stride_of(v) == 1 ? size + 1 : size;
  return product < finite ? product : product - finite + (stride_of(v) == 1 ? v->tile + 1 : v->tile);
}

static int is_of_smaller(const f32_winograd *v, size_t size, size_t product) {
  for (size_t i = 0; i < products_along(stride_of(v), size); i++)
    if (among_largest(v, size, i) == product) return 1;
  return 0;
}

// Number of blocks of about `block` items each, so that every thread gets the same number of blocks.
static size_t blocks_for(size_t count, size_t block, size_t threads) {
  size_t blocks = divide_up(count, block);
  if (threads > 1 && blocks > 1) blocks = divide_up(blocks, threads) * threads;
  return smaller(blocks, count);
}

// Products of all tiles along an axis.
static size_t axis_products(const f32_winograd *v, tile_axis axis) {
  return axis.larges * products_along(stride_of(v), axis.large) + axis.smalls * products_along(stride_of(v), axis.small);
}

// Covers `extent` outputs with tiles of one or two sizes, with as few products as possible. Of two ways with as many products it
// takes the first, the one with more tiles of the largest size, or if `is_even` the last.
static tile_axis cover(const f32_winograd *v, size_t extent, int is_even) {
  tile_axis best = {.large = v->tile, .larges = divide_up(extent, v->tile), .small = v->tile};
  for (size_t small = 1; small < v->tile; small++) {
    if (stride_of(v) == 2 && small == 3) continue;
    for (size_t larges = 0; larges * v->tile < extent; larges++) {
      const tile_axis axis = {
          .large = v->tile, .larges = larges, .small = small, .smalls = divide_up(extent - larges * v->tile, small)};
      const size_t products = axis_products(v, axis), fewest = axis_products(v, best);
      if (products < fewest || (is_even && products == fewest)) best = axis;
    }
  }
  return best;
}

static size_t whole_groups(size_t tiles) { return divide_up(tiles, TAPS_TILES) * TAPS_TILES; }

// Whether threads should divide the tiles rather than the outputs. Then no thread waits for, or reads, inputs that another one
// transformed, and each keeps fewer of them in its cache. But all threads read all weights, the first one from memory, the
// others from the shared cache; there must be enough tiles to hide that. Weights that are transformed while running would be
// transformed by every thread.
static int threads_split(const f32_winograd *v, size_t tiles, size_t threads) {
  if (!v->kernels->f32_tiles_split) return 0;
  if (v->multiplies_taps) return divide_up(tiles, TAPS_TILES) % threads == 0;
  return !v->keeps_taps && tiles >= threads * FEWEST_TILES_OF_A_THREAD;
}

void f32_winograd_plan(f32_winograd *v, kernels_level level, int threads) {
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(g->in_channels >= F32_WINOGRAD_LEAST_CHANNELS && g->batch >= 1 && g->out_height >= 1 && g->out_width >= 1);
  KERNEL_REQUIRE((stride_of(v) == 1 && 2 <= v->tile && v->tile <= 6) || (stride_of(v) == 2 && (v->tile == 2 || v->tile == 4)));
  v->isa = level;
  v->kernels = kernels_table_for(level);
  v->family = &v->kernels->f32_igemm;
  const size_t nr = v->family->nr, panels = panels_of(v), side = products_along(stride_of(v), v->tile);
  // Rows of about equal height divide evenly among threads. Across, more tiles of the largest size make the taps kernels faster.
  v->down = cover(v, g->out_height, 1);
  v->across = cover(v, g->out_width, 0);
  v->products = g->batch * axis_products(v, v->down) * axis_products(v, v->across);
  const size_t tiles = g->batch * (v->down.larges + v->down.smalls) * (v->across.larges + v->across.smalls);
  const size_t workers = threads > 1 ? (size_t)threads : 1;
  v->multiplies_taps = v->keeps_taps && v->kernels->f32_taps.pays && stride_of(v) == 1 && v->tile == 4 &&
                       g->in_channels % 16 == 0 && tiles <= TAPS_MOST_TILES;

  v->input_pitch = (g->in_channels + 15) & ~(size_t)15;
  const size_t tile_bytes = side * side * v->input_pitch * sizeof(float);
  size_t block = larger(FEWEST_TILES, NEAR_BYTES / tile_bytes);
  if (v->multiplies_taps) block = tiles;
  v->tile_blocks = blocks_for(tiles, block, workers);
  if (v->tile_blocks == 1 && threads_split(v, tiles, workers)) v->tile_blocks = workers;
  // With few tiles the threads divide the outputs, and transform the inputs together first. Each thread transforms all inputs
  // itself if there are several blocks, or if taps are multiplied directly: so few are faster computed again than read from
  // another core's cache (measured on two cores).
  const int makes_together = v->tile_blocks == 1 && !v->multiplies_taps;
  v->panel_blocks = 1;
  if (v->tile_blocks % workers != 0)
    v->panel_blocks = smaller(panels, makes_together ? TASKS_OF_A_THREAD * workers : workers);
  v->tile_block = divide_up(tiles, v->tile_blocks);
  if (v->multiplies_taps) v->tile_block = whole_groups(v->tile_block);
  v->panel_block = divide_up(panels, v->panel_blocks);
  v->panel_blocks = divide_up(panels, v->panel_block);
  v->tasks = v->tile_blocks * v->panel_blocks;
  v->interleave = v->panel_blocks % workers == 0 && v->tile_blocks == 1 ? workers : 1;
  v->input_tasks = makes_together && v->panel_blocks > 1 ? smaller(tiles, workers) : 0;

  // One cache line beyond a power of two; otherwise the products of a tile would share few cache sets.
  v->input_stride = v->tile_block * v->input_pitch + 16;
  v->product_stride = v->tile_block * nr + 16;
  v->channel_block = g->in_channels;
  v->set_stride = g->in_channels * nr;
  if (v->keeps_taps) {
    // Blocks of about equal size, multiples of four channels: some kernels are faster so.
    const size_t most = smaller(TRANSFORMED_CHANNELS, TRANSFORMED_BYTES / (sets_of(v) * nr * sizeof(float)));
    v->channel_block = (divide_up(g->in_channels, divide_up(g->in_channels, most)) + 3) & ~(size_t)3;
    v->set_stride = v->channel_block * nr + 16;
  }
  v->input_floats = side * side * v->input_stride;
  if (v->multiplies_taps) v->input_floats = divide_up(v->tile_block, TAPS_TILES) * group_floats(v);
  v->scratch_bytes =
      (v->input_floats + side * side * v->product_stride + transformed_floats(v)) * sizeof(float) +
      whole_lines(v->tile_block * (sizeof(float *) + sizeof(tile_place)));
  v->zero_count = g->in_channels;
  v->packed_count = panels * panel_floats(v);
}

// Channels whose taps are gathered at once.
enum { CHANNELS = 8 };

size_t f32_winograd_panels(const f32_winograd *v) { return panels_of(v); }

// Gathers the taps of `count` channels of a panel's outputs as [channel][9][nr].
static void gather_taps(const float *w, size_t outputs, size_t w_stride, size_t count, size_t nr, float *taps) {
  for (size_t o = 0; o < nr; o++)
    for (size_t i = 0; i < count * 9; i++) taps[i * nr + o] = o < outputs ? w[o * w_stride + i] : 0;
}

void f32_winograd_pack_task(void *context, size_t panel, size_t worker) {
  (void)worker;
  const f32_winograd_packing *p = context;
  const f32_winograd *v = p->winograd;
  const size_t nr = v->family->nr, channels = v->geometry.in_channels, first = panel * nr;
  const size_t count = smaller(nr, v->geometry.out_channels - first);
  float *packed = p->packed + panel * panel_floats(v);
  memset(packed, 0, nr * sizeof(float));
  if (p->bias) memcpy(packed, p->bias + first, count * sizeof(float));
  packed += nr;
  float taps[CHANNELS * 9 * F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  for (size_t c = 0; c < channels; c += CHANNELS) {
    const size_t some = smaller(CHANNELS, channels - c);
    const float *w = p->w + (first * channels + c) * 9;
    if (v->multiplies_taps) {
      for (size_t o = 0; o < nr; o += TAPS_OUTPUTS)
        gather_taps(
            w + o * channels * 9, o < count ? count - o : 0, channels * 9, some, TAPS_OUTPUTS,
            packed + (o * channels + c * TAPS_OUTPUTS) * 9);
    } else if (v->keeps_taps) {
      gather_taps(w, count, channels * 9, some, nr, packed + c * 9 * nr);
    } else {
      gather_taps(w, count, channels * 9, some, nr, taps);
      v->kernels->f32_winograd.filter(stride_of(v), v->tile, taps, some, nr, v->set_stride, packed + c * nr);
    }
  }
}

void f32_winograd_pack(const f32_winograd *v, const float *w, const float *bias, float *packed) {
  f32_winograd_packing packing = {v, w, bias, packed};
  for (size_t panel = 0; panel < panels_of(v); panel++) f32_winograd_pack_task(&packing, panel, 0);
}

// Tiles are numbered by size (down × across), so that all tiles that have a product are consecutive: first small × large, then
// large × large, large × small, small × small.
typedef struct {
  size_t first[5];
} tile_groups;

static const int is_small_down[4] = {1, 0, 0, 1}, is_small_across[4] = {0, 0, 1, 1};

static tile_groups groups_of(const f32_winograd *v) {
  tile_groups groups = {.first = {0}};
  for (size_t g = 0; g < 4; g++)
    groups.first[g + 1] = groups.first[g] + v->geometry.batch * (is_small_down[g] ? v->down.smalls : v->down.larges) *
                                                (is_small_across[g] ? v->across.smalls : v->across.larges);
  return groups;
}

// Where taps are multiplied directly, rows of tiles are in the order of the picture. The small rows are spread evenly, so that
// threads that divide the groups have equal work. Within each group of TAPS_TILES tiles, those small across come last.
static size_t small_rows_before(const f32_winograd *v, size_t row) {
  return row * v->down.smalls / (v->down.larges + v->down.smalls);
}

static tile_place place_in_group(const f32_winograd *v, size_t tile) {
  const size_t columns = tiles_along(&v->across), rows = tiles_along(&v->down);
  const size_t group = tile / TAPS_TILES * TAPS_TILES, end = smaller(group + TAPS_TILES, v->geometry.batch * rows * columns);
  size_t at = tile - group, found = group;
  for (int is_small = 0; is_small < 2; is_small++)
    for (size_t other = group; other < end; other++)
      if ((other % columns >= v->across.larges) == is_small && at-- == 0) found = other;
  tile_place place = tile_place_of(&v->down, &v->across, found);
  const size_t row = found / columns % rows, smalls = small_rows_before(v, row);
  place.y = tile_start(&v->down, row - smalls, smalls);
  place.height = small_rows_before(v, row + 1) > smalls ? v->down.small : v->down.large;
  return place;
}

static tile_place place_of(const f32_winograd *v, const tile_groups *groups, size_t tile) {
  if (v->multiplies_taps) return place_in_group(v, tile);
  size_t g = 0;
  while (tile >= groups->first[g + 1]) g++;
  tile -= groups->first[g];
  const size_t rows = is_small_down[g] ? v->down.smalls : v->down.larges;
  const size_t columns = is_small_across[g] ? v->across.smalls : v->across.larges;
  const size_t row = tile / columns % rows + (is_small_down[g] ? v->down.larges : 0);
  const size_t column = tile % columns + (is_small_across[g] ? v->across.larges : 0);
  return tile_place_at(&v->down, &v->across, tile / columns / rows, row, column);
}

// A tile's products along one axis, `step` floats apart.
static f32_winograd_line line_of(const f32_winograd *v, size_t size, size_t step) {
  f32_winograd_line line = {.stride = stride_of(v), .size = size, .side = products_along(stride_of(v), size)};
  for (size_t i = 0; i < line.side; i++) line.at[i] = among_largest(v, size, i) * step;
  return line;
}

// One product of all tiles of a block that have it: a matrix product, computed in `cuts` parts.
typedef struct {
  size_t product, first, count, cuts;
} product_run;

enum { MOST_ALONG = F32_WINOGRAD_MOST_PRODUCTS, MOST_SETS = 64 };

// Lists the products of tiles [first, last) by their sets of weights: those of `set` begin at runs[starts[set]].
static void find_runs(
    const f32_winograd *v, const tile_groups *groups, size_t first, size_t last, product_run *runs, size_t *starts) {
  const size_t side = products_along(stride_of(v), v->tile), along = v->tile + 2;
  size_t found = 0;
  for (size_t set = 0; set < along * along; set++) {
    starts[set] = found;
    for (size_t i = 0; i < side; i++) {
      if (set_along(v, i) != set / along) continue;
      const int of_small_down = is_of_smaller(v, v->down.small, i);
      for (size_t j = 0; j < side; j++) {
        if (set_along(v, j) != set % along) continue;
        const int of_small_across = is_of_smaller(v, v->across.small, j);
        const size_t from = larger(first, groups->first[of_small_down ? 0 : 1]);
        const size_t to = smaller(last, groups->first[!of_small_across ? 2 : !of_small_down ? 3 : 4]);
        if (from >= to) continue;
        runs[found++] = (product_run){i * side + j, from - first, to - from, divide_up(to - from, v->family->mr)};
      }
    }
  }
  starts[along * along] = found;
}

// The sizes of a block's tiles, from tile `first` on, for the taps kernels.
static void find_taps_tiles(const f32_winograd *v, size_t first, size_t count, taps_tile *tiles) {
  for (size_t tile = 0; tile < count; tile++) {
    const tile_place at = place_in_group(v, first + tile);
    tiles[tile] = (taps_tile){at.height, at.width};
  }
}

// The products of a panel directly from its taps: for TAPS_OUTPUTS of `outputs` at a time, one row of points of one group of
// tiles after the other. Meanwhile the taps of the next outputs are prefetched; after the panel's last ones, the memory at
// `after`.
static void multiply_taps(
    const f32_winograd *v, const taps_tile *tiles, size_t count, size_t outputs, const float *inputs, const float *taps,
    kernels_fetch after, float *products) {
  const convolution_geometry *g = &v->geometry;
  const size_t groups = divide_up(count, TAPS_TILES), taps_floats = 9 * TAPS_OUTPUTS * g->in_channels;
  for (size_t output = 0; output < outputs; output += TAPS_OUTPUTS, taps += taps_floats) {
    const kernels_fetch next =
        output + TAPS_OUTPUTS < outputs ? (kernels_fetch)taps + taps_floats * sizeof(float) : after;
    size_t fetched = 0;
    for (size_t group = 0; group < groups; group++)
      for (size_t line = 0; line < TAPS_POINTS; line++) {
        const taps_line of = taps_line_of(tiles, count, group, line);
        if (of.tiles == 0) continue;
        float *sums[TAPS_TILES] = {NULL}, *all = products + line * TAPS_POINTS * v->product_stride + output;
        for (size_t i = 0; i < of.tiles; i++) sums[i] = all + of.members[i] * v->family->nr;
        const float *x = inputs + group * group_floats(v) + line * group_line(v);
        const size_t fetch_step = taps_fetch_step(9 * TAPS_OUTPUTS * sizeof(float), groups, line);
        v->kernels->f32_taps.run(
            line, of.tiles, of.threes, of.fours, g->in_channels / 16, (const char *)x, taps, next + fetched, fetch_step,
            sums, v->product_stride);
        fetched = taps_fetched(fetched + g->in_channels * fetch_step, taps_floats * sizeof(float));
      }
  }
}

// Transforms the inputs of tiles [from, to) of the block that begins with tile `first`.
static void transform_tiles(
    const f32_winograd *v, const tile_groups *groups, size_t first, size_t from, size_t to, float *inputs) {
  const size_t side = products_along(stride_of(v), v->tile), last = groups->first[4] - 1;
  const void *pixels[2][MOST_ALONG * MOST_ALONG];
  taps_tile tiles[TAPS_MOST_TILES];
  if (v->multiplies_taps) find_taps_tiles(v, first, smaller(v->tile_block, last + 1 - first), tiles);
  tile_place at = place_of(v, groups, first + from);
  tile_inputs(&v->geometry, at, side, v->x, sizeof(float), v->zero, pixels[from % 2]);
  for (size_t tile = from; tile < to; tile++) {
    const void **here = pixels[tile % 2], **next = pixels[(tile + 1) % 2];
    f32_winograd_line down = line_of(v, at.height, side * v->input_stride);
    f32_winograd_line across = line_of(v, at.width, v->input_stride);
    float *target = inputs + tile * v->input_pitch;
    size_t sixteen = 16;
    if (v->multiplies_taps) {
      down = line_of(v, at.height, 1);
      for (size_t i = 0; i < down.side; i++)
        down.at[i] = down.at[i] * group_line(v) + taps_slot(tiles, tile, down.at[i]) * 16;
      across = line_of(v, at.width, TAPS_TILES * 16);
      target = inputs + tile / TAPS_TILES * group_floats(v);
      sixteen = TAPS_BLOCK_BYTES / sizeof(float);
    }
    at = place_of(v, groups, smaller(first + tile + 1, last));
    tile_inputs(&v->geometry, at, side, v->x, sizeof(float), v->zero, next);
    v->kernels->f32_winograd.input(&down, &across, here, next, side, v->geometry.in_channels, target, sixteen);
  }
}

void f32_winograd_inputs_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_winograd *v = context;
  KERNEL_REQUIRE(task < v->input_tasks && KERNEL_IS_ALIGNED(v->scratch, 64));
  const tile_groups groups = groups_of(v);
  const size_t tiles = groups.first[4];
  transform_tiles(v, &groups, 0, tiles * task / v->input_tasks, tiles * (task + 1) / v->input_tasks, v->scratch);
}

// A thread's buffers for a block of tiles, and the block's products.
typedef struct {
  float *inputs, *transformed, *products;
  const float **rows;
  tile_place *places;
  product_run runs[MOST_ALONG * MOST_ALONG];
  size_t starts[MOST_SETS + 1], cuts;
} tile_block;

// The products of a panel, from stored weights or from taps that are transformed a few channels at a time. Prefetches the memory
// at `after` last.
static void multiply(const f32_winograd *v, const tile_block *b, const float *panel, kernels_fetch after) {
  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const size_t nr = v->family->nr, channels = v->geometry.in_channels, sets = sets_of(v);
  f32_igemm_epilogue product = {.y_stride = nr, .residual_stride = nr, .low = -INFINITY, .high = INFINITY};
  for (size_t c = 0; c < channels; c += v->channel_block) {
    const size_t some = smaller(v->channel_block, channels - c);
    const float *w = panel;
    // Bytes to prefetch during the products of one set: the next set's weights, or a part of the next channels' taps.
    size_t slice = 0;
    if (v->keeps_taps) {
      const float *taps = w + c * 9 * nr;
      v->kernels->f32_winograd.filter(stride_of(v), v->tile, taps, some, nr, v->set_stride, b->transformed);
      w = b->transformed;
      product.ahead = c + some < channels ? (kernels_fetch)(taps + some * 9 * nr) : after;
      slice = whole_lines(divide_up(v->channel_block * 9 * nr * sizeof(float), b->cuts));
    }
    for (size_t set = 0; set < sets; set++, w += v->set_stride) {
      if (!v->keeps_taps) {
        size_t cuts = 0;
        for (size_t r = b->starts[set]; r < b->starts[set + 1]; r++) cuts += b->runs[r].cuts;
        if (cuts == 0) continue;
        slice = whole_lines(divide_up(v->set_stride * sizeof(float), cuts));
        product.ahead = set + 1 < sets ? (kernels_fetch)(w + v->set_stride) : after;
      }
      product.ahead_step = divide_up(slice, some);
      for (size_t r = b->starts[set]; r < b->starts[set + 1]; r++) {
        // Cuts of about equal size: a cut of one row takes as long as one of four.
        const product_run run = b->runs[r];
        const size_t even = run.count / run.cuts, longer = run.count % run.cuts;
        const float **x = b->rows + run.first;
        float *to = b->products + run.product * v->product_stride + run.first * nr;
        for (size_t cut = 0; cut < run.cuts; cut++) {
          const size_t size = even + (cut < longer);
          // Adds to the sums of the channels before.
          v->family->run(
              size, nr, 1, some, x, run.product * v->input_stride + c, zeros, w, to, c > 0 ? to : NULL, &product);
          product.ahead += slice;
          x += size;
          to += size * nr;
        }
      }
    }
  }
}

// The first tile of a block. Blocks are whole groups for the taps kernels; otherwise they differ by at most one tile.
static size_t block_start(const f32_winograd *v, size_t tiles, size_t block) {
  return v->multiplies_taps ? smaller(block * v->tile_block, tiles) : tiles * block / v->tile_blocks;
}

void f32_winograd_task(void *context, size_t task, size_t worker) {
  const f32_winograd *v = context;
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(task < v->tasks && v->y_stride >= g->out_channels);
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(v->w, 64) && KERNEL_IS_ALIGNED(v->scratch, 64));
  const size_t nr = v->family->nr, side = products_along(stride_of(v), v->tile), panels = panels_of(v), sets = sets_of(v);
  const tile_groups groups = groups_of(v);
  const size_t all_tiles = groups.first[4];
  const size_t block = task % v->tile_blocks;
  const size_t first = block_start(v, all_tiles, block), count = block_start(v, all_tiles, block + 1) - first;
  // The threads' shares of the outputs are interleaved. So each thread's last prefetch reaches the weights that it needs first in
  // the next layer, which lie behind these.
  const size_t share = v->panel_blocks / v->interleave, at_task = task / v->tile_blocks;
  const size_t panel_block = at_task % share * v->interleave + at_task / share;
  const size_t first_panel = panel_block * v->panel_block, last_panel = smaller(panels, first_panel + v->panel_block);

  float *own = (float *)((char *)v->scratch + worker * v->scratch_bytes);
  tile_block b = {.inputs = v->input_tasks > 0 ? v->scratch : own};
  b.transformed = own + v->input_floats;
  b.products = b.transformed + transformed_floats(v);
  b.rows = (const float **)(b.products + side * side * v->product_stride);
  b.places = (tile_place *)(b.rows + v->tile_block);
  for (size_t tile = 0; tile < count; tile++) b.places[tile] = place_of(v, &groups, first + tile);
  if (v->input_tasks == 0) transform_tiles(v, &groups, first, 0, count, b.inputs);
  taps_tile tiles[TAPS_MOST_TILES];
  if (v->multiplies_taps) {
    find_taps_tiles(v, first, count, tiles);
  } else {
    for (size_t tile = 0; tile < count; tile++) b.rows[tile] = b.inputs + tile * v->input_pitch;
    find_runs(v, &groups, first, first + count, b.runs, b.starts);
    for (size_t r = 0; r < b.starts[sets]; r++) b.cuts += b.runs[r].cuts;
  }

  const f32_winograd_epilogue epilogue = {
      .y_row = g->out_width * v->y_stride,
      .y_column = v->y_stride,
      .residual_row = g->out_width * g->out_channels,
      .residual_column = g->out_channels,
      .low = v->low,
      .high = v->high};
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    const float *bias = v->w + panel * panel_floats(v);
    const size_t next = panel + 1 < last_panel ? panel + 1 : (panel_block + v->interleave) * v->panel_block;
    const kernels_fetch after = (kernels_fetch)v->w + next * panel_floats(v) * sizeof(float);
    const size_t output = panel * nr, outputs = smaller(nr, g->out_channels - output);
    if (v->multiplies_taps) {
      multiply_taps(v, tiles, count, outputs, b.inputs, bias + nr, after, b.products);
    } else {
      multiply(v, &b, bias + nr, after);
    }
    for (size_t tile = 0; tile < count; tile++) {
      const tile_place at = b.places[tile];
      const f32_winograd_line down = line_of(v, at.height, side * v->product_stride);
      const f32_winograd_line across = line_of(v, at.width, v->product_stride);
      const size_t pixel = (at.image * g->out_height + at.y) * g->out_width + at.x;
      const size_t rows = smaller(at.height, g->out_height - at.y), columns = smaller(at.width, g->out_width - at.x);
      float *y = v->y + pixel * v->y_stride + output;
      const float *residual = v->residual ? v->residual + pixel * g->out_channels + output : NULL;
      const int is_odd = v->kernels->f32_winograd.output(
          &down, &across, b.products + tile * nr, outputs, bias, y, residual, rows, columns, &epilogue);
      if (__builtin_expect(is_odd, 0))
        f32_winograd_mend(v, at.image, at.y, at.x, rows, columns, outputs, bias, y, residual);
    }
  }
}
