#include "q8_depthwise.h"

#include <string.h>

#include "cpu/table.h"
#include "geometry/sizes.h"
#include "geometry/window_taps.h"

enum { LANE = Q8_DEPTHWISE_LANE };

// A block of channels: the kernels of its width, and where it begins. The last one may overlap the one before.
typedef struct {
  size_t index, width, channel;
} channel_block;

// The block from `channel` on, which is less than `channels`.
static channel_block block_at(const q8_depthwise *d, size_t channel) {
  const size_t channels = d->geometry.in_channels, left = channels - channel;
  size_t index = 2;
  while (index > 0 && (!d->family->single[index] || ((size_t)LANE << index) > channels || left <= (size_t)LANE << (index - 1)))
    index--;
  const size_t width = (size_t)LANE << index;
  const size_t last = channels < width ? 0 : channels - width;
  return (channel_block){index, width, smaller(channel, last)};
}

static size_t weight_bytes(const q8_depthwise *d) { return d->family->layout == Q8_TAPS_QUADS ? 1 : 2; }

// Packed: a line of which the first integer is the number of parts; then block after block.
static size_t block_bytes(const q8_depthwise *d, size_t width, size_t parts) {
  return whole_lines(width * (12 + d->slots * parts * d->tile * weight_bytes(d)));
}
static size_t packed_size(const q8_depthwise *d, size_t parts) {
  size_t bytes = 64;
  for (size_t channel = 0; channel < d->geometry.in_channels;) {
    const channel_block block = block_at(d, channel);
    bytes += block_bytes(d, block.width, parts);
    channel = block.channel + block.width;
  }
  return bytes;
}

// w − w_zero may be as large as 255: the sum of three 8-bit weights.
enum { MOST_PARTS = 3 };

static size_t tiles_of(const q8_depthwise *d) { return divide_up(d->geometry.out_width, d->tile); }
// Bytes of a pixel of x as kernels read it: with fewer than 16 channels, a padded copy.
static int is_staged(const q8_depthwise *d) { return d->geometry.in_channels < LANE; }
static size_t pixel_bytes(const q8_depthwise *d) { return larger(d->geometry.in_channels, LANE); }

// Scratch: a line of zero points and the pointers of a row's tiles; if channels are staged, the lines that a row of outputs reads,
// and the outputs.
static size_t line_bytes(const q8_depthwise *d) { return whole_lines(d->geometry.in_width * pixel_bytes(d)); }
static size_t pointers_bytes(const q8_depthwise *d) {
  return whole_lines(tiles_of(d) * d->slots * MOST_PARTS * sizeof(uint8_t *));
}

void q8_depthwise_plan(q8_depthwise *d, kernels_level level) {
  const convolution_geometry *g = &d->geometry;
  KERNEL_REQUIRE(g->batch >= 1 && g->out_height >= 1 && g->out_width >= 1 && g->in_channels >= 1);
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  d->family = &kernels_table_for(level)->q8_depthwise;
  // Two neighbouring outputs share columns, unless windows do not overlap or have gaps.
  const int dense = g->kernel_width == 1 || g->dilation_width == 1;
  const int shares = g->stride_width < g->kernel_width || (g->kernel_width == 1 && g->stride_width == 1);
  d->tile = d->family->pair[0] && g->out_width > 1 && dense && shares ? 2 : 1;
  d->columns = g->kernel_width + (d->tile - 1) * g->stride_width;
  const size_t taps = g->kernel_height * d->columns;
  d->slots = d->family->layout == Q8_TAPS_PLAIN ? taps : divide_up(taps, 4) * 4;
  d->tasks = g->batch * g->out_height;
  d->packed_bytes = packed_size(d, 1);
  d->scratch_bytes = line_bytes(d) + pointers_bytes(d);
  if (is_staged(d)) d->scratch_bytes += g->kernel_height * line_bytes(d) + whole_lines(g->out_width * LANE);
}

const char *q8_depthwise_kernel(const q8_depthwise *d) { return d->family->name; }

// Where a block of `width` channels holds the weight of a slot's channel for a tile's output, in weights.
static size_t weight_at(const q8_depthwise *d, size_t width, size_t slot, size_t output, size_t channel) {
  if (d->family->layout == Q8_TAPS_PLAIN) return (slot * d->tile + output) * width + channel;
  const size_t lanes = width / LANE, place = channel % LANE;
  // 32-bit number within its vector, vector of the four.
  const size_t number = channel / LANE * 4 + place % 4, vector = place / 4;
  const size_t quads = ((slot / 4 * d->tile + output) * 4 + vector) * lanes * 4 * 4, tap = slot % 4;
  if (d->family->layout == Q8_TAPS_QUADS) return quads + number * 4 + tap;
  return quads + tap % 2 * lanes * 4 * 2 + number * 2 + tap / 2;
}
static size_t constant_at(const q8_depthwise *d, size_t width, size_t channel) {
  if (d->family->layout == Q8_TAPS_PLAIN) return channel;
  const size_t place = channel % LANE;
  return place / 4 * (width / 4) + channel / LANE * 4 + place % 4;
}

