// The transforms of q8_winograd for AVX-512, for the q8 files only.
#ifndef GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H
#define GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H

#include "q8_igemm_kernels.h"

#if defined(__x86_64__)
// The 36 points of a tile of inputs less their zero point, each `step` bytes from the one before, as 16-bit integers.
//
// pixels   36 pointers to `channels` bytes, u8 or s8
//
// Needs channels >= 32.
void q8_winograd_input_avx512(
    const uint8_t *const *pixels, size_t channels, int is_signed, int zero, char *out, size_t step);

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
