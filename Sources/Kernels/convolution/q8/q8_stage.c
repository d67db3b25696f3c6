#include <string.h>

#include "cpu/multiversion.h"
#include "convolution/q8/q8_convolution_parts.h"
#include "layout/copy_rows.h"

KERNEL_BODY copy_flipped_body(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = from[i] ^ 0x80;
}
MULTIVERSION(copy_flipped, (uint8_t *to, const uint8_t *from, size_t count), (to, from, count))

KERNEL_BODY widen_inputs_body(int16_t *restrict to, const uint8_t *restrict from, size_t count, uint8_t flip, int zero) {
  for (size_t i = 0; i < count; i++) to[i] = (int16_t)((from[i] ^ flip) - zero);
}
MULTIVERSION(
    widen_inputs, (int16_t *to, const uint8_t *from, size_t count, uint8_t flip, int zero), (to, from, count, flip, zero))

KERNEL_BODY cut_body(uint8_t *restrict low, uint8_t *restrict high, size_t count) {
  for (size_t i = 0; i < count; i++) {
    high[i] = low[i] & 0x80;
    low[i] &= 0x7f;
  }
}
MULTIVERSION(cut, (uint8_t *low, uint8_t *high, size_t count), (low, high, count))

// The progress of gathering.
typedef struct {
  const q8_convolution *v;
  q8_staged *staged;
  size_t pixel, highs, most;  // pixels gathered and highs listed; there is room for `most` highs
  int listing;  // the eighth bits of high values are removed and listed
} progress;

static void pad(progress *state, size_t pixels) {
  const size_t pixel = pixel_bytes(state->v);
  memset(state->staged->x + state->pixel * pixel, staged_zero(state->v), pixels * pixel);
  if (state->listing)
    for (size_t p = 0; p < pixels; p++) state->staged->firsts[state->pixel + p] = (uint32_t)state->highs;
  state->pixel += pixels;
}

static void copy(progress *state, const uint8_t *from, size_t pixels) {
  const q8_convolution *v = state->v;
  const size_t channels = v->geometry.in_channels, count = pixels * channels;
  const uint8_t flip = v->x_signed ? 0x80 : 0;
  uint8_t *to = state->staged->x + state->pixel * pixel_bytes(v);
  if (state->listing) {
    for (size_t p = 0; p < pixels; p++) {
      const size_t at = state->pixel + p;
      state->staged->firsts[at] = (uint32_t)state->highs;
      state->highs += v->family->take_highs(
          state->staged->x + at * channels, from + p * channels, channels, flip, (uint16_t)at, state->staged->highs + state->highs);
      if (state->highs > state->most) {
        state->listing = 0;
        return;
      }
    }
  } else if (v->family->wide) {
    widen_inputs(v->kernels->level, (int16_t *)(void *)to, from, count, flip, v->x_zero + flip);
  } else if ((v->x_signed != 0) != v->family->x_signed) {
    copy_flipped(v->kernels->level, to, from, count);
  } else {
    memcpy(to, from, count);
  }
  state->pixel += pixels;
}

// Every `step`th pixel.
static void copy_apart(progress *state, const uint8_t *from, size_t step, size_t pixels) {
  const q8_convolution *v = state->v;
  const size_t channels = v->geometry.in_channels;
  if (state->listing || v->family->wide || (v->x_signed != 0) != v->family->x_signed) {
    for (size_t p = 0; p < pixels; p++) copy(state, from + p * step * channels, 1);
    return;
  }
  copy_rows((char *)state->staged->x + state->pixel * channels, channels, (const char *)from, step * channels, channels, pixels);
  state->pixel += pixels;
}

// The inputs of output rows [first, last) of an image, padding in place.
static void stage_rows(progress *state, size_t image, size_t first, size_t last) {
  const q8_convolution *v = state->v;
  const convolution_geometry *g = &v->geometry;
  const size_t columns = staged_columns(v), left = smaller(columns, g->pad_left);
  const size_t inside = smaller(columns - left, g->in_width);
  const uint8_t *x = (const uint8_t *)v->x + image * g->in_height * g->in_width * g->in_channels;
  ptrdiff_t iy = (ptrdiff_t)(first * g->stride_height) - (ptrdiff_t)g->pad_top;
  if (v->phase_pixels) {
    for (size_t row = 0; row < staged_rows(v, last - first); row++, iy++)
      for (size_t phase = 0; phase < g->stride_width; phase++) {
        state->pixel = phase_place(v, row, phase);
        const size_t count = divide_up(columns - smaller(columns, phase), g->stride_width);
        // The first columns of the phase in the picture and behind it.
        const size_t begin = left > phase ? smaller(count, divide_up(left - phase, g->stride_width)) : 0;
        const size_t end = left + inside > phase ? larger(begin, divide_up(left + inside - phase, g->stride_width)) : begin;
        if ((size_t)iy >= g->in_height) {
          pad(state, count);
          continue;
        }
        pad(state, begin);
        copy_apart(
            state, x + ((size_t)iy * g->in_width + phase + begin * g->stride_width - left) * g->in_channels, g->stride_width,
            end - begin);
        pad(state, count - end);
      }
    return;
  }
  for (size_t rows = staged_rows(v, last - first); rows > 0; rows--, iy++) {
    if ((size_t)iy < g->in_height) {
      pad(state, left);
      copy(state, x + (size_t)iy * g->in_width * g->in_channels, inside);
      pad(state, columns - left - inside);
    } else {
      pad(state, columns);
    }
  }
}

// The pixels that outputs [first, last) of a 1×1 convolution look at.
static void stage_pixels(progress *state, size_t first, size_t last) {
  const q8_convolution *v = state->v;
  const convolution_geometry *g = &v->geometry;
  while (first < last) {
    const size_t ox = first % g->out_width, row = first / g->out_width;
    const size_t oy = row % g->out_height, image = row / g->out_height;
    const size_t count = smaller(last - first, g->out_width - ox);
    const uint8_t *x =
        (const uint8_t *)v->x +
        ((image * g->in_height + oy * g->stride_height) * g->in_width + ox * g->stride_width) * g->in_channels;
    if (g->stride_width == 1) {
      copy(state, x, count);
    } else {
      for (size_t p = 0; p < count; p++) copy(state, x + p * g->stride_width * g->in_channels, 1);
    }
    first += count;
  }
}

static void stage(progress *state, size_t image, size_t first, size_t last) {
  if (state->v->pointwise) {
    stage_pixels(state, first, last);
  } else {
    stage_rows(state, image, first, last);
  }
}

void q8_stage(const q8_convolution *v, size_t image, size_t first, size_t last, q8_staged *staged) {
  progress listed = {.v = v, .staged = staged, .listing = v->family->take_highs != NULL};
  if (!listed.listing) {
    stage(&listed, image, first, last);
    return;
  }
  staged->dense = NULL;
  listed.most = most_highs(v, staged->pixels);
  stage(&listed, image, first, last);
  staged->firsts[staged->pixels] = (uint32_t)listed.highs;
  if (listed.listing) return;
  progress plain = {.v = v, .staged = staged};
  stage(&plain, image, first, last);
  staged->dense = (uint8_t *)staged->highs;  // their room is for either
  cut(v->kernels->level, staged->x, staged->dense, staged->pixels * v->geometry.in_channels);
}
