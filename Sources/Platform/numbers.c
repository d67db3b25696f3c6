// Exact conversion between numbers and text without libc's printf and strtod, which would pull locales and wide
// characters into a static program: a quarter of a megabyte.
//
// A double is an integer times a power of two, so its decimal expansion is finite and can be written in full (at most
// 767 significant digits). Rounding and comparison then work on digits.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "platform.h"

enum {
  MOST_DIGITS = 800,
  LIMB = 1000000000,  // nine digits per limb, least significant limb first
  LIMBS = 90
};

// 0.d₁d₂d₃… · 10^point; no leading and no trailing zeros. Zero has no digits.
typedef struct {
  int count;
  int point;
  char digits[MOST_DIGITS];  // '0' … '9'
} decimal;

static int multiply(uint32_t *limbs, int count, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < count; i++) {
    carry += (uint64_t)limbs[i] * factor;
    limbs[i] = (uint32_t)(carry % LIMB);
    carry /= LIMB;
  }
  for (; carry; carry /= LIMB) limbs[count++] = (uint32_t)(carry % LIMB);
  return count;
}

static void trim(decimal *d) {
  while (d->count > 0 && d->digits[d->count - 1] == '0') d->count--;
}

// mantissa · 2^exponent, mantissa < 2^60.
static void expand(decimal *d, uint64_t mantissa, int exponent) {
  d->count = d->point = 0;
  if (mantissa == 0) return;
  while (mantissa % 2 == 0) {
    mantissa /= 2;
    exponent++;
  }
  uint32_t limbs[LIMBS];
  int count = 0;
  for (; mantissa; mantissa /= LIMB) limbs[count++] = (uint32_t)(mantissa % LIMB);
  // m · 2^-k is m · 5^k with the point k places to the left.
  for (int left = exponent; left > 0; left -= 29) count = multiply(limbs, count, 1u << (left < 29 ? left : 29));
  for (int left = -exponent; left > 0; left -= 12) {
    uint32_t power = 1;
    for (int i = 0; i < 12 && i < left; i++) power *= 5;
    count = multiply(limbs, count, power);
  }
  for (int i = count; i-- > 0;) {
    for (uint32_t place = LIMB / 10; place; place /= 10) {
      const char digit = (char)('0' + limbs[i] / place % 10);
      if (d->count > 0 || digit != '0') d->digits[d->count++] = digit;
    }
  }
  d->point = d->count - (exponent < 0 ? -exponent : 0);
  trim(d);
}

// Rounds to `count` digits (which may be 0 or negative), to nearest, ties to even.
static void round_to(decimal *d, int count) {
  if (count >= d->count) return;
  if (count < 0) {
    d->count = 0;
    return;
  }
  const char next = d->digits[count];
  const int odd = count > 0 && (d->digits[count - 1] - '0') % 2;
  const int up = next > '5' || (next == '5' && (count + 1 < d->count || odd));
  d->count = count;
  if (up) {
    while (d->count > 0 && d->digits[d->count - 1] == '9') d->count--;
    if (d->count > 0) {
      d->digits[d->count - 1]++;
    } else {
      d->digits[d->count++] = '1';
      d->point++;
    }
  }
  trim(d);
}

// Compares two non-negative numbers: < 0, 0 or > 0.
static int compare(const decimal *a, const decimal *b) {
  if (a->count == 0 || b->count == 0) return a->count - b->count;
  if (a->point != b->point) return a->point - b->point;
  const int order = memcmp(a->digits, b->digits, (size_t)(a->count < b->count ? a->count : b->count));
  return order ? order : a->count - b->count;
}

typedef struct {
  uint64_t mantissa;
  int exponent;
} binary;

