#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#define LANES 16
#define NAME f32_gemv_4x32_avx512
#define TARGET X86_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#include "convolution/f32/f32_gemv.inc"
#endif
