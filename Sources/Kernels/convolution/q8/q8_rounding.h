// From float to 8 bits, for the q8 files only.
#ifndef GIEMSA_KERNELS_Q8_ROUNDING_H
#define GIEMSA_KERNELS_Q8_ROUNDING_H

#include <stdint.h>
#include <string.h>

// Added to a float of less than 2^22 it rounds it to the nearest integer, halves to even, and leaves that integer in the
// low bits: 1.5 · 2^23.
#define Q8_ROUNDER 12582912.0f

static inline __attribute__((always_inline)) float q8_clamp(float value, float low, float high) {
  value = value > low ? value : low;
  return value < high ? value : high;
}

// The low byte of round(value) + zero.
static inline __attribute__((always_inline)) uint8_t q8_round(float value, int zero) {
  value += Q8_ROUNDER;
  int32_t bits;
  memcpy(&bits, &value, 4);
  return (uint8_t)(bits + zero);
}

#endif
