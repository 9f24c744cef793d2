/*
 * roll_parts: what writing and reading a roll have in common. For the files roll*.c
 * only.
 */
#ifndef BALLOTS_ROLL_PARTS_H
#define BALLOTS_ROLL_PARTS_H

#include "ballots/roll.h"
#include "crypto/merkle.h"

/* What the lines add up to. Start from zeros and n. */
struct roll_sums {
	uint64_t total[DEFINITION_CLASSES_MAX];
	size_t n; /* number of classes */
	struct merkle_frontier tree;
};

/* Add a line; `bytes` is the line without its end. R_BAD_ROLL if a sum grows too large. */
enum result roll_sums_add(struct roll_sums *s, const struct roll_line *line, struct slice bytes,
    struct why *why);

/* May `key` follow on the key `before`? R_GOOD, R_DUPLICATE_KEY, R_BAD_ROLL. */
enum result roll_key_follows(struct slice before, struct slice key, struct why *why);

#endif
