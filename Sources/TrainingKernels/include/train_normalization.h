// Types of the batch normalisation kernels over rows × channels. Chunks of TRAIN_NORM_CHUNK rows are summed in float; the
// caller adds the chunks in double.
#ifndef GIEMSA_TRAIN_NORMALIZATION_H
#define GIEMSA_TRAIN_NORMALIZATION_H

#include <stdint.h>

enum { TRAIN_NORM_CHUNK = 512 };

// What norm_gradient does with dx: overwrites floats, adds to floats, or writes bf16 (train_bf16_kernels only).
enum train_norm_target { TRAIN_NORM_WRITES, TRAIN_NORM_ADDS, TRAIN_NORM_NARROW };

// x is float in train_kernels and bf16 in train_bf16_kernels; so is y.
//
// For each chunk and channel: the chunk's first value s, the sum of x − s, the sum of (x − s)².
typedef void (*train_norm_moments)(
    const void *x, int64_t rows, int channels, float *partials, int thread, int threads);

// For each chunk and channel: the sums of g and of g · (x − mean). g is dy, set to 0 where the rectifier was inactive: where
// y <= 0 if y is given, else where x · scale + shift <= 0 if relu. If both y and masked are given, masked receives g; it may
// be dy itself. If narrow (train_bf16_kernels only), dy and masked are bf16.
typedef void (*train_norm_gradient_sums)(
    const void *x, const void *dy, const void *y, void *masked, const float *mean, const float *scale, const float *shift,
    int64_t rows, int channels, int relu, int narrow, float *partials, int thread, int threads);

// dx = a · g + b · x + c per channel, g as above with the mask from x if relu. dx may be dy.
typedef void (*train_norm_gradient)(
    const void *x, const void *dy, void *dx, const float *a, const float *b, const float *c, const float *scale,
    const float *shift, int64_t rows, int channels, int relu, int narrow, enum train_norm_target target, int thread,
    int threads);

#endif
