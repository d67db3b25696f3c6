// Jobs of the convolution kernels: implicit GEMM over NHWC activations, driven by lists of offsets.
#ifndef GIEMSA_TRAIN_PRODUCTS_H
#define GIEMSA_TRAIN_PRODUCTS_H

#include <stdint.h>

// Output positions of one image that read the same taps, all of them inside the image. Positions at the border form
// classes of their own, so that nothing is multiplied by padding. In the data gradient of a strided convolution, neither
// is anything by the zeros between outputs.
typedef struct {
  int32_t positions;
  const int32_t *a_offset;  // [positions] from the image's first number to the pixel that the first tap reads
  const int32_t *c_offset;  // [positions] from the image's first number to the pixel that is written
  int32_t taps;             // 0: these positions read padding only
  const int32_t *tap_a;     // [taps] from the first tap's pixel to this tap's
  const int32_t *tap_b;     // [taps] index of the tap in the packed weights
} train_conv_class;

// c[position][column] = bias + sum over taps and k of a[position + tap][k] · b[tap][k][column].
//
// b  packed [panel][all taps][run][width] with `width` columns a panel (train_kernels.width), zeros past the last column
//
// Needs images, run, columns >= 1 and a run that is even in bf16. Reads exactly `run` numbers behind each pixel's pointer.
typedef struct {
  const void *a, *b;         // float; bf16 in train_bf16_kernels
  const float *bias;         // may be NULL
  void *c;                   // float; bf16 if c_narrow
  int64_t a_image, c_image;  // numbers from one image to the next
  int32_t images, run, taps, columns;
  int32_t accumulate;        // c += instead of c =
  int32_t classes;
  const train_conv_class *list;
  int32_t c_narrow;          // train_bf16_kernels only
} train_conv_job;

// A pixel of the input and the output position that reads it through some tap.
typedef struct {
  int32_t x;  // from the image's first number
  int32_t position;
} train_pair;

enum { TRAIN_WEIGHT_BLOCK = 256, TRAIN_WEIGHT_PANELS = 8 };

// dw[tap][k][column] = sum over the tap's pairs of x[k] · dy[column]; dw is packed like train_conv_job's b.
typedef struct {
  const void *x, *dy;         // float; bf16 in train_bf16_kernels
  float *dw;
  int64_t x_image, dy_image;  // numbers from one image to the next
  int32_t dy_pixel;           // numbers from one position to the next
  int32_t images, run, taps, columns, positions;
  int32_t accumulate;         // dw += instead of dw =
  const int32_t *tap_start;   // [taps + 1] where each tap's pairs begin; a tap's pairs are sorted by position
  const train_pair *pairs;
  float *scratch;             // TRAIN_WEIGHT_PANELS × TRAIN_WEIGHT_BLOCK × width floats for each thread
} train_weight_job;

#endif
