/*
 * keygen_parts: what a trustee's own side of key generation and everybody's checks have
 * in common. For the files keygen*.c only.
 */
#ifndef CRYPTO_KEYGEN_PARTS_H
#define CRYPTO_KEYGEN_PARTS_H

#include "crypto/keygen.h"
#include "crypto/transcript.h"

/* Return the place of a trustee among the participants; it must be one. */
size_t keygen_place(const struct keygen_attempt *a, uint32_t trustee);

/* (G2): the commit of trustee i to A, t elements as bytes. */
void keygen_hash_commit(struct digest *commit, const struct keygen_attempt *a, uint32_t i,
    struct slice A);

/* The transcripts P of the two proofs of trustee i. */
void keygen_receive_statement(struct transcript *P, const struct keygen_attempt *a, uint32_t i,
    const struct digest *commit);
void keygen_constant_statement(struct transcript *P, const struct keygen_attempt *a, uint32_t i,
    struct slice A, const struct keygen_commit *commits);

/* (G4): the key of the box from dealer i to j. E and R are encodings, point (length 1) is
 * R^e = E^rho. */
void keygen_box_key(uint8_t key[32], const struct keygen_attempt *a, uint32_t i, uint32_t j,
    const uint8_t *E, const uint8_t *R, const struct gvec *point);

/* powers[m] = j^m for m < t. */
enum result keygen_powers(struct svec *powers, uint32_t j);

/* Open the box of a checked deal to j with rho_j (length 1) and check (G6): share (length 1) is
 * f_i(j). R_BAD_SHARE. Constant time in rho. */
enum result keygen_open(struct svec *share, const struct keygen_attempt *a,
    const struct keygen_commit *commits, uint32_t i, const struct keygen_deal *deal, uint32_t j,
    const struct svec *rho);

#endif
