// The kernels of every level there is, the float ones against definitions in double precision, the 8-bit ones against the portable
// ones: for builds that the Swift tests do not reach, emulated or of another processor.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "igemm.h"
#include "q8_convolution.h"
#include "q8_depthwise.h"
#include "q8_elementwise.h"
#include "q8_winograd.h"
#include "winograd.h"

static unsigned long state = 1;
static int wrong, checks;

static int between(int low, int high) {
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return low + (int)((state >> 33) % (unsigned long)(high - low + 1));
}

static float real(void) { return (float)between(-1000, 1000) / 1000; }

static void *room(size_t bytes) {
  void *found = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
  if (!found) exit(1);
  memset(found, 0x5a, bytes);
  return found;
}

static float *reals(size_t count) {
  float *made = room(4 * count);
  for (size_t i = 0; i < count; i++) made[i] = real();
  return made;
}

static void expect(int good, const char *what, int a, int b, int c, double worst) {
  checks++;
  if (good) return;
  if (wrong++ < 20) printf("WRONG %s: %d, %d, %d: %g\n", what, a, b, c, worst);
}

// Every tile of the float kernel, at awkward sizes, with and without residual; a NaN must come out again.
static void float_tiles(kernels_level level) {
  const f32_igemm_family *family = f32_igemm_for(level);
  const int mr = (int)family->mr, nr = (int)family->nr;
  const int sizes[] = {1, 3, 5, 16, 17, 64, 127}, some[] = {1, nr / 2 - 1, nr / 2, nr / 2 + 1, nr - 1, nr};
  for (int ci = 0; ci < 7; ci++) {
    for (int oi = 0; oi < 6; oi++) {
      for (int pixels = 1; pixels <= mr; pixels++) {
        const int channels = sizes[ci], outputs = some[oi], taps = 1 + pixels % 3, residual = (pixels + oi) % 2;
        float *w = reals(nr + taps * channels * nr), *x = reals(taps * mr * channels), *r = reals(mr * outputs);
        float *y = room(4 * mr * 40);
        for (int i = 0; i < mr * 40; i++) y[i] = 777;
        const float **rows = room(sizeof(float *) * taps * mr);
        for (int t = 0; t < taps * mr; t++) rows[t] = x + t * channels;
        if (pixels == mr) x[0] = NAN;
        const f32_igemm_epilogue epilogue = {
            40, outputs, residual ? -0.5f : -INFINITY, residual ? 0.5f : INFINITY, (kernels_fetch)w, 64};
        family->run(pixels, outputs, taps, channels, rows, 0, w, w + nr, y, residual ? r : NULL, &epilogue);
        double worst = 0;
        for (int p = 0; p < mr; p++) {
          for (int o = 0; o < 40; o++) {
            double sum = 777;
            if (p < pixels && o < outputs) {
              sum = w[o];
              for (int t = 0; t < taps; t++) {
                for (int c = 0; c < channels; c++) sum += (double)rows[t * mr + p][c] * w[nr + (t * channels + c) * nr + o];
              }
              if (residual) sum += r[p * outputs + o];
              if (sum < epilogue.low) sum = epilogue.low;
              if (sum > epilogue.high) sum = epilogue.high;
            }
            const double error = isnan(sum) ? (isnan(y[p * 40 + o]) ? 0 : 1e9) : fabs(sum - y[p * 40 + o]);
            if (!(error <= worst)) worst = error;
          }
        }
        expect(worst < 1e-4, family->name, channels, outputs, pixels, worst);
        free(w), free(x), free(r), free(y), free(rows);
      }
    }
  }
}

