#include <string.h>

#include "convolution/bf16/bf16_igemm_kernels.h"
#include "convolution/f32/igemm_kernels.h"

// The reference of all bf16 kernels: products and sums in float, in the order of the taps.

static uint16_t rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t exponent = bits & 0x7f800000;
  if (exponent == 0) return (uint16_t)(bits >> 16 & 0x8000);
  // A NaN stays one, whatever its lower half.
  if (exponent == 0x7f800000) return (uint16_t)(bits >> 16 | ((bits & 0x7fffff) != 0) << 6);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void bf16_round_portable(BF16_ROUND_PARAMETERS) {
  for (size_t i = 0; i < count; i++) to[i] = rounded(from[i]);
}

static float widened(uint16_t value) {
  const uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

void bf16_igemm_4x8_portable(BF16_IGEMM_PARAMETERS) {
  enum { NR = 8 };
  BF16_IGEMM_REQUIRE(4, NR, 32);
  for (size_t p = 0, row = 0; p < pixels; p++) {
    if (!(wanted >> p & 1)) continue;
    float sums[NR];
    memcpy(sums, bias, sizeof sums);
    const uint16_t *weights = w;
    for (size_t tap = 0; tap < taps; tap++) {
      const uint16_t *row = (const uint16_t *)(const void *)(x[p] + offsets[tap]);
      for (size_t pair = 0; pair < pairs; pair++, weights += 2 * NR)
        for (size_t o = 0; o < NR; o++)
          sums[o] += widened(row[2 * pair]) * widened(weights[2 * o]) + widened(row[2 * pair + 1]) * widened(weights[2 * o + 1]);
    }
    f32_igemm_finish(sums, outputs, sums, residual, &epilogue->sums);
    bf16_activate(epilogue, sums, 1, outputs, outputs);
    const size_t at = row++ * epilogue->sums.y_stride;
    if (epilogue->narrow) {
      bf16_round_portable((uint16_t *)y + at, sums, outputs);
    } else {
      memcpy((float *)y + at, sums, outputs * sizeof *sums);
    }
    if (residual) residual += epilogue->sums.residual_stride;
  }
}
