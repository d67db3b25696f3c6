#include <string.h>

#include "giemsa.h"
#include "giemsa_calls.h"

// Writes as much of the defaults as there is room for.
static void fill(void *target, size_t size, const void *defaults, size_t known) {
  if (!target || size > GIEMSA_CALLS_LARGEST_OPTIONS) return;
  memset(target, 0, size);
  memcpy(target, defaults, size < known ? size : known);
}

void giemsa_options_init(giemsa_options *options, size_t size) {
  const giemsa_options defaults = {.size = size,
                                   .threads = 1,
                                   .memory = GIEMSA_MEMORY_BALANCED,
                                   .batch = 1,
                                   .memory_limit = (uint64_t)512 << 20};
  fill(options, size, &defaults, sizeof defaults);
}

void giemsa_picture_options_init(giemsa_picture_options *options, size_t size) {
  const giemsa_picture_options defaults = {.size = size};
  fill(options, size, &defaults, sizeof defaults);
}
