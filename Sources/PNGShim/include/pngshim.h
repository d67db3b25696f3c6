// Decodes PNG data in memory to RGB pixels and encodes it, using libpng. libpng reports errors by longjmp, which must
// not cross Swift frames, so every call that can fail is wrapped here and returns a status.
#ifndef GIEMSA_PNGSHIM_H
#define GIEMSA_PNGSHIM_H

#include <stddef.h>
#include <stdint.h>

enum { PNGSHIM_MESSAGE = 128 };  // size of a message buffer in bytes

// Reads the header. Returns 0, -1 with libpng's message in `message`, or PNGSHIM_TOO_LARGE (with width and height set)
// if the picture has more than `side_limit` pixels per side.
#define PNGSHIM_TOO_LARGE (-2)
int pngshim_size(const void *bytes, size_t count, uint32_t side_limit, uint32_t *width, uint32_t *height,
                 char *message);

// Decodes into `pixels`, width × height × 3 bytes of RGB, like Pillow's convert("RGB"): palettes and grey are expanded,
// 16-bit samples reduced to their high byte, alpha dropped, gamma ignored. (Unlike Pillow, which clips 16-bit grey
// above 255 to white, grey is also reduced to its high byte.) `high_bits`: bitwise OR of the high bytes of all 16-bit
// samples; 0xFF if samples have fewer bits. The caller must have called pngshim_size before. Returns 0, or -1 with
// libpng's message in `message`.
int pngshim_read(const void *bytes, size_t count, uint8_t *pixels, uint8_t *high_bits, char *message);

// Encodes RGB rows. On success *bytes is malloc'd memory, to be freed with pngshim_free.
int pngshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, void **bytes, size_t *count, char *message);

void pngshim_free(void *bytes);

#endif
