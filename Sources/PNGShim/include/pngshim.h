// Decodes PNG data in memory to RGB pixels and encodes it, using libpng. libpng reports errors by longjmp, which must
// not cross Swift frames, so every call that can fail is wrapped here and returns a status.
#ifndef GIEMSA_PNGSHIM_H
#define GIEMSA_PNGSHIM_H

#include <stddef.h>
#include <stdint.h>

enum { PNGSHIM_MESSAGE = 128 };  // size of a message buffer in bytes

typedef struct {
  uint32_t width, height;              // in pixels, at least 1
  uint32_t x_per_metre, y_per_metre;  // pixels; 0 if the file does not say it
} pngshim_header;

// Reads what comes before the pixels. Returns 0, or -1 with libpng's message in `message`.
int pngshim_read_header(const void *bytes, size_t count, pngshim_header *header, char *message);

// Decodes into `pixels`, width × height × 3 bytes of RGB, like Pillow's convert("RGB"): palettes and grey are expanded,
// alpha dropped, gamma ignored. Of samples of 16 bits the lower `bits` (8 to 16) are data, of which the upper 8 are kept;
// larger samples become 255. (Unlike Pillow, which clips 16-bit grey above 255 to white, grey is treated alike.)
//
// high_bits  bitwise OR of the high bytes of all 16-bit samples; 0xFF if samples have fewer bits
//
// The caller has called pngshim_read_header with the same bytes. Returns 0, or -1 with libpng's message in `message`.
int pngshim_read(const void *bytes, size_t count, int bits, uint8_t *pixels, uint8_t *high_bits, char *message);

// Encodes RGB rows. On success *bytes is malloc'd memory, to be freed with pngshim_free.
int pngshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, void **bytes, size_t *count, char *message);

void pngshim_free(void *bytes);

#endif
