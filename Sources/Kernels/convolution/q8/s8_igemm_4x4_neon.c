#include "cpu/arm/kernels.h"
#include "unroll.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>

// s8_igemm_4x4_neon: for every aarch64. Sixteen products become eight 16-bit sums of two (smull, smlal2) and are added in
// pairs to four 32-bit sums (sadalp): 16 multiply-adds in three instructions. kr is 16; lanes run along the inputs and are
// added up at the end. The weights keep to Q8_PAIRS_EIGHT_APART: 2 · 128 · 128 would not fit in 16 bits.
//
// 16 accumulators + 4 weights + 1 of x + products = 29 of 32 registers.
//
// A full tile runs in assembly. `tile` is its specification, and runs smaller tiles.

#define STEP(row, at)                                                                             \
  {                                                                                               \
    int8x16_t weight[4];                                                                          \
    UNROLL for (size_t o = 0; o < 4; o++) weight[o] = vld1q_s8(w + 16 * o);                       \
    w += 64;                                                                                      \
    UNROLL for (size_t p = 0; p < pixels; p++) {                                                  \
      const int8x16_t value = vld1q_s8((const int8_t *)(row)[p] + (at));                          \
      /* Four at a time in each stage: an in-order core would wait for every product. */            \
      int16x8_t product[4];                                                                       \
      UNROLL for (size_t o = 0; o < 4; o++)                                                       \
        product[o] = vmull_s8(vget_low_s8(value), vget_low_s8(weight[o]));                        \
      UNROLL for (size_t o = 0; o < 4; o++) product[o] = vmlal_high_s8(product[o], value, weight[o]); \
      UNROLL for (size_t o = 0; o < 4; o++) sum[p][o] = vpadalq_s16(sum[p][o], product[o]);       \
    }                                                                                             \
  }

// The sums of 4 pixels over all taps, without bias or extras, in an instruction order that compilers would change. An in-order
// Cortex-A53 stalls on a value that was just loaded, and starts a load only when the products before it are nearly done. So
// activations are loaded together, and weights two registers at a time by ld1, which takes as long as a product. 16 accumulators +
// 8 products + 4 of x + 4 weights = 32 of 32 registers.
//
// The last round of a tap loads weights ahead that are not used; it loads them from the beginning, which is readable.
#define FOUR(instruction, a, b, c, d, form, weight)                                                         \
  instruction " v" #a ".8h, v4" form ", v" #weight form "\n" instruction " v" #b ".8h, v5" form ", v" #weight form "\n" \
  instruction " v" #c ".8h, v6" form ", v" #weight form "\n" instruction " v" #d ".8h, v7" form ", v" #weight form "\n"
#define ADD(a, b, c, d, first, second, third, fourth)                                              \
  "sadalp v" #a ".4s, v" #first ".8h\n sadalp v" #b ".4s, v" #second ".8h\n"                       \
  "sadalp v" #c ".4s, v" #third ".8h\n sadalp v" #d ".4s, v" #fourth ".8h\n"

