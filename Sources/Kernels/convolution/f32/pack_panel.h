// Packing of matrices that a run makes, for products of two activations.
#ifndef GIEMSA_KERNELS_PACK_PANEL_H
#define GIEMSA_KERNELS_PACK_PANEL_H

#include "igemm.h"

// packed[k][i] = b[k · depth_step + i · column_step] · scale for the first `count` of a panel's nr columns, and zeros for the
// others: a panel of the family's weights, without biases.
void f32_pack_panel(
    kernels_level isa, size_t nr, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t count,
    float scale, float *packed);

#endif
