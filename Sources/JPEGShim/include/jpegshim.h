// Decodes JPEG data in memory to RGB pixels, using libjpeg-turbo, and encodes it by an encoder of our own. libjpeg reports
// errors through a callback that must not return; it leaves by longjmp, which must not cross Swift frames, so every call is
// wrapped here and returns a status.
#ifndef GIEMSA_JPEGSHIM_H
#define GIEMSA_JPEGSHIM_H

#include <stddef.h>
#include <stdint.h>

enum { JPEGSHIM_MESSAGE = 128 };  // size of a message buffer in bytes

// Statuses besides 0; each comes with a reason in `message`.
#define JPEGSHIM_DAMAGED (-1)
#define JPEGSHIM_UNSUPPORTED (-2)  // a kind of JPEG that libjpeg-turbo 2 does not read

typedef struct {
  uint32_t width, height;      // in pixels, at least 1
  size_t working_bytes;        // that decoding takes beside the pixels, usually
  uint16_t x_density, y_density;
  uint8_t density_unit;        // of JFIF: 1 pixels per inch, 2 per centimetre, otherwise none
} jpegshim_header;

// Reads what comes before the pixels.
int jpegshim_read_header(const void *bytes, size_t count, jpegshim_header *header, char *message);

// Decodes RGB pixels, as Pillow does: pixel x of row y at first + x * pixel_step + y * row_step, 3 bytes. Grey is expanded;
// CMYK and YCCK become RGB by (255 - ink) * (255 - black) / 255, with Adobe's inverted inks read as such.
//
// width, height  as in the header: other extents in `bytes` are damage
// reduction      1, 2, 4 or 8 pixels along each axis become one: extents are ceil(width / reduction)
int jpegshim_read(const void *bytes, size_t count, uint32_t width, uint32_t height, unsigned reduction, uint8_t *first,
                  ptrdiff_t pixel_step, ptrdiff_t row_step, char *message);

// Encodes RGB rows as a baseline file without subsampled colours. On success *bytes is malloc'd memory, to be freed with
// jpegshim_free. Returns 0, or -1 if memory is out.
//
// width, height  1 to 65,535
// quality        1 to 100, as libjpeg counts it
int jpegshim_write(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, void **bytes, size_t *count);

void jpegshim_free(void *bytes);

#endif
