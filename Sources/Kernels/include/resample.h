// Resizing 8-bit pictures along one axis with fixed-point weights.
#ifndef GIEMSA_KERNELS_RESAMPLE_H
#define GIEMSA_KERNELS_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

#define RESAMPLE_PRECISION 22  // bits of a weight: 32 less 8 for the value and 2 for the sum's headroom

// Output i = Σ weights[i · stride + t] · input first[i] + t over count[i] taps, rounded and kept within 0 ... 255. Weights
// are in units of 2⁻²²; those of an output sum to about one.
typedef struct {
  size_t outputs, stride;
  const int32_t *first, *count, *weights;
} resample_taps;

// Along rows of `width` RGB pixels: x [rows][width][3] → y [rows][outputs][3].
void u8_resample_across(kernels_level level, const resample_taps *taps, size_t rows, size_t width, const uint8_t *x, uint8_t *y);

// Across rows of `bytes` bytes: x [inputs][bytes] → y [outputs][bytes].
void u8_resample_down(kernels_level level, const resample_taps *taps, size_t bytes, const uint8_t *x, uint8_t *y);

#endif
