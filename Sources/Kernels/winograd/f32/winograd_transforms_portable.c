#include "winograd/f32/winograd_transforms.h"

#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")

enum { MOST = F32_WINOGRAD_MOST_PRODUCTS };

#define LANES 4
#define NAME(x) x##_4
#define TARGET
#include "winograd/f32/winograd_transforms.inc"

#if defined(__x86_64__)
#define LANES 8
#define NAME(x) x##_8
#define TARGET __attribute__((target("avx2,fma")))
#include "winograd/f32/winograd_transforms.inc"

#define LANES 16
#define NAME(x) x##_16
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#include "winograd/f32/winograd_transforms.inc"
#endif

const f32_winograd_transforms *f32_winograd_transforms_for(kernels_isa isa) {
  static const f32_winograd_transforms four = {filter_4, input_4, output_4};
#if defined(__x86_64__)
  static const f32_winograd_transforms eight = {filter_8, input_8, output_8}, sixteen = {filter_16, input_16, output_16};
  if (isa == KERNELS_AVX512) return &sixteen;
  if (isa == KERNELS_AVX2) return &eight;
#endif
  (void)isa;
  return &four;
}
