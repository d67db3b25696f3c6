#include "igemm.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "igemm_kernels.h"
#include "sizes.h"

static const f32_igemm_family families[KERNELS_ISA_COUNT] = {
    [KERNELS_PORTABLE] = {"f32_igemm_4x8_portable", 4, 8, f32_igemm_4x8_portable},
#if defined(__x86_64__)
    [KERNELS_AVX2] = {"f32_igemm_6x16_avx2", 6, 16, f32_igemm_6x16_avx2},
    [KERNELS_AVX512] = {"f32_igemm_12x32_avx512", 12, 32, f32_igemm_12x32_avx512},
#endif
#if defined(__aarch64__)
    [KERNELS_NEON] = {"f32_igemm_8x8_neon", 8, 8, f32_igemm_8x8_neon},
#endif
};

const f32_igemm_family *f32_igemm_for(kernels_isa isa) {
  return kernels_isa_available(isa) && families[isa].run ? &families[isa] : NULL;
}


size_t f32_igemm_packed_count(const f32_igemm_family *family, size_t outputs, size_t taps, size_t channels) {
  return divide_up(outputs, family->nr) * family->nr * (1 + taps * channels);
}

void f32_igemm_pack(
    const f32_igemm_family *family, const float *w, f32_weight_layout layout, const float *bias, float scale,
    size_t outputs, size_t taps, size_t channels, size_t merged, float *packed) {
  const size_t nr = family->nr, all_outputs = outputs * merged;
  for (size_t first = 0; first < all_outputs; first += nr) {
    const size_t count = smaller(nr, all_outputs - first);
    memset(packed, 0, nr * sizeof(float));
    if (bias) memcpy(packed, bias + first, count * sizeof(float));
    packed += nr;
    // A few channels at a time: their lines of the original, `count` of them a channel, stay in the cache for all taps.
    for (size_t group = 0; group < merged; group++)
      for (size_t c0 = 0; c0 < channels; c0 += 16)
        for (size_t tap = 0; tap < taps; tap++)
          for (size_t c = c0; c < smaller(channels, c0 + 16); c++) {
            const float *from = w + first * layout.output_stride + c * layout.channel_stride + tap * layout.tap_stride;
            float *to = packed + ((tap * merged + group) * channels + c) * nr;
            if (merged == 1) {
              for (size_t o = 0; o < count; o++) to[o] = from[o * layout.output_stride] * scale;
              for (size_t o = count; o < nr; o++) to[o] = 0;
            } else {
              for (size_t o = 0; o < nr; o++) {
                const int mine = o < count && (first + o) / outputs == group;
                to[o] = mine ? from[o * layout.output_stride] * scale : 0;
              }
            }
          }
    packed += taps * merged * channels * nr;
  }
}

// Bytes that a core keeps close (a good part of the second-level cache of everything from a Cortex-A72 to a Zen).
// Fewer pixels than FEWEST_PIXELS are not worth the weights' way from memory.
enum { NEAR_BYTES = 256 * 1024, LARGEST_PIXEL_BLOCK = 240, FEWEST_PIXELS = 48 };

static size_t group_channels(const f32_convolution *v) { return v->in_channels / v->groups * v->merged; }
static size_t group_outputs(const f32_convolution *v) { return v->out_channels / v->groups * v->merged; }
static size_t taps_of(const f32_convolution *v) { return v->row_taps ? v->kernel_height : v->kernel_height * v->kernel_width; }
static size_t tap_channels(const f32_convolution *v) {
  return group_channels(v) * (v->row_taps ? v->kernel_width : 1);
}

