/*
 * outcome: the result object of an item: which ballots were counted, the tally, and who won.
 * Source: docs/protocol.md, sections 12.3 and 12.4.
 */
#ifndef BALLOTS_OUTCOME_H
#define BALLOTS_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballots/arena.h"
#include "ballots/count.h"
#include "ballots/item.h"
#include "crypto/buffer.h"
#include "crypto/hash.h"
#include "crypto/result.h"
#include "crypto/slice.h"

#define OUTCOME_BYTES_MAX (UINT32_C(1) << 31)

/* A counted ballot. */
struct outcome_ballot {
	uint64_t line;
	struct digest tracker;
};

/* A choice and how many made it. */
struct outcome_choice {
	struct slice bytes; /* without padding */
	uint64_t count;
};

/* V(i, 1), V(i, 2), ... */
struct outcome_row {
	uint64_t *against;
	size_t n;
};

/* Arrays of flags and votes have one value an option. */
struct outcome {
	struct outcome_ballot *counted; /* ascending by line */
	size_t counted_n;
	uint64_t eligible;
	uint64_t id;
	uint64_t invalid;
	bool opened; /* false: too few ballots were counted for it */
	/* the field outcome: */
	uint64_t blank;
	bool condorcet;      /* says which of the fields below are there */
	uint64_t *in_quorum; /* condorcet */
	size_t in_quorum_n;
	uint64_t *majority;
	size_t majority_n;
	unsigned method;              /* enum count_method */
	struct outcome_row *pairwise; /* condorcet */
	size_t pairwise_n;
	bool quorum;        /* the others */
	uint64_t *schwartz; /* condorcet: option numbers */
	size_t schwartz_n;
	uint64_t valid;
	uint64_t *votes; /* the others */
	size_t votes_n;
	uint64_t *winners; /* option numbers */
	size_t winners_n;
	/* and then: */
	struct outcome_choice *tally; /* ascending by bytes */
	size_t tally_n;
	const char *title;
};

/* Fill eligible, id, invalid, title and the field outcome from a count; arrays come from
 * `arena`. R_NO_MEMORY. */
enum result outcome_fill(struct outcome *o, struct arena *arena, const struct item *item,
    const struct count_outcome *count);

/* Add the canonical bytes. R_NO_MEMORY, R_TOO_LARGE. */
enum result outcome_write(struct buffer *out, const struct outcome *o);
/* Read one into an arena. R_BAD_ENCODING, R_NO_MEMORY. */
enum result outcome_read(struct outcome *o, struct arena *arena, struct slice bytes,
    struct why *why);

#endif
