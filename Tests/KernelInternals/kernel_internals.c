#include "kernel_internals.h"

#include <stdlib.h>

q8_fused *fused_create(
    const q8_epilogue *epilogue, const uint8_t *residual, size_t residual_stride, uint8_t *y, size_t y_stride) {
  q8_fused *fused = aligned_alloc(64, (sizeof *fused + 63) / 64 * 64);
  if (!fused) return NULL;
  q8_fused_set(fused, epilogue);
  fused->residual = residual;
  fused->residual_stride = residual_stride;
  fused->y = y;
  fused->y_stride = y_stride;
  fused->ahead = 4096;  // fetched, not read: no such memory need be there
  return fused;
}
