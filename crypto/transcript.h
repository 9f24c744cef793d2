/*
 * transcript: what a challenge is derived from, docs/protocol.md section 3.1.
 * SHA-512 over fields, each a tag byte, its length as u64 and its content, so that no
 * two different sequences of fields give the same bytes.
 *
 * A transcript is plain memory: `struct transcript fork = t;` forks it. Its time
 * depends on lengths only, so secrets may enter (key_ij of key generation);
 * whoever enters one wipes the transcript afterwards (finish does).
 */
#ifndef CRYPTO_TRANSCRIPT_H
#define CRYPTO_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

struct transcript {
	struct sha512 hash;
};

/* T(label, context): enter `S` label, `S` group's name, `B` context. */
void transcript_start(struct transcript *t, const char *label, const char *group,
    const struct digest *context);
/* Start with no field at all. */
void transcript_start_bare(struct transcript *t);

/* `S`, a string without its NUL. */
void transcript_string(struct transcript *t, const char *string);
/* `U`, a number of 64 bits. */
void transcript_u64(struct transcript *t, uint64_t x);
/* `B`, bytes. */
void transcript_bytes(struct transcript *t, const void *bytes, size_t n);
/* `L`, a list: the SHA-256 of its canonical bytes, rows, width. */
void transcript_list(struct transcript *t, const struct digest *digest, uint64_t rows,
    uint64_t width);

/* Finish; t is wiped. */
void transcript_finish(struct transcript *t, uint8_t out[64]);

#endif
