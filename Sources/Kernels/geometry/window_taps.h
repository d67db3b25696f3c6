// Which taps of a window count, for the kernels that move one over padded planes.
#ifndef GIEMSA_KERNELS_WINDOW_TAPS_H
#define GIEMSA_KERNELS_WINDOW_TAPS_H

#include "geometry.h"
#include "geometry/sizes.h"

// Taps [first, end) of a window along one axis, those that lie inside the input, and where the first of them is read.
typedef struct {
  size_t first, end, at;
} window_taps;

static inline window_taps taps_inside(
    size_t output, size_t stride, size_t pad, size_t dilation, size_t kernel, size_t input) {
  const ptrdiff_t start = (ptrdiff_t)(output * stride) - (ptrdiff_t)pad;
  window_taps taps = {
      .first = start >= 0 ? 0 : (size_t)((ptrdiff_t)dilation - 1 - start) / dilation,
      .end = start >= (ptrdiff_t)input ? 0 : smaller(kernel, (size_t)((ptrdiff_t)input - 1 - start) / dilation + 1)};
  if (taps.end < taps.first) taps.end = taps.first;
  taps.at = output * stride + taps.first * dilation - pad;
  return taps;
}

// Those of the windows in output row `y`, and in output column `x`.
static inline window_taps rows_inside(const convolution_geometry *g, size_t y) {
  return taps_inside(y, g->stride_height, g->pad_top, g->dilation_height, g->kernel_height, g->in_height);
}
static inline window_taps columns_inside(const convolution_geometry *g, size_t x) {
  return taps_inside(x, g->stride_width, g->pad_left, g->dilation_width, g->kernel_width, g->in_width);
}

// How many taps of the window at `output` lie inside the input or its padding.
static inline size_t taps_padded(
    size_t output, size_t stride, size_t pad, size_t dilation, size_t kernel, size_t input, size_t pad_after) {
  const ptrdiff_t room = (ptrdiff_t)(input + pad_after) - ((ptrdiff_t)(output * stride) - (ptrdiff_t)pad);
  return room <= 0 ? 0 : smaller(kernel, (size_t)(room - 1) / dilation + 1);
}

static inline size_t window_padded(const convolution_geometry *g, size_t y, size_t x) {
  return taps_padded(y, g->stride_height, g->pad_top, g->dilation_height, g->kernel_height, g->in_height, g->pad_bottom) *
         taps_padded(x, g->stride_width, g->pad_left, g->dilation_width, g->kernel_width, g->in_width, g->pad_right);
}

#endif
