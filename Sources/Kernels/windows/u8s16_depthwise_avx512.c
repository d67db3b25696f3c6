// u8s16_depthwise_avx512: 64 channels, 16-bit products in pairs by vpmaddwd.
#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")

// The products of slots 0 and 2, and of 1 and 3, as 16-bit integers: exact, whatever the weights.
#define PAIRS(sum, quads, w)                                                                    \
  CALL(add_epi32)(                                                                              \
      CALL(add_epi32)(sum, CALL(madd_epi16)(SI(and)(quads, CALL(set1_epi32)(0x00ff00ff)), (w)[0])), \
      CALL(madd_epi16)(CALL(srli_epi16)(quads, 8), (w)[1]))

#define KERNEL(outputs) u8s16_depthwise_64_##outputs##_avx512
#define VECTOR __m512i
#define FLOATS __m512
#define CALL(name) _mm512_##name
#define SI(name) _mm512_##name##_si512
#define LOAD(at) _mm512_loadu_si512((const void *)(at))
#define STORE(at, value) _mm512_storeu_si512((void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) PAIRS(sum, quads, w)
#define WEIGHTS (2 * sizeof(VECTOR))
#include "windows/q8_depthwise_x86.inc"

#endif
