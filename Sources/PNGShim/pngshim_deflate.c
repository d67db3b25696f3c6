#include "pngshim_deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
  WINDOW = 32768,      // how far back a match may lie
  ROOM = 3 * WINDOW,   // of the buffer: the window, and what is new
  LONGEST = 258,       // bytes of a match
  SHORTEST = 4,        // a shorter match saves nothing among filtered pixels
  LAZY = 16,           // a match of this length is taken without looking for a longer one behind it
  GOOD = 128,          // a match of this length ends the search
  TRIES = 32,          // earlier places that are compared
  HASH_BITS = 15,
  TOKENS = 16384,      // of a block
  LITERALS = 286,      // symbols: bytes, the end of the block, lengths
  DISTANCES = 30,
  END_OF_BLOCK = 256,
  LENGTH_CODES = 19,   // symbols of the code that code lengths are written in
};

struct deflater {
  uint8_t *out;  // malloc'd, grown by doubling; NULL once memory is out
  size_t used, capacity;
  uint64_t bits;  // that wait for a whole byte, `waiting` of them
  int waiting;
  uint32_t adler;

  uint8_t buffer[ROOM];
  size_t start;      // the stream's index of the buffer's first byte
  size_t next, end;  // in the buffer: the first byte without a token, and behind the last byte
  // Chains of earlier places with the same first four bytes, by their index in the stream. What has left the window is
  // recognised by its distance.
  size_t head[1 << HASH_BITS], previous[WINDOW];

  // Of the block: a literal, or a length << 16 | a distance.
  uint32_t tokens[TOKENS];
  int token_count;
  uint32_t literal_counts[LITERALS], distance_counts[DISTANCES];
};

// Codes, bit-reversed as they are written, and their lengths, by symbol.
typedef struct {
  uint16_t code[LITERALS];
  uint8_t length[LITERALS];
} Codes;

// ---- Output ----

static void put(deflater *d, uint8_t byte) {
  if (d->used == d->capacity && d->out) {
    uint8_t *grown = realloc(d->out, d->capacity *= 2);
    if (!grown) free(d->out);
    d->out = grown;
  }
  if (d->out) d->out[d->used++] = byte;
}

// At most 16 bits.
static void put_bits(deflater *d, unsigned bits, int count) {
  d->bits |= (uint64_t)bits << d->waiting;
  d->waiting += count;
  for (; d->waiting >= 8; d->waiting -= 8, d->bits >>= 8) put(d, (uint8_t)d->bits);
}

static void put_code(deflater *d, const Codes *codes, int symbol) {
  put_bits(d, codes->code[symbol], codes->length[symbol]);
}

// ---- Huffman codes ----

// Lengths of the best code for at most LITERALS symbols, none above `most`: where the best one has longer codes, counts are
// halved until it has not.
static void choose_lengths(const uint32_t *counts, int symbols, int most, uint8_t *lengths) {
  uint32_t weight[2 * LITERALS];  // of leaves, least first, and behind them of inner nodes
  uint16_t leaf[LITERALS], parent[2 * LITERALS];
  uint8_t depth[2 * LITERALS];
  for (int halvings = 0;; halvings++) {
    int leaves = 0;
    for (int symbol = 0; symbol < symbols; symbol++) {
      lengths[symbol] = 0;
      if (!counts[symbol]) continue;
      const uint32_t own = (counts[symbol] >> halvings) + 1;
      int at = leaves++;
      for (; at > 0 && weight[at - 1] > own; at--) {
        weight[at] = weight[at - 1];
        leaf[at] = leaf[at - 1];
      }
      weight[at] = own;
      leaf[at] = (uint16_t)symbol;
    }
    // The two lightest of leaves and inner nodes become one: both lists are in order.
    int next_leaf = 0, next_inner = leaves, root = 2 * leaves - 2;
    for (int node = leaves; node <= root; node++) {
      weight[node] = 0;
      for (int half = 0; half < 2; half++) {
        const int is_leaf = next_leaf < leaves && (next_inner == node || weight[next_leaf] <= weight[next_inner]);
        const int child = is_leaf ? next_leaf++ : next_inner++;
        weight[node] += weight[child];
        parent[child] = (uint16_t)node;
      }
    }
    int longest = 0;
    depth[root] = 0;
    for (int node = root - 1; node >= 0; node--) {
      depth[node] = depth[parent[node]] + 1;
      if (depth[node] > longest) longest = depth[node];
      if (node < leaves) lengths[leaf[node]] = depth[node];
    }
    if (longest <= most) return;
  }
}

