#include "kernel_internals.h"

#include <stdlib.h>

q8_fused *fused_create(
    const q8_epilogue *epilogue, size_t outputs, uint32_t wanted, size_t gap, size_t readable, const uint8_t *residual,
    size_t residual_stride, uint8_t *y, size_t y_stride) {
  q8_fused *fused = aligned_alloc(64, (sizeof *fused + 63) / 64 * 64);
  if (!fused) return NULL;
  q8_fused_set(fused, epilogue);
  fused->outputs = outputs;
  fused->wanted = wanted;
  fused->gap = gap;
  fused->readable = readable;
  fused->residual = residual;
  fused->residual_stride = residual_stride;
  fused->y = y;
  fused->y_stride = y_stride;
  fused->ahead_bytes = 1000;
  fused->ahead = 4096;  // fetched, not read: no such memory need be there
  return fused;
}
