// The 8-bit igemm kernels there are, for the q8 files only.
#ifndef GIEMSA_KERNELS_Q8_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_Q8_IGEMM_KERNELS_H

#include "q8_convolution.h"

// sums[pixel][output] = bias[output] + Σ over taps, run and extras of x · w
//
// pixels   1 ... mr
// x        mr pointers (all of them readable places, only `pixels` of them used)
// offsets  taps byte offsets that are added to every pointer
// bias     nr integers
// w        taps × steps × nr × kr weights; 64-byte aligned, like bias
// extras   `extra_count` byte offsets, each a place of kr more inputs to multiply with further nr × kr weights of extra_w
// sums     mr × nr integers, 64-byte aligned
//
// Of a wide kernel's x and w every element is two bytes. Reads steps · kr elements at each x[pixel] + offset, kr at each extra.
#define Q8_IGEMM_PARAMETERS                                                                                          \
  size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, \
      const int8_t *w, size_t extra_count, const int32_t *extras, const int8_t *extra_w, int32_t *sums

typedef void (*q8_igemm_kernel)(Q8_IGEMM_PARAMETERS);

// How a kernel that stores 8-bit outputs itself gets from sums to them: y = clamp(round(v) + y_zero, low, high) of
// v = sum · multiplier + shift, or with a residual of
// v = round(clamp(sum · multiplier + shift, t_low, t_high)) · t_multiplier + r · residual_multiplier + residual_shift.
typedef struct {
  float t_low, t_high, t_multiplier, residual_multiplier, residual_shift;  // t's bounds less its zero point
  int16_t y_zero;
  int8_t low, high;  // as bytes; u8 unless y_signed
  int y_signed, residual_signed;
  size_t outputs;  // that are stored, and residuals that are read, for each pixel
  const uint8_t *residual;
  size_t residual_stride, y_stride;
  uint8_t *y;
  // With each step the line at `ahead` is fetched, and `ahead` moves on by ahead_step.
  const char *ahead;
  size_t ahead_step;
} q8_fused;

// As Q8_IGEMM_PARAMETERS, without extras; behind the biases lie nr multipliers and nr shifts.
#define Q8_FUSED_PARAMETERS                                                                                          \
  size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, \
      const int8_t *w, const q8_fused *e

typedef void (*q8_fused_kernel)(Q8_FUSED_PARAMETERS);

// Whether q8_fused can say what an epilogue says.
static inline int q8_fusible(const q8_epilogue *e, int residual) {
  return !e->float_output && (e->intermediate != 0) == residual;
}
static inline q8_fused q8_fused_of(const q8_epilogue *e) {
  return (q8_fused){
      .t_low = (float)(e->t_low - e->t_zero),
      .t_high = (float)(e->t_high - e->t_zero),
      .t_multiplier = e->t_multiplier,
      .residual_multiplier = e->residual_multiplier,
      .residual_shift = (float)-e->residual_zero * e->residual_multiplier,
      .y_zero = (int16_t)e->y_zero,
      .low = (int8_t)e->low,
      .high = (int8_t)e->high,
      .y_signed = e->low < 0,
      .residual_signed = e->residual_signed};
}

// sums[row][output] = Σ x · w of 16-bit integers: one of q8_winograd's points, a row a tile.
//
// rows      1 or more, `x_stride` bytes apart
// steps     of kr inputs and nr × kr weights each; 64-byte aligned
// ahead     as many bytes as w has that are fetched meanwhile
#define Q8_POINTS_PARAMETERS \
  size_t rows, size_t steps, const uint8_t *x, size_t x_stride, const int8_t *w, const char *ahead, int32_t *sums

typedef void (*q8_points_kernel)(Q8_POINTS_PARAMETERS);

// What a step may hold so that nothing saturates within the kernel.
typedef enum {
  Q8_ANY_WEIGHTS,
  // Two that are 8 apart are added in 16 bits after multiplication with s8: not both −128.
  Q8_PAIRS_EIGHT_APART,
  // Weights 2i, 2i + 1, 2i + 4 and 2i + 5 are added in 16 bits after multiplication with 0 ... 128: those above 0 sum to at most
  // 255, and so do those below.
  Q8_FOURS_WITHIN_255
} q8_weight_rule;

// Four values of which some have their eighth bit set.
typedef struct {
  uint16_t pixel, group;  // four channels of a gathered pixel
  uint32_t bits;  // 128 for each of those
} q8_high;

