#include "layout.h"

#include <string.h>

#include "convolution/q8/byte_tiles.h"
#include "cpu/multiversion.h"
#include "geometry/sizes.h"
#include "layout/copy_rows.h"
#include "layout/float_tiles.h"

enum { COLUMNS = 512, BYTES = 64 * 1024 };

KERNEL_BODY transpose_columns(
    const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to, size_t tile) {
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
  const size_t ahead = rows < columns ? 16 : 16 * columns;
  // Tiles small enough that both sides' cache lines stay until they are used up.
  for (size_t c0 = from; c0 < to; c0 += tile) {
    const size_t width = smaller(tile, to - c0);
    for (size_t r0 = 0; r0 < rows; r0 += tile) {
      const size_t height = smaller(tile, rows - r0);
      const float *in = x + r0 * columns + c0;
      float *out = y + c0 * rows + r0;
      if (width < tile || height < tile) {
        for (size_t c = 0; c < width; c++)
          for (size_t r = 0; r < height; r++) out[c * rows + r] = in[r * columns + c];
      } else if (tile == 16) {
        // So many lines that far apart are no streams that processors recognise.
        for (size_t r = 0; r < 16; r++) KERNELS_FETCH((kernels_fetch)(in + r * columns + ahead));
        transpose_16(in, columns, out, rows);
      } else {
        transpose_8(in, columns, out, rows);
      }
    }
  }
}

KERNEL_BODY transpose_eights_body(const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to) {
  transpose_columns(x, y, rows, columns, from, to, 8);
}
KERNEL_BODY transpose_sixteens_body(const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to) {
  transpose_columns(x, y, rows, columns, from, to, 16);
}
MULTIVERSION(
    transpose_eights, (const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to),
    (x, y, rows, columns, from, to))
// For vectors of 16 floats: with shorter ones, a tile would not fit the registers.
MULTIVERSION(
    transpose_sixteens, (const float *x, float *y, size_t rows, size_t columns, size_t from, size_t to),
    (x, y, rows, columns, from, to))

static size_t blocks_of(const f32_transpose *v) { return (v->columns + COLUMNS - 1) / COLUMNS; }

void f32_transpose_plan(f32_transpose *v) { v->tasks = v->batch * blocks_of(v); }

void f32_transpose_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_transpose *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t image = task / blocks_of(v), from = task % blocks_of(v) * COLUMNS, plane = v->rows * v->columns;
#if defined(KERNELS_X86)
  const int sixteens = kernels_level_base(v->isa) == KERNELS_AVX512;
#else
  const int sixteens = 0;
#endif
  (sixteens ? transpose_sixteens : transpose_eights)(
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
  const size_t first = task * v->block, count = smaller(v->rows - first, v->block);
  copy_rows(
      (char *)v->y + first * v->y_step, v->y_step, (const char *)v->x + first * v->x_step, v->x_step, v->bytes, count);
}

void bytes_transpose_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const bytes_transpose *t = context;
  KERNEL_REQUIRE(task < t->batch);
  const char *x = (const char *)t->x + task * t->rows * t->columns;
  char *y = (char *)t->y + task * t->rows * t->columns;
  const size_t rows = t->rows, columns = t->columns;
  for (size_t c0 = 0; c0 < columns; c0 += 16) {
    const size_t width = smaller(16, columns - c0);
    for (size_t r0 = 0; r0 < rows; r0 += 16) {
      const size_t height = smaller(16, rows - r0);
      const char *in = x + r0 * columns + c0;
      char *out = y + c0 * rows + r0;
      if (width == 16 && height == 16) {
        byte_line lines[16];
        for (size_t i = 0; i < 16; i++) lines[i] = *(const byte_line *)(const void *)(in + i * columns);
        transpose_bytes(lines);
        for (size_t i = 0; i < 16; i++) *(byte_line *)(void *)(out + i * rows) = lines[i];
      } else {
        for (size_t c = 0; c < width; c++)
          for (size_t r = 0; r < height; r++) out[c * rows + r] = in[r * columns + c];
      }
    }
  }
}