// Convolutions by Winograd at every tile size against the definition.
static void float_winograd(
    kernels_level level, int keeps_taps, int stride, int tile, int height, int width, int in, int out, int pad, int residual) {
  f32_winograd v = {
      .geometry = {
          .batch = 1, .in_height = height, .in_width = width, .in_channels = in, .out_channels = out,
          .out_height = (height + 2 * pad - 3) / stride + 1, .out_width = (width + 2 * pad - 3) / stride + 1,
          .kernel_height = 3, .kernel_width = 3, .stride_height = stride, .stride_width = stride, .dilation_height = 1,
          .dilation_width = 1, .pad_top = pad, .pad_left = pad, .groups = 1},
      .keeps_taps = keeps_taps, .tile = tile, .low = residual ? 0 : -INFINITY, .high = INFINITY, .y_stride = out};
  f32_winograd_plan(&v, level, 2);
  const size_t outputs = v.geometry.out_height * v.geometry.out_width * out;
  float *w = reals((size_t)out * in * 9), *bias = reals(out), *x = reals((size_t)height * width * in), *r = reals(outputs);
  float *packed = room(4 * v.packed_count), *y = room(4 * outputs), *zero = room(4 * v.zero_count + 64);
  memset(zero, 0, 4 * v.zero_count);
  f32_winograd_pack(&v, w, bias, packed);
  v.x = x, v.w = packed, v.y = y, v.zero = zero, v.residual = residual ? r : NULL, v.scratch = room(v.scratch_bytes);
  for (size_t task = 0; task < v.input_tasks; task++) f32_winograd_inputs_task(&v, task, 0);
  for (size_t task = 0; task < v.tasks; task++) f32_winograd_task(&v, task, 0);
  double worst = 0, largest = 0;
  for (int oy = 0; oy < (int)v.geometry.out_height; oy++) {
    for (int ox = 0; ox < (int)v.geometry.out_width; ox++) {
      for (int o = 0; o < out; o++) {
        double sum = bias[o];
        for (int k = 0; k < 9; k++) {
          const int iy = oy * stride + k / 3 - pad, ix = ox * stride + k % 3 - pad;
          if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
          for (int c = 0; c < in; c++) sum += (double)x[(iy * width + ix) * in + c] * w[((size_t)o * in + c) * 9 + k];
        }
        const size_t at = (oy * v.geometry.out_width + ox) * out + o;
        if (residual) sum += r[at];
        if (sum < v.low) sum = v.low;
        if (fabs(sum) > largest) largest = fabs(sum);
        if (!(fabs(sum - y[at]) <= worst)) worst = fabs(sum - y[at]);
      }
    }
  }
  expect(worst < 1e-4 * largest, "f32_winograd", tile, in, out, worst);
  free(w), free(bias), free(x), free(r), free(packed), free(y), free(zero), free(v.scratch);
}

typedef struct {
  uint8_t *x, *w, *residual;
  int32_t *w_zeros, *bias;
  float *multipliers;
  size_t outputs;
} problem;

// `extreme`: everything at the ends of its range, where instructions that saturate go wrong.
static problem problem_of(const q8_convolution *v, int w_signed, int extreme) {
  const convolution_geometry *g = &v->geometry;
  const size_t run = g->in_channels / g->groups * g->kernel_height * g->kernel_width, outputs = g->out_channels;
  const size_t inputs = g->batch * g->in_height * g->in_width * g->in_channels;
  problem made = {room(inputs), room(run * outputs), NULL, room(4 * outputs), room(4 * outputs), room(4 * outputs), 0};
  made.outputs = g->batch * g->out_height * g->out_width * outputs;
  made.residual = room(made.outputs);
  const int low = v->x_signed ? 0x80 : 0, high = v->x_signed ? 0x7f : 0xff;
  for (size_t i = 0; i < inputs; i++) made.x[i] = extreme ? (between(0, 7) ? high : low) : between(0, 15) ? between(0, 127) ^ low : between(0, 255);
  int up = 1;
  for (size_t i = 0; i < run * outputs; i++) {
    if (between(0, 30) == 0) up = !up;
    made.w[i] = !extreme ? between(0, 255) : w_signed ? (up ? 127 : 0x80) : (up ? 255 : 0);
  }
  for (size_t i = 0; i < made.outputs; i++) made.residual[i] = between(0, 255);
  for (size_t o = 0; o < outputs; o++) {
    made.w_zeros[o] = w_signed ? 0 : 128;
    made.bias[o] = between(-5000, 5000);
    made.multipliers[o] = 60.f / (127.f * 127.f * (extreme ? run : sqrtf(run) * 2)) * (between(50, 100) / 100.f);
  }
  return made;
}

static void free_problem(problem *made) {
  free(made->x), free(made->w), free(made->residual), free(made->w_zeros), free(made->bias), free(made->multipliers);
}

