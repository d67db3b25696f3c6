// Kernels between planes of different sizes: one axis resampled, and the sums of a transposed convolution.
#ifndef GIEMSA_KERNELS_SPREAD_H
#define GIEMSA_KERNELS_SPREAD_H

#include <stddef.h>

#include "cpu.h"
#include "geometry.h"

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

#endif
