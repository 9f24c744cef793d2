/* test_rules: entries, the order of judgement, settling and undoing, checks gone stale. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/expect.h"
#include "tests/suite.h"

static const struct bottle_plan plan = { .voters = 4, .trustees = 3, .late_items = 1 };

/* ---- entries ---- */

/* What a rule book says about a line that is to be the next. */
static void
expect_line(struct bottle *b, struct rules *rules, struct slice line, enum result reason,
    const char *check)
{
	struct why why = { .text = "" };
	const enum result have = rules_entry(rules, line, &b->source, NULL, &why);

	ck_assert_msg(have == reason, "%s (%s), not %s", result_name(have), why.text,
	    result_name(reason));
	ck_assert_str_eq(why.check, check);
}

START_TEST(lines)
{
	struct bottle *b = bottle_new(&plan);
	struct buffer line = { 0 };
	struct rules *rules;
	struct entry good, e;
	size_t at, size;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_item(b, COUNT_PLURALITY, 2);
	for (at = 0; at < 3; at++) {
		ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
		ck_assert_int_eq(rules_entries(rules, b->lines, at, &b->source, NULL, NULL, NULL),
		    R_GOOD);
		size = rules_size(rules);
		ck_assert_int_eq(entry_read(&good, b->lines[at], NULL), R_GOOD);
#define SAY(field_change, reason, check) \
	do { \
		e = good; \
		field_change; \
		buffer_clear(&line); \
		ck_assert_int_eq(entry_write(&line, &e), R_GOOD); \
		expect_line(b, rules, buffer_slice(&line), reason, check); \
		ck_assert_uint_eq(rules_size(rules), size); \
	} while (0)
		SAY(e.seq++, R_BAD_SEQUENCE, "V005");
		if (at > 0)
			SAY(e.seq--, R_BAD_SEQUENCE, "V005");
		SAY(e.prev.b[0] ^= 1, R_CHAIN_BROKEN, "V006");
		if (at > 0)
			SAY(e.time = 999, R_BAD_TIME, "V007");
		SAY(e.election.b[0] ^= 1, R_WRONG_ELECTION, "V910");
		/* in this order */
		SAY((e.seq++, e.prev.b[0] ^= 1, e.time = 0, e.election.b[0] ^= 1), R_BAD_SEQUENCE,
		    "V005");
		SAY((e.prev.b[0] ^= 1, e.election.b[0] ^= 1), R_CHAIN_BROKEN, "V006");
		SAY(e.record = slice_of("{}"), R_BAD_ENCODING, "V004");
		SAY(e.record = slice_of("{\"body\":{\"poll\":{}},\"by\":\"\",\"sig\":\"\"}"),
		    R_STATE, "V004");
		buffer_add_string(&line, "\n");
		expect_line(b, rules, buffer_slice(&line), R_BAD_ENCODING, "V004");
		expect_line(b, rules, slice_of(""), R_BAD_ENCODING, "V004");
		/* Later is no sin. */
		e = good;
		e.time = (UINT64_C(1) << 53) - 1;
		buffer_clear(&line);
		ck_assert_int_eq(entry_write(&line, &e), R_GOOD);
		expect_line(b, rules, buffer_slice(&line), R_GOOD, "");
		rules_free(rules);
	}
	buffer_free(&line);
	bottle_free(b);
}
END_TEST

/* A type that is known has its own check for its form, too. */
START_TEST(forms)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct buffer record = { 0 };
	uint8_t *p;

	bottle_definition(b);
	bottle_item_body(b, &body, COUNT_PLURALITY, 2);
	bottle_sign(b, &record, RECORD_ITEM, &body, ROLE_ORGANISER, 1);
	p = memmem(record.p, record.n, "\"id\":1", 6);
	ck_assert_ptr_nonnull(p);
	p[5] = '0';
	EXPECT(b, buffer_slice(&record), R_BAD_ENCODING);
	ck_assert_str_eq(b->why.check, "V021");
	p[5] = '1';
	ck_assert_int_eq(bottle_append(b, buffer_slice(&record)), R_GOOD);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* Many lines at once: as far as they are good, whatever is refused. */
