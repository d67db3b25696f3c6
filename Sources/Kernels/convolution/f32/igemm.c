#include "igemm.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "convolution/f32/igemm_kernels.h"
#include "cpu/table.h"
#include "geometry/reach.h"
#include "geometry/sizes.h"

const f32_igemm_family *f32_igemm_for(kernels_level level) { return &kernels_table_for(level)->f32_igemm; }

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
    // A few channels at a time: their cache lines of the original, `count` for each channel, stay in the cache for all taps.
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

// NEAR_BYTES: working set of a core, most of the second-level cache of any processor from a Cortex-A72 to a Zen.
// FEWEST_PIXELS: with fewer pixels in a block, loading the weights would cost more than they are used.
// PANELS_TOGETHER: panels that a tile is multiplied by before the next one is.
enum { NEAR_BYTES = 256 * 1024, LARGEST_PIXEL_BLOCK = 240, FEWEST_PIXELS = 48, PANELS_TOGETHER = 16 };

static size_t group_channels(const f32_convolution *v) {
  return v->geometry.in_channels / v->geometry.groups * v->merged;
}
static size_t group_outputs(const f32_convolution *v) {
  return v->geometry.out_channels / v->geometry.groups * v->merged;
}
static size_t taps_of(const f32_convolution *v) {
  return v->geometry.kernel_height * (v->row_taps ? 1 : v->geometry.kernel_width);
}
static size_t tap_channels(const f32_convolution *v) {
  return group_channels(v) * (v->row_taps ? v->geometry.kernel_width : 1);
}

// Whether the weights are more than what stays near, and are prefetched panel by panel.
static int weights_ahead(const f32_convolution *v) { return v->packed_count * sizeof(float) > NEAR_BYTES / 2; }

// Whether each output sees the one input that lies where it lies, so that all of them are one row.
static int is_one_row(const convolution_geometry *g) {
  return is_pointwise(g) && g->stride_height * g->stride_width == 1 && g->out_height == g->in_height &&
         g->out_width == g->in_width;
}

int f32_convolution_fits_before(const convolution_geometry *g) {
  return is_one_row(g) && g->groups == 1 && g->batch * g->out_height * g->out_width > 1;
}

