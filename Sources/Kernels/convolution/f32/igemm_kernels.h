// How f32_igemm kernels are declared, for the kernels' own files and the files that list them in cpu/.
#ifndef GIEMSA_KERNELS_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_IGEMM_KERNELS_H

#include "igemm.h"

#define F32_IGEMM_DECLARE(name)                                                                             \
  void name(                                                                                                \
      size_t pixels, size_t outputs, size_t taps, size_t channels, const float *const *x, size_t x_offset,  \
      const float *bias, const float *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue)

F32_IGEMM_DECLARE(f32_igemm_4x8_portable);

#define F32_GEMV_DECLARE(name) \
  void name(size_t panels, size_t depth, const float *x, const float *w, size_t panel_step, float *sums)

F32_GEMV_DECLARE(f32_gemv_4x8_portable);

// What every kernel of mr × nr needs, whose vectors of weights are `alignment` bytes.
#define F32_IGEMM_REQUIRE(mr, nr, alignment)                                                                           \
  KERNEL_REQUIRE(1 <= pixels && pixels <= (mr));                                                                       \
  KERNEL_REQUIRE(1 <= outputs && outputs <= (nr));                                                                     \
  KERNEL_REQUIRE(taps >= 1 && channels >= 1);                                                                          \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment));                               \
  KERNEL_REQUIRE(pixels == 1 || epilogue->y_stride >= outputs)

// The epilogue of a panel that is not full: `outputs` sums of one pixel, one by one.
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
