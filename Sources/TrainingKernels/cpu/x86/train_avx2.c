#if defined(__x86_64__)
#include <math.h>
#include <string.h>
#include "training_kernels.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define ISA(name) name##_avx2
#define ISA_NAME "avx2"
#define VL 8
#define MR 6
#define NR 16
#include "cpu/train_loops.inc"
#pragma clang attribute pop
#endif
