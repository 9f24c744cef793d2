/* test_rules_tally: ready, mix, decrypt, fault, result: every refusal, and whole tallies. */
#include <check.h>
#include <string.h>

#include "ballots/outcome.h"
#include "crypto/shuffle.h"
#include "tests/expect.h"
#include "tests/suite.h"

/* Four trustees: t = 2, quorum 3, two mixers. */
static const struct bottle_plan plan = { .voters = 4, .trustees = 4, .late_items = 1 };

static struct item_status
item_of(struct bottle *b, uint64_t id)
{
	struct item_status s;

	ck_assert_int_eq(frozen_item(rules_now(b->rules), id, &s), R_GOOD);
	return s;
}

/* An election whose first item, a ranking of 31 options, is closed with three ballots. */
static struct bottle *
closed(const struct bottle_plan *p)
{
	struct bottle *b = bottle_new(p);

	bottle_to_voting(b, COUNT_CONDORCET, 31);
	bottle_vote(b, 0, 1, "1>2");
	bottle_vote(b, 1, 1, "3>2>1");
	bottle_vote(b, 0, 1, "2>1");
	bottle_vote(b, 2, 1, "blank");
	bottle_close(b, 1);
	return b;
}

static void
take(struct bottle *b, enum record_type type, const union record_body *body, unsigned trustee)
{
	bottle_must(b, bottle_post(b, type, body, ROLE_TRUSTEE, trustee), record_type_name(type));
}

/* A copy that may be changed. */
static uint8_t *
copy(struct bottle *b, struct slice *bytes)
{
	uint8_t *p = arena_alloc(&b->arena, bytes->n + 1);

	memcpy(p, bytes->p, bytes->n);
	bytes->p = p;
	return p;
}

/* ---- ready ---- */

START_TEST(readies)
{
	struct bottle *b = closed(&plan);
	union record_body body;
	struct list list;

	bottle_ready_body(b, &body, 2, 1);
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 2, R_GOOD);
	body.ready.close.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 2, R_WRONG_ELECTION);
	body.ready.close.b[0] ^= 1;
	body.ready.list.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 2, R_INPUT_LIST);
	ck_assert_str_eq(b->why.check, "V165");
	body.ready.list.b[0] ^= 1;
	body.ready.item = 2;
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 2, R_UNKNOWN_ITEM);
	body.ready.item = 1;
	ck_assert_ptr_null(item_of(b, 1).list);
	take(b, RECORD_READY, &body, 2);
	ck_assert(digest_equal(item_of(b, 1).list, &body.ready.list));
	body.ready.prev = bottle_prev(b, ROLE_TRUSTEE, 2);
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 2, R_STATE);
	/* once the list is known, too */
	bottle_ready_body(b, &body, 1, 1);
	body.ready.list.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, R_INPUT_LIST);

	ck_assert_int_eq(frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), R_GOOD);
	ck_assert_uint_eq(list.rows, 3);
	ck_assert_uint_eq(list.width, 2);
	ck_assert_uint_eq(list.bytes.n, 3 * 2 * 64);
	ck_assert(digest_equal(&list.digest, item_of(b, 1).list));
	list_release(&list);
	list_release(&list);
	bottle_free(b);
}
END_TEST

/* A source that says it gave everything. */
static enum result
give_nothing(void *ctx, uint64_t from, uint64_t to, source_each *each, void *arg)
{
	(void)ctx;
	(void)from;
	(void)to;
	(void)each;
	(void)arg;
	return R_GOOD;
}

