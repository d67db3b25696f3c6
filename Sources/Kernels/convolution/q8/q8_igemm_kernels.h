// The interface of the 8-bit igemm kernels, for the q8 files and the files that list kernels in cpu/.
#ifndef GIEMSA_KERNELS_Q8_IGEMM_KERNELS_H
#define GIEMSA_KERNELS_Q8_IGEMM_KERNELS_H

#include "q8_convolution.h"
#include "winograd/taps/winograd_taps.h"

#define Q8_IGEMM_MAX_MR 32
#define Q8_IGEMM_MAX_NR 32
#define Q8_IGEMM_MAX_KR 16

// sums[pixel][output] = bias[output] + Σ over taps, run and extras of x · w
//
// pixels   1 ... mr
// x        mr pointers; all must be readable, `pixels` of them are used
// offsets  for each tap a byte offset that is added to every pointer
// bias     nr integers
// w        taps × steps × nr × kr weights; a step's are [kr / sub][nr][sub]
// extras   `extra_count` byte offsets of kr inputs each that are multiplied by further nr × kr weights, at extra_w
// sums     mr × nr integers
//
// Needs taps >= 1 and steps >= 1; bias, w, extra_w and sums aligned like a vector of the kernel. Elements of x and w are two bytes
// each for a wide kernel. Reads steps · kr elements at each x[pixel] + offset and kr at each extra; writes pixels × nr integers.
#define Q8_IGEMM_PARAMETERS                                                                                          \
  size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, \
      const int8_t *w, size_t extra_count, const int32_t *extras, const int8_t *extra_w, int32_t *sums

typedef void (*q8_igemm_kernel)(Q8_IGEMM_PARAMETERS);

// The preconditions of a kernel for `mr` pixels whose vectors have `alignment` bytes.
#define Q8_IGEMM_REQUIRE(mr, alignment)                                                                                \
  KERNEL_REQUIRE(1 <= pixels && pixels <= (mr));                                                                       \
  KERNEL_REQUIRE(taps >= 1 && steps >= 1);                                                                             \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment));                               \
  KERNEL_REQUIRE(extra_count == 0 || KERNEL_IS_ALIGNED(extra_w, alignment));                                           \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(sums, alignment))

// The epilogue of a kernel that stores 8-bit outputs itself: y = clamp(round(v) + y_zero, low, high), where
// v = sum · multiplier + shift, or with a residual
// v = clamp(round(sum · multiplier + shift), t_low, t_high) · t_multiplier + r · residual_multiplier + residual_shift.
//
// Constants are repeated in every lane, so that they can be memory operands. All is computed for u8; `flip` is 128 if y is s8.
typedef struct {
  _Alignas(64) float t_low[16], t_high[16];  // less t's zero point
  float t_multiplier[16], residual_multiplier[16], residual_shift[16];
  int16_t y_zero[32];
  uint8_t low[64], high[64], flip[64];
  int residual_signed;
  int whole;  // y_zero, low and flip are 0, high is 255

  // For each call. Of each pixel `outputs` outputs are stored, and as many residuals are read: nr, or fewer for a family that masks.
  const uint8_t *residual;
  size_t residual_stride, y_stride;
  uint8_t *y;
  // Each step prefetches one cache line, from `ahead` on; a family that fills, `ahead_bytes` bytes in all its products.
  kernels_fetch ahead;
  size_t ahead_bytes, outputs;
  // For a family that fills: a bit for each pixel. y and the residual have rows only for those whose bit is set.
  uint32_t wanted;
  // For a family that fills: the bytes from each pixel to the next, if they are alike (or 0), and how many can be read from x[0] on.
  size_t gap, readable;
} q8_fused;

// As Q8_IGEMM_PARAMETERS, without extras; behind the biases lie nr multipliers and nr shifts.
#define Q8_FUSED_PARAMETERS                                                                                          \
  size_t pixels, size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int32_t *bias, \
      const int8_t *w, const q8_fused *e

typedef void (*q8_fused_kernel)(Q8_FUSED_PARAMETERS);

#define Q8_FUSED_REQUIRE(mr, alignment)                                                                                \
  KERNEL_REQUIRE(1 <= pixels && pixels <= (mr));                                                                       \
  KERNEL_REQUIRE(taps >= 1 && steps >= 1);                                                                             \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment) && KERNEL_IS_ALIGNED(e, 64))

// The same for tiles × Q8_FUSED_ROW_PIXELS pixels whose inputs are one run of `steps` steps each, `x_stride` bytes apart.
//
// Needs tiles >= 1, steps >= 2 · Q8_FUSED_ROW_PIXELS.
#define Q8_FUSED_ROW_PARAMETERS                                                                                       \
  size_t tiles, size_t steps, const uint8_t *x, size_t x_stride, const int32_t *bias, const int8_t *w, const q8_fused *e
#define Q8_FUSED_ROW_PIXELS 6

typedef void (*q8_fused_row_kernel)(Q8_FUSED_ROW_PARAMETERS);

#define Q8_FUSED_ROW_REQUIRE(alignment)                                                                                \
  KERNEL_REQUIRE(tiles >= 1 && steps >= 2 * Q8_FUSED_ROW_PIXELS);                                                      \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(bias, alignment) && KERNEL_IS_ALIGNED(w, alignment) && KERNEL_IS_ALIGNED(e, 64))

// Whether a q8_fused can express an epilogue. It cannot where an intermediate value may exceed the range of integers.
static inline int q8_fusible(const q8_epilogue *e, int residual) {
  const int small = e->t_multiplier < 1 << 20 && e->residual_multiplier < 1 << 20;
  return !e->float_output && (e->intermediate != 0) == residual && (!residual || small);
}
static inline int q8_fusible_scale(float multiplier, float shift) {
  return multiplier < 0.5f && multiplier > -0.5f && shift < 1 << 30 && shift > -(1 << 30);
}
void q8_fused_set(q8_fused *fused, const q8_epilogue *epilogue);

