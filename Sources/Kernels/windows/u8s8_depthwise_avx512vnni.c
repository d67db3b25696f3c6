// u8s8_depthwise_avx512vnni: 16, 32 or 64 channels, four products a lane by vpdpbusd.
#include "cpu/x86/kernels.h"
#include "unroll.h"

#if defined(KERNELS_X86)
#include <immintrin.h>

#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define KERNEL(outputs) u8s8_depthwise_16_##outputs##_avx512vnni
#define VECTOR __m128i
#define FLOATS __m128
#define CALL(name) _mm_##name
#define SI(name) _mm_##name##_si128
#define LOAD(at) _mm_loadu_si128((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm_storeu_si128((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) CALL(dpbusd_epi32)(sum, quads, *(w))
#define WEIGHTS sizeof(VECTOR)
#include "windows/q8_depthwise_x86.inc"

#define KERNEL(outputs) u8s8_depthwise_32_##outputs##_avx512vnni
#define VECTOR __m256i
#define FLOATS __m256
#define CALL(name) _mm256_##name
#define SI(name) _mm256_##name##_si256
#define LOAD(at) _mm256_loadu_si256((const VECTOR *)(const void *)(at))
#define STORE(at, value) _mm256_storeu_si256((VECTOR *)(void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) CALL(dpbusd_epi32)(sum, quads, *(w))
#define WEIGHTS sizeof(VECTOR)
#include "windows/q8_depthwise_x86.inc"

#define KERNEL(outputs) u8s8_depthwise_64_##outputs##_avx512vnni
#define VECTOR __m512i
#define FLOATS __m512
#define CALL(name) _mm512_##name
#define SI(name) _mm512_##name##_si512
#define LOAD(at) _mm512_loadu_si512((const void *)(at))
#define STORE(at, value) _mm512_storeu_si512((void *)(at), value)
#define ADD_PRODUCTS(sum, quads, w) CALL(dpbusd_epi32)(sum, quads, *(w))
#define WEIGHTS sizeof(VECTOR)
#include "windows/q8_depthwise_x86.inc"

#endif
