#include "cpu/train_table.h"

#if defined(KERNELS_X86)
#include <math.h>
#include <string.h>

X86_TARGET_BEGIN("avx2,fma")
#define ISA(name) name##_avx2
#define ISA_NAME "avx2"
#define VL 8
#define MR 6
#define NR 16
#include "cpu/train_loops.inc"
X86_TARGET_END
#endif