static void make_codes(Codes *codes, const uint32_t *counts, int symbols, int most) {
  choose_lengths(counts, symbols, most, codes->length);
  unsigned code = 0;
  for (int length = 1; length <= most; length++, code <<= 1)
    for (int symbol = 0; symbol < symbols; symbol++) {
      if (codes->length[symbol] != length) continue;
      unsigned reversed = 0;
      for (int bit = 0; bit < length; bit++) reversed |= (code >> bit & 1) << (length - 1 - bit);
      codes->code[symbol] = (uint16_t)reversed;
      code++;
    }
}

// ---- Blocks ----

// A length's or a distance's symbol and the bits behind it, of a value that counts from 0: up to `plain` (a power of two)
// symbols stand for a value each, then `plain / 2` symbols share each power of two.
static int symbol_of(unsigned value, int plain, int *extra) {
  const int high = value < (unsigned)plain ? 0 : 32 - __builtin_clz(value) - __builtin_ctz(plain);
  *extra = high;
  return high * plain / 2 + (int)(value >> high);
}

static int length_symbol(unsigned length, int *extra) {
  if (length < LONGEST) return 257 + symbol_of(length - 3, 8, extra);
  *extra = 0;
  return 285;
}

static int distance_symbol(unsigned distance, int *extra) { return symbol_of(distance - 1, 4, extra); }

// Writes the lengths of both codes, runs of the same length as one symbol (RFC 1951, 3.2.7).
static void put_lengths(deflater *d, const Codes *literals, const Codes *distances) {
  static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LITERALS + DISTANCES];
  struct {
    uint8_t symbol, more, bits;
  } runs[LITERALS + DISTANCES];
  memcpy(lengths, literals->length, LITERALS);
  memcpy(lengths + LITERALS, distances->length, DISTANCES);
  // Counts of 1 make two symbols at least, so that the code is complete.
  uint32_t counts[LENGTH_CODES] = {[0] = 1, [8] = 1};
  int count = 0;
  for (int at = 0, run; at < LITERALS + DISTANCES; at += run) {
    const uint8_t length = lengths[at];
    const int most = length ? 6 : 138;
    for (run = 1; run < most && at + run < LITERALS + DISTANCES && lengths[at + run] == length;) run++;
    uint8_t symbol = length, more = 0, bits = 0;
    if (length) {
      if (at > 0 && lengths[at - 1] == length && run >= 3) {
        symbol = 16, more = (uint8_t)(run - 3), bits = 2;
      } else {
        run = 1;
      }
    } else if (run >= 11) {
      symbol = 18, more = (uint8_t)(run - 11), bits = 7;
    } else if (run >= 3) {
      symbol = 17, more = (uint8_t)(run - 3), bits = 3;
    } else {
      run = 1;
    }
    runs[count].symbol = symbol, runs[count].more = more, runs[count++].bits = bits;
    counts[symbol]++;
  }
  Codes codes;
  make_codes(&codes, counts, LENGTH_CODES, 7);
  put_bits(d, LITERALS - 257, 5);
  put_bits(d, DISTANCES - 1, 5);
  put_bits(d, LENGTH_CODES - 4, 4);
  for (int i = 0; i < LENGTH_CODES; i++) put_bits(d, codes.length[order[i]], 3);
  for (int i = 0; i < count; i++) {
    put_code(d, &codes, runs[i].symbol);
    put_bits(d, runs[i].more, runs[i].bits);
  }
}

static void put_block(deflater *d, int is_last) {
  Codes literals, distances;
  d->literal_counts[END_OF_BLOCK] = 1;
  // A code of one symbol would be incomplete.
  d->literal_counts[0]++;
  d->distance_counts[0]++;
  d->distance_counts[1]++;
  make_codes(&literals, d->literal_counts, LITERALS, 15);
  make_codes(&distances, d->distance_counts, DISTANCES, 15);
  put_bits(d, (unsigned)is_last | 2 << 1, 3);
  put_lengths(d, &literals, &distances);
  for (int i = 0; i < d->token_count; i++) {
    const unsigned length = d->tokens[i] >> 16, distance = d->tokens[i] & 0xFFFF;
    if (!length) {
      put_code(d, &literals, (int)distance);
      continue;
    }
    int extra;
    put_code(d, &literals, length_symbol(length, &extra));
    put_bits(d, (length - 3) & ((1u << extra) - 1), extra);
    put_code(d, &distances, distance_symbol(distance + 1, &extra));
    put_bits(d, distance & ((1u << extra) - 1), extra);
  }
  put_code(d, &literals, END_OF_BLOCK);
  d->token_count = 0;
  memset(d->literal_counts, 0, sizeof d->literal_counts);
  memset(d->distance_counts, 0, sizeof d->distance_counts);
}

