// Depthwise convolution over planes, NCHW: for a layer that is all that a graph does with a picture, or the last of it, where
// turning the picture to channels last and back takes longer than the convolution.
#include <math.h>

#include "cpu/multiversion.h"
#include "elementwise/functions.h"
#include "geometry/window_taps.h"
#include "unroll.h"
#include "windows.h"

int f32_depthwise_fits_planes(const f32_depthwise *d) {
#if defined(KERNELS_X86)
  const convolution_geometry *g = &d->geometry;
  return d->group == 1 && kernels_level_base(d->isa) != KERNELS_PORTABLE && g->stride_height == 1 && g->stride_width == 1 &&
         g->dilation_height == 1 && g->dilation_width == 1 && (g->kernel_width == 3 || g->kernel_width == 5);
#else
  (void)d;  // vectors of four gain little
  return 0;
#endif
}

void f32_depthwise_plan_planes(f32_depthwise *d) {
  KERNEL_REQUIRE(f32_depthwise_fits_planes(d));
  d->tasks = d->geometry.batch * d->geometry.in_channels;
}

#if defined(KERNELS_X86)
typedef float f32x16 __attribute__((ext_vector_type(16), aligned(4)));
enum { LANES = 16 };

static inline __attribute__((always_inline)) window_taps inside(size_t output, size_t pad, size_t kernel, size_t input) {
  return taps_inside(output, 1, pad, 1, kernel, input);
}

// Outputs [first, last) of a row, at least LANES, whose windows lie inside; `columns` is a constant.
static inline __attribute__((always_inline)) void plane_row(
    const f32_depthwise *d, const size_t columns, size_t lines, const float *x, const float *bias, const float *taps, float *y,
    size_t count) {
  const size_t channels = d->geometry.in_channels, width = d->geometry.in_width, last = count - LANES;
  // The last vector overlaps the one before.
  for (size_t i = 0;; i = smaller(i + LANES, last)) {
    f32x16 sum = *bias;
    for (size_t line = 0; line < lines; line++)
      UNROLL for (size_t column = 0; column < columns; column++)
        sum += *(const f32x16 *)(x + line * width + i + column) * taps[(line * columns + column) * channels];
    sum = sum < d->low ? (f32x16)d->low : sum;
    *(f32x16 *)(y + i) = sum > d->high ? (f32x16)d->high : sum;
    if (i == last) return;
  }
}

// `w` is the channel's bias, with its taps behind it, each as far from the one before as there are channels.
KERNEL_BODY plane_body(const f32_depthwise *d, const float *x, const float *w, float *y) {
  const convolution_geometry *g = &d->geometry;
  const size_t channels = g->in_channels, width = g->in_width, left = g->pad_left, columns = g->kernel_width;
  // The windows of output columns [first, last) lie inside, if they are enough for a vector.
  size_t first = smaller(left, g->out_width);
  size_t last = smaller(g->out_width, width + left >= columns ? width + left - columns + 1 : 0);
  if (last < first + LANES) first = last = 0;
  for (size_t oy = 0; oy < g->out_height; oy++, y += g->out_width) {
    const window_taps down = inside(oy, g->pad_top, g->kernel_height, g->in_height);
    const size_t lines = down.end - down.first;
    const float *row = x + (lines > 0 ? down.at * width : 0), *taps = w + (1 + down.first * columns) * channels;
    if (last > first) {
      if (columns == 3)
        plane_row(d, 3, lines, row + first - left, w, taps, y + first, last - first);
      else
        plane_row(d, 5, lines, row + first - left, w, taps, y + first, last - first);
    }
    for (size_t ox = first > 0 ? 0 : last; ox < g->out_width; ox = ox + 1 == first ? last : ox + 1) {
      const window_taps across = inside(ox, left, columns, width);
      float sum = *w;
      for (size_t line = 0; line < lines; line++)
        for (size_t tap = across.first; tap < across.end; tap++)
          sum += row[line * width + across.at + tap - across.first] * taps[(line * columns + tap) * channels];
      y[ox] = clamp_float(sum, d->low, d->high);
    }
  }
}
MULTIVERSION(plane, (const f32_depthwise *d, const float *x, const float *w, float *y), (d, x, w, y))
#endif

void f32_depthwise_plane_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_depthwise *d = context;
  KERNEL_REQUIRE(f32_depthwise_fits_planes(d) && task < d->tasks && d->residual == NULL);
#if defined(KERNELS_X86)
  const convolution_geometry *g = &d->geometry;
  const size_t count = g->out_height * g->out_width;
  float *y = d->y + task * count;
  plane(d->isa, d, d->x + task * g->in_height * g->in_width, d->w + task % g->in_channels, y);
  if (d->activation.applies)
    f32_apply(d->isa, d->activation.function, d->activation.a, d->activation.b, y, y, 1, count, 0);
#endif
}
