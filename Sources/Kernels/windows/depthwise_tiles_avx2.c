#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#define LANES 8
#define NAME(x) f32_depthwise_##x##_avx2
#define TARGET X86_TARGET("avx2,fma")
#include "windows/depthwise_tiles.inc"
#endif
