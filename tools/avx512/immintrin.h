// In place of the compiler's header: AVX-512 and VNNI in plain C, by SIMDe.
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#define SIMDE_NO_NATIVE
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

// What SIMDe lacks or, in the release of Debian 12, gets wrong.
#ifndef _MM_FROUND_NO_EXC
#define _MM_FROUND_NO_EXC SIMDE_MM_FROUND_NO_EXC
#endif
#define _mm_dpbusd_avx_epi32 simde_mm_dpbusd_epi32
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32
#define _mm256_dpwssd_avx_epi32 simde_mm256_dpwssd_epi32
#undef _mm512_madd_epi16
static inline simde__m512i emulated_madd(simde__m512i a, simde__m512i b) {
  short x[32], y[32];
  int sum[16];
  __builtin_memcpy(x, &a, 64);
  __builtin_memcpy(y, &b, 64);
  for (int i = 0; i < 16; i++) sum[i] = x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
  simde__m512i result;
  __builtin_memcpy(&result, sum, 64);
  return result;
}
#define _mm512_madd_epi16(a, b) emulated_madd(a, b)

typedef simde__mmask16 __mmask16;
static inline simde__m128i emulated_maskz_load(__mmask16 mask, const void *from) {
  unsigned char bytes[16] = {0};
  for (int i = 0; i < 16; i++)
    if (mask >> i & 1) bytes[i] = ((const unsigned char *)from)[i];
  return simde_mm_loadu_si128((const simde__m128i *)(const void *)bytes);
}
#define _mm_maskz_loadu_epi8(mask, from) emulated_maskz_load(mask, from)
static inline void emulated_mask_store(void *to, __mmask16 mask, simde__m128i value) {
  unsigned char bytes[16];
  simde_mm_storeu_si128((simde__m128i *)(void *)bytes, value);
  for (int i = 0; i < 16; i++)
    if (mask >> i & 1) ((unsigned char *)to)[i] = bytes[i];
}
#define _mm_mask_storeu_epi8(to, mask, value) emulated_mask_store(to, mask, value)
#undef _mm512_reduce_max_ps
static inline float emulated_reduce_max(simde__m512 value) {
  float lanes[16];
  simde_mm512_storeu_ps(lanes, value);
  for (int i = 1; i < 16; i++) lanes[0] = lanes[i] > lanes[0] ? lanes[i] : lanes[0];
  return lanes[0];
}
#define _mm512_reduce_max_ps(value) emulated_reduce_max(value)
#undef _mm512_reduce_add_pd
static inline double emulated_reduce_add(simde__m512d value) {
  double lanes[8], sum = 0;
  simde_mm512_storeu_pd(lanes, value);
  for (int i = 0; i < 8; i++) sum += lanes[i];
  return sum;
}
#define _mm512_reduce_add_pd(value) emulated_reduce_add(value)
#undef _mm512_cvtps_pd
static inline simde__m512d emulated_widened(simde__m256 value) {
  float lanes[8];
  double wide[8];
  simde_mm256_storeu_ps(lanes, value);
  for (int i = 0; i < 8; i++) wide[i] = lanes[i];
  return simde_mm512_loadu_pd(wide);
}
#define _mm512_cvtps_pd(value) emulated_widened(value)
#undef _mm512_extractf32x8_ps
static inline simde__m256 emulated_upper_or_lower(simde__m512 value, int half) {
  float lanes[16];
  simde_mm512_storeu_ps(lanes, value);
  return simde_mm256_loadu_ps(lanes + 8 * half);
}
#define _mm512_extractf32x8_ps(value, half) emulated_upper_or_lower(value, half)
#ifndef _mm512_rcp14_ps
#define _mm512_rcp14_ps(x) simde_mm512_div_ps(simde_mm512_set1_ps(1), (x))
#endif
typedef unsigned emulated_pairs __attribute__((vector_size(64)));
#undef __m512bh
#define __m512bh emulated_pairs
static inline simde__m512 emulated_dpbf16(simde__m512 sum, emulated_pairs a, emulated_pairs b) {
  float lanes[16];
  simde_mm512_storeu_ps(lanes, sum);
  for (int i = 0; i < 16; i++) {
    for (int high = 0; high < 2; high++) {
      const unsigned x = high ? a[i] & 0xffff0000u : a[i] << 16, y = high ? b[i] & 0xffff0000u : b[i] << 16;
      float p, q;
      __builtin_memcpy(&p, &x, 4);
      __builtin_memcpy(&q, &y, 4);
      lanes[i] += p * q;
    }
  }
  return simde_mm512_loadu_ps(lanes);
}
#define _mm512_dpbf16_ps(sum, a, b) emulated_dpbf16((sum), (a), (b))
typedef unsigned short emulated_words __attribute__((vector_size(64)));
typedef unsigned short emulated_half __attribute__((vector_size(32)));
static inline unsigned short emulated_narrowed(float x) {
  unsigned bits;
  __builtin_memcpy(&bits, &x, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (unsigned short)(bits >> 16 | 0x40);
  if ((bits & 0x7f800000u) == 0) return (unsigned short)(bits >> 16 & 0x8000);
  return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
static inline emulated_words emulated_cvtne2ps(simde__m512 high, simde__m512 low) {
  float lanes[32];
  simde_mm512_storeu_ps(lanes, low);
  simde_mm512_storeu_ps(lanes + 16, high);
  emulated_words result;
  for (int i = 0; i < 32; i++) result[i] = emulated_narrowed(lanes[i]);
  return result;
}
static inline emulated_half emulated_cvtneps(simde__m512 x) {
  const emulated_words all = emulated_cvtne2ps(x, x);
  emulated_half result;
  for (int i = 0; i < 16; i++) result[i] = all[i];
  return result;
}
#define _mm512_cvtne2ps_pbh(high, low) emulated_cvtne2ps((high), (low))
#define _mm512_cvtneps_pbh(x) emulated_cvtneps(x)
static inline simde__m512 emulated_maskz_loadu(simde__mmask16 mask, const void *from) {
  float lanes[16] = {0};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) __builtin_memcpy(lanes + i, (const float *)from + i, 4);
  }
  return simde_mm512_loadu_ps(lanes);
}
static inline void emulated_mask_storeu(void *to, simde__mmask16 mask, simde__m512 value) {
  float lanes[16];
  simde_mm512_storeu_ps(lanes, value);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) __builtin_memcpy((float *)to + i, lanes + i, 4);
  }
}
#define _mm512_maskz_loadu_ps(mask, from) emulated_maskz_loadu(mask, from)
#define _mm512_mask_storeu_ps(to, mask, value) emulated_mask_storeu(to, mask, value)

