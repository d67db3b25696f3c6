// A writer of our own: libpng's needs 28 KB, and reading does not.
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pngshim.h"
#include "pngshim_deflate.h"

// A 32-bit number, most significant byte first.
static uint8_t *put_number(uint8_t *target, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *target++ = (uint8_t)(value >> shift);
  return target;
}

// A chunk; its `count` bytes may be at their place already. Returns what lies behind it.
static uint8_t *put_chunk(uint8_t *target, const char *type, const uint8_t *bytes, size_t count) {
  put_number(target, (uint32_t)count);
  memcpy(target + 4, type, 4);
  if (count) memmove(target + 8, bytes, count);
  return put_number(target + 8 + count, (uint32_t)crc32(0, target + 4, (uInt)(count + 4)));
}

// Paeth's predictor: of left, above and their common neighbour, what is nearest to left + above - neighbour.
static int predict(int left, int above, int corner) {
  const int to_left = abs(above - corner), to_above = abs(left - corner), to_corner = abs(left + above - 2 * corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

// Writes the row's type of filter and its `count` bytes, filtered, to `target`. Returns the sum of their magnitudes as signed
// numbers: the less it is, the better the row compresses.
static size_t filter(int type, const uint8_t *row, const uint8_t *above, size_t count, uint8_t *target) {
  size_t sum = 0;
  *target++ = (uint8_t)type;
  for (size_t i = 0; i < count; i++) {
    const int left = i < 3 ? 0 : row[i - 3], up = above ? above[i] : 0, corner = i < 3 || !above ? 0 : above[i - 3];
    const int expected[] = {0, left, up, (left + up) / 2, type == 4 ? predict(left, up, corner) : 0};
    const uint8_t difference = (uint8_t)(row[i] - expected[type]);
    target[i] = difference;
    sum += difference < 128 ? difference : 256 - difference;
  }
  return sum;
}

int pngshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, void **bytes, size_t *count,
                  char *message) {
  strcpy(message, "no memory");
  const size_t row = (size_t)width * 3;
  uint8_t *rows = malloc(2 * (row + 1));
  deflater *deflater = rows ? deflater_make() : NULL;
  if (!deflater) {
    free(rows);
    return -1;
  }
  for (uint32_t y = 0; y < height; y++) {
    uint8_t *best = rows, *other = rows + row + 1;
    size_t least = SIZE_MAX;
    for (int type = 0; type <= 4; type++) {
      const size_t sum = filter(type, pixels + y * row, y ? pixels + (y - 1) * row : NULL, row, other);
      if (sum >= least) continue;
      least = sum;
      uint8_t *worse = best;
      best = other;
      other = worse;
    }
    deflater_put(deflater, best, row + 1);
  }
  free(rows);
  size_t length;
  uint8_t *stream = deflater_finish(deflater, &length);
  if (!stream) return -1;
  enum { SIGNATURE = 8, CHUNK = 12, HEADER = 13 };
  if (length >= INT32_MAX) {
    free(stream);
    strcpy(message, "too large");
    return -1;
  }
  uint8_t *file = realloc(stream, SIGNATURE + CHUNK + HEADER + CHUNK + length + CHUNK);
  if (!file) {
    free(stream);
    return -1;
  }
  uint8_t *const data = file + SIGNATURE + CHUNK + HEADER;
  memmove(data + 8, file, length);
  memcpy(file, "\x89PNG\r\n\x1A\n", SIGNATURE);
  uint8_t header[HEADER] = {[8] = 8, [9] = 2};  // bits of a sample, RGB
  put_number(put_number(header, width), height);
  put_chunk(file + SIGNATURE, "IHDR", header, HEADER);
  uint8_t *end = put_chunk(put_chunk(data, "IDAT", data + 8, length), "IEND", NULL, 0);
  *bytes = file;
  *count = (size_t)(end - file);
  return 0;
}
