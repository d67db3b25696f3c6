#include "tiffshim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tiffio.h>

#include "platform.h"

// Channels per pixel, of which three at most are used.
enum { CHANNELS = 16 };

// Beyond what a file's size explains: a tile, a row, a table of strips.
enum { SLACK = 64 << 20 };

// State of one call, for libtiff's callbacks.
typedef struct {
  const tiffshim_source *source;
  uint64_t at;
  char *message;
} Session;

// ---- What libtiff reads from ----

static tmsize_t take(thandle_t handle, void *target, tmsize_t count) {
  Session *session = handle;
  const uint64_t left = session->at < session->source->count ? session->source->count - session->at : 0;
  if (count < 0) return -1;
  const size_t taken = (uint64_t)count < left ? (size_t)count : (size_t)left;
  if (session->source->bytes) {
    memcpy(target, (const uint8_t *)session->source->bytes + session->at, taken);
  } else if (platform_read_at(session->source->file, session->at, target, taken) != 0) {
    return -1;
  }
  session->at += taken;
  return (tmsize_t)taken;
}

static tmsize_t refuse(thandle_t handle, void *bytes, tmsize_t count) {
  (void)handle, (void)bytes, (void)count;
  return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  Session *session = handle;
  session->at = whence == SEEK_SET ? offset : whence == SEEK_CUR ? session->at + offset : session->source->count + offset;
  return session->at;
}

static int leave_open(thandle_t handle) { return (void)handle, 0; }

static toff_t size(thandle_t handle) { return ((Session *)handle)->source->count; }

static int map(thandle_t handle, void **base, toff_t *count) {
  Session *session = handle;
  *base = (void *)session->source->bytes;
  *count = session->source->count;
  return session->source->bytes != NULL;
}

static void unmap(thandle_t handle, void *base, toff_t count) { (void)handle, (void)base, (void)count; }

// ---- Errors ----

// Keeps the first error.
static int hear(TIFF *tiff, void *context, const char *module, const char *format, va_list values) {
  (void)tiff, (void)module;
  Session *session = context;
  if (session->message[0] == 0) vsnprintf(session->message, TIFFSHIM_MESSAGE, format, values);
  return 1;
}

static int pass_over(TIFF *tiff, void *context, const char *module, const char *format, va_list values) {
  (void)tiff, (void)context, (void)module, (void)format, (void)values;
  return 1;
}

static int fail(Session *session, int status, const char *reason) {
  if (status == TIFFSHIM_UNSUPPORTED || session->message[0] == 0)
    snprintf(session->message, TIFFSHIM_MESSAGE, "%s", reason);
  return status;
}

static TIFF *opened(Session *session) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return NULL;
  TIFFOpenOptionsSetErrorHandlerExtR(options, hear, session);
  TIFFOpenOptionsSetWarningHandlerExtR(options, pass_over, session);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)session->source->count + SLACK);
  // Reads the first directory and no other.
  TIFF *tiff = TIFFClientOpenExt("picture", session->source->bytes ? "r" : "rm", session, take, refuse, seek, leave_open,
                                 size, map, unmap, options);
  TIFFOpenOptionsFree(options);
  return tiff;
}

// ---- The picture ----

// How the pixels are stored.
typedef struct {
  uint32_t width, height;
  uint16_t depth, channels, colors;  // bits of a sample, samples of a pixel, and those that are used: 1 or 3
  int is_apart;                      // a plane for each channel
  int is_inverted;                   // 0 is white
  int is_tiled;
  uint32_t tile_width, tile_height;
  tmsize_t bytes;                    // of a row or a tile, of one plane if they are apart
  const uint16_t *palette[3];        // NULL: none
} Layout;

static int is_read(uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_JPEG:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS: return 1;
    default: return 0;
  }
}

