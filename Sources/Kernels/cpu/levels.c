#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/table.h"

static const struct {
  const char *name;
  kernels_level base;
} levels[KERNELS_LEVEL_COUNT] = {
    [KERNELS_PORTABLE] = {"portable", KERNELS_PORTABLE},
    [KERNELS_AVX2] = {"avx2", KERNELS_AVX2},
    [KERNELS_AVX512] = {"avx512", KERNELS_AVX512},
    [KERNELS_AVXVNNI] = {"avxvnni", KERNELS_AVX2},
    [KERNELS_AVX512VNNI] = {"avx512vnni", KERNELS_AVX512},
    [KERNELS_AVX512AMX] = {"avx512amx", KERNELS_AVX512},
    [KERNELS_NEON] = {"neon", KERNELS_NEON},
    [KERNELS_NEONDOT] = {"neondot", KERNELS_NEON},
    [KERNELS_NEONI8MM] = {"neoni8mm", KERNELS_NEON},
};

// Found once.
static struct {
  kernels_cpu cpu;
  kernels_level in_use;
  kernels_table tables[KERNELS_LEVEL_COUNT];
} found;

static int is_available(int level) { return found.cpu.levels >> level & 1; }

static kernels_level choose(void) {
  const char *name = getenv("GIEMSA_ISA");
  for (int level = 0; name && level < KERNELS_LEVEL_COUNT; level++)
    if (strcmp(name, levels[level].name) == 0 && is_available(level)) return (kernels_level)level;
  // A processor with AVX-512 and AVX-VNNI but without AVX-512 VNNI would be better off with AVX-512 for float: there is none.
  int best = KERNELS_LEVEL_COUNT - 1;
  while (!is_available(best)) best--;
  return (kernels_level)best;
}

static void find(void) {
  kernels_probe(&found.cpu);
  kernels_add_level(&found.cpu, KERNELS_PORTABLE);
  found.in_use = choose();
  for (int level = 0; level < KERNELS_LEVEL_COUNT; level++) {
    kernels_table *table = &found.tables[level];
    kernels_fill_portable(table);
    if (level == KERNELS_PORTABLE || !is_available(level)) continue;
    table->level = (kernels_level)level;
    kernels_fill((kernels_level)level, &found.cpu, table);
  }
}

static void find_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find);
}

static kernels_level known(kernels_level level) {
  return (unsigned)level < KERNELS_LEVEL_COUNT ? level : KERNELS_PORTABLE;
}

const kernels_table *kernels_table_for(kernels_level level) {
  find_once();
  return &found.tables[known(level)];
}

const char *kernels_level_name(kernels_level level) { return levels[known(level)].name; }
kernels_level kernels_level_base(kernels_level level) { return levels[known(level)].base; }

int kernels_level_available(kernels_level level) {
  find_once();
  return (unsigned)level < KERNELS_LEVEL_COUNT && is_available((int)level);
}

kernels_level kernels_level_in_use(void) {
  find_once();
  return found.in_use;
}

int kernels_multiplies_bf16(void) {
  find_once();
  return found.cpu.multiplies_bf16;
}

void kernels_add_feature(kernels_cpu *cpu, const char *name) {
  if (cpu->features[0]) strcat(cpu->features, " ");
  strcat(cpu->features, name);
}

const char *kernels_cpu_features(void) {
  find_once();
  return found.cpu.features[0] ? found.cpu.features : "none beyond the baseline";
}
