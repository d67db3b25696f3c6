// Where the tiles of a Winograd convolution lie, and which inputs they read.
#ifndef GIEMSA_KERNELS_TILES_H
#define GIEMSA_KERNELS_TILES_H

#include "geometry.h"
#include "geometry/sizes.h"

// A tile's first output, and how many outputs it has; at an edge some of these may lie outside the picture.
typedef struct {
  size_t image, y, x, height, width;
} tile_place;

static inline size_t tiles_along(const tile_axis *axis) { return axis->larges + axis->smalls; }

// The first output of the tile that so many tiles of each size come before.
static inline size_t tile_start(const tile_axis *axis, size_t larges, size_t smalls) {
  return larges * axis->large + smalls * axis->small;
}

// The tile in a row and a column of the tiles of an image.
static inline tile_place tile_place_at(
    const tile_axis *down, const tile_axis *across, size_t image, size_t row, size_t column) {
  const int is_small_down = row >= down->larges, is_small_across = column >= across->larges;
  return (tile_place){
      .image = image,
      .y = is_small_down ? tile_start(down, down->larges, row - down->larges) : row * down->large,
      .x = is_small_across ? tile_start(across, across->larges, column - across->larges) : column * across->large,
      .height = is_small_down ? down->small : down->large,
      .width = is_small_across ? across->small : across->large};
}

// The same of all tiles in order: image by image, row by row.
static inline tile_place tile_place_of(const tile_axis *down, const tile_axis *across, size_t tile) {
  const size_t rows = tiles_along(down), columns = tiles_along(across);
  return tile_place_at(down, across, tile / columns / rows, tile / columns % rows, tile % columns);
}

// The same tile with those of its outputs only that lie inside the picture.
static inline tile_place tile_inside(const convolution_geometry *g, tile_place at) {
  at.height = smaller(at.height, g->out_height - at.y);
  at.width = smaller(at.width, g->out_width - at.x);
  return at;
}

// Where each of the side × side input pixels of a tile lies, row by row; `outside` for those in the padding.
//
// element  bytes of a channel of x
static inline __attribute__((always_inline)) void tile_inputs(
    const convolution_geometry *g, tile_place at, size_t side, const void *x, size_t element, const void *outside,
    const void **pixels) {
  const size_t pixel = g->in_channels * element, line = g->in_width * pixel;
  const char *image = (const char *)x + at.image * g->in_height * line;
  for (size_t i = 0; i < side; i++) {
    // Rows and columns before the first wrap around to the largest numbers.
    const size_t row = at.y * g->stride_height + i - g->pad_top;
    const char *from = row < g->in_height ? image + row * line : NULL;
    for (size_t j = 0; j < side; j++) {
      const size_t column = at.x * g->stride_width + j - g->pad_left;
      *pixels++ = from && column < g->in_width ? from + column * pixel : outside;
    }
  }
}

#endif
