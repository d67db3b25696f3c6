#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// s16_igemm_6x16_avx2: two products in each lane by vpmaddwd, which cannot overflow. vpmaddubsw computes four but saturates.
// Splitting normally distributed weights so that it does not saturate costs more than it saves.
#define NAME s16_igemm_6x16_avx2
#define POINTS s16_points_6x16_avx2
#define ZERO _mm256_setzero_si256()
#define TARGET X86_TARGET("avx2")
#define MR 6
#define VECTOR __m256i
#define LANES 8
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SPREAD(four) _mm256_set1_epi32(four)
#define DOT(sum, x, w) _mm256_add_epi32(sum, _mm256_madd_epi16(x, w))
#include "convolution/q8/igemm_x86.inc"
#endif
