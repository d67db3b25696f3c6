// Elements picked by separate rules for each axis: Slice, Transpose, Pad, Gather, Tile, DepthToSpace.
#ifndef GIEMSA_KERNELS_PICK_H
#define GIEMSA_KERNELS_PICK_H

#include <stddef.h>
#include <stdint.h>

#define PICK_AXES 12

// Marks what is filled in and not picked.
#define PICK_NOWHERE PTRDIFF_MIN

// y[i, j, …] = x[first + o(0, i) + o(1, j) + …], row-major in y, where o(axis, index) is offsets[axis][index], or
// steps[axis] · index where there are no offsets; `fill` where one of them is PICK_NOWHERE.
typedef struct {
  size_t element;  // bytes: 1, 2, 4 or 8
  size_t axes;  // 1 ... PICK_AXES
  size_t extents[PICK_AXES];
  ptrdiff_t steps[PICK_AXES];  // elements; may be negative or 0
  const ptrdiff_t *offsets[PICK_AXES];  // or NULL
  ptrdiff_t first;
  uint8_t fill[8];
  const void *x;
  void *y;
  // By tensor_pick_plan.
  int turned;  // the axis along which x is contiguous, if that is not the last one; -1
  size_t turned_step;  // elements of y from one index of it to the next
  size_t rows, block;
  size_t tasks;
} tensor_pick;

void tensor_pick_plan(tensor_pick *pick);
void tensor_pick_task(void *context, size_t task, size_t worker);  // context: tensor_pick

#endif