/* The list holds the last ballot of each line, ascending by line, byte for byte. */
START_TEST(the_input_list)
{
	struct bottle *b = closed(&plan);
	struct last_ballot last;
	struct record *record;
	struct entry entry;
	struct list list;
	uint64_t line, row = 0;

	ck_assert_int_eq(frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), R_GOOD);
	for (line = 0; line < 4; line++) {
		if (rules_last_ballot(b->rules, line, 1, &last) != R_GOOD)
			continue;
		ck_assert_int_eq(entry_read(&entry, b->lines[last.seq], NULL), R_GOOD);
		ck_assert_int_eq(record_parse(&record, NULL, entry.record, NULL), R_GOOD);
		ck_assert_uint_eq(record->of.ballot.line, line);
		ck_assert(slice_equal(record->of.ballot.answers[0].cts,
		    (struct slice){ list.bytes.p + row * 128, 128 }));
		row++;
		record_free(record);
	}
	ck_assert_uint_eq(row, 3);
	list_release(&list);
	/* A source that gives other entries than the rule book followed is noticed. */
	ck_assert_int_eq(rules_last_ballot(b->rules, b->voters[1].line, 1, &last), R_GOOD);
	copy(b, &b->lines[last.seq])[200] ^= 1;
	ck_assert_int_eq(frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL),
	    R_CHAIN_BROKEN);
	b->source.entries = give_nothing;
	ck_assert_int_eq(frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL),
	    R_MISSING_ENTRY);
	bottle_free(b);
	b = closed(&plan);
	bottle_item(b, COUNT_PLURALITY, 2); /* not closed */
	ck_assert_int_eq(frozen_list(rules_now(b->rules), 2, &b->source, &list, NULL), R_STATE);
	{
		struct buffer none = { 0 };

		ck_assert_int_eq(frozen_result(rules_now(b->rules), 2, &b->source, &none, NULL,
				     NULL),
		    R_STATE);
	}
	ck_assert_int_eq(frozen_current_list(rules_now(b->rules), 2, &b->source, &list, NULL),
	    R_STATE);
	ck_assert_int_eq(rules_last_ballot(b->rules, b->voters[1].line, 1, &last), R_GOOD);
	b->line_count = (size_t)last.seq;
	ck_assert_int_eq(frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL),
	    R_MISSING_ENTRY);
	ck_assert_int_eq(frozen_list(rules_now(b->rules), 3, &b->source, &list, NULL),
	    R_UNKNOWN_ITEM);
	bottle_free(b);
}
END_TEST

/* ---- mix ---- */

START_TEST(mixes)
{
	struct bottle *b = closed(&plan);
	union record_body body, first;
	struct body_mix *m = &body.mix;
	struct bottle_blob *blob;
	struct digest input;

	bottle_mix_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_NO_QUORUM);
	bottle_ready(b, 1);
	ck_assert_uint_eq(item_of(b, 1).ready_needed, 3);
	ck_assert_uint_eq(item_of(b, 1).ready, 7);
	input = *item_of(b, 1).list;
	bottle_mix_body(b, &body, 4, 1); /* it need not be ready itself */
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 4, R_GOOD);
	m->prev = bottle_prev(b, ROLE_TRUSTEE, 3);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 3, R_BAD_SHUFFLE); /* another's */
	ck_assert_str_eq(b->why.check, "V176");
	bottle_mix_body(b, &body, 1, 1);
	first = body;
	m->close.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_WRONG_ELECTION);
	body = first;
	m->ordinal = 2;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_STATE);
	body = first;
	m->input.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_INPUT_LIST);
	m->input = m->output;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_INPUT_LIST);
	body = first;
	m->output = m->input;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_NOOP_MIX);
	ck_assert_str_eq(b->why.check, "V175");
	body = first;
	m->output.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_MISSING_BLOB);
	m->output = m->proof;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_WIDTH);
	body = first;
	m->proof = m->output;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_WIDTH);
	blob = bottle_find_blob(b, &first.mix.proof);
	blob->hidden = 1;
	body = first;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_MISSING_BLOB);
	blob->hidden = 0;
	copy(b, &blob->bytes)[99] ^= 1;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_BLOB);
	((uint8_t *)(uintptr_t)blob->bytes.p)[99] ^= 1;

	take(b, RECORD_MIX, &first, 1);
	ck_assert(digest_equal(item_of(b, 1).list, &first.mix.output));
	body = first;
	m->prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_MIX_TRUSTEE);
	/* made from the input list again: raced */
	m->prev = bottle_prev(b, ROLE_TRUSTEE, 2);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 2, R_STATE);
	m->ordinal = 2;
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 2, R_INPUT_LIST);
	bottle_mix_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_MIX_TRUSTEE);
	bottle_mix_body(b, &body, 3, 1);
	take(b, RECORD_MIX, &body, 3);
	ck_assert_uint_eq(item_of(b, 1).mixed, 5);
	bottle_mix_body(b, &body, 2, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 2, R_STATE); /* all are done */
	ck_assert(!digest_equal(item_of(b, 1).list, &input));
	bottle_free(b);
}
END_TEST

