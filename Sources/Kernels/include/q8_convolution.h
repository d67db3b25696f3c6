// q8_convolution: convolution and matrix products over 8-bit activations and weights, exact in 32-bit integers, with the whole
// quantised epilogue before a value is stored.
//
// ONNX's meaning: with x's scale and zero point, weights per output channel (scale, zero point) and an integer bias,
//   sum[c] = bias[c] + Σ (x − x_zero) · (w − w_zero[c])             exact
//   y      = clamp(round(sum[c] · multiplier[c] + shift[c]) + y_zero, low, high)      multiplier = x's · w's / y's scale
// rounding to the nearest, halves to even. Padding counts as x_zero. No instruction set saturates on the way.
#ifndef GIEMSA_KERNELS_Q8_CONVOLUTION_H
#define GIEMSA_KERNELS_Q8_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

#include "igemm.h"
#include "cpu.h"

// The epilogue, from a sum to the stored value. All integers are in the tensor's own range: 0 ... 255 or −128 ... 127.
typedef struct {
  // 1: y is float, y = sum · multiplier[c] + shift[c], and nothing below applies. 2: y is int32, the sums.
  int float_output;

  int y_zero, low, high;  // a Relu or Clip that follows is a narrower low and high

  // 1: the convolution's output is quantised by itself first, as QDQ graphs specify:
  //   t = clamp(round(sum · multiplier + shift) + t_zero, t_low, t_high), multiplier = x's · w's / t's scale
  //   y = clamp(round((t − t_zero) · t_multiplier + (r − r_zero) · residual_multiplier) + y_zero, low, high)
  // 0: y = clamp(round(sum · multiplier + shift + (r − r_zero) · residual_multiplier) + y_zero, low, high)
  int intermediate;
  int t_zero, t_low, t_high;
  float t_multiplier;  // t's scale / y's scale

  int residual_signed, residual_zero;
  float residual_multiplier;  // r's scale / y's scale
} q8_epilogue;

struct q8_igemm_family;

// Fill it with q8_convolution_plan, pack, then set the pointers; the struct holds nothing that must be freed.
// A matrix product is a 1×1 convolution of one image, one row high: in_width = out_width = rows, in_channels = columns.
typedef struct {
  convolution_geometry geometry;
  int x_signed, x_zero;
  // 1: only a run finds x's zero point, at `zero_point`; x_zero is not used, biases are none, and y is float or int32. If it is
  // float, all multipliers are times *scale, unless that is NULL.
  int dynamic;
  q8_epilogue epilogue;

  // Data.
  const void *x;  // u8 or s8, NHWC
  const void *w;  // as q8_convolution_pack left it, 64-byte aligned
  const void *residual;  // u8 or s8 [batch, out_height, out_width, out_channels], or NULL
  const uint8_t *zero_point;
  const float *scale;
  void *y;  // u8, s8, float or int32
  size_t y_stride;  // elements from pixel to pixel; out_channels unless y is a slice of a wider tensor
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Decided by q8_convolution_plan.
  const struct kernels_table *kernels;
  const struct q8_igemm_family *family;
  size_t merged;  // groups that are packed as one
  size_t taps, run, steps;  // an output's inputs: `taps` runs of `run` consecutive bytes, `steps` kernel steps each
  int pointwise;  // 1×1 without padding: a block is a range of pixels, not of rows
  // Pixels of a phase, or 0. With phases, inputs are gathered so that those that neighbouring outputs read at a tap are neighbours:
  // one plane of pixels for each remainder of row and column by the stride.
  size_t phase_pixels;
  size_t row_blocks, image_blocks, panel_blocks;
  size_t tasks;
  size_t scratch_bytes;
  size_t packed_bytes;  // of weights that need not be split
} q8_convolution;

// Decides how the work is cut for `threads` threads, from every field above `x`.
void q8_convolution_plan(q8_convolution *convolution, kernels_level level, int threads);

// "u8s8_igemm_6x16_avx2": the kernel that a plan chose.
const char *q8_convolution_kernel(const q8_convolution *convolution);

// Packs the weights of all groups into `packed` (64-byte aligned, `room` bytes) and returns the bytes that they take. Usually these
// are packed_bytes; more if sums would saturate at this level, so that weights must be split in parts. If they are more than
// `room`, or if `packed` is NULL, nothing is packed.
//
// w            s8 or, with w_signed 0, u8; ONNX's [out_channels, in_channels / groups, kernel_height, kernel_width] or
//              what `layout` says of it
// w_zeros      one for each output channel, or NULL for zeros
// bias         one for each output channel, in units of x's scale · w's scale, or NULL; NULL if dynamic
// multipliers  one for each output channel
// shifts       one for each output channel, in units of y's (t's) step, or NULL: a bias that was left in float
size_t q8_convolution_pack(
    const q8_convolution *convolution, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed, size_t room);

// The layout of ONNX's convolution weights for this geometry.
f32_weight_layout q8_convolution_layout(const q8_convolution *convolution);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a q8_convolution.
void q8_convolution_task(void *context, size_t task, size_t worker);

#endif
