// Tiles of convolutions with one filter for each channel whose kernel has 3, 5 or 7 columns, and of those with groups of 4, 8 or
// 16 channels and as many filters whose kernel has 3: neighbouring output pixels of a row at once, so that every input is loaded
// (and spread over its group's lanes) once for all of their windows that it lies in. A function for each geometry; a file for
// each instruction set.
#ifndef GIEMSA_KERNELS_DEPTHWISE_TILES_H
#define GIEMSA_KERNELS_DEPTHWISE_TILES_H

#include "windows.h"

// MOST_LINES: a kernel of more rows has no tiles.
enum {
  DEPTHWISE_PIXELS = 7,  // output pixels of a tile; planes are often of 7, 14, 28 or 56 columns
  DEPTHWISE_MOST_LINES = 7,
  DEPTHWISE_MOST_INPUTS = (DEPTHWISE_PIXELS - 1) * 2 + 7
};

// Whether a tile steps from input to input. That needs a function for each of the usual edges: the small program for ARM has no
// room for them, and groups gain little, since they load an input once for all of a group's channels.
static inline int depthwise_steps(size_t lanes, size_t group) { return lanes >= 8 && group == 1; }

typedef struct {
  size_t lines;  // rows of taps that lie inside the picture
  // Of the (DEPTHWISE_PIXELS - 1) · stride + columns inputs of each of these rows, those from `left` to before `right` lie
  // inside the picture, x_stride floats apart. The others are zeros.
  size_t left, right, x_stride;
  // If it steps, input `left` of each row; otherwise each input of each row. Channel c is read at `offset` + c.
  const float *x[DEPTHWISE_MOST_LINES * DEPTHWISE_MOST_INPUTS];
  size_t offset;
  const float *bias;  // channel 0
  const float *w;  // [taps of the rows inside, channels of a group, channels]
  size_t channels, y_stride;  // floats from pixel to pixel of the residual, and of y
  size_t first, end;  // the channels to compute: at least a vector of them, and whole groups
  size_t skipped;  // of the output pixels, the first ones that are not made
  float *y;  // channel 0 of the first output pixel made
  const float *residual;  // the same of the residual, or NULL
  float low, high;
} depthwise_tile;

typedef void (*f32_depthwise_tile)(const depthwise_tile *tile);

typedef struct {
  size_t lanes;  // channels of a vector
  f32_depthwise_tile run[3][2];  // [3, 5 or 7 columns][stride of 1 or 2]
  f32_depthwise_tile groups[3][2];  // [groups of 4, 8 or 16 channels][stride of 1 or 2]; NULL where a group exceeds a vector
} f32_depthwise_tiles;

#define F32_DEPTHWISE_PAIR(form, level) {f32_depthwise_##form##_##level, f32_depthwise_##form##_stride2_##level}
#define F32_DEPTHWISE_DECLARE_PAIR(form, level)             \
  void f32_depthwise_##form##_##level(const depthwise_tile *), \
      f32_depthwise_##form##_stride2_##level(const depthwise_tile *)

#define F32_DEPTHWISE_DECLARE(level)        \
  F32_DEPTHWISE_DECLARE_PAIR(3, level);     \
  F32_DEPTHWISE_DECLARE_PAIR(5, level);     \
  F32_DEPTHWISE_DECLARE_PAIR(7, level);     \
  F32_DEPTHWISE_DECLARE_PAIR(3_groups4, level)

// Of a level whose vectors hold so many channels; the groups that fit follow.
#define F32_DEPTHWISE(lanes, level, ...)                                                                                   \
  (f32_depthwise_tiles) {                                                                                                  \
    lanes, {F32_DEPTHWISE_PAIR(3, level), F32_DEPTHWISE_PAIR(5, level), F32_DEPTHWISE_PAIR(7, level)}, { __VA_ARGS__ }      \
  }

F32_DEPTHWISE_DECLARE(portable);

#endif
