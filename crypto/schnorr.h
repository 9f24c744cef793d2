/*
 * schnorr: proof of knowledge of the exponents of n elements, with one
 * challenge; protocol.md section 5.1.
 *
 * Statement: a transcript P that holds whatever else the proof is bound to, and
 * elements X of length n >= 1, none the identity; the prover knows x with
 * X[i] = g^x[i]. P is read, never changed: the proof continues a copy of it.
 */
#ifndef CRYPTO_SCHNORR_H
#define CRYPTO_SCHNORR_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"
#include "crypto/transcript.h"

/* Bytes of a proof about n elements: n elements and n scalars. */
size_t schnorr_proof_bytes(const struct group *g, size_t n);

/* Write schnorr_proof_bytes at `proof`. The nonces are hedged with x and the
 * statement. Constant time in x. */
enum result schnorr_prove(uint8_t *proof, const struct transcript *p, const struct gvec *X,
    const struct svec *x, struct rng *rng);

/* R_GOOD; R_BAD_ENCODING (wrong length), R_NON_CANONICAL, R_NOT_IN_GROUP,
 * R_BAD_ELEMENT (an identity, in X too), R_BAD_PROOF. */
enum result schnorr_verify(const struct transcript *p, const struct gvec *X, struct slice proof);

/* One proof in a batch, as bytes. The caller owns what it points to. */
struct schnorr_claim {
	struct transcript p; /* P */
	const uint8_t *X;    /* n >= 1 encodings, one after the other */
	size_t n;
	const uint8_t *others; /* what else must be elements: `more` encodings, likewise */
	size_t more;
	struct slice proof;
	enum result verdict;
};

/* Judge n proofs in `g` at once: decode X, the others and the proof of each, and verify. A claim's
 * verdict is R_GOOD or the first refusal: of X, of the others, R_BAD_ENCODING (the length of
 * the proof), of the proof's elements, of its scalars (as schnorr_verify), R_BAD_PROOF; up to
 * a chance of 2^-128 per wrong equation. Every equation has a coefficient of its own, drawn
 * from `rng`, which must be secret from the provers. When the batch fails, it is halved until
 * the bad ones are named.
 * Returns R_GOOD if all verdicts are, else the first that is not, or what kept us from
 * finishing (R_NO_MEMORY, R_CANCELLED: then no verdict means anything). */
enum result schnorr_verify_batch(struct schnorr_claim *claims, size_t n, const struct group *g,
    struct rng *rng, const struct effort *effort);

/* (K4) with the challenge c (length 1) as an argument: g^s[i] = T[i] * X[i]^c for
 * every i. R_GOOD or R_BAD_PROOF. Pure algebra, and no proof of anything unless c was
 * derived from X and T: for schnorr_verify and tests. Variable time. */
enum result schnorr_equations(const struct gvec *X, const struct gvec *T, const struct svec *c,
    const struct svec *s);

#endif
