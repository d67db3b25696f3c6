// Coefficients of large files of several scans (progressive ones) in little memory: most are zero. libjpeg keeps 2 bytes
// for each until the last scan, which is twice what the pixels take.
#ifndef GIEMSA_JPEGSHIM_BLOCKS_H
#define GIEMSA_JPEGSHIM_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>  // jpeglib.h needs it

#include <jpeglib.h>

// client_data must point to it.
typedef struct {
  jvirt_barray_ptr arrays;  // a list
} jpegshim_blocks;

// Takes the place of libjpeg's virtual arrays of blocks, if the picture is large. To be called between jpeg_read_header
// and jpeg_start_decompress. libjpeg's error handler is called when memory is out.
void jpegshim_blocks_begin(j_decompress_ptr jpeg);

// Frees the coefficients. To be called before jpeg_destroy_decompress, also after an error and where nothing was begun.
void jpegshim_blocks_end(jpegshim_blocks *blocks);

// Bytes that the coefficients usually take. A file of `count` bytes has at most 4 of them per byte that are not zero.
size_t jpegshim_blocks_bytes(j_decompress_ptr jpeg, size_t count);

#endif
