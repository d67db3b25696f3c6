// q8_look_up_neon: 16 bytes at a time, a quarter of the table by one lookup.
#include "cpu/arm/kernels.h"

#if defined(KERNELS_ARM)
#include <arm_neon.h>

void q8_look_up_neon(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  uint8x16x4_t quarters[4];
  for (int i = 0; i < 4; i++) quarters[i] = vld1q_u8_x4(table + 64 * i);
  const uint8x16_t step = vdupq_n_u8(64);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    // An index beyond a quarter leaves the byte as it is.
    const uint8x16_t first = vld1q_u8(x + i), second = vsubq_u8(first, step), third = vsubq_u8(second, step);
    uint8x16_t found = vqtbl4q_u8(quarters[0], first);
    found = vqtbx4q_u8(found, quarters[1], second);
    found = vqtbx4q_u8(found, quarters[2], third);
    vst1q_u8(y + i, vqtbx4q_u8(found, quarters[3], vsubq_u8(third, step)));
  }
  q8_look_up_portable(table, x + i, y + i, count - i);
}
#endif
