// Kernels of bf16 products, for their own files and the files that list them in cpu/.
#ifndef GIEMSA_KERNELS_BF16_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_BF16_IGEMM_KERNELS_H

#include "igemm.h"

// y[pixel][output] = clamp(bias[output] + Σ over taps and pairs of x · w, + residual)
//
// pixels   1 ... mr, of which those whose bit of `wanted` is set are written, one behind the other
// outputs  1 ... nr: how many of the panel's outputs are written
// x        the pixels' first pairs; a tap's `pairs` pairs are offsets[tap] bytes behind them
// bias, w  of one panel: nr floats; taps × pairs × nr pairs. 64-byte aligned
// y        rows of `outputs` floats, epilogue->y_stride apart; residual likewise, or NULL
#define BF16_IGEMM_PARAMETERS                                                                                               \
  size_t pixels, uint32_t wanted, size_t outputs, size_t taps, size_t pairs, const uint8_t *const *x, const ptrdiff_t *offsets, \
      const float *bias, const void *w, float *y, const float *residual, const f32_igemm_epilogue *epilogue

// to[i] = from[i] as bf16.
#define BF16_ROUND_PARAMETERS uint16_t *to, const float *from, size_t count

typedef struct bf16_igemm_family {
  const char *name;
  size_t mr, nr;
  void (*run)(BF16_IGEMM_PARAMETERS);
  void (*round)(BF16_ROUND_PARAMETERS);
  void (*begin)(size_t pairs), (*end)(void);  // around a task's calls of `run`; NULL if nothing is needed
  size_t pairs;  // of which a kernel takes so many at a time; 0: one
  int fills;  // pixels at equal distances cost least, even if some of them are not wanted
  int pays;  // faster than the level's float kernel
} bf16_igemm_family;

#define BF16_IGEMM_MAX_MR 32
#define BF16_IGEMM_MAX_NR 32

#define BF16_IGEMM_REQUIRE(mr, nr, alignment)                                                        \
  KERNEL_REQUIRE(1 <= pixels && pixels <= (mr));                                                     \
  KERNEL_REQUIRE(1 <= outputs && outputs <= (nr));                                                   \
  KERNEL_REQUIRE(taps >= 1 && pairs >= 1);                                                           \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment))

void bf16_igemm_4x8_portable(BF16_IGEMM_PARAMETERS);
void bf16_round_portable(BF16_ROUND_PARAMETERS);

#endif
