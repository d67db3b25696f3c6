#include <string.h>

#include "convolution/q8/byte_tiles.h"
#include "cpu/multiversion.h"
#include "convolution/q8/q8_convolution_parts.h"

f32_weight_layout q8_convolution_layout(const q8_convolution *v) { return weight_layout_of(&v->geometry); }

typedef struct {
  const q8_convolution *v;
  const uint8_t *w;
  uint8_t flip;  // turns an s8 weight into a u8 one that is 128 higher
  f32_weight_layout layout;
  const int32_t *w_zeros;
} weight_source;

static int weight_zero(const weight_source *s, size_t o) { return (s->flip ? 128 : 0) + (s->w_zeros ? s->w_zeros[o] : 0); }

// The weight, less its zero point, that output `o` has for input `k` of run `tap`: −255 ... 255.
static int weight_at(const weight_source *s, size_t o, size_t tap, size_t k) {
  const q8_convolution *v = s->v;
  const convolution_geometry *g = &v->geometry;
  if (k >= v->run) return 0;
  size_t c = k, place = tap;
  if (row_runs(v)) {
    place = tap * g->kernel_width + k / g->in_channels;
    c = k % g->in_channels;
  }
  if (v->merged > 1 && !v->family->by_groups) {
    const size_t outputs = g->out_channels / g->groups, channels = g->in_channels / g->groups;
    if (o % (outputs * v->merged) / outputs != c / channels) return 0;
    c %= channels;
  }
  const uint8_t *from = s->w + o * s->layout.output_stride;
  return (from[c * s->layout.channel_stride + place * s->layout.tap_stride] ^ s->flip) - weight_zero(s, o);
}

// Whether each output's weights lie side by side, channel by channel.
static int is_dense(const weight_source *s) {
  const size_t area = s->v->geometry.kernel_height * s->v->geometry.kernel_width;
  return s->layout.channel_stride == area && (s->layout.tap_stride == 1 || area == 1);
}

// Where output `lane`'s weight for input `k` lies in a step.
static size_t place_in_step(const q8_igemm_family *family, size_t lane, size_t k) {
  return (k / family->sub * family->nr + lane) * family->sub + k % family->sub;
}

// Cuts four weights, two at `near` and two `far` bytes behind, to what Q8_FOURS_WITHIN_255 allows.
static void cut_four(int8_t *near, size_t far) {
  int above = 255, below = 255;  // still free
  for (size_t i = 0; i < 4; i++) {
    int8_t *w = near + (i & 1) + (i & 2 ? far : 0);
    const int room = *w > 0 ? above : below, size = *w > 0 ? *w : -*w, kept = size < room ? size : room;
    if (*w > 0) {
      above -= kept;
      *w = (int8_t)kept;
    } else {
      below -= kept;
      *w = (int8_t)-kept;
    }
  }
}

// Moves as much of `rest` (the weights of a step, in its layout) as one step can hold to `taken`. Returns whether any is left.
static int take_step(const q8_igemm_family *family, int16_t *rest, int8_t *taken) {
  int left = 0;
  const size_t count = family->nr * family->kr;
  for (size_t i = 0; i < count; i++) taken[i] = (int8_t)(rest[i] > 127 ? 127 : rest[i] < -128 ? -128 : rest[i]);
  if (family->rule == Q8_PAIRS_EIGHT_APART) {
    for (size_t o = 0; o < family->nr; o++)
      for (size_t k = 0; k < 8; k++) {
        int8_t *far = taken + place_in_step(family, o, k + 8);
        if (taken[place_in_step(family, o, k)] == -128 && *far == -128) *far = -127;
      }
  } else if (family->rule == Q8_FOURS_WITHIN_255) {
    for (size_t i = 0; i < count / 2; i += 2) cut_four(taken + i, count / 2);
  }
  for (size_t i = 0; i < count; i++) {
    rest[i] = (int16_t)(rest[i] - taken[i]);
    left |= rest[i];
  }
  return left != 0;
}

