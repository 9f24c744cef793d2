/*
 * test_count: the published results of two real elections, elections by hand, the
 * borders of every quorum and majority, rules that are refused, and printing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/count.h"
#include "ballots/sheet.h"
#include "tests/count_kit.h"
#include "tests/must.h"
#include "tests/suite.h"

typedef unsigned __int128 u128;

/* ---- the published elections ---- */

#define MAX_PUBLISHED 8

/* What the results file says. */
struct published {
	unsigned options;
	uint64_t pair[MAX_PUBLISHED][MAX_PUBLISHED];
	uint64_t over[MAX_PUBLISHED], under[MAX_PUBLISHED]; /* majority lines */
	uint64_t reached[MAX_PUBLISHED];                    /* quorum lines */
	char quorum[32];                                    /* its digits */
	int defeats[MAX_PUBLISHED][MAX_PUBLISHED];
	unsigned defeat_count;
	int schwartz[MAX_PUBLISHED], winner[MAX_PUBLISHED];
};

static FILE *
open_example(const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char path[4096];
	FILE *in;

	snprintf(path, sizeof path, "%s/ballots/examples/%s", top != NULL ? top : ".", name);
	in = fopen(path, "r");
	ck_assert_msg(in != NULL, "cannot open %s", path);
	return in;
}

/* A row of the table has no number where row and column meet. */
static void
read_row(struct published *p, unsigned row, char *numbers)
{
	char *token = strtok(numbers, " \n");
	unsigned column;

	for (column = 0; column < p->options; column++) {
		if (column == row)
			continue;
		ck_assert_ptr_nonnull(token);
		p->pair[row][column] = strtoull(token, NULL, 10);
		token = strtok(NULL, " \n");
	}
	ck_assert_ptr_null(token);
}

static void
read_published(struct published *p, const char *name)
{
	FILE *in = open_example(name);
	char line[512];
	unsigned a, b;
	unsigned long long x, y;
	int table = 0, n, *list = NULL;

	memset(p, 0, sizeof *p);
	while (fgets(line, sizeof line, in) != NULL) {
		n = 0;
		if (strstr(line, "tally[row x]") != NULL)
			table = 1;
		else if (strstr(line, "Looking at row") != NULL)
			table = 0;
		else if (strstr(line, "Schwartz Set contains") != NULL)
			list = p->schwartz;
		else if (strstr(line, "winners are") != NULL)
			list = p->winner;
		else if (sscanf(line, "Option %u \"%n", &a, &n) == 1 && n > 0)
			p->options = a;
		else if (table && sscanf(line, "Option %u %n", &a, &n) == 1 && n > 0)
			read_row(p, a - 1, line + n);
		else if (sscanf(line, "Option %u Reached quorum: %llu > %31s", &a, &x, p->quorum) ==
		    3)
			p->reached[a - 1] = x;
		else if (sscanf(line, "Option %u passes Majority. %*s (%llu/%llu) >= 1", &a, &x,
			     &y) == 3)
			p->over[a - 1] = x, p->under[a - 1] = y;
		else if (sscanf(line, " Option %u defeats Option %u by", &a, &b) == 2)
			p->defeats[a - 1][b - 1] = 1, p->defeat_count++;
		else if (list != NULL && sscanf(line, "\t Option %u", &a) == 1)
			list[a - 1] = 1;
	}
	fclose(in);
}

static void
compare_published(const struct published *p, const struct count_outcome *o)
{
	unsigned a, b, d = p->options;
	size_t i;

	ck_assert_uint_eq(o->rules.options, p->options);
	for (a = 1; a <= p->options; a++) {
		const struct count_option *option = &o->option[a - 1];
		for (b = 1; b <= p->options; b++)
			ck_assert_uint_eq(count_pair(o, a, b), p->pair[a - 1][b - 1]);
		ck_assert_int_eq(option->schwartz, p->schwartz[a - 1]);
		ck_assert_int_eq(option->winner, p->winner[a - 1]);
		ck_assert_int_eq(option->in_quorum, 1);
		ck_assert_int_eq(option->majority, 1);
		if (a == d)
			continue;
		ck_assert_uint_eq(count_pair(o, a, d), p->reached[a - 1]);
		ck_assert_uint_eq(count_pair(o, a, d), p->over[a - 1]);
		ck_assert_uint_eq(count_pair(o, d, a), p->under[a - 1]);
	}
	ck_assert_uint_eq(o->defeats, p->defeat_count);
	for (i = 0; i < o->defeats; i++)
		ck_assert_int_eq(p->defeats[o->defeat[i].winner - 1][o->defeat[i].loser - 1], 1);
}

