#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#define LANES 8
#define NAME f32_gemv_4x16_avx2
#define TARGET X86_TARGET("avx2,fma")
#include "convolution/f32/f32_gemv.inc"
#endif
