/*
 * mix_kit: a list, a mix of it and its proof, for the tests of the shuffle.
 */
#ifndef TESTS_MIX_KIT_H
#define TESTS_MIX_KIT_H

#include "crypto/shuffle.h"
#include "crypto/shuffle_parts.h"
#include "tests/proof_kit.h"

struct mix {
	const struct group *g;
	size_t rows, width;
	size_t element, scalar; /* bytes */
	struct digest close;
	struct svec *x; /* the key: y = g^x */
	struct gvec *y;
	struct gvec *messages; /* row by row */
	uint8_t *input, *output, *proof;
	size_t list_bytes, proof_bytes;
	struct shuffle_layout at;
	struct shuffle_secrets *secrets;
	struct shuffle_statement st;
};

/* Make one from a seed; mix_kit_free frees what is in it. */
void mix_kit_make(struct mix *m, const struct group *g, size_t rows, size_t width, uint8_t seed);
void mix_kit_free(struct mix *m);

/* Prove the statement as it stands, with the secrets as they stand, true or not. */
void mix_kit_prove(struct mix *m);

/* Verify both ways; fail the test if they disagree. */
enum result mix_kit_verify(void *mix);

/* Where element `part` (0: a, 1: b) of column k in row i of a list stands. */
uint8_t *mix_kit_at(const struct mix *m, uint8_t *list, size_t i, size_t k, size_t part);

/* The plaintexts of a list under the key, row by row, encoded. */
uint8_t *mix_kit_decrypt(const struct mix *m, struct slice list);

#endif
