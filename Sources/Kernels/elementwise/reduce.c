#include "reduce.h"

#include <math.h>

#include "cpu/multiversion.h"
#include "elementwise/lanes.h"
#include "geometry/sizes.h"
#include "kernel_require.h"

enum { BLOCK = 16 * 1024 };  // elements of a task

// `lanes` neighbouring results, whose numbers are `step` floats apart.
static inline __attribute__((always_inline)) void sums(
    const float *x, size_t count, size_t step, size_t lanes, int squares, double *total) {
  for (size_t lane = 0; lane < LANES; lane++) total[lane] = 0;
  for (size_t first = 0; first < count; first += SUMMED) {
    float parts[LANES] = {0};
    for (size_t k = first; k < smaller(count, first + SUMMED); k++) {
      const float *row = x + k * step;
      if (lanes == LANES) {
        for (int lane = 0; lane < LANES; lane++) parts[lane] += squares ? row[lane] * row[lane] : row[lane];
      } else {
        for (size_t lane = 0; lane < lanes; lane++) parts[lane] += squares ? row[lane] * row[lane] : row[lane];
      }
    }
    for (int lane = 0; lane < LANES; lane++) total[lane] += (double)parts[lane];
  }
}

static inline __attribute__((always_inline)) void extremes(
    const float *x, size_t count, size_t step, size_t lanes, float sign, float *held) {
  for (size_t lane = 0; lane < lanes; lane++) held[lane] = -INFINITY;
  for (size_t k = 0; k < count; k++)
    for (size_t lane = 0; lane < lanes; lane++) {
      const float value = sign * x[k * step + lane];
      held[lane] = ((value > held[lane]) | (value != value)) ? value : held[lane];
    }
  for (size_t lane = 0; lane < lanes; lane++) held[lane] *= sign;
}

static inline __attribute__((always_inline)) float finished(f32_reduction reduction, double total, size_t count) {
  if (reduction == F32_REDUCE_MEAN) return (float)(total / (double)count);
  return (float)(reduction == F32_REDUCE_L2 ? sqrt(total) : total);
}

// Results [from, to) of one row.
KERNEL_BODY reduce_body(const f32_reduce *v, const float *x, float *y, size_t from, size_t to) {
  const int squares = v->reduction == F32_REDUCE_SQUARES || v->reduction == F32_REDUCE_L2;
  const int is_extreme = v->reduction == F32_REDUCE_MAX || v->reduction == F32_REDUCE_MIN;
  for (size_t i = from; i < to; i += LANES) {
    const size_t lanes = smaller(LANES, to - i);
    if (is_extreme) {
      extremes(x + i, v->count, v->inner, lanes, v->reduction == F32_REDUCE_MAX ? 1 : -1, y + i);
    } else {
      double total[LANES];
      sums(x + i, v->count, v->inner, lanes, squares, total);
      for (size_t lane = 0; lane < lanes; lane++) y[i + lane] = finished(v->reduction, total[lane], v->count);
    }
  }
}
MULTIVERSION(reduce, (const f32_reduce *v, const float *x, float *y, size_t from, size_t to), (v, x, y, from, to))

// One result of contiguous numbers: they are reduced as LANES results first.
KERNEL_BODY reduce_row_body(const f32_reduce *v, const float *x, float *y) {
  const int squares = v->reduction == F32_REDUCE_SQUARES || v->reduction == F32_REDUCE_L2;
  const size_t whole = v->count / LANES;
  if (v->reduction == F32_REDUCE_MAX || v->reduction == F32_REDUCE_MIN) {
    const float sign = v->reduction == F32_REDUCE_MAX ? 1 : -1;
    float held[LANES], last;
    extremes(x, whole, LANES, LANES, sign, held);
    extremes(x + whole * LANES, v->count - whole * LANES, 1, 1, sign, &last);
    if (whole == 0) {
      *y = last;
    } else {
      if (whole * LANES < v->count) held[0] = ((sign * last > sign * held[0]) | (last != last)) ? last : held[0];
      extremes(held, LANES, 1, 1, sign, y);
    }
    return;
  }
  double total[LANES], sum = 0;
  sums(x, whole, LANES, LANES, squares, total);
  for (size_t i = whole * LANES; i < v->count; i++) sum += squares ? (double)x[i] * (double)x[i] : (double)x[i];
  for (int lane = 0; lane < LANES; lane++) sum += total[lane];
  *y = finished(v->reduction, sum, v->count);
}
MULTIVERSION(reduce_row, (const f32_reduce *v, const float *x, float *y), (v, x, y))

void f32_reduce_plan(f32_reduce *v) {
  KERNEL_REQUIRE(v->count >= 1 && v->inner >= 1);
  // Rows of results are cut into pieces where there are few of them; short ones are taken together.
  if (v->inner == 1) {
    v->block = larger(1, BLOCK / v->count);
    v->tasks = divide_up(v->outer, v->block);
  } else {
    v->block = larger(LANES, BLOCK / v->count / LANES * LANES);
    v->tasks = v->outer * divide_up(v->inner, v->block);
  }
}

void f32_reduce_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_reduce *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  if (v->inner == 1) {
    for (size_t row = task * v->block; row < smaller(v->outer, (task + 1) * v->block); row++)
      reduce_row(v->isa, v, v->x + row * v->count, v->y + row);
    return;
  }
  const size_t pieces = divide_up(v->inner, v->block), row = task / pieces, from = task % pieces * v->block;
  reduce(
      v->isa, v, v->x + row * v->count * v->inner, v->y + row * v->inner, from, smaller(v->inner, from + v->block));
}
