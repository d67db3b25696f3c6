#include "sodiumshim.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>

_Static_assert(SODIUMSHIM_KEY == crypto_sign_ed25519_PUBLICKEYBYTES, "libsodium's size");
_Static_assert(SODIUMSHIM_SIGNATURE == crypto_sign_ed25519_BYTES, "libsodium's size");

// sodium_init is not called: it would link all of libsodium's algorithms and its random numbers, only to choose faster
// variants. Ed25519 and BLAKE2b give the same without it.

int sodiumshim_verify(const uint8_t *signature, const void *bytes, size_t count, const uint8_t *key) {
  return crypto_sign_ed25519_verify_detached(signature, bytes, count, key) == 0;
}

void sodiumshim_hash(const void *bytes, size_t count, uint8_t *hash, size_t size) {
  crypto_generichash_blake2b(hash, size, bytes, count, NULL, 0);
}
