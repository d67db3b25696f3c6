#include "q8_pool.h"

#include <stdint.h>

#include "cpu/multiversion.h"
#include "convolution/q8/q8_rounding.h"
#include "geometry/window_taps.h"

enum { MOST_LANES = 64 };

// Vectors run along the channels; along the window they would only cost room.
#define PLAIN _Pragma("clang loop vectorize(disable) interleave(disable) unroll(disable)")

// `lanes` channels of one output pixel, from rows × columns inputs.
static inline __attribute__((always_inline)) void pool_lanes(
    const q8_pool *p, const size_t lanes, const uint8_t *x, size_t rows, size_t columns, size_t row_step,
    size_t column_step, size_t count, uint8_t *y) {
  const uint8_t flip = p->x_signed ? 0x80 : 0;
  if (p->kind == F32_POOL_MAX) {
    uint8_t held[MOST_LANES] = {0};
    PLAIN for (size_t row = 0; row < rows; row++)
      PLAIN for (size_t column = 0; column < columns; column++) {
        const uint8_t *in = x + row * row_step + column * column_step;
        for (size_t i = 0; i < lanes; i++) {
          const uint8_t value = in[i] ^ flip;
          held[i] = value > held[i] ? value : held[i];
        }
      }
    for (size_t i = 0; i < lanes; i++) y[i] = held[i] ^ flip;
    return;
  }
  const int32_t start = -(int32_t)(rows * columns) * (p->x_zero + flip);
  const float factor = p->multiplier / (float)count;
  const int zero = p->y_zero;
  const float low = (float)(p->low - zero), high = (float)(p->high - zero);
  int32_t held[MOST_LANES];
  for (size_t i = 0; i < lanes; i++) held[i] = start;
  PLAIN for (size_t row = 0; row < rows; row++)
    PLAIN for (size_t column = 0; column < columns; column++) {
      const uint8_t *in = x + row * row_step + column * column_step;
      for (size_t i = 0; i < lanes; i++) held[i] += in[i] ^ flip;
    }
  for (size_t i = 0; i < lanes; i++) y[i] = q8_round(q8_clamp((float)held[i] * factor, low, high), zero);
}

KERNEL_BODY pool_row_body(const q8_pool *p, size_t image, size_t oy, size_t from, size_t to) {
  const f32_window *w = &p->window;
  const size_t column_step = w->dilation_width * w->channels;
  const size_t row_step = w->dilation_height * w->in_width * w->channels;
  const uint8_t *plane = (const uint8_t *)p->x + image * w->in_height * w->in_width * w->channels;
  uint8_t *y = (uint8_t *)p->y + (image * w->out_height + oy) * w->out_width * w->channels;
  size_t first_row, end_row;
  taps_inside(oy, w->stride_height, w->pad_top, w->dilation_height, w->kernel_height, w->in_height, &first_row, &end_row);
  for (size_t ox = 0; ox < w->out_width; ox++) {
    size_t first, end;
    taps_inside(ox, w->stride_width, w->pad_left, w->dilation_width, w->kernel_width, w->in_width, &first, &end);
    const size_t rows = end_row - first_row, columns = end - first;
    if (rows * columns == 0) {
      for (size_t c = from; c < to; c++) y[c] = p->kind == F32_POOL_MAX ? (p->x_signed ? 0x80 : 0) : (uint8_t)p->y_zero;
    } else {
      const size_t iy = oy * w->stride_height + first_row * w->dilation_height - w->pad_top;
      const size_t ix = ox * w->stride_width + first * w->dilation_width - w->pad_left;
      const uint8_t *x = plane + (iy * w->in_width + ix) * w->channels;
      size_t count = rows * columns;
      if (p->kind == F32_POOL_AVERAGE_PADDED)
        count = taps_padded(
                    oy, w->stride_height, w->pad_top, w->dilation_height, w->kernel_height, w->in_height, w->pad_bottom) *
                taps_padded(
                    ox, w->stride_width, w->pad_left, w->dilation_width, w->kernel_width, w->in_width, w->pad_right);
      // The last whole vector reaches back: what it covers twice comes out the same.
#define LANES_OF(lanes)                           \
  PLAIN for (size_t c = from; c < to; c += lanes) \
    pool_lanes(p, lanes, x + smaller(c, to - lanes), rows, columns, row_step, column_step, count, y + smaller(c, to - lanes))
      if (to - from >= MOST_LANES) {
        LANES_OF(MOST_LANES);
      } else if (to - from >= MOST_LANES / 2) {
        LANES_OF(MOST_LANES / 2);
      } else {
        LANES_OF(1);
      }
    }
    y += w->channels;
  }
}
MULTIVERSION(pool_row, (const q8_pool *p, size_t image, size_t oy, size_t from, size_t to), (p, image, oy, from, to))

void q8_pool_plan(q8_pool *p) {
  const f32_window *w = &p->window;
  KERNEL_REQUIRE(w->kernel_height >= 1 && w->kernel_width >= 1 && w->stride_height >= 1 && w->stride_width >= 1);
  KERNEL_REQUIRE(w->dilation_height >= 1 && w->dilation_width >= 1 && w->out_height >= 1 && w->channels >= 1);
  // Global pooling has one pixel an image: its channels are what there is to share.
  p->channel_block = w->out_height == 1 ? smaller(w->channels, 256) : w->channels;
  p->tasks = w->batch * w->out_height * ((w->channels + p->channel_block - 1) / p->channel_block);
}

void q8_pool_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_pool *p = context;
  KERNEL_REQUIRE(task < p->tasks);
  const size_t blocks = (p->window.channels + p->channel_block - 1) / p->channel_block;
  const size_t from = task % blocks * p->channel_block, row = task / blocks;
  pool_row(
      p->isa, p, row / p->window.out_height, row % p->window.out_height, from,
      smaller(p->window.channels, from + p->channel_block));
}
