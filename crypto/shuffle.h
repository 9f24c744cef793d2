/*
 * shuffle: mix a list and prove it, verify such a proof; protocol.md section
 * 5.4 (Terelius and Wikstroem 2010, as restated by Haenni, Locher, Koenig and
 * Dubuis 2017, for rows of any width).
 *
 * The proof says: the output holds the same plaintext rows as the input, in an
 * order that only the mixer knows. It does not say that anything moved: an
 * output that equals its input, byte for byte, is for the caller to refuse.
 *
 * Memory grows linearly with rows * width.
 */
#ifndef CRYPTO_SHUFFLE_H
#define CRYPTO_SHUFFLE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"

/* Most rows of a list: the permutation counts in 32 bits. */
#define SHUFFLE_ROWS_MAX 0x7fffffff

struct shuffle_statement {
	const struct group *group;
	const struct digest *close; /* the hash of the close entry */
	uint64_t item;
	uint64_t ordinal;     /* 1 for the first mix of the item */
	uint64_t trustee;     /* the mixer's number in the definition */
	const struct gvec *y; /* length 1: the election key */
	size_t rows;          /* N >= 1 */
	size_t width;         /* w >= 1 */
	struct slice input;   /* the bytes of the lists */
	struct slice output;
};

/* Bytes of the output list and of the proof; 0 if rows or width is 0 or they are
 * more than memory can address. */
size_t shuffle_output_bytes(const struct group *g, size_t rows, size_t width);
size_t shuffle_proof_bytes(const struct group *g, size_t rows, size_t width);

/* Permute and re-encrypt s->input, write shuffle_output_bytes at `output` and
 * shuffle_proof_bytes at `proof`, and set s->output to the output. Permutation and
 * randomness come from `rng`, hedged with the statement, and are wiped. The
 * access pattern in memory follows the permutation (see docs/security.md);
 * otherwise constant time in all secrets.
 * Refusals of the input: R_BAD_WIDTH (no rows, no width, or another length),
 * R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT. */
enum result shuffle_mix(struct shuffle_statement *s, uint8_t *output, uint8_t *proof,
    struct rng *rng, const struct effort *effort);

/* R_GOOD; R_BAD_WIDTH (a list has another length than rows and width say, or
 * these are 0), R_BAD_ENCODING (a proof of the wrong length), R_NON_CANONICAL,
 * R_NOT_IN_GROUP, R_BAD_ELEMENT, R_BAD_SHUFFLE. The equations are verified as one random
 * linear combination with coefficients from the system's random source. */
enum result shuffle_verify(const struct shuffle_statement *s, struct slice proof,
    const struct effort *effort);

/* The same, equation by equation: slower, deterministic, the reference. */
enum result shuffle_verify_slow(const struct shuffle_statement *s, struct slice proof,
    const struct effort *effort);

#endif
