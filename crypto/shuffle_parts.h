/*
 * shuffle_parts: what the prover and the verifier of a shuffle share: the parts of
 * a proof, the derivation of its challenges, its equations. For the files
 * shuffle*.c and for tests; everybody else includes crypto/shuffle.h.
 *
 * The letters are those of docs/protocol.md section 5.4; N is rows, w is width.
 */
#ifndef CRYPTO_SHUFFLE_PARTS_H
#define CRYPTO_SHUFFLE_PARTS_H

#include "crypto/elgamal.h"
#include "crypto/shuffle.h"
#include "crypto/transcript.h"

/* ---- the statement and the bytes of a proof ---- */

/* Where the parts of a proof begin, in bytes. */
struct shuffle_layout {
	size_t c, chat, t, that; /* elements: N, N, 3 + 2w, N */
	size_t s, shat, sprime;  /* scalars: 3 + w, N, N */
	size_t end;
};

/* R_BAD_WIDTH if there is no such list, or s->input or s->output has another size than
 * rows and width say (an empty output is not looked at: it is yet to be made). */
enum result shuffle_check(const struct shuffle_statement *s);

/* Lay a proof out; the statement has been checked. */
struct shuffle_layout shuffle_layout(const struct shuffle_statement *s);

/* The label of the generators of section 2.2: h is number 0, h_i number i. */
#define SHUFFLE_GENERATORS "shuffle"

/* Return how many rows a thread should take at a time: as many as products of powers gain from, but
 * not so many that memory or patience suffer. */
size_t shuffle_grain(const struct shuffle_statement *s, const struct effort *effort);

/* ---- the challenges ---- */

/* P, from the statement and the bytes of c_1..c_N. R_CANCELLED, as below. */
enum result shuffle_transcript(struct transcript *P, const struct shuffle_statement *s,
    const uint8_t *c, const struct effort *effort);

/* (S3): u_1..u_N from P. */
enum result shuffle_coefficients(struct svec *u, const struct transcript *P);

/* (S10): c (length 1) from P and the bytes of a proof up to that_N. */
enum result shuffle_challenge(struct svec *c, const struct transcript *P,
    const struct shuffle_statement *s, const uint8_t *proof, const struct effort *effort);

/* Both for a whole proof: u (length N) and c (length 1). */
enum result shuffle_challenges(struct svec *u, struct svec *c, const struct shuffle_statement *s,
    const uint8_t *proof, const struct effort *effort);

/* ---- prove ---- */

/* All that the prover draws, in this order. */
struct shuffle_secrets {
	size_t rows, width;
	uint32_t *psi;        /* row i of the output is row psi[i] of the input; from 0 */
	struct svec **rprime; /* r'_ik: width vectors of length N */
	struct svec *r;       /* N */
	struct svec *rhat;    /* N */
	struct svec *w;       /* w_1, w_2, w_3, w_41..w_4w */
	struct svec *what;    /* N */
	struct svec *wprime;  /* N */
};

/* Draw them. Free, and wipe, with shuffle_secrets_free. */
enum result shuffle_secrets_new(struct shuffle_secrets **out, const struct group *g, size_t rows,
    size_t width, struct rng *rng);
void shuffle_secrets_free(struct shuffle_secrets *x);

/* shuffle_mix with what it has drawn: no randomness in here. */
enum result shuffle_mix_with(struct shuffle_statement *s, uint8_t *output, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort);

/* The proof alone, for an output that is there already. It proves nothing if the output is not what
 * the secrets make of the input; so a test can lie. */
enum result shuffle_prove_with(const struct shuffle_statement *s, uint8_t *proof,
    const struct shuffle_secrets *x, const struct effort *effort);

/* ---- the equations ---- */

/* All values that the equations speak of. */
struct shuffle_claim {
	size_t rows, width;
	const struct gvec *y;          /* 1 */
	struct gvec *g;                /* 1 */
	struct elgamal_list *in, *out; /* e, e' */
	struct gvec *h;                /* 1 */
	struct gvec *h_i;              /* N */
	struct svec *u;                /* N */
	struct gvec *c, *chat, *that;  /* N */
	struct gvec *t;                /* t_1, t_2, t_3, t_4a1, t_4b1, ..., t_4aw, t_4bw */
	struct svec *s;                /* s_1, s_2, s_3, s_41..s_4w */
	struct svec *shat, *sprime;    /* N */
};

/* One equation each, for the challenge c (length 1): R_GOOD or R_BAD_SHUFFLE. Pure algebra, and no
 * proof of anything unless c is that of (S10). Variable time. */
enum result shuffle_equation_12(const struct shuffle_claim *p, const struct svec *c);
enum result shuffle_equation_13(const struct shuffle_claim *p, const struct svec *c);
enum result shuffle_equation_14(const struct shuffle_claim *p, const struct svec *c);
enum result shuffle_equation_15(const struct shuffle_claim *p, size_t k, const struct svec *c);
enum result shuffle_equation_16(const struct shuffle_claim *p, size_t k, const struct svec *c);
enum result shuffle_equation_17(const struct shuffle_claim *p, const struct svec *c);
/* All of them, one after the other, for every k. */
enum result shuffle_equations(const struct shuffle_claim *p, const struct svec *c);

/* All of them as one equation, weighted with coefficients from `rng`: crypto/shuffle_combine.c. */
enum result shuffle_equations_at_once(const struct shuffle_claim *p, const struct svec *c,
    struct rng *rng, const struct effort *effort);

/* ---- read: crypto/shuffle_claim.c ---- */

/* shuffle_check, and that there is an output, a proof of the right length and a key. */
enum result shuffle_check_proof(const struct shuffle_statement *s, struct slice proof);

/* Read what has not to do with rows: g, h, y, t, s. What follows frees the claim in any case. */
enum result shuffle_read_head(struct shuffle_claim *p, const struct shuffle_statement *s,
    const uint8_t *proof);
/* Read n rows from `from` on: the lists, c, chat, that, shat, sprime; and make their h_i. */
enum result shuffle_read_rows(struct shuffle_claim *p, const struct shuffle_statement *s,
    const uint8_t *proof, size_t from, size_t n, const struct effort *effort);
/* When a row of a list has been refused: return the reason of the first; `refused` if none is: then
 * the bytes have changed meanwhile. */
enum result shuffle_list_refusal(const struct shuffle_statement *s, struct slice list,
    enum result refused);
/* When some part has been refused: return the reason of the first, in the order input, output, then
 * as they stand in the proof. `refused` if none is: then the bytes have changed meanwhile. */
enum result shuffle_refusal(const struct shuffle_statement *s, const uint8_t *proof,
    enum result refused);

/* Decode the lists and the proof, and derive u and the challenge c (length 1).
 * Refusals as shuffle_verify. The claim is to be freed in any case. */
enum result shuffle_claim_read(struct shuffle_claim *p, struct svec *c,
    const struct shuffle_statement *s, struct slice proof, const struct effort *effort);
void shuffle_claim_free(struct shuffle_claim *p);

#endif
