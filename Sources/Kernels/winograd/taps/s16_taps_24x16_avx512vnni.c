#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// s16_taps_24x16_avx512vnni: 8-bit taps and 16-bit inputs, two channels a step by vpdpwssd. See winograd_taps.h.
#define NAME s16_taps_24x16_avx512vnni
// Tuned for a processor with a fast vpdpwssd; otherwise the compiler replaces it by two instructions.
#define TARGET X86_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,tune=znver4")
#define VECTOR __m512i
#define TAP int8_t
#define NUMBER int32_t
#define STEP 32
#define ZERO _mm512_setzero_si512()
#define LOAD(p) _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(const void *)(p)))
#define STORE(p, v) _mm512_storeu_si512(p, v)
#define ADD(a, b) _mm512_add_epi16(a, b)
#define SUB(a, b) _mm512_sub_epi16(a, b)
#define ADD_FOUR_TIMES(row, a, b) _mm512_add_epi16(a, _mm512_slli_epi16(b, 2))
#define DOT(sum, x, weights) _mm512_dpwssd_epi32(sum, spread(x), weights)

static inline __attribute__((always_inline)) TARGET __m512i spread(const char *x) {
  int32_t pair;
  memcpy(&pair, x, 4);
  return _mm512_set1_epi32(pair);
}
#include "winograd/taps/winograd_taps_avx512.inc"
#endif