static void whole_tile(
    size_t taps, size_t steps, const uint8_t *const *x, const ptrdiff_t *offsets, const int8_t *w, int32x4_t *sums) {
  const uint8_t *r0, *r1, *r2, *r3;
  size_t at, left;
  const int8_t *now, *next, *const begin = w;
  __asm__ volatile(
      "movi v16.4s, #0\n movi v17.4s, #0\n movi v18.4s, #0\n movi v19.4s, #0\n movi v20.4s, #0\n movi v21.4s, #0\n"
      "movi v22.4s, #0\n movi v23.4s, #0\n movi v24.4s, #0\n movi v25.4s, #0\n movi v26.4s, #0\n movi v27.4s, #0\n"
      "movi v28.4s, #0\n movi v29.4s, #0\n movi v30.4s, #0\n movi v31.4s, #0\n"
      "ldp %[r0], %[r1], [%[x]]\n ldp %[r2], %[r3], [%[x], #16]\n"
      "1:\n"
      "ldr %[at], [%[offsets]], #8\n"
      "ldp q0, q1, [%[w]]\n"
      "mov %[left], %[steps]\n"
      "2:\n"
      "ldr q4, [%[r0], %[at]]\n ldr q5, [%[r1], %[at]]\n"
      "add %[now], %[w], #32\n"
      "subs %[left], %[left], #1\n"
      "ldr q6, [%[r2], %[at]]\n"
      "add %[w], %[w], #64\n"
      "ldr q7, [%[r3], %[at]]\n"
      "add %[at], %[at], #16\n"
      "csel %[next], %[begin], %[w], eq\n"
      FOUR("smull", 8, 9, 10, 11, ".8b", 0)
      "ld1 {v2.16b, v3.16b}, [%[now]]\n"
      FOUR("smull", 12, 13, 14, 15, ".8b", 1)
      FOUR("smlal2", 8, 9, 10, 11, ".16b", 0)
      FOUR("smlal2", 12, 13, 14, 15, ".16b", 1)
      "ld1 {v0.16b, v1.16b}, [%[next]]\n"
      ADD(16, 20, 24, 28, 8, 9, 10, 11)
      ADD(17, 21, 25, 29, 12, 13, 14, 15)
      FOUR("smull", 8, 9, 10, 11, ".8b", 2)
      FOUR("smull", 12, 13, 14, 15, ".8b", 3)
      FOUR("smlal2", 8, 9, 10, 11, ".16b", 2)
      FOUR("smlal2", 12, 13, 14, 15, ".16b", 3)
      ADD(18, 22, 26, 30, 8, 9, 10, 11)
      ADD(19, 23, 27, 31, 12, 13, 14, 15)
      "b.ne 2b\n"
      "subs %[taps], %[taps], #1\n"
      "b.ne 1b\n"
      "stp q16, q17, [%[sums]]\n stp q18, q19, [%[sums], #32]\n stp q20, q21, [%[sums], #64]\n"
      "stp q22, q23, [%[sums], #96]\n stp q24, q25, [%[sums], #128]\n stp q26, q27, [%[sums], #160]\n"
      "stp q28, q29, [%[sums], #192]\n stp q30, q31, [%[sums], #224]\n"
      : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [at] "=&r"(at), [left] "=&r"(left), [now] "=&r"(now), [next] "=&r"(next),
        [w] "+&r"(w), [offsets] "+&r"(offsets), [taps] "+&r"(taps)
      : [x] "r"(x), [begin] "r"(begin), [steps] "r"(steps), [sums] "r"(sums)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

static inline __attribute__((always_inline)) void tile(Q8_IGEMM_PARAMETERS) {
  int32x4_t sum[4][4];
  UNROLL for (size_t p = 0; p < pixels; p++)
    UNROLL for (size_t o = 0; o < 4; o++) sum[p][o] = vdupq_n_s32(0);
  const int whole = pixels == 4 && taps > 0 && steps > 0;
  if (whole) whole_tile(taps, steps, x, offsets, w, sum[0]);
  for (size_t tap = 0; tap < taps && !whole; tap++) {
    const uint8_t *row[4];
    UNROLL for (size_t p = 0; p < pixels; p++) row[p] = x[p] + offsets[tap];
    for (size_t at = 0; at < 16 * steps; at += 16) STEP(row, at)
  }
  w = extra_w;
  for (size_t extra = 0; extra < extra_count; extra++) STEP(x, extras[extra])
  UNROLL for (size_t p = 0; p < pixels; p++) {
    const int32x4_t all = vpaddq_s32(vpaddq_s32(sum[p][0], sum[p][1]), vpaddq_s32(sum[p][2], sum[p][3]));
    vst1q_s32(sums + 4 * p, vaddq_s32(all, vld1q_s32(bias)));
  }
}

void s8_igemm_4x4_neon(Q8_IGEMM_PARAMETERS) {
  Q8_IGEMM_REQUIRE(4, 16);
  switch (pixels) {
    case 1: tile(1, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    case 2: tile(2, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    case 3: tile(3, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
    default: tile(4, taps, steps, x, offsets, bias, w, extra_count, extras, extra_w, sums); break;
  }
}
#endif