// The least, the largest and the sum of bytes ^ flip.
KERNEL_BODY survey_body(const uint8_t *bytes, size_t count, uint8_t flip, uint8_t *low, uint8_t *high, int64_t *sum) {
  uint8_t least = *low, most = *high;
  while (count > 0) {
    const size_t part = smaller(count, 1 << 20);
    uint32_t total = 0;
    for (size_t i = 0; i < part; i++) {
      const uint8_t value = bytes[i] ^ flip;
      least = value < least ? value : least;
      most = value > most ? value : most;
      total += value;
    }
    *sum += total;
    bytes += part;
    count -= part;
  }
  *low = least;
  *high = most;
}
MULTIVERSION(
    survey, (const uint8_t *bytes, size_t count, uint8_t flip, uint8_t *low, uint8_t *high, int64_t *sum),
    (bytes, count, flip, low, high, sum))

// Whether every weight of output `o`, less its zero point, fits into 8 bits as the rule allows; and their sum.
static int fits(const weight_source *s, size_t o, int64_t *sum) {
  const q8_convolution *v = s->v;
  const convolution_geometry *g = &v->geometry;
  const size_t channels = g->in_channels / g->groups, area = g->kernel_height * g->kernel_width;
  const uint8_t *from = s->w + o * s->layout.output_stride;
  uint8_t low = 255, high = 0;  // flipped: in the order of u8
  *sum = 0;
  if (is_dense(s)) {
    survey(v->kernels->level, from, channels * area, s->flip, &low, &high, sum);
  } else {
    for (size_t c = 0; c < channels; c++)
      for (size_t tap = 0; tap < area; tap++)
        survey(
            KERNELS_PORTABLE, from + c * s->layout.channel_stride + tap * s->layout.tap_stride, 1, s->flip, &low, &high, sum);
  }
  const int zero = weight_zero(s, o);
  *sum -= (int64_t)(channels * area) * zero;
  return low - zero >= (v->family->rule == Q8_PAIRS_EIGHT_APART ? -127 : -128) && high - zero <= 127;
}

// Puts the weights of output `o` into place `lane` of a panel of zeros.
static void pack_output(const weight_source *s, size_t o, size_t lane, int8_t *out) {
  const q8_convolution *v = s->v;
  const convolution_geometry *g = &v->geometry;
  const size_t nr = v->family->nr, sub = v->family->sub, channels = g->in_channels / g->groups;
  const uint8_t zero = (uint8_t)weight_zero(s, o);
  // With merged groups an output's channels begin behind those of the groups before its own, unless these are kept apart.
  const size_t outputs = g->out_channels / g->groups;
  const size_t skipped = v->family->by_groups ? 0 : o % (outputs * v->merged) / outputs * channels;
  const int rows = row_runs(v);
  for (size_t place = 0; place < g->kernel_height * g->kernel_width; place++) {
    const uint8_t *from = s->w + o * s->layout.output_stride + place * s->layout.tap_stride;
    const size_t tap = rows ? place / g->kernel_width : place;
    const size_t k = (rows ? place % g->kernel_width * g->in_channels : 0) + skipped;
    int8_t *to = out + tap * v->steps * step_bytes(v) + lane * sub;
    for (size_t c = 0; c < channels; c++) {
      const int8_t value = (int8_t)(uint8_t)((from[c * s->layout.channel_stride] ^ s->flip) - zero);
      to[(k + c) / sub * (nr * sub) + (k + c) % sub] = value;
    }
  }
}

enum { LINE = 16 };
typedef byte_line panel_lines[Q8_IGEMM_MAX_NR];  // of one line of channels, by output

// lines[tap][lane] = `count` outputs' weights at each tap, `stride` bytes from output to output, less their zero points.
static inline __attribute__((always_inline)) void split_outputs(
    const uint8_t *from, size_t stride, size_t count, size_t area, int is_end, uint8_t flip, const uint8_t *zeros,
    panel_lines *lines) {
  for (size_t lane = 0; lane < count; lane++, from += stride) {
    byte_line taps[LINE];
    if (area == 1) {
      taps[0] = *(const byte_line *)(const void *)from;
    } else {
      split_taps(from, area, is_end, taps);
    }
    for (size_t tap = 0; tap < area; tap++) lines[tap][lane] = (taps[tap] ^ flip) - zeros[lane];
  }
}

