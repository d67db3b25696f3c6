#include "pick.h"

#include <string.h>

#include "geometry/sizes.h"
#include "kernel_require.h"

// Elements of a task; of a square that is turned; of a row that is copied without a call.
enum { BLOCK = 16 * 1024, EDGE = 16, SHORT = 8 };

// A row's place in x, and its index along each axis outside the last one (0 for the turned one).
typedef struct {
  size_t index[PICK_AXES];
  ptrdiff_t start;  // PICK_NOWHERE if nothing is picked for the row
} pick_row;

static void find_start(const tensor_pick *v, pick_row *at) {
  at->start = v->first;
  for (size_t axis = 0; axis + 1 < v->axes; axis++) {
    const size_t i = at->index[axis];
    const ptrdiff_t offset = v->offsets[axis] ? v->offsets[axis][i] : v->steps[axis] * (ptrdiff_t)i;
    if (offset == PICK_NOWHERE) {
      at->start = PICK_NOWHERE;
      return;
    }
    at->start += offset;
  }
}

static pick_row find_row(const tensor_pick *v, size_t row) {
  pick_row at = {0};
  for (size_t axis = v->axes - 1; axis-- > 0;) {
    if ((int)axis == v->turned) continue;
    at.index[axis] = row % v->extents[axis];
    row /= v->extents[axis];
  }
  find_start(v, &at);
  return at;
}

// The next row; behind the last one nothing of use.
static void next_row(const tensor_pick *v, pick_row *at) {
  int is_listed = at->start == PICK_NOWHERE;
  size_t start = (size_t)at->start;
  for (size_t axis = v->axes - 1; axis-- > 0;) {
    if ((int)axis == v->turned) continue;
    is_listed |= v->offsets[axis] != NULL;
    start += (size_t)v->steps[axis];
    if (++at->index[axis] < v->extents[axis]) break;
    start -= (size_t)v->steps[axis] * v->extents[axis];
    at->index[axis] = 0;
  }
  at->start = (ptrdiff_t)start;
  if (is_listed) find_start(v, at);
}

// The place in y of a row's first element, in which the turned axis is left out.
static size_t row_target(const tensor_pick *v, size_t row) {
  size_t target = 0, step = v->extents[v->axes - 1];
  for (size_t axis = v->axes - 1; axis-- > 0;) {
    const size_t extent = v->extents[axis];
    if ((int)axis != v->turned) {
      target += row % extent * step;
      row /= extent;
    }
    step *= extent;
  }
  return target;
}

// A row of the last axis, or a block of the last and the turned axis.
#define DEFINE_ROWS(word)                                                                                              \
  static void pick_row_##word(const tensor_pick *v, ptrdiff_t start, word *y) {                                        \
    const size_t last = v->axes - 1, count = v->extents[last];                                                         \
    word fill;                                                                                                         \
    memcpy(&fill, v->fill, sizeof fill);                                                                               \
    if (start == PICK_NOWHERE) {                                                                                       \
      for (size_t i = 0; i < count; i++) y[i] = fill;                                                                  \
      return;                                                                                                          \
    }                                                                                                                  \
    const word *x = (const word *)v->x + start;                                                                        \
    const ptrdiff_t *offsets = v->offsets[last], step = v->steps[last];                                                \
    if (offsets) {                                                                                                     \
      for (size_t i = 0; i < count; i++) y[i] = offsets[i] == PICK_NOWHERE ? fill : x[offsets[i]];                     \
    } else if (step == 1 && count > SHORT) {                                                                           \
      memcpy(y, x, count * sizeof *y);                                                                                 \
    } else {                                                                                                           \
      for (size_t i = 0; i < count; i++) y[i] = x[(ptrdiff_t)i * step];                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  static void turn_rows_##word(const tensor_pick *v, ptrdiff_t start, word *y, size_t y_step) {                        \
    const size_t count = v->extents[v->axes - 1], rows = v->extents[v->turned];                                        \
    const ptrdiff_t step = v->steps[v->axes - 1];                                                                      \
    const word *x = (const word *)v->x + start;                                                                        \
    for (size_t from = 0; from < rows; from += EDGE)                                                                   \
      for (size_t first = 0; first < count; first += EDGE) {                                                           \
        const size_t to = smaller(rows, from + EDGE), end = smaller(count, first + EDGE);                              \
        for (size_t row = from; row < to; row++)                                                                       \
          for (size_t i = first; i < end; i++) y[row * y_step + i] = x[row + i * step];                                \
      }                                                                                                                \
  }

DEFINE_ROWS(uint8_t)
DEFINE_ROWS(uint16_t)
DEFINE_ROWS(uint32_t)
DEFINE_ROWS(uint64_t)

#define PICK_ROWS(word)                                                                     \
  for (size_t row = first; row < end; row++, next_row(v, &at)) {                            \
    const ptrdiff_t start = at.start;                                                       \
    if (v->turned < 0) {                                                                    \
      pick_row_##word(v, start, (word *)v->y + row * v->extents[v->axes - 1]);              \
    } else if (start == PICK_NOWHERE) {                                                     \
      for (size_t line = 0; line < v->extents[v->turned]; line++)                           \
        pick_row_##word(v, start, (word *)v->y + row_target(v, row) + line * v->turned_step); \
    } else {                                                                                \
      turn_rows_##word(v, start, (word *)v->y + row_target(v, row), v->turned_step);        \
    }                                                                                       \
  }                                                                                         \
  break;

void tensor_pick_plan(tensor_pick *v) {
  KERNEL_REQUIRE(v->axes >= 1 && v->axes <= PICK_AXES);
  const size_t last = v->axes - 1;
  // Elements of x that are neighbours along an outer axis: read line by line, a cache line would be read for each of them.
  v->turned = -1;
  if (!v->offsets[last] && v->steps[last] != 1 && v->steps[last] != 0)
    for (size_t axis = 0; axis < last; axis++)
      if (!v->offsets[axis] && v->steps[axis] == 1 && v->extents[axis] > 1) v->turned = (int)axis;
  size_t step = 1, rows = 1, row = v->extents[last];
  for (size_t axis = last + 1; axis-- > 0;) {
    if ((int)axis == v->turned) {
      v->turned_step = step;
      row *= v->extents[axis];
    } else if (axis < last) {
      rows *= v->extents[axis];
    }
    step *= v->extents[axis];
  }
  v->rows = rows;
  v->block = row >= BLOCK ? 1 : BLOCK / (row ? row : 1);
  v->tasks = divide_up(rows, v->block);
}

void tensor_pick_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const tensor_pick *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * v->block, end = smaller(v->rows, first + v->block);
  pick_row at = find_row(v, first);
  switch (v->element) {
    case 1: PICK_ROWS(uint8_t)
    case 2: PICK_ROWS(uint16_t)
    case 4: PICK_ROWS(uint32_t)
    default: PICK_ROWS(uint64_t)
  }
}
