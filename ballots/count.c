#include "ballots/count.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/count_method.h"

const char *const count_method_names[COUNT_METHODS] = { "plurality", "approval", "condorcet" };
const char *const count_quorum_names[COUNT_QUORUMS] = { "none", "turnout", "sqrt" };
const char *const count_majority_names[COUNT_MAJORITIES] = { "none", "valid", "roll", "default" };
const char *const count_tie_names[COUNT_TIES] = { "none", "first" };

enum choice_type
count_choice_type(enum count_method method)
{
	switch (method) {
	case COUNT_PLURALITY: return CHOICE_PLURALITY;
	case COUNT_APPROVAL: return CHOICE_APPROVAL;
	default: assert(method == COUNT_CONDORCET); return CHOICE_RANKING;
	}
}

struct count_rules
count_rules_plain(enum count_method method, unsigned options)
{
	return (struct count_rules){
		.method = method,
		.options = options,
		.quorum_ratio = { 0, 1 },
	};
}

static int
ratio_sane(struct count_ratio ratio)
{
	return ratio.num <= COUNT_MAX_TERM && ratio.den >= 1 && ratio.den <= COUNT_MAX_TERM;
}

static enum result
check_quorum(const struct count_rules *rules, struct why *why)
{
	struct count_ratio q = rules->quorum_ratio;

	if (rules->quorum >= COUNT_QUORUMS)
		return why_set(why, R_BAD_ITEM, "there is no such quorum rule");
	if (!ratio_sane(q))
		return why_set(why, R_BAD_ITEM,
		    "the quorum %u/%u must have terms up to %d and no denominator 0", q.num, q.den,
		    COUNT_MAX_TERM);
	if (rules->quorum == COUNT_QUORUM_NONE && (q.num != 0 || q.den != 1))
		return why_set(why, R_BAD_ITEM,
		    "the quorum is 'none', but %u/%u is given; write 0/1", q.num, q.den);
	if (rules->quorum == COUNT_QUORUM_SQRT && rules->default_option == 0)
		return why_set(why, R_BAD_ITEM,
		    "a quorum by square root needs a default option to count against");
	return R_GOOD;
}

static enum result
check_majority(const struct count_rules *rules, struct why *why)
{
	unsigned i, expected;

	switch (rules->majority) {
	case COUNT_MAJORITY_NONE: expected = 0; break;
	case COUNT_MAJORITY_VALID:
	case COUNT_MAJORITY_ROLL:
		if (rules->method == COUNT_CONDORCET)
			return why_set(why, R_BAD_ITEM,
			    "condorcet takes majorities against a default option only");
		expected = 1;
		break;
	case COUNT_MAJORITY_DEFAULT:
		if (rules->default_option == 0)
			return why_set(why, R_BAD_ITEM,
			    "majorities are against a default option, but there is none");
		expected = rules->options;
		break;
	default: return why_set(why, R_BAD_ITEM, "there is no such majority rule");
	}
	if (rules->majority_ratios != expected)
		return why_set(why, R_BAD_ITEM, "%u majorities are given; there must be %u",
		    rules->majority_ratios, expected);
	for (i = 0; i < expected; i++)
		if (!ratio_sane(rules->majority_ratio[i]))
			return why_set(why, R_BAD_ITEM,
			    "the majority %u/%u must have terms up to %d and no denominator 0",
			    rules->majority_ratio[i].num, rules->majority_ratio[i].den,
			    COUNT_MAX_TERM);
	return R_GOOD;
}

enum result
count_rules_check(const struct count_rules *rules, struct why *why)
{
	enum result r;

	if (rules->method >= COUNT_METHODS)
		return why_set(why, R_BAD_ITEM, "there is no such counting method");
	if (rules->options < CHOICE_MIN_OPTIONS || rules->options > CHOICE_MAX_OPTIONS)
		return why_set(why, R_BAD_ITEM, "%u options; there must be %d to %d",
		    rules->options, CHOICE_MIN_OPTIONS, CHOICE_MAX_OPTIONS);
	if (rules->default_option > rules->options)
		return why_set(why, R_BAD_ITEM, "the default option %u does not exist",
		    rules->default_option);
	if (rules->default_option != 0 && rules->method != COUNT_CONDORCET)
		return why_set(why, R_BAD_ITEM, "%s knows no default option",
		    count_method_names[rules->method]);
	if (rules->tie >= COUNT_TIES)
		return why_set(why, R_BAD_ITEM, "there is no such rule for ties");
	r = check_quorum(rules, why);
	return r == R_GOOD ? check_majority(rules, why) : r;
}

enum result
count_new(struct count **out, const struct count_rules *rules, struct why *why)
{
	enum result r = count_rules_check(rules, why);
	struct count *count;

	if (r != R_GOOD)
		return r;
	count = calloc(1, sizeof *count);
	if (count == NULL)
		return why_set(why, R_NO_MEMORY, "out of memory for a count");
	count->rules = *rules;
	if (rules->method == COUNT_CONDORCET) {
		count->pairwise =
		    calloc((size_t)rules->options * rules->options, sizeof *count->pairwise);
		if (count->pairwise == NULL) {
			count_free(count);
			return why_set(why, R_NO_MEMORY, "out of memory for a count");
		}
	}
	*out = count;
	return R_GOOD;
}