static void
published_election(const char *ballots, const char *results, uint64_t eligible,
    size_t expected_ballots, const char *expected_quorum, const char *winner)
{
	FILE *in = open_example(ballots);
	struct published p;
	struct sheet *sheet = NULL;
	struct count_rules rules;
	struct count *count;
	struct count_outcome *outcome;
	struct choice choice;
	struct why why;
	char *text;
	size_t i;

	ck_assert_msg(sheet_read(&sheet, in, &why) == R_GOOD, "%s", why.text);
	fclose(in);
	ck_assert_uint_eq(sheet->ballots, expected_ballots);
	rules = debian_rules(sheet->options);
	count = start(&rules);
	for (i = 0; i < sheet->ballots; i++) {
		sheet_choice(&choice, sheet, i);
		must(count_add(count, &choice, 1) == R_GOOD);
	}
	outcome = finish(count, eligible);
	read_published(&p, results);
	compare_published(&p, outcome);
	ck_assert_uint_eq(outcome->valid, expected_ballots);
	ck_assert_int_eq(outcome->end, COUNT_WON);
	ck_assert_str_eq(winners(outcome), winner);

	/* the digits of the quorum are those published, as far as they are printed */
	text = printed(outcome, (const char *const *)sheet->name);
	ck_assert_int_eq(strncmp(p.quorum, expected_quorum, strlen(expected_quorum)), 0);
	ck_assert_msg(strstr(text, expected_quorum) != NULL, "%s", text);
	free(text);
	count_outcome_free(outcome);
	sheet_free(sheet);
}

START_TEST(leader_2013)
{
	published_election("leader-2013.txt", "leader-2013.results.txt", 988, 390, "47.1487", "3");
}
END_TEST

START_TEST(resolution_2014)
{
	published_election("resolution-2014.txt", "resolution-2014.results.txt", 1006, 483,
	    "47.5762", "4");
}
END_TEST

/* ---- rankings by hand ---- */

/* Schulze's own example with 45 ballots: E wins through a tangle of five. */
START_TEST(a_tangle_of_five)
{
	static const struct votes votes[] = {
		{ "1>3>2>5>4", 5 },
		{ "1>4>5>3>2", 5 },
		{ "2>5>4>1>3", 8 },
		{ "3>1>2>5>4", 3 },
		{ "3>1>5>2>4", 7 },
		{ "3>2>1>4>5", 2 },
		{ "4>3>5>2>1", 7 },
		{ "5>2>1>4>3", 8 },
		{ NULL, 0 },
	};
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 5);
	struct count_outcome *o = count_votes(&rules, votes, 45);
	unsigned i;

	for (i = 0; i < 5; i++)
		ck_assert_int_eq(o->option[i].schwartz, 1);
	ck_assert_str_eq(winners(o), "5");
	ck_assert_uint_eq(o->defeats, 10);
	ck_assert_uint_gt(o->rounds, 0);
	count_outcome_free(o);
}
END_TEST

static const struct votes circle[] = { { "1>2>3", 1 }, { "2>3>1", 1 }, { "3>1>2", 1 },
	{ NULL, 0 } };
static const struct votes uneven[] = { { "1>2>3", 4 }, { "2>3>1", 3 }, { "3>1>2", 2 },
	{ NULL, 0 } };
static const struct votes no_votes[] = { { NULL, 0 } };
static const struct votes blanks[] = { { "blank", 7 }, { NULL, 0 } };
static const struct votes equals[] = { { "1=2=3", 7 }, { NULL, 0 } };
static const struct votes single[] = { { "2", 1 }, { NULL, 0 } };

