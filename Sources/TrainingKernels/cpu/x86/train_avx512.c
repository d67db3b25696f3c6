#include "cpu/train_table.h"

#if defined(KERNELS_X86)
#include <math.h>
#include <string.h>

X86_TARGET_BEGIN("avx512f,avx512dq,avx512vl,avx2,fma")
#define ISA(name) name##_avx512
#define ISA_NAME "avx512"
#define VL 16
#define MR 12
#define NR 32
#include "cpu/train_loops.inc"
X86_TARGET_END
#endif
