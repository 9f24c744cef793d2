/* test_rules_vote: voters' records: every refusal, batches, audits; closing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/schnorr.h"
#include "tests/expect.h"
#include "tests/suite.h"

static const struct bottle_plan plan = { .voters = 4, .late_items = 1 };

/* Three items: 1 and 2 open, 3 new. Item 1 is a ranking of 31 options: two ciphertexts. */
static struct bottle *
start(void)
{
	struct bottle *b = bottle_new(&plan);

	bottle_definition(b);
	bottle_item(b, COUNT_CONDORCET, 31);
	bottle_item(b, COUNT_APPROVAL, 3);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_open_item(b, 2);
	return b;
}

static const struct bottle_answer both[] = { { 1, "1>2=3" }, { 2, "1,3" } };

/* A ballot of voter 0 on items 1 and 2, taken apart; `record` owns it. */
static struct record *
good_ballot(struct bottle *b)
{
	struct buffer bytes = { 0 };
	struct record *record;

	bottle_ballot(b, &bytes, 0, both, 2);
	ck_assert_int_eq(record_parse(&record, NULL, buffer_slice(&bytes), NULL), R_GOOD);
	buffer_free(&bytes);
	return record;
}

/* The verdict on a voter's record made of these fields, with the proof of another: good enough for
 * what is judged before the proof. */
static void
expect_fields(struct bottle *b, enum record_type type, const union record_body *fields,
    struct slice by, struct slice proof, enum result reason, int line)
{
	struct buffer body = { 0 }, record = { 0 };
	enum result have;

	ck_assert_int_eq(record_write_body(&body, type, fields, NULL), R_GOOD);
	ck_assert_int_eq(record_write_voter(&record, buffer_slice(&body), by, proof, NULL), R_GOOD);
	have = bottle_try(b, buffer_slice(&record));
	ck_assert_msg(have == reason, "line %d: %s (%s), not %s", line, result_name(have),
	    b->why.text, result_name(reason));
	buffer_free(&body);
	buffer_free(&record);
}
#define EXPECT_FIELDS(reason) expect_fields(b, RECORD_BALLOT, &f, r->by, r->proof, reason, __LINE__)

/* A copy that may be changed. */
static uint8_t *
copy(struct bottle *b, struct slice *bytes)
{
	uint8_t *p = arena_alloc(&b->arena, bytes->n + 1);

	memcpy(p, bytes->p, bytes->n);
	bytes->p = p;
	return p;
}

