#include "q8_elementwise.h"

#include "cpu/multiversion.h"
#include "cpu/table.h"
#include "convolution/q8/q8_rounding.h"
#include "geometry/sizes.h"
#include "layout/copy_rows.h"

enum { BLOCK = 16 * 1024, CHUNK = 64 };

KERNEL_BODY quantize_row_body(const q8_quantize *v, const float *x, uint8_t *y, size_t count) {
  const float scale = v->scale, low = (float)(v->low - v->zero), high = (float)(v->high - v->zero);
  const int zero = v->zero;
  for (size_t i = 0; i < count; i++) y[i] = q8_round(q8_clamp(x[i] / scale, low, high), zero);
}

// `count` pixels of planes: a few at a time, so that the bytes of all channels are near when they are woven together.
KERNEL_BODY quantize_planes_body(const q8_quantize *v, const float *x, uint8_t *y, size_t count) {
  uint8_t bytes[4][CHUNK];
  const size_t channels = v->channels;
  for (size_t first = 0; first < count; first += CHUNK) {
    const size_t size = smaller(CHUNK, count - first);
    for (size_t c0 = 0; c0 < channels; c0 += 4) {
      const size_t planes = smaller(4, channels - c0);
      for (size_t c = 0; c < planes; c++) quantize_row_body(v, x + (c0 + c) * v->pixels + first, bytes[c], size);
      uint8_t *out = y + first * channels + c0;
      if (channels == 3 && size == CHUNK) {
        for (size_t p = 0; p < CHUNK; p++)
          for (size_t c = 0; c < 3; c++) out[3 * p + c] = bytes[c][p];
      } else {
        for (size_t p = 0; p < size; p++)
          for (size_t c = 0; c < planes; c++) out[p * channels + c] = bytes[c][p];
      }
    }
  }
}
MULTIVERSION(quantize_row, (const q8_quantize *v, const float *x, uint8_t *y, size_t count), (v, x, y, count))
MULTIVERSION(quantize_planes, (const q8_quantize *v, const float *x, uint8_t *y, size_t count), (v, x, y, count))

// Work is cut by pixels of one image where planes are turned, by elements where nothing moves.
static size_t part(int planes, size_t batch, size_t pixels, size_t channels, size_t *tasks) {
  const size_t block = planes ? (BLOCK / channels + CHUNK) & ~(size_t)(CHUNK - 1) : BLOCK;
  const size_t length = planes ? pixels : batch * pixels * channels;
  *tasks = (planes ? batch : 1) * ((length + block - 1) / block);
  return block;
}

void q8_quantize_plan(q8_quantize *v) { part(v->planes, v->batch, v->pixels, v->channels, &v->tasks); }

void q8_quantize_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_quantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  size_t tasks;
  const size_t block = part(v->planes, v->batch, v->pixels, v->channels, &tasks);
  uint8_t *y = v->y;
  if (!v->planes) {
    const size_t first = task * block, end = smaller(v->batch * v->pixels * v->channels, first + block);
    quantize_row(v->isa, v, v->x + first, y + first, end - first);
    return;
  }
  const size_t each = tasks / v->batch, image = task / each, first = task % each * block;
  const size_t plane = v->pixels * v->channels;
  quantize_planes(
      v->isa, v, v->x + image * plane + first, y + image * plane + first * v->channels,
      smaller(v->pixels, first + block) - first);
}

// The least and the largest of `count` values and 0; NaNs are passed over.
KERNEL_BODY range_body(const float *x, size_t count, float *range) {
  enum { LANES = 32 };
  float low[LANES] = {0}, high[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t j = 0; j < LANES; j++) {
      low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
      high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
    }
  }
  for (; i < count; i++) {
    low[0] = x[i] < low[0] ? x[i] : low[0];
    high[0] = x[i] > high[0] ? x[i] : high[0];
  }
  for (size_t j = 1; j < LANES; j++) {
    low[0] = low[j] < low[0] ? low[j] : low[0];
    high[0] = high[j] > high[0] ? high[j] : high[0];
  }
  range[0] = low[0];
  range[1] = high[0];
}
MULTIVERSION(range, (const float *x, size_t count, float *range), (x, count, range))

