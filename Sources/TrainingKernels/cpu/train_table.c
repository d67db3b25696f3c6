#include <stdlib.h>
#include <string.h>

#include "training_kernels.h"

extern const train_kernels train_kernels_portable;
#if defined(__x86_64__)
extern const train_kernels train_kernels_avx2, train_kernels_avx512;
extern const train_bf16_kernels train_bf16_kernels_avx512;
#elif defined(__aarch64__)
#include <sys/auxv.h>
extern const train_bf16_kernels train_bf16_kernels_neon;
enum { HWCAP2_WITH_BF16 = 1 << 14 };
#endif

const train_kernels *train_kernels_named(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!strcmp(name, "avx512"))
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl")
               ? &train_kernels_avx512
               : NULL;
  if (!strcmp(name, "avx2")) return avx2 ? &train_kernels_avx2 : NULL;
#endif
#if defined(__aarch64__)
  // NEON is the baseline of aarch64: the portable loops compile to it.
  if (!strcmp(name, "neon")) return &train_kernels_portable;
#endif
  if (!strcmp(name, "portable")) return &train_kernels_portable;
  return NULL;
}

const train_kernels *train_kernels_for_cpu(void) {
  static const char *const order[] = {"avx512", "avx2", "neon", "portable"};
  const char *limit = getenv("GIEMSA_ISA");
  int first = 0;
  for (int index = 0; limit && index < 4; index++)
    if (!strcmp(order[index], limit)) first = index;
  for (int index = first; index < 4; index++) {
    const train_kernels *kernels = train_kernels_named(order[index]);
    if (kernels) return kernels;
  }
  return &train_kernels_portable;
}

const train_bf16_kernels *train_bf16_kernels_for_cpu(const train_kernels *kernels) {
  const char *limit = getenv("GIEMSA_ISA");
  if (limit && !strcmp(limit, "portable")) return kernels == &train_kernels_portable ? &train_bf16_kernels_portable : NULL;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (kernels == &train_kernels_avx512 && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw"))
    return &train_bf16_kernels_avx512;
#elif defined(__aarch64__)
  if (getauxval(AT_HWCAP2) & HWCAP2_WITH_BF16) return &train_bf16_kernels_neon;
#endif
  (void)kernels;
  return NULL;
}

size_t train_weight_gradient_scratch(const train_kernels *kernels) {
  return (size_t)TRAIN_WEIGHT_PANELS * TRAIN_WEIGHT_BLOCK * (size_t)kernels->width;
}
