// A compressor of our own for pngshim_write: LZ77 and Huffman codes made for each block (RFC 1951, in the frame of RFC 1950).
// zlib's and libpng's writer take 60 KB of a static program, this one 3.
#ifndef GIEMSA_PNGSHIM_DEFLATE_H
#define GIEMSA_PNGSHIM_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct deflater deflater;

// NULL if memory is out.
deflater *deflater_make(void);

void deflater_put(deflater *deflater, const uint8_t *bytes, size_t count);

// Ends the stream and returns it, malloc'd; NULL if memory ran out at any time. Frees the deflater.
uint8_t *deflater_finish(deflater *deflater, size_t *count);

#endif
