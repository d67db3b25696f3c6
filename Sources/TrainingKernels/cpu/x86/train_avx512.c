#if defined(__x86_64__)
#include <math.h>
#include <string.h>
#include "training_kernels.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define ISA(name) name##_avx512
#define ISA_NAME "avx512"
#define VL 16
#define MR 12
#define NR 32
#include "cpu/train_loops.inc"
#pragma clang attribute pop
#endif