START_TEST(ballots)
{
	struct bottle *b = start();
	struct record *r = good_ballot(b);
	union record_body f = r->of;
	struct body_answer answers[3];
	struct slice by = r->by;

	memcpy(answers, f.ballot.answers, 2 * sizeof *answers);
	f.ballot.answers = answers;
	EXPECT_FIELDS(R_GOOD);
	/* (2), (3) */
	f.ballot.election.b[0] ^= 1;
	EXPECT_FIELDS(R_WRONG_ELECTION);
	f.ballot.election.b[0] ^= 1;
	f.ballot.line = 4;
	EXPECT_FIELDS(R_NOT_ON_ROLL);
	f.ballot.line = (UINT64_C(1) << 53) - 1;
	EXPECT_FIELDS(R_NOT_ON_ROLL);
	f.ballot.line = b->voters[1].line;
	EXPECT_FIELDS(R_NOT_ON_ROLL);
	f.ballot.line = b->voters[0].line;
	copy(b, &by)[0] ^= 1;
	expect_fields(b, RECORD_BALLOT, &f, by, r->proof, R_NOT_ON_ROLL, __LINE__);
	expect_fields(b, RECORD_BALLOT, &f, (struct slice){ r->by.p, 31 }, r->proof, R_NOT_ON_ROLL,
	    __LINE__);
	/* (4) */
	f.ballot.open.b[0] ^= 1;
	EXPECT_FIELDS(R_WRONG_ELECTION);
	f.ballot.open.b[0] ^= 1;
	answers[0].hash.b[0] ^= 1;
	EXPECT_FIELDS(R_WRONG_ELECTION);
	answers[0].hash.b[0] ^= 1;
	answers[1].id = 4;
	EXPECT_FIELDS(R_UNKNOWN_ITEM);
	answers[1].id = 3;
	EXPECT_FIELDS(R_WRONG_ELECTION);
	{
		struct item_status s;

		ck_assert_int_eq(frozen_item(rules_now(b->rules), 3, &s), R_GOOD);
		answers[1].hash = *s.hash;
	}
	EXPECT_FIELDS(R_CLOSED);
	answers[1] = r->of.ballot.answers[1];
	/* (5) */
	f.ballot.prev.b[0] ^= 1;
	EXPECT_FIELDS(R_BAD_PREV);
	f.ballot.prev.b[0] ^= 1;
	/* (7) widths first, then encodings in their order */
	answers[1].cts.n = 0;
	EXPECT_FIELDS(R_BAD_WIDTH);
	answers[1].cts.n = 2 * 32 - 1;
	EXPECT_FIELDS(R_BAD_WIDTH);
	answers[1].cts = (struct slice){ answers[0].cts.p, 4 * 32 };
	EXPECT_FIELDS(R_BAD_WIDTH);
	answers[1] = r->of.ballot.answers[1];
	memset(copy(b, &answers[0].cts), 0xff, 32);
	EXPECT_FIELDS(R_NON_CANONICAL);
	memset(copy(b, &answers[1].cts) + 32, 0, 32);
	EXPECT_FIELDS(R_NON_CANONICAL);
	answers[0] = r->of.ballot.answers[0];
	EXPECT_FIELDS(R_BAD_ELEMENT);
	answers[1].cts.n--;
	EXPECT_FIELDS(R_BAD_WIDTH);
	answers[1] = r->of.ballot.answers[1];
	memset(copy(b, &answers[0].cts) + 3 * 32, 0, 32);
	EXPECT_FIELDS(R_BAD_ELEMENT);
	answers[0] = r->of.ballot.answers[0];
	/* (9) ciphertexts moved, doubled, another voter's, raised to a power */
	{
		uint8_t *p = copy(b, &answers[0].cts);

		memcpy(p, r->of.ballot.answers[0].cts.p + 64, 64);
		memcpy(p + 64, r->of.ballot.answers[0].cts.p, 64);
		EXPECT_FIELDS(R_BAD_PROOF);
		memcpy(p, p + 64, 64);
		EXPECT_FIELDS(R_BAD_PROOF);
	}
	answers[0] = r->of.ballot.answers[0];
	f.ballot.answer_count = 1;
	EXPECT_FIELDS(R_BAD_ENCODING); /* the proof is for more elements */
	record_free(r);
	bottle_free(b);
}
END_TEST

START_TEST(proofs)
{
	struct bottle *b = start();
	struct record *r = good_ballot(b), *other;
	union record_body f = r->of;
	struct slice proof = r->proof;
	uint8_t *p = copy(b, &proof);
	struct buffer bytes = { 0 };
	size_t i;

	/* X and three a: four commitments, four responses */
	ck_assert_uint_eq(proof.n, 8 * 32);
	for (i = 0; i < proof.n; i += 8) {
		proof.n = i;
		expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_ENCODING, __LINE__);
	}
	proof.n = r->proof.n + 1;
	expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_ENCODING, __LINE__);
	proof.n = r->proof.n;
	for (i = 0; i < 4; i++) {
		memset(p + 32 * i, 0, 32);
		expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_ELEMENT, __LINE__);
		memcpy(p + 32 * i, r->by.p, 32);
		expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_PROOF, __LINE__);
		memcpy(p + 32 * i, r->proof.p + 32 * i, 32);
		p[32 * (4 + i)] ^= 1;
		expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_PROOF, __LINE__);
		p[32 * (4 + i) + 31] |= 0xf0;
		expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_NON_CANONICAL, __LINE__);
		memcpy(p, r->proof.p, r->proof.n);
	}
	expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_GOOD, __LINE__);
	/* The ciphertexts of one voter under the key of another, with the proof: a copy. */
	f.ballot.line = b->voters[1].line;
	expect_fields(b, RECORD_BALLOT, &f, (struct slice){ b->voters[1].X, 32 }, proof,
	    R_BAD_PROOF, __LINE__);
	/* Another proof of the same voter for another body. */
	bottle_ballot(b, &bytes, 0, both, 2);
	ck_assert_int_eq(record_parse(&other, NULL, buffer_slice(&bytes), NULL), R_GOOD);
	expect_fields(b, RECORD_BALLOT, &r->of, r->by, other->proof, R_BAD_PROOF, __LINE__);
	record_free(other);
	record_free(r);
	buffer_free(&bytes);
	bottle_free(b);
}
END_TEST

