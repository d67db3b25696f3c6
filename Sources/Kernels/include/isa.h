// Which instruction set the kernels use, found once at start-up: no file needs -march flags, no CPU gets an
// instruction it does not have.
#ifndef GIEMSA_KERNELS_ISA_H
#define GIEMSA_KERNELS_ISA_H

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

// The one in use: the best available, or the one that the environment variable GIEMSA_ISA names, if it is available.
kernels_isa kernels_isa_in_use(void);

// What the CPU offers beyond the names above, for --version: "avx2 fma avx512f avx512vnni", "neon dotprod i8mm".
// Lives for ever.
const char *kernels_cpu_features(void);

#endif
