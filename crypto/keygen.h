/*
 * keygen: Pedersen's distributed key with commitments and proofs, one attempt
 * of it; protocol.md section 6.
 *
 * Everything here is a pure function of bytes: what is on the board and, for a
 * trustee, its 32-byte seed of the attempt. A trustee is named by its number in
 * the definition, 1..n, also after others have been excluded. Arrays "of the
 * participants" have `count` entries in the order of keygen_attempt.participants.
 */
#ifndef CRYPTO_KEYGEN_H
#define CRYPTO_KEYGEN_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

/* What everybody knows of an attempt. The caller owns what it points to. */
struct keygen_attempt {
	const struct group *group;
	const struct digest *election;
	uint64_t attempt;             /* k = 1, 2, ... */
	size_t threshold;             /* t, 1 <= t <= count */
	size_t count;                 /* n', the number of participants */
	const uint32_t *participants; /* their numbers, strictly ascending, from 1 */
};

/* Sizes of what is posted. */
size_t keygen_key_bytes(const struct group *g);    /* R_i, E_ij: one element */
size_t keygen_proof_bytes(const struct group *g);  /* either proof of knowledge */
size_t keygen_box_bytes(const struct group *g);    /* C_ij */
size_t keygen_share_bytes(const struct group *g);  /* E_ij and C_ij, one after the other */
size_t keygen_secret_bytes(const struct group *g); /* rho_j, f_i(j): one scalar */

/* ---- a trustee's own secrets ---- */

struct keygen_secret;

/* Derive all that trustee `self`, a participant, draws in this attempt: f, rho and
 * the e_ij, from its seed. The seed must be fresh for each attempt and is all
 * that has to be kept. Constant time. Free (and wipe) with keygen_secret_free. */
enum result keygen_secret_new(struct keygen_secret **out, const struct keygen_attempt *a,
    uint32_t self, const uint8_t seed[32]);
void keygen_secret_free(struct keygen_secret *secret);

/* ---- commit ---- */

struct keygen_commit {
	struct digest commit; /* (G2) */
	struct slice receive; /* R_i, keygen_key_bytes */
	struct slice proof;   /* of knowledge of rho_i, keygen_proof_bytes */
};

/* (G1), (G2): write the three parts of the own commit. */
enum result keygen_make_commit(struct digest *commit, uint8_t *receive, uint8_t *proof,
    const struct keygen_attempt *a, const struct keygen_secret *secret);

/* R_GOOD; R_BAD_ENCODING (a length), R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT, R_BAD_PROOF.
 * `trustee` must be a participant. */
enum result keygen_check_commit(const struct keygen_attempt *a, uint32_t trustee,
    const struct keygen_commit *c);

/* ---- deal ---- */

struct keygen_deal {
	struct slice A;     /* A_i0..A_i,t-1: t elements */
	struct slice proof; /* of knowledge of a_i0, keygen_proof_bytes */
	/* E_ij C_ij for each participant j: count shares. */
	struct slice shares;
};

/* (G3)-(G5): write the three parts of the own deal. `commits` are those of the
 * participants, all checked; only the receiving keys in them are read. The same
 * seed and commits always give the same bytes. */
enum result keygen_make_deal(uint8_t *A, uint8_t *proof, uint8_t *shares,
    const struct keygen_attempt *a, const struct keygen_commit *commits,
    const struct keygen_secret *secret);

/* Check what everybody can check of the deal of trustee `dealer`: lengths and elements, that
 * A matches the dealer's commit, the proof. R_GOOD; R_BAD_ENCODING, R_NON_CANONICAL,
 * R_NOT_IN_GROUP, R_BAD_ELEMENT, R_BAD_SHARE (A is not what was committed to), R_BAD_PROOF. */
enum result keygen_check_deal(const struct keygen_attempt *a, const struct keygen_commit *commits,
    uint32_t dealer, const struct keygen_deal *d);

/* ---- the keys ---- */

/* (G7), (G8) from the checked deals of the participants: y (length 1) and X
 * (length count). R_BAD_ELEMENT if one of them is the identity: the last deal is
 * then refused. */
enum result keygen_keys(struct gvec *y, struct gvec *X, const struct keygen_attempt *a,
    const struct keygen_deal *deals);

/* (G10): the hash that the participants confirm. `last` is the hash of the entry of
 * the last deal. */
enum result keygen_transcript(struct digest *transcript, const struct keygen_attempt *a,
    const struct digest *last, const struct gvec *y, const struct gvec *X);

/* ---- confirm or complain ---- */

/* Open the own shares of all deals, check each (G4)-(G6), and set x (length 1) to the sum (G9).
 * R_BAD_SHARE with *dealer (may be NULL) the number of the first dealer whose share is wrong:
 * complain about it. */
enum result keygen_share(struct svec *x, uint32_t *dealer, const struct keygen_attempt *a,
    const struct keygen_commit *commits, const struct keygen_deal *deals,
    const struct keygen_secret *secret);

/* Write rho_j, keygen_secret_bytes, for a complaint. It opens every share that
 * was dealt to j in this attempt, which is thereby over. */
void keygen_complaint(uint8_t *rho, const struct keygen_secret *secret);

/* (G11): set *at_fault to the number of who is at fault when `complainer` publishes rho and names
 * `dealer`; the two must be different participants. R_GOOD whoever it is; R_BAD_ENCODING or
 * R_NON_CANONICAL if rho is no scalar: then there is no complaint at all. */
enum result keygen_judge(uint32_t *at_fault, const struct keygen_attempt *a,
    const struct keygen_commit *commits, uint32_t complainer, struct slice rho, uint32_t dealer,
    const struct keygen_deal *deal);

#endif
