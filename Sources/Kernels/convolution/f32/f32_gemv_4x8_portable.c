#include "convolution/f32/igemm_kernels.h"

// Also NEON's: the vectors are as long.
#define LANES 4
#define NAME f32_gemv_4x8_portable
#define TARGET
#include "convolution/f32/f32_gemv.inc"