// Finds out how the pixels are stored, and asks the JPEG codec for RGB.
static int lay_out(Session *session, TIFF *tiff, Layout *layout) {
  uint16_t compression = 0, format = 0, colors = 0, planes = 0;
  *layout = (Layout){0};
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->depth);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->channels);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  if (layout->width == 0 || layout->height == 0) return fail(session, TIFFSHIM_DAMAGED, "it has no pixels");
  if (!is_read(compression)) return fail(session, TIFFSHIM_UNSUPPORTED, "another compression than LZW, Deflate, JPEG, PackBits");
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &colors)) return fail(session, TIFFSHIM_DAMAGED, "it does not say its colours");
  const uint16_t depth = layout->depth;
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID)
    return fail(session, TIFFSHIM_UNSUPPORTED, "signed or floating-point numbers");
  if (depth != 1 && depth != 2 && depth != 4 && depth != 8 && depth != 16)
    return fail(session, TIFFSHIM_UNSUPPORTED, "neither 8 nor 16 bits per channel");
  if (layout->channels < 1 || layout->channels > CHANNELS)
    return fail(session, TIFFSHIM_UNSUPPORTED, "too many channels");
  layout->is_apart = planes == PLANARCONFIG_SEPARATE && layout->channels > 1;
  switch (colors) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      layout->colors = 1;
      layout->is_inverted = colors == PHOTOMETRIC_MINISWHITE;
      break;
    case PHOTOMETRIC_PALETTE:
      layout->colors = 1;
      if (depth > 8) return fail(session, TIFFSHIM_UNSUPPORTED, "a palette of 65536 colours");
      if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &layout->palette[0], &layout->palette[1], &layout->palette[2]))
        return fail(session, TIFFSHIM_DAMAGED, "its palette is missing");
      break;
    case PHOTOMETRIC_YCBCR:
      if (compression != COMPRESSION_JPEG) return fail(session, TIFFSHIM_UNSUPPORTED, "YCbCr colours outside JPEG");
      if (!TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
        return fail(session, TIFFSHIM_DAMAGED, "its JPEG is invalid");
      layout->colors = 3;
      break;
    case PHOTOMETRIC_RGB: layout->colors = 3; break;
    default: return fail(session, TIFFSHIM_UNSUPPORTED, "neither grey, RGB nor a palette");
  }
  if (layout->colors > layout->channels) return fail(session, TIFFSHIM_DAMAGED, "it has too few channels");
  // Samples that share bytes: one channel only.
  if (depth < 8 && layout->channels > 1 && !layout->is_apart)
    return fail(session, TIFFSHIM_UNSUPPORTED, "neither 8 nor 16 bits per channel");
  layout->is_tiled = TIFFIsTiled(tiff);
  if (layout->is_tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->tile_height);
    // Whole pictures come as one tile, but no tile is larger than the picture by more than padding.
    if (layout->tile_width == 0 || layout->tile_height == 0 || layout->tile_width > layout->width + 4096u ||
        layout->tile_height > layout->height + 4096u)
      return fail(session, TIFFSHIM_DAMAGED, "invalid tiles");
  } else {
    layout->tile_width = layout->width;
    layout->tile_height = 1;
  }
  layout->bytes = layout->is_tiled ? TIFFTileSize(tiff) : TIFFScanlineSize(tiff);
  const uint64_t samples = (uint64_t)layout->tile_width * (layout->is_apart ? 1 : layout->channels);
  const uint64_t row = (samples * depth + 7) / 8;
  if (layout->bytes <= 0 || (uint64_t)layout->bytes < row * layout->tile_height)
    return fail(session, TIFFSHIM_DAMAGED, "invalid extents");
  return 0;
}

int tiffshim_read_header(const tiffshim_source *source, tiffshim_header *header, char *message) {
  Session session = {.source = source, .message = message};
  message[0] = 0;
  TIFF *tiff = opened(&session);
  if (!tiff) return fail(&session, TIFFSHIM_DAMAGED, "its directory is invalid");
  Layout layout;
  const int status = lay_out(&session, tiff, &layout);
  if (status == 0) {
    *header = (tiffshim_header){.width = layout.width, .height = layout.height};
    // A row or tile decoded, and a strip or tile as stored, which is no longer than the file.
    header->working_bytes = (size_t)layout.bytes + (source->bytes ? 0 : source->count) + (1 << 20);
    header->has_more = !TIFFLastDirectory(tiff);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &header->orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_RESOLUTIONUNIT, &header->resolution_unit);
    TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &header->x_resolution);
    TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &header->y_resolution);
  }
  TIFFClose(tiff);
  return status;
}

// Where pixels go.
typedef struct {
  uint8_t *first;
  ptrdiff_t pixel_step, row_step;
  int bits;
  uint8_t high_bits;
} Target;

static uint8_t narrowed(uint16_t sample, Target *target) {
  target->high_bits |= sample >> 8;
  const unsigned kept = sample >> (target->bits - 8);
  return kept < 255 ? (uint8_t)kept : 255;
}