START_TEST(small_rankings)
{
	static const struct {
		const struct votes *votes;
		const char *winners;
		unsigned rounds;
	} cases[] = {
		{ circle, "1,2,3", 1 }, /* all three defeats are equally weak */
		{ uneven, "1", 1 },     /* 1 over 2 by 6, 2 over 3 by 7, 3 over 1 by 5 */
		{ no_votes, "1,2,3", 0 },
		{ blanks, "1,2,3", 0 },
		{ equals, "1,2,3", 0 },
		{ single, "2", 0 },
	};
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 3);
	struct count_outcome *o;
	unsigned i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rules.tie = COUNT_TIE_NONE;
		o = count_votes(&rules, cases[i].votes, 100);
		ck_assert_str_eq(winners(o), cases[i].winners);
		ck_assert_uint_eq(o->rounds, cases[i].rounds);
		count_outcome_free(o);
		rules.tie = COUNT_TIE_FIRST;
		o = count_votes(&rules, cases[i].votes, 100);
		ck_assert_int_eq(winners(o)[0], cases[i].winners[0]);
		ck_assert_int_eq(o->end, COUNT_WON);
		count_outcome_free(o);
	}
}
END_TEST

/* Without votes only the default option is left. */
START_TEST(the_default_wins_by_default)
{
	struct count_rules rules = debian_rules(3);
	struct count_outcome *o = count_votes(&rules, no_votes, 0);

	/* the quorum of a roll of nobody is 0, but no majority is more than nothing */
	ck_assert_int_eq(o->option[0].in_quorum, 1);
	ck_assert_int_eq(o->option[0].majority, 0);
	ck_assert_str_eq(winners(o), "3");
	count_outcome_free(o);
	o = count_votes(&rules, blanks, 100);
	ck_assert_int_eq(o->option[0].in_quorum, 0);
	ck_assert_str_eq(winners(o), "3");
	count_outcome_free(o);
}
END_TEST

START_TEST(a_dropped_option_defeats_nobody)
{
	/* 1 defeats 2 but has 3:1 to reach against 3; 2 has its simple majority */
	static const struct votes votes[] = { { "1>2>3", 6 }, { "3>2>1", 2 }, { "2>3", 1 },
		{ NULL, 0 } };
	struct count_rules rules = debian_rules(3);
	struct count_outcome *o;

	rules.quorum = COUNT_QUORUM_NONE;
	rules.quorum_ratio = (struct count_ratio){ 0, 1 };
	o = count_votes(&rules, votes, 9);
	ck_assert_str_eq(winners(o), "1");
	count_outcome_free(o);
	rules.majority_ratio[0] = (struct count_ratio){ 3, 1 };
	o = count_votes(&rules, votes, 9);
	ck_assert_uint_eq(count_pair(o, 1, 3), 6);
	ck_assert_uint_eq(count_pair(o, 3, 1), 3);
	ck_assert_int_eq(o->option[0].standing, 0);
	ck_assert_str_eq(winners(o), "2");
	count_outcome_free(o);
}
END_TEST

/* ---- borders ---- */

/* V(1,2) votes for, V(2,1) against, 2 being the default; return option 1 of it. */
static struct count_option
against_default(const struct count_rules *rules, uint64_t votes, uint64_t against,
    uint64_t eligible)
{
	const struct votes ballots[] = { { "1>2", votes }, { "2>1", against }, { NULL, 0 } };
	struct count_outcome *o = count_votes(rules, ballots, eligible);
	struct count_option option = o->option[0];

	count_outcome_free(o);
	return option;
}

