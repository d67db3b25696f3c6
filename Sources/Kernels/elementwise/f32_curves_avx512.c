#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <math.h>

// The functions of elementwise/functions.h, and softmax, for AVX-512: the same polynomials, with the instructions that scale by
// powers of two and that estimate reciprocals. Lanes beyond the end of a row are masked. Errors are a few units in the last place
// too; a NaN stays one.

#define TARGET X86_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE __m512 all(float value) { return _mm512_set1_ps(value); }
INLINE __m512 times_plus(__m512 a, __m512 b, float c) { return _mm512_fmadd_ps(a, b, all(c)); }
// If an operand is NaN, the instructions return the second one.
INLINE __m512 clamped(__m512 x, float low, float high) { return _mm512_min_ps(all(high), _mm512_max_ps(all(low), x)); }
INLINE __m512 magnitude(__m512 x) {
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)));
}
INLINE __m512 with_sign_of(__m512 x, __m512 sign) {
  const __m512i bit = _mm512_set1_epi32((int)0x80000000);
  return _mm512_castsi512_ps(_mm512_or_si512(
      _mm512_andnot_si512(bit, _mm512_castps_si512(x)), _mm512_and_si512(bit, _mm512_castps_si512(sign))));
}
INLINE __mmask16 is_below(__m512 x, float bound) { return _mm512_cmp_ps_mask(x, all(bound), _CMP_LT_OQ); }

// 1 / x for x from 1 to 2^100.
INLINE __m512 reciprocal(__m512 x) {
  const __m512 estimate = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(estimate, _mm512_fnmadd_ps(x, estimate, all(2)));
}

INLINE __m512 exponential(__m512 x) {
  x = clamped(x, -105, 90);
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, all(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_fnmadd_ps(n, all(-2.12194440e-4f), _mm512_fnmadd_ps(n, all(0.693359375f), x));
  __m512 p = times_plus(all(1.38145988e-3f), r, 8.36871658e-3f);
  p = times_plus(p, r, 4.16683890e-2f);
  p = times_plus(p, r, 0.166665211f);
  p = times_plus(p, r, 0.499999940f);
  p = _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), all(1));
  return _mm512_scalef_ps(p, n);
}

// By e^-|x|, so that nothing overflows and small values keep their digits.
INLINE __m512 sigmoid(__m512 x) {
  const __m512 e = exponential(_mm512_sub_ps(all(0), magnitude(x))), r = reciprocal(_mm512_add_ps(e, all(1)));
  return _mm512_mask_mul_ps(r, is_below(x, 0), e, r);
}

// x / (1 + e^(-a · x)), with what depends on `a` alone. The exponent is kept between -87 and 87: beyond, results are below 2e-36, or
// x. It takes half the instructions of x · sigmoid(a · x), which keeps the digits of even smaller results.
typedef struct {
  __m512 bound, scale, rest;  // of x; -a · log2(e) as a float, and what is missing to it
} swish_constants;

INLINE swish_constants constants_of_swish(float a) {
  const double scale = -1.4426950408889634 * (double)a;
  return (swish_constants){all(87 / fabsf(a)), all((float)scale), all((float)(scale - (double)(float)scale))};
}

INLINE __m512 swish(__m512 x, swish_constants k) {
  enum { SMALLER_MAGNITUDE = 2, NAN_FOR_MINUS_INFINITY = 3 << 16 };
  const __m512 magic = all(12582912.0f);  // as in exp_float
  const __m512 v = _mm512_range_ps(x, k.bound, SMALLER_MAGNITUDE), shifted = _mm512_fmadd_ps(v, k.scale, magic);
  const __m512 n = _mm512_sub_ps(shifted, magic);
  const __m512 r = _mm512_fmadd_ps(v, k.rest, _mm512_fmsub_ps(v, k.scale, n));
  __m512 p = times_plus(all(1.32646563e-3f), r, 9.67151113e-3f);
  p = times_plus(p, r, 5.55073395e-2f);
  p = times_plus(p, r, 0.240222424f);
  p = times_plus(p, r, 0.693147004f);
  p = times_plus(p, r, 1);
  const __m512 e = _mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(shifted), 23)));
  const __m512 y = _mm512_mul_ps(x, reciprocal(_mm512_add_ps(e, all(1))));
  return _mm512_fixupimm_ps(y, x, _mm512_set1_epi32(NAN_FOR_MINUS_INFINITY), 0);
}

