/*
 * count_kit: elections in a few lines, for the tests of counting. Whatever goes wrong
 * here fails the test at hand.
 */
#ifndef TESTS_COUNT_KIT_H
#define TESTS_COUNT_KIT_H

#include <stdint.h>

#include "ballots/count.h"

/* Ballots as people would type them; a list ends with a NULL text. */
struct votes {
	const char *text;
	uint64_t times;
};

/* Return Debian's rules: the last option is the default, the quorum 3/2 sqrt, every
 * majority 1:1. */
struct count_rules debian_rules(unsigned options);

/* Start a count, add to it, finish and free it. */
struct count *start(const struct count_rules *rules);
void add(struct count *count, const struct count_rules *rules, const char *text, uint64_t times);
struct count_outcome *finish(struct count *count, uint64_t eligible);
/* All at once. */
struct count_outcome *count_votes(const struct count_rules *rules, const struct votes *votes,
    uint64_t eligible);

/* Return the winners as "2", "1,3" or "", until the next call. */
const char *winners(const struct count_outcome *outcome);

/* Return what count_print prints; the caller frees it. */
char *printed(const struct count_outcome *outcome, const char *const names[]);

#endif