START_TEST(runs_of_lines)
{
	struct bottle_plan p = plan;
	struct bottle *b;
	struct rules *rules;
	struct why why = { .text = "" };
	struct slice *lines;
	uint8_t *spoilt;
	size_t first, done, i;

	p.voters = 30;
	b = bottle_new(&p);
	bottle_to_voting(b, COUNT_APPROVAL, 4);
	first = b->line_count;
	for (i = 0; i < 60; i++)
		bottle_vote(b, (unsigned)(i * 7 % 30), 1, "1,4");
	bottle_finish(b, 1);
	lines = calloc(b->line_count, sizeof *lines);
	ck_assert_ptr_nonnull(lines);
	for (i = 0; i < 60; i += 13) {
		memcpy(lines, b->lines, b->line_count * sizeof *lines);
		/* a bad proof in the middle, in an otherwise good chain up to there */
		spoilt = malloc(lines[first + i].n);
		ck_assert_ptr_nonnull(spoilt);
		memcpy(spoilt, lines[first + i].p, lines[first + i].n);
		{
			uint8_t *proof = memmem(spoilt, lines[first + i].n, "\"proof\":\"", 9);

			ck_assert_ptr_nonnull(proof);
			memcpy(proof + 9, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 41);
		}
		lines[first + i].p = spoilt;
		ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
		ck_assert_int_ne(rules_entries(rules, lines, b->line_count, &b->source, NULL, &done,
				     &why),
		    R_GOOD);
		ck_assert_uint_eq(done, first + i);
		ck_assert_uint_eq(rules_size(rules), done);
		ck_assert_int_eq(strncmp(why.check, "V12", 3), 0);
		/* and goes on where it stopped, with the good line */
		ck_assert_int_eq(rules_entries(rules, b->lines + done, b->line_count - done,
				     &b->source, NULL, NULL, &why),
		    R_GOOD);
		ck_assert(digest_equal(rules_head(rules), rules_head(b->rules)));
		rules_free(rules);
		free(spoilt);
	}
	/* A ballot after `closing`, and the chain with it: found where it stands. */
	memcpy(lines, b->lines, b->line_count * sizeof *lines);
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_REPLAY), R_GOOD);
	ck_assert_int_eq(rules_entries(rules, lines, b->line_count, &b->source, NULL, &done, &why),
	    R_GOOD);
	ck_assert_uint_eq(done, b->line_count);
	ck_assert_int_eq(rules_complete(rules, &why), R_GOOD);
	rules_free(rules);
	free(lines);
	bottle_free(b);
}
END_TEST

/* REPLAY follows the state without looking at signatures, proofs and blobs. */
START_TEST(replay)
{
	struct bottle *b = bottle_new(&plan);
	struct rules *rules;
	struct why why = { .text = "" };
	struct frozen *f;
	size_t i;

	bottle_to_voting(b, COUNT_CONDORCET, 3);
	bottle_vote(b, 0, 1, "1>2");
	bottle_vote(b, 1, 1, "2>1");
	bottle_finish(b, 1);
	for (i = 0; i < b->blob_count; i++)
		b->blobs[i].hidden = i > 0; /* all but the roll */
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_REPLAY), R_GOOD);
	ck_assert_int_eq(rules_entries(rules, b->lines, b->line_count, &b->source, NULL, NULL,
			     &why),
	    R_GOOD);
	f = rules_frozen(rules);
	ck_assert(slice_equal(frozen_key_bytes(f), frozen_key_bytes(rules_now(b->rules))));
	ck_assert_int_eq(rules_complete(rules, &why), R_GOOD);
	frozen_unref(f);
	rules_free(rules);
	/* VERIFY does look. */
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_VERIFY), R_GOOD);
	ck_assert_int_eq(rules_entries(rules, b->lines, b->line_count, &b->source, NULL, NULL,
			     &why),
	    R_MISSING_BLOB);
	rules_free(rules);
	bottle_free(b);
}
END_TEST