INLINE __m512 hyperbolic_tangent(__m512 x) {
  const __m512 y = _mm512_mul_ps(x, x);
  __m512 p = times_plus(all(-5.74297085e-3f), y, 2.06714533e-2f);
  p = times_plus(p, y, -5.37491105e-2f);
  p = times_plus(p, y, 0.133315474f);
  p = times_plus(p, y, -0.333332866f);
  const __m512 small = _mm512_fmadd_ps(_mm512_mul_ps(x, y), p, x);
  const __m512 e = exponential(_mm512_mul_ps(all(-2), magnitude(x)));
  const __m512 large = _mm512_fnmadd_ps(_mm512_add_ps(e, e), reciprocal(_mm512_add_ps(e, all(1))), all(1));
  return _mm512_mask_mov_ps(with_sign_of(large, x), is_below(magnitude(x), 0.62f), small);
}

#define ERF_SMALL 0.92f
INLINE __m512 erf_quotient(__m512 y) {
  __m512 p = times_plus(all(-5.95369900e-4f), y, 4.98593180e-3f);
  p = times_plus(p, y, -2.67617144e-2f);
  p = times_plus(p, y, 0.112816826f);
  p = times_plus(p, y, -0.376124799f);
  return times_plus(p, y, 1.12837911f);
}

INLINE __m512 erfc_large(__m512 x) {
  __m512 g = times_plus(all(-1.58365606e-6f), x, 4.49919717e-5f);
  g = times_plus(g, x, -5.87744289e-4f);
  g = times_plus(g, x, 4.71678236e-3f);
  g = times_plus(g, x, -2.62984205e-2f);
  g = times_plus(g, x, 0.109862074f);
  g = times_plus(g, x, 0.632059991f);
  g = times_plus(g, x, 1.13009512f);
  g = times_plus(g, x, -2.85652728e-4f);
  const __mmask16 vanishes = _mm512_cmp_ps_mask(x, all(4.05f), _CMP_GT_OQ);
  return _mm512_mask_mov_ps(exponential(_mm512_sub_ps(all(0), g)), vanishes, all(0));
}

INLINE __m512 error_function(__m512 x) {
  const __m512 z = magnitude(x);
  const __m512 near = _mm512_mul_ps(x, erf_quotient(_mm512_mul_ps(x, x)));
  const __m512 far = with_sign_of(_mm512_sub_ps(all(1), erfc_large(z)), x);
  return _mm512_mask_mov_ps(far, is_below(z, ERF_SMALL), near);
}

