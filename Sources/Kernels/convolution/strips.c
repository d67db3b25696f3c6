#include "strips.h"

#include <string.h>

#include "geometry/reach.h"
#include "geometry/sizes.h"

// Of output, in a run.
enum { FEWEST_ROWS = 4 };

static size_t pixels_wide(const convolution_geometry *g) { return g->in_width * g->in_channels; }

// The geometry of one picture's output rows [first, first + rows). Returns the first row of input that they read.
static size_t take_rows(convolution_geometry *g, size_t first, size_t rows) {
  const size_t top = first * g->stride_height, start = top - smaller(top, g->pad_top);
  g->pad_top -= smaller(top, g->pad_top);
  g->in_height = smaller(g->in_height - start, rows_read(g, rows) - g->pad_top);
  g->out_height = rows;
  return start;
}

static size_t take_convolution_rows(f32_convolution *v, size_t first, size_t rows) {
  const size_t start = take_rows(&v->geometry, first, rows);
  v->pixel_blocks = divide_up(rows * v->geometry.out_width, v->pixel_block);
  v->tasks = v->pixel_blocks * v->panel_blocks;
  return start;
}

static size_t take_depthwise_rows(f32_depthwise *d, size_t first, size_t rows) {
  const size_t start = take_rows(&d->geometry, first, rows);
  d->tasks = divide_up(rows, d->row_block) * (d->geometry.in_channels / d->channel_block);
  return start;
}

// Leaves `rows` rows, somewhere in the middle of one picture, to plan for. Returns what was there.
static convolution_geometry leave_rows(convolution_geometry *g, size_t rows) {
  const convolution_geometry whole = *g;
  g->batch = 1;
  take_rows(g, 0, rows);
  return whole;
}

static void plan_convolution(f32_convolution *v, kernels_level level, size_t rows) {
  const convolution_geometry whole = leave_rows(&v->geometry, rows);
  f32_convolution_plan(v, level, 1);
  v->geometry = whole;
  v->geometry.batch = 1;
}

static void plan_depthwise(f32_depthwise *d, size_t rows) {
  const convolution_geometry whole = leave_rows(&d->geometry, rows);
  f32_depthwise_plan(d);
  d->geometry = whole;
}

int f32_strips_plan(f32_strips *s, kernels_level level, int threads, size_t near_bytes) {
  const convolution_geometry *g = &s->depthwise.geometry;
  KERNEL_REQUIRE(s->has_first || s->has_last);
  KERNEL_REQUIRE(g->pad_top < reach(g->kernel_height, g->dilation_height));
  KERNEL_REQUIRE((g->out_height - 1) * g->stride_height < g->in_height + g->pad_top);
  const size_t wide = s->has_first ? pixels_wide(g) * sizeof(float) : 0;
  const size_t narrow = s->has_last ? g->out_width * g->in_channels * sizeof(float) : 0;
  const size_t more = g->stride_height * wide + narrow, once = rows_read(g, 1) * wide + narrow;
  if (once + more > near_bytes) return 0;
  const size_t most = 1 + (near_bytes - once) / more;
  if (g->out_height <= most) return 0;
  // Runs of equal size for all threads. The first strip of each computes all of its rows.
  const size_t runs = threads > 1 ? 2 * (size_t)threads : 1;
  s->run_rows = divide_up(g->out_height, larger(1, smaller(runs, g->out_height / FEWEST_ROWS)));
  s->runs = divide_up(g->out_height, s->run_rows);
  s->rows = divide_up(s->run_rows, divide_up(s->run_rows, most));
  s->tasks = g->batch * s->runs;
  s->wide_bytes = whole_lines(rows_read(g, s->rows) * wide);
  s->narrow_bytes = whole_lines(s->rows * narrow);

  plan_depthwise(&s->depthwise, s->rows);
  s->zero_count = g->in_channels;
  size_t scratch = 0;
  if (s->has_first) {
    plan_convolution(&s->first, level, smaller(s->first.geometry.out_height, s->rows * g->stride_height));
    scratch = s->first.scratch_bytes;
    s->zero_count = larger(s->zero_count, s->first.zero_count);
  }
  if (s->has_last) {
    plan_convolution(&s->last, level, s->rows);
    scratch = larger(scratch, s->last.scratch_bytes);
  }
  s->scratch_bytes = s->wide_bytes + s->narrow_bytes + scratch;
  return 1;
}

