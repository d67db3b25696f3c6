// Kernels that move a window over each channel by itself: pooling and depthwise convolution, over NHWC activations. Padding is
// never read: taps that fall on it are left out.
#ifndef GIEMSA_KERNELS_WINDOWS_H
#define GIEMSA_KERNELS_WINDOWS_H

#include <stddef.h>

#include "cpu.h"
#include "elementwise.h"
#include "geometry.h"

typedef enum {
  F32_POOL_MAX,
  F32_POOL_AVERAGE,  // of the taps inside the input
  F32_POOL_AVERAGE_PADDED  // padding counts as zeros; what lies beyond the padding does not count
} f32_pool_kind;

// Pooling. A window with nothing inside gives minus infinity or, for averages, 0; one with a NaN in it gives NaN.
typedef struct {
  convolution_geometry geometry;
  f32_pool_kind kind;
  kernels_level isa;
  const float *x;  // [batch, in_height, in_width, in_channels]
  float *y;  // [batch, out_height, out_width, in_channels]
  size_t channel_block;  // by f32_pool_plan
  size_t tasks;
} f32_pool;

// Cuts the work: rows of output, and channels where one row is all there is.
void f32_pool_plan(f32_pool *pool);
void f32_pool_task(void *context, size_t task, size_t worker);  // context: f32_pool

// Depthwise convolution: one filter a channel, y = clamp(bias + Σ over taps of x · w, + residual). Also convolutions of groups of
// few channels with as many filters, where f32_depthwise_plan finds tiles for them.
typedef struct {
  convolution_geometry geometry;
  size_t group;  // channels of a group: 1 for a depthwise convolution
  kernels_level isa;
  float low, high;
  f32_activation activation;  // of the clamped sums
  const float *x;
  const float *w;  // [1 + taps · group, in_channels]: biases, then the weights of each tap and channel of a group
  const float *residual;  // of y's shape, or NULL
  const float *zero;  // in_channels zeros
  float *y;
  // Floats from pixel to pixel. f32_depthwise_plan sets them to in_channels; more where x or y is a slice of a wider tensor.
  size_t x_stride, y_stride;
  // By f32_depthwise_plan.
  int by_tiles;  // depthwise_tiles.h has a tile for the geometry; otherwise `group` must be 1
  size_t row_block, channel_block;  // of a task
  size_t tasks;
} f32_depthwise;

void f32_depthwise_plan(f32_depthwise *depthwise);
size_t f32_depthwise_packed_count(const f32_depthwise *depthwise);  // floats
// `w` is ONNX's [channels, group, kernel_height, kernel_width]; bias may be NULL.
void f32_depthwise_pack(const f32_depthwise *depthwise, const float *w, const float *bias, float *packed);
void f32_depthwise_task(void *context, size_t task, size_t worker);  // context: f32_depthwise

// The same over planes, without a residual: x is [batch, channels, in_height, in_width], and y alike. Packed weights are
// those of f32_depthwise_pack.
int f32_depthwise_fits_planes(const f32_depthwise *depthwise);
void f32_depthwise_plan_planes(f32_depthwise *depthwise);
void f32_depthwise_plane_task(void *context, size_t task, size_t worker);  // context: f32_depthwise

#endif
