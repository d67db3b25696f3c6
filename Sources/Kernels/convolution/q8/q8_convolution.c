#include "q8_convolution.h"

#include <string.h>

#include "cpu/multiversion.h"
#include "convolution/q8/q8_convolution_parts.h"

static const q8_igemm_family *family_for(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  // Tiles want panels of 32 outputs.
  const q8_igemm_family *narrow = &v->kernels->q8_igemm_narrow;
  if (narrow->run && !v->kernels->q8_igemm_deep.run && g->out_channels / g->groups <= narrow->nr) return narrow;
  // With a zero point near the lower end nearly everything is above it, as behind a Relu: the larger the rarer. With few
  // products a sum, listing and adding the large values costs more than it saves.
  const int deep = g->kernel_height * g->kernel_width * g->in_channels >= 384;
  const size_t columns = columns_read(g);
  const int numbered = g->in_channels < 1 << 18 && columns * reach(g->kernel_height, g->dilation_height) < 1 << 14;
  const int is_small = v->x_zero + (v->x_signed ? 128 : 0) < 32;
  const int takes = !v->dynamic && deep && g->groups == 1 && g->in_channels % 4 == 0 && numbered && is_small;
  return takes ? &v->kernels->q8_igemm_of_small : &v->kernels->q8_igemm;
}

// Bytes of input that a block gathers: with a panel's weights they fit the second-level cache.
enum { NEAR_BYTES = 64 * 1024 };

static size_t units_of(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  return v->pointwise ? g->batch * g->out_height * g->out_width : g->out_height;
}

static int staged_as_is(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  const q8_igemm_family *family = v->family;
  const int sees_all = v->pointwise && g->stride_height == 1 && g->stride_width == 1 && g->out_height == g->in_height &&
                       g->out_width == g->in_width && g->groups == 1;
  return sees_all && !family->wide && !family->take_highs && (v->x_signed != 0) == family->x_signed &&
         g->in_channels % family->kr == 0;
}

// Pixels that a block of `units` gathers.
static size_t staged_pixels(const q8_convolution *v, size_t units) {
  if (v->phase_pixels) return v->geometry.stride_height * v->geometry.stride_width * v->phase_pixels;
  return v->pointwise ? units : staged_rows(v, units) * staged_columns(v);
}

// Whether products of tiles are faster. They take as long for a short run as for a long one, and their sums go through
// memory. Costs are cycles for 32 pixels, measured; of 16 outputs or fewer the other kernel computes 32.
static int deep_pays(const q8_convolution *v) {
  const size_t products = v->taps * divide_up(v->run, 64);
  const int few = group_outputs(v) <= 16;
  return 32 * v->taps * v->steps + (few ? 200 : 0) > (few ? 33 * products + 100 : 66 * products + 250);
}

// Places from a row of outputs to the next where they are computed too, and dropped.
static size_t row_pitch(const q8_convolution *v) { return v->phase_pixels ? phase_columns(v) : staged_columns(v); }

// Whether the pixels of a tile lie behind each other as they were gathered.
static int is_continuous(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  const int unit = (g->stride_width == 1 && g->stride_height == 1) || v->phase_pixels;
  return v->family->fills && !v->pointwise && unit && 2 * (row_pitch(v) - g->out_width) <= g->out_width;
}

// Whether inputs are gathered by phases: where that makes the pixels of a tile lie behind each other, and no product shorter.
static int takes_phases(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  if (!v->family->fills || v->pointwise || (g->stride_height == 1 && g->stride_width == 1)) return 0;
  if (g->dilation_height * g->dilation_width != 1 || g->kernel_height < g->stride_height || g->kernel_width < g->stride_width)
    return 0;
  return (!row_runs(v) || g->in_channels % 64 == 0) && 2 * (phase_columns(v) - g->out_width) <= g->out_width;
}