typedef struct {
  const void *w;
  int w_signed;
  const int32_t *w_zeros, *bias;
  const float *multipliers, *shifts;
} channel_constants;

// w − w_zero
static int weight_of(const channel_constants *from, size_t index, size_t channel) {
  if (!from->w) return 1;
  const int w = from->w_signed ? ((const int8_t *)from->w)[index] : ((const uint8_t *)from->w)[index];
  return w - (from->w_zeros ? from->w_zeros[channel] : 0);
}

static void pack_block(
    const q8_depthwise *d, const channel_constants *from, channel_block block, size_t parts, void *packed) {
  const convolution_geometry *g = &d->geometry;
  const int zero = d->x_zero + (d->family->x_signed ? (d->x_signed ? 0 : -128) : (d->x_signed ? 128 : 0));
  const size_t width = block.width, taps = g->kernel_height * g->kernel_width;
  int32_t *bias = packed;
  float *multipliers = (float *)(bias + width), *shifts = multipliers + width;
  void *weights = shifts + width;
  memset(packed, 0, block_bytes(d, width, parts));
  for (size_t c = 0; c < width && block.channel + c < g->in_channels; c++) {
    const size_t channel = block.channel + c, at = constant_at(d, width, c);
    // Sums wrap around, as those of 32-bit integers do.
    uint32_t constant = from->bias ? (uint32_t)from->bias[channel] : 0;
    for (size_t tap = 0; tap < taps; tap++) {
      const int weight = weight_of(from, channel * taps + tap, channel);
      constant -= (uint32_t)(zero * weight);
      const size_t row = tap / g->kernel_width, column = tap % g->kernel_width;
      for (size_t output = 0; output < d->tile; output++) {
        const size_t slot = row * d->columns + column + output * g->stride_width;
        int rest = weight;
        for (size_t part = 0; part < parts; part++) {
          const size_t place = weight_at(d, width, part * d->slots + slot, output, c);
          if (d->family->layout != Q8_TAPS_QUADS) {
            ((int16_t *)weights)[place] = (int16_t)weight;
          } else {
            const int now = rest < -128 ? -128 : rest > 127 ? 127 : rest;
            ((int8_t *)weights)[place] = (int8_t)now;
            rest -= now;
          }
        }
      }
    }
    bias[at] = (int32_t)constant;
    multipliers[at] = from->multipliers[channel];
    shifts[at] = from->shifts ? from->shifts[channel] : 0;
  }
}

size_t q8_depthwise_pack(
    const q8_depthwise *d, const void *w, int w_signed, const int32_t *w_zeros, const int32_t *bias,
    const float *multipliers, const float *shifts, void *packed, size_t room) {
  const channel_constants from = {w, w_signed, w_zeros, bias, multipliers, shifts};
  const size_t channels = d->geometry.in_channels, taps = d->geometry.kernel_height * d->geometry.kernel_width;
  size_t parts = 1;
  if (d->family->layout == Q8_TAPS_QUADS) {
    for (size_t i = 0; i < channels * taps; i++) {
      const int weight = weight_of(&from, i, i / taps);
      if (weight < -128 || weight > 127) parts = larger(parts, weight > 2 * 127 ? 3 : 2);
    }
  }
  const size_t size = packed_size(d, parts);
  if (!packed || size > room) return size;
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(packed, 64));
  memset(packed, 0, 64);
  *(int32_t *)packed = (int32_t)parts;
  char *to = (char *)packed + 64;
  for (size_t channel = 0; channel < channels;) {
    const channel_block block = block_at(d, channel);
    pack_block(d, &from, block, parts, to);
    to += block_bytes(d, block.width, parts);
    channel = block.channel + block.width;
  }
  return size;
}

// What a row of outputs reads.
typedef struct {
  const uint8_t *first;  // the line of `first_row`, at column 0
  size_t line_step, pixel;  // bytes from row to row of the window, and from pixel to pixel
  size_t first_row, rows;  // of the window, those inside the picture: [first_row, rows)
  const uint8_t *zeros;  // a line of zero points
} input_lines;

// The pointers of tile `tile`, all parts of the weights.
static void point_at(const q8_depthwise *d, const input_lines *lines, size_t tile, size_t parts, const uint8_t **x) {
  const convolution_geometry *g = &d->geometry;
  // In a tile of two, columns follow one another: windows have no gaps then.
  const size_t dilation = d->tile == 2 ? 1 : g->dilation_width;
  size_t slot = 0;
  for (size_t row = 0; row < g->kernel_height; row++) {
    const int inside = row >= lines->first_row && row < lines->rows;
    const uint8_t *line = inside ? lines->first + (row - lines->first_row) * lines->line_step : lines->zeros;
    for (size_t column = 0; column < d->columns; column++) {
      // Columns before the first wrap around to the largest numbers.
      const size_t ix = tile * d->tile * g->stride_width + column * dilation - g->pad_left;
      x[slot++] = ix < g->in_width ? line + ix * lines->pixel : lines->zeros;
    }
  }
  // Their weights are 0.
  for (; slot < d->slots; slot++) x[slot] = lines->zeros;
  for (size_t part = 1; part < parts; part++) memcpy(x + part * d->slots, x, d->slots * sizeof *x);
}

