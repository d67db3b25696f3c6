// The tables of training kernels, and what an architecture fills in.
#ifndef GIEMSA_TRAIN_TABLE_H
#define GIEMSA_TRAIN_TABLE_H

#include "training_kernels.h"
#include "x86_target.h"

extern const train_kernels train_kernels_portable;
#if defined(KERNELS_X86)
extern const train_kernels train_kernels_avx2, train_kernels_avx512;
extern const train_bf16_kernels train_bf16_kernels_avx512;
#elif defined(KERNELS_ARM)
extern const train_bf16_kernels train_bf16_kernels_neon;
#endif

// Of each architecture: puts the kernels of an available level beyond KERNELS_PORTABLE into its table, over the portable ones.
void train_fill(kernels_level level, train_table *table);

#endif
