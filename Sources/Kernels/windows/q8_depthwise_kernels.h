// The interface of the 8-bit depthwise kernels, for their files and the files that list kernels in cpu/.
#ifndef GIEMSA_KERNELS_Q8_DEPTHWISE_KERNELS_H
#define GIEMSA_KERNELS_Q8_DEPTHWISE_KERNELS_H

#include "q8_depthwise.h"

// Kernels work on multiples of 16 channels. Fewer are padded to 16.
enum { Q8_DEPTHWISE_LANE = 16, Q8_DEPTHWISE_MOST_TILE = 2 };

// How a block's weights lie.
typedef enum {
  // For each slot: a tile's outputs, each with 16-bit weights of the block's channels in order.
  Q8_TAPS_PLAIN,
  // For four slots: a tile's outputs, each with four vectors for a quarter of the block's channels. Of a channel a vector holds the
  // 16-bit weights of slots 0 and 2, the next vector those of slots 1 and 3.
  Q8_TAPS_PAIRS,
  // The same with the 8-bit weights of all four slots in one vector.
  Q8_TAPS_QUADS
} q8_taps_layout;

// What all blocks share as they store. All is computed for u8.
typedef struct {
  uint8_t flip_x;  // 128 if the kernel wants u8 and x is s8, or the other way around
  uint8_t flip_y;  // 128 if y is s8
  int16_t zero;  // of y
  float low, high;  // less y's zero point
} q8_depthwise_store;

// Channels [channel, channel + the block's) of `pixels` neighbouring outputs, in tiles of Q8_DEPTHWISE_MOST_TILE or 1.
//
// slots  inputs of a tile
// x      their pointers in the first tile; a tap outside the picture points at zero points
// step   bytes from a tile's inputs to those of the next one
// block  biases, multipliers and shifts (a block's number of channels each), then weights; 64-byte aligned
//
// Needs pixels >= 1, slots >= 1, a multiple of four unless weights are Q8_TAPS_PLAIN. Reads and writes exactly the block's
// channels, the latter of each of `pixels` outputs.
#define Q8_DEPTHWISE_PARAMETERS                                                                                       \
  size_t pixels, size_t slots, const uint8_t *const *x, size_t channel, size_t step, const void *block, \
      const q8_depthwise_store *e, uint8_t *y, size_t y_stride

typedef void (*q8_depthwise_block)(Q8_DEPTHWISE_PARAMETERS);

typedef struct q8_depthwise_family {
  const char *name;
  int x_signed;  // x comes as s8, else as u8
  q8_taps_layout layout;
  // Kernels of 16, 32 and 64 channels; the wider ones may be missing. Of a tile of one output, and of two.
  q8_depthwise_block single[3], pair[3];
} q8_depthwise_family;

#define Q8_DEPTHWISE_REQUIRE(multiple)                                                                                 \
  KERNEL_REQUIRE(pixels >= 1 && slots >= 1 && slots % (multiple) == 0);                                                \
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(block, 64))

void u8s16_depthwise_portable(Q8_DEPTHWISE_PARAMETERS);

#endif
