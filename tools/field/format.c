// printf's formats, as far as messages of libraries use them: flags, widths, precisions, whole numbers, strings, characters;
// `e`, `f` and `g` are written with six decimals. musl's own take 30 KB with the arithmetic of long double.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "platform.h"

int vsnprintf(char *text, size_t count, const char *format, va_list values) {
  size_t written = 0;
#define PUT(character)                              \
  do {                                              \
    const char put = (character);                   \
    if (written + 1 < count) text[written] = put;   \
    written++;                                      \
  } while (0)
  for (; *format; format++) {
    if (*format != '%') {
      PUT(*format);
      continue;
    }
    int left = 0, zeros = 0, width = 0, precision = -1, longs = 0;
    for (format++; *format && strchr("-0+ #", *format); format++) {
      left |= *format == '-';
      zeros |= *format == '0';
    }
    if (*format == '*') {
      width = va_arg(values, int);
      format++;
    }
    for (; *format >= '0' && *format <= '9'; format++) width = width * 10 + *format - '0';
    if (*format == '.') {
      precision = 0;
      if (format[1] == '*') {
        precision = va_arg(values, int);
        format++;
      }
      for (format++; *format >= '0' && *format <= '9'; format++) precision = precision * 10 + *format - '0';
    }
    for (; *format && strchr("hljzt", *format); format++) longs += *format != 'h';
    char buffer[64];
    const char *part = buffer;
    size_t length = 0;
    switch (*format) {
      case 'c': buffer[length++] = (char)va_arg(values, int); break;
      case 's':
        part = va_arg(values, const char *);
        if (!part) part = "(null)";
        while ((precision < 0 || length < (size_t)precision) && part[length]) length++;
        break;
      case 'e': case 'f': case 'g':
        length = platform_format_fixed(buffer, sizeof buffer, va_arg(values, double), 6);
        break;
      case 'd': case 'i': case 'u': case 'x': case 'X': {
        const int is_signed = *format == 'd' || *format == 'i';
        const unsigned base = *format == 'x' || *format == 'X' ? 16 : 10;
        unsigned long long number;
        if (longs) {
          number = va_arg(values, unsigned long long);
        } else {
          const unsigned narrow = va_arg(values, unsigned);
          number = is_signed ? (unsigned long long)(int)narrow : narrow;
        }
        const int is_negative = is_signed && (long long)number < 0;
        if (is_negative) number = 0 - number;
        char *digit = buffer + sizeof buffer;
        do {
          *--digit = (*format == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[number % base];
          length++;
        } while (number /= base);
        for (; length < sizeof buffer - 1 && (zeros && !left ? (int)length + is_negative < width : (int)length < precision);
             length++)
          *--digit = '0';
        if (is_negative) {
          *--digit = '-';
          length++;
        }
        part = digit;
        break;
      }
      case '%': buffer[length++] = '%'; break;
      default: buffer[length++] = '?'; format -= !*format; break;
    }
    const size_t spaces = width > 0 && (size_t)width > length ? (size_t)width - length : 0;
    for (size_t i = 0; !left && i < spaces; i++) PUT(' ');
    for (size_t i = 0; i < length; i++) PUT(part[i]);
    for (size_t i = 0; left && i < spaces; i++) PUT(' ');
  }
#undef PUT
  if (count) text[written < count ? written : count - 1] = 0;
  return (int)written;
}

int snprintf(char *text, size_t count, const char *format, ...) {
  va_list values;
  va_start(values, format);
  const int written = vsnprintf(text, count, format, values);
  va_end(values);
  return written;
}