START_TEST(completeness)
{
	struct bottle_plan p = plan;
	struct bottle *b = bottle_new(&p);
	struct why why = { .text = "" };

	ck_assert_int_eq(rules_complete(b->rules, &why), R_MISSING_RECORD);
	ck_assert_str_eq(why.check, "V913");
	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_item(b, COUNT_PLURALITY, 2); /* never opened */
	bottle_finish(b, 1);
	ck_assert_int_eq(rules_complete(b->rules, &why), R_MISSING_RECORD);
	bottle_open_item(b, 2);
	ck_assert_int_eq(rules_complete(b->rules, &why), R_MISSING_RECORD);
	bottle_finish(b, 2);
	ck_assert_int_eq(rules_complete(b->rules, &why), R_GOOD);
	bottle_free(b);
}
END_TEST

/* ---- the order of judgement ---- */

/* A record with a fault of each step: the first is named, then, with that one mended, the next. */
START_TEST(order)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body, good;
	struct buffer record = { 0 };
	uint8_t *p;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_roll(b);
	bottle_commit_body(b, &good, 1);
	body = good;
	body.keygen_commit.election.b[0] ^= 1;
	body.keygen_commit.attempt = 2;
	body.keygen_commit.prev.b[0] ^= 1;
	body.keygen_commit.proof.n = 5;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_BOARD, 1, R_WRONG_ELECTION);
	body.keygen_commit.election = good.keygen_commit.election;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_BOARD, 1, R_NOT_ALLOWED);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, R_STATE);
	body.keygen_commit.attempt = 1;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, R_BAD_PREV);
	body.keygen_commit.prev = good.keygen_commit.prev;
	/* the signature of somebody else's body */
	bottle_sign(b, &record, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1);
	p = memmem(record.p, record.n, "\"sig\":\"", 7);
	ck_assert_ptr_nonnull(p);
	memcpy(p + 7, "AAAAAAAA", 8);
	EXPECT(b, buffer_slice(&record), R_BAD_SIGNATURE);
	ck_assert_str_eq(b->why.check, "V052");
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	body.keygen_commit.proof = good.keygen_commit.proof;
	body.keygen_commit.commit.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, R_BAD_PROOF);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &good, ROLE_TRUSTEE, 1, R_GOOD);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* What only the owner can judge of the place is not overtaken by what a snapshot shows. */
START_TEST(order_of_upto)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_closing_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1), "closing");
	bottle_close_body(b, &body, 1);
	body.close.upto.seq--;
	body.close.prev.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	ck_assert_int_eq(bottle_post(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1), R_INPUT_LIST);
	body.close.upto.seq++;
	EXPECT_BODY(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, R_BAD_PREV);
	ck_assert_int_eq(bottle_post(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1), R_BAD_PREV);
	bottle_free(b);
}
END_TEST

/* rules_admit itself keeps to the order, with a verdict of the proofs already at hand. */
START_TEST(order_of_admit)
{
	struct bottle *b = bottle_new(&plan);
	struct frozen *frozen;
	struct buffer bytes = { 0 }, line = { 0 };
	const struct bottle_answer answer = { 1, "1" };
	struct rules_place place;
	struct record *record;
	struct check *check;
	struct why why;
	uint8_t *p;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	frozen = rules_frozen(b->rules);
	bottle_ballot(b, &bytes, 0, &answer, 1);
	p = memmem(bytes.p, bytes.n, "\"proof\":\"", 9);
	p[30] = p[30] == 'A' ? 'B' : 'A';
	ck_assert_int_eq(record_parse(&record, NULL, buffer_slice(&bytes), NULL), R_GOOD);
	ck_assert_int_eq(rules_prepare(&check, frozen, record, &why), R_GOOD);
	place = (struct rules_place){ .seq = b->line_count, .time = b->clock };
	ck_assert_int_eq(rules_admit(b->rules, check, &place, &why), R_BUSY); /* not run yet */
	checks_run(&check, 1, &b->source, NULL);
	ck_assert_int_ne(check_verdict(check, NULL), R_GOOD);
	ck_assert_int_eq(rules_admit(b->rules, check, &place, &why), check_verdict(check, NULL));
	ck_assert_int_eq(strncmp(why.check, "V12", 3), 0);
	/* The voter writes another record: now the place is wrong, and that comes first. */
	bottle_vote(b, 0, 1, "2");
	place.seq++;
	ck_assert_int_eq(rules_admit(b->rules, check, &place, &why), R_BAD_PREV);
	place.seq--;
	ck_assert_int_eq(rules_admit(b->rules, check, &place, &why), R_BAD_SEQUENCE);
	place.seq++;
	place.time = 0;
	ck_assert_int_eq(rules_admit(b->rules, check, &place, &why), R_BAD_TIME);
	check_free(check);
	frozen_unref(frozen);
	buffer_free(&bytes);
	buffer_free(&line);
	bottle_free(b);
}
END_TEST