/* Bytes of the output or the proof changed: the proof fails, or what is changed is no element. */
START_TEST(spoilt_mixes)
{
	struct bottle *b = closed(&plan);
	union record_body body, good;
	struct slice bytes;
	uint8_t *p;
	size_t at;
	struct buffer record = { 0 };
	enum result r;

	bottle_ready(b, 1);
	bottle_mix_body(b, &good, 1, 1);
	for (at = 0; at < 3 * 2 * 64; at += 32) {
		bytes = bottle_find_blob(b, &good.mix.output)->bytes;
		p = copy(b, &bytes);
		memset(p + at, 0, 32);
		body = good;
		body.mix.output = bottle_blob(b, bytes);
		EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_ELEMENT);
		memset(p + at, 0xff, 32);
		body.mix.output = bottle_blob(b, bytes);
		EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_NON_CANONICAL);
		memcpy(p + at, frozen_key_bytes(rules_now(b->rules)).p, 32);
		body.mix.output = bottle_blob(b, bytes);
		EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_SHUFFLE);
	}
	/* one row doubled, another dropped */
	bytes = bottle_find_blob(b, &good.mix.output)->bytes;
	p = copy(b, &bytes);
	memcpy(p, p + 128, 128);
	body = good;
	body.mix.output = bottle_blob(b, bytes);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_BAD_SHUFFLE);
	for (at = 0; at < shuffle_proof_bytes(b->group, 3, 2); at += 32) {
		bytes = bottle_find_blob(b, &good.mix.proof)->bytes;
		p = copy(b, &bytes);
		p[at] ^= 1;
		body = good;
		body.mix.proof = bottle_blob(b, bytes);
		buffer_clear(&record);
		bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
		r = bottle_try(b, buffer_slice(&record));
		ck_assert_msg(r == R_BAD_SHUFFLE || r == R_NON_CANONICAL || r == R_NOT_IN_GROUP,
		    "at %zu: %s", at, result_name(r));
	}
	take(b, RECORD_MIX, &good, 1);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* ---- decrypt ---- */

START_TEST(decryptions)
{
	struct bottle *b = closed(&plan);
	union record_body body, good, other;
	struct body_decrypt *d = &body.decrypt;
	struct digest input;
	struct slice bytes;
	uint8_t *p, row[64];

	bottle_ready(b, 1);
	input = *item_of(b, 1).list;
	bottle_decrypt_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_MIX_MISSING);
	bottle_mix_body(b, &body, 1, 1);
	take(b, RECORD_MIX, &body, 1);
	bottle_decrypt_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_MIX_MISSING);
	bottle_mix(b, 1);
	bottle_decrypt_body(b, &good, 1, 1);
	EXPECT_BODY(b, RECORD_DECRYPT, &good, ROLE_TRUSTEE, 1, R_GOOD);
	body = good;
	d->list = input;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_NOT_MIXED);
	d->list.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_INPUT_LIST);
	body = good;
	d->close.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_WRONG_ELECTION);
	body = good;
	d->factors.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_MISSING_BLOB);
	d->factors = d->list;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_WIDTH);
	/* the proof decodes before any blob is looked for */
	d->factors.b[0] ^= 1;
	d->proof.n--;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	d->proof.n = 0;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	body = good;
	p = copy(b, &d->proof);
	memset(p + 32, 0, 32);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_ELEMENT);
	memcpy(p + 32, good.decrypt.proof.p, 32);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_DECRYPTION);
	ck_assert_str_eq(b->why.check, "V186");
	/* factors of another trustee, permuted, one missing or another element */
	bottle_decrypt_body(b, &other, 2, 1);
	body = good;
	d->factors = other.decrypt.factors;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_DECRYPTION);
	d->proof = other.decrypt.proof;
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_DECRYPTION);
	bytes = bottle_find_blob(b, &good.decrypt.factors)->bytes;
	p = copy(b, &bytes);
	memcpy(row, p, 64);
	memcpy(p, p + 64, 64);
	memcpy(p + 64, row, 64);
	body = good;
	d->factors = bottle_blob(b, bytes);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_DECRYPTION);
	memset(p, 0, 32);
	d->factors = bottle_blob(b, bytes);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_ELEMENT);
	bytes.n -= 32;
	d->factors = bottle_blob(b, bytes);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_BAD_WIDTH);

	take(b, RECORD_DECRYPT, &good, 1);
	body = good;
	d->prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_STATE);
	bottle_free(b);
}
END_TEST

