// The igemm kernels there are, for igemm.c and the kernels' own files only.
#ifndef GIEMSA_KERNELS_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_IGEMM_KERNELS_H

#include "igemm.h"

#define F32_IGEMM_DECLARE(name)                                                                             \
  void name(                                                                                                \
      size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,  \
      const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue)

F32_IGEMM_DECLARE(f32_igemm_4x8_portable);
#if defined(__x86_64__)
F32_IGEMM_DECLARE(f32_igemm_6x16_avx2);
F32_IGEMM_DECLARE(f32_igemm_12x32_avx512);
#endif
#if defined(__aarch64__)
F32_IGEMM_DECLARE(f32_igemm_8x8_neon);
#endif

// The last panel of a layer: `outputs` sums of one pixel, one by one.
static inline void f32_igemm_finish(
    const float *sums, size_t outputs, float *y, const float *residual, const f32_igemm_epilogue *epilogue) {
  for (size_t i = 0; i < outputs; i++) {
    float value = residual ? sums[i] + residual[i] : sums[i];
    // Written so that a NaN fails every comparison and stays.
    if (value < epilogue->low) value = epilogue->low;
    if (value > epilogue->high) value = epilogue->high;
    y[i] = value;
  }
}

#endif
