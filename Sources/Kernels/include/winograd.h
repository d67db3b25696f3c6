// f32_winograd: 3×3 convolutions of stride 1 with fewer multiplications (Winograd, 1980; Lavin & Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2015).
//
// A tile of 2×2, 4×4 or 6×6 outputs needs 4×4, 6×6 or 8×8 inputs; both and the filter are read as values of polynomials at
// as many points, where convolution is a product: 16, 36 or 64 multiplications for a channel instead of 36, 144 or 324, and
// the products of all tiles and channels at one point are a matrix product. What it costs: transforms of the inputs and
// the outputs, weights that are 1.8, 4 or 7.1 times as many, and rounding errors of up to 1e-5 of a layer's largest output.
#ifndef GIEMSA_KERNELS_WINOGRAD_H
#define GIEMSA_KERNELS_WINOGRAD_H

#include "igemm.h"

// Fewer channels than this, in or out, do not fit it (nor would it pay).
#define F32_WINOGRAD_LEAST_CHANNELS 16

// Fill the geometry, call f32_winograd_plan, then set the pointers; the struct holds nothing that must be freed.
typedef struct {
  // Geometry. NHWC, kernel 3×3, stride and dilation 1, one group.
  size_t tile;  // outputs of a tile along each side: 2, 4 or 6
  size_t batch, in_height, in_width, in_channels;
  size_t out_height, out_width, out_channels;
  size_t pad_top, pad_left;
  float low, high;

  // Data.
  const float *x;
  const float *w;  // as f32_winograd_pack leaves it
  const float *residual;  // [batch, out_height, out_width, out_channels] or NULL
  float *y;
  size_t y_stride;  // floats from pixel to pixel
  const float *zero;  // zero_count zeros
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Decided by f32_winograd_plan.
  kernels_isa isa;
  const f32_igemm_family *family;
  size_t tiles_down, tiles_across;
  size_t tile_block, tile_blocks;  // tiles that are transformed, multiplied and transformed back together
  size_t panel_block, panel_blocks;  // panels of outputs of a task
  size_t input_pitch, input_stride;  // floats from tile to tile and from point to point of transformed inputs
  size_t product_stride;  // floats from point to point of products
  size_t tasks;
  size_t scratch_bytes;
  size_t zero_count;
  size_t packed_count;  // floats of packed weights
} f32_winograd;

// Decides how the work is cut for `threads` threads, from the geometry alone.
void f32_winograd_plan(f32_winograd *winograd, kernels_isa isa, int threads);

// Transforms and packs ONNX's [out_channels, in_channels, 3, 3]; `bias` may be NULL; `packed` has packed_count floats,
// 64-byte aligned. Per panel of nr outputs: nr biases, then points × channels × nr weights.
void f32_winograd_pack(const f32_winograd *winograd, const float *w, const float *bias, float *packed);

// The same in parts that threads can share: the arguments, and task `panel` of `panels`.
typedef struct {
  const f32_winograd *winograd;
  const float *w, *bias;
  float *packed;
} f32_winograd_packing;

size_t f32_winograd_panels(const f32_winograd *winograd);
void f32_winograd_pack_task(void *context, size_t panel, size_t worker);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a f32_winograd.
void f32_winograd_task(void *context, size_t task, size_t worker);

#endif
