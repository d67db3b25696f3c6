#include "cpu/train_table.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

X86_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")
#define ISA(name) name##_avx512
#define ISA_NAME "avx512_bf16"
#define VL 16
#define MR 12
#define NR 32
#include "vectors/train_vectors.inc"

typedef uint16_t number;
typedef vecu numbers;

INLINE numbers weave(const number *row, const number *next) {
  return (numbers)__builtin_shufflevector(
      *(const row_part *)row, *(const row_part *)next, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25,
      10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

INLINE vec multiply_add(vec sum, numbers a, numbers b) {
  return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

#define NARROWS
INLINE numbers joined(vec a, vec b) {
  typedef uint16_t words __attribute__((vector_size(VL * 4)));
  const words both = (words)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
  return (numbers)__builtin_shufflevector(
      both, both, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
      14, 30, 15, 31);
}

INLINE void put_narrow(number *p, vec v) { *(row_part *)p = (row_part)_mm512_cvtneps_pbh((__m512)v); }

#include "bf16/train_bf16.inc"
X86_TARGET_END
#endif
