#include "cpu/train_table.h"

train_table train_table_for(kernels_level level) {
  train_table table = {.f32 = train_kernels_portable, .bf16 = train_bf16_kernels_portable, .multiplies_bf16 = 1};
  if (level != KERNELS_PORTABLE && kernels_level_available(level)) train_fill(level, &table);
  return table;
}

#if defined(KERNELS_NO_ARCHITECTURE)
void train_fill(kernels_level level, train_table *table) { (void)level, (void)table; }
#endif

size_t train_weight_gradient_scratch(const train_kernels *kernels) {
  return (size_t)TRAIN_WEIGHT_PANELS * TRAIN_WEIGHT_BLOCK * (size_t)kernels->width;
}
