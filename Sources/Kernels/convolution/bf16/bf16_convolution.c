#include "bf16_convolution.h"

#include <string.h>

#include "cpu/table.h"
#include "geometry/reach.h"
#include "geometry/sizes.h"

// Bytes of rounded inputs of a block that are near enough to be read for every panel: at least NEAR_BYTES. As many as there are
// weights, up to the family's `near_bytes`, where each block reads all weights again.
enum { NEAR_BYTES = 128 * 1024 };

// Where a layer has no more outputs, its weights are read once and tiles would stay nearly empty.
enum { FEW_PIXELS = 4 };

static size_t pixel_bytes(const bf16_convolution *v) { return v->channels * sizeof(uint16_t); }
static size_t panels_of(const bf16_convolution *v) { return divide_up(v->geometry.out_channels, v->family->nr); }
static size_t panel_bytes(const bf16_convolution *v) {
  return v->family->nr * (sizeof(float) + v->taps * v->pairs * 2 * sizeof(uint16_t));
}

// What is cut into blocks: rows of outputs of an image, or pixels of all images.
static size_t units_of(const bf16_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  return v->pointwise ? g->batch * g->out_height * g->out_width : g->out_height;
}

// Rounded inputs lie in phases, by the remainders of their rows and columns when divided by the strides: what a tap reads of
// neighbouring windows are neighbours in its phase. The columns of a tap that is a kernel row stay together.
static size_t column_phases(const bf16_convolution *v) { return v->row_taps ? 1 : v->geometry.stride_width; }

// Pixels of a phase from one window to the next, and from one row of windows to the next.
static size_t window_step(const bf16_convolution *v) { return v->geometry.stride_width / column_phases(v); }
static size_t phase_row(const bf16_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  return divide_up(columns_read(g), g->stride_width) * window_step(v);
}

// Pixels of a phase that a block of `units` rows of outputs reads.
static size_t phase_pixels(const bf16_convolution *v, size_t units) {
  return divide_up(rows_read(&v->geometry, units), v->geometry.stride_height) * phase_row(v);
}

// Room for the rounded inputs of a block, in pixels. A kernel that fills its tiles reads on for the rest of the last one.
static size_t block_pixels(const bf16_convolution *v, size_t units) {
  const size_t fills = larger(v->family->fills, 1);
  if (v->pointwise) return divide_up(units, fills) * fills;
  return phase_pixels(v, units) * v->geometry.stride_height * column_phases(v) + (fills - 1) * window_step(v);
}

// A line of inputs before its pixels are padded to whole products. Three are copied as four.
static size_t odd_bytes(const bf16_convolution *v) {
  const convolution_geometry *g = &v->geometry;
  return g->in_channels != v->channels ? whole_lines((g->in_width * g->in_channels + 1) * sizeof(uint16_t)) : 0;
}

int bf16_convolution_pays(kernels_level level) { return kernels_table_for(level)->bf16_igemm.pays; }
const char *bf16_convolution_kernel(const bf16_convolution *v) { return v->family->name; }

