#include "winograd.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "multiversion.h"
#include "sizes.h"
#include "winograd_transforms.h"


// Transformed inputs of a block of tiles stay within this, a good part of the second-level cache, as long as that leaves
// enough tiles for each weight to be worth its way there.
enum { NEAR_BYTES = 320 * 1024, FEWEST_TILES = 25 };

static size_t points_of(const f32_winograd *v) { return (v->tile + 2) * (v->tile + 2); }
static size_t panels_of(const f32_winograd *v) { return divide_up(v->out_channels, v->family->nr); }

// Blocks of near `block` each that `threads` threads share evenly.
static size_t blocks_for(size_t count, size_t block, size_t threads) {
  size_t blocks = divide_up(count, block);
  if (threads > 1 && blocks > 1) blocks = divide_up(blocks, threads) * threads;
  return smaller(blocks, count);
}

void f32_winograd_plan(f32_winograd *v, kernels_isa isa, int threads) {
  v->isa = isa;
  v->family = f32_igemm_for(isa);
  const size_t nr = v->family->nr, mr = v->family->mr, points = points_of(v), panels = panels_of(v);
  v->tiles_down = divide_up(v->out_height, v->tile);
  v->tiles_across = divide_up(v->out_width, v->tile);
  const size_t tiles = v->batch * v->tiles_down * v->tiles_across, workers = threads > 1 ? (size_t)threads : 1;

  v->input_pitch = (v->in_channels + 15) & ~(size_t)15;
  const size_t tile_bytes = points * v->input_pitch * sizeof(float);
  size_t block = larger(FEWEST_TILES, NEAR_BYTES / tile_bytes);
  v->tile_blocks = blocks_for(tiles, block, workers);
  // Few tiles: the threads share the outputs, and each transforms all inputs for itself.
  v->panel_blocks = 1;
  if (v->tile_blocks % workers != 0) v->panel_blocks = smaller(panels, workers);
  v->tile_block = divide_up(tiles, v->tile_blocks);
  v->tile_blocks = divide_up(tiles, v->tile_block);
  v->panel_block = divide_up(panels, v->panel_blocks);
  v->panel_blocks = divide_up(panels, v->panel_block);
  v->tasks = v->tile_blocks * v->panel_blocks;

  // One cache line more than a power of two: the points of a tile would else share few sets of the cache.
  v->input_stride = v->tile_block * v->input_pitch + 16;
  v->product_stride = v->tile_block * nr + 16;
  const size_t rows = divide_up(v->tile_block, mr) * mr;
  v->scratch_bytes = points * (v->input_stride + v->product_stride) * sizeof(float) +
                     ((rows * sizeof(float *) + 63) & ~(size_t)63);
  v->zero_count = v->in_channels;
  v->packed_count = panels * nr * (1 + points * v->in_channels);
}

// G of G g Gᵀ: what a filter's line is at each point.
static const float filter_2[4][3] = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
static const float filter_4[6][3] = {
    {1.0f / 4, 0, 0},
    {-1.0f / 6, -1.0f / 6, -1.0f / 6},
    {-1.0f / 6, 1.0f / 6, -1.0f / 6},
    {1.0f / 24, 1.0f / 12, 1.0f / 6},
    {1.0f / 24, -1.0f / 12, 1.0f / 6},
    {0, 0, 1}};
static const float filter_6[8][3] = {
    {1, 0, 0},
    {-2.0f / 9, -2.0f / 9, -2.0f / 9},
    {-2.0f / 9, 2.0f / 9, -2.0f / 9},
    {1.0f / 90, 1.0f / 45, 2.0f / 45},
    {1.0f / 90, -1.0f / 45, 2.0f / 45},
    {32.0f / 45, 16.0f / 45, 8.0f / 45},
    {32.0f / 45, -16.0f / 45, 8.0f / 45},
    {0, 0, 1}};

enum { CHANNELS = 16 };
typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