void f32_convolution_plan(f32_convolution *v, kernels_level level, int threads) {
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(g->batch >= 1 && g->out_height >= 1 && g->out_width >= 1);
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->groups >= 1 && g->in_channels % g->groups == 0 && g->out_channels % g->groups == 0);
  KERNEL_REQUIRE(!v->has_before || f32_convolution_fits_before(g));
  v->isa = level;
  v->family = f32_igemm_for(level);
  v->x_stride = g->in_channels;
  const size_t mr = v->family->mr, nr = v->family->nr;

  // Groups of few outputs would leave most of a panel empty. Neighbouring groups share a panel, block-diagonal with zeros
  // elsewhere; see mend_groups.
  v->merged = 1;
  while (g->out_channels / g->groups * v->merged * 2 <= nr && g->groups % (v->merged * 2) == 0) v->merged *= 2;

  v->row_taps = g->groups == 1 && g->dilation_width == 1 && g->kernel_width > 1 && g->in_channels <= 16;

  const size_t taps = taps_of(v), channels = tap_channels(v);
  const size_t pixels = g->batch * g->out_height * g->out_width;
  const size_t panels_of_group = divide_up(group_outputs(v), nr);
  const size_t panels = panels_of_group * (g->groups / v->merged);
  const size_t panel_bytes = nr * (1 + taps * channels) * sizeof(float);

  v->packed_count = panels * panel_bytes / sizeof(float);
  v->zero_count = larger(g->in_channels, channels);

  // The inputs of a block of pixels and the weights of a block of panels each fill about half of NEAR_BYTES. A stride beyond the
  // kernel's size skips inputs.
  const size_t height_step = smaller(g->stride_height, g->kernel_height);
  const size_t width_step = smaller(g->stride_width, g->kernel_width);
  const size_t pixel_bytes = g->in_channels * height_step * width_step * sizeof(float);
  v->pixel_block = larger(FEWEST_PIXELS, smaller(LARGEST_PIXEL_BLOCK, NEAR_BYTES / 2 / pixel_bytes));
  v->pixel_blocks = divide_up(pixels, v->pixel_block);
  // What comes before is computed once for a pixel, by the task that takes all its panels.
  v->panel_block = v->has_before ? panels : smaller(panels, larger(1, NEAR_BYTES / 2 / panel_bytes));
  v->panel_blocks = divide_up(panels, v->panel_block);

  // Enough tasks for all threads to finish at about the same time, but none shorter than about 20 microseconds.
  if (threads > 1) {
    const size_t wanted = 8 * (size_t)threads;
    const double smallest = 0.5e6;  // multiply-adds
    const size_t fewest = (v->has_before ? 1 : 4) * mr;
    const double work = (double)pixels * (double)(panels * nr) * (double)(taps * channels);
    while (v->pixel_blocks * v->panel_blocks < wanted &&
           work / (double)(v->pixel_blocks * v->panel_blocks) > 2 * smallest) {
      if (v->panel_block > 1 && !v->has_before &&
          (v->panel_block * panel_bytes > v->pixel_block * pixel_bytes || v->pixel_block <= fewest)) {
        v->panel_block = divide_up(v->panel_block, 2);
        v->panel_blocks = divide_up(panels, v->panel_block);
      } else if (v->pixel_block > fewest) {
        v->pixel_block = divide_up(v->pixel_block, 2);
        v->pixel_blocks = divide_up(pixels, v->pixel_block);
      } else {
        break;
      }
    }
    // Blocks of equal size, the same number for every thread.
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
  v->is_row = pixels == 1 && g->kernel_height * g->kernel_width == 1 && g->groups == 1 && g->pad_top + g->pad_left == 0;
  if (v->is_row) {
    v->panel_block = smaller(panels, F32_GEMV_PANELS);
    v->panel_blocks = divide_up(panels, v->panel_block);
  }
  v->tasks = v->pixel_blocks * v->panel_blocks;
  const size_t passes = divide_up(panel_bytes, NEAR_BYTES / 2);
  v->tap_block = divide_up(taps, passes);
  // If more is written than read, all outputs of a pixel are written before the next pixel's: whole rows of memory. Not with
  // weights that come from further away than the second-level cache: a panel is prefetched while the one before is used.
  v->tiles_first = passes == 1 && g->out_channels > taps * channels && !weights_ahead(v);
  v->panels_first = panels * panel_bytes > g->batch * g->in_height * g->in_width * g->in_channels * sizeof(float);

  const size_t tiles = divide_up(v->pixel_block, mr);
  size_t bytes = (g->kernel_height + tiles * mr * taps) * sizeof(float *);
  if (v->row_taps || v->has_before) bytes += v->pixel_block * taps * channels * sizeof(float);
  v->scratch_bytes = (bytes + 63) & ~(size_t)63;
}

f32_weight_layout f32_convolution_layout(const f32_convolution *v) {
  return weight_layout_of(&v->geometry);
}

void f32_convolution_pack(
    const f32_convolution *v, const float *w, f32_weight_layout layout, const float *bias, float scale, float *packed) {
  const convolution_geometry *g = &v->geometry;
  const size_t outputs = g->out_channels / g->groups, channels = g->in_channels / g->groups;
  const size_t taps = g->kernel_height * g->kernel_width;
  const size_t step = f32_igemm_packed_count(v->family, outputs * v->merged, taps, channels * v->merged);
  for (size_t group = 0; group < g->groups; group += v->merged) {
    f32_igemm_pack(
        v->family, w + group * outputs * layout.output_stride, layout, bias ? bias + group * outputs : NULL, scale, outputs,
        taps, channels, v->merged, packed);
    packed += step;
  }
}

