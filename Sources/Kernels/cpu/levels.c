#include "cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

// Feature bits of our own, whatever register the CPU reports them in.
enum {
  FEATURE_AVX2 = 1,
  FEATURE_FMA = 2,
  FEATURE_AVX512F = 4,
  FEATURE_AVX512BW_DQ_VL = 8,
  FEATURE_AVX512VNNI = 16,
  FEATURE_AVXVNNI = 32,
  FEATURE_NEON = 64,
  FEATURE_DOTPROD = 128,
  FEATURE_I8MM = 256,
  FEATURE_PROBED = 1 << 30
};

static int probe(void) {
  int found = FEATURE_PROBED;
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  int has_fma = c >> 12 & 1;
  // Without OSXSAVE the operating system does not keep the wide registers, whatever the CPU has.
  if (!(c >> 27 & 1)) return found;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 0x6) != 0x6) return found;
  int zmm_kept = (low & 0xe6) == 0xe6;
  if (has_fma) found |= FEATURE_FMA;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  unsigned deepest = a;
  if (b >> 5 & 1) found |= FEATURE_AVX2;
  if (zmm_kept && (b >> 16 & 1)) {
    found |= FEATURE_AVX512F;
    if ((b >> 30 & 1) && (b >> 17 & 1) && (b >> 31 & 1)) found |= FEATURE_AVX512BW_DQ_VL;
    if (c >> 11 & 1) found |= FEATURE_AVX512VNNI;
  }
  if (deepest >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1)) found |= FEATURE_AVXVNNI;
#elif defined(__aarch64__)
  found |= FEATURE_NEON;  // part of the architecture's baseline
#if defined(__linux__)
  if (getauxval(AT_HWCAP) >> 20 & 1) found |= FEATURE_DOTPROD;
  if (getauxval(AT_HWCAP2) >> 13 & 1) found |= FEATURE_I8MM;
#endif
#endif
  return found;
}

static int features(void) {
  // Every thread that probes finds the same.
  static _Atomic int known;
  int found = atomic_load_explicit(&known, memory_order_relaxed);
  if (!found) {
    found = probe();
    atomic_store_explicit(&known, found, memory_order_relaxed);
  }
  return found;
}

const char *kernels_isa_name(kernels_isa isa) {
  switch (isa) {
    case KERNELS_AVX2: return "avx2";
    case KERNELS_AVX512: return "avx512";
    case KERNELS_NEON: return "neon";
    default: return "portable";
  }
}

int kernels_isa_available(kernels_isa isa) {
  int found = features();
  int wanted;
  switch (isa) {
    case KERNELS_PORTABLE: return 1;
    case KERNELS_AVX2: wanted = FEATURE_AVX2 | FEATURE_FMA; break;
    case KERNELS_AVX512: wanted = FEATURE_AVX2 | FEATURE_FMA | FEATURE_AVX512F | FEATURE_AVX512BW_DQ_VL; break;
    case KERNELS_NEON: wanted = FEATURE_NEON; break;
    default: return 0;
  }
  return (found & wanted) == wanted;
}

static const struct {
  const char *name;
  kernels_isa base;
  int wanted;  // beyond the base's
} q8_levels[KERNELS_Q8_ISA_COUNT] = {
    [KERNELS_Q8_PORTABLE] = {"portable", KERNELS_PORTABLE, 0},
    [KERNELS_Q8_AVX2] = {"avx2", KERNELS_AVX2, 0},
    [KERNELS_Q8_AVX512] = {"avx512", KERNELS_AVX512, 0},
    [KERNELS_Q8_AVXVNNI] = {"avxvnni", KERNELS_AVX2, FEATURE_AVXVNNI},
    [KERNELS_Q8_AVX512VNNI] = {"avx512vnni", KERNELS_AVX512, FEATURE_AVX512VNNI},
    [KERNELS_Q8_NEON] = {"neon", KERNELS_NEON, 0},
    [KERNELS_Q8_NEONDOT] = {"neondot", KERNELS_NEON, FEATURE_DOTPROD},
    [KERNELS_Q8_NEONI8MM] = {"neoni8mm", KERNELS_NEON, FEATURE_DOTPROD | FEATURE_I8MM},
};

const char *kernels_q8_isa_name(kernels_q8_isa isa) {
  return (unsigned)isa < KERNELS_Q8_ISA_COUNT ? q8_levels[isa].name : "portable";
}

kernels_isa kernels_q8_isa_base(kernels_q8_isa isa) {
  return (unsigned)isa < KERNELS_Q8_ISA_COUNT ? q8_levels[isa].base : KERNELS_PORTABLE;
}

int kernels_q8_isa_available(kernels_q8_isa isa) {
  if ((unsigned)isa >= KERNELS_Q8_ISA_COUNT) return 0;
  return kernels_isa_available(q8_levels[isa].base) && (features() & q8_levels[isa].wanted) == q8_levels[isa].wanted;
}

// The 8-bit level decides; its base is the float level.
static kernels_q8_isa choose(void) {
  const char *name = getenv("GIEMSA_ISA");
  if (name)
    for (int isa = 0; isa < KERNELS_Q8_ISA_COUNT; isa++)
      if (strcmp(name, q8_levels[isa].name) == 0 && kernels_q8_isa_available((kernels_q8_isa)isa))
        return (kernels_q8_isa)isa;
  // AVX-512 without VNNI does half of what AVX-VNNI does, but no CPU has just those two.
  int isa = KERNELS_Q8_ISA_COUNT - 1;
  while (!kernels_q8_isa_available((kernels_q8_isa)isa)) isa--;
  return (kernels_q8_isa)isa;
}

kernels_q8_isa kernels_q8_isa_in_use(void) {
  static _Atomic int known;  // the choice plus one
  int chosen = atomic_load_explicit(&known, memory_order_relaxed);
  if (!chosen) {
    chosen = (int)choose() + 1;
    atomic_store_explicit(&known, chosen, memory_order_relaxed);
  }
  return (kernels_q8_isa)(chosen - 1);
}

kernels_isa kernels_isa_in_use(void) { return kernels_q8_isa_base(kernels_q8_isa_in_use()); }

const char *kernels_cpu_features(void) {
  static const struct {
    int bit;
    const char *name;
  } names[] = {
      {FEATURE_AVX2, "avx2"},
      {FEATURE_FMA, "fma"},
      {FEATURE_AVX512F, "avx512f"},
      {FEATURE_AVX512BW_DQ_VL, "avx512bw+dq+vl"},
      {FEATURE_AVX512VNNI, "avx512vnni"},
      {FEATURE_AVXVNNI, "avxvnni"},
      {FEATURE_NEON, "neon"},
      {FEATURE_DOTPROD, "dotprod"},
      {FEATURE_I8MM, "i8mm"},
  };
  static _Thread_local char text[128];
  text[0] = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!(features() & names[i].bit)) continue;
    if (text[0]) strcat(text, " ");
    strcat(text, names[i].name);
  }
  return text[0] ? text : "none beyond the baseline";
}
