// q8_winograd: 3×3 convolutions of stride 1 over 8-bit data by Winograd's F(4×4, 3×3) in 16-bit integers: a quarter of the
// multiplications of q8_convolution.
//
// The transform of 6×6 inputs (less their zero point) is exact in 16 bits. Weights are transformed without the formula's divisions
// to 14-bit integers: exact, too. Sums over all channels could overflow where Σ |weight| · largest input is not below 2³¹ at a
// point. There, sums over 32 channels at a time, which cannot overflow, are added in float. Float arithmetic is the only source of
// rounding errors. Tiles at an edge with three or fewer rows or columns of outputs are F(3, 3) or F(2, 3) in that direction, with
// the same weights.
//
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
#ifndef GIEMSA_KERNELS_Q8_WINOGRAD_H
#define GIEMSA_KERNELS_Q8_WINOGRAD_H

#include "q8_convolution.h"

typedef struct {
  // Geometry, epilogue and data, as for q8_convolution_task; what q8_convolution_plan decides is not used.
  q8_convolution convolution;

  // Keeps nine bytes of each filter instead of 72, and transforms them while a task runs. Needs weights less their zero points to
  // fit into s8.
  int keeps_taps;

  // Decided by q8_winograd_plan.
  const struct kernels_table *kernels;
  const struct q8_igemm_family *family;
  tile_axis down, across;  // tiles of an image, 4 × 4 outputs each
  size_t tile_blocks, panel_blocks, largest_block;
  int multiplies_taps;  // transforms taps in registers, without storing weights
  size_t chunk;  // channels whose taps are transformed together
  size_t tasks;
  size_t scratch_bytes;
  size_t packed_bytes;
} q8_winograd;

// Whether it applies: 3×3, stride 1, no dilation or groups, channels a multiple of 16.
int q8_winograd_applies(const q8_convolution *convolution);

// Decides how the work is cut for `threads` threads, from convolution's geometry and keeps_taps
// alone. It must apply.
void q8_winograd_plan(q8_winograd *winograd, kernels_level level, int threads);

// Whether a plan should be faster than q8_convolution: whether there are enough tiles for the larger weights.
int q8_winograd_wins(const q8_winograd *winograd);

// "s16_igemm_6x16_avx2", "s16_taps_24x16_avx512vnni": the kernel that a plan chose.
const char *q8_winograd_kernel(const q8_winograd *winograd);

// As q8_convolution_pack, into packed_bytes at `packed`; needs x_signed and x_zero besides the geometry.
void q8_winograd_pack(
    const q8_winograd *winograd, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed);

// The same in parts that threads can share: the arguments, and task `panel` of `panels`.
typedef struct {
  const q8_winograd *winograd;
  const void *w;
  int w_signed;
  f32_weight_layout layout;
  const int32_t *w_zeros, *bias;
  const float *multipliers, *shifts;
  void *packed;
} q8_winograd_packing;

size_t q8_winograd_panels(const q8_winograd *winograd);
void q8_winograd_pack_task(void *context, size_t panel, size_t worker);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a q8_winograd.
void q8_winograd_task(void *context, size_t task, size_t worker);

#endif
