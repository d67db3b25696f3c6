// f32_strips: a depthwise convolution with the convolution before it, the 1×1 convolution behind it, or both (an inverted residual
// block: Sandler et al., "MobileNetV2", 2018), a few rows at a time. What lies between them is wide, and is never whole: each strip
// of it is used while it is in the second-level cache.
//
// Every number comes from the same kernel, in the same order, as if the convolutions ran one after the other.
#ifndef GIEMSA_KERNELS_STRIPS_H
#define GIEMSA_KERNELS_STRIPS_H

#include "igemm.h"
#include "windows.h"

// Fill geometries, bounds and activations of the convolutions, then f32_strips_plan, then set the pointers; the struct holds nothing
// that must be freed.
typedef struct {
  f32_convolution first;  // of one group; not if has_first is 0
  f32_depthwise depthwise;  // without a residual
  f32_convolution last;  // 1×1 without padding, stride or groups; not if has_last is 0
  int has_first, has_last;

  // Data: that of the first convolution there is is read, that of the last one is written. `first.w`, `depthwise.w` and `last.w`
  // are as f32_convolution_pack and f32_depthwise_pack leave them.
  const float *x;
  const float *residual;  // of y, only with has_last; or NULL
  float *y;  // its pixels are last.y_stride apart, or the depthwise convolution's channels
  const float *zero;  // zero_count zeros
  void *scratch;  // workers × scratch_bytes, 64-byte aligned

  // Decided by f32_strips_plan.
  size_t rows;  // of output in a strip
  size_t run_rows;  // of output in a task: neighbouring strips, which share the rows that both read
  size_t runs;  // tasks of a picture
  size_t wide_bytes, narrow_bytes;  // of a strip before and behind the depthwise convolution
  size_t tasks;
  size_t scratch_bytes;
  size_t zero_count;
} f32_strips;

// Decides how the work is cut for `threads` threads, so that a strip takes at most `near_bytes`. Returns 0, and decides nothing, if
// a strip would have less than two rows, or be a whole picture.
int f32_strips_plan(f32_strips *strips, kernels_level level, int threads, size_t near_bytes);

void f32_strips_task(void *context, size_t task, size_t worker);  // context: f32_strips

#endif
