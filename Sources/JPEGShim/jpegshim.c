#include "jpegshim.h"

#include <setjmp.h>
#include <stdio.h>  // jpeglib.h needs it
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "jpegshim_blocks.h"

// Scans of a progressive file. Encoders write about ten; each of a hostile file's thousands takes the time of a whole
// picture.
enum { SCAN_LIMIT = 100 };

// State of one call. libjpeg's callbacks find it through client_data.
typedef struct {
  jpegshim_blocks blocks;  // first: libjpeg's memory manager finds it through client_data too
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jmp_buf back;
  char *message;
  int status;
} Session;

static _Noreturn void leave(Session *session, int status, const char *reason) {
  session->status = status;
  strncpy(session->message, reason, JPEGSHIM_MESSAGE - 1);
  session->message[JPEGSHIM_MESSAGE - 1] = 0;
  longjmp(session->back, 1);
}

// Our own words: libjpeg's texts would take 7 KB of the field program.
static _Noreturn void fail(j_common_ptr jpeg) {
  Session *session = jpeg->client_data;
  switch (jpeg->err->msg_code) {
    case JERR_BAD_PRECISION: leave(session, JPEGSHIM_UNSUPPORTED, "not 8 bits per channel");
    case JERR_SOF_UNSUPPORTED: leave(session, JPEGSHIM_UNSUPPORTED, "lossless or hierarchical");
    case JERR_ARITH_NOTIMPL: leave(session, JPEGSHIM_UNSUPPORTED, "arithmetic coding");
    case JERR_CONVERSION_NOTIMPL:
    case JERR_BAD_J_COLORSPACE:
    case JERR_COMPONENT_COUNT: leave(session, JPEGSHIM_UNSUPPORTED, "an unknown number of channels");
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL: leave(session, JPEGSHIM_UNSUPPORTED, "unusual sampling of colours");
    case JERR_NO_BACKING_STORE:
    case JERR_OUT_OF_MEMORY: leave(session, JPEGSHIM_DAMAGED, "it takes too much memory");
    case JERR_EMPTY_IMAGE: leave(session, JPEGSHIM_DAMAGED, "it has no pixels");
    case JERR_IMAGE_TOO_BIG: leave(session, JPEGSHIM_DAMAGED, "a side is larger than a JPEG can have");
    case JERR_NO_SOI:
    case JERR_SOI_DUPLICATE:
    case JERR_SOF_DUPLICATE:
    case JERR_SOF_NO_SOS:
    case JERR_SOS_NO_SOF:
    case JERR_NO_IMAGE:
    case JERR_UNKNOWN_MARKER: leave(session, JPEGSHIM_DAMAGED, "its parts are out of order");
    default: leave(session, JPEGSHIM_DAMAGED, "its header or a table is invalid");
  }
}

// Warnings after which pixels are wrong are errors here; others (odd markers, bytes between segments) are passed over.
static void hear(j_common_ptr jpeg, int level) {
  if (level >= 0) return;  // a trace message
  Session *session = jpeg->client_data;
  switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER: leave(session, JPEGSHIM_DAMAGED, "pixels are missing");
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE: leave(session, JPEGSHIM_DAMAGED, "invalid code among the pixels");
    case JWRN_MUST_RESYNC: leave(session, JPEGSHIM_DAMAGED, "a restart marker is missing");
    default: break;
  }
}

static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }
static void format_nothing(j_common_ptr jpeg, char *buffer) { (void)jpeg, buffer[0] = 0; }