START_TEST(quorum_of_a_square_root)
{
	static const struct {
		uint64_t eligible;
		uint32_t num, den;
		uint64_t least; /* the fewest votes that reach it */
	} cases[] = {
		{ 0, 3, 2, 0 },
		{ 1, 3, 2, 2 },
		{ 1024, 3, 2, 48 },
		{ 1025, 3, 2, 49 },
		{ 1023, 3, 2, 48 },
		{ 988, 3, 2, 48 },
		{ 1006, 3, 2, 48 },
		{ 10000, 1, 1, 100 },
		{ 10001, 1, 1, 101 },
		{ 10000, 0, 1, 0 },
		{ 10000, 1, 1000000, 1 },
		{ 1000000, 999999, 1000000, 1000 },
		/* 2^44 - 1 people: the root is 2^22 less a little */
		{ COUNT_MAX_BALLOTS, 1, 1, 4194304 },
		{ COUNT_MAX_BALLOTS - 8388606, 1, 1, 4194303 },
		{ COUNT_MAX_BALLOTS - 8388605, 1, 1, 4194304 },
		{ COUNT_MAX_BALLOTS, 1000000, 1, UINT64_C(4194304000000) },
		{ COUNT_MAX_BALLOTS, 1000000, 3, UINT64_C(1398101333334) },
	};
	struct count_rules rules = debian_rules(2);
	unsigned i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t v = cases[i].least, n = cases[i].eligible;
		rules.quorum_ratio = (struct count_ratio){ cases[i].num, cases[i].den };
		/* the border in other words: V * den is the least whose square is enough */
		u128 enough = (u128)cases[i].num * cases[i].num * n;
		u128 den2 = (u128)cases[i].den * cases[i].den;
		ck_assert((u128)v * v * den2 >= enough);
		ck_assert(v == 0 || (u128)(v - 1) * (v - 1) * den2 < enough);
		if (v <= n)
			ck_assert_int_eq(against_default(&rules, v, 0, n).in_quorum, 1);
		if (v > 0)
			ck_assert_int_eq(against_default(&rules, v - 1, 0, n).in_quorum, 0);
	}
	/* the largest left side there is */
	rules.quorum_ratio = (struct count_ratio){ COUNT_MAX_TERM, COUNT_MAX_TERM };
	ck_assert_int_eq(against_default(&rules, COUNT_MAX_BALLOTS, 0, COUNT_MAX_BALLOTS).in_quorum,
	    1);
}
END_TEST

START_TEST(majority_against_the_default)
{
	static const struct {
		uint32_t num, den;
		uint64_t votes, against;
		int passes;
	} cases[] = {
		{ 1, 1, 10, 10, 0 },
		{ 1, 1, 11, 10, 1 },
		{ 3, 1, 30, 10, 0 },
		{ 3, 1, 31, 10, 1 },
		{ 3, 1, 1, 0, 1 },
		{ 3, 1, 0, 0, 0 },
		{ 2, 3, 2, 3, 0 },
		{ 2, 3, 3, 4, 1 },
		{ 0, 1, 0, 5, 0 },
		{ 0, 1, 1, 5, 1 },
		{ 999999, 1000000, 999999, 1000000, 0 },
		{ 999999, 1000000, 1000000, 1000000, 1 },
		{ 1000000, 1, (UINT64_C(1) << 43), (UINT64_C(1) << 43) / 1000000, 1 },
		{ 1000000, 1, UINT64_C(1000000000000), 1000000, 0 },
		{ 1000000, 1, UINT64_C(1000000000001), 1000000, 1 },
		{ 1000000, 999999, UINT64_C(1) << 42, UINT64_C(1) << 42, 0 },
	};
	struct count_rules rules = debian_rules(2);
	unsigned i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rules.majority_ratio[0] = (struct count_ratio){ cases[i].num, cases[i].den };
		ck_assert_int_eq(against_default(&rules, cases[i].votes, cases[i].against,
				     COUNT_MAX_BALLOTS)
				     .majority,
		    cases[i].passes);
	}
}
END_TEST