/* ---- undo ---- */

/* Everything about the state that can be asked for, as one hash. */
static struct digest
fingerprint(const struct rules *rules)
{
	const struct frozen *f = rules_now(rules);
	const uint64_t n = frozen_roll(f) == NULL ? 0 : roll_count(frozen_roll(f));
	struct sha256 hash;
	struct item_status s;
	struct keygen_status k;
	struct last_ballot last;
	struct digest d;
	uint64_t line, id, x;
	uint32_t i;

	sha256_start(&hash);
#define ADD(value) sha256_add(&hash, &(value), sizeof(value))
	x = rules_size(rules);
	ADD(x);
	ADD(*rules_head(rules));
	x = frozen_phase(f);
	ADD(x);
	if (frozen_definition(f) != NULL)
		for (i = 1; i <= frozen_definition(f)->trustee_count; i++)
			ADD(*frozen_prev(f, ROLE_TRUSTEE, i));
	if (frozen_definition(f) != NULL)
		ADD(*frozen_prev(f, ROLE_ORGANISER, 1));
	if (frozen_roll_record(f) != NULL)
		ADD(*frozen_roll_record(f));
	x = frozen_approvals(f);
	ADD(x);
	if (frozen_keygen(f, &k) == R_GOOD) {
		x = k.step;
		ADD(x);
		ADD(k.posted);
		ADD(k.excluded);
		ADD(k.attempt.attempt);
	}
	for (id = 1; id <= frozen_items(f); id++) {
		(void)frozen_item(f, id, &s);
		x = s.state;
		ADD(x);
		ADD(s.counted);
		ADD(s.ready);
		ADD(s.mixed);
		ADD(s.decrypted);
		if (s.list != NULL)
			ADD(*s.list);
	}
	for (line = 0; line < n; line++) {
		(void)rules_line_prev(rules, line, &d);
		ADD(d);
		for (id = 1; id <= frozen_items(f); id++)
			if (rules_last_ballot(rules, line, id, &last) == R_GOOD) {
				ADD(last.tracker);
				ADD(last.seq);
			}
	}
	for (x = 0; x < rules_size(rules); x++) {
		(void)rules_entry_hash(rules, x, &d);
		ADD(d);
	}
	sha256_finish(&hash, &d);
	return d;
}

/* Admit a line without settling. */
static void
admit_line(struct bottle *b, struct rules *rules, struct slice line)
{
	struct frozen *f = frozen_ref(rules_now(rules));
	struct rules_place place;
	struct record *record;
	struct check *check;
	struct entry e;
	struct why why = { .text = "" };

	ck_assert_int_eq(entry_read(&e, line, NULL), R_GOOD);
	entry_hash(&place.hash, line);
	place.seq = e.seq;
	place.time = e.time;
	ck_assert_int_eq(record_parse(&record, NULL, e.record, NULL), R_GOOD);
	ck_assert_int_eq(rules_prepare(&check, f, record, &why), R_GOOD);
	checks_run(&check, 1, &b->source, NULL);
	if (rules_admit(rules, check, &place, &why) != R_GOOD)
		ck_abort_msg("entry %llu: %s", (unsigned long long)e.seq, why.text);
	check_free(check);
	frozen_unref(f);
}