static void start(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean fill(j_decompress_ptr jpeg) {
  leave(jpeg->client_data, JPEGSHIM_DAMAGED, "the file ends too early");
}

static void skip(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  if ((size_t)count > jpeg->src->bytes_in_buffer) fill(jpeg);
  jpeg->src->next_input_byte += count;
  jpeg->src->bytes_in_buffer -= (size_t)count;
}

static void watch(j_common_ptr jpeg) {
  if (((j_decompress_ptr)jpeg)->input_scan_number > SCAN_LIMIT)
    leave(jpeg->client_data, JPEGSHIM_DAMAGED, "too many scans");
}

// Reads the header. To be called behind setjmp.
static void begin(Session *session, const void *bytes, size_t count) {
  j_decompress_ptr jpeg = &session->jpeg;
  jpeg->err = &session->errors;
  jpeg->client_data = session;
  jpeg_create_decompress(jpeg);  // clears the struct except for these two
  session->source.next_input_byte = bytes;
  session->source.bytes_in_buffer = count;
  jpeg->src = &session->source;
  jpeg->progress = &session->progress;
  jpeg_read_header(jpeg, TRUE);
}

static Session prepared(char *message) {
  return (Session){
      .errors = {.error_exit = fail,
                 .emit_message = hear,
                 .output_message = say_nothing,
                 .format_message = format_nothing,
                 .reset_error_mgr = say_nothing},
      .source = {.init_source = start,
                 .fill_input_buffer = fill,
                 .skip_input_data = skip,
                 .resync_to_restart = jpeg_resync_to_restart,
                 .term_source = start},
      .progress.progress_monitor = watch,
      .message = message,
      .status = JPEGSHIM_DAMAGED,
  };
}

// 1 MB for rows, tables and libjpeg's state, and the coefficients of the whole picture, which a progressive (or otherwise
// multi-scan) file needs.
static size_t working_bytes(j_decompress_ptr jpeg, size_t count) {
  return (1 << 20) + (jpeg_has_multiple_scans(jpeg) ? jpegshim_blocks_bytes(jpeg, count) : 0);
}

int jpegshim_read_header(const void *bytes, size_t count, jpegshim_header *header, char *message) {
  Session session = prepared(message);
  if (setjmp(session.back) == 0) {
    begin(&session, bytes, count);
    j_decompress_ptr jpeg = &session.jpeg;
    *header = (jpegshim_header){.width = jpeg->image_width,
                                .height = jpeg->image_height,
                                .working_bytes = working_bytes(jpeg, count),
                                .x_density = jpeg->X_density,
                                .y_density = jpeg->Y_density,
                                .density_unit = jpeg->saw_JFIF_marker ? jpeg->density_unit : 0};
    session.status = 0;
  }
  jpeg_destroy_decompress(&session.jpeg);
  return session.status;
}

// Pillow's conversion: round((255 - ink) * (255 - black) / 255), computed as it does. `flip` turns stored values into ink.
static void uncover(uint8_t *pixel, const uint8_t *inks, uint8_t flip) {
  const unsigned light = 255 - (inks[3] ^ flip);
  for (int i = 0; i < 3; i++) {
    const unsigned product = (inks[i] ^ flip) * light + 128;
    pixel[i] = light - ((product + (product >> 8)) >> 8);
  }
}

int jpegshim_read(const void *bytes, size_t count, uint32_t width, uint32_t height, unsigned reduction, uint8_t *first,
                  ptrdiff_t pixel_step, ptrdiff_t row_step, char *message) {
  Session session = prepared(message);
  if (setjmp(session.back) == 0) {
    begin(&session, bytes, count);
    j_decompress_ptr jpeg = &session.jpeg;
    const int has_inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
    jpeg->scale_denom = reduction;
    jpegshim_blocks_begin(jpeg);
    jpeg_start_decompress(jpeg);
    if (jpeg->image_width != width || jpeg->image_height != height ||
        jpeg->output_width != (width + reduction - 1) / reduction ||
        jpeg->output_height != (height + reduction - 1) / reduction || jpeg->output_components != 3 + has_inks)
      leave(&session, JPEGSHIM_DAMAGED, "its extents change");
    const uint8_t flip = jpeg->saw_Adobe_marker ? 255 : 0;
    JSAMPARRAY line = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
      uint8_t *row = first + (ptrdiff_t)jpeg->output_scanline * row_step;
      if (!has_inks && pixel_step == 3) {
        JSAMPROW rows[1] = {row};
        jpeg_read_scanlines(jpeg, rows, 1);
        continue;
      }
      jpeg_read_scanlines(jpeg, line, 1);
      const uint8_t *sample = line[0];
      for (uint32_t x = 0; x < jpeg->output_width; x++, row += pixel_step, sample += 3 + has_inks) {
        if (has_inks)
          uncover(row, sample, flip);
        else
          memcpy(row, sample, 3);
      }
    }
    session.status = 0;
  }
  jpegshim_blocks_end(&session.blocks);
  jpeg_destroy_decompress(&session.jpeg);
  return session.status;
}
