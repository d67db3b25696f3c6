// q8_depthwise: depthwise convolution over 8-bit activations and weights: one filter a channel, exact in 32-bit integers.
//
// ONNX's meaning, with x's zero point, weights per channel (zero point) and an integer bias:
//   sum[c] = bias[c] + Σ over taps of (x − x_zero) · (w − w_zero[c])             exact
//   y      = clamp(round(sum[c] · multiplier[c] + shift[c]) + y_zero, low, high)
// rounding to the nearest, halves to even. Padding counts as x_zero. A window of one tap with weight 1 changes each channel's
// scale and zero point: batch normalisation.
#ifndef GIEMSA_KERNELS_Q8_DEPTHWISE_H
#define GIEMSA_KERNELS_Q8_DEPTHWISE_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "geometry.h"

struct q8_depthwise_family;

// Fill it with q8_depthwise_plan, pack, then set the pointers; the struct holds nothing that must be freed.
typedef struct {
  convolution_geometry geometry;  // out_channels and groups are not used
  int x_signed, x_zero;
  int y_zero, low, high;  // in y's own range; y is s8 if low is below 0, and either if not

  // Data.
  const void *x;  // u8 or s8, NHWC
  const void *w;  // as q8_depthwise_pack left it, 64-byte aligned
  void *y;
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Decided by q8_depthwise_plan.
  const struct q8_depthwise_family *family;
  size_t tile;  // neighbouring outputs that are computed together
  size_t columns;  // of input that a tile reads
  size_t slots;  // inputs of a tile, a multiple of four where kernels want that
  size_t tasks;
  size_t scratch_bytes;
  size_t packed_bytes;  // of weights that need not be split
} q8_depthwise;

void q8_depthwise_plan(q8_depthwise *depthwise, kernels_level level);

// "u8s8_depthwise_avx512vnni": the kernel that a plan chose.
const char *q8_depthwise_kernel(const q8_depthwise *depthwise);

// Packs the weights into `packed` (64-byte aligned, `room` bytes) and returns the bytes that they take: packed_bytes, or more if
// w − w_zero does not fit the kernel's weights, which are then split in two parts. If they are more than `room`, or if `packed` is
// NULL, nothing is packed.
//
// w            s8 or, with w_signed 0, u8: [channels, kernel_height, kernel_width]; NULL for ones
// w_zeros      one for each channel, or NULL for zeros
// bias         one for each channel, in units of x's scale · w's scale, or NULL
// multipliers  one for each channel
// shifts       one for each channel, in units of y's step, or NULL
size_t q8_depthwise_pack(
    const q8_depthwise *depthwise, const void *w, int w_signed, const int32_t *w_zeros, const int32_t *bias,
    const float *multipliers, const float *shifts, void *packed, size_t room);

void q8_depthwise_task(void *context, size_t task, size_t worker);  // context: q8_depthwise

#endif