static void run_convolution(f32_convolution *v) {
  for (size_t task = 0; task < v->tasks; task++) f32_convolution_task(v, task, 0);
}

// The first convolution's output rows [first, end) of a picture.
static void run_first(const f32_strips *s, const float *picture, size_t first, size_t end, float *y, void *scratch) {
  f32_convolution v = s->first;
  v.x = picture + take_convolution_rows(&v, first, end - first) * pixels_wide(&v.geometry);
  v.y = y;
  v.y_stride = v.geometry.out_channels;
  v.zero = s->zero;
  v.scratch = scratch;
  run_convolution(&v);
}

// Rows of the depthwise convolution's input that are in memory, of a picture: [first, end).
typedef struct {
  float *rows;
  size_t first, end;
} wide_strip;

// Brings the rows [first, end) in, of which those that are there already are kept.
static void fill(const f32_strips *s, const float *picture, wide_strip *strip, size_t first, size_t end, void *scratch) {
  const size_t row = pixels_wide(&s->depthwise.geometry);
  if (strip->end > first) {
    memmove(strip->rows, strip->rows + (first - strip->first) * row, (strip->end - first) * row * sizeof(float));
  } else {
    strip->end = first;
  }
  strip->first = first;
  if (end > strip->end) run_first(s, picture, strip->end, end, strip->rows + (strip->end - first) * row, scratch);
  strip->end = end;
}

void f32_strips_task(void *context, size_t task, size_t worker) {
  const f32_strips *s = context;
  KERNEL_REQUIRE(task < s->tasks && KERNEL_IS_ALIGNED(s->scratch, 64));
  const convolution_geometry *g = &s->depthwise.geometry, *in = s->has_first ? &s->first.geometry : g;
  const size_t image = task / s->runs, start = task % s->runs * s->run_rows;
  const size_t end = smaller(g->out_height, start + s->run_rows);
  const size_t y_stride = s->has_last ? s->last.y_stride : g->in_channels;
  const float *picture = s->x + image * in->in_height * pixels_wide(in);
  char *scratch = (char *)s->scratch + worker * s->scratch_bytes;
  wide_strip strip = {.rows = (float *)scratch};
  float *narrow = (float *)(scratch + s->wide_bytes);
  scratch += s->wide_bytes + s->narrow_bytes;

  for (size_t oy = start; oy < end; oy += s->rows) {
    const size_t rows = smaller(s->rows, end - oy), pixel = (image * g->out_height + oy) * g->out_width;
    float *y = s->y + pixel * y_stride;
    f32_depthwise d = s->depthwise;
    const size_t first = take_depthwise_rows(&d, oy, rows);
    d.x = picture + first * pixels_wide(g);
    if (s->has_first) {
      fill(s, picture, &strip, first, first + d.geometry.in_height, scratch);
      d.x = strip.rows;
    }
    d.zero = s->zero;
    d.geometry.batch = 1;
    d.y = s->has_last ? narrow : y;
    for (size_t part = 0; part < d.tasks; part++) f32_depthwise_task(&d, part, 0);
    if (!s->has_last) continue;
    f32_convolution v = s->last;
    take_convolution_rows(&v, 0, rows);
    v.x = narrow;
    v.y = y;
    v.residual = s->residual ? s->residual + pixel * v.geometry.out_channels : NULL;
    v.zero = s->zero;
    v.scratch = scratch;
    run_convolution(&v);
  }
}
