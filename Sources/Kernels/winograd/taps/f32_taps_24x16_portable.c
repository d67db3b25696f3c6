#include "winograd/taps/winograd_taps.h"

// f32_taps_24x16_portable: floats, one channel a step. The specification of the f32_taps kernels.
#define NAME f32_taps_24x16_portable
#define TAP float
#define INPUT float
#define NUMBER float
#define DEEP 1
#define ADD_PRODUCT(sum, x, weight) ((sum) + (x) * (weight))
#include "winograd/taps/winograd_taps_portable.inc"