void f32_convolution_plan(f32_convolution *v, kernels_isa isa, int threads) {
  v->family = f32_igemm_for(isa);
  const size_t mr = v->family->mr, nr = v->family->nr;

  // Groups of few outputs would leave most of a panel empty; neighbours share one, with zeros off the diagonal.
  v->merged = 1;
  while (v->out_channels / v->groups * v->merged * 2 <= nr && v->groups % (v->merged * 2) == 0) v->merged *= 2;

  v->row_taps = v->groups == 1 && v->dilation_width == 1 && v->kernel_width > 1 && v->in_channels <= 16;

  const size_t taps = taps_of(v), channels = tap_channels(v);
  const size_t pixels = v->batch * v->out_height * v->out_width;
  const size_t panels_of_group = divide_up(group_outputs(v), nr);
  const size_t panels = panels_of_group * (v->groups / v->merged);
  const size_t panel_bytes = nr * (1 + taps * channels) * sizeof(float);

  v->packed_count = panels * panel_bytes / sizeof(float);
  v->zero_count = larger(v->in_channels, channels);

  // A block of pixels whose inputs, and a block of panels whose weights, each fill about half of what is near.
  // A stride beyond the kernel leaves out what lies between.
  const size_t height_step = smaller(v->stride_height, v->kernel_height);
  const size_t width_step = smaller(v->stride_width, v->kernel_width);
  const size_t pixel_bytes = v->in_channels * height_step * width_step * sizeof(float);
  v->pixel_block = larger(FEWEST_PIXELS, smaller(LARGEST_PIXEL_BLOCK, NEAR_BYTES / 2 / pixel_bytes));
  v->pixel_blocks = divide_up(pixels, v->pixel_block);
  v->panel_block = smaller(panels, larger(1, NEAR_BYTES / 2 / panel_bytes));
  v->panel_blocks = divide_up(panels, v->panel_block);

  // Enough tasks for the threads to end together, none below some twenty microseconds of work.
  if (threads > 1) {
    const size_t wanted = 8 * (size_t)threads;
    const double smallest = 0.5e6;  // multiply-adds
    const double work = (double)pixels * (double)(panels * nr) * (double)(taps * channels);
    while (v->pixel_blocks * v->panel_blocks < wanted &&
           work / (double)(v->pixel_blocks * v->panel_blocks) > 2 * smallest) {
      if (v->panel_block > 1 && (v->panel_block * panel_bytes > v->pixel_block * pixel_bytes || v->pixel_block <= 4 * mr)) {
        v->panel_block = divide_up(v->panel_block, 2);
        v->panel_blocks = divide_up(panels, v->panel_block);
      } else if (v->pixel_block > 4 * mr) {
        v->pixel_block = divide_up(v->pixel_block, 2);
        v->pixel_blocks = divide_up(pixels, v->pixel_block);
      } else {
        break;
      }
    }
    // Blocks of equal size, and as many as the threads can share evenly.
    if (v->pixel_blocks > 1) {
      if (v->pixel_blocks * v->panel_blocks % (size_t)threads != 0)
        v->pixel_blocks = divide_up(v->pixel_blocks, (size_t)threads) * (size_t)threads;
      v->pixel_blocks = smaller(v->pixel_blocks, pixels);
    }
  }
  v->pixel_block = divide_up(pixels, v->pixel_blocks);
  v->pixel_blocks = divide_up(pixels, v->pixel_block);
  v->panel_block = divide_up(panels, v->panel_blocks);
  v->panel_blocks = divide_up(panels, v->panel_block);
  v->tasks = v->pixel_blocks * v->panel_blocks;
  const size_t passes = divide_up(panel_bytes, NEAR_BYTES / 2);
  v->tap_block = divide_up(taps, passes);
  v->panels_first = panels * panel_bytes > v->batch * v->in_height * v->in_width * v->in_channels * sizeof(float);

  const size_t tiles = divide_up(v->pixel_block, mr);
  size_t bytes = tiles * mr * taps * sizeof(float *);
  if (v->row_taps) bytes += v->pixel_block * taps * channels * sizeof(float);
  v->scratch_bytes = (bytes + 63) & ~(size_t)63;
}