/* A trustee that was excluded from the key has no part in the tally. */
START_TEST(excluded_trustee)
{
	struct bottle *b = bottle_new(&plan);
	union record_body body;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_roll(b);
	bottle_approve(b);
	bottle_skip_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_vote(b, 0, 1, "1");
	bottle_close(b, 1);
	bottle_ready_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, R_NOT_ALLOWED);
	ck_assert_uint_eq(item_of(b, 1).ready_needed, 3); /* ceil((3 + 2) / 2) */
	bottle_ready(b, 1);
	bottle_mix_body(b, &body, 2, 1);
	body.mix.prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_NOT_ALLOWED);
	bottle_mix(b, 1);
	bottle_decrypt_body(b, &body, 2, 1);
	body.decrypt.prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_NOT_ALLOWED);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	ck_assert_int_eq(rules_complete(b->rules, NULL), R_GOOD);
	bottle_free(b);
}
END_TEST

/* ---- fault ---- */

/* Accuse with a record that was signed and not appended. */
static void
accuse(struct bottle *b, enum record_type type, const union record_body *body, unsigned trustee,
    enum result reason, int line)
{
	struct buffer record = { 0 }, whole = { 0 };
	union record_body fault;
	enum result have;

	bottle_sign(b, &record, type, body, ROLE_TRUSTEE, trustee);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	bottle_sign(b, &whole, RECORD_FAULT, &fault, ROLE_BOARD, 1);
	have = bottle_try(b, buffer_slice(&whole));
	ck_assert_msg(have == reason, "line %d: %s (%s), not %s", line, result_name(have),
	    b->why.text, result_name(reason));
	buffer_free(&record);
	buffer_free(&whole);
}
#define ACCUSE(type, body, trustee, reason) accuse(b, type, body, trustee, reason, __LINE__)

