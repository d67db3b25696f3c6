// Kernels that treat 8-bit elements one by one, and the edges where float becomes 8-bit and back.
//
// A byte is u8 or s8 with a zero point in its own numbers; a result's low and high (0 and 255, −128 and 127, or less, for
// a Relu or Clip that follows) say which it is. Rounding is to the nearest, halves to even.
#ifndef GIEMSA_KERNELS_Q8_ELEMENTWISE_H
#define GIEMSA_KERNELS_Q8_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"

// y = clamp(round(x / scale) + zero, low, high). A NaN becomes low.
typedef struct {
  kernels_level isa;
  size_t batch, pixels, channels;
  int planes;  // 1: x is [batch, channels, pixels] (NCHW), y still [batch, pixels, channels]
  float scale;
  int zero, low, high;
  const float *x;
  void *y;
  size_t tasks;  // by q8_quantize_plan
} q8_quantize;

void q8_quantize_plan(q8_quantize *quantize);
void q8_quantize_task(void *context, size_t task, size_t worker);  // context: q8_quantize

// y = (x − zero) · scale
typedef struct {
  kernels_level isa;
  size_t batch, pixels, channels;
  int planes;  // 1: y is [batch, channels, pixels] (NCHW), x still [batch, pixels, channels]
  float scale;
  int x_signed, zero;
  const void *x;
  float *y;
  size_t tasks;  // by q8_dequantize_plan
} q8_dequantize;

void q8_dequantize_plan(q8_dequantize *dequantize);
void q8_dequantize_task(void *context, size_t task, size_t worker);  // context: q8_dequantize

// y = clamp(round((a − a_zero) · a_multiplier + (b − b_zero) · b_multiplier) + zero, low, high), a_multiplier being a's
// scale / y's scale. y may be a or b.
typedef struct {
  kernels_level isa;
  size_t count;
  int a_signed, a_zero, b_signed, b_zero;
  float a_multiplier, b_multiplier;
  int zero, low, high;
  const void *a, *b;
  void *y;
  size_t tasks;  // by q8_add_plan
} q8_add;

void q8_add_plan(q8_add *add);
void q8_add_task(void *context, size_t task, size_t worker);  // context: q8_add

#endif
