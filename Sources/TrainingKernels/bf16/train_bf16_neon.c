#include "cpu/train_table.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)
#define ISA(name) name##_neon
#define ISA_NAME "neon_bf16"
#define VL 4
#define MR 6
#define NR 16
#include "vectors/train_vectors.inc"

typedef uint16_t number;
typedef vecu numbers;

INLINE numbers weave(const number *row, const number *next) {
  return (numbers)vzip1q_u16(
      vcombine_u16(vld1_u16(row), vdup_n_u16(0)), vcombine_u16(vld1_u16(next), vdup_n_u16(0)));
}

// BFDOT. BFMMLA would need two rows of four numbers side by side.
INLINE vec multiply_add(vec sum, numbers a, numbers b) {
  return (vec)vbfdotq_f32((float32x4_t)sum, (bfloat16x8_t)a, (bfloat16x8_t)b);
}

#include "bf16/train_bf16.inc"
#pragma clang attribute pop
#endif