/* A voter's chain: each record once, in its place; the last ballot on each item counts. */
START_TEST(chains)
{
	struct bottle *b = start();
	const uint64_t line = b->voters[0].line;
	const struct bottle_answer one = { 1, "2" }, two = { 2, "2" };
	struct buffer first = { 0 }, second = { 0 };
	struct last_ballot last;
	struct digest prev;
	uint64_t at;

	ck_assert_int_eq(rules_last_ballot(b->rules, line, 1, &last), R_NOT_FOUND);
	bottle_ballot(b, &first, 0, both, 2);
	bottle_ballot(b, &second, 0, &one, 1); /* both on the same predecessor */
	at = rules_size(b->rules);
	ck_assert_int_eq(bottle_append(b, buffer_slice(&first)), R_GOOD);
	EXPECT(b, buffer_slice(&first), R_BAD_PREV);
	EXPECT(b, buffer_slice(&second), R_BAD_PREV);
	ck_assert_str_eq(b->why.check, "V123");
	buffer_clear(&second);
	bottle_ballot(b, &second, 0, &two, 1);
	ck_assert_int_eq(bottle_append(b, buffer_slice(&second)), R_GOOD);
	ck_assert_int_eq(rules_last_ballot(b->rules, line, 1, &last), R_GOOD);
	ck_assert_uint_eq(last.seq, at);
	ck_assert_int_eq(rules_last_ballot(b->rules, line, 2, &last), R_GOOD);
	ck_assert_uint_eq(last.seq, at + 1);
	ck_assert_int_eq(rules_last_ballot(b->rules, line, 3, &last), R_NOT_FOUND);
	ck_assert_int_eq(rules_last_ballot(b->rules, line, 4, &last), R_NOT_FOUND);
	ck_assert_int_eq(rules_last_ballot(b->rules, 4, 1, &last), R_NOT_FOUND);
	ck_assert_int_eq(rules_line_prev(b->rules, line, &prev), R_GOOD);
	sha256(&last.tracker, second.p, second.n);
	ck_assert(digest_equal(&prev, &last.tracker));
	ck_assert_int_eq(rules_line_prev(b->rules, 4, &prev), R_NOT_ON_ROLL);
	ck_assert(digest_is_zero(&prev));
	buffer_free(&first);
	buffer_free(&second);
	bottle_free(b);
}
END_TEST

