/*
 * test_count_random: thousands of small random elections against a reference that
 * follows the text of the rules literally and against Schulze's beat paths; what may
 * not change the result; tangles of 250 options.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ballots/count.h"
#include "crypto/rng.h"
#include "tests/count_kit.h"
#include "tests/must.h"
#include "tests/suite.h"

/* ---- a reference for rankings, written from the text of the rules ---- */

#define REF 8 /* options at most */

struct reference {
	unsigned n;
	uint64_t v[REF][REF];
	int in_quorum[REF], majority[REF], standing[REF], schwartz[REF], last[REF];
};

static void
ref_schwartz(int set[REF], const struct reference *r, int beats[REF][REF])
{
	int reach[REF][REF];
	unsigned i, j, k;

	memcpy(reach, beats, sizeof reach);
	for (k = 0; k < r->n; k++)
		for (i = 0; i < r->n; i++)
			for (j = 0; j < r->n; j++)
				reach[i][j] |= reach[i][k] && reach[k][j];
	for (i = 0; i < r->n; i++) {
		set[i] = r->standing[i];
		for (j = 0; j < r->n; j++)
			if (reach[j][i] && !reach[i][j])
				set[i] = 0;
	}
}

/* Is the defeat of j by i weaker than that of l by k? */
static int
ref_weaker(const struct reference *r, unsigned i, unsigned j, unsigned k, unsigned l)
{
	return r->v[i][j] < r->v[k][l] || (r->v[i][j] == r->v[k][l] && r->v[j][i] > r->v[l][k]);
}

/* Drop the weakest defeats within the set; return 0 if there are none. */
static int
ref_drop(const struct reference *r, const int set[REF], int beats[REF][REF])
{
	int weakest[REF][REF] = { { 0 } };
	unsigned i, j, k, l;
	int any = 0;

	for (i = 0; i < r->n; i++) {
		for (j = 0; j < r->n; j++) {
			if (!beats[i][j] || !set[i] || !set[j])
				continue;
			weakest[i][j] = any = 1;
			for (k = 0; k < r->n; k++)
				for (l = 0; l < r->n; l++)
					if (beats[k][l] && set[k] && set[l] &&
					    ref_weaker(r, k, l, i, j))
						weakest[i][j] = 0;
		}
	}
	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->n; j++)
			beats[i][j] = beats[i][j] && !weakest[i][j];
	return any;
}

static void
ref_condorcet(struct reference *r, const struct count_rules *rules, uint64_t valid,
    uint64_t eligible)
{
	unsigned i, j, d = rules->default_option;
	struct count_ratio q = rules->quorum_ratio;
	int beats[REF][REF] = { { 0 } };

	for (i = 0; i < r->n; i++) {
		r->in_quorum[i] = r->majority[i] = 1;
		if (i + 1 == d)
			goto stands;
		if (rules->quorum == COUNT_QUORUM_TURNOUT)
			r->in_quorum[i] = valid * q.den >= eligible * q.num;
		if (rules->quorum == COUNT_QUORUM_SQRT)
			r->in_quorum[i] = r->v[i][d - 1] * r->v[i][d - 1] * q.den * q.den >=
			    eligible * q.num * q.num;
		if (rules->majority == COUNT_MAJORITY_DEFAULT)
			r->majority[i] = r->v[i][d - 1] * rules->majority_ratio[i].den >
			    r->v[d - 1][i] * rules->majority_ratio[i].num;
stands:
		r->standing[i] = r->in_quorum[i] && r->majority[i];
	}
	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->n; j++)
			beats[i][j] = r->standing[i] && r->standing[j] && r->v[i][j] > r->v[j][i];
	ref_schwartz(r->schwartz, r, beats);
	memcpy(r->last, r->schwartz, sizeof r->last);
	while (ref_drop(r, r->last, beats))
		ref_schwartz(r->last, r, beats);
}

/* ---- Schulze: the widest paths of defeats ---- */

struct width {
	uint64_t votes, against;
};

static int
wider(struct width a, struct width b)
{
	return a.votes != b.votes ? a.votes > b.votes : a.against < b.against;
}

