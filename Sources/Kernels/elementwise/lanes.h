// Sums over the lanes of a vector, for loops that add numbers in lanes.
#ifndef GIEMSA_KERNELS_LANES_H
#define GIEMSA_KERNELS_LANES_H

// Numbers that are added at once. A loop adds at most SUMMED of them in one float; their sums are added in double.
enum { LANES = 16, SUMMED = 256 };

// By halves: one after the other, each addition would wait for the one before.
static inline __attribute__((always_inline)) double sum_of_lanes(const float *parts) {
  double sums[LANES / 2];
  for (int lane = 0; lane < LANES / 2; lane++) sums[lane] = (double)parts[lane] + (double)parts[lane + LANES / 2];
  for (int lane = 0; lane < LANES / 4; lane++) sums[lane] += sums[lane + LANES / 4];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

#endif