START_TEST(challenges)
{
	struct bottle *b = start();
	struct ballot_draft *draft;
	struct buffer ballot = { 0 }, challenge = { 0 };
	struct digest tracker, prev;
	struct ballot_place place;
	struct record *r;
	union record_body f;

	/* audited, then cast by somebody who kept a copy: uncastable, even chained anew */
	draft = bottle_draft(b, 0, both, 2);
	tracker = *ballot_draft_tracker(draft);
	ck_assert_int_eq(ballot_draft_cast(&ballot, draft, b->voters[0].x, &b->rng, NULL), R_GOOD);
	/* Once cast it is never disclosed. */
	ck_assert_uint_eq(ballot_draft_audit(draft).n, 0);
	bottle_challenged(b, &challenge, 1, &tracker); /* by another line: no effect */
	ck_assert_int_eq(bottle_append(b, buffer_slice(&challenge)), R_GOOD);
	EXPECT(b, buffer_slice(&ballot), R_GOOD);
	buffer_clear(&challenge);
	bottle_challenged(b, &challenge, 0, &tracker);
	ck_assert_int_eq(bottle_append(b, buffer_slice(&challenge)), R_GOOD);
	EXPECT(b, buffer_slice(&ballot), R_CHALLENGED); /* before BAD_PREV */
	ck_assert_str_eq(b->why.check, "V124");
	ballot_draft_free(draft);

	/* the fields of a challenge */
	buffer_clear(&challenge);
	tracker.b[0] ^= 1;
	bottle_challenged(b, &challenge, 0, &tracker);
	ck_assert_int_eq(record_parse(&r, NULL, buffer_slice(&challenge), NULL), R_GOOD);
	f = r->of;
	expect_fields(b, RECORD_CHALLENGED, &f, r->by, r->proof, R_GOOD, __LINE__);
	f.challenged.open.b[0] ^= 1;
	expect_fields(b, RECORD_CHALLENGED, &f, r->by, r->proof, R_WRONG_ELECTION, __LINE__);
	f = r->of;
	f.challenged.tracker.b[0] ^= 1;
	expect_fields(b, RECORD_CHALLENGED, &f, r->by, r->proof, R_BAD_PROOF, __LINE__);
	expect_fields(b, RECORD_CHALLENGED, &r->of, r->by, (struct slice){ r->proof.p, 63 },
	    R_BAD_ENCODING, __LINE__);
	f = r->of;
	f.challenged.prev.b[0] ^= 1;
	expect_fields(b, RECORD_CHALLENGED, &f, r->by, r->proof, R_BAD_PREV, __LINE__);
	f = r->of;
	f.challenged.line = b->voters[1].line;
	expect_fields(b, RECORD_CHALLENGED, &f, r->by, r->proof, R_NOT_ON_ROLL, __LINE__);
	record_free(r);

	/* what was cast cannot be challenged any more */
	buffer_clear(&ballot);
	bottle_ballot(b, &ballot, 0, both, 2);
	ck_assert_int_eq(bottle_append(b, buffer_slice(&ballot)), R_GOOD);
	ck_assert_int_eq(record_parse(&r, NULL, buffer_slice(&ballot), NULL), R_GOOD);
	place = bottle_place(b, 0, &prev);
	buffer_clear(&challenge);
	ck_assert_int_eq(ballot_challenge(&challenge, &place, &r->tracker, b->voters[0].x, &b->rng,
			     NULL),
	    R_GOOD);
	EXPECT(b, buffer_slice(&challenge), R_STATE);
	record_free(r);
	buffer_free(&ballot);
	buffer_free(&challenge);
	bottle_free(b);
}
END_TEST

