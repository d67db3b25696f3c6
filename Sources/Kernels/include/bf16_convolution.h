// bf16_convolution: a convolution or matrix product of floats whose products are of bf16 numbers, and whose sums are floats.
//
// bf16 is the upper half of a float: 8 bits of exponent, 8 of significand. Inputs and weights are rounded to the nearest one,
// halves to even; denormal ones count as 0. Biases and what is added to the sums are floats in memory, inputs and outputs either.
#ifndef GIEMSA_KERNELS_BF16_CONVOLUTION_H
#define GIEMSA_KERNELS_BF16_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "elementwise.h"
#include "geometry.h"
#include "igemm.h"

struct bf16_igemm_family;

// Over NHWC activations, of one group. Fill it with bf16_convolution_plan, then set the pointers; the struct holds nothing that
// must be freed.
typedef struct {
  convolution_geometry geometry;  // groups is 1
  float low, high;
  f32_activation activation;  // of the clamped sums

  const float *x;
  const uint16_t *narrow_x;  // or NULL: bf16 numbers in place of x
  const void *w;  // by bf16_convolution_pack
  const float *residual;  // [batch, out_height, out_width, out_channels] or NULL
  float *y;
  uint16_t *narrow_y;  // or NULL: y rounded to bf16 numbers, in place of y
  size_t y_stride;  // numbers from pixel to pixel; out_channels unless y is a slice of a wider tensor
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Decided by bf16_convolution_plan.
  kernels_level isa;
  const struct bf16_igemm_family *family;
  int pointwise;  // every output sees one input, none of padding: pixels are cut without regard to rows
  int tiled;  // a pointwise layer's inputs lie in tiles, of which every product is a tap
  int row_taps;  // a whole kernel row is one tap: few channels
  size_t channels;  // of a rounded pixel: even
  size_t taps, pairs;  // pairs of channels of a tap
  size_t image_blocks, row_blocks, panel_blocks, tasks;
  size_t scratch_bytes, packed_bytes;
} bf16_convolution;

// 1 if the level's kernel is faster than its float one.
int bf16_convolution_pays(kernels_level level);
// "bf16_igemm_32x32_avx512amx".
const char *bf16_convolution_kernel(const bf16_convolution *convolution);

// Decides how the work is cut for `threads` threads, from the geometry alone.
void bf16_convolution_plan(bf16_convolution *convolution, kernels_level level, int threads);

// `w` is ONNX's [out_channels, in_channels, kernel_height, kernel_width], or what `layout` says of it; every weight (not the bias)
// is multiplied by `scale` before it is rounded. `bias` may be NULL. `packed` has packed_bytes, 64-byte aligned.
f32_weight_layout bf16_convolution_layout(const bf16_convolution *convolution);
void bf16_convolution_pack(
    const bf16_convolution *convolution, const float *w, f32_weight_layout layout, const float *bias, float scale, void *packed);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a bf16_convolution.
void bf16_convolution_task(void *context, size_t task, size_t worker);

#endif
