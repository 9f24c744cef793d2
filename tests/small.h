/*
 * small: a small finished election with every type of record, for those who spoil it: 3
 * voters, 2 of 3 trustees (after two that were excluded), an item with three ballots and one
 * of two ciphertexts a row with two.
 */
#ifndef TESTS_SMALL_H
#define TESTS_SMALL_H

#include "tests/bottle_archive.h"

/* What its author knows of a record on the board. */
struct small_secret {
	enum role role;
	unsigned number;     /* registrars, trustees from 1; voters from 0 */
	struct svec *secret; /* voters: x, then r of every ciphertext */
};

struct small {
	struct bottle *b;
	struct small_secret *secrets; /* one an entry */
};

struct small *small_new(uint8_t seed);
void small_free(struct small *s);

#endif