/* Return 1 in leading[i] if no option has a wider path to i than i to it. */
static void
schulze(int *leading, unsigned n, const struct count_outcome *o)
{
	static struct width path[CHOICE_MAX_OPTIONS][CHOICE_MAX_OPTIONS];
	unsigned i, j, k;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			uint64_t votes = count_pair(o, i + 1, j + 1);
			uint64_t against = count_pair(o, j + 1, i + 1);
			int defeat =
			    o->option[i].standing && o->option[j].standing && votes > against;
			path[i][j].votes = defeat ? votes : 0;
			path[i][j].against = defeat ? against : UINT64_MAX;
		}
	}
	for (k = 0; k < n; k++) {
		for (i = 0; i < n; i++) {
			for (j = 0; j < n; j++) {
				struct width through =
				    wider(path[i][k], path[k][j]) ? path[k][j] : path[i][k];
				if (i != j && i != k && j != k && wider(through, path[i][j]))
					path[i][j] = through;
			}
		}
	}
	for (i = 0; i < n; i++) {
		leading[i] = o->option[i].standing;
		for (j = 0; j < n; j++)
			if (j != i && wider(path[j][i], path[i][j]))
				leading[i] = 0;
	}
}

/* ---- random elections ---- */

static void
draw_ranking(struct choice *c, struct rng *rng, unsigned n)
{
	char ranks[CHOICE_MAX_OPTIONS];
	unsigned i;

	for (i = 0; i < n; i++)
		ranks[i] = "-123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rng_below(rng, n + 1)];
	must(choice_parse_ranks(c, n, ranks, n, NULL) == R_GOOD);
}

static void
draw_condorcet_rules(struct count_rules *rules, struct rng *rng)
{
	unsigned i, n = rules->options;

	rules->default_option = rng_below(rng, 2) ? 1 + rng_below(rng, n) : 0;
	rules->tie = (enum count_tie)rng_below(rng, COUNT_TIES);
	rules->quorum = (enum count_quorum)rng_below(rng, COUNT_QUORUMS);
	if (rules->quorum == COUNT_QUORUM_SQRT && rules->default_option == 0)
		rules->quorum = COUNT_QUORUM_NONE;
	if (rules->quorum != COUNT_QUORUM_NONE)
		rules->quorum_ratio =
		    (struct count_ratio){ rng_below(rng, 4), 1 + rng_below(rng, 4) };
	if (rules->default_option == 0 || rng_below(rng, 3) == 0)
		return;
	rules->majority = COUNT_MAJORITY_DEFAULT;
	rules->majority_ratios = n;
	for (i = 0; i < n; i++)
		rules->majority_ratio[i] =
		    (struct count_ratio){ rng_below(rng, 4), 1 + rng_below(rng, 3) };
}

static void
tally(struct reference *r, const struct choice *c, uint64_t times)
{
	unsigned i, j;

	for (i = 0; i < r->n; i++)
		for (j = 0; j < r->n; j++)
			if (c->bytes[i] != 0 && (c->bytes[j] == 0 || c->bytes[i] < c->bytes[j]))
				r->v[i][j] += times;
}

static void
compare_reference(const struct count_outcome *o, const struct reference *r)
{
	unsigned i, j, first = 0, count = 0;
	int leading[REF];

	schulze(leading, r->n, o);
	for (i = 0; i < r->n; i++) {
		const struct count_option *option = &o->option[i];
		for (j = 0; j < r->n; j++)
			must(count_pair(o, i + 1, j + 1) == r->v[i][j]);
		must(option->in_quorum == r->in_quorum[i]);
		must(option->majority == r->majority[i]);
		must(option->standing == r->standing[i]);
		must(option->schwartz == r->schwartz[i]);
		must(option->leading == r->last[i]);
		must(option->leading == leading[i]);
		if (option->leading && first == 0)
			first = i + 1;
		must(option->winner ==
		    (option->leading && (o->rules.tie == COUNT_TIE_NONE || first == i + 1)));
		count += option->winner;
	}
	must(o->winners == count);
	must((o->end == COUNT_WON) == (count == 1));
	must((o->end == COUNT_TIED) == (count > 1));
	must(count > 0 || (o->end == COUNT_NO_QUORUM && !o->quorum));
}