/* A line writes 4096 records and no more. */
START_TEST(many_records)
{
	struct bottle *b = bottle_new(&plan);
	struct buffer record = { 0 };
	struct digest tracker = { { 1 } };
	unsigned i;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	for (i = 0; i < 4096; i++) {
		buffer_clear(&record);
		tracker.b[1] = (uint8_t)i;
		tracker.b[2] = (uint8_t)(i >> 8);
		bottle_challenged(b, &record, 0, &tracker);
		if (bottle_append(b, buffer_slice(&record)) != R_GOOD)
			ck_abort_msg("record %u: %s", i, b->why.text);
	}
	buffer_clear(&record);
	bottle_challenged(b, &record, 0, &tracker);
	EXPECT(b, buffer_slice(&record), R_STATE);
	buffer_clear(&record);
	bottle_ballot(b, &record, 0, &(struct bottle_answer){ 1, "1" }, 1);
	EXPECT(b, buffer_slice(&record), R_STATE);
	bottle_vote(b, 1, 1, "1");
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* ---- many at a time ---- */

/* Checks run together have the verdicts that they have alone. */
START_TEST(batches)
{
	enum { N = 40 };
	struct bottle_plan many = plan;
	struct bottle *b;
	struct check *checks[N];
	struct frozen *frozen;
	enum result want[N];
	struct why why;
	unsigned i;

	many.voters = N;
	b = bottle_new(&many);
	bottle_to_voting(b, COUNT_CONDORCET, 31);
	frozen = rules_frozen(b->rules);
	for (i = 0; i < N; i++) {
		const struct bottle_answer answer = { 1, "3>1" };
		struct buffer bytes = { 0 }, body = { 0 };
		struct body_answer cts;
		struct record *r, *changed;
		struct slice proof;
		union record_body f;

		if (i % 10 == 9)
			bottle_challenged(b, &bytes, i, &(struct digest){ { 7 } });
		else
			bottle_ballot(b, &bytes, i, &answer, 1);
		ck_assert_int_eq(record_parse(&r, NULL, buffer_slice(&bytes), NULL), R_GOOD);
		f = r->of;
		proof = r->proof;
		want[i] = R_GOOD;
		/* _i: which of them are bad at all */
		if (i % 10 != 9 && (_i & 1) != 0 && i % 7 == 0) {
			cts = f.ballot.answers[0];
			f.ballot.answers = &cts;
			memset(copy(b, &cts.cts) + 32, 0, 32);
			want[i] = R_BAD_ELEMENT;
		} else if (i % 10 != 9 && (_i & 2) != 0 && i % 7 == 1) {
			cts = f.ballot.answers[0];
			f.ballot.answers = &cts;
			cts.cts.n = 64;
			want[i] = R_BAD_WIDTH;
		} else if ((_i & 4) != 0 && i % 7 == 2) {
			copy(b, &proof)[40] ^= 1;
			want[i] = R_BAD_PROOF;
		} else if ((_i & 8) != 0 && i % 7 == 3) {
			proof.n--;
			want[i] = R_BAD_ENCODING;
		}
		ck_assert_int_eq(record_write_body(&body, r->type, &f, NULL), R_GOOD);
		buffer_clear(&bytes);
		ck_assert_int_eq(record_write_voter(&bytes, buffer_slice(&body), r->by, proof,
				     NULL),
		    R_GOOD);
		ck_assert_int_eq(record_parse(&changed, NULL, buffer_slice(&bytes), NULL), R_GOOD);
		ck_assert_int_eq(rules_prepare(&checks[i], frozen, changed, &why), R_GOOD);
		ck_assert_int_eq(check_cost(checks[i]), CHECK_BALLOT);
		ck_assert_int_eq(check_verdict(checks[i], NULL), R_BUSY);
		record_free(r);
		buffer_free(&bytes);
		buffer_free(&body);
	}
	checks_run(checks, N, &b->source, NULL);
	for (i = 0; i < N; i++) {
		const enum result r = check_verdict(checks[i], &why);

		/* A byte of an element may make it no element. */
		if (want[i] == R_BAD_PROOF && r == R_NON_CANONICAL)
			want[i] = r;
		if (want[i] == R_BAD_PROOF && r == R_NOT_IN_GROUP)
			want[i] = r;
		ck_assert_msg(r == want[i], "%u: %s, not %s", i, result_name(r),
		    result_name(want[i]));
	}
	/* and again, alone */
	for (i = 0; i < N; i++) {
		checks_run(&checks[i], 1, &b->source, NULL);
		ck_assert_int_eq(check_verdict(checks[i], NULL), want[i]);
		check_free(checks[i]);
	}
	checks_run(NULL, 0, &b->source, NULL);
	frozen_unref(frozen);
	bottle_free(b);
}
END_TEST

/* ---- audits ---- */

START_TEST(audits)
{
	struct bottle *b = start();
	struct ballot_draft *draft = bottle_draft(b, 0, both, 2);
	struct ballot_answer items[2];
	struct item_status s[2];
	struct choice choices[2];
	struct digest prev;
	struct ballot_place place = bottle_place(b, 0, &prev);
	struct slice r, body = ballot_draft_body(draft);
	struct buffer out = { 0 };
	struct digest other;
	char text[CHOICE_TEXT_BYTES];
	uint8_t *p;
	size_t i;

	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(frozen_item(rules_now(b->rules), i + 1, &s[i]), R_GOOD);
		items[i] = (struct ballot_answer){ .item = s[i].item, .hash = s[i].hash };
	}
	r = ballot_draft_audit(draft);
	ck_assert_uint_eq(r.n, 3 * 32);
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, &b->why), R_GOOD);
	choice_print(text, &choices[0]);
	ck_assert_str_eq(text, "1>2=3");
	choice_print(text, &choices[1]);
	ck_assert_str_eq(text, "1,3");
	/* Once audited it is never cast. */
	ck_assert_int_eq(ballot_draft_cast(&out, draft, b->voters[0].x, &b->rng, &b->why),
	    R_CHALLENGED);
	ck_assert_uint_eq(out.n, 0);
	/* Randomness of another ballot, too little, too much. */
	p = copy(b, &r);
	p[64] ^= 1;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_BAD_PROOF);
	p[64] ^= 1;
	p[31] |= 0xf0;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_NON_CANONICAL);
	r = ballot_draft_audit(draft);
	r.n -= 32;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_BAD_ENCODING);
	r.n += 64;
	r.p = copy(b, &(struct slice){ ballot_draft_body(draft).p, r.n });
	memcpy((uint8_t *)(uintptr_t)r.p, ballot_draft_audit(draft).p, 96);
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_BAD_ENCODING);
	r = ballot_draft_audit(draft);
	/* Another election, opening, key, items. */
	other = *place.open;
	other.b[0] ^= 1;
	place.open = &other;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_WRONG_ELECTION);
	place = bottle_place(b, 0, &prev);
	place.election = &other;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_WRONG_ELECTION);
	place = bottle_place(b, 0, &prev);
	place.y = place.X;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_BAD_CHOICE);
	place = bottle_place(b, 0, &prev);
	ck_assert_int_eq(ballot_audit(choices, items, 1, &place, body, r, NULL), R_WRONG_ELECTION);
	items[1].hash = &other;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_WRONG_ELECTION);
	body.n--;
	ck_assert_int_eq(ballot_audit(choices, items, 2, &place, body, r, NULL), R_BAD_ENCODING);
	/* the body of another type */
	bottle_challenged(b, &out, 0, &prev);
	{
		struct record *record;

		ck_assert_int_eq(record_parse(&record, NULL, buffer_slice(&out), NULL), R_GOOD);
		ck_assert_int_eq(ballot_audit(choices, items, 2, &place, record->body, r, NULL),
		    R_BAD_ENCODING);
		record_free(record);
	}
	ballot_draft_free(draft);
	buffer_free(&out);
	bottle_free(b);
}
END_TEST

