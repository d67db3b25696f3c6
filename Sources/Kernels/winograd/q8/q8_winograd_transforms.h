// The tiles of q8_winograd, its packed weights and its transforms, for the q8 files and the files that list kernels in cpu/.
#ifndef GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H
#define GIEMSA_KERNELS_Q8_WINOGRAD_TRANSFORMS_H

#include "convolution/q8/q8_igemm_kernels.h"
#include "q8_winograd.h"
#include "geometry/sizes.h"
#include "winograd/taps/winograd_taps.h"

enum { Q8_TILE = 4, Q8_REACH = 6, Q8_POINTS = Q8_REACH * Q8_REACH };
// The weights are the filter's values at the points 0, 1, −1, 2, −2 and ∞ without Lagrange's factors: integers, at most 49 times as
// large as the taps. The output transform contains the factors, multiplied by 6 for a line and so by 36 for a tile.
//
//   V g = g0, g0 + g1 + g2, g0 − g1 + g2, g0 + 2 g1 + 4 g2, g0 − 2 g1 + 4 g2, g2
//   Bᵀ d = 4 d0 − 5 d2 + d4, −4 (d1 + d2) + d3 + d4, 4 (d1 − d2) − d3 + d4, 2 (d3 − d1) + d4 − d2, 2 (d1 − d3) + d4 − d2,
//          4 d1 − 5 d3 + d5
//   6 Aᵀ m = 3/2 m0 − a + c / 4, d / 2 − b, c − a, 2 d − b + 6 m∞ of a, b = m1 ± m2 and c, d = m3 ± m4
//
// A tile at an edge with three or fewer rows or columns of outputs is F(3, 3) or F(2, 3) in that direction. Their points, 0, 1, −1,
// (2) and ∞, are among the six. It needs no weights of its own, and 30 to 16 multiplications instead of 36.
//
//   Bᵀ d = 2 (d0 − d2) − d1 + d3, d3 − d2 − 2 d1, 2 d1 − 3 d2 + d3, d3 − d1, 2 (d1 − d3) − d2 + d4
//   6 Aᵀ m = 3 (m0 − m1) − m2 + m3, m2 − 3 m1 + 2 m3, 4 m3 − 3 m1 − m2 + 6 m∞
//
//   Bᵀ d = d0 − d2, d1 + d2, d2 − d1, d3 − d1    6 Aᵀ m = 6 m0 + 3 a, 3 b + 6 m∞
//
// No transformed input becomes larger than those of F(4, 3) at the same point.

// The shape of a tile with so many rows and columns of outputs: 2 to 4 high and wide.
static inline taps_tile q8_shape_of(size_t rows, size_t columns) {
  return (taps_tile){larger(2, rows), larger(2, columns)};
}
// The value of a line of ones at the point 1; at the other points it is 0.
static inline int q8_ones(size_t size) { return size == 2 ? 2 : size == 3 ? -2 : -6; }

// A packed panel: nr multipliers and shifts (a bias is part of its shift); its traits; then either the weights of each point,
// or the taps, [steps][9][nr][kr], or of a plan that multiplies taps [nr / 16][steps][9][16][kr].
typedef struct {
  int32_t is_long;  // sums over all channels may overflow; those over Q8_LONG_STEP channels cannot
  int32_t is_fusible;  // the scales are in the range that a q8_fused needs
} q8_winograd_traits;

typedef struct {
  const float *scales;
  const q8_winograd_traits *traits;
  const int8_t *weights;
} q8_winograd_panel;

enum {
  Q8_LONG_STEP = 32,
  Q8_TAPS_STEP = 2 * TAPS_OUTPUTS  // bytes of a tap for two channels
};

static inline size_t q8_winograd_head_bytes(const q8_winograd *v) {
  return whole_lines(8 * v->family->nr + sizeof(q8_winograd_traits));
}
// Integers from one point's weights to the next: one cache line more than they take, so that the 36 are in different cache sets.
static inline size_t q8_winograd_point_weights(const q8_winograd *v, size_t channels) {
  return channels * v->family->nr + 32;
}
static inline size_t q8_winograd_panel_bytes(const q8_winograd *v) {
  const size_t channels = v->convolution.geometry.in_channels;
  const size_t weights = v->keeps_taps ? 9 * channels * v->family->nr : Q8_POINTS * 2 * q8_winograd_point_weights(v, channels);
  return q8_winograd_head_bytes(v) + whole_lines(weights);
}
static inline q8_winograd_panel q8_winograd_panel_at(const q8_winograd *v, const void *packed, size_t panel) {
  const int8_t *base = (const int8_t *)packed + panel * q8_winograd_panel_bytes(v);
  const float *scales = (const float *)(const void *)base;
  return (q8_winograd_panel){
      scales, (const q8_winograd_traits *)(const void *)(scales + 2 * v->family->nr), base + q8_winograd_head_bytes(v)};
}

