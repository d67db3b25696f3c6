#include "attention.h"

#include <math.h>

#include "convolution/attention_parts.h"
#include "convolution/f32/pack_panel.h"
#include "elementwise.h"

static size_t panel_floats(const f32_attention *a, size_t columns, size_t depth) {
  return divide_up(columns, a->family->nr) * a->family->nr * depth;
}

void f32_attention_plan(f32_attention *a, kernels_level level, int threads) {
  a->isa = level;
  a->family = f32_igemm_for(level);
  attention_cut(a, a->family->mr, threads);
  a->scratch_bytes = whole_lines(panel_floats(a, a->keys, a->depth) * sizeof(float)) +
                     whole_lines(panel_floats(a, a->columns, a->keys) * sizeof(float)) +
                     whole_lines(a->strip * a->score_row * sizeof(float));
}

// All columns of b in panels, one behind the other.
static void pack(
    const f32_attention *a, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t columns, float scale,
    float *packed) {
  const size_t nr = a->family->nr;
  for (size_t column = 0; column < columns; column += nr, packed += nr * depth)
    f32_pack_panel(
        a->isa, nr, b + column * column_step, depth_step, column_step, depth, smaller(nr, columns - column), scale, packed);
}

// `rows` rows of y = x · b, + residual, with b in panels. Tiles differ by at most one row.
static void multiply(
    const f32_attention *a, size_t rows, const float *x, size_t x_row, size_t depth, const float *packed, size_t columns,
    float *y, size_t y_row, const float *residual, size_t residual_row) {
  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const size_t nr = a->family->nr, tiles = divide_up(rows, a->family->mr), even = rows / tiles, longer = rows % tiles;
  const f32_igemm_epilogue epilogue = {
      .y_stride = y_row, .residual_stride = residual_row, .low = -INFINITY, .high = INFINITY, .ahead = (kernels_fetch)y};
  for (size_t column = 0; column < columns; column += nr, packed += nr * depth)
    for (size_t tile = 0, row = 0; tile < tiles; tile++) {
      const float *pointers[F32_IGEMM_MAX_MR];
      const size_t height = even + (tile < longer);
      for (size_t i = 0; i < height; i++) pointers[i] = x + (row + i) * x_row;
      a->family->run(
          height, smaller(nr, columns - column), 1, depth, pointers, 0, zeros, packed, y + row * y_row + column,
          residual ? residual + row * residual_row + column : NULL, &epilogue);
      row += height;
    }
}

void f32_attention_task(void *context, size_t task, size_t worker) {
  const f32_attention *a = context;
  KERNEL_REQUIRE(task < a->tasks && KERNEL_IS_ALIGNED(a->scratch, 64));
  const attention_item item = attention_item_of(a, task);
  char *scratch = (char *)a->scratch + worker * a->scratch_bytes;
  float *keys = (float *)scratch;
  scratch += whole_lines(panel_floats(a, a->keys, a->depth) * sizeof(float));
  float *values = (float *)scratch;
  scratch += whole_lines(panel_floats(a, a->columns, a->keys) * sizeof(float));
  float *scores = (float *)scratch;
  pack(a, item.k, a->k_depth, a->k_key, a->depth, a->keys, a->scale, keys);
  pack(a, item.v, a->v_key, a->v_column, a->keys, a->columns, 1, values);
  const size_t first = task % a->row_blocks * a->row_block, end = smaller(a->rows, first + a->row_block);
  for (size_t row = first; row < end; row += a->strip) {
    const size_t rows = smaller(a->strip, end - row);
    multiply(
        a, rows, item.q + row * a->q_row, a->q_row, a->depth, keys, a->keys, scores, a->score_row,
        item.mask ? item.mask + row * a->mask_row : NULL, a->mask_row);
    for (size_t i = 0; i < rows; i++) {
      float *score = scores + i * a->score_row;
      f32_softmax_row(a->isa, score, score, a->keys, 0);
    }
    multiply(a, rows, scores, a->score_row, a->keys, values, a->columns, item.y + row * a->y_row, a->y_row, NULL, 0);
  }
}