// Tiles [first, end) of a row whose windows lie between the picture's left and right edges.
static size_t first_inside(const q8_depthwise *d) {
  const size_t step = d->tile * d->geometry.stride_width;
  return smaller(divide_up(d->geometry.pad_left, step), tiles_of(d));
}
static size_t end_inside(const q8_depthwise *d) {
  const convolution_geometry *g = &d->geometry;
  const size_t step = d->tile * g->stride_width;
  const size_t reach = (d->columns - 1) * (d->tile == 2 ? 1 : g->dilation_width) + 1;
  const size_t width = g->in_width + g->pad_left;
  return width < reach ? 0 : smaller((width - reach) / step + 1, tiles_of(d));
}

void q8_depthwise_task(void *context, size_t task, size_t worker) {
  const q8_depthwise *d = context;
  const convolution_geometry *g = &d->geometry;
  KERNEL_REQUIRE(task < d->tasks);
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(d->w, 64) && KERNEL_IS_ALIGNED(d->scratch, 64));
  const size_t channels = g->in_channels, parts = (size_t)*(const int32_t *)d->w, slots = d->slots * parts;
  uint8_t *zeros = (uint8_t *)d->scratch + worker * d->scratch_bytes;
  const uint8_t **pointers = (const uint8_t **)(void *)(zeros + line_bytes(d));
  uint8_t *staged = zeros + line_bytes(d) + pointers_bytes(d), *out = staged + g->kernel_height * line_bytes(d);

  const size_t image = task / g->out_height, oy = task % g->out_height;
  const window_taps down = rows_inside(g, oy);
  input_lines lines = {.pixel = pixel_bytes(d), .zeros = zeros, .first_row = down.first, .rows = down.end};
  const size_t line = g->in_width * channels;
  const uint8_t *x = (const uint8_t *)d->x + (image * g->in_height + down.at) * line;
  lines.line_step = g->dilation_height * line;
  lines.first = x;
  if (is_staged(d)) {
    lines.first = staged;
    lines.line_step = line_bytes(d);
    for (size_t row = 0; row < down.end - down.first; row++) {
      const uint8_t *from = x + row * g->dilation_height * line;
      for (size_t ix = 0; ix < g->in_width; ix++)
        memcpy(staged + row * lines.line_step + ix * LANE, from + ix * channels, channels);
    }
  }
  // Only rows outside the picture read more than one pixel of it.
  const int whole = down.first > 0 || down.end < g->kernel_height;
  memset(zeros, d->x_zero & 255, whole ? line_bytes(d) : lines.pixel);

  const size_t tiles = tiles_of(d), begin = first_inside(d), end = larger(end_inside(d), begin);
  size_t runs = 0;
  for (size_t tile = 0; tile < tiles; tile += tile == begin && begin < end ? end - begin : 1)
    point_at(d, &lines, tile, parts, pointers + runs++ * slots);

  const int y_signed = d->low < 0;
  const q8_depthwise_store store = {
      .flip_x = (d->x_signed != 0) != d->family->x_signed ? 0x80 : 0,
      .flip_y = y_signed ? 0x80 : 0,
      .zero = (int16_t)(d->y_zero + (y_signed ? 128 : 0)),
      .low = (float)(d->low - d->y_zero),
      .high = (float)(d->high - d->y_zero)};
  uint8_t *row = (uint8_t *)d->y + task * g->out_width * channels;
  uint8_t *y = is_staged(d) ? out : row;
  const size_t step = d->tile * g->stride_width * lines.pixel;
  const q8_depthwise_block *kernels = d->tile == 2 ? d->family->pair : d->family->single;
  const char *block = (const char *)d->w + 64;
  for (size_t channel = 0; channel < channels;) {
    const channel_block at = block_at(d, channel);
    size_t run = 0;
    for (size_t tile = 0; tile < tiles; run++) {
      const size_t next = tile == begin && begin < end ? end : tile + 1;
      const size_t ox = tile * d->tile, pixels = smaller(next * d->tile, g->out_width) - ox;
      kernels[at.index](
          pixels, slots, pointers + run * slots, at.channel, step, block, &store, y + ox * lines.pixel + at.channel,
          lines.pixel);
      tile = next;
    }
    block += block_bytes(d, at.width, parts);
    channel = at.channel + at.width;
  }
  if (is_staged(d)) {
    for (size_t ox = 0; ox < g->out_width; ox++) memcpy(row + ox * channels, out + ox * LANE, channels);
  }
}