START_TEST(turnout)
{
	static const struct {
		uint32_t num, den;
		uint64_t valid, invalid, eligible;
		int reached;
	} cases[] = {
		{ 1, 2, 50, 0, 100, 1 },
		{ 1, 2, 49, 0, 100, 0 },
		{ 1, 2, 49, 1, 100, 0 }, /* invalid ones do not take part */
		{ 1, 2, 50, 0, 101, 0 },
		{ 1, 2, 51, 0, 101, 1 },
		{ 1, 1, 100, 0, 100, 1 },
		{ 1, 1, 99, 1, 100, 0 },
		{ 0, 1, 0, 0, 100, 1 },
		{ 1, 3, 0, 0, 0, 1 },
		{ 2, 1, 100, 0, 100, 0 }, /* more than everybody: never */
		{ 1000000, 1000000, COUNT_MAX_BALLOTS, 0, COUNT_MAX_BALLOTS, 1 },
		{ 1000000, 999999, COUNT_MAX_BALLOTS, 0, COUNT_MAX_BALLOTS, 0 },
		{ 333333, 1000000, UINT64_C(333333) << 20, 0, UINT64_C(1000000) << 20, 1 },
		{ 333333, 1000000, (UINT64_C(333333) << 20) - 1, 0, UINT64_C(1000000) << 20, 0 },
	};
	unsigned i, m;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (m = 0; m < COUNT_METHODS; m++) {
			struct count_rules rules = count_rules_plain((enum count_method)m, 3);
			rules.quorum = COUNT_QUORUM_TURNOUT;
			rules.quorum_ratio = (struct count_ratio){ cases[i].num, cases[i].den };
			struct count *count = start(&rules);
			add(count, &rules, "2", cases[i].valid / 2);
			add(count, &rules, "blank", cases[i].valid - cases[i].valid / 2);
			must(count_add_invalid(count, cases[i].invalid) == R_GOOD);
			struct count_outcome *o = finish(count, cases[i].eligible);
			ck_assert_int_eq(o->quorum, cases[i].reached);
			ck_assert_int_eq(o->option[1].in_quorum, cases[i].reached);
			ck_assert_int_eq(o->end == COUNT_NO_QUORUM, !cases[i].reached);
			ck_assert_int_eq(o->winners > 0 && cases[i].valid > 1,
			    cases[i].reached && cases[i].valid > 1);
			count_outcome_free(o);
		}
	}
}
END_TEST

START_TEST(turnout_missed_leaves_the_default)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 3);
	struct count_outcome *o;

	rules.default_option = 3;
	rules.quorum = COUNT_QUORUM_TURNOUT;
	rules.quorum_ratio = (struct count_ratio){ 1, 2 };
	o = count_votes(&rules, uneven, 18);
	ck_assert_int_eq(o->quorum, 1);
	ck_assert_str_eq(winners(o), "1");
	count_outcome_free(o);
	o = count_votes(&rules, uneven, 19);
	ck_assert_int_eq(o->quorum, 0);
	ck_assert_int_eq(o->option[0].in_quorum, 0);
	ck_assert_int_eq(o->option[2].in_quorum, 1);
	ck_assert_str_eq(winners(o), "3");
	ck_assert_int_eq(o->end, COUNT_WON);
	count_outcome_free(o);
}
END_TEST

/* ---- plurality and approval ---- */

static const struct votes split[] = { { "1", 40 }, { "2", 40 }, { "3", 19 }, { "blank", 1 },
	{ NULL, 0 } };