// The input row that each row of the kernel reads for an output row; NULL for rows of padding.
static void find_lines(
    const f32_convolution *v, const convolution_geometry *g, size_t image, size_t oy, const float **lines) {
  for (size_t ky = 0; ky < g->kernel_height; ky++) {
    const size_t iy = oy * g->stride_height + ky * g->dilation_height - g->pad_top;
    lines[ky] = iy < g->in_height ? v->x + (image * g->in_height + iy) * g->in_width * v->x_stride : NULL;
  }
}

// The columns of outputs whose windows lie inside the input's columns.
static void find_inside(const convolution_geometry *g, size_t *first, size_t *end) {
  const size_t width = g->in_width + g->pad_left, read = reach(g->kernel_width, g->dilation_width);
  *first = divide_up(g->pad_left, g->stride_width);
  *end = width < read ? 0 : smaller(g->out_width, (width - read) / g->stride_width + 1);
}

// Finds the input of every tap of pixels [first, last), tile by tile. Tiles differ by at most one pixel, because a tile of one
// pixel takes as long as one of four. `copies` has room for the rows of row_taps that padding interrupts, `lines` for a pointer
// for every row of the kernel.
static void find_rows(
    const f32_convolution *v, size_t first, size_t last, size_t tiles, const float **rows, float *copies,
    const float **lines) {
  const convolution_geometry *given = &v->geometry;
  convolution_geometry row = *given;
  if (is_one_row(given)) {
    row.in_width = row.out_width = given->batch * given->in_height * given->in_width;
    row.batch = row.in_height = row.out_height = 1;
  }
  const convolution_geometry *g = &row;
  const size_t mr = v->family->mr, taps = taps_of(v), channels = g->in_channels, stride = v->x_stride;
  const size_t count = last - first, even = count / tiles, longer = count % tiles;
  const size_t tap_columns = v->row_taps ? 1 : g->kernel_width, step = g->stride_width * stride;
  size_t inside, inside_end;
  find_inside(g, &inside, &inside_end);
  size_t ox = first % g->out_width, rest = first / g->out_width;
  size_t oy = rest % g->out_height, image = rest / g->out_height;
  find_lines(v, g, image, oy, lines);
  for (size_t tile = 0; tile < tiles; tile++) {
    const size_t size = even + (tile < longer);
    for (size_t p = 0, found; p < size; p += found) {
      const float **out = rows + p;
      const size_t left = ox * g->stride_width - g->pad_left;
      if (ox >= inside && ox < inside_end) {
        // Inputs of neighbouring outputs are `step` apart.
        found = smaller(size - p, inside_end - ox);
        for (size_t ky = 0; ky < g->kernel_height; ky++)
          for (size_t kx = 0; kx < tap_columns; kx++, out += mr) {
            const float *x = lines[ky] ? lines[ky] + (left + kx * g->dilation_width) * stride : v->zero;
            const size_t next = lines[ky] ? step : 0;
            for (size_t i = 0; i < found; i++) out[i] = x + i * next;
          }
      } else if (v->row_taps) {
        // Padding interrupts the row: a copy with zeros in place. Rare, and only a few floats.
        found = 1;
        for (size_t ky = 0; ky < g->kernel_height; ky++, out += mr) {
          *out = lines[ky] ? copies : v->zero;
          if (!lines[ky]) continue;
          for (size_t kx = 0; kx < g->kernel_width; kx++, copies += channels) {
            const size_t ix = left + kx;
            for (size_t c = 0; c < channels; c++) copies[c] = ix < g->in_width ? lines[ky][ix * channels + c] : 0;
          }
        }
      } else {
        found = 1;
        for (size_t ky = 0; ky < g->kernel_height; ky++)
          for (size_t kx = 0; kx < g->kernel_width; kx++, out += mr) {
            const size_t ix = left + kx * g->dilation_width;
            *out = lines[ky] && ix < g->in_width ? lines[ky] + ix * stride : v->zero;
          }
      }
      ox += found;
      if (ox == g->out_width) {
        ox = 0;
        if (++oy == g->out_height) {
          oy = 0;
          image++;
        }
        if (image < g->batch) find_lines(v, g, image, oy, lines);
      }
    }
    rows += mr * taps;
  }
}

