#include "matmul.h"

#include <math.h>

#include "convolution/f32/pack_panel.h"
#include "geometry/sizes.h"

void f32_matmul_plan(f32_matmul *v, kernels_level level, int threads) {
  KERNEL_REQUIRE(v->rows >= 1 && v->depth >= 1 && v->columns >= 1 && threads >= 1);
  v->isa = level;
  v->family = f32_igemm_for(level);
  const size_t items = v->items[0] * v->items[1] * v->items[2] * v->items[3];
  // Every task packs b for itself: threads share the rows of an item only if there are too few items for them.
  const size_t wanted = items >= 2 * (size_t)threads ? 1 : smaller((size_t)threads, divide_up(v->rows, v->family->mr));
  v->row_block = divide_up(divide_up(v->rows, wanted), v->family->mr) * v->family->mr;
  v->row_blocks = divide_up(v->rows, v->row_block);
  v->tasks = items * v->row_blocks;
  v->scratch_bytes = whole_lines(v->family->nr * v->depth * sizeof(float));
}

void f32_matmul_task(void *context, size_t task, size_t worker) {
  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const f32_matmul *v = context;
  KERNEL_REQUIRE(task < v->tasks && KERNEL_IS_ALIGNED(v->scratch, 64));
  const size_t mr = v->family->mr, nr = v->family->nr, item = task / v->row_blocks;
  const float *a = v->a, *b = v->b;
  size_t rest = item;
  for (int axis = 3; axis >= 0; axis--) {
    a += rest % v->items[axis] * v->a_steps[axis];
    b += rest % v->items[axis] * v->b_steps[axis];
    rest /= v->items[axis];
  }
  float *y = v->y + item * v->rows * v->columns;
  float *packed = (float *)((char *)v->scratch + worker * v->scratch_bytes);
  const size_t first = task % v->row_blocks * v->row_block, end = smaller(v->rows, first + v->row_block);
  const f32_igemm_epilogue epilogue = {
      .y_stride = v->columns, .residual_stride = v->columns, .low = -INFINITY, .high = INFINITY, .ahead = (kernels_fetch)y};
  for (size_t column = 0; column < v->columns; column += nr) {
    const size_t count = smaller(nr, v->columns - column);
    f32_pack_panel(
        v->isa, nr, b + column * v->b_column, v->b_depth, v->b_column, v->depth, count, v->scale, packed);
    for (size_t row = first; row < end; row += mr) {
      const float *rows[F32_IGEMM_MAX_MR];
      const size_t height = smaller(mr, end - row);
      for (size_t i = 0; i < height; i++) rows[i] = a + (row + i) * v->a_row;
      v->family->run(
          height, count, 1, v->depth, rows, 0, zeros, packed, y + row * v->columns + column, NULL,
          &epilogue);
    }
  }
}
