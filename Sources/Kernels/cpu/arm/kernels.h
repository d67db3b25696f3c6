// The kernels of aarch64, for their own files and for arm.c.
#ifndef GIEMSA_KERNELS_ARM_KERNELS_H
#define GIEMSA_KERNELS_ARM_KERNELS_H

#include "cpu/table.h"

F32_IGEMM_DECLARE(f32_igemm_8x8_neon);

void s8_igemm_4x4_neon(Q8_IGEMM_PARAMETERS);
void s8_igemm_8x8_neondot(Q8_IGEMM_PARAMETERS);
void s8_igemm_8x8_neoni8mm(Q8_IGEMM_PARAMETERS);
void s16_igemm_8x8_neon(Q8_IGEMM_PARAMETERS);

void u8s16_depthwise_neon(Q8_DEPTHWISE_PARAMETERS);
void s8_depthwise_single_neondot(Q8_DEPTHWISE_PARAMETERS);
void s8_depthwise_pair_neondot(Q8_DEPTHWISE_PARAMETERS);

void q8_look_up_neon(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count);

#endif
