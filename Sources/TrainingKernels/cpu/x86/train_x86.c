#include "cpu/train_table.h"

#if defined(KERNELS_X86)
void train_fill(kernels_level level, train_table *table) {
  const int is_avx512 = kernels_level_base(level) == KERNELS_AVX512;
  table->f32 = is_avx512 ? train_kernels_avx512 : train_kernels_avx2;
  table->multiplies_bf16 = is_avx512 && kernels_multiplies_bf16();
  if (table->multiplies_bf16) table->bf16 = train_bf16_kernels_avx512;
}
#endif
