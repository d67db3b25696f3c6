// The inner loops of training: convolutions and their gradients, batch normalisation, pooling, optimisers.
//
// Activations are NHWC. Everything is float32, except what train_bf16.h says. Every loop is compiled once per instruction
// set from cpu/train_loops.inc; train_table_for(kernels_level_in_use()) is the table for this machine. A function with
// (thread, threads) does that thread's share of the work; the result does not depend on `threads`.
//
// These kernels serve the lab only: nothing in the field half links them.
#ifndef GIEMSA_TRAINING_KERNELS_H
#define GIEMSA_TRAINING_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "train_bf16.h"
#include "train_elementwise.h"
#include "train_normalization.h"
#include "train_pooling.h"
#include "train_products.h"
#include "train_winograd.h"

typedef struct {
  const char *name;
  int width;  // columns of a panel of packed weights

  // Convolutions.
  void (*convolve)(const train_conv_job *job, int thread, int threads);
  void (*weight_gradient)(const train_weight_job *job, int thread, int threads);
  // w packed [panel of outputs][taps][inputs][width] → t packed [panel of inputs][taps][outputs][width].
  void (*transpose_weights)(
      const float *w, float *t, int taps, int inputs, int outputs, int thread, int threads);
  train_winograd winograd;
  // Depthwise: one filter per channel, w is [taps][channels].
  void (*depthwise)(const train_pool *p, const float *x, const float *w, const float *bias, float *y, int thread,
                    int threads);
  void (*depthwise_data_gradient)(const train_pool *p, const float *dy, const float *w, float *dx, int accumulate,
                                  int thread, int threads);
  void (*depthwise_weight_gradient)(const train_pool *p, const float *x, const float *dy, float *dw, int accumulate,
                                    int thread, int threads);
  // Sum of the rows of dy: the gradient of a bias.
  void (*column_sums)(const float *dy, int64_t rows, int channels, float *sums, int accumulate, int thread, int threads);

  // Batch normalisation over rows × channels: see train_normalization.h. partials hold 3 (moments) or 2 (gradient sums) ×
  // channels floats for each chunk.
  train_norm_moments norm_moments;
  // y = x · scale + shift (+ residual), then max(·, 0) if relu.
  void (*norm_apply)(const float *x, const float *residual, float *y, const float *scale, const float *shift,
                     int64_t rows, int channels, int relu, int thread, int threads);
  train_norm_gradient_sums norm_gradient_sums;
  train_norm_gradient norm_gradient;

  // Elementwise, over n floats; the caller divides the work among threads.
  void (*activate)(enum train_activation kind, float alpha, float beta, const float *x, float *y, size_t n);
  // dx (+)= dy · f'(x).
  void (*activate_gradient)(enum train_activation kind, float alpha, float beta, const float *x, const float *dy,
                            float *dx, int accumulate, size_t n);
  void (*add)(const float *a, const float *b, float *y, int relu, size_t n);
  // dx (+)= dy · factor.
  void (*scale)(const float *dy, float *dx, float factor, int accumulate, size_t n);
  // The largest |x|. NaN if any element is NaN, 0 if n is 0.
  float (*largest)(const float *x, size_t n);
  // dy where y > 0, else 0.
  void (*mask)(const float *y, const float *dy, float *g, size_t n);
  // y = x · keep(first + i) / (1 − ratio). keep is 0 or 1 by a hash of key and index, so the mask does not depend on how
  // the work is divided.
  void (*dropout)(const float *x, float *y, float ratio, uint64_t key, uint64_t first, int accumulate, size_t n);

  // Pooling. chosen: index of the tap that each output took; UINT16_MAX if the whole window is padding. A window must have
  // fewer than UINT16_MAX taps. NaN propagates: an output is NaN if its window holds one.
  void (*max_pool)(const train_pool *p, const float *x, float *y, uint16_t *chosen, int thread, int threads);
  void (*max_pool_gradient)(const train_pool *p, const float *dy, const uint16_t *chosen, float *dx, int accumulate,
                            int thread, int threads);
  void (*average)(const float *x, float *y, int images, int pixels, int channels, int thread, int threads);
  void (*average_gradient)(const float *dy, float *dx, int images, int pixels, int channels, int accumulate,
                           int thread, int threads);
  void (*maximum)(const float *x, float *y, int32_t *chosen, int images, int pixels, int channels, int thread,
                  int threads);
  void (*maximum_gradient)(const float *dy, const int32_t *chosen, float *dx, int images, int pixels, int channels,
                           int accumulate, int thread, int threads);

  // [images][channels][pixels] ↔ [images][pixels][channels].
  void (*to_channels_last)(const float *x, float *y, int images, int channels, int pixels, int thread, int threads);
  void (*to_channels_first)(const float *x, float *y, int images, int channels, int pixels, int accumulate, int thread,
                            int threads);

  // Optimisers. Both first scale the weights by `keep`: weight decay.
  void (*adam)(float *w, const float *g, float *m, float *v, size_t n, float keep, float beta1, float beta2, float scale,
               float second_scale, float epsilon);
  void (*momentum)(float *w, const float *g, float *m, size_t n, float keep, float momentum, float rate);
} train_kernels;

// The kernels of a level.
typedef struct {
  train_kernels f32;
  // 1 if the level has bf16 products: by the processor's instructions, or at KERNELS_PORTABLE by plain arithmetic. If 0,
  // `bf16` must not be used: its panels may be narrower than f32's.
  int multiplies_bf16;
  train_bf16_kernels bf16;
} train_table;

// Of a level that is not available, the portable kernels.
train_table train_table_for(kernels_level level);

// Floats of scratch that weight_gradient needs for each thread.
size_t train_weight_gradient_scratch(const train_kernels *kernels);

#endif
