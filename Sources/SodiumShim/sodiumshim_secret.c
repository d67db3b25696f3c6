// What signs and reads secret keys. The field program and libgiemsa are linked without it.
#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include "sodiumshim.h"

_Static_assert(SODIUMSHIM_SECRET_KEY == crypto_sign_ed25519_SECRETKEYBYTES, "libsodium's size");

void sodiumshim_sign(const void *bytes, size_t count, const uint8_t *secret_key, uint8_t *signature) {
  crypto_sign_ed25519_detached(signature, NULL, bytes, count, secret_key);
}

int sodiumshim_stretch(const char *password, size_t count, const uint8_t salt[32], uint64_t operations, size_t memory,
                       uint8_t *stream, size_t size) {
  return crypto_pwhash_scryptsalsa208sha256(stream, size, password, count, salt, operations, memory);
}

void sodiumshim_wipe(void *bytes, size_t count) { sodium_memzero(bytes, count); }
