#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include <immintrin.h>
#include <string.h>

// u8s8_groups_12x16_avx512vnni: four groups of 4 channels and 4 outputs, or two of 8 and 8. The four bytes of a lane are those of
// its output's group, so that no weight of a panel is 0 for belonging to another group.
#define NAME u8s8_groups_12x16_avx512vnni
#define FUSED u8s8_fused_groups_12x16_avx512vnni
#define TARGET X86_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#define INPUTS(x, at) group_inputs(x, at, steps)

// `at` is the offset of the groups' 16 bytes, a multiple of 16, and four times the step: 0, or of groups of 8 channels 0 or 1.
static inline __attribute__((always_inline)) TARGET __m512i group_inputs(const uint8_t *x, size_t at, size_t steps) {
  enum { A = 0x03020100, B = 0x07060504, C = 0x0b0a0908, D = 0x0f0e0d0c };  // the places of four bytes
  const __m512i of_four = _mm512_setr_epi32(A, A, A, A, B, B, B, B, C, C, C, C, D, D, D, D);
  const __m512i of_eight = _mm512_setr_epi32(A, A, A, A, A, A, A, A, C, C, C, C, C, C, C, C);
  const __m512i places = _mm512_add_epi8(steps == 1 ? of_four : of_eight, _mm512_set1_epi8((char)(at % 16)));
  const __m128i groups = _mm_loadu_si128((const __m128i *)(const void *)(x + (at & ~(size_t)15)));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(groups), places);
}

#include "convolution/q8/u8s8_12x16_avx512.inc"
#endif
