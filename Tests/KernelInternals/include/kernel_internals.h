// The kernels that only other kernels call, for their tests.
#ifndef GIEMSA_KERNEL_INTERNALS_H
#define GIEMSA_KERNEL_INTERNALS_H

#include "convolution/q8/q8_convolution_parts.h"
#include "cpu/table.h"

// Swift cannot make a struct that is aligned like q8_fused. The caller frees it with free.
q8_fused *fused_create(
    const q8_epilogue *epilogue, size_t outputs, uint32_t wanted, size_t gap, size_t readable, const uint8_t *residual,
    size_t residual_stride, uint8_t *y, size_t y_stride);

#endif
