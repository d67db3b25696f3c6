#include "q8_igemm_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_6x16_avx2: four products a lane by vpmaddubsw and vpmaddwd. The weights keep to Q8_PAIRS_OF_NEIGHBOURS, so
// that the 16-bit sums of vpmaddubsw never saturate.
#define NAME u8s8_igemm_6x16_avx2
#define TARGET __attribute__((target("avx2")))
#define MR 6
#define VECTOR __m256i
#define LANES 8
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SPREAD(four) _mm256_set1_epi32(four)
#define DOT(sum, x, w) _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)))
#include "u8s8_igemm_x86.inc"
#endif
