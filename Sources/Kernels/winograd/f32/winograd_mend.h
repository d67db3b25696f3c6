// A tile of f32_winograd computed directly, for winograd.c only.
//
// Winograd's transforms mix the inputs of a tile: a NaN or an infinity spoils even outputs that do not read it (inf − inf is a NaN).
// Such tiles are rare and easy to detect, as their outputs are not finite. They are computed again, directly.
#ifndef GIEMSA_KERNELS_WINOGRAD_MEND_H
#define GIEMSA_KERNELS_WINOGRAD_MEND_H

#include "winograd.h"
#include "winograd/taps/winograd_taps.h"

// If an input of the tile is not finite, computes the outputs that read no NaN directly; the others are NaN already.
//
// y, x      the tile's first output, of `image`; rows × columns of them lie in the picture
// panel     the biases and weights of `outputs` outputs, as packed
// to        where its first output is stored; residual is the one added to it, or NULL
void f32_winograd_mend(
    const f32_winograd *v, size_t image, size_t y, size_t x, size_t rows, size_t columns, size_t outputs,
    const float *panel, float *to, const float *residual);

#endif
