#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#define LANES 16
#define NAME(x) f32_depthwise_##x##_avx512
#define TARGET X86_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#include "windows/depthwise_tiles.inc"
#endif
