#include <string.h>

#include "cpu/multiversion.h"
#include "convolution/q8/q8_igemm_kernels.h"
#include "convolution/q8/q8_rounding.h"

// LANES outputs of one pixel, of which the first `count` are stored. All branches go the same way for a whole layer. The vectors are
// the compiler's: it splits them into the instruction set's.
#define FINISH_LANES(LANES)                                                                                              \
  typedef float floats_##LANES __attribute__((ext_vector_type(LANES), aligned(4)));                                      \
  typedef int32_t integers_##LANES __attribute__((ext_vector_type(LANES), aligned(4)));                                  \
  typedef uint8_t bytes_##LANES __attribute__((ext_vector_type(LANES), aligned(1)));                                     \
  static inline __attribute__((always_inline)) void clamp_##LANES(floats_##LANES *value, float low, float high) {        \
    const floats_##LANES lows = low, highs = high, raised = *value > lows ? *value : lows;                               \
    *value = raised < highs ? raised : highs;                                                                            \
  }                                                                                                                      \
  static inline __attribute__((always_inline)) void finish_##LANES(                                                      \
      const q8_epilogue *e, size_t count, const void *sums, int sums_float, const float *multipliers,                    \
      const float *shifts, const uint8_t *residual, void *y) {                                                           \
    floats_##LANES value = sums_float ? *(const floats_##LANES *)sums                                                    \
                                      : __builtin_convertvector(*(const integers_##LANES *)sums, floats_##LANES);        \
    value = value * *(const floats_##LANES *)(const void *)multipliers + *(const floats_##LANES *)(const void *)shifts;  \
    if (e->float_output) {                                                                                               \
      memcpy(y, &value, count * sizeof(float));                                                                          \
      return;                                                                                                            \
    }                                                                                                                    \
    if (e->intermediate) {                                                                                               \
      clamp_##LANES(&value, (float)(e->t_low - e->t_zero), (float)(e->t_high - e->t_zero));                              \
      value = (value + Q8_ROUNDER - Q8_ROUNDER) * e->t_multiplier;                                                       \
    }                                                                                                                    \
    if (residual) {                                                                                                      \
      const uint8_t flip = e->residual_signed ? 0x80 : 0;                                                                \
      bytes_##LANES r = {};                                                                                              \
      if (count == LANES) {                                                                                              \
        memcpy(&r, residual, LANES);                                                                                     \
      } else {                                                                                                           \
        memcpy(&r, residual, count);                                                                                     \
      }                                                                                                                  \
      const integers_##LANES centred =                                                                                   \
          __builtin_convertvector(r ^ flip, integers_##LANES) - (e->residual_zero + flip);                               \
      value += __builtin_convertvector(centred, floats_##LANES) * e->residual_multiplier;                                \
    }                                                                                                                    \
    clamp_##LANES(&value, (float)(e->low - e->y_zero), (float)(e->high - e->y_zero));                                    \
    const bytes_##LANES out =                                                                                            \
        __builtin_convertvector((integers_##LANES)(value + Q8_ROUNDER) + e->y_zero, bytes_##LANES);                      \
    if (count == LANES) {                                                                                                \
      memcpy(y, &out, LANES);                                                                                            \
    } else {                                                                                                             \
      memcpy(y, &out, count);                                                                                            \
    }                                                                                                                    \
  }

FINISH_LANES(16)
FINISH_LANES(4)

KERNEL_BODY finish_body(
    const q8_epilogue *e, size_t pixels, size_t outputs, const void *sums, int sums_float, size_t sums_stride,
    const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride, void *y,
    size_t y_stride) {
  // A copy, because the compiler must assume that storing bytes to y changes *e.
  const q8_epilogue own = *e;
  e = &own;
  const size_t size = own.float_output ? sizeof(float) : 1;
  // Panels have 16 or 32 outputs, or 4 or 8. The loop over pixels is innermost: they share multipliers and shifts.
#define PIXELS(LANES)                                                                                                    \
  for (size_t o = 0; o < outputs; o += LANES)                                                                            \
    for (size_t p = 0; p < pixels; p++)                                                                                  \
      finish_##LANES(                                                                                                    \
          e, outputs - o < LANES ? outputs - o : LANES, (const char *)sums + (p * sums_stride + o) * 4, sums_float,      \
          multipliers + o, shifts + o, residual ? residual + p * residual_stride + o : NULL,                             \
          (char *)y + (p * y_stride + o) * size)
  if (sums_stride % 16 == 0) {
    PIXELS(16);
  } else {
    PIXELS(4);
  }
}
MULTIVERSION(
    finish,
    (const q8_epilogue *e, size_t pixels, size_t outputs, const void *sums, int sums_float, size_t sums_stride,
     const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride, void *y,
     size_t y_stride),
    (e, pixels, outputs, sums, sums_float, sums_stride, multipliers, shifts, residual, residual_stride, y, y_stride))

void q8_finish_portable(Q8_FINISH_PARAMETERS) {
  Q8_FINISH_REQUIRE();
  finish(
      level, epilogue, pixels, outputs, sums, sums_float, sums_stride, multipliers, shifts, residual, residual_stride, y,
      y_stride);
}

void q8_fused_set(q8_fused *f, const q8_epilogue *e) {
  const int is_signed = e->low < 0;
  *f = (q8_fused){.residual_signed = e->residual_signed, .whole = e->y_zero == 0 && e->low == 0 && e->high == 255};
  for (size_t i = 0; i < 16; i++) {
    f->t_low[i] = (float)(e->t_low - e->t_zero);
    f->t_high[i] = (float)(e->t_high - e->t_zero);
    f->t_multiplier[i] = e->t_multiplier;
    f->residual_multiplier[i] = e->residual_multiplier;
    f->residual_shift[i] = (float)-e->residual_zero * e->residual_multiplier;
  }
  for (size_t i = 0; i < 32; i++) f->y_zero[i] = (int16_t)(e->y_zero + (is_signed ? 128 : 0));
  for (size_t i = 0; i < 64; i++) {
    f->low[i] = (uint8_t)(e->low + (is_signed ? 128 : 0));
    f->high[i] = (uint8_t)(e->high + (is_signed ? 128 : 0));
    f->flip[i] = is_signed ? 128 : 0;
  }
}
