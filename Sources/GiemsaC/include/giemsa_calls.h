// What the Swift side of giemsa.h (module GiemsaCalls) keeps in C: the last failure of each thread. Not installed.
#ifndef GIEMSA_CALLS_H
#define GIEMSA_CALLS_H

#include <stddef.h>
#include <stdint.h>

// Bytes of the longest options struct that a later version may pass.
enum { GIEMSA_CALLS_LARGEST_OPTIONS = 4096 };

// Remembers a failure of the calling thread for giemsa_message and giemsa_code. A text beyond 1,535 bytes of UTF-8 is cut off.
void giemsa_calls_note(const char *text, size_t count, int32_t code);

#endif