START_TEST(faults)
{
	struct bottle *b = closed(&plan);
	union record_body body, good, fault;
	struct buffer record = { 0 };
	struct list list = { 0 };
	struct slice bytes;
	uint8_t *p;

	bottle_ready_body(b, &body, 1, 1);
	body.ready.list.b[0] ^= 1;
	ACCUSE(RECORD_READY, &body, 1, R_BAD_FAULT); /* not a mix, not a decryption */
	bottle_ready(b, 1);
	bottle_mix_body(b, &good, 1, 1);
	ACCUSE(RECORD_MIX, &good, 1, R_BAD_FAULT); /* not at fault */
	ck_assert_str_eq(b->why.check, "V195");
	/* what would be refused whatever its content */
	body = good;
	body.mix.proof = body.mix.output;
	body.mix.ordinal = 2;
	ACCUSE(RECORD_MIX, &body, 1, R_BAD_FAULT);
	body.mix.ordinal = 1;
	body.mix.prev.b[0] ^= 1;
	ACCUSE(RECORD_MIX, &body, 1, R_BAD_FAULT);
	body.mix.prev.b[0] ^= 1;
	body.mix.election.b[0] ^= 1;
	ACCUSE(RECORD_MIX, &body, 1, R_BAD_FAULT);
	body.mix.election.b[0] ^= 1;
	ACCUSE(RECORD_MIX, &body, 2, R_BAD_FAULT); /* another's chain */
	ACCUSE(RECORD_MIX, &body, 1, R_GOOD);
	/* a blob that is not there proves nothing */
	body.mix.output.b[0] ^= 1;
	ACCUSE(RECORD_MIX, &body, 1, R_BAD_FAULT);
	/* with each reason of the list */
	body = good;
	body.mix.output = body.mix.input;
	ACCUSE(RECORD_MIX, &body, 1, R_BAD_FAULT); /* its output was never uploaded */
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	(void)bottle_blob(b, list.bytes);
	list_release(&list);
	ACCUSE(RECORD_MIX, &body, 1, R_GOOD); /* NOOP_MIX */
	bytes = bottle_find_blob(b, &good.mix.output)->bytes;
	p = copy(b, &bytes);
	memset(p, 0, 32);
	body = good;
	body.mix.output = bottle_blob(b, bytes);
	ACCUSE(RECORD_MIX, &body, 1, R_GOOD); /* BAD_ELEMENT */
	memset(p, 0xff, 32);
	body.mix.output = bottle_blob(b, bytes);
	ACCUSE(RECORD_MIX, &body, 1, R_GOOD); /* NON_CANONICAL */
	memcpy(p, p + 64, 32);
	body.mix.output = bottle_blob(b, bytes);
	ACCUSE(RECORD_MIX, &body, 1, R_GOOD); /* BAD_SHUFFLE */
	/* not signed by who it says */
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	memcpy(memmem(record.p, record.n, "\"sig\":\"", 7), "\"sig\":\"AAAA", 11);
	EXPECT_BODY(b, RECORD_FAULT, &fault, ROLE_BOARD, 1, R_BAD_FAULT);
	bottle_fault_body(b, &fault, slice_of("{}"));
	EXPECT_BODY(b, RECORD_FAULT, &fault, ROLE_BOARD, 1, R_BAD_FAULT);
	/* by anybody but the board */
	EXPECT_BODY(b, RECORD_FAULT, &fault, ROLE_ORGANISER, 1, R_NOT_ALLOWED);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* Trustee 1 mixes badly, trustee 2 decrypts badly: both are named, the others finish. */
START_TEST(culprits)
{
	struct bottle *b = closed(&plan);
	union record_body body, fault;
	struct buffer record = { 0 };
	struct duty duty[4];
	uint8_t *p;

	bottle_ready(b, 1);
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 1, duty, 4), 1);
	ck_assert_uint_eq(duty[0].turn, 1);
	bottle_mix_body(b, &body, 1, 1);
	body.mix.proof = body.mix.output;
	bottle_sign(b, &record, RECORD_MIX, &body, ROLE_TRUSTEE, 1);
	EXPECT(b, buffer_slice(&record), R_BAD_WIDTH);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	bottle_must(b, bottle_post(b, RECORD_FAULT, &fault, ROLE_BOARD, 1), "fault");
	ck_assert_uint_eq(item_of(b, 1).faults, 1);
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 1, duty, 4), 0);
	/* out of this item, and cannot be accused twice */
	bottle_mix_body(b, &body, 1, 1);
	EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_NOT_ALLOWED);
	fault.fault.prev = bottle_prev(b, ROLE_BOARD, 1);
	EXPECT_BODY(b, RECORD_FAULT, &fault, ROLE_BOARD, 1, R_BAD_FAULT);

	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 3, duty, 4), 1);
	ck_assert_int_eq(duty[0].kind, DUTY_MIX);
	ck_assert_uint_eq(duty[0].turn, 2);
	ck_assert_uint_eq(duty[0].before, 1);
	ck_assert_int_eq(duty[0].needed, 0);
	bottle_mix(b, 1);
	bottle_decrypt_body(b, &body, 2, 1);
	p = copy(b, &body.decrypt.proof);
	memcpy(p, p + 32, 32);
	buffer_clear(&record);
	bottle_sign(b, &record, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 2);
	EXPECT(b, buffer_slice(&record), R_BAD_DECRYPTION);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	bottle_must(b, bottle_post(b, RECORD_FAULT, &fault, ROLE_BOARD, 1), "fault");
	ck_assert_uint_eq(item_of(b, 1).faults, 3);
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 3, duty, 4), 1);
	ck_assert_int_eq(duty[0].kind, DUTY_DECRYPT);
	ck_assert_int_eq(duty[0].needed, 1); /* two are left, two are needed */
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	ck_assert_int_eq(rules_complete(b->rules, NULL), R_GOOD);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* ---- result ---- */

