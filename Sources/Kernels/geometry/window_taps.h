// Which taps of a window count, for the kernels that move one over padded planes.
#ifndef GIEMSA_KERNELS_WINDOW_TAPS_H
#define GIEMSA_KERNELS_WINDOW_TAPS_H

#include <stddef.h>

#include "geometry/sizes.h"

// The taps [*first, *end) of the window at `output` that lie inside 0 ..< input.
static inline void taps_inside(
    size_t output, size_t stride, size_t pad, size_t dilation, size_t kernel, size_t input, size_t *first, size_t *end) {
  const ptrdiff_t start = (ptrdiff_t)(output * stride) - (ptrdiff_t)pad;
  *first = start >= 0 ? 0 : (size_t)((ptrdiff_t)dilation - 1 - start) / dilation;
  *end = start >= (ptrdiff_t)input ? 0 : smaller(kernel, (size_t)((ptrdiff_t)input - 1 - start) / dilation + 1);
  if (*end < *first) *end = *first;
}

// How many taps of the window at `output` lie inside the input or its padding.
static inline size_t taps_padded(
    size_t output, size_t stride, size_t pad, size_t dilation, size_t kernel, size_t input, size_t pad_after) {
  const ptrdiff_t room = (ptrdiff_t)(input + pad_after) - ((ptrdiff_t)(output * stride) - (ptrdiff_t)pad);
  return room <= 0 ? 0 : smaller(kernel, (size_t)(room - 1) / dilation + 1);
}

#endif
