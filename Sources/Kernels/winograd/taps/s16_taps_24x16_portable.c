#include "winograd/taps/winograd_taps.h"

// s16_taps_24x16_portable: 8-bit taps and 16-bit inputs, two channels a step. The specification of the s16_taps kernels.
#define NAME s16_taps_24x16_portable
#define TAP int8_t
#define INPUT int16_t
#define NUMBER int32_t
#define DEEP 2
// Wraps around beyond 32 bits, as in all instruction sets.
#define ADD_PRODUCT(sum, x, weight) ((int32_t)((uint32_t)(sum) + (uint32_t)((x) * (weight))))
#include "winograd/taps/winograd_taps_portable.inc"