static binary parts(double magnitude) {
  uint64_t bits;
  memcpy(&bits, &magnitude, 8);
  const int biased = (int)(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & ((1ull << 52) - 1);
  return biased ? (binary){fraction | 1ull << 52, biased - 1075} : (binary){fraction, -1074};
}

// Compares `d` with the interval of numbers that round to `value` with `bits` bits of mantissa: -1 below it, 0 within,
// 1 above.
static int placed(const decimal *d, double value, int bits) {
  binary v = parts(value);
  const int spare = 53 - bits;
  if (spare && (v.mantissa & ((1ull << spare) - 1)) == 0) {
    v.mantissa >>= spare;
    v.exponent += spare;
  }
  // The midpoints to both neighbours, in quarter units: below a power of two the numbers are twice as dense.
  const int dense = v.mantissa == 1ull << (bits - 1) && v.exponent > -1074;
  const int even = v.mantissa % 2 == 0;
  decimal edge;
  expand(&edge, 4 * v.mantissa + 2, v.exponent - 2);
  int order = compare(d, &edge);
  if (order > 0 || (order == 0 && !even)) return 1;
  if (v.mantissa == 0) return 0;
  expand(&edge, 4 * v.mantissa - (dense ? 1 : 2), v.exponent - 2);
  order = compare(d, &edge);
  return order < 0 || (order == 0 && !even) ? -1 : 0;
}

// MARK: Writing

typedef struct {
  char *next;
  char *end;  // last position, reserved for the terminating zero
} sink;

static void put(sink *s, char c) {
  if (s->next < s->end) *s->next++ = c;
}

static void put_text(sink *s, const char *text) {
  while (*text) put(s, *text++);
}

static size_t finish(sink *s, const char *begin) {
  *s->next = 0;
  return (size_t)(s->next - begin);
}

// Writes the sign, and infinities and NaN. Returns 1 if that was all.
static int put_special(sink *s, double value) {
  if (value != value) {
    put_text(s, "nan");
    return 1;
  }
  if (signbit(value)) put(s, '-');
  if (isinf(value)) put_text(s, "inf");
  return isinf(value);
}

static void put_fixed(sink *s, const decimal *d, int digits) {
  if (d->count == 0 || d->point <= 0) put(s, '0');
  for (int i = 0; d->count > 0 && i < d->point; i++) put(s, i < d->count ? d->digits[i] : '0');
  if (digits > 0) put(s, '.');
  for (int i = 0; i < digits; i++) {
    const int at = d->point + i;
    put(s, d->count > 0 && at >= 0 && at < d->count ? d->digits[at] : '0');
  }
}

size_t platform_format_fixed(char *buffer, size_t size, double value, int digits) {
  if (size == 0) return 0;
  sink s = {buffer, buffer + size - 1};
  if (!put_special(&s, value)) {
    const binary v = parts(fabs(value));
    decimal d;
    expand(&d, v.mantissa, v.exponent);
    round_to(&d, d.point + digits);
    put_fixed(&s, &d, digits);
  }
  return finish(&s, buffer);
}

size_t platform_format_shortest(char *buffer, size_t size, double value) {
  if (size == 0) return 0;
  sink s = {buffer, buffer + size - 1};
  if (put_special(&s, value)) return finish(&s, buffer);
  const double magnitude = fabs(value);
  const binary v = parts(magnitude);
  decimal exact, d;
  expand(&exact, v.mantissa, v.exponent);
  // A value that is a float is parsed as one, so fewer digits identify it. (Not for subnormal floats.)
  const int bits = (double)(float)magnitude == magnitude && magnitude >= 1.17549435e-38 ? 24 : 53;
  for (int digits = 1; digits <= 17; digits++) {
    d = exact;
    round_to(&d, digits);
    if (placed(&d, magnitude, bits) == 0) break;
  }
  // Like "%g": without an exponent if that is short.
  const int exponent = d.count > 0 ? d.point - 1 : 0;
  if (exponent >= -4 && exponent < (d.count > 6 ? d.count : 6)) {
    put_fixed(&s, &d, d.count > d.point ? d.count - d.point : 0);
  } else {
    put(&s, d.digits[0]);
    if (d.count > 1) put(&s, '.');
    for (int i = 1; i < d.count; i++) put(&s, d.digits[i]);
    put(&s, 'e');
    put(&s, exponent < 0 ? '-' : '+');
    const int size_of_it = exponent < 0 ? -exponent : exponent;
    if (size_of_it >= 100) put(&s, (char)('0' + size_of_it / 100));
    put(&s, (char)('0' + size_of_it / 10 % 10));
    put(&s, (char)('0' + size_of_it % 10));
  }
  return finish(&s, buffer);
}

// MARK: Reading

static double power_of_ten(double value, int exponent) {
  static const double powers[] = {1e1, 1e2, 1e4, 1e8, 1e16, 1e32, 1e64, 1e128, 1e256};
  const int down = exponent < 0;
  unsigned left = (unsigned)(down ? -exponent : exponent);
  for (int i = 0; left && i < 9; i++, left >>= 1)
    if (left & 1) value = down ? value / powers[i] : value * powers[i];
  return value;
}

// The double nearest to `d`.
static double nearest(const decimal *d) {
  if (d->count == 0 || d->point < -330) return 0;
  if (d->point > 310) return INFINITY;
  double value = 0;
  int taken = d->count < 17 ? d->count : 17;
  for (int i = 0; i < taken; i++) value = value * 10 + (d->digits[i] - '0');
  // An estimate within a few units in the last place; the exact comparison of digits decides. In two steps, because
  // 10^-330 alone is not a double.
  const int scale = d->point - taken;
  value = scale < -300 ? power_of_ten(power_of_ten(value, -290), scale + 290) : power_of_ten(value, scale);
  const double largest = 1.7976931348623157e308;
  if (value > largest) value = largest;
  for (;;) {
    const int side = placed(d, value, 53);
    if (side == 0) return value;
    uint64_t bits;
    memcpy(&bits, &value, 8);
    bits += side > 0 ? 1 : (uint64_t)-1;
    memcpy(&value, &bits, 8);
    if (isinf(value)) return value;
  }
}

int platform_parse_double(const char *text, double *value) {
  const int negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  if (strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0) {
    *value = *text == 'n' ? NAN : negative ? -INFINITY : INFINITY;
    return 0;
  }
  decimal d = {0, 0, {0}};
  int digits = 0, after_point = 0, beyond = 0;
  for (; (*text >= '0' && *text <= '9') || (*text == '.' && !after_point); text++) {
    if (*text == '.') {
      after_point = 1;
      continue;
    }
    digits++;
    if (d.count == 0 && *text == '0') {
      d.point -= after_point;
      continue;
    }
    // Beyond the digits of any midpoint, it only matters whether a remaining digit is nonzero.
    if (d.count < MOST_DIGITS - 1) {
      d.digits[d.count++] = *text;
    } else if (*text != '0') {
      beyond = 1;
    }
    if (!after_point && d.point < 100000) d.point++;
  }
  if (digits == 0) return -1;
  if (beyond) d.digits[d.count++] = '1';
  if (*text == 'e' || *text == 'E') {
    text++;
    const int down = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (*text < '0' || *text > '9') return -1;
    int exponent = 0;
    for (; *text >= '0' && *text <= '9'; text++)
      if (exponent < 100000) exponent = exponent * 10 + (*text - '0');
    d.point += down ? -exponent : exponent;
  }
  if (*text) return -1;
  trim(&d);
  const double magnitude = nearest(&d);
  *value = negative ? -magnitude : magnitude;
  return 0;
}
