#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// s16_igemm_12x32_avx512vnni: two products in each lane by vpdpwssd, for transformed inputs.
#define NAME s16_igemm_12x32_avx512vnni
#define POINTS s16_points_12x32_avx512vnni
#define ZERO _mm512_setzero_si512()
// Tuned for a processor with a fast vpdpwssd; otherwise the compiler replaces it by two instructions.
#define TARGET X86_TARGET("avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,tune=znver4")
#define MR 12
#define VECTOR __m512i
#define LANES 16
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define DOT(sum, x, w) _mm512_dpwssd_epi32(sum, x, w)
#include "convolution/q8/igemm_x86.inc"
#endif
