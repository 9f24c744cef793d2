/*
 * elgamal: encryption, re-encryption, and lists of ciphertexts.
 *
 * A list has `rows` rows of `width` ciphertexts (a, b). In memory it stands
 * column by column, so that powers and products run over contiguous vectors:
 * a[k] and b[k], k < width, are vectors of `rows` elements. As bytes it stands
 * row by row: a b a b ..., protocol.md section 1.
 *
 * Every element of a list that came from bytes is a member of the group and not
 * the identity. Source: docs/protocol.md, section 4.
 */
#ifndef CRYPTO_ELGAMAL_H
#define CRYPTO_ELGAMAL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/group.h"
#include "crypto/result.h"
#include "crypto/slice.h"
#include "crypto/transcript.h"

struct elgamal_list {
	const struct group *group;
	size_t rows;
	size_t width;
	struct gvec **a; /* width columns */
	struct gvec **b;
};

/* Bytes of a list; 0 if there are none or more than memory can address. */
size_t elgamal_list_bytes(const struct group *g, size_t rows, size_t width);

/* Make a list of identities. Free with elgamal_list_free. */
enum result elgamal_list_new(struct elgamal_list **out, const struct group *g, size_t rows,
    size_t width);

/* Decode a list. The caller owns *out and may drop the bytes afterwards.
 * R_BAD_WIDTH if the length is not that of rows and width or either is 0;
 * R_NON_CANONICAL, R_NOT_IN_GROUP, R_BAD_ELEMENT with *bad_row (may be NULL) the
 * first row, counted from 0, that holds a refused element. On refusal *out is
 * NULL. Variable time. */
enum result elgamal_list_decode(struct elgamal_list **out, const struct group *g, size_t rows,
    size_t width, struct slice bytes, size_t *bad_row, const struct effort *effort);

/* Write the elgamal_list_bytes of the list. Constant time. */
enum result elgamal_list_encode(uint8_t *bytes, const struct elgamal_list *list,
    const struct effort *effort);

void elgamal_list_free(struct elgamal_list *list);

/* Enter the `L` field (protocol.md section 3.1) of a list given by its bytes, or of a
 * vector of `rows` elements with width 1. */
void elgamal_list_enter(struct transcript *t, struct slice bytes, uint64_t rows, uint64_t width);

/* (E1): (a[i], b[i]) = (g^r[i], m[i] * y^r[i]). y has length 1. b may be m.
 * Constant time in r and m. */
enum result elgamal_encrypt(struct gvec *a, struct gvec *b, const struct gvec *y,
    const struct gvec *m, const struct svec *r, const struct effort *effort);

/* (E2): (a2[i], b2[i]) = (a[i] * g^r[i], b[i] * y^r[i]). a2 may be a, b2 may be b.
 * Constant time in r. */
enum result elgamal_reencrypt(struct gvec *a2, struct gvec *b2, const struct gvec *y,
    const struct gvec *a, const struct gvec *b, const struct svec *r, const struct effort *effort);

#endif
