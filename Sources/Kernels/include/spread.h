// Kernels between planes of different sizes: one axis resampled, and the sums of a transposed convolution.
#ifndef GIEMSA_KERNELS_SPREAD_H
#define GIEMSA_KERNELS_SPREAD_H

#include <stddef.h>

#include "cpu.h"
#include "geometry.h"
#include "igemm.h"

// y[o][p][i] = Σ over t of weights[p][t] · x[o][places[p][t]][i]: interpolation along one axis.
typedef struct {
  kernels_level isa;
  size_t outer, input, output, inner, taps;
  const size_t *places;  // output × taps, each below `input`
  const float *weights;
  const float *x;
  float *y;
  size_t tasks;  // by f32_interpolate_plan
} f32_interpolate;

void f32_interpolate_plan(f32_interpolate *interpolate);
void f32_interpolate_task(void *context, size_t task, size_t worker);  // context: f32_interpolate

// y[image][pixel][channel] = bias[channel] + Σ over the taps and pixels of x that fall on it of x[image][pixel][tap][channel]:
// what is left of a transposed convolution once its input has been multiplied by the weights of each tap.
typedef struct {
  // Of the convolution whose direction is reversed: `in` is y's plane, `out` x's. in_channels counts y's channels.
  convolution_geometry geometry;
  kernels_level isa;
  const float *x;  // [batch, out_height, out_width, kernel_height, kernel_width, in_channels]
  const float *bias;  // or NULL
  float *y;  // [batch, in_height, in_width, in_channels]
  size_t tasks;  // by f32_tap_sums_plan
} f32_tap_sums;

void f32_tap_sums_plan(f32_tap_sums *sums);
void f32_tap_sums_task(void *context, size_t task, size_t worker);  // context: f32_tap_sums

// A transposed convolution whose windows lie beside each other, without gap or overlap: a 1×1 convolution for each tap, which
// writes every kernel_width-th pixel of every kernel_height-th row of y.
typedef struct {
  size_t batch, height, width;  // of x
  size_t kernel_height, kernel_width;
  size_t channels, filters;  // of x, of y
  const float *x;  // [batch, height, width, channels]
  const float *w;  // tap_count floats for each tap, 64-byte aligned
  float *y;  // [batch, height · kernel_height, width · kernel_width] pixels
  size_t y_stride;  // floats from pixel to pixel; `filters` unless y is a slice of a wider tensor
  const float *zero;  // channels zeros
  void *scratch;  // workers × scratch_bytes, 64-byte aligned
  size_t scratch_bytes;

  // Decided by f32_patches_plan.
  f32_convolution row;  // of a row of x and one tap
  size_t tap_count;  // floats of a tap's packed weights
  size_t tasks;
} f32_patches;

void f32_patches_plan(f32_patches *patches, kernels_level level);

// Packs the weights of all taps: `w` is ONNX's [channels, filters, kernel_height, kernel_width], `bias` one for each filter
// or NULL; `packed` has kernel_height · kernel_width · tap_count floats, 64-byte aligned.
void f32_patches_pack(const f32_patches *patches, const float *w, const float *bias, float *packed);
void f32_patches_task(void *context, size_t task, size_t worker);  // context: f32_patches

#endif
