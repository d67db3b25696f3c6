// The tiles of q8_winograd, and their transforms for AVX-512: for the q8 files only.
#ifndef GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H
#define GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H

#include "q8_igemm_kernels.h"

// A tile at the edge of which two rows or columns of outputs or fewer are left is one of F(2, 3) in that direction: the points
// of that, 0, 1, −1 and ∞, are four of F(4, 3)'s six, and its transformed weights are F(4, 3)'s there but for a factor, which
// goes to the inputs: no weights of their own, 24 or 16 multiplications instead of 36.
//
//   Bᵀ d = 4 (d0 − d2), −3 (d1 + d2), 3 (d1 − d2), d3 − d1    Aᵀ m = m0 + m1 + m2, m1 − m2 + m∞
//
// No value becomes larger than F(4, 3)'s may at that point.
typedef struct {
  int short_rows, short_columns;
} q8_tile_shape;

static inline q8_tile_shape q8_shape_of(size_t rows, size_t columns) { return (q8_tile_shape){rows <= 2, columns <= 2}; }
static inline int q8_short_has(size_t point) { return point < 3 || point == 5; }

#if defined(__x86_64__)
// The 36 points of a tile of inputs less their zero point, each `step` bytes from the one before, as 16-bit integers: those that its
// shape has.
//
// pixels   36 pointers to `channels` bytes, u8 or s8
//
// Needs channels >= 32.
void q8_winograd_input_avx512(
    const uint8_t *const *pixels, size_t channels, int is_signed, int zero, q8_tile_shape shape, char *out, size_t step);

// 32 outputs of `rows` × `columns` (1 to 4 each) pixels of a tile, from its 36 points' sums on.
//
// sums     36 × 32 integers, `step` from point to point
// undo     36 × 32 factors
// scales   32 multipliers and 32 shifts; 64-byte aligned
// e        of the tile's first pixel
void q8_winograd_output_avx512(
    const int32_t *sums, size_t step, const float *undo, const float *scales, size_t rows, size_t columns,
    size_t residual_row, size_t y_row, const q8_fused *e);
#endif

#endif
