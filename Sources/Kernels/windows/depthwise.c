// Depthwise convolution: each vector of channels keeps its sums for a few neighbouring output pixels in registers, while the
// taps pass by.
#include "windows.h"

#include "cpu/multiversion.h"
#include "cpu/table.h"
#include "geometry/window_taps.h"
#include "unroll.h"

// Output pixels of a tile: with a sum each, as many chains of additions as hide the latency of one.
enum { PIXELS = 4 };

typedef float f32x16 __attribute__((ext_vector_type(16), aligned(4)));
typedef float f32x8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float f32x4 __attribute__((ext_vector_type(4), aligned(4)));
typedef float f32x1;

// The taps of a tile's windows that lie inside the input. They are the same for all pixels of the tile.
typedef struct {
  size_t rows, columns;
  const float *x;  // of the first tap of the first pixel
  size_t row_step, column_step, pixel_step;  // floats between two taps, and between two pixels, in x
  const float *w;  // of the first tap
  size_t w_row_step;  // floats between two rows of taps
} tile_taps;

// Channels [c, c + the vector's) of `pixels` output pixels.
#define DEFINE_TILE(name, vector, pixels)                                                                           \
  KERNEL_BODY name(const f32_depthwise *d, const tile_taps *t, const float *residual, float *y, size_t c) {         \
    const size_t channels = d->geometry.in_channels;                                                                \
    vector sums[pixels];                                                                                            \
    UNROLL for (int i = 0; i < pixels; i++) sums[i] = *(const vector *)(d->w + c);                                  \
    for (size_t row = 0; row < t->rows; row++) {                                                                    \
      const float *x = t->x + row * t->row_step + c, *w = t->w + row * t->w_row_step + c;                           \
      for (size_t column = 0; column < t->columns; column++) {                                                      \
        const vector weight = *(const vector *)w;                                                                   \
        UNROLL for (int i = 0; i < pixels; i++) sums[i] += *(const vector *)(x + (size_t)i * t->pixel_step) * weight; \
        x += t->column_step;                                                                                        \
        w += channels;                                                                                              \
      }                                                                                                             \
    }                                                                                                               \
    UNROLL for (int i = 0; i < pixels; i++) {                                                                       \
      vector value = sums[i];                                                                                       \
      if (residual) value += *(const vector *)(residual + (size_t)i * channels + c);                                \
      value = value < d->low ? (vector)d->low : value;                                                              \
      *(vector *)(y + (size_t)i * d->y_stride + c) = value > d->high ? (vector)d->high : value;                     \
    }                                                                                                               \
  }

