#include <string.h>

#include "giemsa.h"
#include "giemsa_calls.h"

enum { ROOM = 1536 };

static _Thread_local char message[ROOM];
static _Thread_local int32_t problem;

void giemsa_calls_note(const char *text, size_t count, int32_t code) {
  if (count >= ROOM) {
    count = ROOM - 1;
    // Not within a character: bytes after its first begin with the bits 10.
    while (count > 0 && (text[count] & 0xC0) == 0x80) count--;
  }
  memcpy(message, text, count);
  message[count] = 0;
  problem = code;
}

const char *giemsa_message(void) { return message; }

int32_t giemsa_code(void) { return problem; }
