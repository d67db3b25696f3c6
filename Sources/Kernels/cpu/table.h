// The table of kernels: for each level one kernel of each family. kernels_fill_portable fills every entry; an architecture
// (a folder here, with the two functions at the end) then replaces those that it has better ones for.
#ifndef GIEMSA_KERNELS_TABLE_H
#define GIEMSA_KERNELS_TABLE_H

#include "convolution/bf16/bf16_igemm_kernels.h"
#include "convolution/f32/igemm_kernels.h"
#include "convolution/q8/q8_igemm_kernels.h"
#include "elementwise/curves.h"
#include "elementwise/q8_elementwise_kernels.h"
#include "windows/depthwise_tiles.h"
#include "windows/q8_depthwise_kernels.h"
#include "winograd/f32/winograd_transforms.h"
#include "winograd/q8/q8_winograd_transforms.h"
#include "winograd/taps/winograd_taps.h"

typedef struct kernels_table {
  kernels_level level;  // for the loops of multiversion.h

  // Float convolutions.
  f32_igemm_family f32_igemm;
  f32_winograd_transforms f32_winograd;
  f32_taps_family f32_taps;
  int f32_tiles_split;  // f32_winograd divides tiles rather than outputs among threads, if there are enough tiles

  f32_depthwise_tiles f32_depthwise;

  bf16_igemm_family bf16_igemm;

  // Functions of floats, where a level has better than plain C (elementwise.c); NULL where it has not.
  f32_curves_kernel f32_curves;
  f32_softmax_kernel f32_softmax_row;

  // 8-bit convolutions.
  q8_igemm_family q8_igemm;
  q8_igemm_family q8_igemm_deep;  // for long sums, or without kernels; otherwise as q8_igemm: weights are packed alike
  q8_igemm_family q8_igemm_narrow;  // for at most nr outputs; no kernels where q8_igemm's panels are as narrow
  q8_igemm_family q8_igemm_groups;  // for several groups of 4 or 8 channels and as many outputs, nr together; likewise
  q8_igemm_family q8_igemm_of_small;  // for activations of which few are 128 or more (as u8)
  q8_igemm_family q8_winograd;  // products of transformed 16-bit integers
  int q8_winograd_wants_many;  // tiles, because products of bytes cost little beside transforms and loading weights
  s16_taps_family s16_taps;
  q8_winograd_transforms q8_transforms;
  q8_finish_kernel q8_finish;
  q8_depthwise_family q8_depthwise;

  q8_look_up_kernel q8_look_up;
} kernels_table;

// Entries for 8-bit layers. A build that leaves the layers out (tools/build-field --for) leaves the kernels out too: nothing
// asks for them.
#if defined(KERNELS_FLOAT_ONLY)
#define KERNELS_OF_8_BITS(...)
#else
#define KERNELS_OF_8_BITS(...) __VA_ARGS__
#endif

// The kernels of a level; of one that is not available, the portable ones.
const kernels_table *kernels_table_for(kernels_level level);

// What an architecture's processor offers.
typedef struct {
  uint32_t levels;  // 1 << level for each that is available; KERNELS_PORTABLE always is
  int multiplies_bf16;
  int multiplies_bf16_slowly;  // slower than floats
  int multiplies_bf16_tiles;  // AMX's
  int permutes_bytes;  // of two vectors: AVX512-VBMI
  int adds_beside_products;  // additions of vectors do not take turns with products
  char features[96];  // for kernels_cpu_features; see kernels_add_feature
} kernels_cpu;

static inline void kernels_add_level(kernels_cpu *cpu, kernels_level level) { cpu->levels |= 1u << level; }
void kernels_add_feature(kernels_cpu *cpu, const char *name);

void kernels_fill_portable(kernels_table *table);

// Of each architecture: asks the processor what it has, and puts the kernels of an available level into its table.
void kernels_probe(kernels_cpu *cpu);
void kernels_fill(kernels_level level, const kernels_cpu *cpu, kernels_table *table);

#endif
