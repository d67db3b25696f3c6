// A sketch: riscv64 has no kernels of its own yet. Those for its vector instructions would be files beside the portable ones,
// declared in kernels.h here, and a level in cpu.h that kernels_probe finds and kernels_fill serves.
#include "cpu/table.h"

#if defined(KERNELS_RISCV)
void kernels_probe(kernels_cpu *cpu) { kernels_add_feature(cpu, "rv64"); }

void kernels_fill(kernels_level level, const kernels_cpu *cpu, kernels_table *table) {
  (void)level, (void)cpu, (void)table;
}
#endif
