#include "cpu/arm/kernels.h"

#if defined(KERNELS_ARM)
#if defined(__linux__)
#include <sys/auxv.h>
// Bits of the kernel's <asm/hwcap.h>.
enum { HWCAP_WITH_DOTPROD = 1 << 20, HWCAP2_WITH_I8MM = 1 << 13, HWCAP2_WITH_BF16 = 1 << 14 };
#endif

void kernels_probe(kernels_cpu *cpu) {
  kernels_add_level(cpu, KERNELS_NEON);  // part of the architecture's baseline
  kernels_add_feature(cpu, "neon");
#if defined(__linux__)
  const int dotprod = (getauxval(AT_HWCAP) & HWCAP_WITH_DOTPROD) != 0;
  const int i8mm = (getauxval(AT_HWCAP2) & HWCAP2_WITH_I8MM) != 0;
  if (dotprod) kernels_add_level(cpu, KERNELS_NEONDOT);
  if (dotprod && i8mm) kernels_add_level(cpu, KERNELS_NEONI8MM);
  if (dotprod) kernels_add_feature(cpu, "dotprod");
  if (i8mm) kernels_add_feature(cpu, "i8mm");
  cpu->multiplies_bf16 = (getauxval(AT_HWCAP2) & HWCAP2_WITH_BF16) != 0;
#endif
}

#define S8(kernel, most_pixels, outputs, inputs)                                                        \
  (q8_igemm_family) {                                                                                   \
    .name = #kernel, .run = kernel, .mr = most_pixels, .nr = outputs, .kr = inputs, .sub = inputs, .x_signed = 1 \
  }

void kernels_fill(kernels_level level, const kernels_cpu *cpu, kernels_table *table) {
  (void)cpu;
  table->f32_igemm = (f32_igemm_family){"f32_igemm_8x8_neon", 8, 8, f32_igemm_8x8_neon};
  KERNELS_OF_8_BITS(
      table->q8_igemm = S8(s8_igemm_4x4_neon, 4, 4, 16);
      table->q8_igemm.rule = Q8_PAIRS_EIGHT_APART;
      if (level == KERNELS_NEONDOT) table->q8_igemm = S8(s8_igemm_8x8_neondot, 8, 8, 4);
      if (level == KERNELS_NEONI8MM) table->q8_igemm = S8(s8_igemm_8x8_neoni8mm, 8, 8, 8);
      table->q8_igemm_of_small = table->q8_igemm;
      table->q8_look_up = q8_look_up_neon;
      table->q8_depthwise = (q8_depthwise_family){.name = "u8s16_depthwise_neon", .single = {u8s16_depthwise_neon}};
      if (level != KERNELS_NEON)
        table->q8_depthwise = (q8_depthwise_family){
            .name = "s8_depthwise_neondot", .x_signed = 1, .layout = Q8_TAPS_QUADS, .single = {s8_depthwise_single_neondot},
            .pair = {s8_depthwise_pair_neondot}};
      table->q8_winograd = (q8_igemm_family){
          .name = "s16_igemm_8x8_neon", .run = s16_igemm_8x8_neon, .mr = 8, .nr = 8, .kr = 1, .sub = 1, .wide = 1};
  )
}
#endif