/* Every ciphertext of every ballot has randomness of its own. */
START_TEST(drafts_differ)
{
	struct bottle *b = start();
	struct ballot_draft *one = bottle_draft(b, 0, both, 2), *two = bottle_draft(b, 0, both, 2);
	const struct slice x = ballot_draft_body(one), y = ballot_draft_body(two);
	const struct choice wrong = { .type = CHOICE_PLURALITY, .options = 2 };
	struct ballot_answer bad;
	struct ballot_draft *none;
	struct item_status s;
	struct digest prev;
	struct ballot_place place = bottle_place(b, 0, &prev);

	ck_assert_uint_eq(x.n, y.n); /* whatever the choice, the size is the same */
	ck_assert(!slice_equal(x, y));
	ck_assert(!digest_equal(ballot_draft_tracker(one), ballot_draft_tracker(two)));
	/* a choice for another kind of item */
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 1, &s), R_GOOD);
	bad = (struct ballot_answer){ .item = s.item, .hash = s.hash, .choice = &wrong };
	ck_assert_int_eq(ballot_draft_new(&none, &place, &bad, 1, &b->rng, &b->why), R_BAD_INPUT);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(ballot_draft_new(&none, &place, &bad, 0, &b->rng, &b->why), R_BAD_INPUT);
	/* a key, then a credential, that is none */
	{
		static const uint8_t zeros[32];
		struct choice blank = { .type = CHOICE_RANKING, .options = 31 };
		struct buffer out = { 0 };

		bad.choice = &blank;
		place.y.p = zeros;
		ck_assert_int_eq(ballot_draft_new(&none, &place, &bad, 1, &b->rng, &b->why),
		    R_BAD_ELEMENT);
		ck_assert_ptr_null(none);
		place = bottle_place(b, 0, &prev);
		place.X.p = zeros;
		ck_assert_int_eq(ballot_draft_new(&none, &place, &bad, 1, &b->rng, &b->why),
		    R_GOOD);
		ck_assert_int_eq(ballot_draft_cast(&out, none, b->voters[0].x, &b->rng, &b->why),
		    R_BAD_ELEMENT);
		ck_assert_int_eq(ballot_challenge(&out, &place, &prev, b->voters[0].x, &b->rng,
				     &b->why),
		    R_BAD_ELEMENT);
		ck_assert_uint_eq(out.n, 0);
		ballot_draft_free(none);
	}
	ballot_draft_free(one);
	ballot_draft_free(two);
	ballot_draft_free(NULL);
	bottle_free(b);
}
END_TEST