/* A whole election in batches of random length; some batches are undone, and done again. The
 * state is at each point what it is without that. */
START_TEST(undoing)
{
	struct bottle *b = bottle_new(&plan);
	struct digest *want, have;
	struct rules *straight, *rules;
	struct frozen *seen;
	uint8_t seed[32] = { (uint8_t)_i };
	struct rng rng;
	size_t at, n, i;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_item(b, COUNT_APPROVAL, 2);
	bottle_open_item(b, 2);
	for (i = 0; i < 12; i++)
		bottle_vote(b, (unsigned)(i * 3 % 4), 1 + i % 2, "1");
	{
		struct buffer record = { 0 };

		bottle_challenged(b, &record, 2, &(struct digest){ { 5 } });
		bottle_must(b, bottle_append(b, buffer_slice(&record)), "challenge");
		buffer_free(&record);
	}
	bottle_finish(b, 1);
	bottle_vote(b, 3, 2, "1,2");
	bottle_finish(b, 2);

	want = calloc(b->line_count + 1, sizeof *want);
	ck_assert_ptr_nonnull(want);
	ck_assert_int_eq(rules_new(&straight, NULL, RULES_VERIFY), R_GOOD);
	want[0] = fingerprint(straight);
	for (at = 0; at < b->line_count; at++) {
		ck_assert_int_eq(rules_entry(straight, b->lines[at], &b->source, NULL, NULL),
		    R_GOOD);
		want[at + 1] = fingerprint(straight);
	}
	rules_free(straight);

	rng_seeded(&rng, seed);
	ck_assert_int_eq(rules_new(&rules, NULL, RULES_REPLAY), R_GOOD);
	for (at = 0; at < b->line_count;) {
		n = 1 + rng_below(&rng, 12);
		if (n > b->line_count - at)
			n = b->line_count - at;
		for (i = 0; i < n; i++) {
			admit_line(b, rules, b->lines[at + i]);
			have = fingerprint(rules);
			ck_assert(digest_equal(&have, &want[at + i + 1]));
		}
		/* Others see what is settled. */
		seen = rules_frozen(rules);
		ck_assert_uint_le(frozen_items(seen), frozen_items(rules_now(rules)));
		frozen_unref(seen);
		if (rng_below(&rng, 2) == 0) {
			rules_undo(rules);
			have = fingerprint(rules);
			ck_assert(digest_equal(&have, &want[at]));
			rules_undo(rules); /* nothing to undo */
			have = fingerprint(rules);
			ck_assert(digest_equal(&have, &want[at]));
		} else {
			rules_settle(rules);
			at += n;
		}
	}
	have = fingerprint(rules);
	ck_assert(digest_equal(&have, &want[b->line_count]));
	rules_free(rules);
	free(want);
	bottle_free(b);
}
END_TEST

/* ---- checks that went stale ---- */

/* A check of a record, prepared and run now, to be admitted later. */
static struct check *
prepared(struct bottle *b, struct slice bytes)
{
	struct frozen *f = rules_frozen(b->rules);
	struct record *record;
	struct check *check;
	struct why why = { .text = "" };

	ck_assert_int_eq(record_parse(&record, NULL, bytes, NULL), R_GOOD);
	if (rules_prepare(&check, f, record, &why) != R_GOOD)
		ck_abort_msg("prepare: %s", why.text);
	checks_run(&check, 1, &b->source, NULL);
	if (check_verdict(check, &why) != R_GOOD)
		ck_abort_msg("run: %s", why.text);
	frozen_unref(f);
	return check;
}

static struct check *
prepared_body(struct bottle *b, enum record_type type, const union record_body *body,
    enum role role, unsigned number)
{
	struct buffer record = { 0 };
	struct check *check;

	bottle_sign(b, &record, type, body, role, number);
	check = prepared(b, buffer_slice(&record));
	buffer_free(&record);
	return check;
}