// sums[row][output] = Σ x · w of 16-bit integers: the products of q8_winograd at one point, one row for each tile.
//
// rows      1 or more, `x_stride` bytes apart
// steps     of kr inputs and nr × kr weights each
// ahead     address of as many bytes as w has, which are prefetched
// adds      whether to add to `sums`
//
// Needs rows >= 1 and steps >= 1; w and sums aligned like a vector of the kernel.
#define Q8_POINTS_PARAMETERS                                                                                        \
  size_t rows, size_t steps, const uint8_t *x, size_t x_stride, const int8_t *w, kernels_fetch ahead, int adds, \
      int32_t *sums

typedef void (*q8_points_kernel)(Q8_POINTS_PARAMETERS);

#define Q8_POINTS_REQUIRE(alignment)                                                                                   \
  KERNEL_REQUIRE(rows >= 1 && steps >= 1);                                                                             \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(w, alignment) && KERNEL_IS_ALIGNED(sums, alignment))

// Which weights a step may hold, so that nothing saturates within the kernel.
typedef enum {
  Q8_ANY_WEIGHTS,
  // Two that are 8 apart are added in 16 bits after multiplication with s8: not both −128.
  Q8_PAIRS_EIGHT_APART,
  // Weights 2i, 2i + 1, 2i + 4 and 2i + 5 are added in 16 bits after multiplication with 0 ... 128: those above 0 sum to at most
  // 255, and so do those below.
  Q8_FOURS_WITHIN_255
} q8_weight_rule;

// Four inputs, at least one of which has its eighth bit set.
typedef struct {
  uint16_t pixel, group;  // four channels of a gathered pixel
  uint32_t bits;  // a byte for each: 128 or 0
} q8_high;

// The weights by which high values of a tap's inputs are multiplied.
typedef struct {
  uint16_t first;  // the tap's first pixel
  size_t groups;  // of a pixel
  const int8_t *w;  // the tap's first step
  // If there are extras: for each of the tap's steps the index of its first one plus one, or 0.
  const int32_t *first_extras;
  size_t extra_count;
  const int32_t *extras;  // equal offsets belong to the same step
  const int8_t *extra_w;
} q8_high_weights;

typedef struct q8_igemm_family {
  const char *name;
  size_t mr;  // most pixels of a tile
  size_t nr;  // outputs of a panel
  size_t kr;  // inputs of a step
  int wide;  // x and w come to the kernel as 16-bit integers, x less its zero point
  int x_signed;  // otherwise as bytes: x as s8, or as u8
  // Tiles of mr pixels and a smaller last one, rather than tiles of about the same size. Pixels at equal distances cost least, even
  // if some of them are not wanted.
  int fills;
  int masks;  // `fused` stores fewer outputs than nr too
  int by_groups;  // x are nr inputs, those of all groups of a panel; a step has kr inputs of each, and weights of its own group alone
  q8_weight_rule rule;
  q8_igemm_kernel run;
  size_t sub;  // inputs of a step that lie together for each output: [kr / sub][nr][sub]

  // Optional kernels, NULL where a family has none.

  // What a thread calls before its calls of the other kernels with so many steps, and behind them.
  void (*begin)(size_t steps), (*end)(void);

  // For a family whose x has 7 bits: copies a pixel's `count` inputs (^ flip) without the eighth bit, and lists the groups of four
  // in which an input has it. Returns their number. `highs` has room for count / 4.
  size_t (*take_highs)(uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs);
  // sums[output] += Σ highs · w
  void (*add_highs)(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);

  // `run` and the epilogue in one.
  q8_fused_kernel fused;
  q8_fused_row_kernel fused_row;
  // `run` over all tiles of a point.
  q8_points_kernel points;
} q8_igemm_family;

void u8s8_igemm_4x8_portable(Q8_IGEMM_PARAMETERS);
void u8s8_fused_4x8_portable(Q8_FUSED_PARAMETERS);
void u8s8_fused_row_6x8_portable(Q8_FUSED_ROW_PARAMETERS);
void u7s8_igemm_4x8_portable(Q8_IGEMM_PARAMETERS);
size_t u7s8_take_highs_portable(
    uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs);
void u7s8_add_highs_portable(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);
void s16_igemm_4x8_portable(Q8_IGEMM_PARAMETERS);
void s16_points_4x8_portable(Q8_POINTS_PARAMETERS);

// A tile's epilogue: `sums` is int32 (or float, if sums_float) [pixels][sums_stride], of which `outputs` are stored;
// multipliers and shifts are the panel's.
#define Q8_FINISH_PARAMETERS                                                                                         \
  kernels_level level, const q8_epilogue *epilogue, size_t pixels, size_t outputs, const void *sums, int sums_float, \
      size_t sums_stride, const float *multipliers, const float *shifts, const uint8_t *residual,                    \
      size_t residual_stride, void *y, size_t y_stride

typedef void (*q8_finish_kernel)(Q8_FINISH_PARAMETERS);

#define Q8_FINISH_REQUIRE()                                                                                            \
  KERNEL_REQUIRE(pixels >= 1 && outputs >= 1 && outputs <= sums_stride);                                               \
  KERNEL_REQUIRE(pixels == 1 || y_stride >= outputs);                                                                  \
  KERNEL_REQUIRE(pixels == 1 || !residual || residual_stride >= outputs)

void q8_finish_portable(Q8_FINISH_PARAMETERS);

#endif
