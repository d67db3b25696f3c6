// f32_winograd: 3×3 convolutions with fewer multiplications (Winograd, 1980; Lavin & Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015).
//
// A tile of n×n outputs reads (n+2)×(n+2) inputs. Inputs and filter are evaluated as polynomials at (n+2)×(n+2) points, where
// convolution is multiplication: 16, 36 or 64 multiplications per channel instead of 36, 144 or 324 for n = 2, 4 or 6. The
// products of all tiles and channels at one point are a matrix product. The price: transforms of inputs and outputs, 1.8, 4 or
// 7.1 times as many weights, and rounding errors of up to 1e-5 of a layer's largest output.
//
// Where tiles of n×n do not cover the output exactly, smaller tiles cover its edges. They use some of the points, and the same
// weights.
//
// Weights are packed either transformed, or as nine taps (`keeps_taps`), which take no more memory than the direct kernel's
// weights. Taps are transformed while running, a few channels at a time: more writes to the cache, fewer reads from memory. For
// few tiles, where the level has a kernel for it, they are transformed in registers (`multiplies_taps`).
//
// Inputs that are not finite reach exactly the outputs that they reach in a direct convolution: tiles with such inputs are summed
// directly.
//
// With stride 2 the outer taps are multiplied with every second input, and the middle tap with the inputs between. n outputs along
// an axis take n + 1 products at points for the outer taps and n products for the middle tap: 25 or 81 per channel instead of
// 36 or 144 for n = 2 or 4.
#ifndef GIEMSA_KERNELS_WINOGRAD_H
#define GIEMSA_KERNELS_WINOGRAD_H

#include "igemm.h"

// The least number of input channels and of output channels.
#define F32_WINOGRAD_LEAST_CHANNELS 16

// Fill the geometry, call f32_winograd_plan, then set the pointers; the struct holds nothing that must be freed.
typedef struct {
  convolution_geometry geometry;  // kernel 3×3, no dilation, one group; the same stride along both axes, 1 or 2
  size_t tile;  // most outputs of a tile along each side: 2 to 6; 2 or 4 with stride 2
  int keeps_taps;  // weights are packed untransformed
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
  kernels_level isa;
  const struct kernels_table *kernels;  // of that level
  const f32_igemm_family *family;
  tile_axis down, across;
  size_t products;  // of all tiles, for each channel and output
  size_t tile_block, tile_blocks;  // tiles that are transformed, multiplied and transformed back together
  size_t panel_block, panel_blocks;  // panels of outputs of a task
  size_t interleave;  // so many threads take turns at consecutive blocks of panels
  size_t input_pitch, input_stride;  // floats from tile to tile and from product to product of transformed inputs
  size_t input_floats;  // of all of them
  size_t product_stride;  // floats from product to product
  int multiplies_taps;  // transforms taps in registers, without storing weights
  size_t channel_block;  // channels that are multiplied at once: all, or as many as are transformed together
  size_t set_stride;  // floats from set to set of transformed weights
  size_t input_tasks;  // tasks of f32_winograd_inputs_task, all of which must end before f32_winograd_task begins
  size_t tasks;
  size_t scratch_bytes;
  size_t zero_count;
  size_t packed_count;  // floats of packed weights
} f32_winograd;

// Decides how the work is cut for `threads` threads, from the geometry alone.
void f32_winograd_plan(f32_winograd *winograd, kernels_level level, int threads);

// Transforms and packs ONNX's [out_channels, in_channels, 3, 3]; `bias` may be NULL; `packed` has packed_count floats,
// 64-byte aligned. Per panel of nr outputs: nr biases, then (tile + 2)² × channels × nr weights, or channels × 9 × nr taps,
// or nr / 16 × channels × 9 × 16.
void f32_winograd_pack(const f32_winograd *winograd, const float *w, const float *bias, float *packed);

// The same in parts that threads can share: the arguments, and task `panel` of `panels`.
typedef struct {
  const f32_winograd *winograd;
  const float *w, *bias;
  float *packed;
} f32_winograd_packing;

size_t f32_winograd_panels(const f32_winograd *winograd);
void f32_winograd_pack_task(void *context, size_t panel, size_t worker);

// Runs part `task` of `input_tasks`, on any thread.
void f32_winograd_inputs_task(void *context, size_t task, size_t worker);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a f32_winograd.
void f32_winograd_task(void *context, size_t task, size_t worker);

#endif