/* Admit late; nothing changes, and the check is freed. */
static void
expect_late(struct bottle *b, struct check *check, enum result reason, int line)
{
	const struct rules_place place = { .seq = rules_size(b->rules), .time = b->clock };
	const struct digest before = fingerprint(b->rules);
	struct digest after;
	struct why why = { .text = "" };
	const enum result have = rules_admit(b->rules, check, &place, &why);

	rules_undo(b->rules);
	after = fingerprint(b->rules);
	ck_assert_msg(have == reason, "line %d: %s (%s), not %s", line, result_name(have), why.text,
	    result_name(reason));
	ck_assert(digest_equal(&before, &after));
	check_free(check);
}
#define EXPECT_LATE(check, reason) expect_late(b, check, reason, __LINE__)

START_TEST(stale_ballots)
{
	struct bottle *b = bottle_new(&plan);
	const struct bottle_answer answer = { 1, "1" };
	struct buffer bytes = { 0 }, challenge = { 0 };
	struct record *record;
	struct check *check[4];
	int i;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_ballot(b, &bytes, 0, &answer, 1);
	for (i = 0; i < 4; i++)
		check[i] = prepared(b, buffer_slice(&bytes));
	EXPECT_LATE(check[0], R_GOOD);
	/* audited in the meantime */
	ck_assert_int_eq(record_parse(&record, NULL, buffer_slice(&bytes), NULL), R_GOOD);
	bottle_challenged(b, &challenge, 0, &record->tracker);
	ck_assert_int_eq(bottle_append(b, buffer_slice(&challenge)), R_GOOD);
	EXPECT_LATE(check[1], R_CHALLENGED);
	/* voted in the meantime */
	bottle_truncate(b, b->line_count - 1);
	bottle_vote(b, 0, 1, "2");
	EXPECT_LATE(check[2], R_BAD_PREV);
	bottle_truncate(b, b->line_count - 1);
	/* closed in the meantime */
	bottle_close(b, 1);
	EXPECT_LATE(check[3], R_LATE_BALLOT);
	record_free(record);
	buffer_free(&bytes);
	buffer_free(&challenge);
	bottle_free(b);
}
END_TEST

START_TEST(stale_setup)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct check *approve, *roll, *item, *open, *commit, *deal[2];

	bottle_definition(b);
	bottle_item_body(b, &body, COUNT_PLURALITY, 2);
	item = prepared_body(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1);
	bottle_item(b, COUNT_PLURALITY, 2);
	EXPECT_LATE(item, R_STATE); /* its id is taken */
	bottle_roll(b);
	bottle_approve_body(b, &body, 1);
	approve = prepared_body(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1);
	/* the roll is replaced */
	bottle_roll(b);
	EXPECT_LATE(approve, R_STATE);
	bottle_approve(b);
	bottle_commit_body(b, &body, 3);
	commit = prepared_body(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 3);
	bottle_skip_body(b, &body, 3);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	EXPECT_LATE(commit, R_STATE);
	/* Both of the last two deals are checked before either is there: each as if not the last. */
	bottle_commit_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1), "commit");
	bottle_commit_body(b, &body, 2);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2), "commit");
	bottle_deal_body(b, &body, 1);
	deal[0] = prepared_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1);
	bottle_deal_body(b, &body, 2);
	deal[1] = prepared_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2), "deal");
	EXPECT_LATE(deal[1], R_STATE);
	EXPECT_LATE(deal[0], R_BUSY); /* the keys were not computed: run it again */
	bottle_deal_body(b, &body, 1);
	deal[0] = prepared_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1);
	EXPECT_LATE(deal[0], R_GOOD);
	bottle_keygen(b);
	bottle_open_body(b, &body);
	open = prepared_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1);
	bottle_roll_body(b, &body);
	roll = prepared_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1);
	bottle_must(b, bottle_post(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1), "roll");
	EXPECT_LATE(open, R_BAD_ROLL);
	EXPECT_LATE(roll, R_BAD_PREV);
	bottle_approve(b);
	bottle_open_body(b, &body);
	open = prepared_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1);
	bottle_roll_body(b, &body);
	roll = prepared_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1);
	bottle_open(b);
	EXPECT_LATE(open, R_STATE);
	EXPECT_LATE(roll, R_ROLL_FROZEN);
	bottle_free(b);
}
END_TEST

