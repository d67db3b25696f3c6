// Which instructions the kernels use: one list of levels for float, 8-bit and training kernels. The processor is asked once,
// while the program runs: no file needs -march flags, and no processor gets an instruction that it lacks.
#ifndef GIEMSA_KERNELS_CPU_H
#define GIEMSA_KERNELS_CPU_H

#include <stdint.h>

#include "kernel_require.h"

// The architecture whose kernels are compiled. Each has a folder in cpu/; this is the one place that lists them. An
// architecture without a folder, or any with GIEMSA_PORTABLE_KERNELS, has the portable kernels alone. GIEMSA_EMULATED_X86 is
// tools/check-avx512's: the kernels of x86 on any processor, their instructions written out in plain C.
#if defined(GIEMSA_PORTABLE_KERNELS)
#define KERNELS_NO_ARCHITECTURE 1
#elif defined(__x86_64__) || defined(GIEMSA_EMULATED_X86)
#define KERNELS_X86 1
#elif defined(__aarch64__)
#define KERNELS_ARM 1
#elif defined(__riscv) && __riscv_xlen == 64
#define KERNELS_RISCV 1
#else
#define KERNELS_NO_ARCHITECTURE 1
#endif

// A level: a set of instructions that kernels are written for. Of those that a processor has, the last one is the best.
typedef enum {
  KERNELS_PORTABLE = 0,
  KERNELS_AVX2,  // AVX2 and FMA
  KERNELS_AVX512,  // AVX-512 F, BW, DQ, VL
  KERNELS_AVXVNNI,  // AVX2 and AVX-VNNI
  KERNELS_AVX512VNNI,
  KERNELS_AVX512AMX,  // and AMX with 8-bit integers
  KERNELS_NEON,  // any aarch64
  KERNELS_NEONDOT,  // and dot products
  KERNELS_NEONI8MM,  // and 8-bit matrix products
  KERNELS_LEVEL_COUNT
} kernels_level;

// "portable", "avx2", "avx512", "avxvnni", "avx512vnni", "avx512amx", "neon", "neondot", "neoni8mm".
const char *kernels_level_name(kernels_level level);

// The level without the instructions that only 8-bit kernels use: float kernels of avx512vnni are those of avx512.
kernels_level kernels_level_base(kernels_level level);

// 1 if this build, this processor and its operating system have it.
int kernels_level_available(kernels_level level);

// The level in use: the one that the environment variable GIEMSA_ISA names, if it is available, else the best available.
kernels_level kernels_level_in_use(void);

// 1 if the processor multiplies bf16: AVX512-BF16, or BF16 of Armv8.6.
int kernels_multiplies_bf16(void);

// What the processor offers to kernels, for --version: "avx2 fma avx512f avx512vnni", "neon dotprod i8mm". A constant.
const char *kernels_cpu_features(void);

// An address to prefetch. An integer, because it may lie outside every object, where a pointer must not point.
typedef uintptr_t kernels_fetch;
#define KERNELS_FETCH(address) __builtin_prefetch((const void *)(address), 0, 2)

#endif
