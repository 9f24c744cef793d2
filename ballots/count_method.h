/*
 * count_method: what count.c shares with the files that know one method each.
 * Nobody else includes this.
 */
#ifndef BALLOTS_COUNT_METHOD_H
#define BALLOTS_COUNT_METHOD_H

#include "ballots/count.h"

struct count {
	struct count_rules rules;
	uint64_t valid, blank, invalid;
	uint64_t named[CHOICE_MAX_OPTIONS];
	uint64_t *pairwise; /* condorcet: options * options, else NULL */
};

/* V(A,B) of the pairwise table grows by `times` for each A ranked above B. */
void count_add_ranking(struct count *count, const struct choice *choice, uint64_t times);

/* Fill in in_quorum, majority, standing, leading and what belongs to the method;
 * `outcome` holds the numbers of ballots, quorum and, for condorcet, the pairwise
 * table already. */
void count_most_votes(struct count_outcome *outcome);
enum result count_condorcet(struct count_outcome *outcome);

#endif
