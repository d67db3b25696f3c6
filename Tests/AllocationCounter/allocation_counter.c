#include "allocation_counter.h"

#include <errno.h>
#include <stddef.h>

static __thread long count, bytes;

long allocation_count(void) { return count; }
long allocated_bytes(void) { return bytes; }

static void note(size_t size) {
  count++;
  bytes += (long)size;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(SANITIZED)
// Under a sanitizer malloc belongs to it, so nothing is counted.
int __sanitizer_install_malloc_and_free_hooks(
    void (*made)(const volatile void *, size_t), void (*freed)(const volatile void *));

static void made(const volatile void *memory, size_t size) {
  (void)memory;
  note(size);
}

static void freed(const volatile void *memory) { (void)memory; }

__attribute__((constructor)) static void listen(void) { __sanitizer_install_malloc_and_free_hooks(made, freed); }
#else
// The program's own malloc takes precedence over the C library's, in the program and all its libraries; glibc exports
// its own under these names.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  note(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  note(size);
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
#endif
