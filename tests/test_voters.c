/*
 * test_voters: voters' records verified together and one by one: the same verdicts and the same
 * words, whatever is wrong, wherever it stands, however many there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/rules_parts.h"
#include "tests/bottle.h"
#include "tests/must.h"
#include "tests/proof_kit.h"
#include "tests/suite.h"

#define MOST 100 /* records in a batch */
#define ITEMS 3

/* ---- records ---- */

/* An election that is open for voting on three items. */
static struct bottle *
election(const char *group, unsigned voters, uint8_t seed)
{
	const struct bottle_plan plan = { .group = group, .voters = voters, .seed = seed };
	struct bottle *b = bottle_new(&plan);
	uint64_t i;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_item(b, COUNT_CONDORCET, 40); /* two ciphertexts */
	bottle_item(b, COUNT_APPROVAL, 4);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	for (i = 1; i <= ITEMS; i++)
		bottle_open_item(b, i);
	return b;
}

/* What the i-th record is: a ballot on one, two or three items, or a challenge. */
static void
write_record(struct bottle *b, struct buffer *out, unsigned i)
{
	static const struct bottle_answer all[] = { { 1, "2" }, { 2, "1" }, { 3, "1" } };
	static const struct digest tracker = { "a ballot" };

	switch (i % 5) {
	case 0: bottle_ballot(b, out, i, all, 1); break;
	case 1: bottle_ballot(b, out, i, all, 3); break;
	case 2: bottle_ballot(b, out, i, all + 1, 1); break;
	case 3: bottle_challenged(b, out, i, &tracker); break;
	default: bottle_ballot(b, out, i, all + 1, 2);
	}
}

static struct check *
prepare(struct bottle *b, struct slice record)
{
	struct frozen *frozen = rules_frozen(b->rules);
	struct record *parsed;
	struct check *check;

	bottle_must(b, record_parse(&parsed, NULL, record, &b->why), "record");
	bottle_must(b, rules_prepare(&check, frozen, parsed, &b->why), "check");
	frozen_unref(frozen);
	return check;
}

/* Records and their checks, made anew for every way to spoil them. */
struct series {
	struct bottle *b;
	struct buffer record[MOST];
	struct check *check[MOST];
	size_t n;
};

static void
series_make(struct series *s, struct bottle *b, size_t n)
{
	size_t i;

	*s = (struct series){ .b = b, .n = n };
	for (i = 0; i < n; i++)
		write_record(b, &s->record[i], (unsigned)i);
}

static void
series_parse(struct series *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		check_free(s->check[i]);
		s->check[i] = prepare(s->b, buffer_slice(&s->record[i]));
	}
}

static void
series_free(struct series *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		check_free(s->check[i]);
		buffer_free(&s->record[i]);
	}
	bottle_free(s->b);
}

/* ---- spoiling what was parsed ---- */

enum spoilt {
	SPOILT_NOT,
	A_OUT_OF_RANGE,
	B_NOT_IN_GROUP,
	B_OUT_OF_RANGE,
	A_IDENTITY,
	A_OTHER,
	WIDTH,
	KEY_OUT_OF_RANGE,
	BODY,
	PROOF_LONG,
	PROOF_SHORT,
	PROOF_NONE,
	T_OUT_OF_RANGE,
	T_IDENTITY,
	T_OTHER,
	S_OUT_OF_RANGE,
	S_OTHER,
	LAST_S_OTHER,
	SPOILT_WAYS
};

static uint8_t *
writable(struct slice s)
{
	return (uint8_t *)(uintptr_t)s.p;
}

/* Make the bytes a number in range that is no element. */
static void
leave_group(const struct group *g, uint8_t *bytes)
{
	struct gvec *v;

	good(gvec_new(&v, g, 1));
	do
		bytes[group_element_bytes(g) / 2]++;
	while (gvec_decode(v, bytes, group_element_bytes(g), DECODE_ANY, NULL, NULL) !=
	    R_NOT_IN_GROUP);
	gvec_free(v);
}

