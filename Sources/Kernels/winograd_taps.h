// Winograd's products of few tiles straight from a filter's taps, for the winograd files only: weights are transformed in
// registers, in the shadow of the multiplications (those and additions have pipes of their own), and never stored.
//
// One line of F(4, 3)'s points at a time, for 16 outputs of up to four tiles; V and Bᵀ as in q8_winograd_transforms.h.
#ifndef GIEMSA_KERNELS_WINOGRAD_TAPS_H
#define GIEMSA_KERNELS_WINOGRAD_TAPS_H

#include <stddef.h>
#include <stdint.h>

enum {
  TAPS_TILES = 4,  // of a group that is multiplied together
  TAPS_POINTS = 6,  // of a line
  TAPS_OUTPUTS = 16,
  TAPS_BLOCK_BYTES = TAPS_POINTS * TAPS_TILES * 64  // of a line's transformed inputs: 64 bytes of channels of each
};

// row      the line, 0 ... 5
// tiles    that have the line; `threes` of them have the point 3 in it, `fours` the point 4; those that have more come first
// blocks   of 64 bytes of channels: 16 floats, 32 integers
// x        [blocks][6 points][4 tiles][channels] transformed inputs
// taps     [channels, or pairs of integers][9][16 outputs], aligned like a line's 16
// ahead    ahead_step bytes a step are fetched from here on
// sums     where each of four tiles' sums go, 16 a point, points `sums_step` numbers apart; NULL for one that is not there
#define TAPS_PARAMETERS(tap, number)                                                                                    \
  size_t blocks, const char *x, const tap *taps, const char *ahead, size_t ahead_step, number *const *sums, \
      size_t sums_step

typedef void (*f32_taps_kernel)(
    size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(float, float));
typedef void (*s16_taps_kernel)(
    size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(int8_t, int32_t));

#if defined(__x86_64__)
void f32_taps_16x24_avx512(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(float, float));
void s16_taps_16x24_avx512vnni(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(int8_t, int32_t));
#endif

#endif
