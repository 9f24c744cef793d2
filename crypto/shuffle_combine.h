/*
 * shuffle_combine: all equations of a shuffle as one, range of rows by range of rows. For the
 * verifier of a shuffle only; variable time. docs/protocol.md (S12) to (S17).
 */
#ifndef CRYPTO_SHUFFLE_COMBINE_H
#define CRYPTO_SHUFFLE_COMBINE_H

#include "crypto/shuffle_parts.h"

struct combination;

/* Begin, for so many rows in so many ranges, with coefficients from `rng`; the challenge c (length
 * 1) must live as long. Free with combination_free. */
enum result combination_new(struct combination **out, const struct svec *c, size_t rows,
    size_t width, size_t ranges, struct rng *rng);
void combination_free(struct combination *b);

/* Add the rows from `from` on as the range-th range, counted from 0: of p the rows and u are
 * looked at. `before` (length 1) is the chat of the row before them, h for the first. Different
 * ranges may be added at the same time. */
enum result combination_rows(struct combination *b, const struct shuffle_claim *p, size_t from,
    size_t range, const struct gvec *before, const struct effort *effort);

/* When all are added: R_GOOD or R_BAD_SHUFFLE. Of p the head is looked at; u has length N, chat_N
 * 1. */
enum result combination_end(struct combination *b, const struct shuffle_claim *p,
    const struct svec *u, const struct gvec *chat_N);

#endif
