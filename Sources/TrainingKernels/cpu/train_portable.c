// The baseline of each architecture: SSE2 on x86-64, NEON on aarch64. Also the specification of the others.
#include "training_kernels.h"

#define ISA(name) name##_portable
#define VL 4
#if defined(KERNELS_ARM)
#define ISA_NAME "neon"
#define MR 6
#else
#define ISA_NAME "portable"
#define MR 2
#endif
#define NR 16
#include "cpu/train_loops.inc"