#define GELU_END 5.75f
INLINE __m512 gelu(__m512 x) {
  // A NaN is the second operand.
  const __m512 size = magnitude(x), h = _mm512_min_ps(all(GELU_END), size);
  __m512 g = times_plus(all(-1.52533115e-8f), h, 4.96754126e-7f);
  g = times_plus(g, h, -6.91275272e-6f);
  g = times_plus(g, h, 5.16725268e-5f);
  g = times_plus(g, h, -1.89656057e-4f);
  g = times_plus(g, h, -1.98134032e-4f);
  g = times_plus(g, h, 7.20561063e-3f);
  g = times_plus(g, h, -5.26288301e-2f);
  g = times_plus(g, h, -0.459155351f);
  g = times_plus(g, h, -1.15111196f);
  g = times_plus(g, h, -1);
  const __m512 n = _mm512_roundscale_ps(g, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(g, n);
  __m512 p = times_plus(all(1.32646563e-3f), r, 9.67151113e-3f);
  p = times_plus(p, r, 5.55073395e-2f);
  p = times_plus(p, r, 0.240222424f);
  p = times_plus(p, r, 0.693147004f);
  p = times_plus(p, r, 1);
  const __m512 tail = _mm512_mul_ps(h, _mm512_scalef_ps(p, n)), positive = _mm512_max_ps(all(0), x);
  return _mm512_mask_sub_ps(positive, _mm512_cmp_ps_mask(size, all(GELU_END), _CMP_NGT_UQ), positive, tail);
}

INLINE __m512 mish(__m512 x) {
  const __m512 e = exponential(_mm512_min_ps(all(20), x)), n = _mm512_mul_ps(e, _mm512_add_ps(e, all(2)));
  return _mm512_mul_ps(x, _mm512_mul_ps(n, reciprocal(_mm512_add_ps(n, all(2)))));
}

INLINE __mmask16 lanes_of(size_t left) { return left >= 16 ? 0xffff : (__mmask16)((1u << left) - 1); }

#define EACH(expression)                                             \
  for (size_t row = 0; row < rows; row++, x += stride, y += stride) { \
    size_t i = 0;                                                    \
    for (; i + 16 <= count; i += 16) {                               \
      const __m512 v = _mm512_loadu_ps(x + i);                       \
      _mm512_storeu_ps(y + i, (expression));                         \
    }                                                                \
    if (i < count) {                                                 \
      const __mmask16 lanes = lanes_of(count - i);                   \
      const __m512 v = _mm512_maskz_loadu_ps(lanes, x + i);          \
      _mm512_mask_storeu_ps(y + i, lanes, (expression));             \
    }                                                                \
  }                                                                  \
  return 1;

TARGET int f32_curves_avx512(F32_CURVES_PARAMETERS) {
  switch (function) {
    case F32_CLAMP: EACH(clamped(v, a, b))
    case F32_LEAKY: EACH(_mm512_mask_mul_ps(v, is_below(v, 0), v, all(a)))
    case F32_SIGMOID: EACH(sigmoid(v))
    case F32_HARD_SIGMOID: EACH(clamped(times_plus(v, all(a), b), 0, 1))
    case F32_HARD_SWISH: EACH(_mm512_mul_ps(v, clamped(times_plus(v, all(1.0f / 6), 0.5f), 0, 1)))
    case F32_ELU: EACH(_mm512_mask_mul_ps(v, is_below(v, 0), _mm512_sub_ps(exponential(v), all(1)), all(a)))
    case F32_SWISH: {
      const swish_constants k = constants_of_swish(a);
      EACH(swish(v, k))
    }
    case F32_GELU: EACH(gelu(v))
    case F32_GELU_TANH: {
      const float scale = 1.59576912f;
      EACH(_mm512_mul_ps(v, sigmoid(_mm512_mul_ps(v, times_plus(_mm512_mul_ps(v, v), all(scale * 0.044715f), scale)))))
    }
    case F32_MISH: EACH(mish(v))
    case F32_TANH: EACH(hyperbolic_tangent(v))
    case F32_ERF: EACH(error_function(v))
    case F32_EXP: EACH(exponential(v))
    default: return 0;
  }
}

// Numbers that are added in one float of a lane; their sums are added in double.
enum { SUMMED = 256 };

TARGET void f32_softmax_row_avx512(F32_SOFTMAX_PARAMETERS) {
  __m512 largest = all(-INFINITY);
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = lanes_of(count - i);
    const __m512 v = _mm512_mask_mov_ps(all(-INFINITY), lanes, _mm512_maskz_loadu_ps(lanes, x + i));
    largest = _mm512_max_ps(v, largest);  // a NaN does not count here
  }
  const float most = _mm512_reduce_max_ps(largest);
  double sum = 0;
  for (size_t first = 0; first < count; first += SUMMED) {
    const size_t end = count - first < SUMMED ? count : first + SUMMED;
    __m512 part = all(0);
    for (size_t i = first; i < end; i += 16) {
      const __mmask16 lanes = lanes_of(end - i);
      const __m512 e = exponential(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), all(most)));
      _mm512_mask_storeu_ps(y + i, lanes, e);
      part = _mm512_mask_add_ps(part, lanes, part, e);
    }
    sum += _mm512_reduce_add_pd(_mm512_add_pd(
        _mm512_cvtps_pd(_mm512_castps512_ps256(part)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(part, 1))));
  }
  const float factor = (float)(1 / sum), shift = logarithm ? (float)log(sum) : 0;
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 lanes = lanes_of(count - i);
    // In this order: the logarithm would vanish beside a large logit.
    const __m512 v = logarithm
                         ? _mm512_sub_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), all(most)), all(shift))
                         : _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, y + i), all(factor));
    _mm512_mask_storeu_ps(y + i, lanes, v);
  }
}
#endif
