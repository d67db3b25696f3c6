// f32_matmul: products of two activations. A product with constant weights is a 1×1 convolution (igemm.h).
#ifndef GIEMSA_KERNELS_MATMUL_H
#define GIEMSA_KERNELS_MATMUL_H

#include <stddef.h>

#include "igemm.h"

// y[item][row][column] = scale · Σ over depth of a[item][row][depth] · b[item][depth][column], for items along up to four axes.
typedef struct {
  size_t items[4];  // outermost first; leading ones 1
  size_t a_steps[4], b_steps[4];  // floats from one item to the next; 0 where a matrix serves several
  size_t rows, depth, columns;  // none is 0
  size_t a_row;  // floats between two rows of a, along which its depth is contiguous
  size_t b_depth, b_column;  // floats between two depths and two columns of b
  float scale;
  const float *a, *b;
  float *y;  // [items][rows][columns]
  void *scratch;  // workers × scratch_bytes, 64-byte aligned
  // By f32_matmul_plan.
  kernels_level isa;
  const f32_igemm_family *family;
  size_t row_block, row_blocks;
  size_t tasks;
  size_t scratch_bytes;
} f32_matmul;

void f32_matmul_plan(f32_matmul *product, kernels_level level, int threads);
void f32_matmul_task(void *context, size_t task, size_t worker);  // context: f32_matmul

#endif
