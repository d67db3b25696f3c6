// The levels of x86 that multiversion.h compiles loops for.
#ifndef GIEMSA_KERNELS_X86_LOOPS_H
#define GIEMSA_KERNELS_X86_LOOPS_H

#include "x86_target.h"

#define KERNEL_VERSIONS(name, parameters, arguments)                                              \
  X86_TARGET("avx2,fma") static void name##_avx2 parameters { name##_body arguments; }            \
  X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl") static void name##_avx512 parameters { \
    name##_body arguments;                                                                        \
  }

#define KERNEL_CASES(name, arguments)                        \
  case KERNELS_AVX512:                                       \
  case KERNELS_AVX512VNNI:                                   \
  case KERNELS_AVX512AMX: name##_avx512 arguments; break;   \
  case KERNELS_AVX2:                                         \
  case KERNELS_AVXVNNI: name##_avx2 arguments; break;

#endif
