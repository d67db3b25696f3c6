// f32_igemm: the family of kernels behind convolution and matrix products.
//
// "Indirect": a tile of output pixels is computed from row pointers, `taps` for each pixel, so that neither padding nor
// stride nor dilation needs a copy of the input (Dukhan, "The Indirect Convolution Algorithm", 2019).
#ifndef GIEMSA_KERNELS_IGEMM_H
#define GIEMSA_KERNELS_IGEMM_H

#include <stddef.h>

#include "cpu.h"
#include "elementwise.h"
#include "geometry.h"

// The epilogue: what happens to a tile's sums before they are stored.
typedef struct {
  size_t y_stride;  // floats from one output pixel to the next
  size_t residual_stride;  // the same of the residual
  float low, high;  // y = min(max(sum + residual, low), high); a NaN stays one
  // Memory to prefetch into the second-level cache: from `ahead` on, ahead_step bytes for every channel. Any address will do, as
  // nothing is read; an ahead_step of 0 prefetches nothing new. Kernels prefetch at most two cache lines in a step of one channel
  // or of four.
  kernels_fetch ahead;
  size_t ahead_step;
} f32_igemm_epilogue;

// y[pixel][output] = clamp(bias[output] + sum over taps and channels of x[tap][pixel][channel] · w, + residual)
//
// pixels    1 ... mr
// outputs   1 ... nr: how many of the panel's outputs are written (all are computed)
// taps      >= 1, channels >= 1
// x         taps × mr row pointers, x[tap * mr + pixel]; exactly `channels` floats are read behind each + x_offset
// x_offset  floats added to every pointer (the group's first channel)
// bias      nr floats that the sums begin with, aligned like nr floats are long, to 64 bytes at most
// w         taps × channels × nr weights, aligned likewise
// y         pixels rows of `outputs` floats, y_stride apart
// residual  the same with residual_stride, or NULL
typedef void (*f32_igemm_kernel)(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue);

// The sums of one row for up to F32_GEMV_PANELS panels (f32_gemv.inc): sums[panel][output] = bias + Σ over depth of x · w. `w` is
// the first panel with its biases; `sums` is aligned to 64 bytes.
#define F32_GEMV_PANELS 4
typedef void (*f32_gemv_kernel)(
    size_t panels, size_t depth, const float *x, const float *w, size_t panel_step, float *sums);

typedef struct {
  const char *name;  // "f32_igemm_6x16_avx2"
  size_t mr;  // most pixels of a tile
  size_t nr;  // outputs of a panel
  f32_igemm_kernel run;
  f32_gemv_kernel run_row;  // for products of one row
} f32_igemm_family;

// The kernel of a level; the portable one if the level is not available.
const f32_igemm_family *f32_igemm_for(kernels_level level);

// The largest mr and nr of any family, for buffers on the stack.
#define F32_IGEMM_MAX_MR 14
#define F32_IGEMM_MAX_NR 32

// Floats that f32_igemm_pack writes: ceil(outputs / nr) panels of nr × (1 + taps · channels).
size_t f32_igemm_packed_count(const f32_igemm_family *family, size_t outputs, size_t taps, size_t channels);

// Where in the original a weight lies: w[output · output_stride + channel · channel_stride + tap · tap_stride].
typedef struct {
  size_t output_stride, channel_stride, tap_stride;
} f32_weight_layout;

// Packs one group's weights: per panel of nr outputs nr biases, then taps × channels × nr weights; what lies beyond
// `outputs` is zero. `bias` may be NULL; every weight (not the bias) is multiplied by `scale`.
//
// `merged` > 1 packs that many neighbouring groups as one, block-diagonal: `outputs` and `channels` then count one group,
// w goes on with the next group's outputs, and the result has merged · outputs outputs of merged · channels channels.
void f32_igemm_pack(
    const f32_igemm_family *family, const float *w, f32_weight_layout layout, const float *bias, float scale,
    size_t outputs, size_t taps, size_t channels, size_t merged, float *packed);

// A whole convolution over NHWC activations, or a matrix product (each row a pixel of a 1×1 convolution).
// Fill it with f32_convolution_plan, then set the pointers; the struct holds nothing that must be freed.
typedef struct {
  convolution_geometry geometry;
  float low, high;
  f32_activation activation;  // of the clamped sums

  // Data. `w` holds the groups' packed weights one after the other (groups / merged of them).
  const float *x;
  // Floats from pixel to pixel of x. f32_convolution_plan sets it to in_channels; more where x is a slice of a wider tensor, which
  // it must not be with row_taps.
  size_t x_stride;
  const float *w;
  const float *residual;  // [batch, out_height, out_width, out_channels] or NULL
  float *y;
  size_t y_stride;  // floats from pixel to pixel; out_channels unless y is a slice of a wider tensor
  const float *zero;  // zero_count zeros
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Where `has_before` is set before planning, every pixel of x is first scaled, shifted and clamped (pre-activation; He et al.,
  // "Identity Mappings in Deep Residual Networks", 2016): for layers that f32_convolution_fits_before. Of `before`, scale, shift
  // and the bounds are to be set.
  int has_before;
  f32_affine before;

  // Decided by f32_convolution_plan.
  kernels_level isa;
  const f32_igemm_family *family;
  size_t merged;  // groups that are packed as one
  size_t pixel_block, panel_block, pixel_blocks, panel_blocks;
  size_t tap_block;  // taps of a pass: its weights stay near while all tiles of a block go over them
  size_t tasks;
  size_t scratch_bytes;
  size_t zero_count;
  size_t packed_count;  // floats of all packed weights
  int row_taps;  // a whole kernel row is one tap: few channels
  int panels_first;  // consecutive tasks share weights rather than pixels
  int is_row;  // one pixel and one tap, not of padding: the product of a row by a matrix
  int tiles_first;  // a task takes all its panels for one tile, then the next tile's, rather than the other way round
} f32_convolution;

// Whether the convolution sees every pixel once, where it lies.
int f32_convolution_fits_before(const convolution_geometry *geometry);

// Decides how the work is cut for `threads` threads, from the geometry and has_before alone.
void f32_convolution_plan(f32_convolution *convolution, kernels_level level, int threads);

// Packs all groups: `w` is ONNX's [out_channels, in_channels / groups, kernel_height, kernel_width], or what `layout`
// says of it. `packed` has packed_count floats, 64-byte aligned.
void f32_convolution_pack(
    const f32_convolution *convolution, const float *w, f32_weight_layout layout, const float *bias, float scale,
    float *packed);

// The layout of ONNX's convolution weights for this geometry.
f32_weight_layout f32_convolution_layout(const f32_convolution *convolution);

// Runs part `task` of `tasks`, on any thread; `worker` says whose scratch to use. `context` is a f32_convolution.
void f32_convolution_task(void *context, size_t task, size_t worker);

#endif
