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
  uint16_t *packed = room(count * 2);
  for (int thread = 0; thread < 2; thread++)
    kernels->narrow_weights(w, packed, (int64_t)panels * tap_count * run, thread, 2);

  const train_conv_class class = {positions, reads, writes, tap_count, taps, all};
  const train_conv_job conv = {
      x, packed, bias, y, PIXELS * run, positions * columns, IMAGES, run, tap_count, columns, accumulate, 1, &class};
  for (int thread = 0; thread < 2; thread++) kernels->convolve(&conv, thread, 2);
  double worst = 0;
  for (int i = 0; i < IMAGES * positions; i++)
    for (int c = 0; c < columns; c++) {
      double sum = bias[c] + (accumulate ? y_before[i * columns + c] : 0);
      for (int t = 0; t < tap_count; t++)
        for (int k = 0; k < run; k++)
          sum += real(x[i / positions * PIXELS * run + reads[i % positions] + taps[t] + k]) *
                 real(packed[((((size_t)c / width * tap_count + t) * run + k) / 2 * width + c % width) * 2 + k % 2]);
      const double error = fabs(sum - y[i * columns + c]);
      if (!(error <= worst)) worst = error;
    }
  expect(kernels, "convolution", worst, tap_count * run, columns);

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
  free(dw_before), free(packed), free(scratch);
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
  static const int runs[] = {2, 16, 26, 64, 402}, columns[] = {1, 15, 16, 17, 32, 33, 70};
  rounding(kernels);
  for (int r = 0; r < 5; r++)
    for (int c = 0; c < 7; c++)
      for (int every = 1; every <= 4; every++) {
        products(kernels, 9, runs[r], columns[c], every % 2, every);
        products(kernels, 1, runs[r], columns[c], every % 2, every);
      }
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