static void
random_election(struct rng *rng, unsigned *cycles)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 2 + rng_below(rng, REF - 1));
	struct reference r = { .n = rules.options };
	uint64_t valid = 0, blank = 0, invalid = rng_below(rng, 3);
	struct count *count;
	struct count_outcome *o;
	struct choice c;
	unsigned ballots = rng_below(rng, 14);

	draw_condorcet_rules(&rules, rng);
	count = start(&rules);
	must(count_add_invalid(count, invalid) == R_GOOD);
	while (ballots-- > 0) {
		uint64_t times = rng_below(rng, 4);
		draw_ranking(&c, rng, r.n);
		must(count_add(count, &c, times) == R_GOOD);
		tally(&r, &c, times);
		valid += times;
		blank += choice_is_blank(&c) ? times : 0;
	}
	uint64_t eligible = valid + invalid + rng_below(rng, 40);
	o = finish(count, eligible);
	ref_condorcet(&r, &rules, valid, eligible);
	must(o->valid == valid && o->blank == blank && o->invalid == invalid);
	compare_reference(o, &r);
	*cycles += o->rounds > 0;
	count_outcome_free(o);
}

START_TEST(random_against_the_reference)
{
	struct rng rng;
	unsigned i, cycles = 0;

	rng_seeded(&rng, (const uint8_t[32]){ 1 });
	for (i = 0; i < 120000; i++)
		random_election(&rng, &cycles);
	/* it would be no test of dropping defeats without many that are dropped */
	ck_assert_uint_gt(cycles, 3000);
}
END_TEST

/* ---- properties of rankings ---- */

#define BALLOTS 12

/* Renumber the options of a ballot: option i becomes option to[i]. */
static void
permute(struct choice *out, const struct choice *c, const unsigned *to)
{
	unsigned i;

	*out = *c;
	for (i = 0; i < c->options; i++)
		out->bytes[to[i]] = c->bytes[i];
}

START_TEST(renumbered_options)
{
	struct rng rng;
	struct choice c, p;
	unsigned round, i, j, to[REF];

	rng_seeded(&rng, (const uint8_t[32]){ 2 });
	for (round = 0; round < 5000; round++) {
		unsigned n = 2 + rng_below(&rng, REF - 1);
		struct count_rules rules = count_rules_plain(COUNT_CONDORCET, n), renumbered;
		for (i = 0; i < n; i++) {
			j = rng_below(&rng, i + 1);
			to[i] = to[j];
			to[j] = i;
		}
		draw_condorcet_rules(&rules, &rng);
		rules.tie = COUNT_TIE_NONE;
		renumbered = rules;
		if (rules.default_option > 0)
			renumbered.default_option = to[rules.default_option - 1] + 1;
		for (i = 0; i < rules.majority_ratios; i++)
			renumbered.majority_ratio[to[i]] = rules.majority_ratio[i];
		struct count *a = start(&rules), *b = start(&renumbered);
		for (i = 0; i < BALLOTS; i++) {
			draw_ranking(&c, &rng, n);
			permute(&p, &c, to);
			must(count_add(a, &c, 1) == R_GOOD && count_add(b, &p, 1) == R_GOOD);
		}
		struct count_outcome *oa = finish(a, 40), *ob = finish(b, 40);
		for (i = 0; i < n; i++)
			must(memcmp(&oa->option[i], &ob->option[to[i]], sizeof oa->option[i]) == 0);
		must(oa->end == ob->end && oa->rounds == ob->rounds);
		count_outcome_free(oa);
		count_outcome_free(ob);
	}
}
END_TEST