// Places that a block of `units` units goes over: its outputs, and those between two rows of outputs.
static size_t places_of(const q8_convolution *v, size_t units) {
  if (v->pointwise) return units;
  return is_continuous(v) ? row_pitch(v) * (units - 1) + v->geometry.out_width : units * v->geometry.out_width;
}

// Whether all outputs of a tile are computed before the next tile's, so that whole lines of memory are written: where more is
// written than read.
static int tiles_first(const q8_convolution *v) {
  return v->family->fills && !v->dynamic && v->geometry.out_channels > v->taps * v->run;
}

// Whether the groups that are packed as one can be multiplied each by its own inputs alone.
static int keeps_groups_apart(const q8_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  const q8_igemm_family *groups = &v->kernels->q8_igemm_groups;
  const size_t channels = g->in_channels / g->groups;
  return v->family == &v->kernels->q8_igemm_narrow && groups->run && (channels == 4 || channels == 8) &&
         g->out_channels == g->in_channels && group_outputs(v) == groups->nr && g->groups > v->merged;
}

void q8_convolution_plan(q8_convolution *v, kernels_level level, int threads) {
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(g->batch >= 1 && g->out_height >= 1 && g->out_width >= 1);
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  KERNEL_REQUIRE(g->groups >= 1 && g->in_channels % g->groups == 0 && g->out_channels % g->groups == 0);
  v->kernels = kernels_table_for(level);
  v->family = family_for(v);
  const size_t nr = v->family->nr;
  v->merged = 1;
  while (g->out_channels / g->groups * v->merged * 2 <= nr && g->groups % (v->merged * 2) == 0) v->merged *= 2;
  if (keeps_groups_apart(v)) v->family = &v->kernels->q8_igemm_groups;
  v->pointwise = is_pointwise(g);
  v->phase_pixels = 0;
  v->taps = row_runs(v) ? g->kernel_height : g->kernel_height * g->kernel_width;
  v->run = row_runs(v) ? g->kernel_width * g->in_channels : group_channels(v);
  if (v->family->by_groups) v->run = g->in_channels / g->groups;
  v->steps = divide_up(v->run, v->family->kr);
  const size_t outputs = g->batch * g->out_height * g->out_width;
  if (v->kernels->q8_igemm_deep.run && deep_pays(v) && outputs >= 16) v->family = &v->kernels->q8_igemm_deep;

  const int phases = takes_phases(v);

  // Blocks of rows of one image, or of pixels if the convolution is pointwise.
  const size_t units = units_of(v), panels = panels_of(v), mr = v->family->mr;
  const size_t row_bytes = staged_columns(v) * pixel_bytes(v);
  size_t longest;  // units of a block
  if (v->pointwise) {
    longest = larger(mr, NEAR_BYTES / pixel_bytes(v));
  } else {
    longest = 1;
    while (longest < units && staged_rows(v, longest + 1) * row_bytes <= NEAR_BYTES) longest++;
  }
  v->image_blocks = v->pointwise ? 1 : g->batch;
  v->row_blocks = divide_up(units, smaller(units, longest));
  v->panel_blocks = 1;
  if (threads > 1) {
    const size_t wanted = 4 * (size_t)threads;
    const double smallest = 1e6;  // multiply-adds
    const size_t unit_pixels = v->pointwise ? 1 : g->out_width;
    const double depth = (double)(v->taps * v->steps * v->family->kr);
    const double work = (double)(v->image_blocks * units * unit_pixels) * (double)(panels * nr) * depth;
    for (;;) {
      const size_t tasks = v->image_blocks * v->row_blocks * v->panel_blocks;
      if (tasks >= wanted || work / (double)tasks < 2 * smallest) break;
      const size_t pixels = units / v->row_blocks * unit_pixels;
      const int rows_can = pixels >= 4 * mr && v->row_blocks * 2 <= units, panels_can = v->panel_blocks * 2 <= panels;
      // Weights are read once by each block of rows, inputs gathered once by each block of panels.
      const double inputs = (double)(g->batch * g->in_height * g->in_width * g->in_channels);
      const int weights_heavier = (double)(panels * nr) * depth > inputs;
      if (panels_can && (weights_heavier || !rows_can)) {
        v->panel_blocks *= 2;
      } else if (rows_can) {
        v->row_blocks *= 2;
      } else {
        break;
      }
    }
    const size_t odd = v->row_blocks % (size_t)threads;
    if (v->row_blocks > 1 && odd && v->panel_blocks == 1) v->row_blocks = smaller(units, v->row_blocks + (size_t)threads - odd);
  }
  v->tasks = v->image_blocks * v->row_blocks * v->panel_blocks;

  const size_t block = divide_up(units, v->row_blocks);
  if (phases) {
    v->phase_pixels = phase_rows(v, block) * phase_columns(v);
    v->taps = g->kernel_height * g->kernel_width;
    v->run = group_channels(v);
    v->steps = divide_up(v->run, v->family->kr);
  }
  const size_t staged = staged_pixels(v, block);
  v->scratch_bytes = whole_lines(v->taps * sizeof(ptrdiff_t)) + whole_lines(places_of(v, block) * sizeof(uint32_t)) +
                     (staged_as_is(v) ? 0 : staged_bytes(v, staged) + highs_bytes(v, staged));
  // A tile of fewer pixels can be read whole.
  if (is_continuous(v)) v->scratch_bytes += whole_lines(mr * pixel_bytes(v));
  if (v->family->wide) v->scratch_bytes += v->taps * v->steps * 2 * step_bytes(v);
  v->packed_bytes = panels * panel_bytes(v) + usual_extras(v);
}