void q8_dynamic_quantize_plan(q8_dynamic_quantize *v) {
  // Each task of the second kind reads the ranges of all.
  v->block = larger(BLOCK, v->count / 256);
  v->tasks = divide_up(v->count, v->block);
}

void q8_find_range_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_dynamic_quantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * v->block;
  range(v->isa, v->x + first, smaller(v->count - first, v->block), v->ranges + 2 * task);
}

void q8_dynamic_quantize_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_dynamic_quantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  float low = 0, high = 0;
  for (size_t i = 0; i < v->tasks; i++) {
    low = v->ranges[2 * i] < low ? v->ranges[2 * i] : low;
    high = v->ranges[2 * i + 1] > high ? v->ranges[2 * i + 1] : high;
  }
  q8_quantize part = {.scale = high == low ? 1 : (high - low) / 255, .low = 0, .high = 255};
  part.zero = q8_round(q8_clamp(-low / part.scale, 0, 255), 0);
  if (task == 0) {
    *v->scale = part.scale;
    *v->zero = (uint8_t)part.zero;
  }
  const size_t first = task * v->block;
  quantize_row(v->isa, &part, v->x + first, v->y + first, smaller(v->count - first, v->block));
}

KERNEL_BODY dequantize_row_body(const q8_dequantize *v, const uint8_t *x, float *y, size_t count) {
  const uint8_t flip = v->x_signed ? 0x80 : 0;
  const int zero = v->zero + flip;
  const float scale = v->scale;
  for (size_t i = 0; i < count; i++) y[i] = (float)((x[i] ^ flip) - zero) * scale;
}
MULTIVERSION(dequantize_row, (const q8_dequantize *v, const uint8_t *x, float *y, size_t count), (v, x, y, count))

void q8_dequantize_plan(q8_dequantize *v) { part(v->planes, v->batch, v->pixels, v->channels, &v->tasks); }

void q8_dequantize_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_dequantize *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  size_t tasks;
  const size_t block = part(v->planes, v->batch, v->pixels, v->channels, &tasks);
  const uint8_t *x = v->x;
  if (!v->planes) {
    const size_t first = task * block, end = smaller(v->batch * v->pixels * v->channels, first + block);
    dequantize_row(v->isa, v, x + first, v->y + first, end - first);
    return;
  }
  const size_t each = tasks / v->batch, image = task / each, first = task % each * block;
  const size_t plane = v->pixels * v->channels, end = smaller(v->pixels, first + block);
  uint8_t line[CHUNK];
  for (size_t p = first; p < end; p += CHUNK) {
    const size_t size = smaller(CHUNK, end - p);
    for (size_t c = 0; c < v->channels; c++) {
      for (size_t i = 0; i < size; i++) line[i] = x[image * plane + (p + i) * v->channels + c];
      dequantize_row(v->isa, v, line, v->y + image * plane + c * v->pixels + p, size);
    }
  }
}

KERNEL_BODY add_body(const q8_add *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count) {
  const uint8_t a_flip = v->a_signed ? 0x80 : 0, b_flip = v->b_signed ? 0x80 : 0;
  const int a_zero = v->a_zero + a_flip, b_zero = v->b_zero + b_flip, zero = v->zero;
  const float a_multiplier = v->a_multiplier, b_multiplier = v->b_multiplier;
  const float low = (float)(v->low - zero), high = (float)(v->high - zero);
  for (size_t i = 0; i < count; i++) {
    const float sum = (float)((a[i] ^ a_flip) - a_zero) * a_multiplier + (float)((b[i] ^ b_flip) - b_zero) * b_multiplier;
    y[i] = q8_round(q8_clamp(sum, low, high), zero);
  }
}
MULTIVERSION(add, (const q8_add *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count), (v, a, b, y, count))

void q8_add_plan(q8_add *v) { v->tasks = (v->count + BLOCK - 1) / BLOCK; }

void q8_add_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_add *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * BLOCK, count = smaller(v->count - first, BLOCK);
  add(v->isa, v, (const uint8_t *)v->a + first, (const uint8_t *)v->b + first, (uint8_t *)v->y + first, count);
}

