/*
 * ristretto_block: blocks in elements of ristretto255, many at a time; protocol.md
 * "Embedding". For ristretto.c only.
 */
#ifndef CRYPTO_RISTRETTO_BLOCK_H
#define CRYPTO_RISTRETTO_BLOCK_H

#include "crypto/group.h"

/* gvec_extract_each. */
enum result ristretto_extract_each(uint8_t *blocks, uint8_t *valid, const struct gvec *v);

#endif
