#include "windows.h"

#include <math.h>
#include <string.h>

#include "cpu/multiversion.h"
#include "geometry/window_taps.h"
#include "unroll.h"

// FLOAT_SUM: most values that are added in one float. Of more values, sums of that many are added in double. Windows of more
// than LONG values read WIDE channels of each pixel in one go: fewer would not be prefetched.
// TOGETHER: vectors of a pixel that are pooled at once. NEON has four registers in each already, AVX2 two.
enum { LANES = 16, FLOAT_SUM = 256, LONG = 32, WIDE = 4 };
#if defined(KERNELS_X86)
enum { TOGETHER = 2 };
#else
enum { TOGETHER = 1 };
#endif

typedef float f32x16 __attribute__((ext_vector_type(16), aligned(4)));
typedef double f64x16 __attribute__((ext_vector_type(16)));
typedef int i32x16 __attribute__((ext_vector_type(16)));

// `count` (a constant) vectors of channels: the largest of rows × columns inputs (NaN if one is), or their sum · `factor`. Largest
// values and NaNs are held apart: a comparison that finds both takes twice as long as an instruction for the larger of two.
#define DEFINE_POOL(name, vector, integers)                                                             \
  KERNEL_BODY name(                                                                                     \
      const int largest, const size_t count, const float *x, size_t rows, size_t columns,               \
      size_t row_step, size_t column_step, float factor, float *y) {                                    \
    const size_t lanes = sizeof(vector) / sizeof(float);                                                \
    vector held[TOGETHER];                                                                              \
    integers odd[TOGETHER];                                                                             \
    UNROLL for (size_t v = 0; v < count; v++) {                                                         \
      held[v] = largest ? -INFINITY : 0;                                                                \
      odd[v] = 0;                                                                                       \
    }                                                                                                   \
    for (size_t row = 0; row < rows; row++, x += row_step) {                                            \
      const float *in = x;                                                                              \
      for (size_t column = 0; column < columns; column++, in += column_step) {                          \
        UNROLL for (size_t v = 0; v < count; v++) {                                                     \
          const vector value = *(const vector *)(in + v * lanes);                                       \
          if (largest) {                                                                                \
            held[v] = value > held[v] ? value : held[v];                                                \
            odd[v] |= value != value;                                                                   \
          } else {                                                                                      \
            held[v] += value;                                                                           \
          }                                                                                             \
        }                                                                                               \
      }                                                                                                 \
    }                                                                                                   \
    UNROLL for (size_t v = 0; v < count; v++)                                                           \
      *(vector *)(y + v * lanes) = !largest ? held[v] * factor : odd[v] ? (vector)NAN : held[v];        \
  }
DEFINE_POOL(pool_vectors, f32x16, i32x16)
DEFINE_POOL(pool_channels, float, int)

// Channels [from, to) of one output pixel. The last vector begins early enough to end with the last channel.
KERNEL_BODY pool_pixel_body(
    const int largest, const float *x, size_t rows, size_t columns, size_t row_step, size_t column_step, float factor,
    float *y, size_t from, size_t to) {
  size_t c = from;
  for (; TOGETHER > 1 && c + TOGETHER * LANES <= to; c += TOGETHER * LANES)
    pool_vectors(largest, TOGETHER, x + c, rows, columns, row_step, column_step, factor, y + c);
  for (; to - from >= LANES && c < to; c += LANES) {
    const size_t at = smaller(c, to - LANES);
    pool_vectors(largest, 1, x + at, rows, columns, row_step, column_step, factor, y + at);
  }
  for (; c < to; c++) pool_channels(largest, 1, x + c, rows, columns, row_step, column_step, factor, y + c);
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
  for (; to - from >= LANES && c < to; c += LANES) {
    const size_t at = smaller(c, to - LANES);
    sum_vectors(1, x + at, rows, columns, row_step, column_step, factor, y + at);
  }
  if (c >= to) return;
  const size_t lanes = to - c;
  float held[LANES] = {0};
  double sums[LANES] = {0};
  size_t left = FLOAT_SUM;
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) {
      const float *in = x + row * row_step + column * column_step + c;
      for (size_t i = 0; i < lanes; i++) held[i] += in[i];
      if (--left > 0) continue;
      for (int i = 0; i < LANES; i++) {
        sums[i] += (double)held[i];
        held[i] = 0;
      }
      left = FLOAT_SUM;
    }
  for (size_t i = 0; i < lanes; i++) y[c + i] = (float)((sums[i] + (double)held[i]) * factor);
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
