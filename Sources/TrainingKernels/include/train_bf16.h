// Training kernels with bf16 operands (the upper halves of floats) and float accumulators.
//
// "Narrow" means bf16 in names: narrow(x) rounds float to bf16, widen(x) goes back, x_narrow is a bf16 copy of x.
#ifndef GIEMSA_TRAIN_BF16_H
#define GIEMSA_TRAIN_BF16_H

#include <stddef.h>
#include <stdint.h>

#include "train_normalization.h"
#include "train_products.h"
#include "train_winograd.h"

typedef struct {
  const char *name;
  int width;  // as train_kernels.width

  // The jobs of train_kernels with bf16 operands. A convolution's `run` must be even.
  void (*convolve)(const train_conv_job *job, int thread, int threads);
  void (*weight_gradient)(const train_weight_job *job, int thread, int threads);
  train_winograd winograd;

  // Rounds to nearest, ties to even; NaN stays NaN.
  void (*narrow)(const float *x, uint16_t *y, size_t n, int thread, int threads);
  // y = x, or y += x if accumulate.
  void (*widen)(const uint16_t *x, float *y, int accumulate, size_t n, int thread, int threads);

  // w packed [rows][width], rows even → pairs of rows interleaved: [rows / 2][width][2].
  void (*narrow_weights)(const float *w, uint16_t *packed, int64_t rows, int thread, int threads);
  // train_kernels' transpose_weights and narrow_weights in one pass. `outputs` must be even.
  void (*transpose_weights)(
      const float *w, uint16_t *t, int taps, int inputs, int outputs, int thread, int threads);

  train_norm_moments norm_moments;
  // train_kernels' norm_apply for an x and a residual in float or bf16. It also writes bf16 copies of x and y. y and both
  // copies may be NULL.
  void (*norm_apply)(const void *x, int x_is_narrow, const void *residual, int residual_is_narrow, float *y,
                     uint16_t *x_narrow, uint16_t *y_narrow, const float *scale, const float *shift, int64_t rows,
                     int channels, int relu, int thread, int threads);
  train_norm_gradient_sums norm_gradient_sums;
  train_norm_gradient norm_gradient;
} train_bf16_kernels;

// Plain arithmetic for any CPU: the specification of the others. Goes with the portable float table.
extern const train_bf16_kernels train_bf16_kernels_portable;

#endif