START_TEST(stale_tally)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct check *ready, *mix, *decrypt, *again;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	bottle_vote(b, 0, 1, "1");
	bottle_vote(b, 1, 1, "2");
	bottle_close(b, 1);
	bottle_ready_body(b, &body, 1, 1);
	ready = prepared_body(b, RECORD_READY, &body, ROLE_TRUSTEE, 1);
	bottle_ready(b, 1);
	EXPECT_LATE(ready, R_STATE);
	/* two trustees mix the same list */
	bottle_mix_body(b, &body, 2, 1);
	mix = prepared_body(b, RECORD_MIX, &body, ROLE_TRUSTEE, 2);
	again = prepared_body(b, RECORD_MIX, &body, ROLE_TRUSTEE, 2);
	bottle_mix_body(b, &body, 1, 1);
	bottle_must(b, bottle_post(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1), "mix");
	EXPECT_LATE(mix, R_STATE);
	bottle_mix(b, 1);
	EXPECT_LATE(again, R_MIX_TRUSTEE); /* trustee 2 has mixed after trustee 1 */
	bottle_decrypt_body(b, &body, 3, 1);
	decrypt = prepared_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 3);
	again = prepared_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 3);
	bottle_must(b, bottle_post(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 3), "decrypt");
	EXPECT_LATE(decrypt, R_STATE);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	EXPECT_LATE(again, R_STATE);
	bottle_free(b);
}
END_TEST

/* A check from one board is not admitted by another rule book that happens to agree on
 * the place. */
START_TEST(foreign_check)
{
	struct bottle *b = bottle_new(&plan), *other;
	struct bottle_plan p = plan;
	const struct bottle_answer answer = { 1, "1" };
	struct buffer bytes = { 0 };
	struct check *check;

	bottle_to_voting(b, COUNT_PLURALITY, 2);
	p.seed = 9;
	other = bottle_new(&p);
	bottle_to_voting(other, COUNT_PLURALITY, 2);
	bottle_ballot(other, &bytes, 0, &answer, 1);
	check = prepared(other, buffer_slice(&bytes));
	EXPECT_LATE(check, R_WRONG_ELECTION);
	buffer_free(&bytes);
	bottle_free(other);
	/* the same election even, to the byte */
	other = bottle_new(&plan);
	bottle_to_voting(other, COUNT_PLURALITY, 2);
	ck_assert(digest_equal(rules_head(other->rules), rules_head(b->rules)));
	buffer_clear(&bytes);
	bottle_ballot(other, &bytes, 0, &answer, 1);
	check = prepared(other, buffer_slice(&bytes));
	EXPECT_LATE(check, R_BUSY);
	buffer_free(&bytes);
	bottle_free(other);
	bottle_free(b);
}
END_TEST

START_TEST(names_for_people)
{
	ck_assert_str_eq(phase_name(PHASE_SETUP), "setup");
	ck_assert_str_eq(item_state_name(ITEM_CLOSED), "closed");
	ck_assert_str_eq(role_name(ROLE_REGISTRAR), "registrar");
	ck_assert_str_eq(duty_name(DUTY_DECRYPT), "decrypt");
	frozen_unref(NULL);
	check_free(NULL);
	rules_free(NULL);
	ck_assert_ptr_null(frozen_ref(NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");

	tcase_add_test(tc, lines);
	tcase_add_test(tc, forms);
	tcase_add_test(tc, runs_of_lines);
	tcase_add_test(tc, replay);
	tcase_add_test(tc, completeness);
	tcase_add_test(tc, order);
	tcase_add_test(tc, order_of_upto);
	tcase_add_test(tc, order_of_admit);
	tcase_add_loop_test(tc, undoing, 0, 6);
	tcase_add_test(tc, stale_ballots);
	tcase_add_test(tc, stale_setup);
	tcase_add_test(tc, stale_tally);
	tcase_add_test(tc, foreign_check);
	tcase_add_test(tc, names_for_people);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