// The weights at all 36 points, `stride` integers from point to point, from the taps of `steps` steps: [steps][9][unit] of 8-bit
// integers or, if `wide`, of 16-bit ones. `level` is for the loops of multiversion.h.
//
// unit     nr · kr, a multiple of 8
#define Q8_WINOGRAD_TAPS_PARAMETERS \
  kernels_level level, const void *taps, int wide, size_t steps, size_t unit, int16_t *points, size_t stride

// Where a tile's transformed inputs go, as 16-bit integers: point `column` of row `row` of channel c is at rows[row] +
// column · column_step + c / 32 · 32 · channel_bytes + c % 32 · 2. channel_bytes is 2 where all channels lie together.
typedef struct {
  char *rows[Q8_REACH];
  size_t column_step, channel_bytes;
} q8_winograd_points;

// Transforms a tile's inputs less their zero point to the points that its shape has.
//
// pixels   36 pointers to `channels` bytes, u8 or s8
//
// Needs channels to be a positive multiple of 16, and of 32 unless channel_bytes is 2.
#define Q8_WINOGRAD_INPUT_PARAMETERS                                                                            \
  kernels_level level, const void *const *pixels, size_t channels, int is_signed, int zero, taps_tile shape, \
      const q8_winograd_points *to

// 32 outputs of `rows` × `columns` (1 to 4 each) pixels of a tile, from the sums of its points to the stored bytes.
//
// sums     32 integers for each point, `step` integers from point to point
// scales   32 multipliers and 32 shifts; 64-byte aligned
// e        of the tile's first pixel; residual_row and y_row are bytes from row to row
#define Q8_WINOGRAD_OUTPUT_PARAMETERS                                                                                     \
  const int32_t *sums, size_t step, const float *scales, size_t rows, size_t columns, size_t residual_row, size_t y_row, \
      const q8_fused *e

#define Q8_WINOGRAD_TAPS_REQUIRE(outputs) \
  KERNEL_REQUIRE(steps >= 1 && unit % (outputs) == 0 && stride >= steps * unit)
#define Q8_WINOGRAD_INPUT_REQUIRE()                                                     \
  KERNEL_REQUIRE(channels >= 16 && channels % 16 == 0);                                 \
  KERNEL_REQUIRE(to->channel_bytes == 2 || channels % 32 == 0);                         \
  KERNEL_REQUIRE(2 <= shape.height && shape.height <= Q8_TILE && 2 <= shape.width && shape.width <= Q8_TILE)
#define Q8_WINOGRAD_OUTPUT_REQUIRE()                                                    \
  KERNEL_REQUIRE(1 <= rows && rows <= Q8_TILE && 1 <= columns && columns <= Q8_TILE);   \
  KERNEL_REQUIRE(step >= 32 && KERNEL_IS_ALIGNED(scales, 64) && KERNEL_IS_ALIGNED(e, 64))

typedef struct {
  void (*taps)(Q8_WINOGRAD_TAPS_PARAMETERS);
  void (*input)(Q8_WINOGRAD_INPUT_PARAMETERS);
  void (*output)(Q8_WINOGRAD_OUTPUT_PARAMETERS);
  int output_pays;  // q8_winograd uses `output` where it applies, rather than q8_winograd_outputs and q8_finish
} q8_winograd_transforms;

void q8_winograd_taps_portable(Q8_WINOGRAD_TAPS_PARAMETERS);
void q8_winograd_input_portable(Q8_WINOGRAD_INPUT_PARAMETERS);
void q8_winograd_output_portable(Q8_WINOGRAD_OUTPUT_PARAMETERS);

// The outputs of one tile, [4 · 4][nr], as floats from the sums of its points, `step` numbers from point to point: floats in
// `totals` or, if that is NULL, integers in `sums`. Only the rows and columns that the shape has are written.
//
// Needs nr to be a multiple of 8.
void q8_winograd_outputs(
    kernels_level level, const int32_t *sums, const float *totals, size_t step, size_t nr, taps_tile shape, float *out);

#endif
