// Transcendental functions of one float, in plain C without branches or calls, so that the compiler makes vectors of the loops
// that use them. Their errors are a few units in the last place; the coefficients were fitted for this file (weighted least
// squares, reweighted towards the smallest maximum of the relative error).
#ifndef GIEMSA_KERNELS_FUNCTIONS_H
#define GIEMSA_KERNELS_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float clamp_float(float x, float low, float high) {
  x = x < low ? low : x;  // a NaN fails both comparisons
  return x > high ? high : x;
}

// e^x = 2^n · e^r with |r| <= ln 2 / 2. Infinite above 88.73, exact down to the smallest denormal, 0 below.
static inline float exp_float(float x) {
  const float magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer, which its low bits then hold
  x = clamp_float(x, -105.0f, 90.0f);
  const float shifted = x * 1.44269504f + magic, n = shifted - magic;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.38145988e-3f;
  p = p * r + 8.36871658e-3f;
  p = p * r + 4.16683890e-2f;
  p = p * r + 0.166665211f;
  p = p * r + 0.499999940f;
  p = p * (r * r) + r + 1;
  // 2^n as a product of two powers of two, since n may lie beyond a float's exponents.
  const int32_t whole = (int32_t)(bits_of_float(shifted) - bits_of_float(magic)), half = whole >> 1;
  p *= float_of_bits((uint32_t)(half + 127) << 23);
  return p * float_of_bits((uint32_t)(whole - half + 127) << 23);
}

static inline float sigmoid_float(float x) { return 1 / (1 + exp_float(-x)); }

static inline float tanh_float(float x) {
  const float y = x * x;
  float p = -5.74297085e-3f;
  p = p * y + 2.06714533e-2f;
  p = p * y + -5.37491105e-2f;
  p = p * y + 0.133315474f;
  p = p * y + -0.333332866f;
  const float small = x + x * y * p, large = 1 - 2 / (1 + exp_float(2 * fabsf(x)));
  return fabsf(x) < 0.62f ? small : copysignf(large, x);
}

// erf(x) / x below ERF_SMALL, in x².
#define ERF_SMALL 0.92f
static inline float erf_quotient(float y) {
  float p = -5.95369900e-4f;
  p = p * y + 4.98593180e-3f;
  p = p * y + -2.67617144e-2f;
  p = p * y + 0.112816826f;
  p = p * y + -0.376124799f;
  return p * y + 1.12837911f;
}

// 1 - erf(x) from ERF_SMALL on, as e^-g(x). Beyond 4.05, where it is less than 1e-8, it is 0.
static inline float erfc_large(float x) {
  float g = -1.58365606e-6f;
  g = g * x + 4.49919717e-5f;
  g = g * x + -5.87744289e-4f;
  g = g * x + 4.71678236e-3f;
  g = g * x + -2.62984205e-2f;
  g = g * x + 0.109862074f;
  g = g * x + 0.632059991f;
  g = g * x + 1.13009512f;
  g = g * x + -2.85652728e-4f;
  return x > 4.05f ? 0 : exp_float(-g);
}

static inline float erf_float(float x) {
  const float z = fabsf(x);
  return z < ERF_SMALL ? x * erf_quotient(x * x) : copysignf(1 - erfc_large(z), x);
}

// x · Φ(x), with Φ the normal distribution: max(x, 0) - h · Φ(-h) for h = |x|, so that small results keep their digits. Φ(-h) is
// 2^g, of a polynomial g; beyond GELU_END, where h · Φ(-h) is less than 3e-8, it is 0.
#define GELU_END 5.75f
static inline float gelu_float(float x) {
  const float magic = 12582912.0f;  // as in exp_float
  const float size = fabsf(x), h = size > GELU_END ? GELU_END : size;
  float g = -1.52533115e-8f;
  g = g * h + 4.96754126e-7f;
  g = g * h + -6.91275272e-6f;
  g = g * h + 5.16725268e-5f;
  g = g * h + -1.89656057e-4f;
  g = g * h + -1.98134032e-4f;
  g = g * h + 7.20561063e-3f;
  g = g * h + -5.26288301e-2f;
  g = g * h + -0.459155351f;
  g = g * h + -1.15111196f;
  g = g * h + -1;
  const float shifted = g + magic, r = g - (shifted - magic);
  float p = 1.32646563e-3f;
  p = p * r + 9.67151113e-3f;
  p = p * r + 5.55073395e-2f;
  p = p * r + 0.240222424f;
  p = p * r + 0.693147004f;
  p = p * r + 1;
  const float tail = h * p * float_of_bits((bits_of_float(shifted) - bits_of_float(magic) + 127) << 23);
  return (x < 0 ? 0 : x) - (size > GELU_END ? 0 : tail);
}

// x · tanh(log(1 + e^x)) = x · n / (n + 2) with n = e^x · (e^x + 2).
static inline float mish_float(float x) {
  const float e = exp_float(x > 20 ? 20 : x), n = e * (e + 2);
  return x * (n / (n + 2));
}

#endif