#define DEFINE_TILES(name, pixels)                                                                         \
  DEFINE_TILE(name##_16, f32x16, pixels)                                                                   \
  DEFINE_TILE(name##_8, f32x8, pixels)                                                                     \
  DEFINE_TILE(name##_4, f32x4, pixels)                                                                     \
  DEFINE_TILE(name##_1, f32x1, pixels)                                                                     \
  KERNEL_BODY name(const f32_depthwise *d, const tile_taps *t, const float *residual, float *y) {          \
    const size_t channels = d->geometry.in_channels;                                                       \
    size_t c = 0;                                                                                          \
    for (; c + 16 <= channels; c += 16) name##_16(d, t, residual, y, c);                                   \
    if (c + 8 <= channels) { name##_8(d, t, residual, y, c); c += 8; }                                     \
    if (c + 4 <= channels) { name##_4(d, t, residual, y, c); c += 4; }                                     \
    for (; c < channels; c++) name##_1(d, t, residual, y, c);                                              \
  }

DEFINE_TILES(depthwise_pixel, 1)
DEFINE_TILES(depthwise_pixels, PIXELS)

KERNEL_BODY depthwise_row_body(const f32_depthwise *d, size_t image, size_t oy) {
  const convolution_geometry *g = &d->geometry;
  const size_t channels = g->in_channels;
  const float *plane = d->x + image * g->in_height * g->in_width * d->x_stride;
  const size_t first_pixel = (image * g->out_height + oy) * g->out_width;
  const window_taps down = rows_inside(g, oy);
  tile_taps taps = {
      .rows = down.end - down.first,
      .row_step = g->dilation_height * g->in_width * d->x_stride,
      .column_step = g->dilation_width * d->x_stride,
      .pixel_step = g->stride_width * d->x_stride,
      .w_row_step = g->kernel_width * channels};
  size_t ox = 0;
  while (ox < g->out_width) {
    const window_taps across = columns_inside(g, ox);
    taps.columns = across.end - across.first;
    taps.x = plane + (down.at * g->in_width + across.at) * d->x_stride;
    taps.w = d->w + (1 + down.first * g->kernel_width + across.first) * channels;
    const float *residual = d->residual ? d->residual + (first_pixel + ox) * channels : NULL;
    float *y = d->y + (first_pixel + ox) * d->y_stride;
    // Windows between two that lie inside altogether do so too.
    const size_t last = ox + PIXELS - 1;
    if (taps.columns == g->kernel_width && last < g->out_width &&
        columns_inside(g, last).end == g->kernel_width) {
      depthwise_pixels(d, &taps, residual, y);
      ox += PIXELS;
    } else {
      depthwise_pixel(d, &taps, residual, y);
      ox++;
    }
  }
}
MULTIVERSION(depthwise_row, (const f32_depthwise *d, size_t image, size_t oy), (d, image, oy))

// NEAR_BYTES: what the inputs of a row of tiles may take, to be still in the first-level cache for the next row.
// FEWEST_CHANNELS: with fewer in a block, too little of each pixel would be read in one go. A picture beyond FAR_BYTES comes from
// further away than the second-level cache, and is read as it lies: prefetching counts more than reading lines once.
enum { NEAR_BYTES = 32 * 1024, FAR_BYTES = 1024 * 1024, FEWEST_CHANNELS = 64, ROW_BLOCK = 8 };

// The level's tiles, or those of shorter vectors where it has fewer channels than a vector.
static const f32_depthwise_tiles *tiles_of(const f32_depthwise *d) {
  const f32_depthwise_tiles *tiles = &kernels_table_for(d->isa)->f32_depthwise;
  if (d->geometry.in_channels < tiles->lanes && kernels_level_base(d->isa) == KERNELS_AVX512)
    tiles = &kernels_table_for(KERNELS_AVX2)->f32_depthwise;
  if (d->geometry.in_channels < tiles->lanes) tiles = &kernels_table_for(KERNELS_PORTABLE)->f32_depthwise;
  return tiles;
}

// The tile for the geometry; NULL if there is none.
static f32_depthwise_tile tile_of(const f32_depthwise *d) {
  const convolution_geometry *g = &d->geometry;
  const f32_depthwise_tiles *tiles = tiles_of(d);
  const size_t columns = g->kernel_width, stride = g->stride_width, group = d->group;
  if ((stride != 1 && stride != 2) || g->dilation_width != 1 || g->kernel_height > DEPTHWISE_MOST_LINES ||
      g->in_channels < tiles->lanes || g->in_channels % group != 0)
    return NULL;
  if (group == 1) return columns == 3 || columns == 5 || columns == 7 ? tiles->run[columns / 2 - 1][stride - 1] : NULL;
  return columns == 3 && (group == 4 || group == 8 || group == 16) ? tiles->groups[group / 8][stride - 1] : NULL;
}

void f32_depthwise_plan(f32_depthwise *d) {
  const convolution_geometry *g = &d->geometry;
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->dilation_height >= 1 && g->dilation_width >= 1 && g->in_channels >= 1 && d->group >= 1);
  d->x_stride = d->y_stride = g->in_channels;
  d->by_tiles = tile_of(d) != NULL;
  d->row_block = 1;
  d->channel_block = g->in_channels;
  if (d->by_tiles) {
    const size_t lanes = tiles_of(d)->lanes;
    const size_t line_bytes = g->in_width * sizeof(float), fitting = NEAR_BYTES / (g->kernel_height * line_bytes);
    const int is_far = g->in_height * g->in_channels * line_bytes > FAR_BYTES;
    // Blocks of about equal size and of whole vectors; the last one takes what remains.
    const size_t blocks = is_far ? 1 : divide_up(g->in_channels, larger(FEWEST_CHANNELS, fitting));
    d->channel_block = g->in_channels / blocks / lanes * lanes;
    d->row_block = smaller(ROW_BLOCK, g->out_height);
  }
  d->tasks = g->batch * divide_up(g->out_height, d->row_block) * (g->in_channels / d->channel_block);
}

size_t f32_depthwise_packed_count(const f32_depthwise *d) {
  const convolution_geometry *g = &d->geometry;
  return (1 + g->kernel_height * g->kernel_width * d->group) * g->in_channels;
}

void f32_depthwise_pack(const f32_depthwise *d, const float *w, const float *bias, float *packed) {
  const size_t channels = d->geometry.in_channels, taps = d->geometry.kernel_height * d->geometry.kernel_width;
  for (size_t c = 0; c < channels; c++) {
    packed[c] = bias ? bias[c] : 0;
    for (size_t j = 0; j < d->group; j++)
      for (size_t tap = 0; tap < taps; tap++)
        packed[(1 + tap * d->group + j) * channels + c] = w[(c * d->group + j) * taps + tap];
  }
}

// Output rows [oy, end) of the channels [first, last).
static void run_tiles(const f32_depthwise *d, size_t image, size_t oy, size_t end, size_t first, size_t last) {
  const convolution_geometry *g = &d->geometry;
  const f32_depthwise_tile run = tile_of(d);
  const int steps = depthwise_steps(tiles_of(d)->lanes, d->group);
  const size_t channels = g->in_channels, inputs = (DEPTHWISE_PIXELS - 1) * g->stride_width + g->kernel_width;
  const float *picture = d->x + image * g->in_height * g->in_width * d->x_stride;
  depthwise_tile tile = {
      .bias = d->w,
      .channels = channels,
      .x_stride = d->x_stride,
      .y_stride = d->y_stride,
      .first = first,
      .end = last,
      .low = d->low,
      .high = d->high};
  for (; oy < end; oy++) {
    const window_taps down = rows_inside(g, oy);
    tile.lines = down.end - down.first;
    tile.w = d->w + (1 + down.first * g->kernel_width * d->group) * channels;
    int was_inside = 0;
    for (size_t done = 0; done < g->out_width; done += DEPTHWISE_PIXELS - tile.skipped) {
      // The last tile ends with the row.
      tile.skipped = DEPTHWISE_PIXELS - smaller(DEPTHWISE_PIXELS, g->out_width - done);
      const size_t start = (done - tile.skipped) * g->stride_width - g->pad_left;  // modulo 2^64
      const int is_inside = start < g->in_width && start + inputs <= g->in_width;
      if (was_inside && is_inside && tile.skipped == 0) {
        tile.offset += DEPTHWISE_PIXELS * g->stride_width * d->x_stride;
      } else {
        tile.offset = 0;
        tile.left = start < g->in_width ? 0 : smaller(0 - start, inputs);
        tile.right = smaller(inputs, g->in_width - start);
        const size_t column = tile.left < tile.right ? start + tile.left : 0;
        for (size_t line = 0; line < tile.lines; line++) {
          const float *row = picture + (down.at + line * g->dilation_height) * g->in_width * d->x_stride;
          if (steps) tile.x[line] = row + column * d->x_stride;
          for (size_t i = 0; !steps && i < inputs; i++)
            tile.x[line * inputs + i] = start + i < g->in_width ? row + (start + i) * d->x_stride : d->zero;
        }
      }
      was_inside = is_inside;
      const size_t pixel = (image * g->out_height + oy) * g->out_width + done;
      tile.y = d->y + pixel * d->y_stride;
      tile.residual = d->residual ? d->residual + pixel * channels : NULL;
      run(&tile);
    }
  }
}

void f32_depthwise_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_depthwise *d = context;
  const convolution_geometry *g = &d->geometry;
  KERNEL_REQUIRE(task < d->tasks && (d->by_tiles || d->group == 1));
  const size_t channels = g->in_channels, blocks = channels / d->channel_block;
  const size_t row_blocks = divide_up(g->out_height, d->row_block), index = task / blocks;
  const size_t image = index / row_blocks, oy = index % row_blocks * d->row_block;
  const size_t end = smaller(g->out_height, oy + d->row_block);
  const size_t block = task % blocks, first = block * d->channel_block;
  const size_t last = block + 1 < blocks ? first + d->channel_block : channels;
  if (d->by_tiles)
    run_tiles(d, image, oy, end, first, last);
  else
    depthwise_row(d->isa, d, image, oy);
  if (!d->activation.applies) return;
  float *y = d->y + (image * g->out_height + oy) * g->out_width * d->y_stride + first;
  f32_apply(
      d->isa, d->activation.function, d->activation.a, d->activation.b, y, y, (end - oy) * g->out_width, last - first,
      d->y_stride);
}
