// The interface of kernels for bytes, for their files and the files that list kernels in cpu/.
#ifndef GIEMSA_KERNELS_Q8_ELEMENTWISE_KERNELS_H
#define GIEMSA_KERNELS_Q8_ELEMENTWISE_KERNELS_H

#include "q8_elementwise.h"

// y[i] = table[x[i]]; `table` has 256 bytes, 64-byte aligned. y may be x.
typedef void (*q8_look_up_kernel)(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count);

void q8_look_up_portable(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count);

#endif