static uint8_t *direct(q8_convolution v, kernels_level level, const problem *given, int w_signed, int residual) {
  q8_convolution_plan(&v, level, 2);
  const f32_weight_layout layout = q8_convolution_layout(&v);
  const int32_t *zeros = w_signed ? NULL : given->w_zeros;
  const size_t bytes =
      q8_convolution_pack(&v, given->w, w_signed, layout, zeros, given->bias, given->multipliers, NULL, NULL, 0);
  void *packed = room(bytes);
  q8_convolution_pack(&v, given->w, w_signed, layout, zeros, given->bias, given->multipliers, NULL, packed, bytes);
  uint8_t *y = room(given->outputs);
  v.x = given->x, v.w = packed, v.y = y, v.y_stride = v.geometry.out_channels, v.residual = residual ? given->residual : NULL;
  v.scratch = room(v.scratch_bytes);
  for (size_t task = 0; task < v.tasks; task++) q8_convolution_task(&v, task, 0);
  free(packed), free(v.scratch);
  return y;
}

static uint8_t *winograd(
    q8_convolution v, kernels_level level, const problem *given, int w_signed, int residual, int keeps_taps) {
  q8_winograd n = {.convolution = v, .keeps_taps = keeps_taps};
  q8_winograd_plan(&n, level, 2);
  void *packed = room(n.packed_bytes);
  q8_winograd_pack(
      &n, given->w, w_signed, q8_convolution_layout(&v), w_signed ? NULL : given->w_zeros, given->bias, given->multipliers,
      NULL, packed);
  uint8_t *y = room(given->outputs);
  n.convolution.x = given->x, n.convolution.w = packed, n.convolution.y = y;
  n.convolution.y_stride = v.geometry.out_channels, n.convolution.residual = residual ? given->residual : NULL;
  n.convolution.scratch = room(n.scratch_bytes);
  for (size_t task = 0; task < n.tasks; task++) q8_winograd_task(&n, task, 0);
  free(packed), free(n.convolution.scratch);
  return y;
}

// The same sums must come out as of the portable kernel; one step is rounding, in at most one value of a thousand.
static void compare(const char *what, kernels_level level, const problem *given, const uint8_t *ours, const uint8_t *theirs) {
  size_t off = 0;
  int worst = 0;
  for (size_t i = 0; i < given->outputs; i++) {
    const int error = abs(ours[i] - theirs[i]);
    off += error > 0;
    if (error > worst) worst = error;
  }
  expect(worst <= 1 && off <= 1 + given->outputs / 1000, what, (int)level, worst, (int)off, (double)given->outputs);
}

static void int8_layer(kernels_level level, q8_convolution v, int mode) {
  const int w_signed = !(mode & 2), extreme = !!(mode & 4), residual = !!(mode & 8);
  v.x_signed = mode & 1;
  // As behind a Relu: kernels of their own.
  const int low = between(0, 1);
  v.x_zero = (v.x_signed ? -128 : 0) + between(0, low ? 31 : 255);
  convolution_geometry *g = &v.geometry;
  g->out_height = (g->in_height + 2 * g->pad_top - g->dilation_height * (g->kernel_height - 1) - 1) / g->stride_height + 1;
  g->out_width = (g->in_width + 2 * g->pad_left - g->dilation_width * (g->kernel_width - 1) - 1) / g->stride_width + 1;
  v.epilogue = (q8_epilogue){.y_zero = between(0, 1) ? 0 : 100, .high = 255, .residual_zero = 90, .residual_multiplier = 0.5f};
  if (residual && v.x_signed) {
    v.epilogue.intermediate = 1;
    v.epilogue.t_zero = 120, v.epilogue.t_high = 255;
    v.epilogue.t_multiplier = 0.709817f, v.epilogue.residual_multiplier = 0.530331f;
    v.epilogue.residual_signed = w_signed;
  }
  problem given = problem_of(&v, w_signed, extreme);
  uint8_t *theirs = direct(v, KERNELS_PORTABLE, &given, w_signed, residual);
  uint8_t *ours = direct(v, level, &given, w_signed, residual);
  compare("q8_convolution", level, &given, ours, theirs);
  free(ours), free(theirs);
  if (g->kernel_height == 3 && g->kernel_width == 3 && g->stride_height == 1 && g->dilation_height == 1 && g->groups == 1 &&
      g->in_channels % 16 == 0) {
    theirs = winograd(v, KERNELS_PORTABLE, &given, w_signed, residual, 0);
    for (int keeps_taps = 0; keeps_taps <= 1; keeps_taps++) {
      ours = winograd(v, level, &given, w_signed, residual, keeps_taps);
      compare(keeps_taps ? "q8_winograd of taps" : "q8_winograd", level, &given, ours, theirs);
      free(ours);
    }
    free(theirs);
  }
  free_problem(&given);
}

