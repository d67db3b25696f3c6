// A loop written once in plain C and compiled for each instruction set of the architecture; the compiler vectorises it.
//
// MULTIVERSION(name, (int count, float *y), (count, y)) makes `name(isa, count, y)` of
// `KERNEL_BODY name_body(int count, float *y) { … }`.
#ifndef GIEMSA_KERNELS_MULTIVERSION_H
#define GIEMSA_KERNELS_MULTIVERSION_H

#include "cpu.h"

#define KERNEL_BODY static inline __attribute__((always_inline)) void
#define KERNEL_UNPACK(...) __VA_ARGS__

#if defined(__x86_64__)
#define MULTIVERSION(name, parameters, arguments)                                                                \
  static void name##_portable parameters { name##_body arguments; }                                              \
  __attribute__((target("avx2,fma"))) static void name##_avx2 parameters { name##_body arguments; }              \
  __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))) static void name##_avx512 parameters {  \
    name##_body arguments;                                                                                       \
  }                                                                                                              \
  static void name(kernels_isa isa, KERNEL_UNPACK parameters) {                                                  \
    switch (isa) {                                                                                               \
      case KERNELS_AVX512: name##_avx512 arguments; break;                                                       \
      case KERNELS_AVX2: name##_avx2 arguments; break;                                                           \
      default: name##_portable arguments; break;                                                                 \
    }                                                                                                            \
  }
#else
#define MULTIVERSION(name, parameters, arguments) \
  static void name(kernels_isa isa, KERNEL_UNPACK parameters) {                                                  \
    (void)isa;                                                                                                   \
    name##_body arguments;                                                                                       \
  }
#endif

#endif
