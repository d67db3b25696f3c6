#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_6x16_avxvnni: four products in each lane by vpdpbusd. 12 accumulators + 2 weights + 1 of x = 15 of 16 registers.
#define NAME u8s8_igemm_6x16_avxvnni
#define TARGET X86_TARGET("avx2,avxvnni")
#define MR 6
#define VECTOR __m256i
#define LANES 8
#define LOAD(p) _mm256_load_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_store_si256((__m256i *)(void *)(p), v)
#define SPREAD(four) _mm256_set1_epi32(four)
#define DOT(sum, x, w) _mm256_dpbusd_avx_epi32(sum, x, w)
#include "convolution/q8/igemm_x86.inc"
#endif