START_TEST(results)
{
	struct bottle *b = closed(&plan);
	union record_body body, good;
	struct buffer object = { 0 };
	struct outcome o;
	struct arena arena = { 0 };
	struct digest blobs[2];
	uint64_t i, t_th;

	bottle_result_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, R_BELOW_THRESHOLD);
	bottle_ready(b, 1);
	bottle_mix(b, 1);
	bottle_decrypt_body(b, &body, 3, 1);
	take(b, RECORD_DECRYPT, &body, 3);
	bottle_result_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, R_BELOW_THRESHOLD);
	ck_assert_int_eq(frozen_result(rules_now(b->rules), 1, &b->source, &object, NULL, NULL),
	    R_BELOW_THRESHOLD);
	ck_assert_int_eq(frozen_result(rules_now(b->rules), 2, &b->source, &object, NULL, NULL),
	    R_UNKNOWN_ITEM);
	bottle_decrypt_body(b, &body, 2, 1);
	t_th = rules_size(b->rules);
	take(b, RECORD_DECRYPT, &body, 2);
	blobs[0] = body.decrypt.factors;
	blobs[1] = body.decrypt.list;
	bottle_decrypt_body(b, &body, 1, 1); /* more than needed */
	take(b, RECORD_DECRYPT, &body, 1);
	bottle_result_body(b, &good, 1);
	EXPECT_BODY(b, RECORD_RESULT, &good, ROLE_ORGANISER, 1, R_GOOD);
	body = good;
	body.result.result.b[0] ^= 1;
	EXPECT_BODY(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, R_RESULT_MISMATCH);
	ck_assert_str_eq(b->why.check, "V205");
	body = good;
	for (i = 0; i < rules_size(b->rules); i++) {
		body.result.upto.seq = i;
		ck_assert_int_eq(rules_entry_hash(b->rules, i, &body.result.upto.hash), R_GOOD);
		EXPECT_BODY(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1,
		    i < t_th ? R_INPUT_LIST : R_GOOD);
	}
	body.result.upto.seq = i;
	EXPECT_BODY(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, R_INPUT_LIST);
	ck_assert_int_eq(rules_complete(b->rules, NULL), R_MISSING_RECORD);
	bottle_must(b, bottle_post(b, RECORD_RESULT, &good, ROLE_ORGANISER, 1), "result");
	good.result.prev = bottle_prev(b, ROLE_ORGANISER, 1);
	EXPECT_BODY(b, RECORD_RESULT, &good, ROLE_ORGANISER, 1, R_STATE);
	ck_assert_int_eq(rules_complete(b->rules, NULL), R_GOOD);
	ck_assert(digest_equal(item_of(b, 1).result, &good.result.result));

	ck_assert_int_eq(frozen_result(rules_now(b->rules), 1, &b->source, &object, NULL, NULL),
	    R_GOOD);
	/* nothing without the last list, nor without a set of factors */
	for (i = 0; i < 2; i++) {
		struct bottle_blob *blob = bottle_find_blob(b, &blobs[i]);
		struct buffer none = { 0 };

		blob->hidden = 1;
		ck_assert_int_eq(frozen_result(rules_now(b->rules), 1, &b->source, &none, NULL,
				     NULL),
		    R_MISSING_BLOB);
		ck_assert_int_eq(frozen_results(rules_now(b->rules), &b->source, &none, NULL, NULL),
		    R_MISSING_BLOB);
		ck_assert_uint_eq(none.n, 0);
		blob->hidden = 0;
		buffer_free(&none);
	}
	ck_assert_int_eq(outcome_read(&o, &arena, buffer_slice(&object), NULL), R_GOOD);
	ck_assert_uint_eq(o.counted_n, 3);
	ck_assert_uint_eq(o.eligible, 4);
	ck_assert_uint_eq(o.valid, 3);
	ck_assert_uint_eq(o.blank, 1);
	ck_assert_uint_eq(o.invalid, 0);
	ck_assert_uint_eq(o.tally_n, 3);
	ck_assert(o.opened && o.condorcet);
	ck_assert_uint_eq(o.winners_n, 2);
	arena_free(&arena);
	buffer_free(&object);
	bottle_free(b);
}
END_TEST

/* Read the result object of item 1. */
static void
read_result(struct bottle *b, struct outcome *o, struct arena *arena)
{
	struct buffer object = { 0 }, again = { 0 };

	ck_assert_int_eq(frozen_result(rules_now(b->rules), 1, &b->source, &object, NULL, NULL),
	    R_GOOD);
	ck_assert_int_eq(outcome_read(o, arena, buffer_slice(&object), NULL), R_GOOD);
	ck_assert_int_eq(outcome_write(&again, o), R_GOOD);
	ck_assert(slice_equal(buffer_slice(&object), buffer_slice(&again)));
	buffer_free(&object);
	buffer_free(&again);
}