START_TEST(most_votes)
{
	static const struct {
		enum count_majority majority;
		uint32_t num, den;
		enum count_tie tie;
		const struct votes *votes;
		uint64_t eligible;
		const char *winners;
		enum count_end end;
	} cases[] = {
		{ COUNT_MAJORITY_NONE, 0, 0, COUNT_TIE_NONE, split, 100, "1,2", COUNT_TIED },
		{ COUNT_MAJORITY_NONE, 0, 0, COUNT_TIE_FIRST, split, 100, "1", COUNT_WON },
		{ COUNT_MAJORITY_VALID, 2, 5, COUNT_TIE_NONE, split, 100, "", COUNT_NO_MAJORITY },
		{ COUNT_MAJORITY_VALID, 39, 100, COUNT_TIE_NONE, split, 999, "1,2", COUNT_TIED },
		{ COUNT_MAJORITY_ROLL, 1, 5, COUNT_TIE_FIRST, split, 199, "1", COUNT_WON },
		{ COUNT_MAJORITY_ROLL, 1, 5, COUNT_TIE_FIRST, split, 200, "", COUNT_NO_MAJORITY },
		{ COUNT_MAJORITY_NONE, 0, 0, COUNT_TIE_FIRST, no_votes, 5, "", COUNT_NO_VOTES },
		{ COUNT_MAJORITY_NONE, 0, 0, COUNT_TIE_NONE, blanks, 7, "", COUNT_NO_VOTES },
		{ COUNT_MAJORITY_VALID, 0, 1, COUNT_TIE_NONE, blanks, 7, "", COUNT_NO_VOTES },
		{ COUNT_MAJORITY_VALID, 0, 1, COUNT_TIE_NONE, single, 7, "2", COUNT_WON },
		{ COUNT_MAJORITY_VALID, 1, 1, COUNT_TIE_NONE, single, 7, "", COUNT_NO_MAJORITY },
	};
	unsigned i, m;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (m = COUNT_PLURALITY; m <= COUNT_APPROVAL; m++) {
			struct count_rules rules = count_rules_plain((enum count_method)m, 3);
			rules.tie = cases[i].tie;
			rules.majority = cases[i].majority;
			rules.majority_ratios = cases[i].majority != COUNT_MAJORITY_NONE;
			rules.majority_ratio[0] =
			    (struct count_ratio){ cases[i].num, cases[i].den };
			struct count_outcome *o =
			    count_votes(&rules, cases[i].votes, cases[i].eligible);
			ck_assert_str_eq(winners(o), cases[i].winners);
			ck_assert_int_eq(o->end, cases[i].end);
			ck_assert_ptr_null(o->pairwise);
			count_outcome_free(o);
		}
	}
}
END_TEST

/* ---- many ballots, many options ---- */

START_TEST(as_many_as_there_may_be)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 3);
	struct count *count = start(&rules);
	struct count_outcome *o = NULL;
	struct choice c;
	struct why why;

	must(choice_parse(&c, CHOICE_RANKING, 3, "3>1", NULL) == R_GOOD);
	must(count_add(count, &c, UINT64_C(1) << 40) == R_GOOD);
	must(count_add_invalid(count, COUNT_MAX_BALLOTS - (UINT64_C(1) << 41)) == R_GOOD);
	must(count_add(count, &c, UINT64_C(1) << 40) == R_GOOD);
	ck_assert_int_eq(count_add(count, &c, 1), R_TOO_LARGE);
	ck_assert_int_eq(count_add(count, &c, UINT64_MAX), R_TOO_LARGE);
	ck_assert_int_eq(count_add_invalid(count, 1), R_TOO_LARGE);
	ck_assert_int_eq(count_add_invalid(count, UINT64_MAX - 5), R_TOO_LARGE);
	must(count_add(count, &c, 0) == R_GOOD);

	ck_assert_int_eq(count_finish(&o, count, COUNT_MAX_BALLOTS + 1, &why), R_BAD_INPUT);
	ck_assert_int_eq(count_finish(&o, count, COUNT_MAX_BALLOTS - 1, &why), R_BAD_INPUT);
	ck_assert_ptr_nonnull(strstr(why.text, "17592186044415 ballots, but only 17592186044414"));
	ck_assert_ptr_null(o);
	o = finish(count, COUNT_MAX_BALLOTS);
	ck_assert_uint_eq(count_pair(o, 3, 1), UINT64_C(1) << 41);
	ck_assert_uint_eq(count_pair(o, 3, 2), UINT64_C(1) << 41);
	ck_assert_uint_eq(count_pair(o, 1, 3), 0);
	ck_assert_str_eq(winners(o), "3");
	count_outcome_free(o);
}
END_TEST

/* ---- rules ---- */

#define REFUSED(change, message) \
	do { \
		struct count_rules rules = good; \
		struct count *count = NULL; \
		struct why why = { .text = "" }; \
		change; \
		ck_assert_int_eq(count_rules_check(&rules, &why), R_BAD_ITEM); \
		ck_assert_msg(strstr(why.text, message) != NULL, "%s", why.text); \
		ck_assert_int_eq(count_new(&count, &rules, NULL), R_BAD_ITEM); \
		ck_assert_ptr_null(count); \
	} while (0)

