/*
 * schnorr_parts: what the prover and both verifiers share. For schnorr*.c only.
 */
#ifndef CRYPTO_SCHNORR_PARTS_H
#define CRYPTO_SCHNORR_PARTS_H

#include "crypto/schnorr.h"

/* (K2): c[at] from P, the encodings of X and those of T, n elements each. */
void schnorr_challenge(struct svec *c, size_t at, const struct transcript *p, const uint8_t *X,
    const uint8_t *T, size_t n);

#endif
