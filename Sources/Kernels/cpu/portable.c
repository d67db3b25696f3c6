#include "cpu/table.h"

void kernels_fill_portable(kernels_table *table) {
  *table = (kernels_table){
      .level = KERNELS_PORTABLE,
      .f32_igemm = {"f32_igemm_4x8_portable", 4, 8, f32_igemm_4x8_portable, f32_gemv_4x8_portable},
      .f32_winograd = {f32_winograd_filter_portable, f32_winograd_input_portable, f32_winograd_output_portable},
      .f32_depthwise = F32_DEPTHWISE(4, portable, F32_DEPTHWISE_PAIR(3_groups4, portable)),
      .bf16_igemm = {
          .name = "bf16_igemm_4x8_portable", .mr = 4, .nr = 8, .run = bf16_igemm_4x8_portable, .round = bf16_round_portable},
      .f32_taps = {.name = "f32_taps_24x16_portable", .run = f32_taps_24x16_portable},
      KERNELS_OF_8_BITS(
          .q8_igemm = {.name = "u8s8_igemm_4x8_portable", .run = u8s8_igemm_4x8_portable, .mr = 4, .nr = 8, .kr = 4, .sub = 4},
          .q8_winograd = {
              .name = "s16_igemm_4x8_portable", .run = s16_igemm_4x8_portable, .mr = 4, .nr = 8, .kr = 1, .sub = 1, .wide = 1},
          .s16_taps = {.name = "s16_taps_24x16_portable", .run = s16_taps_24x16_portable},
          .q8_transforms = {
              .taps = q8_winograd_taps_portable, .input = q8_winograd_input_portable, .output = q8_winograd_output_portable},
          .q8_finish = q8_finish_portable,
          .q8_depthwise = {.name = "u8s16_depthwise_portable", .single = {u8s16_depthwise_portable}},
          .q8_look_up = q8_look_up_portable
      )
  };
  table->q8_igemm_of_small = table->q8_igemm;
}

#if defined(KERNELS_NO_ARCHITECTURE)
void kernels_probe(kernels_cpu *cpu) { (void)cpu; }
void kernels_fill(kernels_level level, const kernels_cpu *cpu, kernels_table *table) { (void)level, (void)cpu, (void)table; }
#endif
