/*
 * dleq: a trustee's decryption factors d_j = a_j^x, the proof that one exponent
 * x made them all and the public share X = g^x, and the plaintexts that t sets
 * of factors give; protocol.md sections 5.3 and 8.
 *
 * Factors as bytes are M = rows * width encodings in the order of the list, row
 * by row.
 *
 * The list is one that has been verified: the last mix. Of its elements only the
 * a are read here; the b are in the hash.
 */
#ifndef CRYPTO_DLEQ_H
#define CRYPTO_DLEQ_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/elgamal.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/rng.h"
#include "crypto/slice.h"

struct dleq_statement {
	const struct group *group;
	const struct digest *close; /* the hash of the close entry */
	uint64_t item;
	uint64_t trustee;     /* i, its number in the definition */
	const struct gvec *X; /* length 1: the public share X_i */
	size_t rows;
	size_t width;
	struct slice list;    /* the bytes of the list that is decrypted */
	struct slice factors; /* the bytes of the factors */
};

/* Bytes of the factors of a list; 0 if there are none or too many to address. */
size_t dleq_factors_bytes(const struct group *g, size_t rows, size_t width);
/* Bytes of a proof: two elements and a scalar, whatever the list. */
size_t dleq_proof_bytes(const struct group *g);

/* (D9): write dleq_factors_bytes at `factors`; those of the statement are not looked at. x has
 * length 1. Reads the list piece by piece and keeps little of it. R_BAD_WIDTH, or as
 * gvec_decode for a list that does not decode. Constant time in x. */
enum result dleq_factors(uint8_t *factors, const struct dleq_statement *s, const struct svec *x,
    const struct effort *effort);

/* Write dleq_proof_bytes at `proof`. The statement must be true for x (length 1); the factors
 * are hashed, not read. The nonce is hedged with x and the statement. R_BAD_WIDTH, or as
 * gvec_decode for a list that does not decode. Constant time in x. */
enum result dleq_prove(uint8_t *proof, const struct dleq_statement *s, const struct svec *x,
    struct rng *rng, const struct effort *effort);

/* R_GOOD; R_BAD_WIDTH (the list or the factors have another size than rows and
 * width say), R_BAD_ENCODING (a proof of the wrong length), R_NON_CANONICAL,
 * R_NOT_IN_GROUP, R_BAD_ELEMENT, R_BAD_DECRYPTION. */
enum result dleq_verify(const struct dleq_statement *s, struct slice proof,
    const struct effort *effort);

/* (D7) and (D8) with the challenge c as an argument; every vector has length 1.
 * R_GOOD or R_BAD_DECRYPTION. Pure algebra: for dleq_verify and tests. Variable time. */
enum result dleq_equations(const struct gvec *X, const struct gvec *A, const struct gvec *D,
    const struct gvec *T1, const struct gvec *T2, const struct svec *c, const struct svec *s);

/* (D10): lambda (length n) for the n distinct trustee numbers (each >= 1), as dleq_combine takes
 * them. */
enum result dleq_lagrange(struct svec *lambda, const uint32_t *trustees, size_t n);
/* The same as fractions of integers: lambda_i = top_i / bottom (length 1), the smallest bottom
 * that they all have in common. For few trustees they are short numbers or the negatives of
 * such. */
enum result dleq_lagrange_whole(struct svec *top, struct svec *bottom, const uint32_t *trustees,
    size_t n);

/* One trustee's factors, verified. */
struct dleq_share {
	uint32_t trustee; /* its number in the definition */
	struct slice factors;
};

/* (D11): m (length rows * width, in the order of the list, row by row) is what
 * the list holds according to exactly t shares of distinct trustees. An element
 * of m may be the identity. Same refusals as dleq_verify. Straight from the formula: the
 * reference for dleq_open, which does this for real. */
enum result dleq_combine(struct gvec *m, const struct elgamal_list *list,
    const struct dleq_share *shares, size_t t, const struct effort *effort);

/* (D11) and the extraction of section 2.3 in one, for lists of any length: blocks, rows * width
 * of GROUP_BLOCK_BYTES each, are what the list (its bytes) holds, and valid[j] is 1; or 0 where an
 * element is no block, and the bytes are zeros. Takes no power as long as the order for a row,
 * but for each distinct plaintext, and keeps only the answer and the encoding of one element a
 * row. Variable time: the plaintexts are about to be published. Not for the tiny groups.
 * R_BAD_WIDTH, R_NO_RANDOM; or as gvec_decode for a list or factors that do not decode. */
enum result dleq_open(uint8_t *blocks, uint8_t *valid, const struct group *g, struct slice list,
    size_t rows, size_t width, const struct dleq_share *shares, size_t t,
    const struct effort *effort);

#endif