KERNEL_BODY split_body(
    const uint8_t *from, size_t stride, size_t count, size_t area, int is_end, uint8_t flip, const uint8_t *zeros,
    panel_lines *lines) {
  // With a constant area the compiler removes the branches for the others.
  if (area == 1) {
    split_outputs(from, stride, count, 1, is_end, flip, zeros, lines);
  } else if (area == 9) {
    split_outputs(from, stride, count, 9, is_end, flip, zeros, lines);
  } else {
    split_outputs(from, stride, count, area, is_end, flip, zeros, lines);
  }
}
MULTIVERSION(
    split,
    (const uint8_t *from, size_t stride, size_t count, size_t area, int is_end, uint8_t flip, const uint8_t *zeros,
     panel_lines *lines),
    (from, stride, count, area, is_end, flip, zeros, lines))

// The weights of nr outputs for LINE channels, rearranged into LINE / kr steps.
KERNEL_BODY interleave_body(const byte_line *lines, size_t nr, size_t kr, int8_t *to) {
  if (kr == 2) {
    // Eight outputs' eight pairs of channels become eight steps of those outputs.
    for (size_t lane = 0; lane < nr; lane += 8) {
      pair_line pairs[8];
      for (size_t i = 0; i < 8; i++) pairs[i] = (pair_line)lines[lane + i];
      transpose_pairs(pairs);
      for (size_t step = 0; step < 8; step++) *(pair_line *)(void *)(to + (step * nr + lane) * 2) = pairs[step];
    }
  } else if (kr == 4) {
    for (size_t lane = 0; lane < nr; lane++)
      for (size_t step = 0; step < LINE / 4; step++) memcpy(to + (step * nr + lane) * 4, (const char *)&lines[lane] + step * 4, 4);
  } else {
    for (size_t lane = 0; lane < nr; lane++)
      for (size_t step = 0; step < LINE / kr; step++)
        memcpy(to + (step * nr + lane) * kr, (const char *)&lines[lane] + step * kr, kr);
  }
}
MULTIVERSION(interleave, (const byte_line *lines, size_t nr, size_t kr, int8_t *to), (lines, nr, kr, to))

// Whether pack_lines applies: whole lines of channels, and no step that spans two taps.
static int packs_lines(const weight_source *s) {
  const q8_convolution *v = s->v;
  const convolution_geometry *g = &v->geometry;
  return is_dense(s) && v->merged == 1 && g->in_channels / g->groups % LINE == 0 &&
         g->kernel_height * g->kernel_width <= LINE;
}

// As pack_output for `count` outputs from `first` on, LINE channels at a time.
static void pack_lines(const weight_source *s, size_t first, size_t count, int8_t *out) {
  const q8_convolution *v = s->v;
  const convolution_geometry *g = &v->geometry;
  const size_t nr = v->family->nr, sub = v->family->sub, channels = g->in_channels / g->groups;
  const size_t area = g->kernel_height * g->kernel_width, stride = s->layout.output_stride;
  panel_lines lines[LINE];
  uint8_t zeros[Q8_IGEMM_MAX_NR];
  if (count < nr) memset(lines, 0, area * sizeof lines[0]);
  for (size_t lane = 0; lane < count; lane++)
    zeros[lane] = (uint8_t)weight_zero(s, first + lane);
  for (size_t c = 0; c < channels; c += LINE) {
    const uint8_t *from = s->w + first * stride + c * area;
    split(v->kernels->level, from, stride, count, area, c + LINE == channels, s->flip, zeros, lines);
    for (size_t tap = 0; tap < area; tap++) {
      const size_t k = row_runs(v) ? tap % g->kernel_width * g->in_channels + c : c;
      const size_t run = row_runs(v) ? tap / g->kernel_width : tap;
      interleave(v->kernels->level, lines[tap], nr, sub, out + run * v->steps * step_bytes(v) + k * nr);
    }
  }
}

