#include "ballots/outcome.h"

#include <string.h>

#include "ballots/walk.h"

/* ---- the walk ---- */

static void
flags_walk(struct walk *w, const char *key, uint64_t **flags, size_t *n, uint64_t min, uint64_t max)
{
	size_t i;

	walk_key(w, key);
	walk_array(w, flags, n, sizeof **flags, 0, CHOICE_MAX_OPTIONS);
	while (walk_next(w, &i))
		walk_u53(w, &(*flags)[i], min, max);
}

static void
pairwise_walk(struct walk *w, struct outcome *o)
{
	size_t i, j;

	walk_key(w, "pairwise");
	walk_array(w, &o->pairwise, &o->pairwise_n, sizeof *o->pairwise, 0, CHOICE_MAX_OPTIONS);
	while (walk_next(w, &i)) {
		struct outcome_row *row = &o->pairwise[i];

		walk_array(w, &row->against, &row->n, sizeof *row->against, 0, CHOICE_MAX_OPTIONS);
		while (walk_next(w, &j))
			walk_u53(w, &row->against[j], 0, WALK_MAX_INTEGER);
	}
}

/* The field outcome, whose own fields depend on the method. */
static void
field_walk(struct walk *w, struct outcome *o)
{
	size_t i;

	walk_object(w);
	walk_key(w, "blank");
	walk_u53(w, &o->blank, 0, WALK_MAX_INTEGER);
	if (walk_option(w, "in_quorum", &o->condorcet)) {
		walk_array(w, &o->in_quorum, &o->in_quorum_n, sizeof *o->in_quorum, 0,
		    CHOICE_MAX_OPTIONS);
		while (walk_next(w, &i))
			walk_u53(w, &o->in_quorum[i], 0, 1);
	}
	flags_walk(w, "majority", &o->majority, &o->majority_n, 0, 1);
	walk_key(w, "method");
	walk_enum(w, count_method_names, COUNT_METHODS, &o->method);
	if (walk_good(w) && o->condorcet != (o->method == COUNT_CONDORCET))
		walk_fail(w, R_BAD_ENCODING, "does not go with the other fields");
	if (o->condorcet) {
		pairwise_walk(w, o);
		flags_walk(w, "schwartz", &o->schwartz, &o->schwartz_n, 1, CHOICE_MAX_OPTIONS);
	} else {
		walk_key(w, "quorum");
		walk_flag(w, &o->quorum);
	}
	walk_key(w, "valid");
	walk_u53(w, &o->valid, 0, WALK_MAX_INTEGER);
	if (!o->condorcet)
		flags_walk(w, "votes", &o->votes, &o->votes_n, 0, WALK_MAX_INTEGER);
	flags_walk(w, "winners", &o->winners, &o->winners_n, 1, CHOICE_MAX_OPTIONS);
	walk_end(w);
}

/* Read or write the object. */
static void
outcome_walk(struct walk *w, struct outcome *o)
{
	size_t i;

	walk_object(w);
	walk_key(w, "counted");
	walk_array(w, &o->counted, &o->counted_n, sizeof *o->counted, 0, UINT32_MAX);
	while (walk_next(w, &i)) {
		walk_object(w);
		walk_key(w, "line");
		walk_u53(w, &o->counted[i].line, 0, WALK_MAX_INTEGER);
		walk_key(w, "tracker");
		walk_digest(w, &o->counted[i].tracker);
		walk_end(w);
	}
	walk_key(w, "eligible");
	walk_u53(w, &o->eligible, 0, WALK_MAX_INTEGER);
	walk_key(w, "id");
	walk_u53(w, &o->id, 1, ITEM_MAX);
	walk_key(w, "invalid");
	walk_u53(w, &o->invalid, 0, WALK_MAX_INTEGER);
	walk_key(w, "opened");
	walk_flag(w, &o->opened);
	walk_key(w, "outcome");
	field_walk(w, o);
	walk_key(w, "tally");
	walk_array(w, &o->tally, &o->tally_n, sizeof *o->tally, 0, UINT32_MAX);
	while (walk_next(w, &i)) {
		walk_object(w);
		walk_key(w, "choice");
		walk_bin_var(w, &o->tally[i].bytes, 1, CHOICE_MAX_BYTES);
		walk_key(w, "count");
		walk_u53(w, &o->tally[i].count, 1, WALK_MAX_INTEGER);
		walk_end(w);
	}
	walk_key(w, "title");
	walk_string(w, &o->title, 1, 500);
	walk_end(w);
}

