// A baseline encoder of our own, 4 KB. libjpeg-turbo's takes 96 KB (its Huffman coder alone 52, unrolled): with it the static
// program has 2.47 MB, where 2.4 are allowed. Only the pages of count --report need one, at sizes where speed is no matter.
#include <stdlib.h>
#include <string.h>

#include "jpegshim.h"
#include "jpegshim_tables.h"

enum { LUMA, CHROMA, COMPONENTS = 3 };

typedef struct {
  uint8_t *bytes;  // malloc'd, grown by doubling; NULL once memory is out
  size_t used, capacity;
  uint32_t bits;  // that wait for a whole byte, `waiting` of them
  int waiting;
} Output;

// A code and its length by symbol.
typedef struct {
  uint16_t code[256];
  uint8_t length[256];
} Codes;

static void put(Output *out, uint8_t byte) {
  if (out->used == out->capacity && out->bytes) {
    uint8_t *grown = realloc(out->bytes, out->capacity *= 2);
    if (!grown) free(out->bytes);
    out->bytes = grown;
  }
  if (out->bytes) out->bytes[out->used++] = byte;
}

static void put_all(Output *out, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) put(out, bytes[i]);
}

// A marker, the length of its segment, and the first byte in it.
static void put_segment(Output *out, uint8_t marker, unsigned length, uint8_t first) {
  const uint8_t head[] = {0xFF, marker, length >> 8, length & 255, first};
  put_all(out, head, 5);
}

// At most 16 bits. A byte 0xFF among codes is followed by a zero.
static void put_bits(Output *out, unsigned bits, int count) {
  out->bits = out->bits << count | (bits & ((1u << count) - 1));
  out->waiting += count;
  while (out->waiting >= 8) {
    const uint8_t byte = out->bits >> (out->waiting -= 8);
    put(out, byte);
    if (byte == 0xFF) put(out, 0);
  }
}

static Codes codes(const huffman *table) {
  Codes result = {0};
  unsigned code = 0, at = 0;
  for (int length = 1; length <= 16; length++, code <<= 1)
    for (int i = 0; i < table->counts[length - 1]; i++, code++) {
      result.code[table->symbols[at]] = code;
      result.length[table->symbols[at++]] = length;
    }
  return result;
}

static void put_huffman(Output *out, uint8_t index, const huffman *table) {
  unsigned count = 0;
  for (int i = 0; i < 16; i++) count += table->counts[i];
  put_segment(out, 0xC4, 3 + 16 + count, index);
  put_all(out, table->counts, 16);
  put_all(out, table->symbols, count);
}

// The number of bits of a value, and the bits: for negative values those of value - 1.
static int size_of(int value) { return value == 0 ? 0 : 32 - __builtin_clz(value < 0 ? -value : value); }
static unsigned bits_of(int value) { return value < 0 ? value - 1 : value; }

typedef struct {
  Output out;
  Codes first[2], other[2];
  uint8_t quantizer[2][64];  // zigzag order
  float factor[2][64];       // 1 / quantizer, row by row
  float cosine[8][8];        // of the cosine transform: [frequency][place]
  uint8_t place[64];         // of the coefficients in zigzag order
  int before[COMPONENTS];    // first coefficient of the block before
} Encoder;

// Transforms, quantizes and writes one block of samples from -128 to 127.
static void put_block(Encoder *encoder, int component, float (*samples)[8]) {
  const int kind = component ? CHROMA : LUMA;
  float columns[8][8] = {{0}}, coefficients[8][8] = {{0}};
  for (int v = 0; v < 8; v++)
    for (int y = 0; y < 8; y++)
      for (int x = 0; x < 8; x++) columns[v][x] += encoder->cosine[v][y] * samples[y][x];
  for (int x = 0; x < 8; x++)
    for (int v = 0; v < 8; v++)
      for (int u = 0; u < 8; u++) coefficients[u][v] += encoder->cosine[u][x] * columns[v][x];
  int16_t values[64];
  for (int i = 0; i < 64; i++) {
    const int place = encoder->place[i];
    const float exact = coefficients[place & 7][place >> 3] * encoder->factor[kind][place];
    values[i] = exact < 0 ? exact - 0.5f : exact + 0.5f;
  }
  Output *out = &encoder->out;
  const Codes *first = &encoder->first[kind], *other = &encoder->other[kind];
  const int difference = values[0] - encoder->before[component];
  encoder->before[component] = values[0];
  int size = size_of(difference);
  put_bits(out, first->code[size], first->length[size]);
  put_bits(out, bits_of(difference), size);
  int zeros = 0;
  for (int i = 1; i < 64; i++) {
    if (values[i] == 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) put_bits(out, other->code[0xF0], other->length[0xF0]);
    size = size_of(values[i]);
    put_bits(out, other->code[zeros << 4 | size], other->length[zeros << 4 | size]);
    put_bits(out, bits_of(values[i]), size);
    zeros = 0;
  }
  if (zeros) put_bits(out, other->code[0], other->length[0]);
}