// most[i] = the largest of the sums that Q8_FOURS_WITHIN_255 limits, in the i-th of `count` steps.
KERNEL_BODY find_most_body(const int8_t *step, size_t nr, size_t count, uint16_t *most) {
  for (size_t n = 0; n < count; n++, step += 8 * nr) {
    int16_t largest = 0;
    for (size_t i = 0; i < 4 * nr; i += 2) {
      const int8_t *near = step + i, *far = near + 4 * nr;
      const int16_t a = near[0], b = near[1], c = far[0], d = far[1];
      const int16_t above = (int16_t)((a > 0 ? a : 0) + (b > 0 ? b : 0) + (c > 0 ? c : 0) + (d > 0 ? d : 0));
      const int16_t below = (int16_t)(above - (a + b + c + d));
      largest = above > largest ? above : largest;
      largest = below > largest ? below : largest;
    }
    most[n] = (uint16_t)largest;
  }
}
MULTIVERSION(find_most, (const int8_t *step, size_t nr, size_t count, uint16_t *most), (step, nr, count, most))

// A panel's extras while they are found; with `offsets` NULL they are only counted.
typedef struct {
  const q8_convolution *v;
  size_t count;
  int32_t *offsets, *firsts;
  int8_t *w;
} extras;

// The place of the next extra's weights for this step; NULL if extras are only counted.
static int8_t *next_extra(extras *e, size_t tap, size_t step) {
  const q8_convolution *v = e->v;
  const size_t index = e->count++;
  if (!e->offsets) return NULL;
  e->offsets[index] = (int32_t)(tap_pixels(v, tap) * pixel_bytes(v) + step * v->family->kr * element(v));
  int32_t *first = e->firsts + tap * v->steps + step;
  if (!*first) *first = (int32_t)(index + 1);
  return e->w + index * step_bytes(v) * element(v);
}

static void add_extras(extras *e, size_t tap, size_t step, int16_t *rest) {
  const q8_igemm_family *family = e->v->family;
  int left = 1;
  while (left) {
    int8_t taken[Q8_IGEMM_MAX_NR * Q8_IGEMM_MAX_KR];
    left = take_step(family, rest, taken);
    int8_t *to = next_extra(e, tap, step);
    if (!to) continue;
    if (family->wide) {
      for (size_t i = 0; i < step_bytes(e->v); i++) ((int16_t *)(void *)to)[i] = taken[i];
    } else {
      memcpy(to, taken, step_bytes(e->v));
    }
  }
}

// Cuts every four of a step to what Q8_FOURS_WITHIN_255 allows; the rest goes to `over`.
static void cut_step(int8_t *step, size_t bytes, int8_t *over) {
  const size_t far = bytes / 2;
  memcpy(over, step, bytes);
  for (size_t i = 0; i < far; i += 2) cut_four(step + i, far);
  for (size_t i = 0; i < bytes; i++) over[i] = (int8_t)(over[i] - step[i]);
}

// The extras of a packed panel whose weights fit one by one but break the rule together: the excess is moved out of `out`.
static void settle(const q8_convolution *v, int8_t *out, extras *e) {
  const size_t bytes = step_bytes(v), all = v->taps * v->steps;
  uint16_t most[64];
  for (size_t begin = 0; begin < all; begin += 64) {
    const size_t count = smaller(all - begin, 64);
    find_most(v->kernels->level, out + begin * bytes, v->family->nr, count, most);
    for (size_t i = 0; i < count; i++) {
      int8_t *here = out + (begin + i) * bytes;
      // The excess itself can break the rule again.
      for (size_t left = most[i]; left > 255; left -= 255) {
        const size_t tap = (begin + i) / v->steps, step = (begin + i) % v->steps;
        int8_t *over = next_extra(e, tap, step);
        if (over) cut_step(here, bytes, over);
        here = over;
      }
    }
  }
}

// Packs a panel of which some weight does not fit: the rest of such weights goes into extras. With `out` NULL these are only
// counted.
static void pack_split(const weight_source *s, size_t first, size_t count, int8_t *out, int64_t *totals, extras *e) {
  const q8_convolution *v = s->v;
  const q8_igemm_family *family = v->family;
  for (size_t tap = 0; tap < v->taps; tap++)
    for (size_t step = 0; step < v->steps; step++) {
      int16_t rest[Q8_IGEMM_MAX_NR * Q8_IGEMM_MAX_KR] = {0};
      int8_t taken[Q8_IGEMM_MAX_NR * Q8_IGEMM_MAX_KR];
      for (size_t o = 0; o < count; o++)
        for (size_t k = 0; k < family->kr; k++) {
          const int w = weight_at(s, first + o, tap, step * family->kr + k);
          rest[place_in_step(family, o, k)] = (int16_t)w;
          totals[o] += w;
        }
      const int left = take_step(family, rest, taken);
      if (out) memcpy(out + (tap * v->steps + step) * step_bytes(v), taken, step_bytes(v));
      if (left) add_extras(e, tap, step, rest);
    }
}

