#include "elementwise.h"

#include <math.h>

#include "cpu/multiversion.h"
#include "cpu/table.h"
#include "elementwise/functions.h"
#include "elementwise/lanes.h"
#include "geometry/sizes.h"

enum { BLOCK = 16 * 1024 };  // elements a task

// Each number is read before its place is written, so that y may be x; the compiler would otherwise not make vectors of that.
#define EACH(expression)                                              \
  for (size_t row = 0; row < rows; row++, x += stride, y += stride)   \
    _Pragma("clang loop vectorize(assume_safety)")                    \
    for (size_t i = 0; i < count; i++) {                              \
      const float v = x[i];                                           \
      y[i] = (expression);                                            \
    }                                                                 \
  break;

KERNEL_BODY unary_body(
    f32_function function, float a, float b, const float *x, float *y, size_t rows, size_t count, size_t stride) {
  switch (function) {
    case F32_CLAMP: EACH(clamp_float(v, a, b))
    case F32_LEAKY: EACH(v < 0 ? a * v : v)
    case F32_SIGMOID: EACH(sigmoid_float(v))
    case F32_HARD_SIGMOID: EACH(clamp_float(a * v + b, 0, 1))
    case F32_HARD_SWISH: EACH(v * clamp_float(v * (1.0f / 6) + 0.5f, 0, 1))
    case F32_ELU: EACH(v < 0 ? a * (exp_float(v) - 1) : v)
    case F32_SWISH: EACH(v / (1 + exp_float(-a * v)))
    case F32_GELU: EACH(gelu_float(v))
    case F32_GELU_TANH: EACH(v * sigmoid_float(1.59576912f * (v + 0.044715f * v * v * v)))
    case F32_MISH: EACH(mish_float(v))
    case F32_TANH: EACH(tanh_float(v))
    case F32_ERF: EACH(erf_float(v))
    case F32_EXP: EACH(exp_float(v))
    case F32_SQRT: EACH(__builtin_elementwise_sqrt(v))
    case F32_RECIPROCAL: EACH(1 / v)
    case F32_ABS: EACH(fabsf(v))
    case F32_NEG: EACH(-v)
  }
}
MULTIVERSION(
    unary, (f32_function function, float a, float b, const float *x, float *y, size_t rows, size_t count, size_t stride),
    (function, a, b, x, y, rows, count, stride))

void f32_apply(
    kernels_level isa, f32_function function, float a, float b, const float *x, float *y, size_t rows, size_t count,
    size_t stride) {
  if (stride == count) {
    count *= rows;
    rows = 1;
  }
  const f32_curves_kernel curves = kernels_table_for(isa)->f32_curves;
  if (curves && curves(function, a, b, x, y, rows, count, stride)) return;
  unary(isa, function, a, b, x, y, rows, count, stride);
}

void f32_unary_plan(f32_unary *u) { u->tasks = (u->count + BLOCK - 1) / BLOCK; }

void f32_unary_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_unary *u = context;
  KERNEL_REQUIRE(task < u->tasks);
  const size_t first = task * BLOCK;
  f32_apply(u->isa, u->function, u->a, u->b, u->x + first, u->y + first, 1, smaller(BLOCK, u->count - first), 0);
}

#define BINARY_LOOP(a_index, b_index)                                             \
  switch (operation) {                                                            \
    case F32_ADD:                                                                 \
      for (size_t i = 0; i < count; i++) y[i] = a[a_index] + b[b_index];          \
      break;                                                                      \
    case F32_SUB:                                                                 \
      for (size_t i = 0; i < count; i++) y[i] = a[a_index] - b[b_index];          \
      break;                                                                      \
    case F32_MUL:                                                                 \
      for (size_t i = 0; i < count; i++) y[i] = a[a_index] * b[b_index];          \
      break;                                                                      \
    case F32_DIV:                                                                 \
      for (size_t i = 0; i < count; i++) y[i] = a[a_index] / b[b_index];          \
      break;                                                                      \
  }

KERNEL_BODY binary_row_body(
    f32_operation operation, const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count) {
  if (a_step == 1 && b_step == 1) {
    BINARY_LOOP(i, i)
  } else if (a_step == 1 && b_step == 0) {
    BINARY_LOOP(i, 0)
  } else if (a_step == 0 && b_step == 1) {
    BINARY_LOOP(0, i)
  } else {
    BINARY_LOOP(i * a_step, i * b_step)
  }
}
MULTIVERSION(
    binary_row, (f32_operation operation, const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count),
    (operation, a, a_step, b, b_step, y, count))

