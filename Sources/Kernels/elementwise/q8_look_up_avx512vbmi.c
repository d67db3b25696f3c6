// q8_look_up_avx512vbmi: 64 bytes at a time, each half of the table by one permutation of two vectors.
#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

X86_TARGET("avx512f,avx512bw,avx512vbmi")
void q8_look_up_avx512vbmi(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  const __m512i a = _mm512_load_si512(table), b = _mm512_load_si512(table + 64);
  const __m512i c = _mm512_load_si512(table + 128), d = _mm512_load_si512(table + 192);
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    const __m512i value = _mm512_loadu_si512(x + i);
    // The permutations look at the low seven bits.
    const __m512i low = _mm512_permutex2var_epi8(a, value, b), high = _mm512_permutex2var_epi8(c, value, d);
    _mm512_storeu_si512(y + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(value), low, high));
  }
  q8_look_up_portable(table, x + i, y + i, count - i);
}
#endif
