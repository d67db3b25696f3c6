// Arithmetic on sizes that most kernels' plans want.
#ifndef GIEMSA_KERNELS_SIZES_H
#define GIEMSA_KERNELS_SIZES_H

#include <stddef.h>

static inline size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t larger(size_t a, size_t b) { return a > b ? a : b; }
// To the next whole cache line.
static inline size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

#endif