START_TEST(rules_that_contradict_themselves)
{
	struct count_rules good = debian_rules(4);

	ck_assert_int_eq(count_rules_check(&good, NULL), R_GOOD);
	REFUSED(rules.method = COUNT_METHODS, "no such counting method");
	REFUSED(rules.options = 1, "1 options; there must be 2 to 250");
	REFUSED(rules.options = 251, "251 options");
	REFUSED(rules.options = 5, "4 majorities are given; there must be 5");
	REFUSED(rules.default_option = 5, "default option 5 does not exist");
	REFUSED(rules.default_option = 0, "needs a default option");
	REFUSED(rules.method = COUNT_APPROVAL, "approval knows no default option");
	REFUSED(rules.tie = COUNT_TIES, "no such rule for ties");
	REFUSED(rules.quorum = COUNT_QUORUMS, "no such quorum rule");
	REFUSED(rules.quorum = COUNT_QUORUM_NONE, "the quorum is 'none', but 3/2 is given");
	REFUSED(rules.quorum_ratio.den = 0, "the quorum 3/0");
	REFUSED(rules.quorum_ratio.den = COUNT_MAX_TERM + 1, "the quorum 3/1000001");
	REFUSED(rules.quorum_ratio.num = COUNT_MAX_TERM + 1, "the quorum 1000001/2");
	REFUSED(rules.majority = COUNT_MAJORITIES, "no such majority rule");
	REFUSED(rules.majority = COUNT_MAJORITY_NONE, "4 majorities are given; there must be 0");
	REFUSED(rules.majority = COUNT_MAJORITY_VALID, "against a default option only");
	REFUSED(rules.majority = COUNT_MAJORITY_ROLL, "against a default option only");
	REFUSED(rules.majority_ratios = 3, "3 majorities are given");
	REFUSED(rules.majority_ratio[3].den = 0, "the majority 1/0");
	REFUSED(rules.majority_ratio[0].num = COUNT_MAX_TERM + 1, "the majority 1000001/1");

	good = count_rules_plain(COUNT_CONDORCET, 2);
	REFUSED(rules.quorum_ratio.num = 1, "the quorum is 'none', but 1/1");
	REFUSED((rules.majority = COUNT_MAJORITY_DEFAULT, rules.majority_ratios = 2),
	    "there is none");
	good = count_rules_plain(COUNT_PLURALITY, 2);
	ck_assert_int_eq(count_rules_check(&good, NULL), R_GOOD);
	REFUSED(rules.quorum = COUNT_QUORUM_SQRT, "needs a default option");
	REFUSED(rules.majority = COUNT_MAJORITY_VALID, "0 majorities are given; there must be 1");
	REFUSED(rules.majority_ratios = 1, "1 majorities are given; there must be 0");
}
END_TEST

/* ---- printing ---- */

static void
assert_printed(const struct count_outcome *o, const char *const names[], const char *const lines[])
{
	char *text = printed(o, names);

	for (; *lines != NULL; lines++)
		ck_assert_msg(strstr(text, *lines) != NULL, "'%s' is not in\n%s", *lines, text);
	free(text);
}