/* Items with 0, 1 and 2 ballots; and with fewer than min_ballots. */
START_TEST(few_ballots)
{
	static const struct {
		unsigned votes;
		uint64_t min_ballots;
		bool opened;
	} cases[] = { { 0, 1, true }, { 1, 1, true }, { 2, 1, true }, { 2, 3, false },
		{ 3, 3, true }, { 0, 3, true } };
	struct bottle_plan p = plan;
	struct bottle *b;
	union record_body body;
	struct arena arena = { 0 };
	struct outcome o;
	const unsigned tallied = cases[_i].votes > 0 && cases[_i].opened;
	unsigned i;

	p.min_ballots = cases[_i].min_ballots;
	b = bottle_new(&p);
	bottle_to_voting(b, COUNT_PLURALITY, 3);
	for (i = 0; i < cases[_i].votes; i++)
		bottle_vote(b, i, 1, "2");
	bottle_close(b, 1);
	ck_assert_int_eq(item_of(b, 1).opened, (int)tallied);
	if (!tallied) {
		struct duty duty;

		bottle_ready_body(b, &body, 1, 1);
		EXPECT_BODY(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, R_MIN_BALLOTS);
		ck_assert_str_eq(b->why.check, "V164");
		memset(&body, 0, sizeof body);
		body.mix.election = *frozen_election(rules_now(b->rules));
		body.mix.item = body.mix.ordinal = 1;
		body.mix.close = *item_of(b, 1).close;
		EXPECT_BODY(b, RECORD_MIX, &body, ROLE_TRUSTEE, 1, R_MIN_BALLOTS);
		memset(&body, 0, sizeof body);
		body.decrypt.election = *frozen_election(rules_now(b->rules));
		body.decrypt.item = 1;
		body.decrypt.close = *item_of(b, 1).close;
		EXPECT_BODY(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, R_MIN_BALLOTS);
		ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 1, &duty, 1), 0);
		bottle_result(b, 1);
	} else {
		bottle_ready(b, 1);
		bottle_mix(b, 1);
		bottle_decrypt(b, 1);
		bottle_result(b, 1);
	}
	read_result(b, &o, &arena);
	ck_assert_int_eq(o.opened, cases[_i].opened);
	ck_assert_uint_eq(o.counted_n, cases[_i].votes);
	ck_assert_uint_eq(o.tally_n, tallied);
	ck_assert_uint_eq(o.votes[1], tallied ? cases[_i].votes : 0);
	ck_assert_uint_eq(o.winners_n, tallied);
	ck_assert_uint_eq(o.valid, tallied ? cases[_i].votes : 0);
	arena_free(&arena);
	bottle_free(b);
}
END_TEST

