#include "layout.h"

#include <string.h>

#include "cpu/multiversion.h"
#include "geometry/sizes.h"

enum { COLUMNS = 512, TILE = 8, BYTES = 64 * 1024 };


KERNEL_BODY transpose_columns_body(const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to) {
  if (rows == 3) {
    const float *x1 = x + columns, *x2 = x1 + columns;
    for (size_t c = from; c < to; c++) {
      y[3 * c] = x[c];
      y[3 * c + 1] = x1[c];
      y[3 * c + 2] = x2[c];
    }
    return;
  }
  if (rows <= 4) {
    // Pictures: three planes read side by side.
    for (size_t c = from; c < to; c++)
      for (size_t r = 0; r < rows; r++) y[c * rows + r] = x[r * columns + c];
    return;
  }
  // Tiles small enough that both sides' cache lines stay until they are used up.
  for (size_t c0 = from; c0 < to; c0 += TILE) {
    const size_t width = smaller(TILE, to - c0);
    for (size_t r0 = 0; r0 < rows; r0 += TILE) {
      const size_t height = smaller(TILE, rows - r0);
      if (width == TILE && height == TILE) {
        float tile[TILE][TILE];
        for (int r = 0; r < TILE; r++)
          for (int c = 0; c < TILE; c++) tile[c][r] = x[(r0 + r) * columns + c0 + c];
        for (int c = 0; c < TILE; c++)
          for (int r = 0; r < TILE; r++) y[(c0 + c) * rows + r0 + r] = tile[c][r];
      } else {
        for (size_t c = 0; c < width; c++)
          for (size_t r = 0; r < height; r++) y[(c0 + c) * rows + r0 + r] = x[(r0 + r) * columns + c0 + c];
      }
    }
  }
}
MULTIVERSION(
    transpose_columns, (const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to),
    (x, y, rows, columns, from, to))

static size_t blocks_of(const f32_transpose *v) { return (v->columns + COLUMNS - 1) / COLUMNS; }

void f32_transpose_plan(f32_transpose *v) { v->tasks = v->batch * blocks_of(v); }

void f32_transpose_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_transpose *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t image = task / blocks_of(v), from = task % blocks_of(v) * COLUMNS, plane = v->rows * v->columns;
  transpose_columns(
      v->isa, v->x + image * plane, v->y + image * plane, v->rows, v->columns, from, smaller(v->columns, from + COLUMNS));
}

void rows_copy_plan(rows_copy *v) {
  v->block = v->bytes >= BYTES ? 1 : BYTES / (v->bytes ? v->bytes : 1);
  v->tasks = (v->rows + v->block - 1) / v->block;
}

void rows_copy_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const rows_copy *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  KERNEL_REQUIRE(v->rows <= 1 || (v->x_step >= v->bytes && v->y_step >= v->bytes));
  const size_t end = smaller(v->rows, (task + 1) * v->block);
  for (size_t row = task * v->block; row < end; row++)
    memcpy((char *)v->y + row * v->y_step, (const char *)v->x + row * v->x_step, v->bytes);
}

void bytes_transpose_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const bytes_transpose *t = context;
  KERNEL_REQUIRE(task < t->batch);
  const char *x = (const char *)t->x + task * t->rows * t->columns;
  char *y = (char *)t->y + task * t->rows * t->columns;
  for (size_t column = 0; column < t->columns; column++)
    for (size_t row = 0; row < t->rows; row++) y[column * t->rows + row] = x[row * t->columns + column];
}
