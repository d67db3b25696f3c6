// Winograd's products for few tiles directly from a filter's taps, for the winograd files only. The kernels transform weights in
// registers and never store them. The additions run beside the multiplications, on execution units of their own.
//
// A kernel computes one row of F(4, 3)'s points (0, 1, −1, 2, −2 and ∞) for 16 outputs of up to four tiles: 24 accumulators.
// Three taps have the values g0, g0 + g1 + g2, g0 − g1 + g2, g0 + 2 g1 + 4 g2, g0 − 2 g1 + 4 g2 and g2 there. Tiles of fewer
// outputs have only some of the points.
#ifndef GIEMSA_KERNELS_WINOGRAD_TAPS_H
#define GIEMSA_KERNELS_WINOGRAD_TAPS_H

#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "geometry/sizes.h"

enum {
  TAPS_TILES = 4,  // tiles of a group that a kernel multiplies together
  TAPS_POINTS = 6,  // points of a row
  TAPS_OUTPUTS = 16,
  TAPS_MOST_TILES = 16,  // tiles of a layer; with more, it pays to store the transformed weights
  TAPS_BLOCK_BYTES = TAPS_POINTS * TAPS_TILES * 64  // transformed inputs of one row of points: 64 bytes of channels of each
};

// Whether a tile with `size` outputs along an axis has a point.
static inline int taps_has(size_t size, size_t point) { return point <= size || point == 5; }

typedef struct {
  size_t height, width;  // in outputs
} taps_tile;

// The rows of points 0 and ∞ read only a third of the taps.
static inline int taps_is_light(size_t line) { return line == 0 || line == 5; }

// Bytes of the next taps that are prefetched at each step of a row, a step having `bytes` of taps. A core drops prefetches when
// its buffers are full, so with one group of tiles everything is prefetched twice (2 light rows × 4/10 + 4 others × 3/10 = 2),
// mostly during the light rows, which leave more buffers free. With several groups the light rows suffice (2 × 8/10 in all).
// Never more than with one group: the kernels have as many prefetch instructions.
static inline size_t taps_fetch_step(size_t bytes, size_t groups, size_t line) {
  if (groups > 1) return taps_is_light(line) ? divide_up(bytes * 8, 10 * groups) : 0;
  return divide_up(bytes * (taps_is_light(line) ? 4 : 3), 10);
}

// Where the next row continues prefetching, after `fetched` of `bytes`: at the beginning again after all of them.
static inline size_t taps_fetched(size_t fetched, size_t bytes) { return fetched < bytes ? fetched : 0; }

// The tiles of a group that have a row of points. `threes` of them have point 3 in it, `fours` have point 4. They are consecutive
// in the transformed inputs, wide tiles first.
typedef struct {
  size_t tiles, threes, fours, members[TAPS_TILES];
} taps_line;

static inline taps_line taps_line_of(const taps_tile *tiles, size_t count, size_t group, size_t line) {
  taps_line found = {0};
  for (size_t tile = group * TAPS_TILES; tile < count && tile < (group + 1) * TAPS_TILES; tile++) {
    if (!taps_has(tiles[tile].height, line)) continue;
    found.members[found.tiles++] = tile;
    found.threes += tiles[tile].width >= 3;
    found.fours += tiles[tile].width >= 4;
  }
  return found;
}

// A tile's index among the tiles of its group that have the row.
static inline size_t taps_slot(const taps_tile *tiles, size_t tile, size_t line) {
  size_t slot = 0;
  for (size_t other = tile / TAPS_TILES * TAPS_TILES; other < tile; other++) slot += taps_has(tiles[other].height, line);
  return slot;
}

// One row of points for 16 outputs: sums[tile][point · sums_step + output] = Σ over channels of x · weight, the weights being
// the taps' values at the points of that row.
//
// row      which row of points, 0 ... 5
// tiles, threes, fours  see taps_line: 1 <= tiles <= 4, fours <= threes <= tiles
// blocks   of 64 bytes of channels (16 floats or 32 integers) of each point and tile
// x        [blocks][6 points][4 tiles][channels] transformed inputs; the places of missing tiles must be readable
// taps     [channels, or pairs of integers][9][16 outputs]; 64-byte aligned if floats, 32-byte if integers
// ahead    address of the memory that is prefetched at the first step; at each next step ahead_step bytes (see
//          taps_fetch_step) further on. Not read
// sums     for each of the four tiles where its sums go, NULL for a missing tile. Sums of points that a tile lacks may be
//          written, too
//
// Needs blocks >= 1. Reads and writes nothing else.
#define TAPS_PARAMETERS(tap, number)                                                                          \
  size_t blocks, const char *x, const tap *taps, kernels_fetch ahead, size_t ahead_step, number *const *sums, \
      size_t sums_step

#define TAPS_REQUIRE(alignment)                                                                \
  KERNEL_REQUIRE(row < TAPS_POINTS && 1 <= tiles && tiles <= TAPS_TILES);                      \
  KERNEL_REQUIRE(fours <= threes && threes <= tiles);                                          \
  KERNEL_REQUIRE(blocks >= 1 && KERNEL_IS_ALIGNED(taps, alignment))

typedef void (*f32_taps_kernel)(
    size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(float, float));
typedef void (*s16_taps_kernel)(
    size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(int8_t, int32_t));

// pays: faster for few tiles than multiplying with weights that were transformed before.
typedef struct {
  const char *name;
  f32_taps_kernel run;
  int pays;
} f32_taps_family;

typedef struct {
  const char *name;
  s16_taps_kernel run;
  int pays;
} s16_taps_family;

void f32_taps_24x16_portable(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(float, float));
void s16_taps_24x16_portable(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(int8_t, int32_t));

#endif
