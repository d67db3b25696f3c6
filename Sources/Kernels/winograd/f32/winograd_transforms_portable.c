#include "winograd/f32/winograd_transforms.h"

#define LANES 4
#define NAME(x) f32_winograd_##x##_portable
#define TARGET
#include "winograd/f32/winograd_transforms.inc"
