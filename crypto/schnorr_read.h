/*
 * schnorr_read: from the bytes of a proof to its values; shared by the single
 * and the batch verifier, and by nobody else.
 */
#ifndef CRYPTO_SCHNORR_READ_H
#define CRYPTO_SCHNORR_READ_H

#include "crypto/schnorr.h"

/* Read a proof of the right length: T and s, of the length of X, and the challenge
 * (K2) into c[at]. Results as schnorr_verify. */
enum result schnorr_read(struct gvec *T, struct svec *s, struct svec *c, size_t at,
    const struct schnorr_statement *st);

#endif
