#include "cpu/train_table.h"

#if defined(KERNELS_ARM)
// NEON is part of the baseline of aarch64: the portable loops are compiled for it.
void train_fill(kernels_level level, train_table *table) {
  (void)level;
  table->multiplies_bf16 = kernels_multiplies_bf16();
  if (table->multiplies_bf16) table->bf16 = train_bf16_kernels_neon;
}
#endif