/* Spoil a record in one way; a challenge has no ciphertexts, and then its proof is spoilt. */
static void
spoil(struct check *c, enum spoilt way)
{
	const struct group *g = frozen_definition(c->frozen)->group;
	const size_t element = group_element_bytes(g), scalar = group_scalar_bytes(g);
	struct record *r = (struct record *)(uintptr_t)c->record;
	const size_t proofs = r->proof.n / (element + scalar);
	uint8_t *T = writable(r->proof), *s = T + proofs * element, *a = T, *b = T;

	if (r->type == RECORD_BALLOT) {
		a = writable(r->of.ballot.answers[r->of.ballot.answer_count - 1].cts);
		b = a + element;
	} else if (way == WIDTH)
		way = PROOF_SHORT;
	switch (way) {
	case A_OUT_OF_RANGE: memset(a, 0xff, element); break;
	case B_NOT_IN_GROUP: leave_group(g, b); break;
	case B_OUT_OF_RANGE: memset(b, 0xff, element); break;
	case A_IDENTITY: kit_identity(g, a); break;
	case A_OTHER: kit_next_element(g, a); break;
	case WIDTH: r->of.ballot.answers[0].cts.n -= element; break;
	case KEY_OUT_OF_RANGE: memset(writable(r->by), 0xff, element); break;
	case BODY: writable(r->body)[r->body.n / 2] ^= 1; break;
	case PROOF_LONG: r->proof.n += element + scalar; break;
	case PROOF_SHORT: r->proof.n--; break;
	case PROOF_NONE: r->proof.n = 0; break;
	case T_OUT_OF_RANGE: memset(T, 0xff, element); break;
	case T_IDENTITY: kit_identity(g, T); break;
	case T_OTHER: kit_next_element(g, T); break;
	case S_OUT_OF_RANGE: kit_add_order(g, s); break;
	case S_OTHER: kit_next_scalar(g, s); break;
	case LAST_S_OTHER: kit_next_scalar(g, s + (proofs - 1) * scalar); break;
	case SPOILT_NOT:
	case SPOILT_WAYS: break;
	}
}

/* ---- comparing ---- */

/* Verify each by itself, and n together; returns how many are bad. */
static size_t
agree(struct check **checks, size_t n)
{
	const struct source none = { 0 };
	enum result *verdicts = calloc(n + 1, sizeof *verdicts);
	struct why *whys = calloc(n + 1, sizeof *whys);
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		checks[i]->verdict = R_GOOD;
		checks[i]->why = (struct why){ .reason = R_GOOD };
		checks_run_voter(checks[i]);
		verdicts[i] = checks[i]->verdict;
		whys[i] = checks[i]->why;
		bad += verdicts[i] != R_GOOD;
	}
	checks_run(checks, n, &none, NULL);
	for (i = 0; i < n; i++) {
		ck_assert_msg(checks[i]->verdict == verdicts[i], "%zu of %zu: %s, not %s", i, n,
		    result_name(checks[i]->verdict), result_name(verdicts[i]));
		must(checks[i]->why.reason == whys[i].reason);
		must(strcmp(checks[i]->why.text, whys[i].text) == 0);
	}
	free(verdicts);
	free(whys);
	return bad;
}

/* What each way to spoil a ballot is called. */
START_TEST(every_way_has_its_reason)
{
	static const enum result reasons[SPOILT_WAYS] = { [A_OUT_OF_RANGE] = R_NON_CANONICAL,
		[B_NOT_IN_GROUP] = R_NOT_IN_GROUP,
		[B_OUT_OF_RANGE] = R_NON_CANONICAL,
		[A_IDENTITY] = R_BAD_ELEMENT,
		[A_OTHER] = R_BAD_PROOF,
		[WIDTH] = R_BAD_WIDTH,
		[KEY_OUT_OF_RANGE] = R_NON_CANONICAL,
		[BODY] = R_BAD_PROOF,
		[PROOF_LONG] = R_BAD_ENCODING,
		[PROOF_SHORT] = R_BAD_ENCODING,
		[PROOF_NONE] = R_BAD_ENCODING,
		[T_OUT_OF_RANGE] = R_NON_CANONICAL,
		[T_IDENTITY] = R_BAD_ELEMENT,
		[T_OTHER] = R_BAD_PROOF,
		[S_OUT_OF_RANGE] = R_NON_CANONICAL,
		[S_OTHER] = R_BAD_PROOF,
		[LAST_S_OTHER] = R_BAD_PROOF };
	struct series s;
	unsigned way;

	series_make(&s, election(_i == 0 ? "ristretto255" : "modp2048", 3, 1), 3);
	for (way = 0; way < SPOILT_WAYS; way++) {
		if (strcmp(s.b->plan.group, "ristretto255") != 0 && way == B_NOT_IN_GROUP)
			continue; /* one byte more, and it may be one again */
		series_parse(&s);
		spoil(s.check[0], (enum spoilt)way);
		ck_assert_uint_eq(agree(s.check, 3), way == SPOILT_NOT ? 0 : 1);
		ck_result(s.check[0]->verdict, reasons[way]);
		ck_result(s.check[1]->verdict, R_GOOD);
	}
	series_free(&s);
}
END_TEST