const char *q8_convolution_kernel(const q8_convolution *v) { return v->family->name; }

KERNEL_BODY widen_weights_body(int16_t *restrict to, const int8_t *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = from[i];
}
MULTIVERSION(widen_weights, (int16_t *to, const int8_t *from, size_t count), (to, from, count))

// A packed panel and its extras.
typedef struct {
  const int32_t *bias;
  const int8_t *w;
  int fusible;
  size_t extra_count;
  const int32_t *extras, *first_extras;
  const int8_t *extra_w;
} panel_parts;

static panel_parts panel_at(const q8_convolution *v, size_t panel) {
  const char *base = (const char *)v->w + panel * panel_bytes(v);
  const panel_head *head = (const panel_head *)(const void *)base;
  const size_t count = (size_t)head->extra_count;
  const char *extras = base + head->extras;
  return (panel_parts){
      .bias = (const int32_t *)(const void *)(base + sizeof *head),
      .w = (const int8_t *)base + sizeof *head + constants_bytes(v),
      .fusible = (int)head->fusible,
      .extra_count = count,
      .extras = (const int32_t *)(const void *)extras,
      .first_extras = count ? (const int32_t *)(const void *)(extras + first_extras_at(count)) : NULL,
      .extra_w = (const int8_t *)extras + extra_weights_at(v, count)};
}

// Adds the products of the listed high values to the sums of `count` pixels, whose windows begin with the gathered pixels `places`.
static void add_highs(
    const q8_convolution *v, const q8_staged *staged, const panel_parts *panel, const uint32_t *places, size_t count,
    int32_t *sums) {
  const q8_igemm_family *family = v->family;
  const uint32_t *firsts = staged->firsts;
  q8_high_weights weights = {
      .groups = v->geometry.in_channels / 4,
      .extra_count = panel->extra_count,
      .extras = panel->extras,
      .extra_w = panel->extra_w};
  const size_t span = !v->pointwise && row_runs(v) ? v->geometry.kernel_width : 1;
  for (size_t tap = 0; tap < v->taps; tap++) {
    const size_t ahead = tap_pixels(v, tap);
    weights.w = panel->w + tap * v->steps * step_bytes(v);
    weights.first_extras = panel->first_extras ? panel->first_extras + tap * v->steps : NULL;
    for (size_t p = 0; p < count; p++) {
      const size_t pixel = places[p] + ahead;
      const uint32_t begin = firsts[pixel], end = firsts[pixel + span];
      weights.first = (uint16_t)pixel;
      if (begin < end) family->add_highs(staged->highs + begin, end - begin, &weights, sums + p * family->nr);
    }
  }
}

