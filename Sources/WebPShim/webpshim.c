#include "webpshim.h"

#include <webp/decode.h>

static int status_of(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OK: return 0;
    case VP8_STATUS_OUT_OF_MEMORY: return WEBPSHIM_NO_MEMORY;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return WEBPSHIM_TOO_SHORT;
    default: return WEBPSHIM_DAMAGED;
  }
}

int webpshim_read_header(const void *bytes, size_t count, webpshim_header *header) {
  WebPBitstreamFeatures features;
  const int status = status_of(WebPGetFeatures(bytes, count, &features));
  if (status != 0) return status;
  if (features.has_animation) return WEBPSHIM_ANIMATED;
  *header = (webpshim_header){(uint32_t)features.width, (uint32_t)features.height, features.format == 2};
  return 0;
}

int webpshim_read(const void *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *pixels) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return WEBPSHIM_DAMAGED;
  const int status = status_of(WebPGetFeatures(bytes, count, &config.input));
  if (status != 0) return status;
  if ((uint32_t)config.input.width != width || (uint32_t)config.input.height != height) return WEBPSHIM_DAMAGED;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = (int)width * 3;
  config.output.u.RGBA.size = (size_t)width * height * 3;
  return status_of(WebPDecode(bytes, count, &config));
}
