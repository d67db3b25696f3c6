#include "q8_convolution.h"

#include <string.h>

#include "byte_tiles.h"
#include "multiversion.h"
#include "q8_igemm_kernels.h"

#define FAMILY(level, base, name, mr, nr, kr, wide, x_signed, rule) \
  [KERNELS_Q8_##level] = {KERNELS_##base, #name, mr, nr, kr, wide, x_signed, rule, name}

static const q8_igemm_family families[KERNELS_Q8_ISA_COUNT] = {
    FAMILY(PORTABLE, PORTABLE, u8s8_igemm_4x8_portable, 4, 8, 4, 0, 0, Q8_ANY_WEIGHTS),
#if defined(__x86_64__)
    FAMILY(AVX2, AVX2, s16_igemm_6x16_avx2, 6, 16, 2, 1, 0, Q8_ANY_WEIGHTS),
    FAMILY(AVX512, AVX512, s16_igemm_12x32_avx512, 12, 32, 2, 1, 0, Q8_ANY_WEIGHTS),
    FAMILY(AVXVNNI, AVX2, u8s8_igemm_6x16_avxvnni, 6, 16, 4, 0, 0, Q8_ANY_WEIGHTS),
    FAMILY(AVX512VNNI, AVX512, u8s8_igemm_12x32_avx512vnni, 12, 32, 4, 0, 0, Q8_ANY_WEIGHTS),
#endif
#if defined(__aarch64__)
    FAMILY(NEON, NEON, s8_igemm_4x4_neon, 4, 4, 16, 0, 1, Q8_PAIRS_EIGHT_APART),
    FAMILY(NEONDOT, NEON, s8_igemm_8x8_neondot, 8, 8, 4, 0, 1, Q8_ANY_WEIGHTS),
    FAMILY(NEONI8MM, NEON, s8_igemm_8x8_neoni8mm, 8, 8, 8, 0, 1, Q8_ANY_WEIGHTS),
#endif
};

const q8_igemm_family *q8_igemm_for(kernels_q8_isa isa) {
  return kernels_q8_isa_available(isa) && families[isa].run ? &families[isa] : &families[KERNELS_Q8_PORTABLE];
}

static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// Bytes of input that a block gathers: with a panel's weights they stay within the second-level cache.
enum { NEAR_BYTES = 64 * 1024, SLACK = 64 };

static size_t group_channels(const q8_convolution *v) { return v->in_channels / v->groups * v->merged; }
static size_t group_outputs(const q8_convolution *v) { return v->out_channels / v->groups * v->merged; }
static size_t panels_of_group(const q8_convolution *v) { return divide_up(group_outputs(v), v->family->nr); }
static size_t panels_of(const q8_convolution *v) { return panels_of_group(v) * (v->groups / v->merged); }
static int row_runs(const q8_convolution *v) { return v->groups == v->merged && v->dilation_width == 1; }
static size_t reach(size_t kernel, size_t dilation) { return (kernel - 1) * dilation + 1; }

// Bytes of a gathered element, and of a step's weights as the kernel reads them.
static size_t element(const q8_convolution *v) { return v->family->wide ? 2 : 1; }
static size_t pixel_bytes(const q8_convolution *v) { return v->in_channels * element(v); }

// A gathered row holds the columns that `out_width` outputs reach, padding and all.
static size_t staged_columns(const q8_convolution *v) {
  return (v->out_width - 1) * v->stride_width + reach(v->kernel_width, v->dilation_width);
}
static size_t staged_rows(const q8_convolution *v, size_t rows) {
  return (rows - 1) * v->stride_height + reach(v->kernel_height, v->dilation_height);
}
static size_t units_of(const q8_convolution *v) {
  return v->pointwise ? v->batch * v->out_height * v->out_width : v->out_height;
}

// A packed panel: nr biases, multipliers and shifts, where its extras are, and the weights.
typedef struct {
  int64_t extras;  // bytes from the panel's beginning to its extras: offsets, then weights from the next line on
  int64_t extra_count;
  char unused[48];
} panel_head;
_Static_assert(sizeof(panel_head) == 64, "the weights behind it stay aligned");

static size_t constants_bytes(const q8_convolution *v) { return whole_lines(3 * 4 * v->family->nr); }
static size_t step_bytes(const q8_convolution *v) { return v->family->nr * v->family->kr; }
static size_t panel_bytes(const q8_convolution *v) {
  return sizeof(panel_head) + constants_bytes(v) + whole_lines(v->taps * v->steps * step_bytes(v));
}

static ptrdiff_t tap_offset(const q8_convolution *v, size_t tap) {
  if (v->pointwise) return 0;
  const size_t row = staged_columns(v) * pixel_bytes(v);
  if (row_runs(v)) return (ptrdiff_t)(tap * v->dilation_height * row);
  const size_t ky = tap / v->kernel_width, kx = tap % v->kernel_width;
  return (ptrdiff_t)(ky * v->dilation_height * row + kx * v->dilation_width * pixel_bytes(v));
}

static int staged_as_is(const q8_convolution *v) {
  return !v->family->wide && v->pointwise && v->stride_height == 1 && v->stride_width == 1 && v->out_height == v->in_height &&
         v->out_width == v->in_width && (v->x_signed != 0) == v->family->x_signed && v->groups == 1 &&
         v->in_channels % v->family->kr == 0;
}

void q8_convolution_plan(q8_convolution *v, kernels_q8_isa isa, int threads) {
  v->family = q8_igemm_for(isa);
  const size_t nr = v->family->nr, mr = v->family->mr;
  v->merged = 1;
  while (v->out_channels / v->groups * v->merged * 2 <= nr && v->groups % (v->merged * 2) == 0) v->merged *= 2;
  v->pointwise = v->kernel_height == 1 && v->kernel_width == 1 && v->pad_top == 0 && v->pad_left == 0 &&
                 (v->out_height - 1) * v->stride_height < v->in_height &&
                 (v->out_width - 1) * v->stride_width < v->in_width;
  v->taps = row_runs(v) ? v->kernel_height : v->kernel_height * v->kernel_width;
  v->run = row_runs(v) ? v->kernel_width * v->in_channels : group_channels(v);
  v->steps = divide_up(v->run, v->family->kr);

  // Blocks of rows of one image, or of pixels where a pixel sees no neighbour.
  const size_t units = units_of(v), panels = panels_of(v);
  const size_t row_bytes = staged_columns(v) * pixel_bytes(v);
  size_t longest;  // units of a block
  if (v->pointwise) {
    longest = larger(mr, NEAR_BYTES / pixel_bytes(v));
  } else {
    longest = 1;
    while (longest < units && staged_rows(v, longest + 1) * row_bytes <= NEAR_BYTES) longest++;
  }
  v->image_blocks = v->pointwise ? 1 : v->batch;
  v->row_blocks = divide_up(units, smaller(units, longest));
  v->panel_blocks = 1;
  if (threads > 1) {
    const size_t wanted = 4 * (size_t)threads;
    const double smallest = 1e6;  // multiply-adds
    const size_t unit_pixels = v->pointwise ? 1 : v->out_width;
    const double depth = (double)(v->taps * v->steps * v->family->kr);
    const double work = (double)(v->image_blocks * units * unit_pixels) * (double)(panels * nr) * depth;
    for (;;) {
      const size_t tasks = v->image_blocks * v->row_blocks * v->panel_blocks;
      if (tasks >= wanted || work / (double)tasks < 2 * smallest) break;
      const size_t pixels = units / v->row_blocks * unit_pixels;
      const int rows_can = pixels >= 4 * mr && v->row_blocks * 2 <= units, panels_can = v->panel_blocks * 2 <= panels;
      // Weights are read once by each block of rows, inputs gathered once by each block of panels.
      const int weights_heavier = (double)(panels * nr) * depth > (double)(v->batch * v->in_height * v->in_width * v->in_channels);
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
  const size_t pixels = block * (v->pointwise ? 1 : v->out_width);
  const size_t staged = v->pointwise ? (staged_as_is(v) ? 0 : block * pixel_bytes(v)) : staged_rows(v, block) * row_bytes;
  v->scratch_bytes = whole_lines(v->taps * sizeof(ptrdiff_t)) + whole_lines(pixels * sizeof(uint32_t)) +
                     whole_lines(staged + SLACK);
  if (v->family->wide) v->scratch_bytes += v->taps * v->steps * 2 * step_bytes(v);
  v->packed_bytes = panels * panel_bytes(v);
}

const char *q8_convolution_kernel(const q8_convolution *v) { return v->family->name; }

f32_weight_layout q8_convolution_layout(const q8_convolution *v) {
  const size_t area = v->kernel_height * v->kernel_width;
  return (f32_weight_layout){.output_stride = v->in_channels / v->groups * area, .channel_stride = area, .tap_stride = 1};
}

// The zero point of x as the kernel sees it.
static int staged_zero(const q8_convolution *v) {
  if (v->family->wide) return 0;
  return v->x_zero + (v->family->x_signed ? (v->x_signed ? 0 : -128) : (v->x_signed ? 128 : 0));
}

typedef struct {
  const q8_convolution *v;
  const uint8_t *w;
  uint8_t flip;  // makes a u8 weight of an s8 one, 128 higher
  f32_weight_layout layout;
  const int32_t *w_zeros;
} weight_source;

// The weight, less its zero point, that output `o` has for input `k` of run `tap`: −255 ... 255.
static int weight_at(const weight_source *s, size_t o, size_t tap, size_t k) {
  const q8_convolution *v = s->v;
  if (k >= v->run) return 0;
  size_t c = k, place = tap;
  if (row_runs(v)) {
    place = tap * v->kernel_width + k / v->in_channels;
    c = k % v->in_channels;
  }
  if (v->merged > 1) {
    const size_t outputs = v->out_channels / v->groups, channels = v->in_channels / v->groups;
    if (o % (outputs * v->merged) / outputs != c / channels) return 0;
    c %= channels;
  }
  const int w = s->w[o * s->layout.output_stride + c * s->layout.channel_stride + place * s->layout.tap_stride];
  return (w ^ s->flip) - (s->flip ? 128 : 0) - (s->w_zeros ? s->w_zeros[o] : 0);
}

// Whether each output's weights lie side by side, channel by channel.
static int is_dense(const weight_source *s) {
  const size_t area = s->v->kernel_height * s->v->kernel_width;
  return s->layout.channel_stride == area && (s->layout.tap_stride == 1 || area == 1);
}

// Takes from `rest` (nr × kr) as much as one step can hold; says whether anything is left.
static int take_step(const q8_igemm_family *family, int16_t *rest, int8_t *taken) {
  int left = 0;
  const size_t kr = family->kr;
  for (size_t o = 0; o < family->nr; o++) {
    int16_t *from = rest + o * kr;
    int8_t *to = taken + o * kr;
    for (size_t k = 0; k < kr; k++) to[k] = (int8_t)(from[k] > 127 ? 127 : from[k] < -128 ? -128 : from[k]);
    if (family->rule == Q8_PAIRS_EIGHT_APART) {
      for (size_t k = 0; k < 8; k++)
        if (to[k] == -128 && to[k + 8] == -128) to[k + 8] = -127;
    }
    for (size_t k = 0; k < kr; k++) {
      from[k] = (int16_t)(from[k] - to[k]);
      left |= from[k];
    }
  }
  return left != 0;
}

// The least, the largest and the sum of bytes as they are with `flip`.
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

// Whether every weight of output `o`, less its zero point, fits a step as it is; and what they then sum to.
static int fits(const weight_source *s, size_t o, int64_t *sum) {
  const q8_convolution *v = s->v;
  const size_t channels = v->in_channels / v->groups, area = v->kernel_height * v->kernel_width;
  const uint8_t *from = s->w + o * s->layout.output_stride;
  uint8_t low = 255, high = 0;  // flipped: in the order of u8
  *sum = 0;
  if (is_dense(s)) {
    survey(v->family->base, from, channels * area, s->flip, &low, &high, sum);
  } else {
    for (size_t c = 0; c < channels; c++)
      for (size_t tap = 0; tap < area; tap++)
        survey(
            KERNELS_PORTABLE, from + c * s->layout.channel_stride + tap * s->layout.tap_stride, 1, s->flip, &low, &high, sum);
  }
  const int zero = (s->flip ? 128 : 0) + (s->w_zeros ? s->w_zeros[o] : 0);
  *sum -= (int64_t)(channels * area) * zero;
  return low - zero >= (v->family->rule == Q8_ANY_WEIGHTS ? -128 : -127) && high - zero <= 127;
}

// Puts the weights of output `o` into place `lane` of a panel of zeros.
static void pack_output(const weight_source *s, size_t o, size_t lane, int8_t *out) {
  const q8_convolution *v = s->v;
  const size_t nr = v->family->nr, kr = v->family->kr, channels = v->in_channels / v->groups;
  const uint8_t zero = (uint8_t)((s->flip ? 128 : 0) + (s->w_zeros ? s->w_zeros[o] : 0));
  // With merged groups an output's channels begin behind those of the groups before its own.
  const size_t outputs = v->out_channels / v->groups, skipped = o % (outputs * v->merged) / outputs * channels;
  const int rows = row_runs(v);
  for (size_t place = 0; place < v->kernel_height * v->kernel_width; place++) {
    const uint8_t *from = s->w + o * s->layout.output_stride + place * s->layout.tap_stride;
    const size_t tap = rows ? place / v->kernel_width : place;
    const size_t k = (rows ? place % v->kernel_width * v->in_channels : 0) + skipped;
    int8_t *to = out + (tap * v->steps * nr + lane) * kr;
    for (size_t c = 0; c < channels; c++) {
      const int8_t value = (int8_t)(uint8_t)((from[c * s->layout.channel_stride] ^ s->flip) - zero);
      to[(k + c) / kr * (nr * kr) + (k + c) % kr] = value;
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
  // A constant area lets the compiler leave out what the others need.
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

// A line of channels of nr outputs as LINE / kr steps.
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

// Whether pack_lines can do it: whole lines of channels that no step shares with another tap's.
static int packs_lines(const weight_source *s) {
  const q8_convolution *v = s->v;
  return is_dense(s) && v->merged == 1 && v->in_channels / v->groups % LINE == 0 &&
         v->kernel_height * v->kernel_width <= LINE;
}

// The same as pack_output of `count` outputs from `first` on, for lines of channels at a time.
static void pack_lines(const weight_source *s, size_t first, size_t count, int8_t *out) {
  const q8_convolution *v = s->v;
  const size_t nr = v->family->nr, kr = v->family->kr, channels = v->in_channels / v->groups;
  const size_t area = v->kernel_height * v->kernel_width, stride = s->layout.output_stride;
  panel_lines lines[LINE];
  uint8_t zeros[Q8_IGEMM_MAX_NR];
  if (count < nr) memset(lines, 0, area * sizeof lines[0]);
  for (size_t lane = 0; lane < count; lane++)
    zeros[lane] = (uint8_t)((s->flip ? 128 : 0) + (s->w_zeros ? s->w_zeros[first + lane] : 0));
  for (size_t c = 0; c < channels; c += LINE) {
    const uint8_t *from = s->w + first * stride + c * area;
    split(v->family->base, from, stride, count, area, c + LINE == channels, s->flip, zeros, lines);
    for (size_t tap = 0; tap < area; tap++) {
      const size_t k = row_runs(v) ? tap % v->kernel_width * v->in_channels + c : c;
      const size_t run = row_runs(v) ? tap / v->kernel_width : tap;
      interleave(v->family->base, lines[tap], nr, kr, out + (run * v->steps + k / kr) * nr * kr);
    }
  }
}

// The weights of a panel of which some one does not fit: what does not goes into extras, which are only counted where
// `extras` is NULL.
static size_t pack_split(
    const weight_source *s, size_t first, size_t count, int8_t *out, int64_t *totals, int32_t *extras, int8_t *extra_w) {
  const q8_convolution *v = s->v;
  const size_t kr = v->family->kr;
  size_t found = 0;
  for (size_t tap = 0; tap < v->taps; tap++)
    for (size_t step = 0; step < v->steps; step++) {
      int16_t rest[Q8_IGEMM_MAX_NR * Q8_IGEMM_MAX_KR] = {0};
      int8_t taken[Q8_IGEMM_MAX_NR * Q8_IGEMM_MAX_KR];
      for (size_t o = 0; o < count; o++)
        for (size_t k = 0; k < kr; k++) {
          rest[o * kr + k] = (int16_t)weight_at(s, first + o, tap, step * kr + k);
          if (extras) totals[o] += rest[o * kr + k];
        }
      int left = take_step(v->family, rest, taken);
      if (extras) memcpy(out + (tap * v->steps + step) * step_bytes(v), taken, step_bytes(v));
      while (left) {
        left = take_step(v->family, rest, taken);
        if (extras) {
          extras[found] = (int32_t)(tap_offset(v, tap) + (ptrdiff_t)(step * kr * element(v)));
          for (size_t i = 0; i < step_bytes(v); i++) {
            if (v->family->wide) {
              ((int16_t *)(void *)extra_w)[found * step_bytes(v) + i] = taken[i];
            } else {
              extra_w[found * step_bytes(v) + i] = taken[i];
            }
          }
        }
        found++;
      }
    }
  return found;
}

size_t q8_convolution_pack(
    const q8_convolution *v, const void *w, int w_signed, f32_weight_layout layout, const int32_t *w_zeros,
    const int32_t *bias, const float *multipliers, const float *shifts, void *packed, size_t room) {
  const size_t nr = v->family->nr, panels = panels_of(v), in_group = panels_of_group(v);
  const weight_source source = {v, w, w_signed ? 0x80 : 0, layout, w_zeros};
  size_t end = panels * panel_bytes(v);
  for (size_t panel = 0; panel < panels; panel++) {
    const size_t first = panel / in_group * group_outputs(v) + panel % in_group * nr;
    const size_t count = smaller(nr, group_outputs(v) - panel % in_group * nr);
    int fit = 1;
    int64_t totals[Q8_IGEMM_MAX_NR];
    for (size_t o = 0; o < count && fit; o++) fit = fits(&source, first + o, &totals[o]);
    const size_t extra_count = fit ? 0 : pack_split(&source, first, count, NULL, NULL, NULL, NULL);
    const size_t extra_bytes =
        extra_count ? whole_lines(extra_count * 4) + whole_lines(extra_count * step_bytes(v) * element(v)) : 0;
    if (packed && end + extra_bytes <= room) {
      char *base = (char *)packed + panel * panel_bytes(v);
      const panel_head head = {
          .extras = (int64_t)end - (int64_t)(panel * panel_bytes(v)), .extra_count = (int64_t)extra_count};
      int32_t *biases = (int32_t *)(void *)(base + sizeof head);
      float *scales = (float *)(biases + nr);
      const size_t head_bytes = sizeof head + constants_bytes(v), weight_bytes = v->taps * v->steps * step_bytes(v);
      int8_t *out = (int8_t *)base + head_bytes;
      memset(base, 0, head_bytes);
      memcpy(base, &head, sizeof head);
      if (fit && packs_lines(&source)) {
        pack_lines(&source, first, count, out);
        memset(out + weight_bytes, 0, panel_bytes(v) - head_bytes - weight_bytes);
      } else {
        memset(out, 0, panel_bytes(v) - head_bytes);
        if (fit) {
          for (size_t o = 0; o < count; o++) pack_output(&source, first + o, o, out);
        } else {
          char *extras = (char *)packed + end;
          memset(totals, 0, sizeof totals);
          pack_split(
              &source, first, count, out, totals, (int32_t *)(void *)extras,
              (int8_t *)extras + whole_lines(extra_count * 4));
        }
      }
      for (size_t o = 0; o < count; o++) {
        biases[o] = (int32_t)((bias ? bias[first + o] : 0) - totals[o] * staged_zero(v));
        scales[o] = multipliers[first + o];
        scales[nr + o] = shifts ? shifts[first + o] : 0;
      }
    }
    end += extra_bytes;
  }
  return end;
}

KERNEL_BODY copy_flipped_body(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = from[i] ^ 0x80;
}
MULTIVERSION(copy_flipped, (uint8_t *to, const uint8_t *from, size_t count), (to, from, count))

KERNEL_BODY widen_body(int16_t *restrict to, const uint8_t *restrict from, size_t count, uint8_t flip, int zero) {
  for (size_t i = 0; i < count; i++) to[i] = (int16_t)((from[i] ^ flip) - zero);
}
MULTIVERSION(widen, (int16_t *to, const uint8_t *from, size_t count, uint8_t flip, int zero), (to, from, count, flip, zero))

// `count` inputs as the kernel wants them; says where the next go.
static uint8_t *gather(const q8_convolution *v, uint8_t *to, const uint8_t *from, size_t count) {
  if (v->family->wide) {
    const int flip = v->x_signed ? 0x80 : 0;
    widen(v->family->base, (int16_t *)(void *)to, from, count, (uint8_t)flip, v->x_zero + flip);
  } else if ((v->x_signed != 0) != v->family->x_signed) {
    copy_flipped(v->family->base, to, from, count);
  } else {
    memcpy(to, from, count);
  }
  return to + count * element(v);
}

// The inputs of output rows [first, last) of an image, padding in place.
static void stage_rows(const q8_convolution *v, size_t image, size_t first, size_t last, uint8_t *to) {
  const int zero = staged_zero(v);  // a byte, or 0
  const size_t columns = staged_columns(v), pixel = pixel_bytes(v);
  const size_t left = smaller(columns, v->pad_left), inside = smaller(columns - left, v->in_width);
  const uint8_t *x = (const uint8_t *)v->x + image * v->in_height * v->in_width * v->in_channels;
  ptrdiff_t iy = (ptrdiff_t)(first * v->stride_height) - (ptrdiff_t)v->pad_top;
  for (size_t rows = staged_rows(v, last - first); rows > 0; rows--, iy++) {
    if ((size_t)iy < v->in_height) {
      memset(to, zero, left * pixel);
      gather(v, to + left * pixel, x + (size_t)iy * v->in_width * v->in_channels, inside * v->in_channels);
      memset(to + (left + inside) * pixel, zero, (columns - left - inside) * pixel);
    } else {
      memset(to, zero, columns * pixel);
    }
    to += columns * pixel;
  }
}

// The pixels that outputs [first, last) of a 1×1 convolution look at.
static void stage_pixels(const q8_convolution *v, size_t first, size_t last, uint8_t *to) {
  const size_t channels = v->in_channels;
  while (first < last) {
    const size_t ox = first % v->out_width, row = first / v->out_width;
    const size_t oy = row % v->out_height, image = row / v->out_height;
    const size_t count = smaller(last - first, v->out_width - ox);
    const uint8_t *x = (const uint8_t *)v->x +
                       ((image * v->in_height + oy * v->stride_height) * v->in_width + ox * v->stride_width) * channels;
    if (v->stride_width == 1) {
      to = gather(v, to, x, count * channels);
    } else {
      for (size_t p = 0; p < count; p++) to = gather(v, to, x + p * v->stride_width * channels, channels);
    }
    first += count;
  }
}

void q8_convolution_task(void *context, size_t task, size_t worker) {
  const q8_convolution *v = context;
  const q8_igemm_family *family = v->family;
  const kernels_isa isa = family->base;
  const size_t mr = family->mr, nr = family->nr, units = units_of(v), panels = panels_of(v);
  const size_t image = task / (v->row_blocks * v->panel_blocks);
  const size_t row_block = task / v->panel_blocks % v->row_blocks, panel_block = task % v->panel_blocks;
  const size_t first = units * row_block / v->row_blocks, last = units * (row_block + 1) / v->row_blocks;
  const size_t first_panel = panels * panel_block / v->panel_blocks;
  const size_t last_panel = panels * (panel_block + 1) / v->panel_blocks;

  // Scratch: the taps' offsets, each pixel's place, the inputs.
  char *scratch = (char *)v->scratch + worker * v->scratch_bytes;
  ptrdiff_t *offsets = (ptrdiff_t *)(void *)scratch;
  for (size_t tap = 0; tap < v->taps; tap++) offsets[tap] = tap_offset(v, tap);
  uint32_t *places = (uint32_t *)(void *)(scratch + whole_lines(v->taps * sizeof(ptrdiff_t)));
  const uint8_t *x;
  size_t pixels, first_pixel;
  if (v->pointwise) {
    pixels = last - first;
    first_pixel = first;
    for (size_t p = 0; p < pixels; p++) places[p] = (uint32_t)(p * pixel_bytes(v));
    if (staged_as_is(v)) {
      x = (const uint8_t *)v->x + first * v->in_channels;
    } else {
      uint8_t *staged = (uint8_t *)places + whole_lines(pixels * sizeof *places);
      stage_pixels(v, first, last, staged);
      x = staged;
    }
  } else {
    pixels = (last - first) * v->out_width;
    first_pixel = (image * v->out_height + first) * v->out_width;
    const size_t row_bytes = staged_columns(v) * pixel_bytes(v);
    for (size_t row = 0; row < last - first; row++)
      for (size_t ox = 0; ox < v->out_width; ox++)
        places[row * v->out_width + ox] =
            (uint32_t)(row * v->stride_height * row_bytes + ox * v->stride_width * pixel_bytes(v));
    uint8_t *staged = (uint8_t *)places + whole_lines(pixels * sizeof *places);
    stage_rows(v, image, first, last, staged);
    x = staged;
  }

  int16_t *wide_w = (int16_t *)(void *)(scratch + v->scratch_bytes - v->taps * v->steps * 2 * step_bytes(v));
  const size_t tiles = divide_up(pixels, mr), even = pixels / tiles, longer = pixels % tiles;
  int32_t sums[Q8_IGEMM_MAX_MR * Q8_IGEMM_MAX_NR] __attribute__((aligned(64)));
  const uint8_t *rows[Q8_IGEMM_MAX_MR] = {0};
  for (size_t panel = first_panel; panel < last_panel; panel++) {
    const size_t group = panel / panels_of_group(v), column = panel % panels_of_group(v) * nr;
    const char *base = (const char *)v->w + panel * panel_bytes(v);
    const panel_head *head = (const panel_head *)(const void *)base;
    const int32_t *bias = (const int32_t *)(const void *)(base + sizeof *head);
    const int8_t *w = (const int8_t *)base + sizeof *head + constants_bytes(v);
    const size_t extra_count = (size_t)head->extra_count;
    const int32_t *extras = (const int32_t *)(const void *)(base + head->extras);
    const int8_t *extra_w = (const int8_t *)extras + whole_lines(extra_count * 4);
    const size_t outputs = smaller(nr, group_outputs(v) - column), output = group * group_outputs(v) + column;
    const uint8_t *group_x = x + group * group_channels(v) * element(v);
    if (family->wide) {
      widen(isa, wide_w, (const uint8_t *)w, v->taps * v->steps * step_bytes(v), 0x80, 128);
      w = (const int8_t *)wide_w;
    }
    size_t pixel = 0;
    for (size_t tile = 0; tile < tiles; tile++) {
      const size_t size = even + (tile < longer);
      for (size_t p = 0; p < size; p++) rows[p] = group_x + places[pixel + p];
      family->run(size, v->taps, v->steps, rows, offsets, bias, w, extra_count, extras, extra_w, sums);
      const size_t place = first_pixel + pixel;
      q8_finish(
          isa, &v->epilogue, size, outputs, sums, 0, nr, (const float *)(bias + nr), (const float *)(bias + 2 * nr),
          v->residual ? (const uint8_t *)v->residual + place * v->out_channels + output : NULL, v->out_channels,
          (char *)v->y + (place * v->y_stride + output) * (v->epilogue.float_output ? 4 : 1), v->y_stride);
      pixel += size;
    }
  }
}
