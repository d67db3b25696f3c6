// Kernels of bf16 products, for their own files and the files that list them in cpu/.
#ifndef GIEMSA_KERNELS_BF16_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_BF16_IGEMM_KERNELS_H

#include "elementwise.h"
#include "igemm.h"

typedef struct {
  f32_igemm_epilogue sums;
  kernels_level isa;  // of the activation
  f32_activation activation;  // of the clamped sums
  int narrow;  // y is rounded to bf16 numbers
} bf16_igemm_epilogue;

// y[pixel][output] = activation(clamp(bias[output] + Σ over taps and pairs of x · w, + residual))
//
// pixels   1 ... mr, of which those whose bit of `wanted` is set are written, one behind the other
// outputs  1 ... nr: how many of the panel's outputs are written
// x        the pixels' first pairs; a tap's `pairs` pairs are offsets[tap] bytes behind them
// bias, w  of one panel: nr floats; taps × pairs × nr pairs. 64-byte aligned
// y        rows of `outputs` floats, or bf16 numbers if the epilogue is narrow, epilogue->sums.y_stride apart
// residual rows of floats, or NULL
#define BF16_IGEMM_PARAMETERS                                                                                               \
  size_t pixels, uint32_t wanted, size_t outputs, size_t taps, size_t pairs, const uint8_t *const *x, const ptrdiff_t *offsets, \
      const float *bias, const void *w, void *y, const float *residual, const bf16_igemm_epilogue *epilogue

// to[i] = from[i] as bf16.
#define BF16_ROUND_PARAMETERS uint16_t *to, const float *from, size_t count

// The same with a product's numbers together, `apart` behind the previous product's, and zeros after the last.
#define BF16_ROUND_APART_PARAMETERS uint16_t *to, size_t apart, const float *from, size_t count

typedef struct bf16_igemm_family {
  const char *name;
  size_t mr, nr;
  void (*run)(BF16_IGEMM_PARAMETERS);
  void (*round)(BF16_ROUND_PARAMETERS);
  void (*begin)(size_t pairs), (*end)(void);  // around a task's calls of `run`; NULL if nothing is needed
  size_t pairs;  // of which a kernel takes so many at a time; 0: one
  size_t fills;  // so many pixels at equal distances cost least, even if some of them are not wanted; 0: no more than one
  void (*round_apart)(BF16_ROUND_APART_PARAMETERS);  // if it fills tiles
  size_t near_bytes;  // of inputs that may stay near while weights pass
  int pays;  // faster than the level's float kernel
} bf16_igemm_family;

#define BF16_IGEMM_MAX_MR 32
#define BF16_IGEMM_MAX_NR 32

#define BF16_IGEMM_REQUIRE(mr, nr, alignment)                                                        \
  KERNEL_REQUIRE(1 <= pixels && pixels <= (mr));                                                     \
  KERNEL_REQUIRE(1 <= outputs && outputs <= (nr));                                                   \
  KERNEL_REQUIRE(taps >= 1 && pairs >= 1);                                                           \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment))

// The activation of `rows` rows of `count` floats, if there is one.
static inline void bf16_activate(const bf16_igemm_epilogue *e, float *y, size_t rows, size_t count, size_t stride) {
  if (e->activation.applies) f32_apply(e->isa, e->activation.function, e->activation.a, e->activation.b, y, y, rows, count, stride);
}

void bf16_igemm_4x8_portable(BF16_IGEMM_PARAMETERS);
void bf16_round_portable(BF16_ROUND_PARAMETERS);

#endif