#define LAYER(h, w, in, out, k, stride, pad, group)                                                             \
  (q8_convolution) {                                                                                            \
    .geometry = {                                                                                               \
      .batch = 1, .in_height = h, .in_width = w, .in_channels = in, .out_channels = out, .kernel_height = k,      \
    .kernel_width = k, .stride_height = stride, .stride_width = stride, .dilation_height = 1, .dilation_width = 1, \
    .pad_top = pad, .pad_left = pad, .groups = group}                                                           \
  }

static void float_kernels(kernels_level level) {
  float_tiles(level);
  for (int tile = 2; tile <= 6; tile++) {
    for (int keeps_taps = 0; keeps_taps < 2; keeps_taps++) {
      float_winograd(level, keeps_taps, 1, tile, 9, 11, 16, 17, 1, 0);
      float_winograd(level, keeps_taps, 1, tile, 8, 8, 33, 40, 1, 1);
      float_winograd(level, keeps_taps, 1, tile, 14, 13, 64, 64, 0, 1);
      float_winograd(level, keeps_taps, 1, tile, 7, 6, 130, 33, 1, 1);
      if (tile == 2 || tile == 4) float_winograd(level, keeps_taps, 2, tile, 15, 22, 33, 40, 1, 1);
    }
  }
}

// A depthwise layer, beside the portable kernel's. The shifts are 0: without them no level rounds a product twice.
static void depthwise(kernels_level level, int h, int w, int channels, int kernel, int stride, int dilation, int mode) {
  q8_depthwise v = {.x_signed = mode & 1, .x_zero = mode & 1 ? -7 : 119, .y_zero = 12, .low = mode & 2 ? -128 : 0};
  v.high = v.low + 255;
  const int pad = dilation * (kernel / 2), reach = dilation * (kernel - 1) + 1;
  v.geometry = (convolution_geometry){
      .batch = 2, .in_height = (size_t)h, .in_width = (size_t)w, .in_channels = (size_t)channels,
      .out_height = (size_t)((h + 2 * pad - reach) / stride + 1), .out_width = (size_t)((w + 2 * pad - reach) / stride + 1),
      .kernel_height = (size_t)kernel, .kernel_width = (size_t)kernel, .stride_height = (size_t)stride,
      .stride_width = (size_t)stride, .dilation_height = (size_t)dilation, .dilation_width = (size_t)dilation,
      .pad_top = (size_t)pad, .pad_left = (size_t)pad};
  const size_t inputs = 2 * (size_t)(h * w * channels), taps = (size_t)(kernel * kernel);
  const size_t outputs = 2 * v.geometry.out_height * v.geometry.out_width * (size_t)channels;
  uint8_t *x = room(inputs), *weights = room(taps * (size_t)channels), *made[2];
  for (size_t i = 0; i < inputs; i++) x[i] = (uint8_t)between(0, 255);
  for (size_t i = 0; i < taps * (size_t)channels; i++) weights[i] = (uint8_t)(between(0, 3) ? between(0, 255) : 255);
  int32_t *bias = room(4 * (size_t)channels), *zeros = room(4 * (size_t)channels);
  float *multipliers = room(4 * (size_t)channels);
  for (int c = 0; c < channels; c++) {
    bias[c] = between(-5000, 5000), zeros[c] = mode & 4 ? between(0, 255) - (mode & 8 ? 128 : 0) : 0;
    multipliers[c] = (float)between(50000, 100000) / 100003 / 200;
  }
  for (int i = 0; i < 2; i++) {
    q8_depthwise own = v;
    q8_depthwise_plan(&own, i ? level : KERNELS_PORTABLE);
    const size_t size = q8_depthwise_pack(&own, weights, mode >> 3 & 1, zeros, bias, multipliers, NULL, NULL, 0);
    void *packed = room(size), *scratch = room(own.scratch_bytes);
    q8_depthwise_pack(&own, weights, mode >> 3 & 1, zeros, bias, multipliers, NULL, packed, size);
    own.x = x, own.w = packed, own.y = made[i] = room(outputs), own.scratch = scratch;
    for (size_t task = 0; task < own.tasks; task++) q8_depthwise_task(&own, task, 0);
    free(packed), free(scratch);
  }
  expect(memcmp(made[0], made[1], outputs) == 0, "depthwise", level, channels, 100 * kernel + 10 * stride + mode, 0);
  free(x), free(weights), free(bias), free(zeros), free(multipliers), free(made[0]), free(made[1]);
}