void f32_binary_plan(f32_binary *v) {
  // An axis that continues the one inside it, in both operands, joins it.
  int last = 3;
  for (int axis = 2; axis >= 0; axis--) {
    if (v->extents[axis] == 1) continue;
    if (v->extents[last] == 1) {
      v->extents[last] = v->extents[axis];
      v->a_steps[last] = v->a_steps[axis];
      v->b_steps[last] = v->b_steps[axis];
      v->extents[axis] = 1;
    } else if (v->a_steps[axis] == v->a_steps[last] * v->extents[last] &&
               v->b_steps[axis] == v->b_steps[last] * v->extents[last]) {
      v->extents[last] *= v->extents[axis];
      v->extents[axis] = 1;
    } else if (--last != axis) {
      v->extents[last] = v->extents[axis];
      v->a_steps[last] = v->a_steps[axis];
      v->b_steps[last] = v->b_steps[axis];
      v->extents[axis] = 1;
    }
  }
  // A block is a number of rows, or, where all is one row, of elements.
  const size_t rows = v->extents[0] * v->extents[1] * v->extents[2], columns = v->extents[3];
  if (rows == 1) {
    v->block = BLOCK;
    v->tasks = (columns + BLOCK - 1) / BLOCK;
  } else {
    v->block = columns >= BLOCK ? 1 : BLOCK / (columns ? columns : 1);
    v->tasks = (rows + v->block - 1) / v->block;
  }
}

void f32_binary_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_binary *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t *e = v->extents, rows = e[0] * e[1] * e[2], first = task * v->block;
  if (rows == 1) {
    binary_row(
        v->isa, v->operation, v->a + first * v->a_steps[3], v->a_steps[3], v->b + first * v->b_steps[3], v->b_steps[3],
        v->y + first, smaller(v->block, e[3] - first));
    return;
  }
  const size_t end = smaller(rows, first + v->block);
  for (size_t row = first; row < end; row++) {
    const size_t i2 = row % e[2], i1 = row / e[2] % e[1], i0 = row / e[2] / e[1];
    binary_row(
        v->isa, v->operation, v->a + i0 * v->a_steps[0] + i1 * v->a_steps[1] + i2 * v->a_steps[2], v->a_steps[3],
        v->b + i0 * v->b_steps[0] + i1 * v->b_steps[1] + i2 * v->b_steps[2], v->b_steps[3], v->y + row * e[3], e[3]);
  }
}

KERNEL_BODY affine_rows_body(const f32_affine *v, const float *x, size_t rows, float *y) {
  const float *scale = v->scale, *shift = v->shift, low = v->low, high = v->high;
  for (size_t row = 0; row < rows; row++, x += v->x_stride, y += v->channels)
    for (size_t i = 0; i < v->channels; i++) y[i] = clamp_float(x[i] * scale[i] + shift[i], low, high);
}
MULTIVERSION(affine_rows, (const f32_affine *v, const float *x, size_t rows, float *y), (v, x, rows, y))

void f32_affine_rows(const f32_affine *v, size_t first, size_t end, float *y) {
  affine_rows(v->isa, v, v->x + first * v->x_stride, end - first, y);
}

void f32_affine_plan(f32_affine *v) {
  v->x_stride = v->channels;
  v->block = v->channels >= BLOCK ? 1 : BLOCK / (v->channels ? v->channels : 1);
  v->tasks = (v->rows + v->block - 1) / v->block;
}

void f32_affine_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_affine *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * v->block, end = smaller(v->rows, first + v->block);
  f32_affine_rows(v, first, end, v->y + first * v->channels);
}

KERNEL_BODY softmax_row_body(const float *x, float *y, size_t count, int logarithm) {
  float parts[LANES];
  for (size_t lane = 0; lane < LANES; lane++) parts[lane] = -INFINITY;
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (size_t lane = 0; lane < LANES; lane++) parts[lane] = x[i + lane] > parts[lane] ? x[i + lane] : parts[lane];
  float largest = -INFINITY;
  for (; i < count; i++) largest = x[i] > largest ? x[i] : largest;
  for (size_t lane = 0; lane < LANES; lane++) largest = parts[lane] > largest ? parts[lane] : largest;
  double sum = 0;
  for (size_t first = 0; first < count; first += SUMMED) {
    const size_t end = smaller(count, first + SUMMED);
    _Pragma("clang loop vectorize(assume_safety)")  // y may be x
    for (i = first; i < end; i++) y[i] = exp_float(x[i] - largest);
    for (size_t lane = 0; lane < LANES; lane++) parts[lane] = 0;
    for (i = first; i + LANES <= end; i += LANES)
      for (size_t lane = 0; lane < LANES; lane++) parts[lane] += y[i + lane];
    for (; i < end; i++) sum += (double)y[i];
    sum += sum_of_lanes(parts);
  }
  if (logarithm) {
    // In this order: the logarithm would vanish beside a large logit.
    const float shift = (float)log(sum);
    for (i = 0; i < count; i++) y[i] = (x[i] - largest) - shift;
  } else {
    const float factor = (float)(1 / sum);
    for (i = 0; i < count; i++) y[i] *= factor;
  }
}
MULTIVERSION(softmax_row, (const float *x, float *y, size_t count, int logarithm), (x, y, count, logarithm))

void f32_softmax_row(kernels_level isa, const float *x, float *y, size_t count, int logarithm) {
  const f32_softmax_kernel row = kernels_table_for(isa)->f32_softmax_row;
  if (row) row(x, y, count, logarithm);
  else softmax_row(isa, x, y, count, logarithm);
}

void f32_softmax_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const f32_softmax *v = context;
  KERNEL_REQUIRE(task < v->rows && v->columns >= 1);
  f32_softmax_row(v->isa, v->x + task * v->columns, v->y + task * v->columns, v->columns, v->logarithm);
}