void bf16_convolution_plan(bf16_convolution *v, kernels_level level, int threads) {
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(g->batch >= 1 && g->out_height >= 1 && g->out_width >= 1 && g->groups == 1 && threads >= 1);
  KERNEL_REQUIRE(g->kernel_height >= 1 && g->kernel_width >= 1 && g->stride_height >= 1 && g->stride_width >= 1);
  v->isa = level;
  v->family = &kernels_table_for(level)->bf16_igemm;
  v->pointwise = is_pointwise(g);
  v->row_taps = g->dilation_width == 1 && g->kernel_width > 1 && g->in_channels <= 16;
  // Whole products, if there is more than one, so that none has to be put together.
  const size_t all = 2 * v->family->pairs, whole = !v->row_taps && g->in_channels > all && all > 0 ? all : 2;
  v->channels = divide_up(g->in_channels, whole) * whole;
  v->taps = g->kernel_height * (v->row_taps ? 1 : g->kernel_width);
  v->pairs = v->channels / 2 * (v->row_taps ? g->kernel_width : 1);
  // What a tile reads lies side by side: its pixels' first products, then their next ones.
  v->tiled = v->pointwise && v->family->fills > 0 && v->channels >= 8 * all && g->batch * g->out_height * g->out_width > FEW_PIXELS;
  if (v->tiled) v->taps = v->channels / all, v->pairs = all / 2;

  const size_t units = units_of(v), panels = panels_of(v), mr = v->family->mr, nr = v->family->nr;
  const size_t near = larger(NEAR_BYTES, smaller(v->family->near_bytes, panels * panel_bytes(v)));
  size_t longest;  // units of a block
  if (v->pointwise) {
    longest = larger(mr, near / pixel_bytes(v) / mr * mr);
  } else {
    const size_t line_bytes = phase_row(v) * column_phases(v) * pixel_bytes(v), lines = near / line_bytes;
    const size_t window = reach(g->kernel_height, g->dilation_height);
    longest = lines > window ? (lines - window) / g->stride_height + 1 : 1;
  }
  v->image_blocks = v->pointwise ? 1 : g->batch;
  v->row_blocks = divide_up(units, smaller(units, longest));
  v->panel_blocks = 1;
  // Enough tasks for all threads to finish at about the same time, but none shorter than some 20 microseconds.
  const double smallest = 4e6;  // multiply-adds
  const size_t unit_pixels = v->pointwise ? 1 : g->out_width;
  const double work = (double)(v->image_blocks * units * unit_pixels) * (double)(panels * nr) * (double)(v->taps * v->pairs * 2);
  while (threads > 1) {
    const size_t tasks = v->image_blocks * v->row_blocks * v->panel_blocks;
    if (tasks >= 4 * (size_t)threads || work / (double)tasks < 2 * smallest) break;
    const size_t pixels = units / v->row_blocks * unit_pixels;
    const int rows_can = pixels >= 4 * mr && v->row_blocks * 2 <= units, panels_can = v->panel_blocks * 2 <= panels;
    // Weights are read once by each block of rows, inputs rounded once by each block of panels.
    const double inputs = (double)(g->batch * g->in_height * g->in_width * g->in_channels);
    const int weights_heavier = (double)(panels * panel_bytes(v)) > 4 * inputs;
    if (panels_can && (weights_heavier || !rows_can)) {
      v->panel_blocks *= 2;
    } else if (rows_can) {
      v->row_blocks *= 2;
    } else {
      break;
    }
  }
  v->tasks = v->image_blocks * v->row_blocks * v->panel_blocks;
  const size_t pixels = block_pixels(v, divide_up(units, v->row_blocks));
  v->scratch_bytes = whole_lines(v->taps * sizeof(ptrdiff_t)) + whole_lines(pixels * pixel_bytes(v)) + odd_bytes(v);
  v->packed_bytes = panels * panel_bytes(v);
}

f32_weight_layout bf16_convolution_layout(const bf16_convolution *v) {
  return weight_layout_of(&v->geometry);
}

void bf16_convolution_pack(
    const bf16_convolution *v, const float *w, f32_weight_layout layout, const float *bias, float scale, void *packed) {
  const convolution_geometry *g = &v->geometry;
  const size_t nr = v->family->nr, area = g->kernel_height * g->kernel_width;
  char *to = packed;
  for (size_t first = 0; first < g->out_channels; first += nr) {
    const size_t count = smaller(nr, g->out_channels - first);
    float *biases = (float *)(void *)to;
    uint16_t *pairs = (uint16_t *)(void *)(to + nr * sizeof(float));
    memset(to, 0, panel_bytes(v));
    if (bias) memcpy(biases, bias + first, count * sizeof(float));
    for (size_t tap = 0; tap < area; tap++) {
      uint16_t *own = pairs + tap * v->channels * nr;
      for (size_t c = 0; c < g->in_channels; c++) {
        const float *from = w + first * layout.output_stride + c * layout.channel_stride + tap * layout.tap_stride;
        float column[BF16_IGEMM_MAX_NR];
        uint16_t rounded[BF16_IGEMM_MAX_NR];
        for (size_t o = 0; o < count; o++) column[o] = from[o * layout.output_stride] * scale;
        v->family->round(rounded, column, count);
        for (size_t o = 0; o < count; o++) own[(c / 2 * nr + o) * 2 + c % 2] = rounded[o];
      }
    }
    to += panel_bytes(v);
  }
}

