// What follows 32 sums of each of some pixels, in registers: for the files of AVX-512 kernels only, which define TARGET.
#ifndef GIEMSA_KERNELS_Q8_FINISH_AVX512_H
#define GIEMSA_KERNELS_Q8_FINISH_AVX512_H

#include <immintrin.h>

#include "q8_igemm_kernels.h"

#define Q8_INLINE static inline __attribute__((always_inline)) TARGET

// 16 outputs before they are rounded to y's grid: from sums, the panel's multipliers and shifts, and, with a sum, the residual.
Q8_INLINE __m512 q8_scaled_avx512(const q8_fused *e, __m512 sums, __m512 multipliers, __m512 shifts, const uint8_t *residual, __mmask16 mask) {
  __m512 value = _mm512_fmadd_ps(sums, multipliers, shifts);
  if (residual) {
    value = _mm512_min_ps(_mm512_max_ps(value, _mm512_set1_ps(e->t_low)), _mm512_set1_ps(e->t_high));
    value = _mm512_roundscale_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m128i bytes = _mm_maskz_loadu_epi8(mask, residual);
    const __m512i r = e->residual_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
    const __m512 other =
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(r), _mm512_set1_ps(e->residual_multiplier), _mm512_set1_ps(e->residual_shift));
    value = _mm512_fmadd_ps(value, _mm512_set1_ps(e->t_multiplier), other);
  }
  return value;
}

// Two values' integers as 16 bits: lane by lane, four of the first and four of the second. What is too large for an integer
// must not become the smallest.
Q8_INLINE __m512i q8_rounded_avx512(__m512 first, __m512 second, __m512i zero) {
  const __m512 most = _mm512_set1_ps(32767);
  const __m512i words =
      _mm512_packs_epi32(_mm512_cvtps_epi32(_mm512_min_ps(first, most)), _mm512_cvtps_epi32(_mm512_min_ps(second, most)));
  return _mm512_adds_epi16(words, zero);
}

// Stores 32 outputs of each of two pixels, `first` and `second` of the first, `third` and `fourth` of the second.
Q8_INLINE void q8_store_avx512(
    const q8_fused *e, __m512 first, __m512 second, __m512 third, __m512 fourth, __mmask32 mask, uint8_t *y0, uint8_t *y1) {
  const __m512i zero = _mm512_set1_epi16(e->y_zero), low = _mm512_set1_epi8(e->low), high = _mm512_set1_epi8(e->high);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i words0 = q8_rounded_avx512(first, second, zero), words1 = q8_rounded_avx512(third, fourth, zero);
  __m512i bytes;
  if (e->y_signed) {
    bytes = _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(words0, words1), low), high);
  } else {
    bytes = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(words0, words1), low), high);
  }
  bytes = _mm512_permutexvar_epi32(order, bytes);
  _mm256_mask_storeu_epi8(y0, mask, _mm512_castsi512_si256(bytes));
  _mm256_mask_storeu_epi8(y1, mask, _mm512_extracti64x4_epi64(bytes, 1));
}

#endif
