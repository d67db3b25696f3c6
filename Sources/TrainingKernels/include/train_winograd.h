// 3×3 convolutions of stride 1 in training by Winograd's F(4×4, 3×3): the forward pass, the data gradient and the weight
// gradient, each with a quarter of the multiplications.
//
// Rounding errors in float: below 1e-5 of the largest result; below 3e-5 in a weight gradient over 60,000 pixels. In bf16:
// 1 % of the results' size, four times those of direct products.
#ifndef GIEMSA_TRAIN_WINOGRAD_H
#define GIEMSA_TRAIN_WINOGRAD_H

#include <stdint.h>

#include "geometry.h"

// One convolution or one gradient. The caller fills in the geometry and calls train_winograd_plan, which decides how the
// work is cut and how much memory u, v, s and m take. Then it calls functions of train_winograd:
//
//   by tiles         filters, tiles
//   by panels        for each block: inputs, panels
//   weight gradient  for each block: inputs (with s), sums
//
// A block is `count` tiles from `first` on. Every call must return on all threads before the next call.
typedef struct {
  // 3×3, stride 1, no dilation, one group. At least 16 channels in and out; in bf16 an even number of input channels.
  convolution_geometry geometry;
  int32_t turned;              // rotate the filters by 180°, as the data gradient needs
  int32_t accumulate;          // add to the target instead of overwriting it
  const void *x;               // [batch, in_height, in_width, in_channels]
  const void *y;               // weight gradient only: output gradients [batch, out_height, out_width, out_channels]
  int32_t x_narrow, y_narrow;  // x, y are bf16, not float
  const float *w;              // packed [panel][9][in_channels][width], zeros past the last output channel
  const float *bias;           // may be NULL
  void *target;                // [batch, out_height, out_width, out_channels]; for the weight gradient, packed like w
  int32_t target_narrow;       // outputs are bf16, not float; a weight gradient is always float
  const float *zeros;          // max(in_channels, out_channels) zeros

  // Decided by train_winograd_plan.
  tile_axis down, across;
  int64_t all_tiles;           // of all images
  int32_t by_panels;
  int64_t blocks, block;       // number of blocks and tiles of each: of one thread (by tiles) or of all
  int64_t x_pitch, y_pitch;    // numbers from tile to tile in v, in s
  int64_t x_stride, y_stride;  // numbers from point to point in v, in s
  int32_t unit_panels, unit_channels;
  int64_t u_floats, v_floats, s_floats, m_floats;  // m_floats: for each thread

  // Memory, 64-byte aligned.
  void *u;   // transformed filters; for the weight gradient, float sums at the points
  void *v;   // transformed inputs
  void *s;   // transformed output gradients
  float *m;  // products at the points
  int64_t first, count;
} train_winograd_job;

typedef void (*train_winograd_function)(const train_winograd_job *job, int thread, int threads);

typedef struct {
  int32_t number_bytes;  // size of the operands: 4 (float) or 2 (bf16)
  train_winograd_function filters, tiles, inputs, panels, sums;
} train_winograd;

enum { TRAIN_WINOGRAD_TILES = 128 };

// Decides how a job with its geometry filled in is cut: a convolution, or a weight gradient if `weights`.
// width: columns of a panel of packed weights.
void train_winograd_plan(train_winograd_job *job, const train_winograd *kernels, int width, int weights, int threads);

#endif
