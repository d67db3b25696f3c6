// Functions that the field program and libgiemsa define in place of Swift's embedded library.
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

// Swift seeds its hashing with arc4random_buf; musl and glibc before 2.36 only have getentropy, for at most 256 bytes.
void arc4random_buf(void *target, size_t count) {
  char *next = target;
  while (count > 0) {
    const size_t part = count < 256 ? count : 256;
    if (getentropy(next, part) != 0) abort();
    next += part;
    count -= part;
  }
}

// Swift 6.3.1's embedded versions of these two return the object without the bits that mark the kind of String, but the
// compiler uses the returned value, so short strings lost their marks. (Seen as a crash of `inspect`.)
void *swift_retain(void *object);
void *swift_retain_n(void *object, uint32_t count);

static void *counted(void *object) {
  const intptr_t bits = (intptr_t)object;
  return bits < 0 ? NULL : (void *)(bits & 0x0ffffffffffffff8);
}

void *swift_bridgeObjectRetain(void *object) {
  swift_retain(counted(object));
  return object;
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t count) {
  swift_retain_n(counted(object), count);
  return object;
}
