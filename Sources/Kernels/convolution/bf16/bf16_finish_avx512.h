// What the bf16 kernels of AVX-512 share: rounding, and the epilogue. The includer defines TARGET.
#ifndef GIEMSA_KERNELS_BF16_FINISH_AVX512_H
#define GIEMSA_KERNELS_BF16_FINISH_AVX512_H

#include <immintrin.h>

#include "convolution/bf16/bf16_igemm_kernels.h"

#define BF16_INLINE static inline __attribute__((always_inline)) TARGET

BF16_INLINE __mmask16 bf16_mask(size_t outputs, size_t first) {
  if (outputs <= first) return 0;
  return outputs >= first + 16 ? 0xffff : (__mmask16)((1u << (outputs - first)) - 1);
}

// clamp(sums + residual) of 16 outputs.
BF16_INLINE __m512 bf16_finish(__m512 sums, __mmask16 mask, const float *residual, __m512 low, __m512 high) {
  if (residual) sums = _mm512_add_ps(sums, _mm512_maskz_loadu_ps(mask, residual));
  // If an operand is NaN, the instruction returns the second one.
  return _mm512_min_ps(high, _mm512_max_ps(low, sums));
}

#endif
