#include "spread.h"

#include <math.h>
#include <string.h>

#include "cpu/multiversion.h"
#include "geometry/sizes.h"
#include "kernel_require.h"

// A row of y from the rows of x that its taps name. Two taps, as linear interpolation has, are read together.
KERNEL_BODY interpolate_row_body(
    const float *x, const size_t *places, const float *weights, size_t taps, size_t inner, float *y) {
  const float *a = x + places[0] * inner, *b = taps > 1 ? x + places[1] * inner : a;
  const float wa = weights[0], wb = taps > 1 ? weights[1] : 0;
  if (taps > 1) {
    for (size_t i = 0; i < inner; i++) y[i] = wa * a[i] + wb * b[i];
  } else {
    for (size_t i = 0; i < inner; i++) y[i] = wa * a[i];
  }
  for (size_t tap = 2; tap < taps; tap++) {
    const float *c = x + places[tap] * inner, weight = weights[tap];
    for (size_t i = 0; i < inner; i++) y[i] += weight * c[i];
  }
}
MULTIVERSION(
    interpolate_row,
    (const float *x, const size_t *places, const float *weights, size_t taps, size_t inner, float *y),
    (x, places, weights, taps, inner, y))

void f32_interpolate_plan(f32_interpolate *v) {
  KERNEL_REQUIRE(v->taps >= 1 && v->input >= 1);
  v->tasks = v->outer;
  // Few rows outside the axis: a task makes a part of the axis.
  if (v->outer < 16) v->tasks = v->outer * v->output;
}

void f32_interpolate_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_interpolate *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t count = v->tasks == v->outer ? v->output : 1;
  const size_t outer = task * count / v->output, first = task * count % v->output;
  const float *x = v->x + outer * v->input * v->inner;
  float *y = v->y + (outer * v->output + first) * v->inner;
  for (size_t place = first; place < first + count; place++, y += v->inner)
    interpolate_row(v->isa, x, v->places + place * v->taps, v->weights + place * v->taps, v->taps, v->inner, y);
}

KERNEL_BODY add_row_body(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] += x[i];
}
MULTIVERSION(add_row, (const float *x, float *y, size_t count), (x, y, count))

void f32_tap_sums_plan(f32_tap_sums *v) {
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->dilation_height >= 1 && g->dilation_width >= 1 && g->in_channels >= 1);
  v->tasks = g->batch * g->in_height;
}

// The position of the window whose tap falls on `cell`; at least `count` if there is none.
static size_t window_at(size_t cell, size_t pad, size_t tap, size_t dilation, size_t stride, size_t count) {
  const size_t shifted = cell + pad, reach = tap * dilation;
  return shifted < reach || (shifted - reach) % stride != 0 ? count : (shifted - reach) / stride;
}

void f32_tap_sums_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_tap_sums *v = context;
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t image = task / g->in_height, row = task % g->in_height, channels = g->in_channels;
  const size_t taps = g->kernel_height * g->kernel_width;
  float *y = v->y + task * g->in_width * channels;
  for (size_t column = 0; column < g->in_width; column++, y += channels) {
    if (v->bias) {
      memcpy(y, v->bias, channels * sizeof *y);
    } else {
      memset(y, 0, channels * sizeof *y);
    }
    for (size_t ky = 0; ky < g->kernel_height; ky++) {
      const size_t oy = window_at(row, g->pad_top, ky, g->dilation_height, g->stride_height, g->out_height);
      if (oy >= g->out_height) continue;
      for (size_t kx = 0; kx < g->kernel_width; kx++) {
        const size_t ox = window_at(column, g->pad_left, kx, g->dilation_width, g->stride_width, g->out_width);
        if (ox >= g->out_width) continue;
        const size_t pixel = (image * g->out_height + oy) * g->out_width + ox;
        add_row(v->isa, v->x + (pixel * taps + ky * g->kernel_width + kx) * channels, y, channels);
      }
    }
  }
}

void f32_patches_plan(f32_patches *v, kernels_level level) {
  KERNEL_REQUIRE(v->batch * v->height * v->width * v->kernel_height * v->kernel_width >= 1);
  v->row = (f32_convolution){
      .geometry = {
          .batch = 1, .in_height = 1, .in_width = v->width, .in_channels = v->channels, .out_height = 1, .out_width = v->width,
          .out_channels = v->filters, .kernel_height = 1, .kernel_width = 1, .stride_height = 1, .stride_width = 1,
          .dilation_height = 1, .dilation_width = 1, .groups = 1},
      .low = -INFINITY, .high = INFINITY};
  f32_convolution_plan(&v->row, level, 1);
  v->tap_count = (v->row.packed_count + 15) & ~(size_t)15;
  v->tasks = v->batch * v->height;
  v->scratch_bytes = v->row.scratch_bytes;
}

void f32_patches_pack(const f32_patches *v, const float *w, const float *bias, float *packed) {
  const size_t taps = v->kernel_height * v->kernel_width;
  const f32_weight_layout layout = {.output_stride = taps, .channel_stride = v->filters * taps};
  for (size_t tap = 0; tap < taps; tap++)
    f32_convolution_pack(&v->row, w + tap, layout, bias, 1, packed + tap * v->tap_count);
}

void f32_patches_task(void *context, size_t task, size_t worker) {
  const f32_patches *v = context;
  KERNEL_REQUIRE(task < v->tasks && v->y_stride >= v->filters);
  f32_convolution row = v->row;
  row.x = v->x + task * v->width * v->channels;
  row.zero = v->zero;
  row.scratch = v->scratch;
  row.scratch_bytes = v->scratch_bytes;
  row.y_stride = v->kernel_width * v->y_stride;
  for (size_t ky = 0; ky < v->kernel_height; ky++)
    for (size_t kx = 0; kx < v->kernel_width; kx++) {
      row.w = v->w + (ky * v->kernel_width + kx) * v->tap_count;
      row.y = v->y + ((task * v->kernel_height + ky) * v->width * v->kernel_width + kx) * v->y_stride;
      for (size_t part = 0; part < row.tasks; part++) f32_convolution_task(&row, part, worker);
    }
}
