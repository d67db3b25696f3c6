// Error handling: leaves a libpng call by longjmp and keeps libpng's message.
#ifndef GIEMSA_PNGSHIM_FAILING_H
#define GIEMSA_PNGSHIM_FAILING_H

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "pngshim.h"

typedef struct {
  jmp_buf back;
  char *message;
  char warning[PNGSHIM_MESSAGE];  // the last one: for a bad header it holds the actual reason
} Failing;  // must be the first member of a call's session

static inline void fail(png_structp png, png_const_charp reason) {
  Failing *failing = png_get_error_ptr(png);
  const int is_header = strcmp(reason, "Invalid IHDR data") == 0 && failing->warning[0] != 0;
  strncpy(failing->message, is_header ? failing->warning : reason, PNGSHIM_MESSAGE - 1);
  failing->message[PNGSHIM_MESSAGE - 1] = 0;
  longjmp(failing->back, 1);
}

// Invalid ancillary chunks (such as a wrong colour profile) are not reported: only the pixels matter.
static inline void ignore(png_structp png, png_const_charp reason) {
  Failing *failing = png_get_error_ptr(png);
  strncpy(failing->warning, reason, PNGSHIM_MESSAGE - 1);  // the last byte stays 0
}

#endif
