#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define NAME u7s8_igemm_8x32_avx512
#define ADD_HIGHS u7s8_add_highs_avx512
#define TARGET X86_TARGET("avx512f,avx512bw")
#define MR 8
#define VECTOR __m512i
#define LANES 16
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define SPREAD16(two) _mm512_set1_epi16(two)
#define PAIRS(x, w) _mm512_maddubs_epi16(x, w)
#define ADD16(a, b) _mm512_add_epi16(a, b)
#define WIDEN(sum, pairs) _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, ones))
#include "convolution/q8/u7s8_igemm_x86.inc"
#endif
