#include "winograd/f32/winograd_mend.h"

#include <math.h>

#include "convolution/f32/igemm_kernels.h"

// How a pixel spoils its tile, whose pixels Winograd's transforms mix. An output that reads a NaN is NaN in a direct convolution,
// too; one that reads an infinity need not be.
enum { FINITE, ENDLESS, NO_NUMBER };

// Transforms multiply by up to some thousands, and weights may be large: sums of larger inputs can exceed the range of floats.
static const float LARGEST = 1e30f;

enum { MOST_SIDE = 2 * 6 + 1, MOST_PIXELS = 6 * 6 };

static int kind_of(const float *x, size_t channels) {
  int kind = FINITE;
  for (size_t c = 0; c < channels; c++) {
    if (x[c] != x[c]) return NO_NUMBER;
    if (!(fabsf(x[c]) < LARGEST)) kind = ENDLESS;
  }
  return kind;
}

static const float *pixel_at(const f32_winograd *v, size_t image, size_t y, size_t x) {
  const convolution_geometry *g = &v->geometry;
  if (y >= g->in_height || x >= g->in_width) return NULL;
  return v->x + ((image * g->in_height + y) * g->in_width + x) * g->in_channels;
}

// Three taps of a line from its values at the points 0, 1 and infinity. With stride 2: from the outer taps' values at 0 and
// infinity, and the middle tap.
static void taps_of_line(const f32_winograd *v, const float line[3], float taps[3]) {
  taps[0] = line[0];
  taps[1] = v->geometry.stride_height == 2 ? line[1] : line[1] - line[0] - line[2];
  taps[2] = line[2];
}

// The nine taps [9][nr] of one channel of a panel's outputs: copied where taps are packed, else computed from the weights.
static void find_taps(const f32_winograd *v, const float *packed, size_t channel, float *taps) {
  const size_t nr = v->family->nr, along = v->tile + 2;
  if (v->multiplies_taps) {
    for (size_t o = 0; o < nr; o++) {
      const size_t first = o / TAPS_OUTPUTS * TAPS_OUTPUTS;
      const float *from = packed + (first * v->geometry.in_channels + channel * TAPS_OUTPUTS) * 9 + o - first;
      for (size_t tap = 0; tap < 9; tap++) taps[tap * nr + o] = from[tap * TAPS_OUTPUTS];
    }
  } else if (v->keeps_taps) {
    for (size_t i = 0; i < 9 * nr; i++) taps[i] = packed[channel * 9 * nr + i];
  } else {
    const int strides = v->geometry.stride_height == 2;
    const size_t at[3] = {0, strides ? along - 1 : 1, strides ? along - 2 : along - 1};
    for (size_t o = 0; o < nr; o++) {
      float held[3][3];
      for (size_t row = 0; row < 3; row++) {
        float line[3];
        for (size_t i = 0; i < 3; i++) line[i] = packed[(at[row] * along + at[i]) * v->set_stride + channel * nr + o];
        taps_of_line(v, line, held[row]);
      }
      for (size_t column = 0; column < 3; column++) {
        const float line[3] = {held[0][column], held[1][column], held[2][column]};
        float found[3];
        taps_of_line(v, line, found);
        for (size_t row = 0; row < 3; row++) taps[(row * 3 + column) * nr + o] = found[row];
      }
    }
  }
}

void f32_winograd_mend(
    const f32_winograd *v, size_t image, size_t y, size_t x, size_t rows, size_t columns, size_t outputs,
    const float *panel, float *to, const float *residual) {
  const convolution_geometry *g = &v->geometry;
  const size_t nr = v->family->nr, stride = g->stride_height, top = y * stride - g->pad_top, left = x * stride - g->pad_left;
  int kinds[MOST_SIDE][MOST_SIDE], any = 0;
  for (size_t i = 0; i < (rows - 1) * stride + 3; i++)
    for (size_t j = 0; j < (columns - 1) * stride + 3; j++) {
      const float *pixel = pixel_at(v, image, top + i, left + j);
      kinds[i][j] = pixel ? kind_of(pixel, g->in_channels) : FINITE;
      any |= kinds[i][j] != FINITE;
    }
  // All inputs are finite: weights are NaN, or products exceed the range of floats. A direct convolution does no better.
  if (!any) return;

  struct {
    size_t row, column;
  } wanted[MOST_PIXELS];
  float sums[MOST_PIXELS][F32_IGEMM_MAX_NR];
  size_t count = 0;
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) {
      int is_number = 1;
      for (size_t tap = 0; tap < 9; tap++)
        is_number &= kinds[row * stride + tap / 3][column * stride + tap % 3] != NO_NUMBER;
      if (!is_number) continue;
      wanted[count].row = row;
      wanted[count].column = column;
      for (size_t o = 0; o < nr; o++) sums[count][o] = panel[o];
      count++;
    }
  if (count == 0) return;
  for (size_t channel = 0; channel < g->in_channels; channel++) {
    float taps[9 * F32_IGEMM_MAX_NR];
    find_taps(v, panel + nr, channel, taps);
    for (size_t i = 0; i < count; i++)
      for (size_t tap = 0; tap < 9; tap++) {
        const float *pixel = pixel_at(
            v, image, top + wanted[i].row * stride + tap / 3, left + wanted[i].column * stride + tap % 3);
        if (!pixel) continue;
        for (size_t o = 0; o < nr; o++) sums[i][o] += pixel[channel] * taps[tap * nr + o];
      }
  }
  const f32_igemm_epilogue epilogue = {.low = v->low, .high = v->high};
  for (size_t i = 0; i < count; i++) {
    const size_t pixel = wanted[i].row * g->out_width + wanted[i].column;
    f32_igemm_finish(
        sums[i], outputs, to + pixel * v->y_stride, residual ? residual + pixel * g->out_channels : NULL, &epilogue);
  }
}
