#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// f32_taps_24x16_avx512: floats, one channel a step. See winograd_taps.h.
#define NAME f32_taps_24x16_avx512
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#define VECTOR __m512
#define TAP float
#define NUMBER float
#define STEP 16
#define ZERO _mm512_setzero_ps()
#define LOAD(p) _mm512_load_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
// 4 b is exact, so both forms give the same result. Additions run beside the multiplications; but rows 3 and 4 have as many
// additions as fit.
#define ADD_FOUR_TIMES(row, a, b) \
  ((row) == 3 || (row) == 4 ? _mm512_fmadd_ps(_mm512_set1_ps(4), b, a) : ADD(ADD(ADD(b, b), ADD(b, b)), a))
#define DOT(sum, x, weights) _mm512_fmadd_ps(spread(x), weights, sum)

static inline __attribute__((always_inline)) TARGET __m512 spread(const char *x) {
  float value;
  memcpy(&value, x, 4);
  return _mm512_set1_ps(value);
}
#include "winograd/taps/winograd_taps_avx512.inc"
#endif
