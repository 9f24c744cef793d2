/* Preparing and running checks: everything that may happen outside the owner's thread. */
#include <stdlib.h>

#include "ballots/rules_parts.h"

/* ---- preparing ---- */

static enum result
judge_early(struct check *c, struct why *why)
{
	struct judge j = { .f = c->frozen, .record = c->record, .accused = c->accused, .why = why };
	enum result r = rules_judge(&j);

	if (r != R_GOOD)
		rules_name_check(why, c->record->type, r);
	return r;
}

enum result
rules_prepare(struct check **out, const struct frozen *frozen, struct record *record,
    struct why *why)
{
	struct check *c = calloc(1, sizeof *c);
	enum result r = R_GOOD;

	*out = NULL;
	if (c == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a check");
	c->record = record;
	c->frozen = frozen_ref(frozen);
	c->verdict = R_BUSY;
	/* The record in a fault is judged as a record of its own. */
	if (record->type == RECORD_FAULT &&
	    record_parse(&c->accused, NULL, record->of.fault.record, NULL) == R_NO_MEMORY)
		r = why_set(why, R_NO_MEMORY, "out of memory for a record");
	if (r == R_GOOD)
		r = judge_early(c, why);
	if (r == R_GOOD) {
		c->held = held_new(record);
		if (c->held == NULL)
			r = why_set(why, R_NO_MEMORY, "out of memory for a check");
	}
	if (r != R_GOOD) {
		check_free(c);
		return r;
	}
	*out = c;
	return R_GOOD;
}

/* Forget what a run found. */
static void
check_reset(struct check *c)
{
	roll_unref(c->roll);
	post_unref(c->post);
	keys_unref(c->keys);
	c->roll = NULL;
	c->post = NULL;
	c->keys = NULL;
	c->at_fault = 0;
}

void
check_free(struct check *c)
{
	if (c == NULL)
		return;
	check_reset(c);
	record_free(c->accused);
	held_unref(c->held);
	frozen_unref(c->frozen);
	free(c);
}

enum check_cost
check_cost(const struct check *check)
{
	return rules_table[check->record->type].cost;
}

const struct record *
check_record(const struct check *check)
{
	return check->record;
}

/* ---- running ---- */

enum result
decode_form(const struct group *g, struct slice bytes, size_t n, size_t s)
{
	const size_t element = group_element_bytes(g), scalar = group_scalar_bytes(g);
	struct gvec *elements = NULL;
	struct svec *scalars = NULL;
	enum result r;

	if (bytes.n != n * element + s * scalar)
		return R_BAD_ENCODING;
	if ((r = gvec_new(&elements, g, n)) != R_GOOD || (r = svec_new(&scalars, g, s)) != R_GOOD ||
	    (r = gvec_decode(elements, bytes.p, element, DECODE_NO_IDENTITY, NULL, NULL)) != R_GOOD)
		goto out;
	r = svec_decode(scalars, bytes.p + n * element, scalar, NULL);
out:
	gvec_free(elements);
	svec_free(scalars);
	return r;
}

/* (6), then (7) to (9), of a record that is not a voter's. */
static void
run_one(struct check *c, const struct source *source, const struct effort *effort)
{
	const struct rule *rule = &rules_table[c->record->type];
	enum result r = R_GOOD;

	if (c->frozen->mode == RULES_VERIFY)
		r = record_check_signature(c->record);
	if (r != R_GOOD)
		(void)why_set(&c->why, r, "the %s: %s", record_type_name(c->record->type),
		    result_text(r));
	else if (rule->run != NULL)
		r = rule->run(c, source, effort, &c->why);
	c->verdict = r;
}

void
checks_run(struct check *const checks[], size_t n, const struct source *source,
    const struct effort *effort)
{
	size_t i;

	for (i = 0; i < n; i++) {
		check_reset(checks[i]);
		checks[i]->why = (struct why){ .reason = R_GOOD };
		checks[i]->verdict = R_GOOD;
	}
	checks_run_voters(checks, n, effort);
	for (i = 0; i < n; i++)
		if (rules_table[checks[i]->record->type].author != ROLE_VOTER)
			run_one(checks[i], source, effort);
}

enum result
check_verdict(const struct check *check, struct why *why)
{
	if (check->verdict != R_GOOD && why != NULL) {
		*why = check->why;
		if (why->reason != check->verdict)
			(void)why_set(why, check->verdict, "the check was not run");
		rules_name_check(why, check->record->type, check->verdict);
	}
	return check->verdict;
}
