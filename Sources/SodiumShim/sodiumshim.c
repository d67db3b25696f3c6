#include "sodiumshim.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

_Static_assert(SODIUMSHIM_KEY == crypto_sign_ed25519_PUBLICKEYBYTES, "libsodium's size");
_Static_assert(SODIUMSHIM_SECRET_KEY == crypto_sign_ed25519_SECRETKEYBYTES, "libsodium's size");
_Static_assert(SODIUMSHIM_SIGNATURE == crypto_sign_ed25519_BYTES, "libsodium's size");

// sodium_init is not called: it would link all of libsodium's algorithms and its random numbers, only to choose faster
// variants. Ed25519 and BLAKE2b give the same without it.

int sodiumshim_verify(const uint8_t *signature, const void *bytes, size_t count, const uint8_t *key) {
  return crypto_sign_ed25519_verify_detached(signature, bytes, count, key) == 0;
}

void sodiumshim_sign(const void *bytes, size_t count, const uint8_t *secret_key, uint8_t *signature) {
  crypto_sign_ed25519_detached(signature, NULL, bytes, count, secret_key);
}

void sodiumshim_hash(const void *bytes, size_t count, uint8_t *hash, size_t size) {
  crypto_generichash_blake2b(hash, size, bytes, count, NULL, 0);
}

int sodiumshim_stretch(const char *password, size_t count, const uint8_t salt[32], uint64_t operations, size_t memory,
                       uint8_t *stream, size_t size) {
  return crypto_pwhash_scryptsalsa208sha256(stream, size, password, count, salt, operations, memory);
}

void sodiumshim_wipe(void *bytes, size_t count) { sodium_memzero(bytes, count); }
