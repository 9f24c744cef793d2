/*
 * rng: an explicit stream of random bytes, so that a test can replay a proof
 * byte for byte. The stream is ChaCha20 (D. J. Bernstein's original variant, 64-bit
 * counter, nonce of eight zero bytes) under a 32-byte key; protocol.md "Streams".
 */
#ifndef CRYPTO_RNG_H
#define CRYPTO_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/result.h"

struct rng {
	uint8_t key[32];
	uint64_t block;   /* the next 64-byte block to make */
	uint8_t left[64]; /* the block in use */
	size_t used;      /* bytes of it that are used up; 64: none left */
};

/* Key the stream from the operating system. R_NO_RANDOM: stop, send nothing. */
enum result rng_system(struct rng *rng);

/* Key the stream with a given seed: for tests and vectors, and for public
 * coefficients that everybody derives. */
void rng_seeded(struct rng *rng, const uint8_t seed[32]);

/* Make a stream for the nonces of one proof, hedged: its key is a hash of the
 * label, the secret, the statement and 32 bytes of `from`. A repeated or weak
 * `from` then never gives one nonce to two statements. */
void rng_hedged(struct rng *out, struct rng *from, const char *label, const uint8_t *secret,
    size_t secret_len, const uint8_t *statement, size_t statement_len);

/* Take the next n bytes of the stream. */
void rng_fill(struct rng *rng, uint8_t *out, size_t n);

/* Return a uniform integer below bound (bound > 0), by rejection. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

/* out = a uniform permutation of 0..n-1, by Fisher and Yates from the end: for i = n, ..., 2
 * the number rng_below(rng, i) says which of the first i changes places with the last. The
 * memory access pattern follows the permutation: see docs/security.md on the shuffling
 * machine. */
void rng_permutation(struct rng *rng, uint32_t *out, uint32_t n);

void rng_wipe(struct rng *rng);

#endif
