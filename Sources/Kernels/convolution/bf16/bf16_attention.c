#include "attention.h"

#include <math.h>
#include <string.h>

#include "bf16_convolution.h"
#include "convolution/attention_parts.h"
#include "convolution/f32/pack_panel.h"
#include "cpu/table.h"

// Numbers of a product's depth with the zeros that make it whole.
static size_t padded(const f32_attention *a, size_t depth) {
  const size_t all = 2 * a->narrow->pairs, whole = all > 0 && depth > all ? all : 2;
  return divide_up(depth, whole) * whole;
}

// Where a task keeps what.
typedef struct {
  uint16_t *keys, *values;  // in panels, by pairs of their depth
  float *panel;  // one panel before it is rounded
  uint16_t *rounded;  // and after, before pairs are put side by side
  uint16_t *queries, *shares;  // of a strip, row by row
  float *scores;
} attention_places;

// Places in memory from `start` on, and where they end.
static uintptr_t place(const f32_attention *a, uintptr_t start, attention_places *places) {
  const size_t nr = a->narrow->nr, depth = padded(a, a->depth), keys = padded(a, a->keys), longest = nr * larger(depth, keys);
  uintptr_t at = start;
#define PLACE(name, count) places->name = (void *)at, at += whole_lines((count) * sizeof *places->name)
  PLACE(keys, divide_up(a->keys, nr) * nr * depth);
  PLACE(values, divide_up(a->columns, nr) * nr * keys);
  PLACE(panel, longest);
  PLACE(rounded, longest);
  PLACE(queries, a->strip * depth);
  PLACE(shares, a->strip * keys);
  PLACE(scores, a->strip * a->score_row);
#undef PLACE
  return at;
}

void bf16_attention_plan(f32_attention *a, kernels_level level, int threads) {
  a->isa = level;
  a->narrow = &kernels_table_for(level)->bf16_igemm;
  attention_cut(a, a->narrow->mr, threads);
  a->scratch_bytes = place(a, 0, &(attention_places){0});
}

// All columns of b in panels, one behind the other: of each two numbers along the depth those of every column.
static void pack(
    const f32_attention *a, const attention_places *at, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t columns,
    float scale, uint16_t *packed) {
  const size_t nr = a->narrow->nr, whole = padded(a, depth);
  memset(at->rounded + depth * nr, 0, (whole - depth) * nr * sizeof *at->rounded);
  for (size_t column = 0; column < columns; column += nr) {
    const size_t count = smaller(nr, columns - column);
    f32_pack_panel(a->isa, nr, b + column * column_step, depth_step, column_step, depth, count, scale, at->panel);
    a->narrow->round(at->rounded, at->panel, depth * nr);
    for (size_t pair = 0; pair < whole / 2; pair++, packed += 2 * nr) {
      const uint16_t *first = at->rounded + 2 * pair * nr, *second = first + nr;
      for (size_t i = 0; i < nr; i++) packed[2 * i] = first[i], packed[2 * i + 1] = second[i];
    }
  }
}

// `rows` rows of y = x · b, + residual, with b in panels.
static void multiply(
    const f32_attention *a, size_t rows, const uint16_t *x, size_t depth, const uint16_t *packed, size_t columns, float *y,
    size_t y_row, const float *residual, size_t residual_row) {
  static const float zeros[BF16_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const bf16_igemm_family *family = a->narrow;
  const size_t mr = family->mr, nr = family->nr, pairs = padded(a, depth) / 2;
  const ptrdiff_t offset = 0;
  const bf16_igemm_epilogue epilogue = {
      .sums = {
          .y_stride = y_row, .residual_stride = residual_row, .low = -INFINITY, .high = INFINITY, .ahead = (kernels_fetch)y}};
  if (family->begin) family->begin(pairs);
  for (size_t column = 0; column < columns; column += nr, packed += nr * 2 * pairs)
    for (size_t row = 0; row < rows; row += mr) {
      const uint8_t *pointers[BF16_IGEMM_MAX_MR];
      const size_t height = smaller(mr, rows - row);
      for (size_t i = 0; i < height; i++) pointers[i] = (const uint8_t *)(x + (row + i) * 2 * pairs);
      family->run(
          height, ~(uint32_t)0 >> (32 - height), smaller(nr, columns - column), 1, pairs, pointers, &offset, zeros, packed,
          y + row * y_row + column, residual ? residual + row * residual_row + column : NULL, &epilogue);
    }
  if (family->end) family->end();
}

// `rows` rows of `count` numbers each, rounded, with zeros behind them.
static void round_rows(const f32_attention *a, const float *x, size_t x_row, size_t rows, size_t count, uint16_t *to) {
  const size_t whole = padded(a, count);
  for (size_t row = 0; row < rows; row++, x += x_row, to += whole) {
    a->narrow->round(to, x, count);
    memset(to + count, 0, (whole - count) * sizeof *to);
  }
}

void bf16_attention_task(void *context, size_t task, size_t worker) {
  const f32_attention *a = context;
  KERNEL_REQUIRE(task < a->tasks && KERNEL_IS_ALIGNED(a->scratch, 64));
  const attention_item item = attention_item_of(a, task);
  attention_places at;
  place(a, (uintptr_t)a->scratch + worker * a->scratch_bytes, &at);
  pack(a, &at, item.k, a->k_depth, a->k_key, a->depth, a->keys, a->scale, at.keys);
  pack(a, &at, item.v, a->v_key, a->v_column, a->keys, a->columns, 1, at.values);
  const size_t first = task % a->row_blocks * a->row_block, end = smaller(a->rows, first + a->row_block);
  for (size_t row = first; row < end; row += a->strip) {
    const size_t rows = smaller(a->strip, end - row);
    round_rows(a, item.q + row * a->q_row, a->q_row, rows, a->depth, at.queries);
    multiply(
        a, rows, at.queries, a->depth, at.keys, a->keys, at.scores, a->score_row,
        item.mask ? item.mask + row * a->mask_row : NULL, a->mask_row);
    for (size_t i = 0; i < rows; i++) {
      float *score = at.scores + i * a->score_row;
      f32_softmax_row(a->isa, score, score, a->keys, 0);
    }
    round_rows(a, at.scores, a->score_row, rows, a->keys, at.shares);
    multiply(a, rows, at.shares, a->keys, at.values, a->columns, item.y + row * a->y_row, a->y_row, NULL, 0);
  }
}
