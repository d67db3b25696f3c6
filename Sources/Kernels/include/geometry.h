// The geometry of convolutions, and of other windows that move over planes: every job of such a kernel has one.
#ifndef GIEMSA_KERNELS_GEOMETRY_H
#define GIEMSA_KERNELS_GEOMETRY_H

#include <stddef.h>

// Of NHWC activations. Where a kernel treats each channel by itself (pooling, depthwise convolution) there are as many output
// channels as input channels, and `groups` is not used.
typedef struct {
  size_t batch;
  size_t in_height, in_width, in_channels;  // channels of all groups together
  size_t out_height, out_width, out_channels;
  size_t kernel_height, kernel_width;
  size_t stride_height, stride_width;
  size_t dilation_height, dilation_width;
  size_t pad_top, pad_left;
  size_t pad_bottom, pad_right;  // only used by averages that count padding
  size_t groups;
} convolution_geometry;

// How a Winograd convolution's tiles cover one axis of the output: `larges` tiles of `large` outputs, then `smalls` of `small`.
typedef struct {
  size_t large, larges, small, smalls;
} tile_axis;

#endif
