// bf16 kernels in plain arithmetic: the specification of the others. Each lane adds its products in the same order.
#include <string.h>

#include "training_kernels.h"

#define ISA(name) name##_portable
#define ISA_NAME "portable"
#define VL 4
#if defined(KERNELS_ARM)
#define MR 6
#else
#define MR 2
#endif
#define NR 16
#include "vectors/train_vectors.inc"

typedef uint16_t number;
typedef vecu numbers;

INLINE numbers weave(const number *row, const number *next) {
  return __builtin_convertvector(*(const row_part *)row, numbers) |
         __builtin_convertvector(*(const row_part *)next, numbers) << 16;
}

INLINE vec multiply_add(vec sum, numbers a, numbers b) {
  sum += (vec)(a << 16) * (vec)(b << 16);
  return sum + (vec)(a >> 16 << 16) * (vec)(b >> 16 << 16);
}

#include "bf16/train_bf16.inc"
