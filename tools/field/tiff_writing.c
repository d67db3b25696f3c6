// What libtiff would write files with: refused, so that the static program needs neither encoder. It reads TIFF only.
#define REFUSED(name) \
  int name(void) { return 0; }

// libjpeg
REFUSED(jpeg_CreateCompress)
REFUSED(jpeg_finish_compress)
REFUSED(jpeg_set_colorspace)
REFUSED(jpeg_set_defaults)
REFUSED(jpeg_set_quality)
REFUSED(jpeg_start_compress)
REFUSED(jpeg_suppress_tables)
REFUSED(jpeg_write_raw_data)
REFUSED(jpeg_write_scanlines)
REFUSED(jpeg_write_tables)

// libdeflate
void *libdeflate_alloc_compressor(int level) { return (void)level, (void *)0; }
REFUSED(libdeflate_free_compressor)
REFUSED(libdeflate_zlib_compress)
REFUSED(libdeflate_zlib_compress_bound)

// libtiff's own: it opens files for reading only.
REFUSED(TIFFCheckpointDirectory)
REFUSED(TIFFFlushData1)
REFUSED(TIFFRewriteDirectory)
REFUSED(TIFFSetupStrips)
REFUSED(TIFFWriteCheck)
REFUSED(TIFFWriteDirectory)
REFUSED(TIFFWriteBufferSetup)
REFUSED(_TIFFRewriteField)