f32_weight_layout f32_convolution_layout(const f32_convolution *v) {
  const size_t area = v->kernel_height * v->kernel_width;
  return (f32_weight_layout){.output_stride = v->in_channels / v->groups * area, .channel_stride = area, .tap_stride = 1};
}

void f32_convolution_pack(
    const f32_convolution *v, const float *w, f32_weight_layout layout, const float *bias, float scale, float *packed) {
  const size_t outputs = v->out_channels / v->groups, channels = v->in_channels / v->groups;
  const size_t taps = v->kernel_height * v->kernel_width;
  const size_t step = f32_igemm_packed_count(v->family, outputs * v->merged, taps, channels * v->merged);
  for (size_t group = 0; group < v->groups; group += v->merged) {
    f32_igemm_pack(
        v->family, w + group * outputs * layout.output_stride, layout, bias ? bias + group * outputs : NULL, scale, outputs,
        taps, channels, v->merged, packed);
    packed += step;
  }
}

// Where each tap of each pixel of [first, last) begins, tile by tile; tiles differ by at most one pixel, because a tile
// of one costs as much as a tile of four.
static void find_rows(
    const f32_convolution *v, size_t first, size_t last, size_t tiles, const float **rows, float *copies) {
  const size_t mr = v->family->mr, taps = taps_of(v), channels = v->in_channels;
  const size_t count = last - first, even = count / tiles, longer = count % tiles;
  size_t ox = first % v->out_width, rest = first / v->out_width;
  size_t oy = rest % v->out_height, image = rest / v->out_height;
  for (size_t tile = 0; tile < tiles; tile++) {
    const size_t size = even + (tile < longer);
    for (size_t p = 0; p < size; p++) {
      const float *base = v->x + image * v->in_height * v->in_width * channels;
      const ptrdiff_t top = (ptrdiff_t)(oy * v->stride_height) - (ptrdiff_t)v->pad_top;
      const ptrdiff_t left = (ptrdiff_t)(ox * v->stride_width) - (ptrdiff_t)v->pad_left;
      const float **out = rows + p;
      for (size_t ky = 0; ky < v->kernel_height; ky++) {
        const ptrdiff_t iy = top + (ptrdiff_t)(ky * v->dilation_height);
        const int inside = (size_t)iy < v->in_height;
        const float *row = base + (inside ? iy : 0) * (ptrdiff_t)(v->in_width * channels);
        if (v->row_taps) {
          if (!inside) {
            *out = v->zero;
          } else if (left >= 0 && (size_t)left + v->kernel_width <= v->in_width) {
            *out = row + left * (ptrdiff_t)channels;
          } else {
            // The row is cut by padding: a copy with its zeros in place. Rare, and few floats.
            for (size_t kx = 0; kx < v->kernel_width; kx++) {
              const ptrdiff_t ix = left + (ptrdiff_t)kx;
              for (size_t c = 0; c < channels; c++)
                copies[kx * channels + c] = (size_t)ix < v->in_width ? row[ix * (ptrdiff_t)channels + (ptrdiff_t)c] : 0;
            }
            *out = copies;
            copies += v->kernel_width * channels;
          }
          out += mr;
        } else {
          for (size_t kx = 0; kx < v->kernel_width; kx++) {
            const ptrdiff_t ix = left + (ptrdiff_t)(kx * v->dilation_width);
            *out = inside && (size_t)ix < v->in_width ? row + ix * (ptrdiff_t)channels : v->zero;
            out += mr;
          }
        }
      }
      if (++ox == v->out_width) {
        ox = 0;
        if (++oy == v->out_height) {
          oy = 0;
          image++;
        }
      }
    }
    rows += mr * taps;
  }
}

