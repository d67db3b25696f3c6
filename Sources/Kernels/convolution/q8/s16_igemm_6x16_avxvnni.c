#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// s16_igemm_6x16_avxvnni: two products in each lane by vpdpwssd, for transformed inputs.
#define NAME s16_igemm_6x16_avxvnni
#define POINTS s16_points_6x16_avxvnni
#define ZERO _mm256_setzero_si256()
// Tuned for a processor with a fast vpdpwssd; otherwise the compiler replaces it by two instructions.
#define TARGET X86_TARGET("avx2,avxvnni,tune=znver4")
#define MR 6
#define VECTOR __m256i
#define LANES 8
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SPREAD(four) _mm256_set1_epi32(four)
#define DOT(sum, x, w) _mm256_dpwssd_avx_epi32(sum, x, w)
#include "convolution/q8/igemm_x86.inc"
#endif
