/*
 * sha512_lanes: SHA-512 (FIPS 180-4) of eight messages side by side, in the 64-bit lanes of
 * AVX-512. For crypto/hash.c and its tests.
 */
#ifndef CRYPTO_SHA512_LANES_H
#define CRYPTO_SHA512_LANES_H

#include <stddef.h>
#include <stdint.h>

/* Hash eight messages of len bytes each, one after the other at data; their hashes stand
 * one after the other at out. The time depends on len only.
 * Return 1; or 0, with nothing done, where this was not built or TABELLA_CPU (crypto/cpu.h)
 * asks for another path. */
int sha512_eight(uint8_t *out, const uint8_t *data, size_t len);

#endif