// Rounds `pixels` pixels that lie behind each other, the first number's index being `index`, or copies those that are bf16 numbers
// already; `odd` has room for them without padding.
static void round_pixels(const bf16_convolution *v, size_t index, size_t pixels, uint16_t *odd, uint16_t *to) {
  const size_t channels = v->geometry.in_channels;
  const int whole = v->channels == channels;
  if (v->narrow_x && whole) {
    memcpy(to, v->narrow_x + index, pixels * pixel_bytes(v));
    return;
  }
  if (!v->narrow_x) v->family->round(whole ? to : odd, v->x + index, pixels * channels);
  if (whole) return;
  const uint16_t *from = v->narrow_x ? v->narrow_x + index : odd;
  for (size_t p = 0; p < pixels; p++, to += v->channels, from += channels) {
    if (channels == 3 && v->channels == 4 && !v->narrow_x) {
      memcpy(to, from, 8);  // a copy of a constant size
    } else {
      memcpy(to, from, channels * sizeof *to);
    }
    memset(to + channels, 0, (v->channels - channels) * sizeof *to);
  }
}

// The index of a pointwise layer's first input of an output.
static size_t input_of(const bf16_convolution *v, size_t output) {
  const convolution_geometry *g = &v->geometry;
  const size_t ox = output % g->out_width, oy = output / g->out_width % g->out_height, image = output / g->out_width / g->out_height;
  const size_t row = image * g->in_height + oy * g->stride_height;
  return (row * g->in_width + ox * g->stride_width) * g->in_channels;
}

// A pixel in tiles: its numbers of a product together, those of the next product `apart` behind them.
static void spread_pixel(const bf16_convolution *v, size_t index, size_t apart, uint16_t *to) {
  const size_t channels = v->geometry.in_channels, deep = 2 * v->pairs;
  if (!v->narrow_x) {
    v->family->round_apart(to, apart, v->x + index, channels);
    return;
  }
  const uint16_t *from = v->narrow_x + index;
  for (size_t c = 0; c < channels; c += deep, to += apart) {
    const size_t count = smaller(deep, channels - c);
    memcpy(to, from + c, count * sizeof *to);
    memset(to + count, 0, (deep - count) * sizeof *to);
  }
}

static void stage_pointwise(const bf16_convolution *v, size_t first, size_t last, uint16_t *odd, uint16_t *to) {
  const convolution_geometry *g = &v->geometry;
  const int dense = g->stride_height == 1 && g->stride_width == 1 && g->out_height == g->in_height && g->out_width == g->in_width;
  if (v->tiled) {
    const size_t fills = v->family->fills, deep = 2 * v->pairs;
    for (size_t tile = first; tile < last; tile += fills, to += fills * v->channels)
      for (size_t row = 0, count = smaller(fills, last - tile); row < count; row++)
        spread_pixel(v, dense ? (tile + row) * g->in_channels : input_of(v, tile + row), fills * deep, to + row * deep);
  } else if (dense) {
    // At most a line at a time, for which `odd` has room.
    for (size_t at = first; at < last; at += g->in_width, to += g->in_width * v->channels)
      round_pixels(v, at * g->in_channels, smaller(g->in_width, last - at), odd, to);
  } else {
    for (size_t at = first; at < last; at++, to += v->channels) round_pixels(v, input_of(v, at), 1, odd, to);
  }
}

