// A tile of f32_winograd summed directly, for winograd.c only.
//
// Winograd's transforms mix the inputs of a tile, so that one of them that is no number, or infinite, spoils outputs that do not
// read it: inf − inf is a NaN. Such tiles are rare and easy to tell (their outputs are not finite), and are mended afterwards.
#ifndef GIEMSA_KERNELS_WINOGRAD_MEND_H
#define GIEMSA_KERNELS_WINOGRAD_MEND_H

#include "winograd.h"
#include "winograd/taps/winograd_taps.h"

// Sums those outputs of a tile directly that read no NaN, if an input of the tile is not finite; the others are NaN already.
//
// y, x      the tile's first output, of `image`; rows × columns of them lie in the picture
// panel     the biases and weights of `outputs` outputs, as packed
// to        where its first output is stored; residual is the one added to it, or NULL
void f32_winograd_mend(
    const f32_winograd *v, size_t image, size_t y, size_t x, size_t rows, size_t columns, size_t outputs,
    const float *panel, float *to, const float *residual);

#endif
