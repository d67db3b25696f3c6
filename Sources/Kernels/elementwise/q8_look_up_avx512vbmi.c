// q8_look_up_avx512vbmi: 64 bytes at a time, each half of the table by one permutation of two vectors.
#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

X86_TARGET("avx512f,avx512bw,avx512vbmi")
void q8_look_up_avx512vbmi(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  const __m512i a = _mm512_load_si512(table), b = _mm512_load_si512(table + 64);
  const __m512i c = _mm512_load_si512(table + 128), d = _mm512_load_si512(table + 192);
  for (size_t i = 0; i < count; i += 64) {
    const __mmask64 rest = count - i < 64 ? ((__mmask64)1 << (count - i)) - 1 : ~(__mmask64)0;
    const __m512i value = _mm512_maskz_loadu_epi8(rest, x + i);
    // The permutations look at the low seven bits.
    const __m512i low = _mm512_permutex2var_epi8(a, value, b), high = _mm512_permutex2var_epi8(c, value, d);
    _mm512_mask_storeu_epi8(y + i, rest, _mm512_mask_blend_epi8(_mm512_movepi8_mask(value), low, high));
  }
}
#endif
