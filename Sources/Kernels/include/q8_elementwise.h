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

// y = clamp(round(x / scale) + zero, 0, 255) with a scale and zero point that let 0 … 255 stand for the range of x's values and 0:
// ONNX's DynamicQuantizeLinear. A NaN becomes 0. All tasks of q8_find_range_task come before those of q8_dynamic_quantize_task.
typedef struct {
  kernels_level isa;
  size_t count;
  const float *x;
  uint8_t *y;
  float *scale;
  uint8_t *zero;
  float *ranges;  // room for two numbers of each task
  size_t block, tasks;  // by q8_dynamic_quantize_plan
} q8_dynamic_quantize;

void q8_dynamic_quantize_plan(q8_dynamic_quantize *quantize);
void q8_find_range_task(void *context, size_t task, size_t worker);  // context: q8_dynamic_quantize
void q8_dynamic_quantize_task(void *context, size_t task, size_t worker);  // the same

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

// y = clamp(round((a − a_zero) · (b − b_zero) · multiplier) + zero, low, high), multiplier being a's scale · b's scale / y's
// scale. a and y are [batch, pixels, channels], or with `planes` [batch, channels, pixels]. b is of a's shape or, with
// `gates`, [batch, channels]. y may be a, or b without `gates`.
typedef struct {
  kernels_level isa;
  size_t batch, pixels, channels;
  int planes, gates;
  int a_signed, a_zero, b_signed, b_zero;
  float multiplier;
  int zero, low, high;
  const void *a, *b;
  void *y;
  size_t tasks;  // by q8_multiply_plan
} q8_multiply;

void q8_multiply_plan(q8_multiply *multiply);
void q8_multiply_task(void *context, size_t task, size_t worker);  // context: q8_multiply

// y = table[x], for the bits of x. y may be x.
typedef struct {
  kernels_level isa;
  size_t count;
  const void *x;
  const uint8_t *table;  // 256 bytes, 64-byte aligned
  void *y;
  size_t tasks;  // by q8_table_plan
} q8_table;

void q8_table_plan(q8_table *table);
void q8_table_task(void *context, size_t task, size_t worker);  // context: q8_table

// The same of `rows` rows of `bytes` bytes, which lie behind each other in x and y_step bytes apart in y: a piece of a concatenation.
typedef struct {
  kernels_level isa;
  size_t rows, bytes, y_step;
  const void *x;
  const uint8_t *table;  // 256 bytes, 64-byte aligned
  void *y;
  size_t block, tasks;  // by q8_table_rows_plan
} q8_table_rows;

void q8_table_rows_plan(q8_table_rows *table);
void q8_table_rows_task(void *context, size_t task, size_t worker);  // context: q8_table_rows

#endif
