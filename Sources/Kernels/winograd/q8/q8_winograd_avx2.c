#include "cpu/x86/kernels.h"

#if defined(KERNELS_X86)
#include "winograd/q8/q8_winograd_taps.h"

typedef int16_t sixteen_shorts __attribute__((vector_size(32), aligned(2)));
typedef int8_t sixteen_bytes __attribute__((vector_size(16), aligned(1)));
TRANSFORM_TAPS(transform_sixteen, sixteen_shorts, sixteen_bytes, 16)
TRANSFORM_TAPS(transform_sixteen_wide, sixteen_shorts, sixteen_shorts, 16)

// Needs unit % 16 == 0.
void q8_winograd_taps_avx2(Q8_WINOGRAD_TAPS_PARAMETERS) {
  Q8_WINOGRAD_TAPS_REQUIRE(16);
  (wide ? transform_sixteen_wide : transform_sixteen)(level, taps, steps, unit, points, stride);
}
#endif
