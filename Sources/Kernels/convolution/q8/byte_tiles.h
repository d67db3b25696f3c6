// Transposing tiles of bytes with shuffles that every instruction set has.
#ifndef GIEMSA_KERNELS_BYTE_TILES_H
#define GIEMSA_KERNELS_BYTE_TILES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t byte_line __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint32_t four_line __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint16_t pair_line __attribute__((vector_size(16), aligned(1), may_alias));

// Transposes 16 × 16 bytes in four rounds. Each interleaves lines i and i + 8 byte by byte, which rotates the eight bits of a byte's
// index (four of its line, four of its column) by one.
static inline __attribute__((always_inline)) void transpose_bytes(byte_line *lines) {
  byte_line other[16];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 8; i++) {
      other[2 * i] = __builtin_shufflevector(lines[i], lines[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      other[2 * i + 1] =
          __builtin_shufflevector(lines[i], lines[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < 16; i++) lines[i] = other[i];
  }
}

// The same of 8 × 8 pairs of bytes.
static inline __attribute__((always_inline)) void transpose_pairs(pair_line *lines) {
  pair_line other[8];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 4; i++) {
      other[2 * i] = __builtin_shufflevector(lines[i], lines[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      other[2 * i + 1] = __builtin_shufflevector(lines[i], lines[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i++) lines[i] = other[i];
  }
}

// The same of 4 × 4 quadruples of bytes.
static inline __attribute__((always_inline)) void transpose_fours(four_line *lines) {
  const four_line a = __builtin_shufflevector(lines[0], lines[2], 0, 4, 1, 5), b = __builtin_shufflevector(lines[0], lines[2], 2, 6, 3, 7);
  const four_line c = __builtin_shufflevector(lines[1], lines[3], 0, 4, 1, 5), d = __builtin_shufflevector(lines[1], lines[3], 2, 6, 3, 7);
  lines[0] = __builtin_shufflevector(a, c, 0, 4, 1, 5);
  lines[1] = __builtin_shufflevector(a, c, 2, 6, 3, 7);
  lines[2] = __builtin_shufflevector(b, d, 0, 4, 1, 5);
  lines[3] = __builtin_shufflevector(b, d, 2, 6, 3, 7);
}

// taps[tap] = byte `tap` of 16 channels that lie `area` (at most 16) bytes apart from `from` on. Reads up to 15 bytes behind the
// last channel unless `is_end`.
static inline __attribute__((always_inline)) void split_taps(
    const uint8_t *from, size_t area, int is_end, byte_line taps[16]) {
  uint8_t padded[16 * 16 + 16];
  if (is_end) from = memcpy(padded, from, 16 * area);
  for (size_t i = 0; i < 16; i++) taps[i] = *(const byte_line *)(const void *)(from + i * area);
  transpose_bytes(taps);
}

#endif
