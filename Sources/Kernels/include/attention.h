// f32_attention: products of queries and keys, their softmax, and the products of that with values. bf16_attention: the same,
// with both kinds of products of bf16 numbers (see bf16_convolution.h) and their sums in float.
#ifndef GIEMSA_KERNELS_ATTENTION_H
#define GIEMSA_KERNELS_ATTENTION_H

#include <stddef.h>

#include "igemm.h"

struct bf16_igemm_family;

// y[row] = Σ over keys of p[key] · v[key], where p is the softmax over keys of scale · Σ over depth of q[row] · k[key],
// + mask[row][key]; for items along up to four axes. The scores of a few rows at a time are in memory, never those of all.
typedef struct {
  size_t items[4];  // outermost first; leading ones 1
  // Floats from one item to the next; 0 where a matrix serves several.
  size_t q_steps[4], k_steps[4], v_steps[4], mask_steps[4], y_steps[4];
  size_t rows, keys, depth, columns;  // none is 0
  size_t q_row;  // floats between two rows; along their depth they are contiguous
  size_t k_key, k_depth, v_key, v_column;
  size_t mask_row;  // 0 where one row of the mask serves all; along keys it is contiguous
  size_t y_row;  // floats between two rows of y; along columns they are contiguous
  float scale;
  const float *q, *k, *v;
  const float *mask;  // or NULL
  float *y;
  void *scratch;  // workers × scratch_bytes, 64-byte aligned
  // By f32_attention_plan or bf16_attention_plan.
  kernels_level isa;
  const f32_igemm_family *family;  // of f32_attention
  const struct bf16_igemm_family *narrow;  // of bf16_attention
  size_t row_block, row_blocks;  // of a task
  size_t strip;  // rows whose scores are in memory
  size_t score_row;  // floats between two rows of scores
  size_t tasks;
  size_t scratch_bytes;
} f32_attention;

void f32_attention_plan(f32_attention *attention, kernels_level level, int threads);
void f32_attention_task(void *context, size_t task, size_t worker);  // context: f32_attention

void bf16_attention_plan(f32_attention *attention, kernels_level level, int threads);
void bf16_attention_task(void *context, size_t task, size_t worker);  // context: f32_attention

#endif
