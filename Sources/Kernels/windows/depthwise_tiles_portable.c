#include "windows/depthwise_tiles.h"

#define LANES 4
#define NAME(x) f32_depthwise_##x##_portable
#define TARGET
#include "windows/depthwise_tiles.inc"
