// Decodes WebP data in memory to RGB pixels, using libwebp.
#ifndef GIEMSA_WEBPSHIM_H
#define GIEMSA_WEBPSHIM_H

#include <stddef.h>
#include <stdint.h>

// Statuses besides 0.
#define WEBPSHIM_DAMAGED (-1)
#define WEBPSHIM_TOO_SHORT (-2)
#define WEBPSHIM_ANIMATED (-3)
#define WEBPSHIM_NO_MEMORY (-4)

typedef struct {
  uint32_t width, height;  // in pixels, at least 1
  int is_lossless;
} webpshim_header;

// Reads what comes before the pixels.
int webpshim_read_header(const void *bytes, size_t count, webpshim_header *header);

// Decodes width × height × 3 bytes of RGB; alpha is dropped. The extents are the header's.
int webpshim_read(const void *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *pixels);

#endif