/* ---- closing ---- */

START_TEST(closing)
{
	struct bottle *b = start();
	union record_body body, first;
	struct buffer ballot = { 0 };
	struct item_status s;
	uint64_t closing_at, i;

	bottle_vote(b, 0, 1, "1");
	bottle_ballot(b, &ballot, 1, both, 2);
	bottle_closing_body(b, &body, 4);
	EXPECT_BODY(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1, R_UNKNOWN_ITEM);
	bottle_closing_body(b, &body, 3);
	EXPECT_BODY(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_closing_body(b, &body, 1);
	closing_at = rules_size(b->rules);
	ck_assert_int_eq(bottle_post(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1), R_GOOD);
	body.closing.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	EXPECT_BODY(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1, R_STATE);
	/* A ballot that answers a closed item is refused whole; one on the other item is not. */
	EXPECT(b, buffer_slice(&ballot), R_LATE_BALLOT);
	bottle_vote(b, 1, 2, "1");
	bottle_close_body(b, &body, 1);
	first = body;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_GOOD);
	for (i = 0; i < rules_size(b->rules); i++) {
		body.close.upto.seq = i;
		ck_assert_int_eq(rules_entry_hash(b->rules, i, &body.close.upto.hash), R_GOOD);
		EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1,
		    i < closing_at ? R_INPUT_LIST : R_GOOD);
	}
	ck_assert_int_eq(rules_entry_hash(b->rules, i, &body.close.upto.hash), R_MISSING_ENTRY);
	body.close.upto.seq = i;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	body.close.upto.seq = (UINT64_C(1) << 53) - 1;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	body = first;
	body.close.upto.hash.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	body = first;
	body.close.item = 2;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_STATE);
	ck_assert_int_eq(bottle_post(b, RECORD_CLOSE, &first, ROLE_ORGANISER, 1), R_GOOD);
	ck_assert_int_eq(frozen_item(rules_now(b->rules), 1, &s), R_GOOD);
	ck_assert_int_eq(s.state, ITEM_CLOSED);
	ck_assert_uint_eq(s.counted, 1);
	ck_assert(digest_equal(s.close, rules_head(b->rules)));
	bottle_open_item_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_OPEN_ITEM, &body, ROLE_ORGANISER, 1, R_STATE);
	/* An item that is added late, opened late. */
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_open_item(b, 4);
	bottle_vote(b, 0, 4, "2");
	buffer_free(&ballot);
	bottle_free(b);
}
END_TEST

/* Ballots may be as large as the items ask for and little more. */
START_TEST(large_ballots)
{
	struct bottle *b = start();
	struct record *r = good_ballot(b);
	union record_body f = r->of;
	struct slice proof;
	uint8_t *bytes = calloc(1, 65536);
	size_t limit = 8192 + (512 + 4 * 2 * 32 + 2 * 2 * 64) + 2 * (512 + 4 * 32 + 2 * 64);
	size_t rest = r->bytes.n - BASE64URL_LEN(r->proof.n);

	ck_assert_ptr_nonnull(bytes);
	/* A proof that makes the record exactly as large as it may be, and one byte larger. */
	proof = (struct slice){ bytes, (limit - rest) / 4 * 3 };
	while (rest + BASE64URL_LEN(proof.n) > limit)
		proof.n--;
	expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_BAD_ENCODING, __LINE__);
	proof.n += 3;
	expect_fields(b, RECORD_BALLOT, &f, r->by, proof, R_TOO_LARGE, __LINE__);
	ck_assert_str_eq(b->why.check, "V121");
	free(bytes);
	record_free(r);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_vote");
	TCase *tc = tcase_create("rules_vote");

	tcase_add_test(tc, ballots);
	tcase_add_test(tc, proofs);
	tcase_add_test(tc, chains);
	tcase_add_test(tc, challenges);
	tcase_add_test(tc, many_records);
	tcase_add_loop_test(tc, batches, 0, 16);
	tcase_add_test(tc, audits);
	tcase_add_test(tc, drafts_differ);
	tcase_add_test(tc, closing);
	tcase_add_test(tc, large_ballots);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