void f32_convolution_task(void *context, size_t task, size_t worker) {
  const f32_convolution *v = context;
  const size_t mr = v->family->mr, nr = v->family->nr, taps = taps_of(v), channels = tap_channels(v);
  const size_t outputs = group_outputs(v), panels_of_group = divide_up(outputs, nr);
  const size_t panels = panels_of_group * (v->groups / v->merged);
  const size_t pixels = v->batch * v->out_height * v->out_width;
  const size_t pixel_index = v->panels_first ? task % v->pixel_blocks : task / v->panel_blocks;
  const size_t panel_index = v->panels_first ? task / v->pixel_blocks : task % v->panel_blocks;
  const size_t first = pixel_index * v->pixel_block, last = smaller(pixels, first + v->pixel_block);
  const size_t first_panel = panel_index * v->panel_block, last_panel = smaller(panels, first_panel + v->panel_block);

  const size_t count = last - first, tiles = divide_up(count, mr), even = count / tiles, longer = count % tiles;
  const float **rows = (const float **)((char *)v->scratch + worker * v->scratch_bytes);
  find_rows(v, first, last, tiles, rows, (float *)(rows + divide_up(v->pixel_block, mr) * mr * taps));

  // What to fetch ahead: the weights that follow (the next pass's, panel's or layer's: they lie in that order), or, where
  // all weights stay near, the rows of input that the next block begins with. A slice of it with every tile.
  const int weights_ahead = panels * nr * taps * channels * sizeof(float) > NEAR_BYTES / 2;
  const size_t passes = divide_up(taps, v->tap_block);
  const char *next_rows = NULL;
  size_t rows_slice = 0;
  if (!weights_ahead) {
    const size_t row_bytes = v->in_width * v->in_channels * sizeof(float), rows_in = v->batch * v->in_height;
    const size_t row = smaller(rows_in, (last - 1) / v->out_width * v->stride_height + v->kernel_height);
    const size_t fresh = divide_up(count * v->stride_height, v->out_width) * row_bytes;
    next_rows = (const char *)v->x + row * row_bytes;
    rows_slice = smaller(fresh, (rows_in - row) * row_bytes) / (tiles * (last_panel - first_panel)) & ~(size_t)63;
  }

  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  f32_igemm_epilogue epilogue = {
      .y_stride = v->y_stride,
      .ahead_step = weights_ahead ? divide_up(nr * sizeof(float), tiles) : divide_up(rows_slice, taps * channels)};
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    const size_t group = panel / panels_of_group, column = panel % panels_of_group * nr;
    const float *bias = v->w + panel * nr * (1 + taps * channels);
    const size_t written = smaller(nr, outputs - column);
    const size_t output = group * outputs + column;
    for (size_t pass = 0; pass < passes; pass++) {
      // Between passes y holds the sums so far; the residual goes in with the first, the clamp comes with the last.
      const size_t first_tap = pass * v->tap_block, pass_taps = smaller(v->tap_block, taps - first_tap);
      const float *w = bias + nr + first_tap * channels * nr;
      const float *added = pass > 0 ? v->y : v->residual;
      epilogue.residual_stride = pass > 0 ? v->y_stride : v->out_channels;
      epilogue.low = pass + 1 == passes ? v->low : -INFINITY;
      epilogue.high = pass + 1 == passes ? v->high : INFINITY;
      const char *next_weights = (const char *)(w + pass_taps * channels * nr);
      const size_t weights_slice = whole_lines(divide_up(pass_taps * channels * nr * sizeof(float), tiles));
      size_t pixel = first;
      for (size_t tile = 0; tile < tiles; tile++) {
        const size_t size = even + (tile < longer);
        epilogue.ahead = weights_ahead ? next_weights + tile * weights_slice : next_rows;
        next_rows += rows_slice;
        v->family->run(
            size, written, pass_taps, channels, rows + (tile * taps + first_tap) * mr, group * group_channels(v),
            pass > 0 ? zeros : bias, w, v->y + pixel * v->y_stride + output,
            added ? added + pixel * epilogue.residual_stride + output : NULL, &epilogue);
        pixel += size;
      }
    }
  }
}
