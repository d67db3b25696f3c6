// Decodes the first picture of a TIFF file to RGB pixels, using libtiff. Every call opens the file anew and returns a status.
#ifndef GIEMSA_TIFFSHIM_H
#define GIEMSA_TIFFSHIM_H

#include <stddef.h>
#include <stdint.h>

enum { TIFFSHIM_MESSAGE = 160 };  // size of a message buffer in bytes

// Statuses besides 0; each comes with a reason in `message`.
#define TIFFSHIM_DAMAGED (-1)
#define TIFFSHIM_UNSUPPORTED (-2)  // a kind of TIFF that is not read here

// Where the bytes are: in memory, or in an open file if `bytes` is NULL.
typedef struct {
  const void *bytes;
  size_t count;
  int file;
} tiffshim_source;

typedef struct {
  uint32_t width, height;               // in pixels, at least 1
  size_t working_bytes;                 // that decoding allocates
  uint16_t orientation;                 // as EXIF's: 1 to 8; others mean 1
  uint16_t resolution_unit;             // 2 inch, 3 centimetre, otherwise none
  float x_resolution, y_resolution;     // pixels per unit; 0: not said
  int has_more;                         // whether the file has further pictures
} tiffshim_header;

// Reads what comes before the pixels.
int tiffshim_read_header(const tiffshim_source *source, tiffshim_header *header, char *message);

// Decodes RGB pixels: pixel x of row y at first + x * pixel_step + y * row_step, 3 bytes. Grey of 1 to 16 bits, palettes of 1
// to 8, RGB of 8 and 16, and YCbCr within JPEG; strips and tiles, channels together or apart; further channels are dropped.
// Of samples of 16 bits the lower `bits` (8 to 16) are data, of which the upper 8 are kept; larger samples become 255.
//
// width, height  as in the header: other extents in the file are damage
// high_bits      bitwise OR of the high bytes of all 16-bit samples; 0xFF if samples have fewer bits
int tiffshim_read(const tiffshim_source *source, int bits, uint32_t width, uint32_t height, uint8_t *first,
                  ptrdiff_t pixel_step, ptrdiff_t row_step, uint8_t *high_bits, char *message);

#endif
