// u8s16_depthwise_avx2: 16 or 32 channels, 16-bit products in pairs by vpmaddwd.
#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma")

// The products of slots 0 and 2, and of 1 and 3, as 16-bit integers: exact, whatever the weights.
#define PAIRS(sum, quads, w)                                                                    \
  CALL(add_epi32)(                                                                              \
      CALL(add_epi32)(sum, CALL(madd_epi16)(SI(and)(quads, CALL(set1_epi32)(0x00ff00ff)), (w)[0])), \
      CALL(madd_epi16)(CALL(srli_epi16)(quads, 8), (w)[1]))

#define KERNEL(outputs) u8s16_depthwise_16_##outputs##_avx2
#define VECTOR __m128i
#define FLOATS __m128
#define CALL(name) _mm_##name
#define SI(name) _mm_##name##_si128
#define LOAD(at) _mm_loadu_si128((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm_storeu_si128((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) PAIRS(sum, quads, w)
#define WEIGHTS (2 * sizeof(VECTOR))
#include "windows/q8_depthwise_x86.inc"

#define KERNEL(outputs) u8s16_depthwise_32_##outputs##_avx2
#define VECTOR __m256i
#define FLOATS __m256
#define CALL(name) _mm256_##name
#define SI(name) _mm256_##name##_si256
#define LOAD(at) _mm256_loadu_si256((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm256_storeu_si256((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) PAIRS(sum, quads, w)
#define WEIGHTS (2 * sizeof(VECTOR))
#include "windows/q8_depthwise_x86.inc"

#endif
