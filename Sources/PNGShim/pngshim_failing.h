// How a call into libpng ends early: back out of it with what libpng said.
#ifndef GIEMSA_PNGSHIM_FAILING_H
#define GIEMSA_PNGSHIM_FAILING_H

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "pngshim.h"

typedef struct {
  jmp_buf back;
  char *message;
  char warning[PNGSHIM_MESSAGE];  // the last one: a bad header says in warnings what is wrong with it
} Failing;  // first in what a call's callbacks see

static inline void fail(png_structp png, png_const_charp reason) {
  Failing *failing = png_get_error_ptr(png);
  const int is_header = strcmp(reason, "Invalid IHDR data") == 0 && failing->warning[0] != 0;
  strncpy(failing->message, is_header ? failing->warning : reason, PNGSHIM_MESSAGE - 1);
  failing->message[PNGSHIM_MESSAGE - 1] = 0;
  longjmp(failing->back, 1);
}

// Odd ancillary chunks (a wrong colour profile, say) are not worth a line: the pixels are what is asked for.
static inline void ignore(png_structp png, png_const_charp reason) {
  Failing *failing = png_get_error_ptr(png);
  strncpy(failing->warning, reason, PNGSHIM_MESSAGE - 1);  // whose last byte stays 0
}

#endif
