#ifndef GIEMSA_TRAIN_POOLING_H
#define GIEMSA_TRAIN_POOLING_H

#include <stdint.h>

// Windows over NHWC pictures, of pooling and of depthwise convolution.
typedef struct {
  int32_t images, channels;
  int32_t in_height, in_width, out_height, out_width;
  int32_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
  int32_t pad_top, pad_left;
} train_pool;

#endif
