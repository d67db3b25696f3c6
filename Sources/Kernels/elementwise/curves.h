// How kernels of an instruction set for functions of floats are declared.
#ifndef GIEMSA_KERNELS_CURVES_H
#define GIEMSA_KERNELS_CURVES_H

#include "elementwise.h"

// f32_apply; returns 0 and does nothing for a function that it lacks.
#define F32_CURVES_PARAMETERS \
  f32_function function, float a, float b, const float *x, float *y, size_t rows, size_t count, size_t stride
typedef int (*f32_curves_kernel)(F32_CURVES_PARAMETERS);

// y = softmax(x), or its logarithm, of one row of at least one number.
#define F32_SOFTMAX_PARAMETERS const float *x, float *y, size_t count, int logarithm
typedef void (*f32_softmax_kernel)(F32_SOFTMAX_PARAMETERS);

#endif
