// PNG in memory to RGB pixels and back, over libpng. libpng reports errors by longjmp, which must not cross Swift
// frames, so every call that can fail lives behind this door and returns a status.
#ifndef GIEMSA_PNGSHIM_H
#define GIEMSA_PNGSHIM_H

#include <stddef.h>
#include <stdint.h>

enum { PNGSHIM_MESSAGE = 128 };  // bytes a message buffer must have

// Reads the header. Returns 0, -1 with libpng's reason in `message`, or PNGSHIM_TOO_LARGE (width and height are set) where
// the picture has more than `side_limit` pixels on a side.
#define PNGSHIM_TOO_LARGE (-2)
int pngshim_size(const void *bytes, size_t count, uint32_t side_limit, uint32_t *width, uint32_t *height,
                 char *message);

// Decodes into `pixels`, width × height × 3 bytes of RGB, as Pillow's convert("RGB") does: palettes and grey expanded,
// the high byte of 16-bit samples, alpha dropped, gamma ignored. (16-bit grey too gets its high byte, where Pillow
// clips all above 255 to white.) `high_bits`: the high bytes of all 16-bit colours or'ed; 0xFF where samples have fewer bits.
// The caller has asked pngshim_size before. Returns 0, or -1 with libpng's reason in `message`.
int pngshim_read(const void *bytes, size_t count, uint8_t *pixels, uint8_t *high_bits, char *message);

// Encodes RGB rows. On success *bytes is malloc'd memory, to be given to pngshim_free.
int pngshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, void **bytes, size_t *count, char *message);

void pngshim_free(void *bytes);

#endif
