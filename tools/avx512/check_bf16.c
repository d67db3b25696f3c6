// Products of bf16 numbers, by the kernels of a processor that has them (emulated, where need be) and by the portable
// ones, against sums in double precision.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "training_kernels.h"

static unsigned long state = 1;
static int wrong, checks;

static int between(int low, int high) {
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return low + (int)((state >> 33) % (unsigned long)(high - low + 1));
}

static void *room(size_t bytes) {
  void *found = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
  if (!found) exit(1);
  memset(found, 0, bytes);
  return found;
}

static double real(uint16_t number) {
  const uint32_t bits = (uint32_t)number << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint16_t *numbers(const train_bf16_kernels *kernels, float *values, size_t count) {
  uint16_t *made = room(count * 2);
  for (int thread = 0; thread < 3; thread++) kernels->narrow(values, made, count, thread, 3);
  return made;
}

static float *noise(size_t count) {
  float *made = room(count * 4);
  for (size_t i = 0; i < count; i++) made[i] = (float)between(-100000, 100000) / 65536;
  return made;
}

static void expect(const train_bf16_kernels *kernels, const char *what, double error, int run, int columns) {
  checks++;
  if (error < 1e-5 * run) return;
  if (wrong++ < 20) printf("WRONG %s %s, %d × %d: %g\n", kernels->name, what, run, columns, error);
}

// Pictures of 5 × 6 pixels, of which 3 × 4 are the middles of 3 × 3 taps, one in every `every` left out; or the first 11
// of those by a single tap.
enum { IMAGES = 3, HEIGHT = 5, WIDTH = 6, MOST_POSITIONS = 12, MOST_TAPS = 9, PIXELS = HEIGHT * WIDTH };

static void products(const train_bf16_kernels *kernels, int tap_count, int run, int columns, int accumulate, int every) {
  const int positions = tap_count == 1 ? 11 : MOST_POSITIONS;
  const int width = kernels->width, panels = (columns + width - 1) / width;
  int32_t reads[MOST_POSITIONS], writes[MOST_POSITIONS], taps[MOST_TAPS], all[MOST_TAPS];
  for (int p = 0; p < positions; p++) reads[p] = (p / 4 * WIDTH + p % 4) * run, writes[p] = p * columns;
  for (int t = 0; t < tap_count; t++) taps[t] = (t / 3 * WIDTH + t % 3) * run, all[t] = t;
  float *x_real = noise(IMAGES * PIXELS * run), *dy_real = noise(IMAGES * positions * columns), *bias = noise(columns);
  uint16_t *x = numbers(kernels, x_real, IMAGES * PIXELS * run);
  uint16_t *dy = numbers(kernels, dy_real, IMAGES * positions * columns);
  const size_t count = (size_t)panels * tap_count * run * width;
  float *w = noise(count), *y = noise(IMAGES * positions * columns), *dw = noise(count);
  float *y_before = room(IMAGES * positions * columns * 4), *dw_before = room(count * 4);
  memcpy(y_before, y, IMAGES * positions * columns * 4), memcpy(dw_before, dw, count * 4);
  uint16_t *packed = room(count * 2), *y_narrow = numbers(kernels, y, IMAGES * positions * columns);
  uint16_t *y_narrow_before = numbers(kernels, y, IMAGES * positions * columns);
  double worst = 0, worst_narrow = 0;
  if (run % 2 != 0) goto weights;
  for (int thread = 0; thread < 2; thread++)
    kernels->narrow_weights(w, packed, (int64_t)panels * tap_count * run, thread, 2);

  const train_conv_class class = {positions, reads, writes, tap_count, taps, all};
  train_conv_job conv = {
      x, packed, bias, y, PIXELS * run, positions * columns, IMAGES, run, tap_count, columns, accumulate, 1, &class, 0};
  for (int thread = 0; thread < 2; thread++) kernels->convolve(&conv, thread, 2);
  conv.c = y_narrow, conv.c_narrow = 1;
  for (int thread = 0; thread < 2; thread++) kernels->convolve(&conv, thread, 2);
  for (int i = 0; i < IMAGES * positions; i++)
    for (int c = 0; c < columns; c++) {
      double sum = bias[c] + (accumulate ? y_before[i * columns + c] : 0);
      for (int t = 0; t < tap_count; t++)
        for (int k = 0; k < run; k++)
          sum += real(x[i / positions * PIXELS * run + reads[i % positions] + taps[t] + k]) *
                 real(packed[((((size_t)c / width * tap_count + t) * run + k) / 2 * width + c % width) * 2 + k % 2]);
      const double error = fabs(sum - y[i * columns + c]);
      if (!(error <= worst)) worst = error;
      // To 8 bits.
      if (accumulate) sum += real(y_narrow_before[i * columns + c]) - y_before[i * columns + c];
      const double rounding = fabs(sum - real(y_narrow[i * columns + c])) - fabs(sum) / 256;
      if (!(rounding <= worst_narrow)) worst_narrow = rounding;
    }
  expect(kernels, "convolution", worst, tap_count * run, columns);
  expect(kernels, "convolution to bf16", worst_narrow, tap_count * run, columns);

weights:;

  train_pair pairs[MOST_TAPS * MOST_POSITIONS];
  int32_t starts[MOST_TAPS + 1] = {0};
  for (int t = 0; t < tap_count; t++) {
    starts[t + 1] = starts[t];
    for (int p = 0; p < positions; p++)
      if ((p + t) % every != 0 || every == 1) pairs[starts[t + 1]++] = (train_pair){reads[p] + taps[t], p};
  }
  float *scratch = room((size_t)2 * TRAIN_WEIGHT_PANELS * TRAIN_WEIGHT_BLOCK * width * 4);
  const train_weight_job job = {x, dy, dw, PIXELS * run, positions * columns, columns, IMAGES, run, tap_count, columns,
                                positions, accumulate, starts, pairs, scratch};
  for (int thread = 0; thread < 2; thread++) kernels->weight_gradient(&job, thread, 2);
  worst = 0;
  for (int t = 0; t < tap_count; t++)
    for (int k = 0; k < run; k++)
      for (int c = 0; c < panels * width; c++) {
        const size_t at = (((size_t)c / width * tap_count + t) * run + k) * width + c % width;
        double sum = accumulate ? dw_before[at] : 0;
        for (int image = 0; c < columns && image < IMAGES; image++)
          for (int i = starts[t]; i < starts[t + 1]; i++)
            sum += real(x[image * PIXELS * run + pairs[i].x + k]) *
                   real(dy[(image * positions + pairs[i].position) * columns + c]);
        const double error = fabs(sum - dw[at]);
        if (!(error <= worst)) worst = error;
      }
  expect(kernels, "weights", worst, IMAGES * positions, columns);
  free(x_real), free(dy_real), free(bias), free(x), free(dy), free(w), free(y), free(dw), free(y_before);
  free(dw_before), free(packed), free(scratch), free(y_narrow), free(y_narrow_before);
}

// Both ways round must hold the same numbers.
static void transposition(const train_bf16_kernels *kernels, int taps, int inputs, int outputs) {
  const size_t width = (size_t)kernels->width, from_panels = (outputs + width - 1) / width;
  const size_t to_panels = (inputs + width - 1) / width;
  float *w = noise(from_panels * taps * inputs * width);
  uint16_t *t = room(to_panels * taps * outputs * width * 2), *narrow;
  narrow = numbers(kernels, w, from_panels * taps * inputs * width);
  memset(t, 0xff, to_panels * taps * outputs * width * 2);
  for (int thread = 0; thread < 3; thread++) kernels->transpose_weights(w, t, taps, inputs, outputs, thread, 3);
  double worst = 0;
  for (int tap = 0; tap < taps; tap++)
    for (int o = 0; o < outputs; o++)
      for (size_t i = 0; i < to_panels * width; i++) {
        const uint16_t found =
            t[(((i / width * taps + tap) * outputs + o) / 2 * width + i % width) * 2 + o % 2];
        const uint16_t expected =
            i < (size_t)inputs ? narrow[((o / width * taps + tap) * inputs + i) * width + o % width] : 0;
        if (found != expected) worst = 1;
      }
  expect(kernels, "transposition", worst, inputs, outputs);
  free(w), free(t), free(narrow);
}

// Moments, application and gradients of a normalisation, of x, y, residual and slopes that are bf16 or float.
static void normalization(const train_bf16_kernels *kernels, int rows, int channels, int kind, int narrow) {
  const int count = rows * channels, chunks = (rows + TRAIN_NORM_CHUNK - 1) / TRAIN_NORM_CHUNK, relu = kind != 0;
  float *x_real = noise(count), *r_real = noise(count), *dy_real = noise(count);
  uint16_t *x = numbers(kernels, x_real, count), *r = numbers(kernels, r_real, count);
  uint16_t *dy_narrow = numbers(kernels, dy_real, count), *y_narrow = room(count * 2), *x_copy = room(count * 2);
  float *y = room(count * 4), *partials = room((size_t)chunks * 3 * channels * 4), *factors = noise(6 * channels);
  float *scale = factors, *shift = scale + channels, *mean = shift + channels, *a = mean + channels;
  double worst = 0;
  for (int thread = 0; thread < 3; thread++) kernels->norm_moments(x, rows, channels, partials, thread, 3);
  for (int c = 0; c < channels; c++) {
    double sum = 0, square = 0, found = 0, found_square = 0;
    for (int row = 0; row < rows; row++)
      sum += real(x[row * channels + c]), square += pow(real(x[row * channels + c]), 2);
    for (int chunk = 0; chunk < chunks; chunk++) {
      const double n = chunk < chunks - 1 ? TRAIN_NORM_CHUNK : rows - chunk * TRAIN_NORM_CHUNK;
      const float *part = partials + chunk * 3 * channels;
      const double k = part[c], s = part[channels + c];
      found += s + n * k, found_square += part[2 * channels + c] + 2 * k * s + n * k * k;
    }
    worst = fmax(worst, fmax(fabs(sum - found), fabs(square - found_square)));
  }
  expect(kernels, "moments", worst, rows, channels);

  // kind 0: nothing more, 1: a rectifier, 2: a residual and a rectifier.
  for (int thread = 0; thread < 3; thread++)
    kernels->norm_apply(narrow ? (void *)x : x_real, narrow, kind < 2 ? NULL : narrow ? (void *)r : r_real, narrow, y,
                        narrow ? NULL : x_copy, y_narrow, scale, shift, rows, channels, relu, thread, 3);
  worst = 0;
  for (int i = 0; i < count; i++) {
    const int c = i % channels;
    double value = (narrow ? real(x[i]) : x_real[i]) * scale[c] + shift[c];
    if (kind == 2) value += narrow ? real(r[i]) : r_real[i];
    if (relu && value < 0) value = 0;
    worst = fmax(worst, fmax(fabs(value - y[i]), fabs(value - real(y_narrow[i])) - fabs(value) / 256));
    if (!narrow && x_copy[i] != x[i]) worst = 1;
  }
  expect(kernels, "normalisation", worst, 1, channels);

  // The slopes as floats hold what those in bf16 do.
  for (int i = 0; i < count; i++) dy_real[i] = (float)real(dy_narrow[i]);
  void *dy = narrow ? (void *)dy_narrow : dy_real;
  double *masked = room((size_t)count * 8);
  for (int i = 0; i < count; i++) {
    const int c = i % channels;
    const float value = (float)real(x[i]) * scale[c] + shift[c];
    masked[i] = kind == 2 ? (real(y_narrow[i]) > 0 ? dy_real[i] : 0) : kind == 1 && !(value > 0) ? 0 : dy_real[i];
  }
  for (int thread = 0; thread < 3; thread++)
    kernels->norm_gradient_sums(x, dy, kind == 2 ? y_narrow : NULL, kind == 2 ? dy : NULL, mean, scale, shift, rows,
                                channels, kind == 1, narrow, partials, thread, 3);
  worst = 0;
  for (int c = 0; c < channels; c++) {
    double sum = 0, product = 0;
    for (int row = 0; row < rows; row++) {
      const int i = row * channels + c;
      sum += masked[i], product += masked[i] * (real(x[i]) - mean[c]);
      if (kind == 2 && (narrow ? real(dy_narrow[i]) : dy_real[i]) != masked[i]) worst = 1e9;
    }
    for (int chunk = 0; chunk < chunks; chunk++) {
      sum -= partials[chunk * 2 * channels + c];
      product -= partials[(chunk * 2 + 1) * channels + c];
    }
    worst = fmax(worst, fmax(fabs(sum), fabs(product)));
  }
  expect(kernels, "a normalisation's sums", worst, rows, channels);

  for (int target = 0; target < 3; target++) {
    float *dx = target == TRAIN_NORM_NARROW ? NULL : noise(count), *before = room((size_t)count * 4);
    if (dx) memcpy(before, dx, (size_t)count * 4);
    uint16_t *dx_narrow = room((size_t)count * 2);
    for (int thread = 0; thread < 3; thread++)
      kernels->norm_gradient(x, dy, dx ? (void *)dx : dx_narrow, a, a + channels, a + 2 * channels, scale, shift, rows,
                             channels, kind == 1, narrow, (enum train_norm_target)target, thread, 3);
    worst = 0;
    for (int i = 0; i < count; i++) {
      const int c = i % channels;
      double value = a[c] * masked[i] + a[channels + c] * real(x[i]) + a[2 * channels + c];
      if (target == TRAIN_NORM_ADDS) value += before[i];
      worst = fmax(worst, dx ? fabs(value - dx[i]) : fabs(value - real(dx_narrow[i])) - fabs(value) / 256);
    }
    expect(kernels, "a normalisation's gradient", worst, 1, channels);
    free(dx), free(before), free(dx_narrow);
  }
  float *wide = noise(count), *before = room((size_t)count * 4);
  memcpy(before, wide, (size_t)count * 4);
  for (int thread = 0; thread < 3; thread++) kernels->widen(x, wide, narrow, (size_t)count, thread, 3);
  worst = 0;
  for (int i = 0; i < count; i++) worst = fmax(worst, fabs(wide[i] - real(x[i]) - (narrow ? before[i] : 0)));
  expect(kernels, "widening", worst, 1, channels);
  free(x_real), free(r_real), free(dy_real), free(x), free(r), free(dy_narrow), free(y_narrow), free(x_copy), free(y);
  free(partials), free(factors), free(masked), free(wide), free(before);
}

static void rounding(const train_bf16_kernels *kernels) {
  static const struct {
    uint32_t from;
    uint16_t to;
  } cases[] = {{0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82},
               {0x7f7fffff, 0x7f80}, {0x7f800000, 0x7f80}, {0xff800000, 0xff80}, {0x80000000, 0x8000},
               {0x7f800001, 0x7fc0}, {0xffc12345, 0xffc1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    float x;
    uint16_t y;
    memcpy(&x, &cases[i].from, sizeof x);
    kernels->narrow(&x, &y, 1, 0, 1);
    checks++;
    if (y != cases[i].to) wrong++, printf("WRONG %s rounding %08x: %04x\n", kernels->name, cases[i].from, y);
  }
}

static void all(const train_bf16_kernels *kernels) {
  static const int runs[] = {2, 16, 21, 26, 64, 402}, columns[] = {1, 15, 16, 17, 32, 33, 70};
  rounding(kernels);
  for (int r = 0; r < 6; r++)
    for (int c = 0; c < 7; c++)
      for (int every = 1; every <= 4; every++) {
        products(kernels, 9, runs[r], columns[c], every % 2, every);
        products(kernels, 1, runs[r], columns[c], every % 2, every);
      }
  static const int inputs[] = {1, 15, 16, 33, 64}, outputs[] = {2, 16, 30, 32, 70};
  for (int i = 0; i < 5; i++)
    for (int o = 0; o < 5; o++) transposition(kernels, 1, inputs[i], outputs[o]), transposition(kernels, 9, inputs[i], outputs[o]);
  static const int rows[] = {1, 31, 33, 513}, channels[] = {1, 7, 16, 33, 64, 100};
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 6; c++)
      for (int kind = 0; kind < 6; kind++) normalization(kernels, rows[r], channels[c], kind % 3, kind / 3);
  printf("%s\n", kernels->name);
}

#if defined(BF16_KERNELS)
extern const train_bf16_kernels BF16_KERNELS;
#endif

int main(void) {
  all(&train_bf16_kernels_portable);
#if defined(BF16_KERNELS)
  all(&BF16_KERNELS);
#endif
  printf("%d checks, %d wrong\n", checks, wrong);
  return wrong != 0;
}
