/*
 * count_condorcet: rankings, by the steps of appendix A.6 of the Debian
 * constitution; the numbers in the comments are its own.
 *
 * The Schwartz set is the union of those strongly connected parts of the graph of
 * defeats that nothing outside defeats. A.6.7 drops defeats one strength at a
 * time and starts again; up to n(n-1)/2 times. Done from scratch with a transitive
 * closure that is n^5. Two facts make it fast. First, an option that has left the
 * set never comes back: the defeat through which it fell leads from inside the set
 * to outside and is never dropped. So the defeats are sorted once and walked once,
 * and only the part of the graph inside the set matters. Second, options fit in
 * a bit set of four words, and a reachable set is found by joining rows.
 */
#include <assert.h>
#include <stdlib.h>

#include "ballots/count_method.h"

#define SET_WORDS 4
_Static_assert(SET_WORDS * 64 >= CHOICE_MAX_OPTIONS, "a set must hold every option");

/* A set of options; option i is bit i-1. */
struct set {
	uint64_t w[SET_WORDS];
};

/* The defeats not dropped: over[a] holds whom a defeats, under[a] who defeats a. */
struct graph {
	struct set over[CHOICE_MAX_OPTIONS];
	struct set under[CHOICE_MAX_OPTIONS];
};

static void
set_put(struct set *s, unsigned i)
{
	s->w[i / 64] |= UINT64_C(1) << i % 64;
}

