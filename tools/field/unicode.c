// Swift's Unicode properties in the field program and libgiemsa: none. Two strings are equal if they have the same scalars,
// and every scalar (but CR LF) is a character. Names are compared by their bytes here anyway, and the tables take 37 KB.
//
// Without libswiftUnicodeDataTables.a, use of any other property of Unicode fails to link.
#include <stdint.h>

// No scalar is decomposed, composed with another or reordered.
uint16_t _swift_stdlib_getNormData(uint32_t scalar) {
  (void)scalar;
  return 0;
}

uint32_t _swift_stdlib_getDecompositionEntry(uint32_t scalar) {
  (void)scalar;
  return 0;
}

uint32_t _swift_stdlib_getComposition(uint32_t first, uint32_t second) {
  (void)first;
  (void)second;
  return UINT32_MAX;
}

const uint8_t *const _swift_stdlib_nfd_decompositions = (const uint8_t[1]){0};

// No scalar extends the character before it.
uint8_t _swift_stdlib_getGraphemeBreakProperty(uint32_t scalar) {
  (void)scalar;
  return 0xFF;
}

_Bool _swift_stdlib_isExtendedPictographic(uint32_t scalar) {
  (void)scalar;
  return 0;
}

_Bool _swift_stdlib_isInCB_Consonant(uint32_t scalar) {
  (void)scalar;
  return 0;
}
