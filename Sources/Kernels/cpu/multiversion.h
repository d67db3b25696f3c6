// A loop written once in plain C and compiled for each of the architecture's vector widths; the compiler vectorises it.
//
// MULTIVERSION(name, (int count, float *y), (count, y)) makes `name(level, count, y)` of
// `KERNEL_BODY name_body(int count, float *y) { … }`.
#ifndef GIEMSA_KERNELS_MULTIVERSION_H
#define GIEMSA_KERNELS_MULTIVERSION_H

#include "cpu.h"

#if defined(KERNELS_X86)
#include "cpu/x86/loops.h"
#else
// The architecture's baseline has the only vectors that loops are compiled for.
#define KERNEL_VERSIONS(name, parameters, arguments)
#define KERNEL_CASES(name, arguments)
#endif

#define KERNEL_BODY static inline __attribute__((always_inline)) void
#define KERNEL_UNPACK(...) __VA_ARGS__

#define MULTIVERSION(name, parameters, arguments)                         \
  static void name##_portable parameters { name##_body arguments; }       \
  KERNEL_VERSIONS(name, parameters, arguments)                            \
  static void name(kernels_level level, KERNEL_UNPACK parameters) {       \
    switch (level) {                                                      \
      KERNEL_CASES(name, arguments)                                       \
      default: name##_portable arguments; break;                          \
    }                                                                     \
  }

#endif