// A literal, or a match; of a match's distance, one less, which fits in 16 bits.
static void add_token(deflater *d, unsigned length, unsigned value) {
  int extra;
  if (length) {
    d->literal_counts[length_symbol(length, &extra)]++;
    d->distance_counts[distance_symbol(value, &extra)]++;
    value--;
  } else {
    d->literal_counts[value]++;
  }
  d->tokens[d->token_count++] = length << 16 | value;
  if (d->token_count == TOKENS) put_block(d, 0);
}

// ---- Matches ----

// Where the chain of the four bytes at `at` begins.
static size_t *chain(deflater *d, size_t at) {
  uint32_t first;
  memcpy(&first, d->buffer + at, 4);
  return &d->head[first * 2654435761u >> (32 - HASH_BITS)];
}

// Enters a place into its chain. There is none for the last bytes.
static void enter(deflater *d, size_t at) {
  if (at + SHORTEST > d->end) return;
  size_t *head = chain(d, at);
  d->previous[(d->start + at) % WINDOW] = *head;
  *head = d->start + at;
}

// The longest match for the bytes at `at`, or 0. Enters the place.
static unsigned find(deflater *d, size_t at, unsigned *distance) {
  if (at + SHORTEST > d->end) return 0;
  const size_t left = d->end - at, most = left < LONGEST ? left : LONGEST;
  const uint8_t *here = d->buffer + at;
  unsigned best = SHORTEST - 1;
  size_t place = *chain(d, at), away = 0;
  enter(d, at);
  for (int i = 0; i < TRIES; i++) {
    // An entry that has left the window, or was overwritten, does not go further back.
    const size_t back = d->start + at - place;
    if (back <= away || back > at || back > WINDOW) break;
    away = back;
    const uint8_t *there = here - back;
    if (best < most && there[best] == here[best]) {
      unsigned length = 0;
      while (length < most && there[length] == here[length]) length++;
      if (length > best) {
        best = length;
        *distance = (unsigned)back;
        if (best >= GOOD) break;
      }
    }
    place = d->previous[place % WINDOW];
  }
  return best >= SHORTEST ? best : 0;
}

// Makes tokens of what is in the buffer, but leaves what a match could still continue.
static void tokenise(deflater *d, int all) {
  const size_t stop = all ? d->end : d->end - 2 * LONGEST;
  unsigned length = 0, distance = 0;
  while (d->next < stop) {
    if (!length) length = find(d, d->next, &distance);
    if (!length) {
      add_token(d, 0, d->buffer[d->next++]);
      continue;
    }
    // A longer match one byte later is worth a literal.
    unsigned later = 0, later_distance = 0;
    if (length < LAZY) later = find(d, d->next + 1, &later_distance);
    if (later > length) {
      add_token(d, 0, d->buffer[d->next++]);
      length = later, distance = later_distance;
      continue;
    }
    add_token(d, length, distance);
    for (size_t i = length < LAZY ? 2 : 1; i < length; i++) enter(d, d->next + i);
    d->next += length;
    length = 0;
  }
}

// ---- The stream ----

deflater *deflater_make(void) {
  deflater *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->out = malloc(d->capacity = 4096);
  // A distance from here is never in the buffer.
  d->start = WINDOW + 1;
  d->adler = (uint32_t)adler32(0, NULL, 0);
  put(d, 0x78);
  put(d, 0x9C);
  return d;
}

void deflater_put(deflater *d, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    if (d->end == ROOM) {
      tokenise(d, 0);
      const size_t gone = d->next - WINDOW;
      memmove(d->buffer, d->buffer + gone, d->end - gone);
      d->start += gone;
      d->next -= gone;
      d->end -= gone;
    }
    const size_t some = count < ROOM - d->end ? count : ROOM - d->end;
    d->adler = (uint32_t)adler32(d->adler, bytes, (uInt)some);
    memcpy(d->buffer + d->end, bytes, some);
    d->end += some;
    bytes += some;
    count -= some;
  }
}

uint8_t *deflater_finish(deflater *d, size_t *count) {
  tokenise(d, 1);
  put_block(d, 1);
  if (d->waiting) put(d, (uint8_t)d->bits);
  for (int shift = 24; shift >= 0; shift -= 8) put(d, (uint8_t)(d->adler >> shift));
  uint8_t *out = d->out;
  *count = d->used;
  free(d);
  return out;
}