// A bit for each of `count` places that are outputs. The first place is in `column` of a row of `width` outputs and some places
// behind them.
static uint32_t wanted_of(size_t column, size_t count, size_t width, size_t row_places) {
  uint32_t bits = 0;
  for (size_t p = 0; p < count; p += row_places - column, column = 0) {
    const size_t run = smaller(width > column ? width - column : 0, count - p);
    bits |= (uint32_t)(((uint64_t)1 << run) - 1) << p;
  }
  return bits;
}

// Moves the sums of the pixels in `wanted` to the front. Returns how many they are.
static size_t keep_wanted(uint32_t wanted, size_t pixels, size_t nr, int32_t *sums) {
  size_t kept = 0;
  for (size_t p = 0; p < pixels; p++) {
    if (!(wanted >> p & 1)) continue;
    if (kept != p) memcpy(sums + kept * nr, sums + p * nr, nr * sizeof *sums);
    kept++;
  }
  return kept;
}

// The biases and multipliers of a panel for the zero point and scale that a run found.
static void set_found(const q8_convolution *v, const panel_parts *panel, int32_t *bias, float *multipliers) {
  const size_t nr = v->family->nr;
  const float *packed = (const float *)(panel->bias + nr), scale = v->scale ? *v->scale : 1;
  const uint32_t zero = (uint32_t)staged_zero(v);
  for (size_t o = 0; o < nr; o++) {
    // Sums wrap around, as those of 32-bit integers do.
    bias[o] = (int32_t)(0 - zero * (uint32_t)panel->bias[o]);
    multipliers[o] = packed[o] * scale;
  }
}