/* One spoilt record in every way at every place of small batches, and in several at once. */
START_TEST(small_batches)
{
	struct series s;
	unsigned way, other;
	size_t n, at;

	series_make(&s, election("ristretto255", 5, 2), 5);
	ck_assert_uint_eq(agree(s.check, 0), 0);
	for (n = 1; n <= s.n; n += n == 3 ? 2 : 1)
		for (way = 0; way < SPOILT_WAYS; way++)
			for (at = 0; at < n; at++) {
				series_parse(&s);
				spoil(s.check[at], (enum spoilt)way);
				ck_assert_uint_eq(agree(s.check, n), way != SPOILT_NOT);
				if (n == 1)
					continue;
				/* And a neighbour. */
				other = (way * 7 + (unsigned)at) % SPOILT_WAYS;
				spoil(s.check[(at + 1) % n], (enum spoilt)other);
				(void)agree(s.check, n);
			}
	series_free(&s);
}
END_TEST

/* None, one, several and all of many. */
START_TEST(large_batches)
{
	static const size_t sizes[] = { 64, MOST };
	struct series s;
	struct rng rng;
	uint32_t way, each;
	size_t k, i, bad;
	static const uint8_t seed[32] = "test_voters";

	rng_seeded(&rng, seed);
	series_make(&s, election("ristretto255", MOST, 3), MOST);
	for (k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		const size_t n = sizes[k];

		series_parse(&s);
		ck_assert_uint_eq(agree(s.check, n), 0);
		for (i = 0; i < 4; i++) {
			series_parse(&s);
			way = 1 + rng_below(&rng, SPOILT_WAYS - 1);
			spoil(s.check[i == 0   ? 0
				      : i == 1 ? n - 1
					       : rng_below(&rng, (uint32_t)n)],
			    (enum spoilt)way);
			ck_assert_uint_eq(agree(s.check, n), 1);
		}
		/* One in twenty, one in three, all. */
		for (each = 20; each > 0; each = each == 20 ? 3 : each == 3 ? 1 : 0) {
			series_parse(&s);
			for (i = bad = 0; i < n; i++)
				if (rng_below(&rng, each) == 0) {
					way = 1 + rng_below(&rng, SPOILT_WAYS - 1);
					spoil(s.check[i], (enum spoilt)way);
					bad++;
				}
			ck_assert_uint_eq(agree(s.check, n), bad);
		}
		/* All with proofs that decode and do not hold. */
		series_parse(&s);
		for (i = 0; i < n; i++)
			spoil(s.check[i], i % 2 == 0 ? S_OTHER : T_OTHER);
		ck_assert_uint_eq(agree(s.check, n), n);
	}
	series_free(&s);
}
END_TEST

/* Errors that would cancel if equations were simply multiplied: s + 1 here, s - 1 there; of two
 * ballots, and of two equations of one. The same with T and its neighbour's. */