/* Ciphertexts that hold no choice: counted as invalid, the tally goes on. */
START_TEST(invalid_choices)
{
	struct bottle_plan p = plan;
	struct bottle *b;
	struct arena arena = { 0 };
	struct outcome o;
	struct choice wrong = { .type = CHOICE_RANKING, .options = 31 };
	struct ballot_draft *draft;
	struct ballot_answer answer;
	struct ballot_place place;
	struct buffer record = { 0 };
	struct item_status s;
	struct digest prev;
	unsigned i;

	p.voters = 300; /* more rows than are extracted together */
	b = bottle_new(&p);
	bottle_to_voting(b, COUNT_CONDORCET, 31);
	s = item_of(b, 1);
	for (i = 0; i < 300; i++) {
		place = bottle_place(b, i, &prev);
		memset(wrong.bytes, 0, sizeof wrong.bytes);
		wrong.bytes[0] = 1;
		if (i % 100 == 50)
			wrong.bytes[0] = 9; /* a rank with a gap below it */
		if (i == 151)
			wrong.bytes[31] = 1; /* padding that is not zero */
		answer = (struct ballot_answer){ .item = s.item, .hash = s.hash, .choice = &wrong };
		ck_assert_int_eq(ballot_draft_new(&draft, &place, &answer, 1, &b->rng, NULL),
		    R_GOOD);
		buffer_clear(&record);
		ck_assert_int_eq(ballot_draft_cast(&record, draft, b->voters[i].x, &b->rng, NULL),
		    R_GOOD);
		ck_assert_int_eq(bottle_append(b, buffer_slice(&record)), R_GOOD);
		ballot_draft_free(draft);
		s = item_of(b, 1);
	}
	bottle_finish(b, 1);
	read_result(b, &o, &arena);
	ck_assert_uint_eq(o.counted_n, 300);
	ck_assert_uint_eq(o.invalid, 4);
	ck_assert_uint_eq(o.valid, 296);
	ck_assert_uint_eq(o.tally_n, 1);
	ck_assert_uint_eq(o.tally[0].count, 296);
	arena_free(&arena);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* The first t sets of factors in board order, whoever made them; any t do. */
START_TEST(any_trustees)
{
	static const unsigned order[][2] = { { 1, 2 }, { 2, 1 }, { 4, 3 }, { 1, 4 } };
	struct bottle *b = closed(&plan);
	union record_body body;
	struct arena arena = { 0 };
	struct outcome o;
	int i;

	bottle_ready(b, 1);
	for (i = 0; i < 2; i++) {
		bottle_mix_body(b, &body, order[_i][i], 1);
		take(b, RECORD_MIX, &body, order[_i][i]);
	}
	for (i = 0; i < 2; i++) {
		bottle_decrypt_body(b, &body, order[_i][i], 1);
		take(b, RECORD_DECRYPT, &body, order[_i][i]);
	}
	bottle_result(b, 1);
	read_result(b, &o, &arena);
	ck_assert_uint_eq(o.valid, 3);
	ck_assert_uint_eq(o.pairwise[1].against[0], 2); /* V(2, 1) */
	arena_free(&arena);
	bottle_free(b);
}
END_TEST

/* Several items, all methods, in one election; result.json; a second rule book agrees. */
START_TEST(whole_board)
{
	static const char *const groups[] = { "ristretto255", "modp2048" };
	struct bottle_plan p = plan;
	struct bottle *b;
	struct buffer json = { 0 };
	struct rules *again;
	struct why why;
	size_t done;
	const char *expect;

	p.group = groups[_i];
	p.voters = 3;
	p.code_parts = 2;
	b = bottle_new(&p);
	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 2);
	bottle_item(b, COUNT_APPROVAL, 3);
	bottle_item(b, COUNT_CONDORCET, 3);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_open_item(b, 2);
	bottle_open_item(b, 3);
	bottle_vote(b, 0, 1, "2");
	bottle_vote(b, 1, 2, "1,2");
	bottle_vote(b, 2, 3, "3>1");
	bottle_vote(b, 1, 1, "2");
	bottle_finish(b, 2);
	bottle_vote(b, 0, 3, "2>1=3");
	bottle_finish(b, 1);
	bottle_finish(b, 3);
	ck_assert_int_eq(frozen_results(rules_now(b->rules), &b->source, &json, NULL, &why),
	    R_GOOD);
	expect =
	    "\"outcome\":{\"blank\":0,\"majority\":[1,1],\"method\":\"plurality\",\"quorum\":1,"
	    "\"valid\":2,\"votes\":[0,2],\"winners\":[2]},\"tally\":[{\"choice\":\"Ag\",\"count\":"
	    "2}],"
	    "\"title\":\"A question\"}";
	ck_assert_ptr_nonnull(memmem(json.p, json.n, expect, strlen(expect)));
	expect = "\"valid\":1,\"votes\":[1,1,0],\"winners\":[1,2]}";
	ck_assert_ptr_nonnull(memmem(json.p, json.n, expect, strlen(expect)));
	ck_assert_ptr_nonnull(memmem(json.p, json.n, "],\"version\":1}", 14));

	ck_assert_int_eq(rules_new(&again, frozen_election(rules_now(b->rules)), RULES_VERIFY),
	    R_GOOD);
	ck_assert_int_eq(rules_entries(again, b->lines, b->line_count, &b->source, NULL, &done,
			     &why),
	    R_GOOD);
	ck_assert_uint_eq(done, b->line_count);
	ck_assert(digest_equal(rules_head(again), rules_head(b->rules)));
	ck_assert_int_eq(rules_complete(again, &why), R_GOOD);
	rules_free(again);
	buffer_free(&json);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_tally");
	TCase *tc = tcase_create("rules_tally");

	tcase_add_test(tc, readies);
	tcase_add_test(tc, the_input_list);
	tcase_add_test(tc, mixes);
	tcase_add_test(tc, spoilt_mixes);
	tcase_add_test(tc, decryptions);
	tcase_add_test(tc, excluded_trustee);
	tcase_add_test(tc, faults);
	tcase_add_test(tc, culprits);
	tcase_add_test(tc, results);
	tcase_add_loop_test(tc, few_ballots, 0, 6);
	tcase_add_test(tc, invalid_choices);
	tcase_add_loop_test(tc, any_trustees, 0, 4);
	tcase_add_loop_test(tc, whole_board, 0, 2);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