// Puts one row of `count` pixels from `samples` at column x of row y. Of planes that are apart, `channel` says which it is.
static void put(const Layout *layout, const uint8_t *samples, uint32_t x, uint32_t y, uint32_t count, unsigned channel,
                Target *target) {
  uint8_t *place = target->first + (ptrdiff_t)x * target->pixel_step + (ptrdiff_t)y * target->row_step;
  const unsigned step = layout->is_apart ? 1 : layout->channels;
  const unsigned colors = layout->is_apart ? 1 : layout->colors, depth = layout->depth;
  const unsigned most = depth < 8 ? (1u << depth) - 1 : 255;
  for (uint32_t i = 0; i < count; i++, place += target->pixel_step) {
    uint8_t values[3] = {0};
    for (unsigned c = 0; c < colors; c++) {
      const size_t at = (size_t)i * step + c;
      if (depth == 16) {
        uint16_t sample;
        memcpy(&sample, samples + 2 * at, 2);  // libtiff has put it into the machine's byte order
        values[c] = narrowed(sample, target);
      } else if (depth == 8) {
        values[c] = samples[at];
      } else {
        values[c] = samples[at * depth / 8] >> (8 - depth - at * depth % 8) & most;
      }
    }
    if (layout->palette[0]) {
      for (int c = 0; c < 3; c++) place[c] = layout->palette[c][values[0]] >> 8;
    } else if (layout->colors == 1) {
      const uint8_t grey = depth < 8 ? values[0] * 255 / most : values[0];
      memset(place, layout->is_inverted ? 255 - grey : grey, 3);
    } else if (layout->is_apart) {
      place[channel] = values[0];
    } else {
      memcpy(place, values, 3);
    }
  }
}

static int decode(Session *session, TIFF *tiff, const Layout *layout, Target *target) {
  uint8_t *buffer = calloc(1, (size_t)layout->bytes);
  if (!buffer) return fail(session, TIFFSHIM_DAMAGED, "no memory");
  const unsigned planes = layout->is_apart ? layout->colors : 1;
  const size_t row = ((size_t)layout->tile_width * (layout->is_apart ? 1 : layout->channels) * layout->depth + 7) / 8;
  int status = 0;
  for (unsigned plane = 0; plane < planes && status == 0; plane++) {
    for (uint32_t y = 0; y < layout->height && status == 0; y += layout->tile_height) {
      for (uint32_t x = 0; x < layout->width && status == 0; x += layout->tile_width) {
        const int done = layout->is_tiled ? TIFFReadTile(tiff, buffer, x, y, 0, (uint16_t)plane) >= 0
                                          : TIFFReadScanline(tiff, buffer, y, (uint16_t)plane) >= 0;
        // Some errors are only reported.
        if (!done || session->message[0]) {
          status = fail(session, TIFFSHIM_DAMAGED, "pixels are missing");
          break;
        }
        const uint32_t rows = layout->height - y < layout->tile_height ? layout->height - y : layout->tile_height;
        const uint32_t count = layout->width - x < layout->tile_width ? layout->width - x : layout->tile_width;
        for (uint32_t i = 0; i < rows; i++) put(layout, buffer + i * row, x, y + i, count, plane, target);
      }
    }
  }
  free(buffer);
  return status;
}

int tiffshim_read(const tiffshim_source *source, int bits, uint32_t width, uint32_t height, uint8_t *first,
                  ptrdiff_t pixel_step, ptrdiff_t row_step, uint8_t *high_bits, char *message) {
  Session session = {.source = source, .message = message};
  message[0] = 0;
  TIFF *tiff = opened(&session);
  if (!tiff) return fail(&session, TIFFSHIM_DAMAGED, "its directory is invalid");
  Layout layout;
  int status = lay_out(&session, tiff, &layout);
  Target target = {first, pixel_step, row_step, bits, 0};
  if (status == 0 && (layout.width != width || layout.height != height))
    status = fail(&session, TIFFSHIM_DAMAGED, "its extents change");
  // Errors that libtiff recovered from while it read the directory do not count.
  if (status == 0) message[0] = 0;
  if (status == 0) status = decode(&session, tiff, &layout, &target);
  *high_bits = layout.depth == 16 ? target.high_bits : 0xFF;
  TIFFClose(tiff);
  return status;
}