// `count` products; with `step` 0 one b serves them all.
KERNEL_BODY multiply_body(const q8_multiply *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count, size_t step) {
  const uint8_t a_flip = v->a_signed ? 0x80 : 0, b_flip = v->b_signed ? 0x80 : 0;
  const int a_zero = v->a_zero + a_flip, b_zero = v->b_zero + b_flip, zero = v->zero;
  const float multiplier = v->multiplier, low = (float)(v->low - zero), high = (float)(v->high - zero);
  if (step == 0) {
    const int factor = (*b ^ b_flip) - b_zero;
    for (size_t i = 0; i < count; i++)
      y[i] = q8_round(q8_clamp((float)(((a[i] ^ a_flip) - a_zero) * factor) * multiplier, low, high), zero);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const int product = ((a[i] ^ a_flip) - a_zero) * ((b[i] ^ b_flip) - b_zero);
    y[i] = q8_round(q8_clamp((float)product * multiplier, low, high), zero);
  }
}
MULTIVERSION(
    multiply, (const q8_multiply *v, const uint8_t *a, const uint8_t *b, uint8_t *y, size_t count, size_t step),
    (v, a, b, y, count, step))

// With gates a task is a few rows: pixels, or planes.
static size_t rows_of(const q8_multiply *v) { return v->batch * (v->planes ? v->channels : v->pixels); }
static size_t row_length(const q8_multiply *v) { return v->planes ? v->pixels : v->channels; }
static size_t rows_of_task(const q8_multiply *v) { return larger(1, BLOCK / row_length(v)); }

void q8_multiply_plan(q8_multiply *v) {
  v->tasks = v->gates ? divide_up(rows_of(v), rows_of_task(v)) : divide_up(v->batch * v->pixels * v->channels, BLOCK);
}

void q8_multiply_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_multiply *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const uint8_t *a = v->a, *b = v->b;
  uint8_t *y = v->y;
  if (!v->gates) {
    const size_t first = task * BLOCK, count = smaller(v->batch * v->pixels * v->channels - first, BLOCK);
    multiply(v->isa, v, a + first, b + first, y + first, count, 1);
    return;
  }
  const size_t length = row_length(v), first = task * rows_of_task(v), end = smaller(rows_of(v), first + rows_of_task(v));
  for (size_t row = first; row < end; row++) {
    const size_t at = row * length;
    if (v->planes) {
      multiply(v->isa, v, a + at, b + row, y + at, length, 0);
    } else {
      multiply(v->isa, v, a + at, b + row / v->pixels * length, y + at, length, 1);
    }
  }
}

void q8_look_up_portable(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = table[x[i]];
}

void q8_table_plan(q8_table *v) { v->tasks = divide_up(v->count, BLOCK); }

void q8_table_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_table *v = context;
  KERNEL_REQUIRE(task < v->tasks);
  const size_t first = task * BLOCK, count = smaller(v->count - first, BLOCK);
  kernels_table_for(v->isa)->q8_look_up(v->table, (const uint8_t *)v->x + first, (uint8_t *)v->y + first, count);
}

void q8_table_rows_plan(q8_table_rows *v) {
  v->block = larger(1, BLOCK / larger(1, v->bytes));
  v->tasks = divide_up(v->rows, v->block);
}

// Short rows are looked up together, and copied to their places.
void q8_table_rows_task(void *context, size_t task, size_t worker) {
  (void)worker;
  const q8_table_rows *v = context;
  KERNEL_REQUIRE(task < v->tasks && (v->rows <= 1 || v->y_step >= v->bytes));
  const q8_look_up_kernel look_up = kernels_table_for(v->isa)->q8_look_up;
  const size_t first = task * v->block, count = smaller(v->rows - first, v->block), bytes = v->bytes;
  const uint8_t *x = (const uint8_t *)v->x + first * bytes;
  uint8_t *y = (uint8_t *)v->y + first * v->y_step;
  uint8_t found[4096] __attribute__((aligned(64)));
  if (bytes > sizeof found / 4) {
    for (size_t row = 0; row < count; row++) look_up(v->table, x + row * bytes, y + row * v->y_step, bytes);
    return;
  }
  const size_t most = sizeof found / larger(1, bytes);
  for (size_t row = 0; row < count; row += most) {
    const size_t some = smaller(most, count - row);
    look_up(v->table, x + row * bytes, found, some * bytes);
    copy_rows((char *)y + row * v->y_step, v->y_step, (const char *)found, bytes, bytes, some);
  }
}
