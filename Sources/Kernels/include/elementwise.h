// Kernels that treat elements one by one (or, softmax, row by row).
#ifndef GIEMSA_KERNELS_ELEMENTWISE_H
#define GIEMSA_KERNELS_ELEMENTWISE_H

#include <stddef.h>

#include "cpu.h"

typedef enum {
  F32_CLAMP,  // min(max(x, a), b); a NaN stays one
  F32_LEAKY,  // x, or a · x below zero
  F32_SIGMOID,
  F32_HARD_SIGMOID,  // clamp(a · x + b) to 0 ... 1
  F32_HARD_SWISH,  // x · clamp(x / 6 + 1/2) to 0 ... 1
  F32_ELU,  // x, or a · (e^x - 1) below zero
  F32_SWISH,  // x / (1 + e^(-a · x))
  F32_GELU,
  F32_GELU_TANH,  // its approximation by tanh
  F32_MISH,
  F32_TANH,
  F32_ERF,
  F32_EXP,
  F32_SQRT,
  F32_RECIPROCAL,
  F32_ABS,
  F32_NEG
} f32_function;

// What a layer's kernel does to its sums while they are in the cache: an activation that is no clamp.
typedef struct {
  int applies;
  f32_function function;
  float a, b;
} f32_activation;

// y[row][i] = function(x[row][i]) for `count` floats of each row, rows being `stride` floats apart; y may be x.
void f32_apply(
    kernels_level isa, f32_function function, float a, float b, const float *x, float *y, size_t rows, size_t count,
    size_t stride);

// y[i] = function(x[i]); y may be x.
typedef struct {
  f32_function function;
  float a, b;
  kernels_level isa;
  const float *x;
  float *y;
  size_t count;
  size_t tasks;  // by f32_unary_plan
} f32_unary;

void f32_unary_plan(f32_unary *unary);
void f32_unary_task(void *context, size_t task, size_t worker);  // context: f32_unary

typedef enum { F32_ADD, F32_SUB, F32_MUL, F32_DIV } f32_operation;

// y = a op b over up to four axes, broadcast: a step of 0 repeats. y is dense in the order of the axes; it may be a or b
// where that has y's own steps.
typedef struct {
  f32_operation operation;
  kernels_level isa;
  size_t extents[4];  // outermost first; leave leading ones 1
  size_t a_steps[4], b_steps[4];  // floats from one index of an axis to the next
  const float *a;
  const float *b;
  float *y;
  size_t block;  // by f32_binary_plan
  size_t tasks;
} f32_binary;

// Joins axes that can be walked as one and cuts the work.
void f32_binary_plan(f32_binary *binary);
void f32_binary_task(void *context, size_t task, size_t worker);  // context: f32_binary

// y[row][c] = clamp(x[row][c] · scale[c] + shift[c]): batch normalisation with its statistics settled.
typedef struct {
  kernels_level isa;
  size_t rows, channels;
  float low, high;
  const float *x, *scale, *shift;
  float *y;
  size_t x_stride;  // floats from row to row of x; f32_affine_plan sets it to `channels`, for rows without gaps
  size_t block;  // by f32_affine_plan
  size_t tasks;
} f32_affine;

void f32_affine_plan(f32_affine *affine);
void f32_affine_task(void *context, size_t task, size_t worker);  // context: f32_affine

// Rows [first, end) of x, into y's first rows.
void f32_affine_rows(const f32_affine *affine, size_t first, size_t end, float *y);

// y = softmax(x), or its logarithm, of one row. y may be x without the logarithm.
void f32_softmax_row(kernels_level isa, const float *x, float *y, size_t count, int logarithm);

// y[row] = softmax(x[row]), or its logarithm. y may not be x.
typedef struct {
  kernels_level isa;
  size_t rows, columns;
  int logarithm;
  const float *x;
  float *y;
} f32_softmax;

void f32_softmax_task(void *context, size_t task, size_t worker);  // context: f32_softmax; a task a row

#endif