// What high values of a tap's inputs are multiplied with.
typedef struct {
  uint16_t first;  // the tap's first pixel
  size_t groups;  // of a pixel
  const int8_t *w;  // the tap's first step
  // With extras: for each of the tap's steps the first of its own, from 1 on, or 0.
  const int32_t *first_extras;
  size_t extra_count;
  const int32_t *extras;  // of the same step where equal
  const int8_t *extra_w;
} q8_high_weights;

typedef struct q8_igemm_family {
  kernels_isa base;  // of what is done beside the sums
  const char *name;
  size_t mr;  // most pixels of a tile
  size_t nr;  // outputs of a panel
  size_t kr;  // inputs of a step
  int wide;  // x and w come to the kernel as 16-bit integers, x less its zero point
  int x_signed;  // otherwise as bytes: x as s8, or as u8
  q8_weight_rule rule;
  q8_igemm_kernel run;
  size_t sub;  // inputs of a step that lie together for each output: [kr / sub][nr][sub]

  // Of a family whose x are 7 bits: copies a pixel's `count` inputs (^ flip) without the eighth bit, lists the groups that have
  // it and says how many those are. `highs` has room for count / 4.
  size_t (*take_highs)(uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs);
  // sums[output] += Σ highs · w
  void (*add_highs)(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);

  // `run` and what follows in one, where there is one.
  q8_fused_kernel fused;
  // `run` over all tiles of a point, where there is one.
  q8_points_kernel points;
} q8_igemm_family;

#define Q8_IGEMM_MAX_MR 12
#define Q8_IGEMM_MAX_NR 32
#define Q8_IGEMM_MAX_KR 16

void u8s8_igemm_4x8_portable(Q8_IGEMM_PARAMETERS);
void s16_igemm_4x8_portable(Q8_IGEMM_PARAMETERS);
#if defined(__x86_64__)
void s16_igemm_6x16_avx2(Q8_IGEMM_PARAMETERS);
void s16_points_6x16_avx2(Q8_POINTS_PARAMETERS);
void u8s8_igemm_6x16_avxvnni(Q8_IGEMM_PARAMETERS);
void u7s8_igemm_4x16_avx2(Q8_IGEMM_PARAMETERS);
void u7s8_add_highs_avx2(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);
void u7s8_igemm_8x32_avx512(Q8_IGEMM_PARAMETERS);
void u7s8_add_highs_avx512(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);
size_t u7s8_take_highs(uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs);
void s16_igemm_6x16_avxvnni(Q8_IGEMM_PARAMETERS);
void s16_points_6x16_avxvnni(Q8_POINTS_PARAMETERS);
void s16_igemm_12x32_avx512vnni(Q8_IGEMM_PARAMETERS);
void s16_points_12x32_avx512vnni(Q8_POINTS_PARAMETERS);
void s16_igemm_12x32_avx512(Q8_IGEMM_PARAMETERS);
void s16_points_12x32_avx512(Q8_POINTS_PARAMETERS);
void u8s8_igemm_12x32_avx512vnni(Q8_IGEMM_PARAMETERS);
void u8s8_fused_12x32_avx512vnni(Q8_FUSED_PARAMETERS);
#endif
#if defined(__aarch64__)
void s8_igemm_4x4_neon(Q8_IGEMM_PARAMETERS);
void s16_igemm_8x8_neon(Q8_IGEMM_PARAMETERS);
void s8_igemm_8x8_neondot(Q8_IGEMM_PARAMETERS);
void s8_igemm_8x8_neoni8mm(Q8_IGEMM_PARAMETERS);
#endif

// A tile's sums on their way out: `sums` is int32 (or float, if sums_float) [pixels][sums_stride], of which `outputs` are
// stored; multipliers and shifts are the panel's.
void q8_finish(
    kernels_isa isa, const q8_epilogue *epilogue, size_t pixels, size_t outputs, const void *sums, int sums_float,
    size_t sums_stride, const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride,
    void *y, size_t y_stride);

#if defined(__x86_64__)
// q8_finish for outputs in whole sixteens and 8-bit y.
void q8_finish_avx2(
    const q8_epilogue *epilogue, size_t pixels, size_t outputs, const void *sums, int sums_float, size_t sums_stride,
    const float *multipliers, const float *shifts, const uint8_t *residual, size_t residual_stride, void *y,
    size_t y_stride);
#endif

#endif