size_t q8_convolution_pack(
    const q8_convolution *v, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed, size_t room) {
  const size_t nr = v->family->nr, panels = panels_of(v), in_group = panels_of_group(v);
  const weight_source source = {v, w, w_signed ? 0x80 : 0, layout, w_zeros};
  size_t end = panels * panel_bytes(v);
  if (room < end) packed = NULL;
  for (size_t panel = 0; panel < panels; panel++) {
    const size_t first = panel / in_group * group_outputs(v) + panel % in_group * nr;
    const size_t count = smaller(nr, group_outputs(v) - panel % in_group * nr);
    const size_t head_bytes = sizeof(panel_head) + constants_bytes(v), weight_bytes = v->taps * v->steps * step_bytes(v);
    char *base = packed ? (char *)packed + panel * panel_bytes(v) : NULL;
    int8_t *out = packed ? (int8_t *)base + head_bytes : NULL;
    int64_t totals[Q8_IGEMM_MAX_NR];
    extras counted = {.v = v};

    int fit = 1;
    for (size_t o = 0; o < count && fit; o++) fit = fits(&source, first + o, &totals[o]);
    const int settles = fit && v->family->rule == Q8_FOURS_WITHIN_255;
    if (fit && out) {
      if (packs_lines(&source)) {
        pack_lines(&source, first, count, out);
        memset(out + weight_bytes, 0, panel_bytes(v) - head_bytes - weight_bytes);
      } else {
        memset(out, 0, panel_bytes(v) - head_bytes);
        for (size_t o = 0; o < count; o++) pack_output(&source, first + o, o, out);
      }
      if (settles) settle(v, out, &counted);
    } else if (!fit || settles) {
      memset(totals, 0, sizeof totals);
      pack_split(&source, first, count, NULL, totals, &counted);
    }

    const size_t extra_bytes = extras_bytes(v, counted.count);
    if (out && end + extra_bytes <= room) {
      int fusible = 1;
      for (size_t o = first; o < first + count; o++)
        fusible = fusible && q8_fusible_scale(multipliers[o], shifts ? shifts[o] : 0);
      const panel_head head = {
          .fusible = fusible,
          .extras = (int64_t)end - (int64_t)(panel * panel_bytes(v)),
          .extra_count = (int64_t)counted.count};
      int32_t *biases = (int32_t *)(void *)(base + sizeof head);
      float *scales = (float *)(biases + nr);
      memset(base, 0, head_bytes);
      memcpy(base, &head, sizeof head);
      if (counted.count) {
        char *behind = (char *)packed + end;
        memset(behind, 0, extra_bytes);
        extras written = {
            .v = v,
            .offsets = (int32_t *)(void *)behind,
            .firsts = (int32_t *)(void *)(behind + first_extras_at(counted.count)),
            .w = (int8_t *)behind + extra_weights_at(v, counted.count)};
        if (fit) {
          settle(v, out, &written);
        } else {
          memset(totals, 0, sizeof totals);
          memset(out, 0, panel_bytes(v) - head_bytes);
          pack_split(&source, first, count, out, totals, &written);
        }
      } else if (!fit) {
        memset(totals, 0, sizeof totals);
        memset(out, 0, panel_bytes(v) - head_bytes);
        pack_split(&source, first, count, out, totals, &counted);
      }
      for (size_t o = 0; o < count; o++) {
        // Without a zero point, what it will be multiplied by.
        biases[o] = (int32_t)(v->dynamic ? totals[o] : (bias ? bias[first + o] : 0) - totals[o] * staged_zero(v));
        scales[o] = multipliers[first + o];
        scales[nr + o] = shifts ? shifts[first + o] : 0;
      }
    }
    end += extra_bytes;
  }
  return end;
}
