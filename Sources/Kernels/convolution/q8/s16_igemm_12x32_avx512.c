#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// s16_igemm_12x32_avx512: for AVX-512 without VNNI, as s16_igemm_6x16_avx2.
#define NAME s16_igemm_12x32_avx512
#define POINTS s16_points_12x32_avx512
#define ZERO _mm512_setzero_si512()
#define TARGET X86_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl")
#define MR 12
#define VECTOR __m512i
#define LANES 16
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define DOT(sum, x, w) _mm512_add_epi32(sum, _mm512_madd_epi16(x, w))
#include "convolution/q8/igemm_x86.inc"
#endif
