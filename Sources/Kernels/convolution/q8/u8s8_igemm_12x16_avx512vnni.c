#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_12x16_avx512vnni: for layers and groups of at most 16 outputs, of which 12x32 would compute half in vain.
#define NAME u8s8_igemm_12x16_avx512vnni
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#define MR 12
#define VECTOR __m512i
#define LANES 16
#define VECTORS 1
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define SPREAD(four) _mm512_set1_epi32(four)
#define DOT(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "convolution/q8/igemm_x86.inc"

#define FUSED u8s8_fused_12x16_avx512vnni
#include "convolution/q8/u8s8_fused_12x16_avx512.inc"
#endif
