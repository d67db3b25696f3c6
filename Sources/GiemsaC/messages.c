#include <string.h>

#include "giemsa.h"
#include "giemsa_calls.h"

enum { ROOM = 1536 };

static _Thread_local char message[ROOM];
static _Thread_local int32_t problem;

void giemsa_calls_note(const char *text, size_t count, int32_t code) {
  if (count >= ROOM) count = ROOM - 1;
  memcpy(message, text, count);
  message[count] = 0;
  problem = code;
}

const char *giemsa_message(void) { return message; }

int32_t giemsa_code(void) { return problem; }
