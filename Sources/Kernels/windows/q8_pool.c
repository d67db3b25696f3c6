#include "q8_pool.h"

#include <stdint.h>

#include "cpu/multiversion.h"
#include "convolution/q8/q8_rounding.h"
#include "geometry/window_taps.h"

enum { MOST_LANES = 64 };

// Only the loops over channels are vectorised; vectorising the loops over the window would only make the code larger.
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
  const convolution_geometry *g = &p->geometry;
  const size_t column_step = g->dilation_width * g->in_channels;
  const size_t row_step = g->dilation_height * g->in_width * g->in_channels;
  const uint8_t *plane = (const uint8_t *)p->x + image * g->in_height * g->in_width * g->in_channels;
  uint8_t *y = (uint8_t *)p->y + (image * g->out_height + oy) * g->out_width * g->in_channels;
  const window_taps down = rows_inside(g, oy);
  for (size_t ox = 0; ox < g->out_width; ox++) {
    const window_taps across = columns_inside(g, ox);
    const size_t rows = down.end - down.first, columns = across.end - across.first;
    if (rows * columns == 0) {
      for (size_t c = from; c < to; c++) y[c] = p->kind == F32_POOL_MAX ? (p->x_signed ? 0x80 : 0) : (uint8_t)p->y_zero;
    } else {
      const uint8_t *x = plane + (down.at * g->in_width + across.at) * g->in_channels;
      size_t count = rows * columns;
      if (p->kind == F32_POOL_AVERAGE_PADDED) count = window_padded(g, oy, ox);
      // The last vector begins early enough to end with the last channel; it computes some channels twice.
#define LANES_OF(lanes)                           \
  PLAIN for (size_t c = from; c < to; c += lanes) \
    pool_lanes(p, lanes, x + smaller(c, to - lanes), rows, columns, row_step, column_step, count, y + smaller(c, to - lanes))
      if (to - from >= MOST_LANES) {
        LANES_OF(MOST_LANES);
      } else if (to - from >= MOST_LANES / 2) {
        LANES_OF(MOST_LANES / 2);
      } else if (to - from >= MOST_LANES / 4) {
        LANES_OF(MOST_LANES / 4);
      } else if (to - from >= MOST_LANES / 16) {
        LANES_OF(MOST_LANES / 16);
      } else {
        LANES_OF(1);
      }
    }
    y += g->in_channels;
  }
}
MULTIVERSION(pool_row, (const q8_pool *p, size_t image, size_t oy, size_t from, size_t to), (p, image, oy, from, to))

void q8_pool_plan(q8_pool *p) {
  const convolution_geometry *g = &p->geometry;
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->dilation_height >= 1 && g->dilation_width >= 1 && g->in_channels >= 1);
  // Global pooling has one pixel per image: threads divide its channels.
  p->channel_block = g->out_height == 1 ? smaller(g->in_channels, 256) : g->in_channels;
  p->tasks = g->batch * g->out_height * ((g->in_channels + p->channel_block - 1) / p->channel_block);
}

void q8_pool_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_pool *p = context;
  KERNEL_REQUIRE(task < p->tasks);
  const size_t blocks = (p->geometry.in_channels + p->channel_block - 1) / p->channel_block;
  const size_t from = task % blocks * p->channel_block, row = task / blocks;
  pool_row(
      p->isa, p, row / p->geometry.out_height, row % p->geometry.out_height, from,
      smaller(p->geometry.in_channels, from + p->channel_block));
}
