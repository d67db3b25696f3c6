#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// u8s8_igemm_12x16_avx512vnni: for layers and groups of at most 16 outputs, of which 12x32 would compute half in vain.
#define NAME u8s8_igemm_12x16_avx512vnni
#define FUSED u8s8_fused_12x16_avx512vnni
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#include "convolution/q8/u8s8_12x16_avx512.inc"
#endif
