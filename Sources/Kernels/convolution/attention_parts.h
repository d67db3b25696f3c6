// What attention in float and in bf16 have in common.
#ifndef GIEMSA_KERNELS_ATTENTION_PARTS_H
#define GIEMSA_KERNELS_ATTENTION_PARTS_H

#include "attention.h"
#include "geometry/sizes.h"

// SCORE_BYTES: what the scores of a strip may take, to be in a near cache still when they are read again.
// MOST_TILES: a panel of keys stays in the first-level cache for so many tiles of rows.
enum { SCORE_BYTES = 64 * 1024, MOST_TILES = 4 };

// Cuts the rows for tiles of `mr` of them.
static inline void attention_cut(f32_attention *a, size_t mr, int threads) {
  KERNEL_REQUIRE(a->rows >= 1 && a->keys >= 1 && a->depth >= 1 && a->columns >= 1 && threads >= 1);
  const size_t items = a->items[0] * a->items[1] * a->items[2] * a->items[3];
  // Every task packs keys and values for itself: threads share the rows of an item only if there are too few items for them.
  const size_t wanted = items >= 2 * (size_t)threads ? 1 : smaller((size_t)threads, divide_up(a->rows, mr));
  a->row_block = divide_up(divide_up(a->rows, wanted), mr) * mr;
  a->row_blocks = divide_up(a->rows, a->row_block);
  a->tasks = items * a->row_blocks;
  // Strips of about equal size, in whole tiles.
  a->score_row = divide_up(a->keys, 16) * 16;
  const size_t fitting = SCORE_BYTES / sizeof(float) / a->score_row / mr;
  const size_t longest = smaller(MOST_TILES, larger(1, fitting)) * mr, block = smaller(a->rows, a->row_block);
  a->strip = divide_up(divide_up(block, divide_up(block, longest)), mr) * mr;
}

// The matrices of the item that a task is of.
typedef struct {
  const float *q, *k, *v, *mask;
  float *y;
} attention_item;

static inline attention_item attention_item_of(const f32_attention *a, size_t task) {
  attention_item item = {a->q, a->k, a->v, a->mask, a->y};
  size_t rest = task / a->row_blocks;
  for (int axis = 3; axis >= 0; axis--) {
    const size_t index = rest % a->items[axis];
    item.q += index * a->q_steps[axis];
    item.k += index * a->k_steps[axis];
    item.v += index * a->v_steps[axis];
    if (item.mask) item.mask += index * a->mask_steps[axis];
    item.y += index * a->y_steps[axis];
    rest /= a->items[axis];
  }
  return item;
}

#endif
