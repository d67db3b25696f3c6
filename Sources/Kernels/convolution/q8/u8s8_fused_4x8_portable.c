#include "convolution/q8/q8_fused_portable.h"

enum { NR = 8 };

// u8s8_fused_4x8_portable: u8s8_igemm_4x8_portable with the epilogue of a q8_fused. The specification of the u8s8_fused kernels.
//
// Needs 1 <= pixels <= 4, taps >= 1, steps >= 1, 1 <= outputs <= 8. Writes exactly pixels × outputs bytes.
void u8s8_fused_4x8_portable(Q8_FUSED_PARAMETERS) {
  Q8_FUSED_REQUIRE(4, 4);
  int32_t sums[4 * NR] __attribute__((aligned(64)));
  u8s8_igemm_4x8_portable(pixels, taps, steps, x, offsets, bias, w, 0, NULL, NULL, sums);
  for (size_t p = 0; p < pixels; p++) q8_fused_store(e, e->outputs, NR, sums + NR * p, (const float *)(bias + NR), p);
}

// u8s8_fused_row_6x8_portable: the same for a row of pixels without taps: the specification of the u8s8_fused_row kernels.
void u8s8_fused_row_6x8_portable(Q8_FUSED_ROW_PARAMETERS) {
  Q8_FUSED_ROW_REQUIRE(4);
  static const ptrdiff_t no_offset[1];
  for (size_t pixel = 0; pixel < tiles * Q8_FUSED_ROW_PIXELS; pixel++) {
    const uint8_t *row = x + pixel * x_stride;
    int32_t sums[NR] __attribute__((aligned(64)));
    u8s8_igemm_4x8_portable(1, 1, steps, &row, no_offset, bias, w, 0, NULL, NULL, sums);
    q8_fused_store(e, e->outputs, NR, sums, (const float *)(bias + NR), pixel);
  }
}
