// Transposing square tiles of floats in registers, for the files of layout/ only.
#ifndef GIEMSA_KERNELS_FLOAT_TILES_H
#define GIEMSA_KERNELS_FLOAT_TILES_H

#include <stddef.h>

#include "unroll.h"

typedef float float_line_8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float float_line_16 __attribute__((ext_vector_type(16), aligned(4)));

// y[column][row] = x[row][column] for 8 × 8; strides in floats. The shuffles stay within 16 bytes until the last round, as AVX2's do.
static inline __attribute__((always_inline)) void transpose_8(const float *x, size_t x_stride, float *y, size_t y_stride) {
  float_line_8 a[8], b[8];
  UNROLL for (size_t i = 0; i < 8; i++) a[i] = *(const float_line_8 *)(const void *)(x + i * x_stride);
  UNROLL for (size_t i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  UNROLL for (size_t i = 0; i < 8; i += 4) {
    UNROLL for (size_t j = 0; j < 2; j++) {
      a[i + 2 * j] = __builtin_shufflevector(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[i + 2 * j + 1] = __builtin_shufflevector(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  UNROLL for (size_t i = 0; i < 4; i++) {
    *(float_line_8 *)(void *)(y + i * y_stride) = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(float_line_8 *)(void *)(y + (i + 4) * y_stride) = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// The same for 16 × 16, in four rounds. Each interleaves lines i and i + 8, which rotates the eight bits of a float's index (four of
// its line, four of its column) by one.
static inline __attribute__((always_inline)) void transpose_16(const float *x, size_t x_stride, float *y, size_t y_stride) {
  float_line_16 a[16], b[16];
  UNROLL for (size_t i = 0; i < 16; i++) a[i] = *(const float_line_16 *)(const void *)(x + i * x_stride);
  UNROLL for (int round = 0; round < 4; round++) {
    UNROLL for (size_t i = 0; i < 8; i++) {
      b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    UNROLL for (size_t i = 0; i < 16; i++) a[i] = b[i];
  }
  UNROLL for (size_t i = 0; i < 16; i++) *(float_line_16 *)(void *)(y + i * y_stride) = a[i];
}

#endif