// Rounds the inputs of rows [first, last) of an image's outputs.
static void stage_rows(const bf16_convolution *v, size_t image, size_t first, size_t last, uint16_t *odd, uint16_t *to) {
  const convolution_geometry *g = &v->geometry;
  const size_t columns = columns_read(g), left = smaller(g->pad_left, columns), inside = smaller(g->in_width, columns - left);
  const size_t phases = column_phases(v), pixels = phase_pixels(v, last - first), row = phase_row(v);
  for (size_t i = 0; i < rows_read(g, last - first); i++) {
    const size_t iy = first * g->stride_height + i - g->pad_top;
    const size_t start = i % g->stride_height * phases * pixels + i / g->stride_height * row;
    const int is_padding = iy >= g->in_height;
    const size_t index = (image * g->in_height + iy) * g->in_width * g->in_channels;
    if (phases == 1) {
      uint16_t *own = to + start * v->channels;
      const size_t before = is_padding ? row : left, after = is_padding ? 0 : row - left - inside;
      memset(own, 0, before * pixel_bytes(v));
      if (!is_padding) round_pixels(v, index, inside, odd, own + left * v->channels);
      memset(own + (row - after) * v->channels, 0, after * pixel_bytes(v));
    } else {
      for (size_t column = 0; column < row * phases; column++) {
        uint16_t *own = to + (start + column % phases * pixels + column / phases) * v->channels;
        if (is_padding || column - left >= inside) {
          memset(own, 0, pixel_bytes(v));
        } else {
          round_pixels(v, index + (column - left) * g->in_channels, 1, odd, own);
        }
      }
    }
  }
}

typedef struct {
  const bf16_convolution *v;
  const uint8_t *starts[BF16_IGEMM_MAX_MR];
  const ptrdiff_t *offsets;
  size_t pixels, products;
  uint32_t wanted;
  bf16_igemm_epilogue epilogue;
} block_job;

// A panel's outputs of the tile whose first output is that of `pixel`.
static void run_tile(block_job *job, size_t pixel, size_t panel) {
  const bf16_convolution *v = job->v;
  const size_t nr = v->family->nr, filters = v->geometry.out_channels, output = panel * nr, outputs = smaller(nr, filters - output);
  const char *weights = (const char *)v->w + panel * panel_bytes(v);
  const size_t at = pixel * v->y_stride + output;
  void *y = v->narrow_y ? (void *)(v->narrow_y + at) : v->y + at;
  v->family->run(
      job->pixels, job->wanted, outputs, v->taps, v->pairs, job->starts, job->offsets, (const float *)(const void *)weights,
      weights + nr * sizeof(float), y, v->residual ? v->residual + pixel * filters + output : NULL, &job->epilogue);
  job->epilogue.sums.ahead += 64 * job->epilogue.sums.ahead_step * job->products;
}