void q8_convolution_task(void *context, size_t task, size_t worker) {
  q8_convolution own;
  const q8_convolution *v = context;
  if (v->dynamic) {
    KERNEL_REQUIRE(v->zero_point && v->epilogue.float_output);
    own = *v;
    own.x_zero = v->x_signed ? *(const int8_t *)v->zero_point : *v->zero_point;
    v = &own;
  }
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(task < v->tasks && v->y_stride >= g->out_channels);
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(v->w, 64) && KERNEL_IS_ALIGNED(v->scratch, 64));
  const q8_igemm_family *family = v->family;
  const kernels_level level = v->kernels->level;
  const size_t mr = family->mr, nr = family->nr, units = units_of(v), panels = panels_of(v);
  const size_t image = task / (v->row_blocks * v->panel_blocks);
  const size_t row_block = task / v->panel_blocks % v->row_blocks, panel_block = task % v->panel_blocks;
  const size_t first = units * row_block / v->row_blocks, last = units * (row_block + 1) / v->row_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks;
  const size_t last_panel = panels * (panel_block + 1) / v->panel_blocks;

  // Scratch: offsets of the taps, the first gathered pixel of each place's window, gathered inputs, their high values.
  char *scratch = (char *)v->scratch + worker * v->scratch_bytes;
  ptrdiff_t *offsets = (ptrdiff_t *)(void *)scratch;
  for (size_t tap = 0; tap < v->taps; tap++) offsets[tap] = (ptrdiff_t)(tap_pixels(v, tap) * pixel_bytes(v));
  uint32_t *places = (uint32_t *)(void *)(scratch + whole_lines(v->taps * sizeof(ptrdiff_t)));
  const size_t width = v->pointwise ? last - first : g->out_width;  // of a row of outputs
  const int continuous = is_continuous(v);
  const size_t row_places = continuous ? row_pitch(v) : width, pixels = places_of(v, last - first);
  const size_t first_pixel = v->pointwise ? first : (image * g->out_height + first) * g->out_width;
  const size_t row_step = v->pointwise ? 0 : continuous ? row_places : g->stride_height * staged_columns(v);
  const size_t step = v->pointwise || continuous ? 1 : g->stride_width;
  for (size_t row = 0; row * row_places < pixels; row++) {
    const size_t place = row * row_places, count = smaller(row_places, pixels - place);
    for (size_t ox = 0; ox < count; ox++) places[place + ox] = (uint32_t)(row * row_step + ox * step);
  }
  q8_staged staged = {.pixels = staged_pixels(v, last - first)};
  if (staged_as_is(v)) {
    staged.x = (uint8_t *)v->x + first * g->in_channels;  // only read
  } else {
    staged.x = (uint8_t *)places + whole_lines(pixels * sizeof *places);
    staged.firsts = (uint32_t *)(void *)(staged.x + staged_bytes(v, staged.pixels));
    if (family->add_highs) staged.highs = (q8_high *)(void *)((char *)staged.firsts + whole_lines(4 * (staged.pixels + 1)));
    q8_stage(v, image, first, last, &staged);
  }

  const int listed = staged.highs && !staged.dense && staged.firsts[staged.pixels] > 0;

  static const int32_t no_bias[Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  int16_t *wide_w = (int16_t *)(void *)(scratch + v->scratch_bytes - v->taps * v->steps * 2 * step_bytes(v));
  const int fuses = family->fused && q8_fusible(&v->epilogue, v->residual != NULL);
  const size_t tiles = divide_up(pixels, mr);
  const size_t even = family->fills ? mr : pixels / tiles, longer = family->fills ? 0 : pixels % tiles;
  int32_t sums[Q8_IGEMM_MAX_MR * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  int32_t found_bias[Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  float found_multipliers[Q8_IGEMM_MAX_NR];
  const uint8_t *rows[Q8_IGEMM_MAX_MR] = {0};
  const size_t pixel_size = pixel_bytes(v), out_channels = g->out_channels, taps = v->taps, steps = v->steps;
  const size_t y_stride = v->y_stride, y_size = v->epilogue.float_output ? 4 : 1;
  const q8_epilogue epilogue = v->epilogue;
  const uint8_t *dense = staged.dense;
  const int in_rows = family->fused_row && v->pointwise && pixels >= Q8_FUSED_ROW_PIXELS && steps >= 2 * Q8_FUSED_ROW_PIXELS;
  q8_fused fused;
  q8_fused_set(&fused, &epilogue);
  fused.residual_stride = out_channels;
  fused.y_stride = y_stride;
  if (family->begin) family->begin(steps);
  fused.gap = continuous || v->pointwise ? pixel_size : 0;
  const size_t of_group = group_outputs(v), group_panels = panels_of_group(v), group_bytes = group_channels(v) * element(v);
  const size_t chunk = tiles_first(v) ? 2 * mr : pixels;
  for (size_t begun = 0, next_panel = first_panel; begun < pixels;) {
    // Panel by panel, for some pixels or for all.
    const size_t panel = next_panel, end = smaller(pixels, begun + chunk);
    const size_t group = panel / group_panels, column = (panel - group * group_panels) * nr;
    const panel_parts parts = panel_at(v, panel);
    const float *scales = (const float *)(parts.bias + nr), *shifts = scales + nr;
    const int32_t *bias = parts.bias;
    if (v->dynamic) {
      set_found(v, &parts, found_bias, found_multipliers);
      bias = found_bias;
      scales = found_multipliers;
    }
    const int8_t *w = parts.w;
    const size_t outputs = smaller(nr, of_group - column), output = group * of_group + column;
    const uint8_t *group_x = staged.x + group * group_bytes;
    if (family->wide) {
      widen_weights(level, wide_w, w, v->taps * v->steps * step_bytes(v));
      w = (const int8_t *)wide_w;
    }
    const uint8_t *residual = v->residual ? (const uint8_t *)v->residual + first_pixel * out_channels + output : NULL;
    char *y = (char *)v->y + (first_pixel * y_stride + output) * y_size;
    const int fuses_panel = fuses && parts.fusible && !parts.extra_count && (outputs == nr || family->masks);
    // Prefetches the panel that follows (of this layer or the next), a slice with each tile.
    kernels_fetch ahead = (kernels_fetch)parts.bias + panel_bytes(v);
    size_t slice;
    if (begun == 0) {
      slice = panel_bytes(v) / divide_up(end, mr) & ~(size_t)63;
    } else {
      // The weights are near. The next residuals are not.
      slice = residual ? whole_lines(chunk * out_channels / (last_panel - first_panel)) : 0;
      ahead = (kernels_fetch)residual + end * out_channels + (panel - first_panel) * (slice - nr);
    }
    fused.outputs = outputs;
    size_t pixel = begun, place = begun;  // the next output, and its place
    if (continuous) pixel = begun / row_places * width + smaller(width, begun % row_places);
    if (fuses_panel && in_rows) {
      fused.ahead = ahead;
      fused.residual = residual;
      fused.y = (uint8_t *)y;
      family->fused_row(pixels / Q8_FUSED_ROW_PIXELS, steps, group_x, pixel_size, parts.bias, w, &fused);
      pixel = place = pixels - pixels % Q8_FUSED_ROW_PIXELS;
    }
    for (size_t tile = 0; place < end; tile++) {
      size_t size = smaller(end - place, even + (tile < longer));
      uint32_t wanted = ~(uint32_t)0 >> (32 - size);
      for (size_t p = 0; p < size; p++) rows[p] = group_x + places[place + p] * pixel_size;
      if (continuous) wanted = wanted_of(place % row_places, size, width, row_places);
      place += size;
      if (fuses_panel) {
        fused.ahead = ahead;
        fused.ahead_bytes = slice;
        fused.wanted = wanted;
        fused.readable = continuous ? mr : size;
        fused.residual = residual ? residual + pixel * out_channels : NULL;
        fused.y = (uint8_t *)y + pixel * y_stride;
        family->fused(size, taps, steps, rows, offsets, parts.bias, w, &fused);
        ahead += slice;
        pixel += (size_t)__builtin_popcount(wanted);
        continue;
      }
      family->run(
          size, taps, steps, rows, offsets, bias, w, parts.extra_count, parts.extras, parts.extra_w, sums);
      if (listed) {
        add_highs(v, &staged, &parts, places + place - size, size, sums);
      } else if (dense) {
        int32_t high_sums[Q8_IGEMM_MAX_MR * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
        for (size_t p = 0; p < size; p++) rows[p] = dense + places[place - size + p] * pixel_size;
        family->run(
            size, taps, steps, rows, offsets, no_bias, w, parts.extra_count, parts.extras, parts.extra_w, high_sums);
        for (size_t i = 0; i < size * nr; i++) sums[i] += high_sums[i];
      }
      if (continuous) size = keep_wanted(wanted, size, nr, sums);
      if (size == 0) continue;
      if (epilogue.float_output == 2) {
        for (size_t p = 0; p < size; p++) memcpy(y + (pixel + p) * y_stride * y_size, sums + p * nr, outputs * y_size);
        pixel += size;
        continue;
      }
      v->kernels->q8_finish(
          level, &epilogue, size, outputs, sums, 0, nr, scales, shifts, residual ? residual + pixel * out_channels : NULL,
          out_channels, y + pixel * y_stride * y_size, y_stride);
      pixel += size;
    }
    if (++next_panel == last_panel) {
      next_panel = first_panel;
      begun = end;
    }
  }
  if (family->end) family->end();
}
