#include "convolution/f32/igemm_kernels.h"

// f32_igemm_4x8_portable: y[pixel][output] = clamp(bias + sum over taps and channels of x · w, + residual)
// for up to 4 output pixels and up to 8 outputs: the specification of the family, in plain C.
//
// x         taps × 4 row pointers into NHWC activations; a tap that falls on padding points at zeros
// bias, w   of one panel: 8 biases, taps × channels × 8 weights
//
// Needs 1 <= pixels <= 4, 1 <= outputs <= 8, taps >= 1, channels >= 1. Reads exactly `channels` floats behind each
// pointer; writes exactly pixels × outputs floats.
void f32_igemm_4x8_portable(
    size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,
    const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  F32_IGEMM_REQUIRE(4, 8, 4);
  float sum[4][8];
  for (size_t p = 0; p < 4; p++)
    for (size_t o = 0; o < 8; o++) sum[p][o] = bias[o];
  for (size_t tap = 0; tap < taps; tap++) {
    // Rows beyond `pixels` repeat the first one. Their sums are discarded, which is faster than a test.
    const float *row[4];
    for (size_t p = 0; p < 4; p++) row[p] = x[p < pixels ? p : 0] + x_offset;
    x += 4;
    for (size_t c = 0; c < channels; c++) {
      for (size_t p = 0; p < 4; p++)
        for (size_t o = 0; o < 8; o++) sum[p][o] += row[p][c] * w[o];
      w += 8;
    }
  }
  for (size_t p = 0; p < pixels; p++) {
    f32_igemm_finish(sum[p], outputs, y, residual, epilogue);
    y += epilogue->y_stride;
    if (residual) residual += epilogue->residual_stride;
  }
}
