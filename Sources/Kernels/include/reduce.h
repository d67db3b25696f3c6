// Reductions of one axis.
#ifndef GIEMSA_KERNELS_REDUCE_H
#define GIEMSA_KERNELS_REDUCE_H

#include <stddef.h>

#include "cpu.h"

typedef enum { F32_REDUCE_SUM, F32_REDUCE_MEAN, F32_REDUCE_SQUARES, F32_REDUCE_L2, F32_REDUCE_MAX, F32_REDUCE_MIN } f32_reduction;

// y[o][i] = the sum, mean, sum of squares, its root, largest or smallest of x[o][k][i] over k. A NaN among them makes it NaN.
typedef struct {
  f32_reduction reduction;
  kernels_level isa;
  size_t outer, count, inner;  // count >= 1
  const float *x;
  float *y;
  size_t block;  // by f32_reduce_plan
  size_t tasks;
} f32_reduce;

void f32_reduce_plan(f32_reduce *reduce);
void f32_reduce_task(void *context, size_t task, size_t worker);  // context: f32_reduce

#endif