// The transformed filters of `count` channels of a panel's outputs, for all points.
KERNEL_BODY pack_channels_body(
    size_t tile, const float *w, size_t outputs, size_t stride, size_t count, size_t channels, size_t nr, float *packed) {
  const float(*filter)[3] = tile == 2 ? filter_2 : tile == 4 ? filter_4 : filter_6;
  const size_t side = tile + 2;
  // Side by side for all outputs of the panel, so that the loops below are vectors.
  float taps[9][F32_IGEMM_MAX_NR] __attribute__((aligned(64))) = {0}, half[8][3][F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  for (size_t c = 0; c < count; c++) {
    for (size_t o = 0; o < outputs; o++)
      for (size_t tap = 0; tap < 9; tap++) taps[tap][o] = w[o * stride + c * 9 + tap];
    for (size_t o = 0; o < nr; o += 8)
      for (size_t column = 0; column < 3; column++) {
        const eight g0 = *(const eight *)(taps[column] + o), g1 = *(const eight *)(taps[3 + column] + o);
        const eight g2 = *(const eight *)(taps[6 + column] + o);
        for (size_t i = 0; i < side; i++)
          *(eight *)(half[i][column] + o) = filter[i][0] * g0 + filter[i][1] * g1 + filter[i][2] * g2;
      }
    for (size_t i = 0; i < side; i++)
      for (size_t o = 0; o < nr; o += 8) {
        const eight h0 = *(const eight *)(half[i][0] + o), h1 = *(const eight *)(half[i][1] + o);
        const eight h2 = *(const eight *)(half[i][2] + o);
        for (size_t j = 0; j < side; j++)
          *(eight *)(packed + ((i * side + j) * channels + c) * nr + o) =
              filter[j][0] * h0 + filter[j][1] * h1 + filter[j][2] * h2;
      }
  }
}
MULTIVERSION(
    pack_channels,
    (size_t tile, const float *w, size_t outputs, size_t stride, size_t count, size_t channels, size_t nr, float *packed),
    (tile, w, outputs, stride, count, channels, nr, packed))

size_t f32_winograd_panels(const f32_winograd *v) { return panels_of(v); }

void f32_winograd_pack_task(void *context, size_t panel, size_t worker) {
  (void)worker;
  const f32_winograd_packing *p = context;
  const f32_winograd *v = p->winograd;
  const size_t nr = v->family->nr, channels = v->in_channels, first = panel * nr;
  const size_t count = smaller(nr, v->out_channels - first);
  float *packed = p->packed + panel * nr * (1 + points_of(v) * channels);
  memset(packed, 0, nr * sizeof(float));
  if (p->bias) memcpy(packed, p->bias + first, count * sizeof(float));
  for (size_t c = 0; c < channels; c += CHANNELS)
    pack_channels(
        v->isa, v->tile, p->w + (first * channels + c) * 9, count, channels * 9, smaller(CHANNELS, channels - c), channels, nr,
        packed + nr + c * nr);
}

void f32_winograd_pack(const f32_winograd *v, const float *w, const float *bias, float *packed) {
  f32_winograd_packing packing = {v, w, bias, packed};
  for (size_t panel = 0; panel < panels_of(v); panel++) f32_winograd_pack_task(&packing, panel, 0);
}

// A tile's place in the output.
typedef struct {
  size_t image, y, x;
} place;

static place place_of(const f32_winograd *v, size_t tile) {
  const size_t across = tile % v->tiles_across, rest = tile / v->tiles_across;
  return (place){rest / v->tiles_down, rest % v->tiles_down * v->tile, across * v->tile};
}

// Where each of the tile's input pixels lies; those outside the picture are zeros.
static void find_pixels(const f32_winograd *v, place at, const float **pixels) {
  const size_t side = v->tile + 2;
  for (size_t i = 0; i < side; i++) {
    const size_t row = at.y + i - v->pad_top;
    const int inside = row < v->in_height;
    const float *line = v->x + (at.image * v->in_height + row) * v->in_width * v->in_channels;
    for (size_t j = 0; j < side; j++) {
      const size_t column = at.x + j - v->pad_left;
      *pixels++ = inside && column < v->in_width ? line + column * v->in_channels : v->zero;
    }
  }
}

void f32_winograd_task(void *context, size_t task, size_t worker) {
  const f32_winograd *v = context;
  const f32_winograd_transforms *transforms = f32_winograd_transforms_for(v->isa);
  const size_t nr = v->family->nr, mr = v->family->mr, points = points_of(v), channels = v->in_channels;
  const size_t panels = panels_of(v), all_tiles = v->batch * v->tiles_down * v->tiles_across;
  const size_t first = task % v->tile_blocks * v->tile_block, last = smaller(all_tiles, first + v->tile_block);
  const size_t first_panel = task / v->tile_blocks * v->panel_block;
  const size_t last_panel = smaller(panels, first_panel + v->panel_block), count = last - first;

  float *inputs = (float *)((char *)v->scratch + worker * v->scratch_bytes);
  float *products = inputs + points * v->input_stride;
  const float **rows = (const float **)(products + points * v->product_stride);

  const float *pixels[2][64];
  find_pixels(v, place_of(v, first), pixels[0]);
  for (size_t tile = 0; tile < count; tile++) {
    const float **here = pixels[tile % 2], **next = pixels[(tile + 1) % 2];
    find_pixels(v, place_of(v, smaller(first + tile + 1, all_tiles - 1)), next);
    transforms->input(v->tile, here, next, channels, inputs + tile * v->input_pitch, v->input_stride);
  }

  // Rows of the products, cut evenly: a cut of one row costs as much as a cut of four.
  const size_t cuts = divide_up(count, mr), even = count / cuts, longer = count % cuts;
  for (size_t cut = 0, row = 0; cut < cuts; cut++)
    for (size_t i = 0; i < even + (cut < longer); i++) rows[cut * mr + i] = inputs + row++ * v->input_pitch;

  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const size_t point_floats = channels * nr, slice = whole_lines(divide_up(point_floats * sizeof(float), cuts));
  f32_igemm_epilogue product = {
      .y_stride = nr, .low = -INFINITY, .high = INFINITY, .ahead_step = divide_up(slice, channels)};
  const f32_winograd_epilogue epilogue = {
      .y_row = v->out_width * v->y_stride,
      .y_column = v->y_stride,
      .residual_row = v->out_width * v->out_channels,
      .residual_column = v->out_channels,
      .low = v->low,
      .high = v->high};
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    const float *bias = v->w + panel * nr * (1 + points * channels), *w = bias + nr;
    for (size_t point = 0; point < points; point++, w += point_floats) {
      float *to = products + point * v->product_stride;
      // The next point's weights come nearer meanwhile.
      product.ahead = (const char *)(w + point_floats);
      for (size_t cut = 0; cut < cuts; cut++) {
        const size_t size = even + (cut < longer);
        v->family->run(
            size, nr, 1, channels, rows + cut * mr, point * v->input_stride, zeros, w, to, NULL, &product);
        product.ahead += slice;
        to += size * nr;
      }
    }
    const size_t output = panel * nr, outputs = smaller(nr, v->out_channels - output);
    for (size_t tile = 0; tile < count; tile++) {
      const place at = place_of(v, first + tile);
      const size_t pixel = (at.image * v->out_height + at.y) * v->out_width + at.x;
      transforms->output(
          v->tile, products + tile * nr, v->product_stride, outputs, bias, v->y + pixel * v->y_stride + output,
          v->residual ? v->residual + pixel * v->out_channels + output : NULL, smaller(v->tile, v->out_height - at.y),
          smaller(v->tile, v->out_width - at.x), &epilogue);
    }
  }
}
