// The epilogue of 32 sums of a pixel, in registers; for the files of AVX-512 kernels only, which define TARGET.
//
// Instructions are chosen that run beside multiplications on a Zen 4.
#ifndef GIEMSA_KERNELS_Q8_FINISH_AVX512_H
#define GIEMSA_KERNELS_Q8_FINISH_AVX512_H

#include <immintrin.h>

#include "convolution/q8/q8_igemm_kernels.h"

#define Q8_INLINE static inline __attribute__((always_inline)) TARGET

// The variants of an epilogue. WHOLE: y is u8 with zero point 0 and its whole range, as behind a Relu. Then saturating packs are
// all that remains to do.
typedef enum {
  Q8_NO_RESIDUAL,
  Q8_UNSIGNED_RESIDUAL,
  Q8_SIGNED_RESIDUAL,
  Q8_WHOLE = 4,
  Q8_NO_RESIDUAL_WHOLE = Q8_NO_RESIDUAL | Q8_WHOLE,
  Q8_UNSIGNED_RESIDUAL_WHOLE = Q8_UNSIGNED_RESIDUAL | Q8_WHOLE
} q8_finish_kind;

// DO(kind) with the variant of `e`.
#define Q8_EACH_KIND(e, DO)                                                                                             \
  switch (!(e)->residual ? Q8_NO_RESIDUAL : (e)->residual_signed ? Q8_SIGNED_RESIDUAL : Q8_UNSIGNED_RESIDUAL) {         \
    case Q8_SIGNED_RESIDUAL: DO(Q8_SIGNED_RESIDUAL) break;                                                              \
    case Q8_UNSIGNED_RESIDUAL:                                                                                          \
      if ((e)->whole) {                                                                                                 \
        DO(Q8_UNSIGNED_RESIDUAL_WHOLE)                                                                                  \
      } else {                                                                                                          \
        DO(Q8_UNSIGNED_RESIDUAL)                                                                                        \
      }                                                                                                                 \
      break;                                                                                                            \
    default:                                                                                                            \
      if ((e)->whole) {                                                                                                 \
        DO(Q8_NO_RESIDUAL_WHOLE)                                                                                        \
      } else {                                                                                                          \
        DO(Q8_NO_RESIDUAL)                                                                                              \
      }                                                                                                                 \
  }

Q8_INLINE int q8_has_residual(q8_finish_kind kind) { return (kind & ~Q8_WHOLE) != Q8_NO_RESIDUAL; }

// Rounds to the nearest integer. Values outside the range of integers become the largest or the smallest one, NaN the smallest.
Q8_INLINE __m512i q8_integers_avx512(__m512 value) {
  // If an operand is NaN, the instruction returns the second one.
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(2147483520.0f), value));
}

// 16 outputs on y's grid, as integers, or with a residual on t's, less its zero point, as floats. `value` is a sum as float.
Q8_INLINE __m512i q8_scaled_avx512(const q8_fused *e, __m512 value, __m512 multipliers, __m512 shifts, q8_finish_kind kind) {
  const __m512 exact = _mm512_fmadd_ps(value, multipliers, shifts);
  if (!q8_has_residual(kind)) return q8_integers_avx512(exact);
  const __m512 t = _mm512_roundscale_ps(exact, _MM_FROUND_TO_NEAREST_INT);
  return _mm512_castps_si512(_mm512_min_ps(_mm512_max_ps(t, _mm512_load_ps(e->t_low)), _mm512_load_ps(e->t_high)));
}

// What q8_scaled made for a kind with a residual, with 16 of those added: on y's grid.
Q8_INLINE __m512i q8_sum_avx512(const q8_fused *e, __m512i scaled, q8_finish_kind kind, __m128i bytes) {
  const __m512 t = _mm512_castsi512_ps(scaled);
  const __m512i r = kind == Q8_SIGNED_RESIDUAL ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
  const __m512 other =
      _mm512_fmadd_ps(_mm512_cvtepi32_ps(r), _mm512_load_ps(e->residual_multiplier), _mm512_load_ps(e->residual_shift));
  // No NaN, and within the range of integers: q8_fusible.
  return _mm512_cvtps_epi32(_mm512_fmadd_ps(t, _mm512_load_ps(e->t_multiplier), other));
}

// What q8_scaled made, with the 16 residuals at `residual` + `offset` added, if there are any: on y's grid.
Q8_INLINE __m512i q8_added_avx512(
    const q8_fused *e, __m512i scaled, q8_finish_kind kind, const uint8_t *residual, size_t offset) {
  if (!q8_has_residual(kind)) return scaled;
  return q8_sum_avx512(e, scaled, kind, _mm_loadu_si128((const __m128i *)(const void *)(residual + offset)));
}

// Integers as words, on y's grid with its zero point.
Q8_INLINE __m512i q8_words_avx512(const q8_fused *e, __m512i first, __m512i second, q8_finish_kind kind) {
  const __m512i words = _mm512_packs_epi32(first, second);
  return kind & Q8_WHOLE ? words : _mm512_adds_epi16(words, _mm512_load_si512(e->y_zero));
}

// The 32 outputs of a pixel.
Q8_INLINE __m256i q8_bytes_avx512(const q8_fused *e, __m512i first, __m512i second, q8_finish_kind kind) {
  const __m512i words = q8_words_avx512(e, first, second, kind);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 4, 8, 12, 1, 5, 9, 13);
  __m256i bytes = _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, _mm512_packus_epi16(words, words)));
  if (!(kind & Q8_WHOLE)) {
    bytes = _mm256_max_epu8(bytes, _mm256_load_si256((const __m256i *)(const void *)e->low));
    bytes = _mm256_min_epu8(bytes, _mm256_load_si256((const __m256i *)(const void *)e->high));
    bytes = _mm256_xor_si256(bytes, _mm256_load_si256((const __m256i *)(const void *)e->flip));
  }
  return bytes;
}

// Stores the 32 outputs of a pixel.
Q8_INLINE void q8_store_avx512(const q8_fused *e, __m512i first, __m512i second, uint8_t *y, q8_finish_kind kind) {
  _mm256_storeu_si256((__m256i *)(void *)y, q8_bytes_avx512(e, first, second, kind));
}

// Stores `stored` of 16 outputs of each of the first `count` (1 to 4) of four pixels.
Q8_INLINE void q8_store_four_avx512(
    const q8_fused *e, const __m512i *integers, size_t count, __mmask16 stored, uint8_t *y, q8_finish_kind kind) {
  const __m512i words0 = q8_words_avx512(e, integers[0], integers[1], kind);
  const __m512i words1 = q8_words_avx512(e, integers[2], integers[3], kind);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(words0, words1));
  if (!(kind & Q8_WHOLE)) {
    bytes = _mm512_max_epu8(bytes, _mm512_load_si512(e->low));
    bytes = _mm512_min_epu8(bytes, _mm512_load_si512(e->high));
    bytes = _mm512_xor_si512(bytes, _mm512_load_si512(e->flip));
  }
  _mm_mask_storeu_epi8(y, stored, _mm512_castsi512_si128(bytes));
  if (count > 1) _mm_mask_storeu_epi8(y + e->y_stride, stored, _mm512_extracti32x4_epi32(bytes, 1));
  if (count > 2) _mm_mask_storeu_epi8(y + 2 * e->y_stride, stored, _mm512_extracti32x4_epi32(bytes, 2));
  if (count > 3) _mm_mask_storeu_epi8(y + 3 * e->y_stride, stored, _mm512_extracti32x4_epi32(bytes, 3));
}

#endif