START_TEST(order_and_multiplicity)
{
	struct rng rng;
	struct choice c[BALLOTS];
	unsigned round, i, k;

	rng_seeded(&rng, (const uint8_t[32]){ 3 });
	for (round = 0; round < 2000; round++) {
		unsigned n = 2 + rng_below(&rng, REF - 1);
		struct count_rules rules = count_rules_plain(COUNT_CONDORCET, n);
		struct count *forward = start(&rules), *backward = start(&rules);
		for (i = 0; i < BALLOTS; i++)
			draw_ranking(&c[i], &rng, n);
		for (i = 0; i < BALLOTS; i++)
			must(count_add(forward, &c[i], i) == R_GOOD);
		for (i = BALLOTS; i-- > 0;)
			for (k = 0; k < i; k++)
				must(count_add(backward, &c[i], 1) == R_GOOD);
		struct count_outcome *of = finish(forward, 100), *ob = finish(backward, 100);
		must(memcmp(of->option, ob->option, sizeof of->option) == 0);
		must(memcmp(of->pairwise, ob->pairwise, n * n * sizeof *of->pairwise) == 0);
		must(of->defeats == ob->defeats);
		must(of->defeats == 0 ||
		    memcmp(of->defeat, ob->defeat, of->defeats * sizeof *of->defeat) == 0);
		count_outcome_free(of);
		count_outcome_free(ob);
	}
}
END_TEST

/* A sole winner stays one when somebody more votes for it alone, and when every
 * ballot is counted a million times. */
START_TEST(more_votes_for_the_winner)
{
	struct rng rng;
	struct choice c, bullet;
	unsigned round, i, tested = 0;
	char text[8];

	rng_seeded(&rng, (const uint8_t[32]){ 4 });
	for (round = 0; round < 5000; round++) {
		unsigned n = 2 + rng_below(&rng, REF - 1);
		struct count_rules rules = count_rules_plain(COUNT_CONDORCET, n);
		struct count *count = start(&rules), *many = start(&rules);
		for (i = 0; i < BALLOTS; i++) {
			draw_ranking(&c, &rng, n);
			must(count_add(count, &c, 1) == R_GOOD);
			must(count_add(many, &c, 1000000) == R_GOOD);
		}
		struct count_outcome *o = NULL, *more, *big = finish(many, COUNT_MAX_BALLOTS);
		must(count_finish(&o, count, BALLOTS, NULL) == R_GOOD);
		for (i = 0; i < n; i++)
			must(o->option[i].winner == big->option[i].winner);
		if (o->winners == 1) {
			snprintf(text, sizeof text, "%s", winners(o));
			must(choice_parse(&bullet, CHOICE_RANKING, n, text, NULL) == R_GOOD);
			must(count_add(count, &bullet, 1) == R_GOOD);
			must(count_finish(&more, count, BALLOTS + 1, NULL) == R_GOOD);
			must(strcmp(winners(more), text) == 0);
			count_outcome_free(more);
			tested++;
		}
		count_free(count);
		count_outcome_free(o);
		count_outcome_free(big);
	}
	ck_assert_uint_gt(tested, 1000);
}
END_TEST

/* ---- plurality and approval ---- */