START_TEST(errors_do_not_cancel)
{
	struct series s;
	struct svec *v, *one;
	struct gvec *T, *g_;
	const struct group *g;
	size_t element, scalar;
	uint8_t *p, *q;

	series_make(&s, election(_i == 0 ? "ristretto255" : "modp2048", 5, 4), 5);
	g = s.b->group;
	element = group_element_bytes(g);
	scalar = group_scalar_bytes(g);
	one = kit_scalar(g, 1);
	g_ = kit_powers(one);
	good(svec_new(&v, g, 1));
	good(gvec_new(&T, g, 1));

	series_parse(&s);
	p = writable(s.check[0]->record->proof) + 2 * element;
	q = writable(s.check[3]->record->proof) + element;
	kit_next_scalar(g, p);
	good(svec_decode(v, q, scalar, NULL));
	svec_sub(v, v, one);
	svec_encode(q, scalar, v);
	ck_assert_uint_eq(agree(s.check, 5), 2);

	series_parse(&s);
	p = writable(s.check[0]->record->proof) + 2 * element;
	q = p + scalar;
	kit_next_scalar(g, p);
	good(svec_decode(v, q, scalar, NULL));
	svec_sub(v, v, one);
	svec_encode(q, scalar, v);
	ck_assert_uint_eq(agree(s.check, 5), 1);

	/* T times g needs s + 1, but T is in the challenge: the batch has two that fail. */
	series_parse(&s);
	p = writable(s.check[0]->record->proof);
	q = writable(s.check[3]->record->proof);
	kit_next_element(g, p);
	good(gvec_decode(T, q, element, DECODE_ANY, NULL, NULL));
	gvec_div(T, T, g_);
	good(gvec_encode(q, element, T, NULL));
	ck_assert_uint_eq(agree(s.check, 5), 2);

	/* Two ballots have exchanged their proofs. */
	series_parse(&s);
	{
		struct record *x = (struct record *)(uintptr_t)s.check[0]->record;
		struct record *y = (struct record *)(uintptr_t)s.check[2]->record;
		struct slice proof = x->proof;

		x->proof = y->proof;
		y->proof = proof;
	}
	ck_assert_uint_eq(agree(s.check, 5), 2);

	svec_free(v);
	svec_free(one);
	gvec_free(T);
	gvec_free(g_);
	series_free(&s);
}
END_TEST

/* The same record several times over, good and bad. */
START_TEST(duplicates)
{
	enum { COPIES = 4 };
	struct series s;
	struct check *checks[2 * COPIES];
	size_t i;

	series_make(&s, election("ristretto255", 2, 5), 2);
	for (i = 0; i < 2 * COPIES; i++) {
		checks[i] = prepare(s.b, buffer_slice(&s.record[i % 2]));
		if (i >= COPIES && i % 2 == 0)
			spoil(checks[i], S_OTHER);
	}
	ck_assert_uint_eq(agree(checks, COPIES), 0);
	ck_assert_uint_eq(agree(checks, 2 * COPIES), COPIES / 2);
	for (i = 0; i < 2 * COPIES; i++)
		check_free(checks[i]);
	series_free(&s);
}
END_TEST

/* Records of several elections, of one group and of two, in one batch. */
START_TEST(several_elections)
{
	enum { EACH = 5, ALL = 3 * EACH };
	struct series s[3];
	struct check *checks[ALL];
	unsigned round;
	size_t i;

	series_make(&s[0], election("ristretto255", EACH, 6), EACH);
	series_make(&s[1], election("modp2048", EACH, 7), EACH);
	series_make(&s[2], election("ristretto255", EACH, 8), EACH);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 3; i++)
			series_parse(&s[i]);
		for (i = 0; i < ALL; i++)
			checks[i] = s[i % 3].check[i / 3];
		if (round > 0)
			spoil(checks[round], S_OTHER);
		if (round > 1)
			spoil(checks[ALL - round], T_OUT_OF_RANGE);
		ck_assert_uint_eq(agree(checks, ALL), round == 0 ? 0 : round == 1 ? 1 : 2);
	}
	for (i = 0; i < 3; i++)
		series_free(&s[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("voters");
	TCase *tc = tcase_create("voters");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, every_way_has_its_reason, 0, 2);
	tcase_add_test(tc, small_batches);
	tcase_add_test(tc, large_batches);
	tcase_add_loop_test(tc, errors_do_not_cancel, 0, 2);
	tcase_add_test(tc, duplicates);
	tcase_add_test(tc, several_elections);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
