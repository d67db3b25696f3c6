#include <string.h>

#include "convolution/q8/q8_igemm_kernels.h"

// u8s8_igemm_4x8_portable: the specification of the 8-bit igemm kernels, in plain C. kr is 4. Sums wrap around beyond 32 bits, as in
// all instruction sets; unsigned integers do so in C.
void u8s8_igemm_4x8_portable(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(4, 4);
  uint32_t held[8];
  for (size_t p = 0; p < pixels; p++) {
    memcpy(held, bias, sizeof held);
    const int8_t *weight = w;
    for (size_t tap = 0; tap < taps; tap++) {
      const uint8_t *row = x[p] + offsets[tap];
      for (size_t step = 0; step < steps; step++, row += 4, weight += 32)
        for (int o = 0; o < 8; o++)
          for (int k = 0; k < 4; k++) held[o] += (uint32_t)(row[k] * weight[4 * o + k]);
    }
    weight = extra_w;
    for (size_t extra = 0; extra < extra_count; extra++, weight += 32)
      for (int o = 0; o < 8; o++)
        for (int k = 0; k < 4; k++) held[o] += (uint32_t)(x[p][extras[extra] + k] * weight[4 * o + k]);
    memcpy(sums + 8 * p, held, sizeof held);
  }
}