// The same for a layer with something before it: computes that for the pixels, into `copies`.
static void prepare_rows(
    const f32_convolution *v, size_t first, size_t last, size_t tiles, const float **rows, float *copies) {
  const size_t channels = v->geometry.in_channels, mr = v->family->mr;
  const size_t count = last - first, even = count / tiles, longer = count % tiles;
  f32_affine before = v->before;
  before.isa = v->isa;
  before.channels = channels;
  before.x = v->x;
  before.x_stride = v->x_stride;
  f32_affine_rows(&before, first, last, copies);
  for (size_t tile = 0; tile < tiles; tile++, rows += mr)
    for (size_t p = 0; p < even + (tile < longer); p++, copies += channels) rows[p] = copies;
}

// A block of pixels, cut into tiles of `even` pixels; the first `longer` tiles have one more.
typedef struct {
  size_t first, tiles, even, longer;
  const float **rows;
  size_t taps, channels, group_channels, outputs, panels_of_group, passes;
  // What to prefetch, a slice with every tile: the weights that follow (those of the next pass, panel or layer: they lie in that
  // order), or, if all weights stay in the cache, the first input rows of the next block.
  int weights_ahead;
  size_t weights_slice, ahead_step;  // bytes; of weights for each tap
  kernels_fetch next_rows;
  size_t rows_slice;
} pixel_tiles;

// One pass over (some of) the taps for one panel's outputs. Between passes y holds partial sums; the first pass adds the
// residual, the last one clamps.
typedef struct {
  size_t first_tap, taps, written, x_offset;
  const float *bias, *w, *added;
  float *y;
  kernels_fetch next_weights;
  f32_igemm_epilogue epilogue;
} panel_pass;

