#include "convolution/f32/pack_panel.h"

#include <string.h>

#include "cpu/multiversion.h"
#include "geometry/sizes.h"
#include "layout/float_tiles.h"

KERNEL_BODY pack_panel_body(
    size_t nr, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t count, float scale, float *packed) {
  if (count < nr) memset(packed, 0, depth * nr * sizeof *packed);
  if (column_step == 1) {
    for (size_t k = 0; k < depth; k++)
      for (size_t i = 0; i < count; i++) packed[k * nr + i] = b[k * depth_step + i] * scale;
    return;
  }
  // In squares, so that the cache lines of b are read once.
  for (size_t k0 = 0; k0 < depth; k0 += 8)
    for (size_t i0 = 0; i0 < count; i0 += 8) {
      const float *from = b + k0 * depth_step + i0 * column_step;
      float *to = packed + k0 * nr + i0;
      const size_t height = smaller(8, depth - k0), width = smaller(8, count - i0);
      if (depth_step == 1 && height == 8 && width == 8) {
        transpose_8(from, column_step, to, nr);
        for (size_t k = 0; k < 8; k++)
          for (size_t i = 0; i < 8; i++) to[k * nr + i] *= scale;
      } else {
        for (size_t i = 0; i < width; i++)
          for (size_t k = 0; k < height; k++) to[k * nr + i] = from[k * depth_step + i * column_step] * scale;
      }
    }
}
MULTIVERSION(
    pack_panel,
    (size_t nr, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t count, float scale,
     float *packed),
    (nr, b, depth_step, column_step, depth, count, scale, packed))

void f32_pack_panel(
    kernels_level isa, size_t nr, const float *b, size_t depth_step, size_t column_step, size_t depth, size_t count,
    float scale, float *packed) {
  pack_panel(isa, nr, b, depth_step, column_step, depth, count, scale, packed);
}