static void byte_table(kernels_level level, size_t count) {
  uint8_t *table = room(256), *x = room(count), *y = room(count);
  for (int i = 0; i < 256; i++) table[i] = (uint8_t)between(0, 255);
  for (size_t i = 0; i < count; i++) x[i] = (uint8_t)between(0, 255);
  q8_table v = {.isa = level, .count = count, .x = x, .table = table, .y = y};
  q8_table_plan(&v);
  for (size_t task = 0; task < v.tasks; task++) q8_table_task(&v, task, 0);
  for (size_t i = 0; i < count; i++) expect(y[i] == table[x[i]], "table", level, (int)i, (int)count, 0);
  free(table), free(x), free(y);
}

static void int8_kernels(kernels_level level) {
  for (int mode = 0; mode < 16; mode++) {
    for (int channels = 1; channels <= 144; channels += channels < 15 ? 7 : 9) {
      depthwise(level, 5, 7, channels, 3, 1, 1, mode);
      depthwise(level, 6, 9, channels, 3, 2, 1, mode);
      depthwise(level, 8, 7, channels, 5, 1, 1, mode);
      depthwise(level, 9, 10, channels, 3, 1, 2, mode);
      depthwise(level, 4, 5, channels, 1, 1, 1, mode);
    }
  }
  byte_table(level, 17), byte_table(level, 20000);
  for (int mode = 0; mode < 16; mode++) {
    int8_layer(level, LAYER(5, 7, 24, 17, 3, 1, 1, 1), mode);
    int8_layer(level, LAYER(9, 11, 16, 17, 3, 1, 1, 1), mode);
    int8_layer(level, LAYER(10, 8, 64, 66, 3, 1, 1, 1), mode);
    int8_layer(level, LAYER(5, 7, 160, 33, 3, 1, 1, 1), mode);
    if (mode % 4 == 0) int8_layer(level, LAYER(17, 14, 144, 32, 3, 1, 1, 1), mode);
    int8_layer(level, LAYER(1, 1, 127, 33, 1, 1, 0, 1), mode);
    int8_layer(level, LAYER(7, 6, 64, 40, 1, 2, 0, 1), mode);
    int8_layer(level, LAYER(13, 11, 3, 20, 7, 2, 3, 1), mode);
    int8_layer(level, LAYER(6, 6, 32, 32, 3, 1, 1, 8), mode);
    int8_layer(level, LAYER(6, 6, 48, 48, 3, 1, 1, 12), mode);
    int8_layer(level, LAYER(7, 5, 64, 64, 3, 2, 1, 8), mode);
    int8_layer(level, LAYER(5, 7, 20, 16, 3, 1, 1, 1), mode);
    int8_layer(level, LAYER(6, 7, 16, 5, 1, 1, 0, 1), mode);
    int8_layer(level, LAYER(5, 7, 400, 33, 1, 1, 0, 1), mode);
    int8_layer(level, LAYER(7, 8, 44, 40, 3, 2, 1, 1), mode);
  }
}

int main(void) {
  for (int i = 0; i < KERNELS_LEVEL_COUNT; i++) {
    const kernels_level level = (kernels_level)i;
    if (!kernels_level_available(level)) continue;
    q8_convolution some = LAYER(5, 7, 32, 17, 3, 1, 1, 1);
    some.geometry.out_height = 5, some.geometry.out_width = 7;
    q8_winograd same = {.convolution = some};
    q8_convolution_plan(&some, level, 1);
    q8_winograd_plan(&same, level, 1);
    printf("%s: %s, %s, %s\n", kernels_level_name(level), f32_igemm_for(level)->name, q8_convolution_kernel(&some),
           q8_winograd_kernel(&same));
    if (kernels_level_base(level) == level) float_kernels(level);
    int8_kernels(level);
  }
  printf("%d checks, %d wrong\n", checks, wrong);
  return wrong != 0;
}
