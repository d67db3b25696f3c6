// Kernels that only move data.
#ifndef GIEMSA_KERNELS_LAYOUT_H
#define GIEMSA_KERNELS_LAYOUT_H

#include <stddef.h>

#include "cpu.h"

// [batch][rows][columns] → [batch][columns][rows]. NCHW → NHWC with rows = channels, columns = height × width, and back
// with the two exchanged.
typedef struct {
  size_t batch, rows, columns;
  kernels_level isa;
  const float *x;
  float *y;
  size_t tasks;  // by f32_transpose_plan
} f32_transpose;

void f32_transpose_plan(f32_transpose *transpose);
void f32_transpose_task(void *context, size_t task, size_t worker);  // context: f32_transpose

// The same of single bytes: one task an image. Only for 8-bit values that something without a kernel reads or makes.
typedef struct {
  size_t batch, rows, columns;
  const void *x;
  void *y;
} bytes_transpose;

void bytes_transpose_task(void *context, size_t task, size_t worker);  // context: bytes_transpose

// Copies `rows` rows of `bytes`, from and to rows so many bytes apart: a piece of a concatenation.
typedef struct {
  size_t rows, bytes, x_step, y_step;
  const void *x;
  void *y;
  size_t block;  // by rows_copy_plan
  size_t tasks;
} rows_copy;

void rows_copy_plan(rows_copy *copy);
void rows_copy_task(void *context, size_t task, size_t worker);  // context: rows_copy

#endif
