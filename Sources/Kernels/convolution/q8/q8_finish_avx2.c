#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma")
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE __m256 clamp(__m256 value, __m256 low, __m256 high) { return _mm256_min_ps(_mm256_max_ps(value, low), high); }

// What an epilogue does to eight outputs, before rounding.
typedef struct {
  __m256 low, high, t_low, t_high, t_multiplier, residual_multiplier;
  __m256i residual_zero;
} constants;

INLINE __m256 scaled(__m256 value, __m256 multiplier, __m256 shift, const constants *k, int intermediate, int residual, __m128i r) {
  value = _mm256_fmadd_ps(value, multiplier, shift);
  if (intermediate) {
    value = clamp(value, k->t_low, k->t_high);
    value = _mm256_mul_ps(_mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), k->t_multiplier);
  }
  if (residual) {
    const __m256i centred = _mm256_sub_epi32(_mm256_cvtepu8_epi32(r), k->residual_zero);
    value = _mm256_fmadd_ps(_mm256_cvtepi32_ps(centred), k->residual_multiplier, value);
  }
  return clamp(value, k->low, k->high);
}

INLINE void finish(
    const q8_epilogue *e, int sums_float, int intermediate, int with_residual, size_t pixels, size_t outputs,
    const char *sums, size_t sums_stride, const float *multipliers, const float *shifts, const uint8_t *residual,
    size_t residual_stride, uint8_t *y, size_t y_stride) {
  const int flip = e->residual_signed ? 0x80 : 0;
  const constants k = {
      .low = _mm256_set1_ps((float)(e->low - e->y_zero)),
      .high = _mm256_set1_ps((float)(e->high - e->y_zero)),
      .t_low = _mm256_set1_ps((float)(e->t_low - e->t_zero)),
      .t_high = _mm256_set1_ps((float)(e->t_high - e->t_zero)),
      .t_multiplier = _mm256_set1_ps(e->t_multiplier),
      .residual_multiplier = _mm256_set1_ps(e->residual_multiplier),
      .residual_zero = _mm256_set1_epi32(e->residual_zero + flip)};
  const __m256i zero = _mm256_set1_epi32(e->y_zero), byte = _mm256_set1_epi16(0xff);
  const __m128i flips = _mm_set1_epi8((char)flip);
  for (size_t o = 0; o < outputs; o += 16) {
    const __m256 multiplier0 = _mm256_loadu_ps(multipliers + o), multiplier1 = _mm256_loadu_ps(multipliers + o + 8);
    const __m256 shift0 = _mm256_loadu_ps(shifts + o), shift1 = _mm256_loadu_ps(shifts + o + 8);
    for (size_t p = 0; p < pixels; p++) {
      const void *at = sums + (p * sums_stride + o) * 4;
      __m256 value0, value1;
      if (sums_float) {
        value0 = _mm256_loadu_ps(at);
        value1 = _mm256_loadu_ps((const float *)at + 8);
      } else {
        value0 = _mm256_cvtepi32_ps(_mm256_loadu_si256(at));
        value1 = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)at + 1));
      }
      __m128i r = _mm_setzero_si128();
      if (with_residual)
        r = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(residual + p * residual_stride + o)), flips);
      value0 = scaled(value0, multiplier0, shift0, &k, intermediate, with_residual, r);
      value1 = scaled(value1, multiplier1, shift1, &k, intermediate, with_residual, _mm_srli_si128(r, 8));
      // Halves to even: the processor's mode. Only the low byte of each integer counts.
      const __m256i whole0 = _mm256_add_epi32(_mm256_cvtps_epi32(value0), zero);
      const __m256i whole1 = _mm256_add_epi32(_mm256_cvtps_epi32(value1), zero);
      const __m256i words = _mm256_permute4x64_epi64(_mm256_and_si256(_mm256_packs_epi32(whole0, whole1), byte), 0xd8);
      const __m128i out = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
      _mm_storeu_si128((__m128i *)(void *)(y + p * y_stride + o), out);
    }
  }
}

#define CASE(n)                                                                                                            \
  case n:                                                                                                                  \
    finish(e, n & 1, n >> 1 & 1, n >> 2, pixels, outputs, sums, sums_stride, multipliers, shifts, residual,                \
           residual_stride, y, y_stride);                                                                                  \
    break;

// Outputs in whole sixteens and 8-bit y; all else is q8_finish_portable's.
TARGET void q8_finish_avx2(Q8_FINISH_PARAMETERS) {
  Q8_FINISH_REQUIRE();
  const q8_epilogue *e = epilogue;
  if (outputs % 16 != 0 || e->float_output) {
    q8_finish_portable(
        level, e, pixels, outputs, sums, sums_float, sums_stride, multipliers, shifts, residual, residual_stride, y, y_stride);
    return;
  }
  switch ((sums_float != 0) | (e->intermediate != 0) << 1 | (residual != NULL) << 2) {
    CASE(0) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
  }
}
#endif
