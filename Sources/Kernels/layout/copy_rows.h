#ifndef GIEMSA_KERNELS_COPY_ROWS_H
#define GIEMSA_KERNELS_COPY_ROWS_H

#include <stddef.h>
#include <string.h>

// Copies `rows` rows of `bytes` bytes. For the lengths that pixels usually have, a row is a few moves instead of a call.
static inline void copy_rows(char *y, size_t y_step, const char *x, size_t x_step, size_t bytes, size_t rows) {
#define COPY_ROWS_OF(length) \
  case length:               \
    for (size_t row = 0; row < rows; row++) memcpy(y + row * y_step, x + row * x_step, length); \
    break;
  switch (bytes) {
    COPY_ROWS_OF(16)
    COPY_ROWS_OF(32)
    COPY_ROWS_OF(64)
    COPY_ROWS_OF(128)
    COPY_ROWS_OF(256)
    default:
      for (size_t row = 0; row < rows; row++) memcpy(y + row * y_step, x + row * x_step, bytes);
  }
}

#endif
