// u8s8_depthwise_avxvnni: 16 or 32 channels, four products a lane by vpdpbusd.
#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma,avxvnni")

#define KERNEL(outputs) u8s8_depthwise_16_##outputs##_avxvnni
#define VECTOR __m128i
#define FLOATS __m128
#define CALL(name) _mm_##name
#define SI(name) _mm_##name##_si128
#define LOAD(at) _mm_loadu_si128((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm_storeu_si128((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) _mm_dpbusd_avx_epi32(sum, quads, *(w))
#define WEIGHTS sizeof(VECTOR)
#include "windows/q8_depthwise_x86.inc"

#define KERNEL(outputs) u8s8_depthwise_32_##outputs##_avxvnni
#define VECTOR __m256i
#define FLOATS __m256
#define CALL(name) _mm256_##name
#define SI(name) _mm256_##name##_si256
#define LOAD(at) _mm256_loadu_si256((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm256_storeu_si256((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) _mm256_dpbusd_avx_epi32(sum, quads, *(w))
#define WEIGHTS sizeof(VECTOR)
#include "windows/q8_depthwise_x86.inc"

#endif
