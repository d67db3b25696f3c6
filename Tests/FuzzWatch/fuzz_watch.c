#include "fuzz_watch.h"

#include <sanitizer/allocator_interface.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*test)(const uint8_t *bytes, size_t size));
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

size_t fuzz_mutate(uint8_t *bytes, size_t size, size_t room) { return LLVMFuzzerMutate(bytes, size, room); }

int fuzz_run(int count, char **arguments) { return LLVMFuzzerRunDriver(&count, &arguments, LLVMFuzzerTestOneInput); }

// ---- Memory ----

static atomic_long in_use;
static atomic_long limit;

static void allocated(const volatile void *memory, size_t size) {
  (void)memory;
  const long most = atomic_load_explicit(&limit, memory_order_relaxed);
  if (most == 0) return;
  const long now = atomic_fetch_add_explicit(&in_use, (long)size, memory_order_relaxed) + (long)size;
  if (now <= most) return;
  atomic_store(&limit, 0);  // printing may allocate
  fprintf(stderr, "giemsa-fuzz: this input takes %ld bytes of memory; the limit is %ld\n", now, most);
  __builtin_trap();
}

static void released(const volatile void *memory) {
  if (!memory || atomic_load_explicit(&limit, memory_order_relaxed) == 0) return;
  const long size = (long)__sanitizer_get_allocated_size(memory);
  atomic_fetch_sub_explicit(&in_use, size, memory_order_relaxed);
}

void fuzz_watch_memory(size_t most) {
  static int installed;
  if (!installed) {
    installed = 1;
    __sanitizer_install_malloc_and_free_hooks(allocated, released);
  }
  atomic_store(&in_use, 0);
  atomic_store(&limit, (long)most);
}

// ---- Coverage ----

// One counter for each place, and its address and flags: bit 0 is set where a function begins. The linker makes these
// symbols.
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uintptr_t __start___sancov_pcs[] __attribute__((weak, visibility("hidden")));
extern const char __executable_start[];

static uint8_t *reached;

void fuzz_collect_coverage(void) {
  const size_t count = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
  if (!reached) reached = calloc(count, 1);
  if (!reached) return;
  for (size_t index = 0; index < count; index++) reached[index] |= __start___sancov_cntrs[index] != 0;
}

void fuzz_write_coverage(const char *path) {
  FILE *file = reached ? fopen(path, "w") : NULL;
  if (!file) return;
  const size_t count = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
  for (size_t index = 0; index < count; index++) {
    fprintf(file, "%lx %d %d\n", (unsigned long)(__start___sancov_pcs[2 * index] - (uintptr_t)__executable_start),
            (int)(__start___sancov_pcs[2 * index + 1] & 1), reached[index]);
  }
  fclose(file);
}
