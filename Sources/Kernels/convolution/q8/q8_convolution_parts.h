// Shared by the q8_convolution files: sizes of a plan, and the layouts of packed weights and of scratch.
#ifndef GIEMSA_KERNELS_Q8_CONVOLUTION_PARTS_H
#define GIEMSA_KERNELS_Q8_CONVOLUTION_PARTS_H

#include "q8_convolution.h"
#include "cpu/table.h"
#include "geometry/reach.h"
#include "geometry/sizes.h"

static inline size_t group_channels(const q8_convolution *v) {
  return v->geometry.in_channels / v->geometry.groups * v->merged;
}
static inline size_t group_outputs(const q8_convolution *v) {
  return v->geometry.out_channels / v->geometry.groups * v->merged;
}
static inline size_t panels_of_group(const q8_convolution *v) { return divide_up(group_outputs(v), v->family->nr); }
static inline size_t panels_of(const q8_convolution *v) { return panels_of_group(v) * (v->geometry.groups / v->merged); }
// Whether a whole row of the window is one tap: the inputs of its columns are contiguous.
static inline int row_runs(const q8_convolution *v) {
  return v->geometry.groups == v->merged && v->geometry.dilation_width == 1 && !v->phase_pixels;
}

// Bytes of a gathered element, of a gathered pixel, and of a step's packed weights.
static inline size_t element(const q8_convolution *v) { return v->family->wide ? 2 : 1; }
static inline size_t pixel_bytes(const q8_convolution *v) { return v->geometry.in_channels * element(v); }
static inline size_t step_bytes(const q8_convolution *v) { return v->family->nr * v->family->kr; }

// Columns of a gathered row: all that `out_width` outputs read, padding included.
static inline size_t staged_columns(const q8_convolution *v) { return columns_read(&v->geometry); }
static inline size_t staged_rows(const q8_convolution *v, size_t rows) { return rows_read(&v->geometry, rows); }

// The same of one phase.
static inline size_t phase_columns(const q8_convolution *v) { return divide_up(staged_columns(v), v->geometry.stride_width); }
static inline size_t phase_rows(const q8_convolution *v, size_t rows) {
  return divide_up(staged_rows(v, rows), v->geometry.stride_height);
}

// Where a gathered pixel lies, in a block's staged row and column.
static inline size_t phase_place(const q8_convolution *v, size_t row, size_t column) {
  const size_t down = v->geometry.stride_height, across = v->geometry.stride_width;
  return (row % down * across + column % across) * v->phase_pixels + row / down * phase_columns(v) + column / across;
}

// Where a tap begins, in gathered pixels from the window's first.
static inline size_t tap_pixels(const q8_convolution *v, size_t tap) {
  const convolution_geometry *g = &v->geometry;
  if (v->pointwise) return 0;
  if (v->phase_pixels) return phase_place(v, tap / g->kernel_width, tap % g->kernel_width);
  if (row_runs(v)) return tap * g->dilation_height * staged_columns(v);
  return tap / g->kernel_width * g->dilation_height * staged_columns(v) + tap % g->kernel_width * g->dilation_width;
}

// The zero point of x as the kernel sees it.
static inline int staged_zero(const q8_convolution *v) {
  if (v->family->wide) return 0;
  return v->x_zero + (v->family->x_signed ? (v->x_signed ? 0 : -128) : (v->x_signed ? 128 : 0));
}

// A packed panel: this head; nr biases, multipliers and shifts; the weights. Behind all panels lie the extras of those that have
// some: byte offsets of inputs; for each step the index of its first extra plus one, or 0; weights.
typedef struct {
  int64_t extras;  // bytes from the panel's beginning
  int64_t extra_count;
  int64_t fusible;  // q8_fusible_scale of all multipliers and shifts
  char unused[40];
} panel_head;
_Static_assert(sizeof(panel_head) == 64, "the weights behind it stay aligned");

static inline size_t constants_bytes(const q8_convolution *v) { return whole_lines(3 * 4 * v->family->nr); }
static inline size_t panel_bytes(const q8_convolution *v) {
  return sizeof(panel_head) + constants_bytes(v) + whole_lines(v->taps * v->steps * step_bytes(v));
}
static inline size_t first_extras_at(size_t count) { return whole_lines(4 * count); }
static inline size_t extra_weights_at(const q8_convolution *v, size_t count) {
  return first_extras_at(count) + whole_lines(4 * v->taps * v->steps);
}
static inline size_t extras_bytes(const q8_convolution *v, size_t count) {
  return count ? extra_weights_at(v, count) + whole_lines(count * step_bytes(v) * element(v)) : 0;
}

// Room for extras under Q8_FOURS_WITHIN_255. Normally distributed weights have one in 30 steps.
static inline size_t usual_extras(const q8_convolution *v) {
  if (v->family->rule != Q8_FOURS_WITHIN_255) return 0;
  return panels_of(v) * extras_bytes(v, v->taps * v->steps / 20 + 2);
}

// A block's inputs, gathered.
typedef struct {
  uint8_t *x;
  // For a family that splits x, `x` holds its low seven bits. The groups of four of pixel i with a value of 128 or more are
  // highs[firsts[i]] ..< highs[firsts[i + 1]]. If there are many, `dense` holds the eighth bits of all values instead.
  uint32_t *firsts;
  q8_high *highs;
  uint8_t *dense;
  size_t pixels, bytes;
} q8_staged;

// Gathers the pixels that outputs [first, last) of a pointwise convolution read, or the input rows that output rows [first, last)
// read.
void q8_stage(const q8_convolution *v, size_t image, size_t first, size_t last, q8_staged *staged);

// Most listed groups; with more, a dense pass is faster. A listed group takes about three times as long as one in a dense pass.
static inline size_t most_highs(const q8_convolution *v, size_t pixels) {
  return pixels * (v->geometry.in_channels / 4) / 3;
}

// Bytes of `pixels` gathered pixels, and of their high values.
static inline size_t staged_bytes(const q8_convolution *v, size_t pixels) {
  return whole_lines(pixels * pixel_bytes(v) + 64);
}
static inline size_t highs_bytes(const q8_convolution *v, size_t pixels) {
  if (!v->family->add_highs) return 0;
  const size_t listed = most_highs(v, pixels) + v->geometry.in_channels / 4;
  return whole_lines(4 * (pixels + 1)) + larger(staged_bytes(v, pixels), whole_lines(listed * sizeof(q8_high)));
}

#endif