static void prepare(Encoder *encoder, int quality) {
  // As libjpeg scales them.
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  // Zigzag: along the diagonals, alternately up and down.
  for (int sum = 0, i = 0; sum < 15; sum++)
    for (int k = 0; k <= sum; k++) {
      const int y = sum % 2 ? k : sum - k, x = sum - y;
      if (x < 8 && y < 8) encoder->place[i++] = y * 8 + x;
    }
  for (int kind = LUMA; kind <= CHROMA; kind++) {
    for (int i = 0; i < 64; i++) {
      int step = (steps[kind][i] * scale + 50) / 100;
      step = step < 1 ? 1 : step > 255 ? 255 : step;
      encoder->quantizer[kind][i] = step;
      encoder->factor[kind][encoder->place[i]] = 1.0f / step;
    }
    encoder->first[kind] = codes(&first_codes[kind]);
    encoder->other[kind] = codes(&other_codes[kind]);
  }
  // cos(k * pi / 16), and with what period it comes back.
  static const float quarter[9] = {1, 0.98078528f, 0.92387953f, 0.83146961f, 0.70710678f, 0.55557023f, 0.38268343f,
                                   0.19509032f, 0};
  for (int u = 0; u < 8; u++)
    for (int x = 0; x < 8; x++) {
      int k = (2 * x + 1) * u % 32;
      if (k > 16) k = 32 - k;
      encoder->cosine[u][x] = (k > 8 ? -quarter[16 - k] : quarter[k]) * (u ? 0.5f : 0.35355339f);
    }
}

static void put_header(Encoder *encoder, uint32_t width, uint32_t height) {
  Output *out = &encoder->out;
  static const uint8_t start[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  put_all(out, start, sizeof start);
  for (int kind = LUMA; kind <= CHROMA; kind++) {
    put_segment(out, 0xDB, 3 + 64, kind);
    put_all(out, encoder->quantizer[kind], 64);
  }
  // Each channel has as many samples as the others: number, sampling, quantizer.
  put_segment(out, 0xC0, 17, 8);
  const uint8_t frame[] = {height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1};
  put_all(out, frame, sizeof frame);
  for (int kind = LUMA; kind <= CHROMA; kind++) {
    put_huffman(out, kind, &first_codes[kind]);
    put_huffman(out, 0x10 | kind, &other_codes[kind]);
  }
  put_segment(out, 0xDA, 12, 3);
  static const uint8_t scan[] = {1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0};
  put_all(out, scan, sizeof scan);
}

int jpegshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, void **bytes, size_t *count) {
  Encoder encoder = {.out.capacity = 1 << 16};
  encoder.out.bytes = malloc(encoder.out.capacity);
  prepare(&encoder, quality);
  put_header(&encoder, width, height);
  for (uint32_t top = 0; top < height; top += 8)
    for (uint32_t left = 0; left < width; left += 8) {
      float block[COMPONENTS][8][8];
      // Beyond the picture its last row and column go on.
      for (uint32_t y = 0; y < 8; y++) {
        const uint8_t *row = pixels + (size_t)(top + y < height ? top + y : height - 1) * width * 3;
        for (uint32_t x = 0; x < 8; x++) {
          const uint8_t *pixel = row + (size_t)(left + x < width ? left + x : width - 1) * 3;
          const float r = pixel[0], g = pixel[1], b = pixel[2];
          block[0][y][x] = 0.299f * r + 0.587f * g + 0.114f * b - 128;
          block[1][y][x] = -0.168735892f * r - 0.331264108f * g + 0.5f * b;
          block[2][y][x] = 0.5f * r - 0.418687589f * g - 0.081312411f * b;
        }
      }
      for (int i = 0; i < COMPONENTS; i++) put_block(&encoder, i, block[i]);
    }
  put_bits(&encoder.out, 0x7F, 7);  // ones fill the last byte
  static const uint8_t end[] = {0xFF, 0xD9};
  put_all(&encoder.out, end, 2);
  if (!encoder.out.bytes) return -1;
  *bytes = encoder.out.bytes;
  *count = encoder.out.used;
  return 0;
}

void jpegshim_free(void *bytes) { free(bytes); }
