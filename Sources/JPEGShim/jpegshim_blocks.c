#include "jpegshim_blocks.h"

#include <jerror.h>
#include <stdlib.h>
#include <string.h>

// Pictures with fewer bytes of coefficients are decoded as libjpeg does, in two thirds of the time.
enum { PLAIN = 16 << 20 };

// A packed block begins with a kind. Unless it is empty, a mask of its coefficients that are not zero follows, and these:
// the first one of the block in two bytes, others in one or two.
enum { EMPTY, BYTES, WORDS, LONGEST = 1 + 8 + 2 * DCTSIZE2 };

// The type is libjpeg's, which leaves its content to the memory manager.
struct jvirt_barray_control {
  jvirt_barray_ptr next;
  JDIMENSION width, height, most;  // in blocks; `most` rows are open at once
  uint8_t **rows;                  // packed, malloc'd; NULL while all of it is zero
  JBLOCKARRAY open;                // rows from `first` on, `count` of them
  JDIMENSION first, count;
  boolean is_changed;
  uint8_t *packing;  // space for a packed row
};

static uint8_t *pack_block(uint8_t *to, const JCOEF *block) {
  uint64_t fours[DCTSIZE2 / 4], any = 0, mask = 0;
  int is_wide = 0;
  memcpy(fours, block, sizeof fours);
  for (int i = 0; i < DCTSIZE2 / 4; i++) any |= fours[i];
  if (!any) {
    *to++ = EMPTY;
    return to;
  }
  for (int i = 0; i < DCTSIZE2; i++) {
    if (i % 4 == 0 && !fours[i / 4]) {
      i += 3;
      continue;
    }
    mask |= (uint64_t)(block[i] != 0) << i;
    is_wide |= i > 0 && block[i] != (int8_t)block[i];
  }
  *to++ = is_wide ? WORDS : BYTES;
  memcpy(to, &mask, 8);
  to += 8;
  for (uint64_t rest = mask; rest; rest &= rest - 1) {
    const int i = __builtin_ctzll(rest);
    if (is_wide || i == 0) {
      memcpy(to, &block[i], 2);
      to += 2;
    } else {
      *to++ = (uint8_t)block[i];
    }
  }
  return to;
}

// `block` is zero before.
static const uint8_t *unpack_block(const uint8_t *from, JCOEF *block) {
  const int kind = *from++;
  if (kind == EMPTY) return from;
  uint64_t mask;
  memcpy(&mask, from, 8);
  from += 8;
  for (; mask; mask &= mask - 1) {
    const int i = __builtin_ctzll(mask);
    if (kind == WORDS || i == 0) {
      memcpy(&block[i], from, 2);
      from += 2;
    } else {
      block[i] = (int8_t)*from++;
    }
  }
  return from;
}

static void close_rows(j_common_ptr jpeg, jvirt_barray_ptr array) {
  for (JDIMENSION y = 0; array->is_changed && y < array->count; y++) {
    uint8_t *end = array->packing, **row = &array->rows[array->first + y];
    for (JDIMENSION x = 0; x < array->width; x++) end = pack_block(end, array->open[y][x]);
    const size_t size = end - array->packing;
    uint8_t *bytes = realloc(*row, size);
    if (!bytes) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    *row = memcpy(bytes, array->packing, size);
  }
  array->is_changed = FALSE;
}

static JBLOCKARRAY open_rows(j_common_ptr jpeg, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count,
                             boolean changes) {
  if (count > array->most || first > array->height || count > array->height - first)
    ERREXIT(jpeg, JERR_BAD_VIRTUAL_ACCESS);
  if (first != array->first || count > array->count) {
    close_rows(jpeg, array);
    array->first = first;
    array->count = count;
    for (JDIMENSION y = 0; y < count; y++) {
      memset(array->open[y], 0, array->width * sizeof(JBLOCK));
      const uint8_t *from = array->rows[first + y];
      for (JDIMENSION x = 0; from && x < array->width; x++) from = unpack_block(from, array->open[y][x]);
    }
  }
  array->is_changed |= changes;
  return array->open;
}

static jvirt_barray_ptr request(j_common_ptr jpeg, int pool, boolean is_zero, JDIMENSION width, JDIMENSION height,
                                JDIMENSION most) {
  (void)is_zero;
  struct jpeg_memory_mgr *memory = jpeg->mem;
  jvirt_barray_ptr array = memory->alloc_small(jpeg, pool, sizeof *array);
  *array = (struct jvirt_barray_control){.width = width, .height = height, .most = most};
  array->rows = memory->alloc_large(jpeg, pool, height * sizeof *array->rows);
  memset(array->rows, 0, height * sizeof *array->rows);
  array->open = memory->alloc_barray(jpeg, pool, width, most);
  array->packing = memory->alloc_large(jpeg, pool, (size_t)width * LONGEST);
  jpegshim_blocks *blocks = jpeg->client_data;
  array->next = blocks->arrays;
  blocks->arrays = array;
  return array;
}

void jpegshim_blocks_end(jpegshim_blocks *blocks) {
  for (jvirt_barray_ptr array = blocks->arrays; array; array = array->next)
    for (JDIMENSION y = 0; y < array->height; y++) free(array->rows[y]);
  blocks->arrays = NULL;
}

static size_t plain_bytes(j_decompress_ptr jpeg) {
  size_t blocks = 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    const jpeg_component_info *part = &jpeg->comp_info[i];
    blocks += (size_t)(part->width_in_blocks + part->h_samp_factor) * (part->height_in_blocks + part->v_samp_factor);
  }
  return blocks * sizeof(JBLOCK);
}

void jpegshim_blocks_begin(j_decompress_ptr jpeg) {
  if (plain_bytes(jpeg) <= PLAIN) return;
  jpeg->mem->request_virt_barray = request;
  jpeg->mem->access_virt_barray = open_rows;
}

size_t jpegshim_blocks_bytes(j_decompress_ptr jpeg, size_t count) {
  const size_t plain = plain_bytes(jpeg), blocks = plain / sizeof(JBLOCK), packed = blocks * 11 + 4 * count;
  return plain <= PLAIN || plain < packed ? plain : packed;
}
