// Which inputs a convolution's windows read, and how ONNX lays its weights out.
#ifndef GIEMSA_KERNELS_REACH_H
#define GIEMSA_KERNELS_REACH_H

#include "geometry.h"
#include "igemm.h"

// Inputs from a window's first to its last along an axis.
static inline size_t reach(size_t kernel, size_t dilation) { return (kernel - 1) * dilation + 1; }

// Columns that the windows of a row of outputs read, and rows that those of `rows` rows read; padding included.
static inline size_t columns_read(const convolution_geometry *g) {
  return (g->out_width - 1) * g->stride_width + reach(g->kernel_width, g->dilation_width);
}
static inline size_t rows_read(const convolution_geometry *g, size_t rows) {
  return (rows - 1) * g->stride_height + reach(g->kernel_height, g->dilation_height);
}

// Whether every output sees one input, none of padding.
static inline int is_pointwise(const convolution_geometry *g) {
  return g->kernel_height == 1 && g->kernel_width == 1 && g->pad_top == 0 && g->pad_left == 0 &&
         (g->out_height - 1) * g->stride_height < g->in_height && (g->out_width - 1) * g->stride_width < g->in_width;
}

// Of [out_channels, in_channels / groups, kernel_height, kernel_width].
static inline f32_weight_layout weight_layout_of(const convolution_geometry *g) {
  const size_t area = g->kernel_height * g->kernel_width;
  return (f32_weight_layout){.output_stride = g->in_channels / g->groups * area, .channel_stride = area, .tap_stride = 1};
}

#endif
