#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define NAME u7s8_igemm_4x16_avx2
#define ADD_HIGHS u7s8_add_highs_avx2
#define TARGET X86_TARGET("avx2")
#define MR 4
#define VECTOR __m256i
#define LANES 8
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SPREAD(four) _mm256_set1_epi32(four)
#define SPREAD16(two) _mm256_set1_epi16(two)
#define PAIRS(x, w) _mm256_maddubs_epi16(x, w)
#define ADD16(a, b) _mm256_add_epi16(a, b)
#define WIDEN(sum, pairs) _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones))
#include "convolution/q8/u7s8_igemm_x86.inc"

TARGET size_t u7s8_take_highs(
    uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs) {
  KERNEL_REQUIRE(count % 4 == 0);
  const __m256i flips = _mm256_set1_epi8((char)flip), low = _mm256_set1_epi8(0x7f);
  size_t found = 0, i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i x = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(from + i)), flips);
    _mm256_storeu_si256((__m256i *)(void *)(to + i), _mm256_and_si256(x, low));
    if (_mm256_testz_si256(x, _mm256_set1_epi8((char)0x80))) continue;
    uint32_t bits[8];
    _mm256_storeu_si256((__m256i *)(void *)bits, _mm256_andnot_si256(low, x));
    const __m256i none = _mm256_cmpeq_epi32(_mm256_andnot_si256(low, x), _mm256_setzero_si256());
    unsigned left = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(none)) & 0xff;
    for (; left; left &= left - 1) {
      const unsigned at = (unsigned)__builtin_ctz(left);
      highs[found++] = (q8_high){pixel, (uint16_t)(i / 4 + at), bits[at]};
    }
  }
  for (; i < count; i += 4) {
    uint32_t four;
    memcpy(&four, from + i, 4);
    four ^= flip * 0x01010101u;
    const uint32_t bits = four & 0x80808080u;
    four ^= bits;
    memcpy(to + i, &four, 4);
    if (bits) highs[found++] = (q8_high){pixel, (uint16_t)(i / 4), bits};
  }
  return found;
}
#endif