/* ---- from a count ---- */

/* Set *out to an array with room for n numbers. */
static enum result
numbers(uint64_t **out, struct arena *arena, size_t n)
{
	*out = arena_alloc(arena, n * sizeof **out);
	return *out == NULL ? R_NO_MEMORY : R_GOOD;
}

static enum result
fill_pairwise(struct outcome *o, struct arena *arena, const struct count_outcome *c)
{
	const unsigned n = c->rules.options;
	unsigned i, j;

	o->pairwise = arena_alloc(arena, n * sizeof *o->pairwise);
	if (o->pairwise == NULL)
		return R_NO_MEMORY;
	o->pairwise_n = n;
	for (i = 0; i < n; i++) {
		o->pairwise[i].n = n;
		if (numbers(&o->pairwise[i].against, arena, n) != R_GOOD)
			return R_NO_MEMORY;
		for (j = 0; j < n; j++)
			if (i != j) /* V(i, i) is 0 */
				o->pairwise[i].against[j] = count_pair(c, i + 1, j + 1);
	}
	return R_GOOD;
}

enum result
outcome_fill(struct outcome *o, struct arena *arena, const struct item *item,
    const struct count_outcome *c)
{
	const unsigned n = c->rules.options;
	unsigned i;

	o->eligible = c->eligible;
	o->id = item->id;
	o->invalid = c->invalid;
	o->title = item->title;
	o->blank = c->blank;
	o->valid = c->valid;
	o->quorum = c->quorum != 0;
	o->method = c->rules.method;
	o->condorcet = c->rules.method == COUNT_CONDORCET;
	if (numbers(&o->in_quorum, arena, n) != R_GOOD ||
	    numbers(&o->majority, arena, n) != R_GOOD || numbers(&o->votes, arena, n) != R_GOOD ||
	    numbers(&o->schwartz, arena, n) != R_GOOD || numbers(&o->winners, arena, n) != R_GOOD)
		return R_NO_MEMORY;
	o->in_quorum_n = o->majority_n = o->votes_n = n;
	o->schwartz_n = o->winners_n = 0;
	for (i = 0; i < n; i++) {
		o->in_quorum[i] = c->option[i].in_quorum;
		o->majority[i] = c->option[i].majority;
		o->votes[i] = c->option[i].named;
		if (c->option[i].schwartz)
			o->schwartz[o->schwartz_n++] = i + 1;
		if (c->option[i].winner)
			o->winners[o->winners_n++] = i + 1;
	}
	return o->condorcet ? fill_pairwise(o, arena, c) : R_GOOD;
}

/* ---- bytes ---- */

enum result
outcome_write(struct buffer *out, const struct outcome *o)
{
	struct outcome copy = *o;
	struct walk w;

	walk_write(&w, out, OUTCOME_BYTES_MAX);
	outcome_walk(&w, &copy);
	return walk_finish(&w);
}

enum result
outcome_read(struct outcome *o, struct arena *arena, struct slice bytes, struct why *why)
{
	struct walk w;

	*o = (struct outcome){ 0 };
	walk_read(&w, arena, bytes, OUTCOME_BYTES_MAX);
	outcome_walk(&w, o);
	if (walk_finish(&w) != R_GOOD)
		return why_set(why, w.error, "a result: %s", w.why.text);
	return R_GOOD;
}
