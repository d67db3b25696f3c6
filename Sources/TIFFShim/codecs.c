// A static program takes these in place of libtiff's codecs that tiffshim.c refuses, and so needs neither them nor liblzma,
// libzstd, libwebp, libjbig and libLerc. In a program that uses libtiff.so nobody calls them.
#include <tiffio.h>

#define REFUSED(name) \
  int name(TIFF *tiff, int scheme) { return (void)tiff, (void)scheme, 0; }

int TIFFInitCCITTFax3(TIFF *tiff, int scheme);
int TIFFInitCCITTFax4(TIFF *tiff, int scheme);
int TIFFInitCCITTRLE(TIFF *tiff, int scheme);
int TIFFInitCCITTRLEW(TIFF *tiff, int scheme);
int TIFFInitJBIG(TIFF *tiff, int scheme);
int TIFFInitLERC(TIFF *tiff, int scheme);
int TIFFInitLZMA(TIFF *tiff, int scheme);
int TIFFInitNeXT(TIFF *tiff, int scheme);
int TIFFInitOJPEG(TIFF *tiff, int scheme);
int TIFFInitPixarLog(TIFF *tiff, int scheme);
int TIFFInitSGILog(TIFF *tiff, int scheme);
int TIFFInitThunderScan(TIFF *tiff, int scheme);
int TIFFInitWebP(TIFF *tiff, int scheme);
int TIFFInitZSTD(TIFF *tiff, int scheme);

REFUSED(TIFFInitCCITTFax3)
REFUSED(TIFFInitCCITTFax4)
REFUSED(TIFFInitCCITTRLE)
REFUSED(TIFFInitCCITTRLEW)
REFUSED(TIFFInitJBIG)
REFUSED(TIFFInitLERC)
REFUSED(TIFFInitLZMA)
REFUSED(TIFFInitNeXT)
REFUSED(TIFFInitOJPEG)
REFUSED(TIFFInitPixarLog)
REFUSED(TIFFInitSGILog)
REFUSED(TIFFInitThunderScan)
REFUSED(TIFFInitWebP)
REFUSED(TIFFInitZSTD)
