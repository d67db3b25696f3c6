// Which instruction set the kernels use, found once at start-up: no file needs -march flags, no CPU gets an
// instruction it does not have.
#ifndef GIEMSA_KERNELS_CPU_H
#define GIEMSA_KERNELS_CPU_H

#include <stdint.h>

// Memory that is fetched ahead of its use: an address, because it may lie outside of everything and a pointer may not.
typedef uintptr_t kernels_fetch;
#define KERNELS_FETCH(address) __builtin_prefetch((const void *)(address), 0, 2)

typedef enum {
  KERNELS_PORTABLE = 0,
  KERNELS_AVX2 = 1,  // AVX2 and FMA
  KERNELS_AVX512 = 2,  // AVX-512 F, BW, DQ, VL
  KERNELS_NEON = 3,  // any aarch64
  KERNELS_ISA_COUNT = 4
} kernels_isa;

// "portable", "avx2", "avx512", "neon".
const char *kernels_isa_name(kernels_isa isa);

// 1 where both this build and this CPU (and its operating system) have it.
int kernels_isa_available(kernels_isa isa);

// The one in use: the best available, or the one that the environment variable GIEMSA_ISA names, if it is available (of a
// level of the 8-bit kernels, its base).
kernels_isa kernels_isa_in_use(void);

// The levels of the 8-bit kernels: the levels above, and those whose extra instructions only 8-bit kernels use.
typedef enum {
  KERNELS_Q8_PORTABLE = 0,
  KERNELS_Q8_AVX2 = 1,
  KERNELS_Q8_AVX512 = 2,  // without VNNI
  KERNELS_Q8_AVXVNNI = 3,
  KERNELS_Q8_AVX512VNNI = 4,
  KERNELS_Q8_NEON = 5,  // without dot products
  KERNELS_Q8_NEONDOT = 6,
  KERNELS_Q8_NEONI8MM = 7,
  KERNELS_Q8_ISA_COUNT = 8
} kernels_q8_isa;

// "portable", "avx2", "avx512", "avxvnni", "avx512vnni", "neon", "neondot", "neoni8mm".
const char *kernels_q8_isa_name(kernels_q8_isa isa);

int kernels_q8_isa_available(kernels_q8_isa isa);

// The best available, or the one that GIEMSA_ISA names, if it is available.
kernels_q8_isa kernels_q8_isa_in_use(void);

// What float kernels use at that level: avx512vnni is avx512.
kernels_isa kernels_q8_isa_base(kernels_q8_isa isa);

// What the CPU offers beyond the names above, for --version: "avx2 fma avx512f avx512vnni", "neon dotprod i8mm".
// Lives for ever.
const char *kernels_cpu_features(void);

#endif