static inline panel_pass find_pass(const f32_convolution *v, const pixel_tiles *block, size_t panel, size_t pass) {
  static const float zeros[F32_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const size_t nr = v->family->nr, floats = block->channels * nr;  // of a tap
  const size_t group = panel < block->panels_of_group ? 0 : panel / block->panels_of_group;
  const size_t column = (panel - group * block->panels_of_group) * nr, output = group * block->outputs + column;
  const float *bias = v->w + panel * (nr + block->taps * floats), *added = pass > 0 ? v->y : v->residual;
  panel_pass part = {
      .first_tap = pass * v->tap_block,
      .taps = smaller(v->tap_block, block->taps - pass * v->tap_block),
      .written = smaller(nr, block->outputs - column),
      .x_offset = group * block->group_channels,
      .bias = pass > 0 ? zeros : bias,
      .w = bias + nr + pass * v->tap_block * floats,
      .added = added ? added + output : NULL,
      .y = v->y + output,
      .epilogue = {
          .y_stride = v->y_stride,
          .residual_stride = pass > 0 ? v->y_stride : v->geometry.out_channels,
          .low = pass + 1 == block->passes ? v->low : -INFINITY,
          .high = pass + 1 == block->passes ? v->high : INFINITY,
          .ahead_step = block->ahead_step}};
  part.next_weights = (kernels_fetch)part.w + part.taps * floats * sizeof(float);
  return part;
}

static void activate(const f32_convolution *v, const panel_pass *part, size_t pixel, size_t pixels) {
  float *y = part->y + pixel * v->y_stride;
  f32_apply(
      v->isa, v->activation.function, v->activation.a, v->activation.b, y, y, pixels, part->written, v->y_stride);
}

static inline void run_tile(const f32_convolution *v, pixel_tiles *block, panel_pass *part, size_t tile) {
  const size_t pixel = block->first + tile * block->even + smaller(tile, block->longer);
  const size_t pixels = block->even + (tile < block->longer);
  if (block->weights_ahead) {
    part->epilogue.ahead = part->next_weights + tile * part->taps * block->weights_slice;
  } else {
    part->epilogue.ahead = block->next_rows;
    block->next_rows += block->rows_slice;
  }
  v->family->run(
      pixels, part->written, part->taps, block->channels,
      block->rows + (tile * block->taps + part->first_tap) * v->family->mr, part->x_offset, part->bias, part->w,
      part->y + pixel * v->y_stride, part->added ? part->added + pixel * part->epilogue.residual_stride : NULL,
      &part->epilogue);
  if (v->activation.applies && v->merged == 1 && part->first_tap + part->taps == block->taps)
    activate(v, part, pixel, pixels);
}

// One output's sum over the channels of its own group and the taps inside the picture.
static float sum_of_group(
    const f32_convolution *v, const float *bias, size_t pixel, size_t first_channel, size_t group, size_t output) {
  const convolution_geometry *g = &v->geometry;
  const size_t nr = v->family->nr, channels = g->in_channels / g->groups;
  const size_t ox = pixel % g->out_width, oy = pixel / g->out_width % g->out_height;
  const size_t image = pixel / g->out_width / g->out_height;
  float sum = bias[output];
  for (size_t ky = 0; ky < g->kernel_height; ky++) {
    const size_t iy = oy * g->stride_height + ky * g->dilation_height - g->pad_top;
    if (iy >= g->in_height) continue;
    for (size_t kx = 0; kx < g->kernel_width; kx++) {
      const size_t ix = ox * g->stride_width + kx * g->dilation_width - g->pad_left;
      if (ix >= g->in_width) continue;
      const float *x = v->x + ((image * g->in_height + iy) * g->in_width + ix) * v->x_stride + first_channel;
      const float *w = bias + nr + ((ky * g->kernel_width + kx) * v->merged + group) * channels * nr + output;
      for (size_t c = 0; c < channels; c++) sum += x[group * channels + c] * w[c * nr];
    }
  }
  return sum;
}

// Where groups are packed as one, an infinity or a NaN in one group was multiplied by the zeros off the diagonal, and 0 · inf is
// NaN. So every NaN of a panel is computed again, over its own group alone.
static void mend_groups(const f32_convolution *v, const pixel_tiles *block, size_t last, const panel_pass *part, size_t panel) {
  const convolution_geometry *g = &v->geometry;
  const size_t group = panel / block->panels_of_group, nr = v->family->nr;
  const size_t column = (panel - group * block->panels_of_group) * nr, outputs = g->out_channels / g->groups;
  const float *bias = v->w + panel * nr * (1 + block->taps * block->channels);
  const float *residual = v->residual ? v->residual + group * block->outputs + column : NULL;
  for (size_t pixel = block->first; pixel < last; pixel++) {
    float *y = part->y + pixel * v->y_stride;
    int is_odd = 0;
    for (size_t o = 0; o < part->written; o++) is_odd |= y[o] != y[o];
    if (__builtin_expect(!is_odd, 1)) continue;
    for (size_t o = 0; o < part->written; o++) {
      if (y[o] == y[o]) continue;
      const float sum = sum_of_group(v, bias, pixel, part->x_offset, (column + o) / outputs, o);
      f32_igemm_finish(&sum, 1, y + o, residual ? residual + pixel * g->out_channels + o : NULL, &part->epilogue);
    }
  }
}

// Panels [first, last) of the product of a row by a matrix.
static void run_row(const f32_convolution *v, size_t first, size_t last) {
  _Alignas(64) float sums[F32_GEMV_PANELS * F32_IGEMM_MAX_NR];
  const size_t nr = v->family->nr, depth = tap_channels(v), step = nr * (1 + depth), outputs = v->geometry.out_channels;
  const size_t output = first * nr, written = smaller(outputs, last * nr) - output;
  const f32_igemm_epilogue epilogue = {.low = v->low, .high = v->high};
  v->family->run_row(last - first, depth, v->x, v->w + first * step, step, sums);
  f32_igemm_finish(sums, written, v->y + output, v->residual ? v->residual + output : NULL, &epilogue);
  if (!v->activation.applies) return;
  f32_apply(
      v->isa, v->activation.function, v->activation.a, v->activation.b, v->y + output, v->y + output, 1, written, 0);
}

void f32_convolution_task(void *context, size_t task, size_t worker) {
  const f32_convolution *v = context;
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(task < v->tasks && v->y_stride >= g->out_channels);
  KERNEL_REQUIRE(v->x_stride == g->in_channels || (v->x_stride > g->in_channels && !v->row_taps));
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(v->w, 64) && KERNEL_IS_ALIGNED(v->scratch, 64));
  const size_t mr = v->family->mr, nr = v->family->nr, taps = taps_of(v), channels = tap_channels(v);
  const size_t panels_of_group = divide_up(group_outputs(v), nr), panels = panels_of_group * (g->groups / v->merged);
  const size_t pixels = g->batch * g->out_height * g->out_width;
  const size_t pixel_index = v->panels_first ? task % v->pixel_blocks : task / v->panel_blocks;
  const size_t panel_index = v->panels_first ? task / v->pixel_blocks : task % v->panel_blocks;
  const size_t first = pixel_index * v->pixel_block, last = smaller(pixels, first + v->pixel_block);
  const size_t first_panel = panel_index * v->panel_block, last_panel = smaller(panels, first_panel + v->panel_block);
  if (v->is_row) {
    run_row(v, first_panel, last_panel);
    return;
  }

  const size_t count = last - first, tiles = divide_up(count, mr);
  const float **lines = (const float **)((char *)v->scratch + worker * v->scratch_bytes);
  pixel_tiles block = {
      .first = first,
      .tiles = tiles,
      .even = count / tiles,
      .longer = count % tiles,
      .rows = lines + g->kernel_height,
      .taps = taps,
      .channels = channels,
      .group_channels = group_channels(v),
      .outputs = group_outputs(v),
      .panels_of_group = panels_of_group,
      .passes = divide_up(taps, v->tap_block),
      .weights_ahead = weights_ahead(v)};
  float *copies = (float *)(block.rows + divide_up(v->pixel_block, mr) * mr * taps);
  if (v->has_before) {
    prepare_rows(v, first, last, tiles, block.rows, copies);
  } else {
    find_rows(v, first, last, tiles, block.rows, copies, lines);
  }
  if (block.weights_ahead) {
    block.weights_slice = divide_up(channels * nr * sizeof(float), tiles);
    block.ahead_step = divide_up(block.weights_slice, channels);
  } else {
    const size_t row_bytes = g->in_width * v->x_stride * sizeof(float), rows_in = g->batch * g->in_height;
    const size_t row = smaller(rows_in, (last - 1) / g->out_width * g->stride_height + g->kernel_height);
    const size_t fresh = divide_up(count * g->stride_height, g->out_width) * row_bytes;
    block.next_rows = (kernels_fetch)v->x + row * row_bytes;
    block.rows_slice =
        smaller(fresh, (rows_in - row) * row_bytes) / (tiles * (last_panel - first_panel)) & ~(size_t)63;
    block.ahead_step = divide_up(block.rows_slice, taps * channels);
  }

  if (v->tiles_first) {
    panel_pass parts[PANELS_TOGETHER];
    for (size_t panel = first_panel; panel < last_panel; panel += PANELS_TOGETHER) {
      const size_t some = smaller(PANELS_TOGETHER, last_panel - panel);
      for (size_t i = 0; i < some; i++) parts[i] = find_pass(v, &block, panel + i, 0);
      for (size_t tile = 0; tile < tiles; tile++)
        for (size_t i = 0; i < some; i++) run_tile(v, &block, &parts[i], tile);
    }
  } else {
    for (size_t panel = first_panel; panel < last_panel; panel++)
      for (size_t pass = 0; pass < block.passes; pass++) {
        panel_pass part = find_pass(v, &block, panel, pass);
        for (size_t tile = 0; tile < tiles; tile++) run_tile(v, &block, &part, tile);
      }
  }
  for (size_t panel = first_panel; v->merged > 1 && panel < last_panel; panel++) {
    const panel_pass part = find_pass(v, &block, panel, block.passes - 1);
    mend_groups(v, &block, last, &part, panel);
    if (v->activation.applies) activate(v, &part, first, count);
  }
}
