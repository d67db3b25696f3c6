// The transforms of f32_winograd for each instruction set, for winograd.c only.
#ifndef GIEMSA_KERNELS_WINOGRAD_TRANSFORMS_H
#define GIEMSA_KERNELS_WINOGRAD_TRANSFORMS_H

#include "igemm.h"

// One tile's inputs at every point.
//
// tile      2, 4 or 6; its inputs are (tile + 2)² pixels, row by row
// x         a pointer for each input pixel; `channels` >= 16 floats are read behind each
// next      likewise of the tile that comes next: fetched meanwhile, not read
// v         transformed inputs: `channels` floats for each point, `stride` apart
typedef void (*f32_winograd_input)(
    size_t tile, const float *const *x, const float *const *next, size_t channels, float *v, size_t stride);

typedef struct {
  size_t y_row, y_column;  // floats from output row to output row and from pixel to pixel
  size_t residual_row, residual_column;
  float low, high;
} f32_winograd_epilogue;

// One tile's outputs from the products at every point: y = clamp(transformed products + bias + residual).
//
// products  `outputs` floats for each point, `stride` apart; whole vectors are read
// bias      likewise
// rows, columns  of the tile that lie inside the output, 1 ... tile
typedef void (*f32_winograd_output)(
    size_t tile, const float *products, size_t stride, size_t outputs, const float *bias, float *y, const float *residual,
    size_t rows, size_t columns, const f32_winograd_epilogue *epilogue);

typedef struct {
  f32_winograd_input input;
  f32_winograd_output output;
} f32_winograd_transforms;

const f32_winograd_transforms *f32_winograd_transforms_for(kernels_isa isa);

#endif
