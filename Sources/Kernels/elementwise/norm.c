#include "norm.h"

#include <math.h>

#include "cpu/multiversion.h"
#include "elementwise/lanes.h"
#include "geometry/sizes.h"
#include "kernel_require.h"

enum { BLOCK = 16 * 1024 };  // elements of a task

// Σ (x - mean)^power for a power of 1 or 2.
#define DEFINE_SUM(name, term)                                                        \
  static inline __attribute__((always_inline)) double name(const float *x, float mean, size_t count) { \
    double sum = 0;                                                                   \
    for (size_t first = 0; first < count; first += SUMMED) {                          \
      const size_t end = smaller(count, first + SUMMED);                              \
      float parts[LANES] = {0};                                                       \
      size_t i = first;                                                               \
      for (; i + LANES <= end; i += LANES)                                            \
        for (int lane = 0; lane < LANES; lane++) {                                    \
          const float v = x[i + (size_t)lane] - mean;                                 \
          parts[lane] += term;                                                        \
        }                                                                             \
      for (; i < end; i++) {                                                          \
        const float v = x[i] - mean;                                                  \
        sum += (double)(term);                                                        \
      }                                                                               \
      sum += sum_of_lanes(parts);                                                     \
    }                                                                                 \
    return sum;                                                                       \
  }

DEFINE_SUM(sum_of, v)
DEFINE_SUM(squares_of, v *v)

KERNEL_BODY norm_row_body(const f32_row_norm *n, const float *x, float *y) {
  const double count = (double)n->columns;
  const float mean = n->subtracts_mean ? (float)(sum_of(x, 0, n->columns) / count) : 0;
  const double variance = squares_of(x, mean, n->columns) / count;
  const float factor = (float)(1 / sqrt(variance + (double)n->epsilon));
  const float *scale = n->scale, *shift = n->shift;
  if (shift) {
    for (size_t i = 0; i < n->columns; i++) y[i] = (x[i] - mean) * factor * scale[i] + shift[i];
  } else {
    for (size_t i = 0; i < n->columns; i++) y[i] = (x[i] - mean) * factor * scale[i];
  }
}
MULTIVERSION(norm_row, (const f32_row_norm *n, const float *x, float *y), (n, x, y))

void f32_row_norm_plan(f32_row_norm *n) {
  KERNEL_REQUIRE(n->columns >= 1);
  n->block = larger(1, BLOCK / n->columns);
  n->tasks = divide_up(n->rows, n->block);
}

void f32_row_norm_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_row_norm *n = context;
  KERNEL_REQUIRE(task < n->tasks);
  const size_t first = task * n->block, end = smaller(n->rows, first + n->block);
  for (size_t row = first; row < end; row++) norm_row(n->isa, n, n->x + row * n->columns, n->y + row * n->columns);
}