static void
set_take(struct set *s, unsigned i)
{
	s->w[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static int
set_has(const struct set *s, unsigned i)
{
	return (int)(s->w[i / 64] >> i % 64 & 1);
}

/* Return the first member, or CHOICE_MAX_OPTIONS if there is none. */
static unsigned
set_first(const struct set *s)
{
	unsigned k;

	for (k = 0; k < SET_WORDS; k++)
		if (s->w[k] != 0)
			return k * 64 + (unsigned)__builtin_ctzll(s->w[k]);
	return CHOICE_MAX_OPTIONS;
}

static struct set
set_minus(const struct set *a, const struct set *b)
{
	struct set out;
	unsigned k;

	for (k = 0; k < SET_WORDS; k++)
		out.w[k] = a->w[k] & ~b->w[k];
	return out;
}

static void
set_join(struct set *a, const struct set *b)
{
	unsigned k;

	for (k = 0; k < SET_WORDS; k++)
		a->w[k] |= b->w[k];
}

/* Return the members of `within` that can be reached from `start` along `edges`,
 * itself included. */
static struct set
reach(const struct set edges[], unsigned start, const struct set *within)
{
	struct set seen = { { 0 } }, next = { { 0 } };
	unsigned i, k;

	set_put(&next, start);
	while ((i = set_first(&next)) < CHOICE_MAX_OPTIONS) {
		set_put(&seen, i);
		set_join(&next, &edges[i]);
		for (k = 0; k < SET_WORDS; k++)
			next.w[k] &= within->w[k] & ~seen.w[k];
	}
	return seen;
}

/* Return the Schwartz set of `within` (A.6.5, A.6.6), which nothing outside of it
 * defeats. From any option, climb to one that reaches all who reach it: that one
 * and those who reach it are one part of the set. */
static struct set
schwartz(const struct graph *graph, const struct set *within)
{
	struct set left = *within, found = { { 0 } };
	unsigned i, higher;

	while ((i = set_first(&left)) < CHOICE_MAX_OPTIONS) {
		struct set above, below, strictly;
		for (;;) {
			above = reach(graph->under, i, within);
			below = reach(graph->over, i, within);
			strictly = set_minus(&above, &below);
			higher = set_first(&strictly);
			if (higher == CHOICE_MAX_OPTIONS)
				break;
			i = higher;
		}
		set_join(&found, &above);
		left = set_minus(&left, &below);
	}
	return found;
}

void
count_add_ranking(struct count *count, const struct choice *choice, uint64_t times)
{
	uint8_t place[CHOICE_MAX_OPTIONS];
	unsigned a, b, n = choice->options;

	/* A.6.1: not ranked is below every rank; ranks end at 250. */
	for (a = 0; a < n; a++)
		place[a] = choice->bytes[a] == 0 ? UINT8_MAX : choice->bytes[a];
	for (a = 0; a < n; a++) {
		uint64_t *row = count->pairwise + (size_t)a * n;
		for (b = 0; b < n; b++)
			row[b] += place[a] < place[b] ? times : 0;
	}
}

/* A.6.2: at least R votes above the default, R = num/den * sqrt(eligible). */
static int
reaches_quorum(const struct count_outcome *outcome, uint64_t votes)
{
	struct count_ratio q = outcome->rules.quorum_ratio;
	unsigned __int128 lhs = (unsigned __int128)votes * q.den; /* below 2^64 */
	unsigned __int128 rhs = (unsigned __int128)q.num * q.num * outcome->eligible;

	if (outcome->rules.quorum != COUNT_QUORUM_SQRT)
		return outcome->quorum;
	return lhs * lhs >= rhs;
}

/* A.6.3: strictly more than N times the votes of the default. */
static int
reaches_majority(const struct count_outcome *outcome, unsigned option, uint64_t votes,
    uint64_t against)
{
	struct count_ratio m = outcome->rules.majority_ratio[option - 1];

	if (outcome->rules.majority != COUNT_MAJORITY_DEFAULT)
		return 1;
	return (unsigned __int128)votes * m.den > (unsigned __int128)against * m.num;
}

static void
drop_options(struct count_outcome *outcome, struct set *standing)
{
	unsigned i, d = outcome->rules.default_option;

	for (i = 1; i <= outcome->rules.options; i++) {
		struct count_option *option = &outcome->option[i - 1];
		uint64_t votes = d == 0 ? 0 : count_pair(outcome, i, d);
		uint64_t against = d == 0 ? 0 : count_pair(outcome, d, i);
		option->in_quorum = i == d || reaches_quorum(outcome, votes);
		option->majority = i == d || reaches_majority(outcome, i, votes, against);
		option->standing = option->in_quorum && option->majority;
		if (option->standing)
			set_put(standing, i - 1);
	}
}

/* A.6.7: fewer votes is weaker, then more votes against. */
static int
compare_strength(const struct count_defeat *a, const struct count_defeat *b)
{
	if (a->votes != b->votes)
		return a->votes < b->votes ? -1 : 1;
	if (a->against != b->against)
		return a->against > b->against ? -1 : 1;
	return 0;
}

static int
compare_defeats(const void *x, const void *y)
{
	const struct count_defeat *a = x, *b = y;
	int c = compare_strength(a, b);

	if (c == 0)
		c = (int)a->winner - (int)b->winner;
	return c != 0 ? c : (int)a->loser - (int)b->loser;
}

/* A.6.4: A defeats B if V(A,B) > V(B,A). */
static void
list_defeats(struct count_outcome *outcome, struct graph *graph, const struct set *standing)
{
	unsigned a, b;

	for (a = 1; a <= outcome->rules.options; a++) {
		for (b = 1; b <= outcome->rules.options; b++) {
			uint64_t votes = count_pair(outcome, a, b);
			uint64_t against = count_pair(outcome, b, a);
			if (votes <= against || !set_has(standing, a - 1) ||
			    !set_has(standing, b - 1))
				continue;
			outcome->defeat[outcome->defeats++] = (struct count_defeat){
				.winner = (uint16_t)a,
				.loser = (uint16_t)b,
				.votes = votes,
				.against = against,
			};
			set_put(&graph->over[a - 1], b - 1);
			set_put(&graph->under[b - 1], a - 1);
		}
	}
	qsort(outcome->defeat, outcome->defeats, sizeof *outcome->defeat, compare_defeats);
}

static int
is_within(const struct count_defeat *d, const struct set *set)
{
	return set_has(set, d->winner - 1u) && set_has(set, d->loser - 1u);
}

/* A.6.5 to A.6.7: drop the weakest defeats inside the set, all of one strength at
 * once, until none is left there. */
static struct set
drop_defeats(struct count_outcome *outcome, struct graph *graph, struct set set)
{
	size_t i = 0, weakest;

	for (;;) {
		while (i < outcome->defeats && !is_within(&outcome->defeat[i], &set))
			i++;
		if (i == outcome->defeats)
			return set;
		outcome->rounds++;
		weakest = i;
		for (; i < outcome->defeats; i++) {
			struct count_defeat *d = &outcome->defeat[i];
			if (compare_strength(&outcome->defeat[weakest], d) != 0)
				break;
			if (!is_within(d, &set))
				continue;
			d->dropped = outcome->rounds;
			set_take(&graph->over[d->winner - 1], d->loser - 1u);
			set_take(&graph->under[d->loser - 1], d->winner - 1u);
		}
		set = schwartz(graph, &set);
	}
}

enum result
count_condorcet(struct count_outcome *outcome)
{
	size_t n = outcome->rules.options;
	struct graph graph = { 0 };
	struct set standing = { { 0 } }, first, last;
	unsigned i;

	outcome->defeat = malloc(n * (n - 1) / 2 * sizeof *outcome->defeat);
	if (outcome->defeat == NULL)
		return R_NO_MEMORY;
	drop_options(outcome, &standing);
	list_defeats(outcome, &graph, &standing);
	first = schwartz(&graph, &standing);
	last = drop_defeats(outcome, &graph, first);
	for (i = 0; i < n; i++) {
		outcome->option[i].schwartz = (uint8_t)set_has(&first, i);
		outcome->option[i].leading = (uint8_t)set_has(&last, i);
	}
	return R_GOOD;
}
