#include <string.h>

#include "convolution/q8/q8_igemm_kernels.h"

enum { NR = 8, STEP_BYTES = 8 * NR };

// Adds the products of four inputs with the weights of NR outputs, [NR][4].
static void add_four(const uint8_t *x, const int8_t *w, uint32_t *sums) {
  for (size_t o = 0; o < NR; o++)
    for (size_t k = 0; k < 4; k++) sums[o] += (uint32_t)(x[k] * w[4 * o + k]);
}

static void add_step(const uint8_t *x, const int8_t *w, uint32_t *sums) {
  add_four(x, w, sums);
  add_four(x + 4, w + STEP_BYTES / 2, sums);
}

// u7s8_igemm_4x8_portable: the specification of the u7s8_igemm kernels, in plain C. kr is 8, in two fours: a step's weights are
// [2][8 outputs][4]. Sums that leave 32 bits wrap around. Inputs may be 0 ... 255 here; the other kernels of the family need
// 0 ... 128 and weights within Q8_FOURS_WITHIN_255.
//
// Needs 1 <= pixels <= 4, taps >= 1, steps >= 1.
void u7s8_igemm_4x8_portable(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(4, 4);
  for (size_t p = 0; p < pixels; p++) {
    uint32_t held[NR];
    memcpy(held, bias, sizeof held);
    const int8_t *weight = w;
    for (size_t tap = 0; tap < taps; tap++)
      for (size_t step = 0; step < steps; step++, weight += STEP_BYTES)
        add_step(x[p] + offsets[tap] + 8 * step, weight, held);
    for (size_t extra = 0; extra < extra_count; extra++)
      add_step(x[p] + extras[extra], extra_w + extra * STEP_BYTES, held);
    memcpy(sums + NR * p, held, sizeof held);
  }
}

// u7s8_take_highs_portable: the specification of u7s8_take_highs. Copies `count` bytes (each ^ flip) without their eighth bit, and
// lists the groups of four in which a byte had that bit. Returns the length of the list.
//
// Needs count % 4 == 0 and room for count / 4 in `highs`.
size_t u7s8_take_highs_portable(
    uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs) {
  KERNEL_REQUIRE(count % 4 == 0);
  size_t found = 0;
  for (size_t i = 0; i < count; i += 4) {
    uint8_t bits[4], any = 0;
    for (size_t k = 0; k < 4; k++) {
      const uint8_t value = from[i + k] ^ flip;
      to[i + k] = value & 0x7f;
      bits[k] = value & 0x80;
      any |= bits[k];
    }
    if (!any) continue;
    q8_high high = {.pixel = pixel, .group = (uint16_t)(i / 4)};
    memcpy(&high.bits, bits, sizeof high.bits);
    highs[found++] = high;
  }
  return found;
}

// u7s8_add_highs_portable: the specification of the u7s8_add_highs kernels: sums[output] += Σ high bits · w for the 8 outputs of a
// panel, the weights being laid out as for u7s8_igemm_4x8_portable.
void u7s8_add_highs_portable(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums) {
  uint32_t held[NR];
  memcpy(held, sums, sizeof held);
  for (size_t i = 0; i < count; i++) {
    const size_t group = (size_t)(highs[i].pixel - weights->first) * weights->groups + highs[i].group;
    uint8_t bits[4];
    memcpy(bits, &highs[i].bits, sizeof bits);
    add_four(bits, weights->w + group * (STEP_BYTES / 2), held);
    if (!weights->first_extras) continue;
    const size_t step = group / 2, half = group % 2 * (STEP_BYTES / 2);
    size_t extra = (size_t)weights->first_extras[step];
    if (extra == 0) continue;
    const int32_t offset = weights->extras[extra - 1];
    for (; extra <= weights->extra_count && weights->extras[extra - 1] == offset; extra++)
      add_four(bits, weights->extra_w + (extra - 1) * STEP_BYTES + half, held);
  }
  memcpy(sums, held, sizeof held);
}
