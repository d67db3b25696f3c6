// The kernels of x86, for their own files and for x86.c.
#ifndef GIEMSA_KERNELS_X86_KERNELS_H
#define GIEMSA_KERNELS_X86_KERNELS_H

#include "cpu/table.h"
#include "x86_target.h"

F32_IGEMM_DECLARE(f32_igemm_6x16_avx2);
F32_IGEMM_DECLARE(f32_igemm_12x32_avx512);
F32_GEMV_DECLARE(f32_gemv_4x16_avx2);
F32_GEMV_DECLARE(f32_gemv_4x32_avx512);

void bf16_igemm_12x32_avx512bf16(BF16_IGEMM_PARAMETERS);
void bf16_igemm_32x32_avx512amx(BF16_IGEMM_PARAMETERS);
void bf16_round_avx512bf16(BF16_ROUND_PARAMETERS);
void bf16_round_apart_avx512amx(BF16_ROUND_APART_PARAMETERS);
void bf16_begin_avx512amx(size_t pairs);
void bf16_end_avx512amx(void);

int f32_curves_avx512(F32_CURVES_PARAMETERS);
void f32_softmax_row_avx512(F32_SOFTMAX_PARAMETERS);

F32_DEPTHWISE_DECLARE(avx2);
F32_DEPTHWISE_DECLARE(avx512);
F32_DEPTHWISE_DECLARE_PAIR(3_groups8, avx2);
F32_DEPTHWISE_DECLARE_PAIR(3_groups8, avx512);
F32_DEPTHWISE_DECLARE_PAIR(3_groups16, avx512);

F32_WINOGRAD_DECLARE(avx2);
F32_WINOGRAD_DECLARE(avx512);

void f32_taps_24x16_avx512(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(float, float));
void s16_taps_24x16_avx512vnni(size_t row, size_t tiles, size_t threes, size_t fours, TAPS_PARAMETERS(int8_t, int32_t));

void s16_igemm_6x16_avx2(Q8_IGEMM_PARAMETERS);
void s16_igemm_6x16_avxvnni(Q8_IGEMM_PARAMETERS);
void s16_igemm_12x32_avx512(Q8_IGEMM_PARAMETERS);
void s16_igemm_12x32_avx512vnni(Q8_IGEMM_PARAMETERS);
void s16_points_6x16_avx2(Q8_POINTS_PARAMETERS);
void s16_points_6x16_avxvnni(Q8_POINTS_PARAMETERS);
void s16_points_12x32_avx512(Q8_POINTS_PARAMETERS);
void s16_points_12x32_avx512vnni(Q8_POINTS_PARAMETERS);

void u7s8_igemm_4x16_avx2(Q8_IGEMM_PARAMETERS);
void u7s8_igemm_8x32_avx512(Q8_IGEMM_PARAMETERS);
void u7s8_add_highs_avx2(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);
void u7s8_add_highs_avx512(const q8_high *highs, size_t count, const q8_high_weights *weights, int32_t *sums);
size_t u7s8_take_highs(uint8_t *to, const uint8_t *from, size_t count, uint8_t flip, uint16_t pixel, q8_high *highs);

void u8s8_igemm_6x16_avxvnni(Q8_IGEMM_PARAMETERS);
void u8s8_igemm_12x16_avx512vnni(Q8_IGEMM_PARAMETERS);
void u8s8_fused_12x16_avx512vnni(Q8_FUSED_PARAMETERS);
void u8s8_groups_12x16_avx512vnni(Q8_IGEMM_PARAMETERS);
void u8s8_fused_groups_12x16_avx512vnni(Q8_FUSED_PARAMETERS);
void u8s8_igemm_12x32_avx512vnni(Q8_IGEMM_PARAMETERS);
void u8s8_fused_12x32_avx512vnni(Q8_FUSED_PARAMETERS);
void u8s8_begin_avx512amx(size_t steps);
void u8s8_end_avx512amx(void);
void u8s8_igemm_32x32_avx512amx(Q8_IGEMM_PARAMETERS);
void u8s8_fused_32x32_avx512amx(Q8_FUSED_PARAMETERS);
void u8s8_fused_row_6x32_avx512vnni(Q8_FUSED_ROW_PARAMETERS);

void q8_finish_avx2(Q8_FINISH_PARAMETERS);

// The kernels of a width: of one output, and of two.
#define Q8_DEPTHWISE_DECLARE(prefix, width, level)                      \
  void prefix##_##width##_single_##level(Q8_DEPTHWISE_PARAMETERS); \
  void prefix##_##width##_pair_##level(Q8_DEPTHWISE_PARAMETERS)
Q8_DEPTHWISE_DECLARE(u8s16_depthwise, 16, avx2);
Q8_DEPTHWISE_DECLARE(u8s16_depthwise, 32, avx2);
Q8_DEPTHWISE_DECLARE(u8s16_depthwise, 64, avx512);
Q8_DEPTHWISE_DECLARE(u8s8_depthwise, 16, avxvnni);
Q8_DEPTHWISE_DECLARE(u8s8_depthwise, 32, avxvnni);
Q8_DEPTHWISE_DECLARE(u8s8_depthwise, 16, avx512vnni);
Q8_DEPTHWISE_DECLARE(u8s8_depthwise, 32, avx512vnni);
Q8_DEPTHWISE_DECLARE(u8s8_depthwise, 64, avx512vnni);

void q8_winograd_taps_avx2(Q8_WINOGRAD_TAPS_PARAMETERS);
void q8_winograd_taps_avx512(Q8_WINOGRAD_TAPS_PARAMETERS);
void q8_winograd_input_avx512(Q8_WINOGRAD_INPUT_PARAMETERS);
void q8_winograd_output_avx512(Q8_WINOGRAD_OUTPUT_PARAMETERS);

void q8_look_up_avx512vbmi(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count);

#endif