START_TEST(random_most_votes)
{
	struct rng rng;
	unsigned round, i, k;

	rng_seeded(&rng, (const uint8_t[32]){ 5 });
	for (round = 0; round < 20000; round++) {
		enum count_method m = (enum count_method)rng_below(&rng, 2);
		unsigned n = 2 + rng_below(&rng, 20), best = 0;
		struct count_rules rules = count_rules_plain(m, n);
		uint64_t votes[CHOICE_MAX_OPTIONS] = { 0 }, valid = rng_below(&rng, 12);
		uint64_t eligible = valid + rng_below(&rng, 9);
		rules.majority = (enum count_majority)rng_below(&rng, 3);
		rules.majority_ratios = rules.majority != COUNT_MAJORITY_NONE;
		rules.majority_ratio[0] =
		    (struct count_ratio){ rng_below(&rng, 4), 1 + rng_below(&rng, 6) };
		struct count_ratio q = rules.majority_ratio[0];
		struct count *count = start(&rules);
		for (i = 0; i < valid; i++) {
			struct choice c = { .type = count_choice_type(m), .options = n };
			if (m == COUNT_PLURALITY)
				c.bytes[0] = (uint8_t)rng_below(&rng, n + 1);
			else
				for (k = 0; k < n; k++)
					c.bytes[k / 8] |= (uint8_t)(rng_below(&rng, 2) << k % 8);
			for (k = 0; k < n; k++)
				votes[k] += m == COUNT_PLURALITY ? c.bytes[0] == k + 1
								 : c.bytes[k / 8] >> k % 8 & 1u;
			must(count_add(count, &c, 1) == R_GOOD);
		}
		struct count_outcome *o = finish(count, eligible);
		uint64_t base = rules.majority == COUNT_MAJORITY_ROLL ? eligible : valid;
		int passes[CHOICE_MAX_OPTIONS];
		for (k = 0; k < n; k++) {
			passes[k] = rules.majority == COUNT_MAJORITY_NONE ||
			    votes[k] * q.den > base * q.num;
			if (passes[k] && votes[k] > best)
				best = (unsigned)votes[k];
		}
		for (k = 0; k < n; k++) {
			must(o->option[k].named == votes[k]);
			must(o->option[k].majority == passes[k]);
			must(o->option[k].winner == (passes[k] && best > 0 && votes[k] == best));
		}
		count_outcome_free(o);
	}
}
END_TEST

/* ---- many options ---- */

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Finish, within a second of processor time (sanitizers and slow machines get ten),
 * and compare with Schulze's winners. */
static void
finish_tangle(struct count *count, unsigned least_rounds)
{
	static int leading[CHOICE_MAX_OPTIONS];
	double before = seconds(), took;
	struct count_outcome *o = finish(count, COUNT_MAX_BALLOTS);
	unsigned i;

	took = seconds() - before;
	ck_assert_msg(took < 10, "250 options took %f s", took);
	ck_assert_uint_ge(o->rounds, least_rounds);
	schulze(leading, 250, o);
	for (i = 0; i < 250; i++)
		must(o->option[i].leading == leading[i]);
	ck_assert_uint_gt(o->winners, 0);
	count_outcome_free(o);
}

START_TEST(random_tangle_of_250)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 250);
	struct count *count = start(&rules);
	struct choice c = { .type = CHOICE_RANKING, .options = 250 };
	struct rng rng;
	unsigned i, k;

	rng_seeded(&rng, (const uint8_t[32]){ 6 });
	for (k = 0; k < 100; k++) {
		for (i = 0; i < 250; i++) {
			unsigned j = rng_below(&rng, i + 1);
			c.bytes[i] = c.bytes[j];
			c.bytes[j] = (uint8_t)(i + 1);
		}
		must(count_add(count, &c, 1 + rng_below(&rng, 1u << 30)) == R_GOOD);
	}
	finish_tangle(count, 100);
}
END_TEST

/* Ballots 1>2>..>250, 2>3>..>250>1 and so on around: the long ways round the circle
 * fall one by one, and all options stay tied together until nearly the end. */
START_TEST(circle_of_250)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, 250);
	struct count *count = start(&rules);
	struct choice c = { .type = CHOICE_RANKING, .options = 250 };
	struct rng rng;
	unsigned i, k;

	rng_seeded(&rng, (const uint8_t[32]){ 7 });
	for (k = 0; k < 250; k++) {
		for (i = 0; i < 250; i++)
			c.bytes[(k + i) % 250] = (uint8_t)(i + 1);
		must(count_add(count, &c, (1u << 30) + rng_below(&rng, 1u << 20)) == R_GOOD);
	}
	finish_tangle(count, 10000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("count_random");
	TCase *tc = tcase_create("count_random");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, random_against_the_reference);
	tcase_add_test(tc, renumbered_options);
	tcase_add_test(tc, order_and_multiplicity);
	tcase_add_test(tc, more_votes_for_the_winner);
	tcase_add_test(tc, random_most_votes);
	tcase_add_test(tc, random_tangle_of_250);
	tcase_add_test(tc, circle_of_250);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