// Conversions, element by element.
#define EMULATED_CONVERSION(name, to_type, count, to, from_type, from, from_count, round)       \
  static inline to_type emulated_##name(from_type value) {                                       \
    from in[from_count];                                                                         \
    to out[count];                                                                               \
    __builtin_memcpy(in, &value, sizeof in);                                                     \
    for (int i = 0; i < count; i++) out[i] = (to)round(in[i]);                                   \
    to_type result;                                                                              \
    __builtin_memcpy(&result, out, sizeof result);                                               \
    return result;                                                                               \
  }
static inline double emulated_as_is(double value) { return value; }
static inline double emulated_nearest(double value) {
  return value >= -2147483648.0 && value < 2147483648.0 ? __builtin_rint(value) : -2147483648.0;
}
EMULATED_CONVERSION(cvtepi32_ps, simde__m512, 16, float, simde__m512i, int, 16, emulated_as_is)
EMULATED_CONVERSION(cvtps_epi32, simde__m512i, 16, int, simde__m512, float, 16, emulated_nearest)
EMULATED_CONVERSION(cvtepu8_epi32, simde__m512i, 16, int, simde__m128i, unsigned char, 16, emulated_as_is)
EMULATED_CONVERSION(cvtepi8_epi32, simde__m512i, 16, int, simde__m128i, signed char, 16, emulated_as_is)
EMULATED_CONVERSION(cvtepu8_epi16, simde__m512i, 32, short, simde__m256i, unsigned char, 32, emulated_as_is)
EMULATED_CONVERSION(cvtepi8_epi16, simde__m512i, 32, short, simde__m256i, signed char, 32, emulated_as_is)
#define _mm512_cvtepi32_ps(value) emulated_cvtepi32_ps(value)
#define _mm512_cvtps_epi32(value) emulated_cvtps_epi32(value)
#define _mm512_cvtepu8_epi32(value) emulated_cvtepu8_epi32(value)
#define _mm512_cvtepi8_epi32(value) emulated_cvtepi8_epi32(value)
#define _mm512_cvtepu8_epi16(value) emulated_cvtepu8_epi16(value)
#define _mm512_cvtepi8_epi16(value) emulated_cvtepi8_epi16(value)
