// Depthwise convolution: each vector of channels keeps its sums for a few neighbouring output pixels in registers, while the
// taps pass by.
#include "windows.h"

#include "cpu/multiversion.h"
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
      const size_t at = (size_t)i * channels + c;                                                                   \
      vector value = sums[i];                                                                                       \
      if (residual) value += *(const vector *)(residual + at);                                                      \
      value = value < d->low ? (vector)d->low : value;                                                              \
      *(vector *)(y + at) = value > d->high ? (vector)d->high : value;                                              \
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
DEFINE_TILES(depthwise_tile, PIXELS)

KERNEL_BODY depthwise_row_body(const f32_depthwise *d, size_t image, size_t oy) {
  const convolution_geometry *g = &d->geometry;
  const size_t channels = g->in_channels;
  const float *plane = d->x + image * g->in_height * g->in_width * channels;
  const size_t first_pixel = (image * g->out_height + oy) * g->out_width;
  const window_taps down = rows_inside(g, oy);
  tile_taps taps = {
      .rows = down.end - down.first,
      .row_step = g->dilation_height * g->in_width * channels,
      .column_step = g->dilation_width * channels,
      .pixel_step = g->stride_width * channels,
      .w_row_step = g->kernel_width * channels};
  size_t ox = 0;
  while (ox < g->out_width) {
    const window_taps across = columns_inside(g, ox);
    taps.columns = across.end - across.first;
    taps.x = plane + (down.at * g->in_width + across.at) * channels;
    taps.w = d->w + (1 + down.first * g->kernel_width + across.first) * channels;
    const size_t at = (first_pixel + ox) * channels;
    const float *residual = d->residual ? d->residual + at : NULL;
    // Windows between two that lie inside altogether do so too.
    const size_t last = ox + PIXELS - 1;
    if (taps.columns == g->kernel_width && last < g->out_width &&
        columns_inside(g, last).end == g->kernel_width) {
      depthwise_tile(d, &taps, residual, d->y + at);
      ox += PIXELS;
    } else {
      depthwise_pixel(d, &taps, residual, d->y + at);
      ox++;
    }
  }
}
MULTIVERSION(depthwise_row, (const f32_depthwise *d, size_t image, size_t oy), (d, image, oy))

void f32_depthwise_plan(f32_depthwise *d) {
  const convolution_geometry *g = &d->geometry;
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->dilation_height >= 1 && g->dilation_width >= 1 && g->in_channels >= 1);
  d->tasks = g->batch * g->out_height;
}

void f32_depthwise_pack(const f32_depthwise *d, const float *w, const float *bias, float *packed) {
  const size_t channels = d->geometry.in_channels, taps = d->geometry.kernel_height * d->geometry.kernel_width;
  for (size_t c = 0; c < channels; c++) {
    packed[c] = bias ? bias[c] : 0;
    for (size_t tap = 0; tap < taps; tap++) packed[(1 + tap) * channels + c] = w[c * taps + tap];
  }
}

void f32_depthwise_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_depthwise *d = context;
  KERNEL_REQUIRE(task < d->tasks);
  depthwise_row(d->isa, d, task / d->geometry.out_height, task % d->geometry.out_height);
  if (!d->activation.applies) return;
  const size_t count = d->geometry.out_width * d->geometry.in_channels;
  float *y = d->y + task * count;
  f32_apply(d->isa, d->activation.function, d->activation.a, d->activation.b, y, y, 1, count, 0);
}
