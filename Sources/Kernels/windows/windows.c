#include "windows.h"

#include <math.h>
#include <string.h>

#include "cpu/multiversion.h"
#include "geometry/window_taps.h"
#include "unroll.h"

// FLOAT_SUM: most values that are added in one float. Of more values, sums of that many are added in double. Windows of more
// than LONG values read WIDE channels of each pixel in one go: fewer would not be prefetched.
enum { LANES = 16, FLOAT_SUM = 256, LONG = 32, WIDE = 4 };

typedef float f32x16 __attribute__((ext_vector_type(16), aligned(4)));
typedef double f64x16 __attribute__((ext_vector_type(16)));

// Channels [from, to) of one output pixel: the largest of rows × columns inputs (NaN if one is), or their sum · `factor`.
KERNEL_BODY pool_pixel_body(
    int largest, const float *x, size_t rows, size_t columns, size_t row_step, size_t column_step, float factor, float *y,
    size_t from, size_t to) {
  size_t c = from;
  for (; c + LANES <= to; c += LANES) {
    float held[LANES];
    for (int i = 0; i < LANES; i++) held[i] = largest ? -INFINITY : 0;
    for (size_t row = 0; row < rows; row++)
      for (size_t column = 0; column < columns; column++) {
        const float *in = x + row * row_step + column * column_step + c;
        for (int i = 0; i < LANES; i++) {
          if (largest) {
            held[i] = ((in[i] > held[i]) | (in[i] != in[i])) ? in[i] : held[i];
          } else {
            held[i] += in[i];
          }
        }
      }
    for (int i = 0; i < LANES; i++) y[c + i] = largest ? held[i] : held[i] * factor;
  }
  for (; c < to; c++) {
    float held = largest ? -INFINITY : 0;
    for (size_t row = 0; row < rows; row++)
      for (size_t column = 0; column < columns; column++) {
        const float value = x[row * row_step + column * column_step + c];
        held = !largest ? held + value : ((value > held) | (value != value)) ? value : held;
      }
    y[c] = largest ? held : held * factor;
  }
}

// Sums · `factor` of `vectors` (a constant) · LANES channels, in double where they are many.
KERNEL_BODY sum_vectors(
    const int vectors, const float *x, size_t rows, size_t columns, size_t row_step, size_t column_step, double factor,
    float *y) {
  f32x16 held[WIDE];
  f64x16 sums[WIDE];
  UNROLL for (int v = 0; v < vectors; v++) {
    held[v] = 0;
    sums[v] = 0;
  }
  size_t left = FLOAT_SUM;
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) {
      const float *in = x + row * row_step + column * column_step;
      UNROLL for (int v = 0; v < vectors; v++) held[v] += *(const f32x16 *)(in + v * LANES);
      if (--left > 0) continue;
      UNROLL for (int v = 0; v < vectors; v++) {
        sums[v] += __builtin_convertvector(held[v], f64x16);
        held[v] = 0;
      }
      left = FLOAT_SUM;
    }
  UNROLL for (int v = 0; v < vectors; v++)
    *(f32x16 *)(y + v * LANES) = __builtin_convertvector((sums[v] + __builtin_convertvector(held[v], f64x16)) * factor, f32x16);
}

// The same as pool_pixel for sums of many inputs, for which float may not be precise enough.
KERNEL_BODY long_sum_body(
    const float *x, size_t rows, size_t columns, size_t row_step, size_t column_step, double factor, float *y, size_t from,
    size_t to) {
  size_t c = from;
  for (; c + WIDE * LANES <= to; c += WIDE * LANES)
    sum_vectors(WIDE, x + c, rows, columns, row_step, column_step, factor, y + c);
  for (; c + 2 * LANES <= to; c += 2 * LANES)
    sum_vectors(2, x + c, rows, columns, row_step, column_step, factor, y + c);
  for (; c < to; c += LANES) {
    const size_t lanes = smaller(LANES, to - c);
    float held[LANES] = {0};
    double sums[LANES] = {0};
    size_t left = FLOAT_SUM;
    for (size_t row = 0; row < rows; row++)
      for (size_t column = 0; column < columns; column++) {
        const float *in = x + row * row_step + column * column_step + c;
        if (lanes == LANES) {
          for (int i = 0; i < LANES; i++) held[i] += in[i];
        } else {
          for (size_t i = 0; i < lanes; i++) held[i] += in[i];
        }
        if (--left > 0) continue;
        for (int i = 0; i < LANES; i++) {
          sums[i] += (double)held[i];
          held[i] = 0;
        }
        left = FLOAT_SUM;
      }
    for (size_t i = 0; i < lanes; i++) y[c + i] = (float)((sums[i] + (double)held[i]) * factor);
  }
}

KERNEL_BODY pool_row_body(const f32_pool *p, size_t image, size_t oy, size_t from, size_t to) {
  const convolution_geometry *g = &p->geometry;
  const size_t column_step = g->dilation_width * g->in_channels;
  const size_t row_step = g->dilation_height * g->in_width * g->in_channels;
  const float *plane = p->x + image * g->in_height * g->in_width * g->in_channels;
  float *y = p->y + (image * g->out_height + oy) * g->out_width * g->in_channels;
  const window_taps down = rows_inside(g, oy);
  for (size_t ox = 0; ox < g->out_width; ox++) {
    const window_taps across = columns_inside(g, ox);
    const size_t rows = down.end - down.first, columns = across.end - across.first;
    if (rows * columns == 0) {
      for (size_t c = from; c < to; c++) y[c] = p->kind == F32_POOL_MAX ? -INFINITY : 0;
    } else {
      const float *x = plane + (down.at * g->in_width + across.at) * g->in_channels;
      size_t count = rows * columns;
      if (p->kind == F32_POOL_AVERAGE_PADDED) count = window_padded(g, oy, ox);
      if (p->kind == F32_POOL_MAX) {
        pool_pixel_body(1, x, rows, columns, row_step, column_step, 1, y, from, to);
      } else if (rows * columns > LONG) {
        long_sum_body(x, rows, columns, row_step, column_step, 1.0 / (double)count, y, from, to);
      } else {
        pool_pixel_body(0, x, rows, columns, row_step, column_step, 1.0f / (float)count, y, from, to);
      }
    }
    y += g->in_channels;
  }
}
MULTIVERSION(pool_row, (const f32_pool *p, size_t image, size_t oy, size_t from, size_t to), (p, image, oy, from, to))

void f32_pool_plan(f32_pool *p) {
  const convolution_geometry *g = &p->geometry;
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->dilation_height >= 1 && g->dilation_width >= 1 && g->in_channels >= 1);
  p->channel_block = g->in_channels;
  // Global pooling has one pixel per image: threads divide its channels.
  if (g->out_height == 1) p->channel_block = smaller(g->in_channels, 128);
  p->tasks = g->batch * g->out_height * ((g->in_channels + p->channel_block - 1) / p->channel_block);
}

void f32_pool_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_pool *p = context;
  KERNEL_REQUIRE(task < p->tasks);
  const size_t blocks = (p->geometry.in_channels + p->channel_block - 1) / p->channel_block;
  const size_t from = task % blocks * p->channel_block, row = task / blocks;
  pool_row(
      p->isa, p, row / p->geometry.out_height, row % p->geometry.out_height, from,
      smaller(p->geometry.in_channels, from + p->channel_block));
}
