// Normalisation of rows.
#ifndef GIEMSA_KERNELS_NORM_H
#define GIEMSA_KERNELS_NORM_H

#include <stddef.h>

#include "cpu.h"

// y[row][i] = (x[row][i] - mean) / √(variance + epsilon) · scale[i] + shift[i]; without a mean: x / √(mean of x² + epsilon).
typedef struct {
  kernels_level isa;
  size_t rows, columns;
  int subtracts_mean;
  float epsilon;
  const float *x, *scale, *shift;  // columns numbers each; shift may be NULL
  float *y;
  size_t block;  // by f32_row_norm_plan
  size_t tasks;
} f32_row_norm;

void f32_row_norm_plan(f32_row_norm *norm);
void f32_row_norm_task(void *context, size_t task, size_t worker);  // context: f32_row_norm

#endif