void bf16_convolution_task(void *context, size_t task, size_t worker) {
  const bf16_convolution *v = context;
  const convolution_geometry *g = &v->geometry;
  KERNEL_REQUIRE(task < v->tasks && v->y_stride >= g->out_channels);
  KERNEL_REQUIRE(KERNEL_IS_ALIGNED(v->w, 64) && KERNEL_IS_ALIGNED(v->scratch, 64));
  const bf16_igemm_family *family = v->family;
  const size_t mr = family->mr, units = units_of(v), panels = panels_of(v);
  const size_t image = task / (v->row_blocks * v->panel_blocks);
  const size_t row_block = task / v->panel_blocks % v->row_blocks, panel_block = task % v->panel_blocks;
  const size_t first = units * row_block / v->row_blocks, last = units * (row_block + 1) / v->row_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks, last_panel = panels * (panel_block + 1) / v->panel_blocks;

  char *scratch = (char *)v->scratch + worker * v->scratch_bytes;
  ptrdiff_t *offsets = (ptrdiff_t *)(void *)scratch;
  uint16_t *staged = (uint16_t *)(void *)(scratch + whole_lines(v->taps * sizeof *offsets));
  uint16_t *odd = (uint16_t *)(void *)(scratch + v->scratch_bytes - odd_bytes(v));
  if (v->pointwise) {
    for (size_t tap = 0; tap < v->taps; tap++) offsets[tap] = (ptrdiff_t)(tap * family->fills * v->pairs * 2 * sizeof *staged);
    stage_pointwise(v, first, last, odd, staged);
  } else {
    const size_t across = v->row_taps ? 1 : g->kernel_width, phases = column_phases(v), phase = phase_pixels(v, last - first);
    for (size_t tap = 0; tap < v->taps; tap++) {
      const size_t row = tap / across * g->dilation_height, column = tap % across * g->dilation_width;
      const size_t own = row % g->stride_height * phases + column % phases;
      const size_t pixel = own * phase + row / g->stride_height * phase_row(v) + column / phases;
      offsets[tap] = (ptrdiff_t)(pixel * pixel_bytes(v));
    }
    stage_rows(v, image, first, last, odd, staged);
  }

  // Tiles go over the rounded pixels that outputs' windows begin with. In a row of them the first `width` are wanted. A kernel that
  // fills its tiles takes them as they lie, and computes those between two rows of outputs too, and those behind the last.
  const size_t rows = v->pointwise ? 1 : last - first, width = v->pointwise ? last - first : g->out_width;
  const size_t step = v->pointwise ? 1 : window_step(v), line = v->pointwise ? width : phase_row(v) / step;
  const size_t pitch = family->fills ? line : width, exact = (rows - 1) * pitch + width;
  const size_t fills = v->tiled || exact > FEW_PIXELS ? larger(family->fills, 1) : 1, total = divide_up(exact, fills) * fills;
  const size_t pixel_step = (v->tiled ? 2 * v->pairs : v->channels) * sizeof *staged;
  const size_t tiles = divide_up(total, mr), even = family->fills ? mr : total / tiles, longer = family->fills ? 0 : total % tiles;
  const size_t first_pixel = v->pointwise ? first : (image * g->out_height + first) * g->out_width;
  // Lines to prefetch with each product of a tile, so that all tiles fetch a panel.
  const size_t products = v->taps * divide_up(v->pairs, larger(family->pairs, 1));
  block_job job = {
      .v = v, .offsets = offsets, .products = products,
      .epilogue = {
          .sums = {
              .y_stride = v->y_stride, .residual_stride = g->out_channels, .low = v->low, .high = v->high,
              .ahead_step = divide_up(panel_bytes(v), 64 * tiles * products)},
          .isa = v->isa, .activation = v->activation, .narrow = v->narrow_y != NULL}};
  if (family->begin) family->begin(v->pairs);
  // Tiles go over the pixels, and each panel over all tiles; if more is written than read, each tile over all panels, so that whole
  // rows of memory are written.
  const int tiles_first = (last_panel - first_panel) * panel_bytes(v) <= NEAR_BYTES / 2 && g->out_channels > v->taps * v->channels;
  const size_t passes = tiles_first ? 1 : last_panel - first_panel;
  for (size_t pass = 0; pass < passes; pass++) {
    const size_t begin = first_panel + pass, until = tiles_first ? last_panel : begin + 1;
    job.epilogue.sums.ahead = (kernels_fetch)v->w + until * panel_bytes(v);
    size_t pixel = first_pixel, row = 0, column = 0;
    for (size_t tile = 0, at = 0; at < total; tile++) {
      const size_t count = smaller(total - at, even + (tile < longer));
      uint32_t wanted = 0;
      for (size_t i = 0; i < count; i++) {
        // In tiles a half of a kernel's pixels lies behind all products of the other.
        const size_t place = v->tiled ? i < fills ? at * v->taps + i : (at + fills) * v->taps + i - fills : (row * line + column) * step;
        job.starts[i] = (const uint8_t *)staged + place * pixel_step;
        wanted |= (uint32_t)(column < width && at + i < exact) << i;
        if (++column == pitch) column = 0, row++;
      }
      at += count;
      if (!wanted) continue;
      job.pixels = count;
      job.wanted = wanted;
      for (size_t panel = begin; panel < until; panel++) run_tile(&job, pixel, panel);
      pixel += (size_t)__builtin_popcount(wanted);
    }
  }
  if (family->end) family->end();
}
