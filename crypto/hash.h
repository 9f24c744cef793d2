/*
 * hash: SHA-256 and SHA-512 (FIPS 180-4), and hashes under a label
 * (docs/protocol.md, section 3). Nothing here allocates or fails. The time
 * depends on lengths only.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 32 bytes that name something: a SHA-256 value. */
struct digest {
	uint8_t b[32];
};

/* A SHA-256 in progress. Plain bytes: copying it forks the hash. */
struct sha256 {
	uint32_t opaque[28];
};

void sha256(struct digest *out, const void *data, size_t len);
void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Finish; s is wiped and must be started again before its next use. */
void sha256_finish(struct sha256 *s, struct digest *out);

/* A SHA-512 in progress, likewise. */
struct sha512 {
	uint64_t opaque[27];
};

void sha512(uint8_t out[64], const void *data, size_t len);
void sha512_start(struct sha512 *s);
void sha512_add(struct sha512 *s, const void *data, size_t len);
/* Finish; s is wiped. */
void sha512_finish(struct sha512 *s, uint8_t out[64]);

/* Hash n messages of len bytes each, one after the other at data; their hashes stand one after
 * the other at out. Several side by side, where the processor can. */
void sha512_many(uint8_t *out, const uint8_t *data, size_t len, size_t n);

/* TH(label, data) = SHA-256(label || 0x00 || data). */
void hash_tagged(struct digest *out, const char *label, const void *data, size_t len);
/* The same, for data that comes in pieces: go on with sha256_add. */
void hash_tagged_start(struct sha256 *s, const char *label);

/* Order as memcmp does: below, equal to or above 0. Variable time: for public
 * values. */
int digest_compare(const struct digest *a, const struct digest *b);
/* Return 1 if equal, else 0. Variable time: for public values. */
int digest_equal(const struct digest *a, const struct digest *b);
/* Return 1 if all 32 bytes are zero, else 0. */
int digest_is_zero(const struct digest *d);

#endif