void
count_free(struct count *count)
{
	if (count == NULL)
		return;
	free(count->pairwise);
	free(count);
}

/* One bound for the total keeps every sum of a count below it, too. */
static int
has_room(const struct count *count, uint64_t times)
{
	return times <= COUNT_MAX_BALLOTS - count->valid - count->invalid;
}

enum result
count_add(struct count *count, const struct choice *choice, uint64_t times)
{
	unsigned i;

	assert(choice->type == count_choice_type(count->rules.method));
	assert(choice->options == count->rules.options);
	if (!has_room(count, times))
		return R_TOO_LARGE;
	count->valid += times;
	if (choice_is_blank(choice)) {
		count->blank += times;
		return R_GOOD;
	}
	for (i = 1; i <= choice->options; i++)
		if (choice_names(choice, i))
			count->named[i - 1] += times;
	if (count->pairwise != NULL)
		count_add_ranking(count, choice, times);
	return R_GOOD;
}

enum result
count_add_invalid(struct count *count, uint64_t times)
{
	if (!has_room(count, times))
		return R_TOO_LARGE;
	count->invalid += times;
	return R_GOOD;
}

static enum result
outcome_new(struct count_outcome **out, const struct count *count, uint64_t eligible)
{
	size_t cells = (size_t)count->rules.options * count->rules.options;
	struct count_outcome *outcome = calloc(1, sizeof *outcome);
	unsigned i;

	if (outcome == NULL)
		return R_NO_MEMORY;
	outcome->rules = count->rules;
	outcome->eligible = eligible;
	outcome->valid = count->valid;
	outcome->blank = count->blank;
	outcome->invalid = count->invalid;
	for (i = 0; i < count->rules.options; i++)
		outcome->option[i].named = count->named[i];
	if (count->pairwise != NULL) {
		outcome->pairwise = malloc(cells * sizeof *outcome->pairwise);
		if (outcome->pairwise == NULL) {
			count_outcome_free(outcome);
			return R_NO_MEMORY;
		}
		memcpy(outcome->pairwise, count->pairwise, cells * sizeof *outcome->pairwise);
	}
	*out = outcome;
	return R_GOOD;
}

void
count_outcome_free(struct count_outcome *outcome)
{
	if (outcome == NULL)
		return;
	free(outcome->pairwise);
	free(outcome->defeat);
	free(outcome);
}

static int
turnout_reached(const struct count_outcome *outcome)
{
	struct count_ratio q = outcome->rules.quorum_ratio;

	if (outcome->rules.quorum != COUNT_QUORUM_TURNOUT)
		return 1;
	return (unsigned __int128)outcome->valid * q.den >=
	    (unsigned __int128)outcome->eligible * q.num;
}

static void
pick_winners(struct count_outcome *outcome)
{
	unsigned i;

	for (i = 0; i < outcome->rules.options; i++) {
		struct count_option *option = &outcome->option[i];
		if (!option->leading)
			continue;
		if (outcome->winners > 0 && outcome->rules.tie == COUNT_TIE_FIRST)
			continue;
		option->winner = 1;
		outcome->winners++;
	}
}

static enum count_end
find_end(const struct count_outcome *outcome)
{
	if (outcome->winners > 0)
		return outcome->winners == 1 ? COUNT_WON : COUNT_TIED;
	if (!outcome->quorum)
		return COUNT_NO_QUORUM;
	return outcome->valid == outcome->blank ? COUNT_NO_VOTES : COUNT_NO_MAJORITY;
}

enum result
count_finish(struct count_outcome **out, const struct count *count, uint64_t eligible,
    struct why *why)
{
	uint64_t ballots = count->valid + count->invalid;
	struct count_outcome *outcome = NULL;
	enum result r;

	if (eligible > COUNT_MAX_BALLOTS)
		return why_set(why, R_BAD_INPUT, "%ju people on the roll are too many to count",
		    (uintmax_t)eligible);
	if (ballots > eligible)
		return why_set(why, R_BAD_INPUT,
		    "there are %ju ballots, but only %ju people on the roll", (uintmax_t)ballots,
		    (uintmax_t)eligible);
	r = outcome_new(&outcome, count, eligible);
	if (r != R_GOOD)
		goto out;
	outcome->quorum = (uint8_t)turnout_reached(outcome);
	if (outcome->rules.method == COUNT_CONDORCET)
		r = count_condorcet(outcome);
	else
		count_most_votes(outcome);
	if (r != R_GOOD)
		goto out;
	pick_winners(outcome);
	outcome->end = find_end(outcome);
	*out = outcome;
	outcome = NULL;
out:
	count_outcome_free(outcome);
	return r == R_GOOD ? r : why_set(why, r, "out of memory for the outcome");
}

uint64_t
count_pair(const struct count_outcome *outcome, unsigned a, unsigned b)
{
	unsigned n = outcome->rules.options;

	assert(outcome->pairwise != NULL && a >= 1 && a <= n && b >= 1 && b <= n);
	return outcome->pairwise[(size_t)(a - 1) * n + b - 1];
}
