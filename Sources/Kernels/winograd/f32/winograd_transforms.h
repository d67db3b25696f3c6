// The transforms of f32_winograd, for winograd.c, the transforms' own files and the files that list kernels in cpu/.
#ifndef GIEMSA_KERNELS_WINOGRAD_TRANSFORMS_H
#define GIEMSA_KERNELS_WINOGRAD_TRANSFORMS_H

#include "igemm.h"

#define F32_WINOGRAD_MOST_PRODUCTS 9

// A tile along one axis.
typedef struct {
  size_t stride;  // 1 or 2
  size_t size;  // outputs: with stride 1 up to 6, with stride 2 1, 2 or 4
  size_t side;  // inputs, and as many products: size + 2 or 2 · size + 1
  size_t at[F32_WINOGRAD_MOST_PRODUCTS];  // where each product lies, in floats from the first
} f32_winograd_line;

// Transforms one tile's inputs.
//
// x         a pointer for each input pixel, row by row, x_row of them a row; `channels` >= 16 floats are read behind each
// next      the same pointers for the next tile, whose inputs are prefetched
// v         transformed inputs: channel c at v + down->at[row] + across->at[column] + c / 16 · sixteen + c % 16
typedef void (*f32_winograd_input)(
    const f32_winograd_line *down, const f32_winograd_line *across, const void *const *x, const void *const *next,
    size_t x_row, size_t channels, float *v, size_t sixteen);

typedef struct {
  size_t y_row, y_column;  // floats from output row to output row and from pixel to pixel
  size_t residual_row, residual_column;
  float low, high;
} f32_winograd_epilogue;

// One tile's outputs from its products: y = clamp(transformed products + bias + residual). Returns 1 if a transformed product was
// not finite.
//
// products  `outputs` floats at products + down->at[row] + across->at[column]; whole vectors are read
// bias      likewise
// rows, columns  of the tile that lie inside the output, 1 ... size
typedef int (*f32_winograd_output)(
    const f32_winograd_line *down, const f32_winograd_line *across, const float *products, size_t outputs,
    const float *bias, float *y, const float *residual, size_t rows, size_t columns,
    const f32_winograd_epilogue *epilogue);

// Transforms `channels` channels of a panel's filters to weights at the points of the largest tile.
//
// taps      channels × 9 × nr, 3×3 a channel
// w         set by set, set_stride floats apart: channels × nr
typedef void (*f32_winograd_filter)(
    size_t stride, size_t tile, const float *taps, size_t channels, size_t nr, size_t set_stride, float *w);

typedef struct {
  f32_winograd_filter filter;
  f32_winograd_input input;
  f32_winograd_output output;
} f32_winograd_transforms;

#define F32_WINOGRAD_DECLARE(level)                                                                                      \
  void f32_winograd_filter_##level(                                                                                      \
      size_t stride, size_t tile, const float *taps, size_t channels, size_t nr, size_t set_stride, float *w);           \
  void f32_winograd_input_##level(                                                                                       \
      const f32_winograd_line *down, const f32_winograd_line *across, const void *const *x, const void *const *next,   \
      size_t x_row, size_t channels, float *v, size_t sixteen);                                                          \
  int f32_winograd_output_##level(                                                                                       \
      const f32_winograd_line *down, const f32_winograd_line *across, const float *products, size_t outputs,             \
      const float *bias, float *y, const float *residual, size_t rows, size_t columns,                                   \
      const f32_winograd_epilogue *epilogue)

F32_WINOGRAD_DECLARE(portable);

#endif