START_TEST(printed_rankings)
{
	static const char *const names[] = { "Zoë", "a\x1b[2Jb\x7f", "c\xc2\x9bm" };
	static const char *const all[] = {
		"9 valid ballots of 100 people on the roll; 0 of them blank, and 0 invalid\n",
		"  1  Zoë\n",
		"  2  a?[2Jb?\n",
		"  3  c?m\n",
		"  1  -  6  4\n  2  3  -  7\n  3  5  2  -\n",
		"Defeats, the weakest first\n"
		"  option 3 defeats option 1: 5 to 4, by 1; dropped in round 1\n"
		"  option 1 defeats option 2: 6 to 3, by 3\n"
		"  option 2 defeats option 3: 7 to 2, by 5\n",
		"Schwartz set\n  option 1, Zoë\n"
		"  option 2, a?[2Jb? (until weaker defeats were dropped)\n",
		"\nWinner\n  option 1, Zoë\n",
		NULL,
	};
	static const char *const dropped[] = {
		"Quorum: 3/2 of the square root of 2, 2.1213, votes above option 3\n"
		"  option 1: 1, missed\n  option 2: 1, missed\n",
		"Majority against option 3\n  option 1: 1 to 0, more than 3:1 needed, passes\n",
		"Defeats, the weakest first\n  none\n",
		"\nWinner\n  option 3, c?m\n",
		NULL,
	};
	static const struct votes one[] = { { "1=2", 1 }, { NULL, 0 } };
	static const char *const turnout_line[] = {
		"\nQuorum: valid ballots from 1/2 of the roll: missed\n",
		"\nSchwartz set\n  nobody\n",
		"\nNobody wins: too few valid ballots\n",
		NULL,
	};
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 3);
	struct count_outcome *o = count_votes(&rules, uneven, 100);

	assert_printed(o, names, all);
	count_outcome_free(o);

	rules.quorum = COUNT_QUORUM_TURNOUT;
	rules.quorum_ratio = (struct count_ratio){ 1, 2 };
	o = count_votes(&rules, uneven, 100);
	assert_printed(o, names, turnout_line);
	count_outcome_free(o);

	rules = debian_rules(3);
	rules.majority_ratio[0].num = 3;
	o = count_votes(&rules, one, 2);
	assert_printed(o, names, dropped);
	count_outcome_free(o);
}
END_TEST

START_TEST(printed_votes)
{
	static const char *const names[] = { "yes", "no", "maybe" };
	static const char *const tie[] = {
		"\nVotes\n  40  option 1, yes\n  40  option 2, no\n  19  option 3, maybe\n",
		"\nA tie between\n  option 1, yes\n  option 2, no\n",
		NULL,
	};
	static const char *const first[] = {
		"\nMajority: more than 1/3 of 100 valid ballots\n"
		"  option 1: 40, passes\n  option 2: 40, passes\n  option 3: 19, fails\n",
		"\nWinner\n  option 1, yes\n  (the first of 2 that came out equal, as the rules "
		"say)\n",
		NULL,
	};
	static const char *const none[] = {
		"\nMajority: more than 1/3 of 150 people on the roll\n",
		"\nNobody wins: no option has its majority\n",
		NULL,
	};
	static const char *const nothing[] = { "\nNobody wins: no ballot names an option\n", NULL };
	struct count_rules rules = count_rules_plain(COUNT_PLURALITY, 3);
	struct count_outcome *o = count_votes(&rules, split, 100);

	assert_printed(o, names, tie);
	count_outcome_free(o);
	rules.majority = COUNT_MAJORITY_VALID;
	rules.majority_ratios = 1;
	rules.majority_ratio[0] = (struct count_ratio){ 1, 3 };
	rules.tie = COUNT_TIE_FIRST;
	o = count_votes(&rules, split, 100);
	assert_printed(o, names, first);
	count_outcome_free(o);
	rules.majority = COUNT_MAJORITY_ROLL;
	o = count_votes(&rules, split, 150);
	assert_printed(o, names, none);
	count_outcome_free(o);
	o = count_votes(&rules, blanks, 150);
	assert_printed(o, names, nothing);
	count_outcome_free(o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("count");
	TCase *tc = tcase_create("count");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, leader_2013);
	tcase_add_test(tc, resolution_2014);
	tcase_add_test(tc, a_tangle_of_five);
	tcase_add_test(tc, small_rankings);
	tcase_add_test(tc, the_default_wins_by_default);
	tcase_add_test(tc, a_dropped_option_defeats_nobody);
	tcase_add_test(tc, quorum_of_a_square_root);
	tcase_add_test(tc, majority_against_the_default);
	tcase_add_test(tc, turnout);
	tcase_add_test(tc, turnout_missed_leaves_the_default);
	tcase_add_test(tc, most_votes);
	tcase_add_test(tc, as_many_as_there_may_be);
	tcase_add_test(tc, rules_that_contradict_themselves);
	tcase_add_test(tc, printed_rankings);
	tcase_add_test(tc, printed_votes);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
