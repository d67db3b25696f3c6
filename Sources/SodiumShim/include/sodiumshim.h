// Ed25519 signatures, BLAKE2b and scrypt by libsodium, for minisign's files (https://jedisct1.github.io/minisign).
#ifndef GIEMSA_SODIUMSHIM_H
#define GIEMSA_SODIUMSHIM_H

#include <stddef.h>
#include <stdint.h>

enum {
  SODIUMSHIM_KEY = 32,         // bytes of a public key
  SODIUMSHIM_SECRET_KEY = 64,  // bytes of a secret key
  SODIUMSHIM_SIGNATURE = 64    // bytes of a signature
};

// 1 if `signature` is that of `count` bytes by `key`.
int sodiumshim_verify(const uint8_t *signature, const void *bytes, size_t count, const uint8_t *key);
void sodiumshim_sign(const void *bytes, size_t count, const uint8_t *secret_key, uint8_t *signature);

// BLAKE2b of `count` bytes; `size`: bytes of the hash, 16 to 64.
void sodiumshim_hash(const void *bytes, size_t count, uint8_t *hash, size_t size);

// Fills `stream` from a password by scrypt. Returns 0, or -1 if there is too little memory or the costs are out of range.
int sodiumshim_stretch(const char *password, size_t count, const uint8_t salt[32], uint64_t operations, size_t memory,
                       uint8_t *stream, size_t size);

// Overwrites `count` bytes with zeros.
void sodiumshim_wipe(void *bytes, size_t count);

#endif
