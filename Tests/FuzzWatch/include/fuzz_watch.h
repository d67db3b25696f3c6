#ifndef GIEMSA_FUZZ_WATCH_H
#define GIEMSA_FUZZ_WATCH_H

#include <stddef.h>
#include <stdint.h>

// Watches what an input takes. The address sanitizer calls on every allocation; mapped regions are not counted, but the
// readers' limits keep below the sizes that are mapped.

// Ends the process with a report, where the allocation is made, once more than `most` bytes are in use that were
// allocated after this call; 0: watches no more.
void fuzz_watch_memory(size_t most);

// Remembers which branches have been taken since the last call. Only then fuzz_write_coverage() has something to write.
void fuzz_collect_coverage(void);

// A line for each instrumented place: its offset in the program in hexadecimal, whether a function begins there, and
// whether it was reached.
void fuzz_write_coverage(const char *path);

// libFuzzer's program: calls LLVMFuzzerTestOneInput again and again. Returns the exit status.
int fuzz_run(int count, char **arguments);

// Of libFuzzer: changes `size` bytes, of which there may be `room`, and returns how many they are now.
size_t fuzz_mutate(uint8_t *bytes, size_t size, size_t room);

#endif
