// The transform of taps to weights at the 36 points, in plain C, for the q8_winograd files.
//
// TRANSFORM_TAPS(name, TYPE, FROM, WIDTH) makes the loop `name` for WIDTH outputs at a time: TYPE is a vector of 16-bit integers,
// FROM of those or of bytes.
#ifndef GIEMSA_KERNELS_Q8_WINOGRAD_TAPS_H
#define GIEMSA_KERNELS_Q8_WINOGRAD_TAPS_H

#include "cpu/multiversion.h"
#include "winograd/q8/q8_winograd_transforms.h"

// V g along the columns, then along the rows.
#define TRANSFORM_TAPS(name, TYPE, FROM, WIDTH)                                                                    \
  static inline __attribute__((always_inline)) void name##_line(const TYPE *g, size_t step, TYPE *out, size_t out_step) { \
    const TYPE sum = g[0] + g[2 * step], far = g[0] + (g[2 * step] << 2), twice = g[step] << 1;                     \
    out[0] = g[0];                                                                                                 \
    out[out_step] = sum + g[step];                                                                                 \
    out[2 * out_step] = sum - g[step];                                                                             \
    out[3 * out_step] = far + twice;                                                                               \
    out[4 * out_step] = far - twice;                                                                               \
    out[5 * out_step] = g[2 * step];                                                                               \
  }                                                                                                                \
  KERNEL_BODY name##_body(const char *taps, size_t steps, size_t unit, int16_t *points, size_t stride) {            \
    const size_t element = sizeof(FROM) / WIDTH;                                                                   \
    for (size_t step = 0; step < steps; step++, taps += 9 * unit * element)                                        \
      for (size_t at = 0; at < unit; at += WIDTH) {                                                                \
        TYPE g[9], half[3 * Q8_REACH];                                                                             \
        for (size_t tap = 0; tap < 9; tap++)                                                                       \
          g[tap] = __builtin_convertvector(*(const FROM *)(const void *)(taps + (tap * unit + at) * element), TYPE); \
        for (size_t column = 0; column < 3; column++) name##_line(g + column, 3, half + column, 3);                \
        for (size_t row = 0; row < Q8_REACH; row++) {                                                              \
          TYPE line[Q8_REACH];                                                                                     \
          name##_line(half + 3 * row, 1, line, 1);                                                                 \
          for (size_t i = 0; i < Q8_REACH; i++)                                                                    \
            *(TYPE *)(void *)(points + (Q8_REACH * row + i) * stride + step * unit + at) = line[i];                \
        }                                                                                                          \
      }                                                                                                            \
  }                                                                                                                \
  MULTIVERSION(                                                                                                    \
      name, (const char *taps, size_t steps, size_t unit, int16_t *points, size_t stride),                         \
      (taps, steps, unit, points, stride))

#endif
