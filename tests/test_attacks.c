/*
 * test_attacks: what voters, registrars and boards try. The numbers are those of the attack
 * list. Each record is refused as an entry, as a record posted to a board, and in an archive
 * that is otherwise in order (attack_kit.h); each by the same check and reason.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ballots/receipt.h"
#include "crypto/base64.h"
#include "crypto/mem.h"
#include "crypto/merkle.h"
#include "crypto/schnorr.h"
#include "tests/attack_kit.h"
#include "tests/suite.h"

static const struct bottle_answer one[] = { { 1, "2" } }, two[] = { { 1, "2" }, { 2, "3" } };

/* Two questions of three options, open. */
static struct bottle *
voting(const char *group)
{
	const struct bottle_plan plan = { .group = group };
	struct bottle *b;

	ck_assert_uint_eq(mem_init(), R_GOOD);
	b = bottle_new(&plan);
	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_open_item(b, 2);
	bottle_vote(b, 2, 1, "1");
	return b;
}

/* An honest ballot of voter 0 with something replaced in its text. */
static void
attack_text(struct bottle *b, const char *from, const char *to, const char *check,
    enum result reason)
{
	struct buffer record = { 0 }, other = { 0 };

	bottle_ballot(b, &record, 0, one, 1);
	attack_replace(&other, buffer_slice(&record), from, to);
	attack(b, buffer_slice(&other), check, reason);
	buffer_free(&record);
	buffer_free(&other);
}

/* A ballot of voter 0 whose parts were changed, proved as well as may be. */
static void
attack_parts(struct ballot_parts *p, struct bottle *b, const char *check, enum result reason)
{
	struct buffer record = { 0 };

	ballot_parts_cast(p, b, &record);
	attack(b, buffer_slice(&record), check, reason);
	buffer_free(&record);
	ballot_parts_free(p);
}

/* ---- proofs ---- */

START_TEST(a1_proof_by_another_credential)
{
	struct bottle *b = voting(NULL);
	struct ballot_parts p;
	struct buffer record = { 0 };

	ballot_parts_new(&p, b, 0, one, 1);
	svec_copy(p.secret, 0, b->voters[1].x, 0, 1);
	attack_parts(&p, b, "V126", R_BAD_PROOF);
	/* a record that says nothing, too */
	bottle_challenged(b, &record, 0, &p.prev);
	record.p[record.n - 10] ^= 1;
	attack(b, buffer_slice(&record), "V136", R_BAD_PROOF);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

START_TEST(a2_not_on_the_roll)
{
	struct bottle *b = voting(NULL);
	struct ballot_parts p;
	struct buffer record = { 0 };
	const size_t element = group_element_bytes(b->group);
	struct svec *x;
	struct gvec *g;
	uint8_t X[GROUP_ENCODING_MAX];

	/* a key of one's own, with a good proof */
	ballot_parts_new(&p, b, 0, one, 1);
	bottle_must(b, svec_new(&x, b->group, 1), "x");
	bottle_must(b, svec_random(x, &b->rng), "x");
	bottle_must(b, gvec_new(&g, b->group, 1), "X");
	gvec_set_generator(g);
	bottle_must(b, gvec_pow_fixed(g, g, x, NULL), "X");
	bottle_must(b, gvec_encode(X, element, g, NULL), "X");
	svec_copy(p.secret, 0, x, 0, 1);
	gvec_copy(p.X, 0, g, 0, 1);
	p.place.X.p = X;
	attack_parts(&p, b, "V122", R_NOT_ON_ROLL);
	/* another's line; a line that is none */
	ballot_parts_new(&p, b, 0, one, 1);
	p.body->of.ballot.line = p.place.line = b->voters[1].line;
	attack_parts(&p, b, "V122", R_NOT_ON_ROLL);
	ballot_parts_new(&p, b, 0, one, 1);
	p.body->of.ballot.line = p.place.line = 3;
	attack_parts(&p, b, "V122", R_NOT_ON_ROLL);
	gvec_free(g);
	svec_free(x);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* The challenge is fixed before the ciphertext: a = (g^s / T)^(1/c), whose logarithm nobody
 * knows. A verifier who hashed T alone would take it. */
START_TEST(a3_weak_challenge)
{
	struct bottle *b = voting(NULL);
	const size_t element = group_element_bytes(b->group), scalar = group_scalar_bytes(b->group);
	struct ballot_parts p;
	struct buffer body = { 0 }, record = { 0 };
	struct svec *w, *s, *c, *inverse;
	struct gvec *T, *g, *a;
	uint8_t proof[4 * GROUP_ENCODING_MAX], hash[64];

	ballot_parts_new(&p, b, 0, one, 1);
	bottle_must(b, svec_new(&w, b->group, 2), "w");
	bottle_must(b, svec_new(&s, b->group, 2), "s");
	bottle_must(b, svec_new(&c, b->group, 1), "c");
	bottle_must(b, svec_new(&inverse, b->group, 1), "c");
	bottle_must(b, gvec_new(&T, b->group, 2), "T");
	bottle_must(b, gvec_new(&g, b->group, 2), "g");
	bottle_must(b, gvec_new(&a, b->group, 2), "a");
	bottle_must(b, svec_random(w, &b->rng), "w");
	bottle_must(b, svec_random(s, &b->rng), "s");
	gvec_set_generator(g);
	bottle_must(b, gvec_pow(T, g, w, NULL), "T");
	bottle_must(b, gvec_encode(proof, element, T, NULL), "T");
	sha512(hash, proof, 2 * element);
	svec_from_hash(c, 0, hash);
	svec_invert(inverse, c);
	bottle_must(b, gvec_pow(a, g, s, NULL), "a");
	gvec_div(a, a, T);
	bottle_must(b, gvec_pow(a, a, inverse, NULL), "a");
	/* a[1] is the ciphertext's; s[0] is honest: the attacker knows x. */
	bottle_must(b, gvec_encode(hash, 32, a, NULL), "a");
	memcpy((uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p, hash + 32, element);
	{
		struct svec *s0, *x0, *w0;

		bottle_must(b, svec_slice(&s0, s, 0, 1), "s");
		bottle_must(b, svec_slice(&x0, p.secret, 0, 1), "x");
		bottle_must(b, svec_slice(&w0, w, 0, 1), "w");
		svec_mul(s0, c, x0);
		svec_add(s0, s0, w0);
		svec_free(s0);
		svec_free(x0);
		svec_free(w0);
	}
	/* With the weak challenge it holds. */
	gvec_copy(p.X, 1, a, 1, 1);
	bottle_must(b, schnorr_equations(p.X, T, c, s), "the forgery");
	svec_encode(proof + 2 * element, scalar, s);
	ballot_parts_body(&p, &body);
	bottle_must(b,
	    record_write_voter(&record, buffer_slice(&body), p.place.X,
		(struct slice){ proof, 2 * (element + scalar) }, &b->why),
	    "ballot");
	attack(b, buffer_slice(&record), "V126", R_BAD_PROOF);
	ballot_parts_free(&p);
	buffer_free(&body);
	buffer_free(&record);
	svec_free(w);
	svec_free(s);
	svec_free(c);
	svec_free(inverse);
	gvec_free(T);
	gvec_free(g);
	gvec_free(a);
	bottle_free(b);
}
END_TEST

/* Voter 2 has voted; voter 0 takes the ciphertexts, as they are or raised to a power. */
START_TEST(a4_a5_copies)
{
	struct bottle *b = voting(NULL);
	const size_t element = group_element_bytes(b->group);
	struct record *record, *whole;
	struct entry entry;
	struct buffer copy = { 0 };
	struct ballot_parts p;
	struct svec *k;
	struct gvec *v;
	uint8_t *cts;
	unsigned power;

	bottle_must(b, entry_read(&entry, b->lines[b->line_count - 1], NULL), "entry");
	bottle_must(b, record_parse(&record, NULL, entry.record, NULL), "ballot");
	bottle_must(b, svec_new(&k, b->group, 1), "k");
	bottle_must(b, gvec_new(&v, b->group, 2), "v");
	for (power = 1; power <= 3; power++) {
		ballot_parts_new(&p, b, 0, one, 1);
		cts = (uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p;
		bottle_must(b,
		    gvec_decode(v, record->of.ballot.answers[0].cts.p, element, DECODE_NO_IDENTITY,
			NULL, NULL),
		    "cts");
		svec_set_u64(k, 0, power);
		bottle_must(b, gvec_pow(v, v, k, NULL), "cts");
		bottle_must(b, gvec_encode(cts, element, v, NULL), "cts");
		gvec_copy(p.X, 1, v, 0, 1);
		attack_parts(&p, b, "V126", R_BAD_PROOF);
	}
	/* the whole proof of the other, too */
	ballot_parts_new(&p, b, 0, one, 1);
	p.body->of.ballot.answers[0].cts = record->of.ballot.answers[0].cts;
	ballot_parts_body(&p, &copy);
	{
		struct buffer out = { 0 };

		bottle_must(b,
		    record_write_voter(&out, buffer_slice(&copy), p.place.X, record->proof,
			&b->why),
		    "ballot");
		attack(b, buffer_slice(&out), "V126", R_BAD_PROOF);
		buffer_free(&out);
	}
	/* the very record again */
	whole = record;
	attack(b, whole->bytes, "V123", R_BAD_PREV);
	ballot_parts_free(&p);
	record_free(record);
	svec_free(k);
	gvec_free(v);
	buffer_free(&copy);
	bottle_free(b);
}
END_TEST

START_TEST(a6_another_election)
{
	const struct bottle_plan plan = { .seed = 9 };
	struct bottle *b = voting(NULL), *other = bottle_new(&plan);
	struct buffer record = { 0 };
	struct ballot_parts p;
	struct digest open;

	bottle_to_voting(other, COUNT_PLURALITY, 3);
	bottle_ballot(other, &record, 0, one, 1);
	attack(b, buffer_slice(&record), "V123", R_WRONG_ELECTION);
	/* another opening, or another text of the question, in this one */
	ballot_parts_new(&p, b, 0, one, 1);
	open = *p.place.open;
	open.b[5] ^= 1;
	p.body->of.ballot.open = open;
	p.place.open = &open;
	attack_parts(&p, b, "V123", R_WRONG_ELECTION);
	ballot_parts_new(&p, b, 0, one, 1);
	p.body->of.ballot.answers[0].hash.b[0] ^= 1;
	attack_parts(&p, b, "V123", R_WRONG_ELECTION);
	buffer_free(&record);
	bottle_free(other);
	bottle_free(b);
}
END_TEST

START_TEST(a7_moved_to_another_question)
{
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 }, other = { 0 };
	struct ballot_parts p;
	struct body_answer *answers;
	struct record *parsed;

	bottle_ballot(b, &record, 0, two, 2);
	bottle_must(b, record_parse(&parsed, NULL, buffer_slice(&record), NULL), "ballot");
	ballot_parts_new(&p, b, 0, two, 2);
	answers = p.body->of.ballot.answers;
	answers[0].cts = parsed->of.ballot.answers[1].cts;
	answers[1].cts = parsed->of.ballot.answers[0].cts;
	{
		struct buffer body = { 0 };

		ballot_parts_body(&p, &body);
		bottle_must(b,
		    record_write_voter(&other, buffer_slice(&body), p.place.X, parsed->proof,
			&b->why),
		    "ballot");
		buffer_free(&body);
	}
	attack(b, buffer_slice(&other), "V126", R_BAD_PROOF);
	ballot_parts_free(&p);
	record_free(parsed);
	buffer_free(&record);
	buffer_free(&other);
	bottle_free(b);
}
END_TEST

/* ---- encodings ---- */

START_TEST(a8_identity)
{
	struct bottle *b = voting(NULL);
	const size_t element = group_element_bytes(b->group);
	struct ballot_parts p;
	unsigned i;

	for (i = 0; i < 2; i++) {
		ballot_parts_new(&p, b, 0, one, 1);
		memset((uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p + i * element, 0,
		    element);
		attack_parts(&p, b, "V121", R_BAD_ELEMENT);
	}
	bottle_free(b);
}
END_TEST

/* s + q in the proof. */
START_TEST(a10_scalar_plus_order)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10 };
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 }, other = { 0 };
	struct record *parsed;
	uint8_t *proof;
	unsigned carry = 0, i;

	bottle_ballot(b, &record, 0, one, 1);
	bottle_must(b, record_parse(&parsed, NULL, buffer_slice(&record), NULL), "ballot");
	proof = attack_copy(b, parsed->proof);
	for (i = 0; i < 32; i++) {
		carry += (unsigned)proof[96 + i] + order[i];
		proof[96 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	bottle_must(b,
	    record_write_voter(&other, parsed->body, parsed->by,
		(struct slice){ proof, parsed->proof.n }, &b->why),
	    "ballot");
	attack(b, buffer_slice(&other), "V121", R_NON_CANONICAL);
	record_free(parsed);
	buffer_free(&record);
	buffer_free(&other);
	bottle_free(b);
}
END_TEST

/* In a group of integers: no residue, 0, p, more than p. */
START_TEST(a11_a12_modp)
{
	struct bottle *b = voting("modp2048");
	const size_t element = group_element_bytes(b->group);
	struct ballot_parts p;
	uint8_t *a;
	size_t i;

	ballot_parts_new(&p, b, 0, one, 1);
	a = (uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p;
	/* the least that is no residue */
	memset(a, 0, element);
	a[element - 1] = 5;
	{
		struct gvec *probe;
		enum result r;

		bottle_must(b, gvec_new(&probe, b->group, 1), "probe");
		r = gvec_decode(probe, a, element, DECODE_ANY, NULL, NULL);
		for (i = 6; r == R_GOOD; i++) {
			a[element - 1] = (uint8_t)i;
			r = gvec_decode(probe, a, element, DECODE_ANY, NULL, NULL);
		}
		ck_assert_uint_eq(r, R_NOT_IN_GROUP);
		gvec_free(probe);
	}
	attack_parts(&p, b, "V121", R_NOT_IN_GROUP);
	ballot_parts_new(&p, b, 0, one, 1);
	memset((uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p, 0, element);
	attack_parts(&p, b, "V121", R_NON_CANONICAL);
	ballot_parts_new(&p, b, 0, one, 1);
	memset((uint8_t *)(uintptr_t)p.body->of.ballot.answers[0].cts.p, 0xff, element);
	attack_parts(&p, b, "V121", R_NON_CANONICAL);
	ballot_parts_new(&p, b, 0, one, 1);
	p.body->of.ballot.answers[0].cts.n--;
	attack_parts(&p, b, "V121", R_BAD_WIDTH);
	bottle_free(b);
}
END_TEST

START_TEST(a13_wrong_numbers)
{
	struct bottle *b = voting(NULL);
	struct ballot_parts p;
	struct body_answer *answers;
	struct svec *secret;
	struct gvec *X;

	/* twice as many ciphertexts, each with its proof */
	ballot_parts_new(&p, b, 0, two, 2);
	answers = p.body->of.ballot.answers;
	{
		uint8_t *both = arena_alloc(&b->arena, 2 * answers[0].cts.n);

		ck_assert_ptr_nonnull(both);
		memcpy(both, answers[0].cts.p, answers[0].cts.n);
		memcpy(both + answers[0].cts.n, answers[1].cts.p, answers[1].cts.n);
		answers[0].cts.p = both;
		answers[0].cts.n *= 2;
	}
	p.body->of.ballot.answer_count = 1;
	attack_parts(&p, b, "V121", R_BAD_WIDTH);
	/* none */
	ballot_parts_new(&p, b, 0, two, 2);
	p.body->of.ballot.answers[1].cts.n = 32;
	attack_parts(&p, b, "V121", R_BAD_WIDTH);
	/* a question that does not exist */
	ballot_parts_new(&p, b, 0, two, 2);
	p.body->of.ballot.answers[1].id = 3;
	attack_parts(&p, b, "V124", R_UNKNOWN_ITEM);
	/* a proof with one response too few */
	ballot_parts_new(&p, b, 0, two, 2);
	bottle_must(b, svec_slice(&secret, p.secret, 0, 2), "slice");
	bottle_must(b, gvec_slice(&X, p.X, 0, 2), "slice");
	{
		struct ballot_parts q = p;
		struct buffer record = { 0 };

		q.secret = secret;
		q.X = X;
		ballot_parts_cast(&q, b, &record);
		attack(b, buffer_slice(&record), "V121", R_BAD_ENCODING);
		buffer_free(&record);
	}
	svec_free(secret);
	gvec_free(X);
	ballot_parts_free(&p);
	bottle_free(b);
}
END_TEST

START_TEST(a14_spelling)
{
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 };

	attack_text(b, "\"line\":", "\"line\": ", "V004", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":1.0}", "V004", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":1e0}", "V004", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":01}", "V004", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":1,\"id\":1}", "V004", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":1,\"note\":\"hello\"}", "V121", R_BAD_ENCODING);
	attack_text(b, "\"id\":1}", "\"id\":1}\n", "V004", R_BAD_ENCODING);
	attack_text(b, "\"ballot\"", "\"\\u0062allot\"", "V004", R_BAD_ENCODING);
	attack_text(b, "\"proof\":", "\"extra\":0,\"proof\":", "V121", R_BAD_ENCODING);
	attack_text(b, "\"answers\":[", "\"answers\":[],\"answers2\":[", "V121", R_BAD_ENCODING);
	/* a spare bit of base64url, and padding */
	bottle_ballot(b, &record, 0, one, 1);
	record.p[record.n - 3] = (uint8_t)(record.p[record.n - 3] == 'B' ? 'C' : 'B');
	attack(b, buffer_slice(&record), "V121", R_BAD_ENCODING);
	record.n -= 2;
	buffer_add_string(&record, "=\"}");
	attack(b, buffer_slice(&record), "V121", R_BAD_ENCODING);
	buffer_add_string(&record, "x");
	attack(b, buffer_slice(&record), "V004", R_BAD_ENCODING);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

START_TEST(a74_empty_proof)
{
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 };
	const uint8_t *at;

	bottle_ballot(b, &record, 0, one, 1);
	at = memmem(record.p, record.n, "\"proof\":\"", 9);
	record.n = (size_t)(at - record.p) + 9;
	buffer_add_string(&record, "\"}");
	attack(b, buffer_slice(&record), "V121", R_BAD_ENCODING);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

/* ---- places ---- */

START_TEST(a17_a34_after_the_end)
{
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 };
	union record_body body;
	struct body_upto early;

	early =
	    (struct body_upto){ .hash = *rules_head(b->rules), .seq = rules_size(b->rules) - 1 };
	bottle_closing_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1), "closing");
	bottle_ballot(b, &record, 0, one, 1);
	attack(b, buffer_slice(&record), "V124", R_LATE_BALLOT);
	buffer_clear(&record);
	bottle_ballot(b, &record, 0, two, 2); /* one question of two has ended: refused whole */
	attack(b, buffer_slice(&record), "V124", R_LATE_BALLOT);
	bottle_vote(b, 0, 2, "1");
	/* the close may not reach back before the closing */
	bottle_close_body(b, &body, 1);
	body.close.upto = early;
	attack_body(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, "V155", R_INPUT_LIST);
	bottle_close_body(b, &body, 1);
	body.close.upto.seq--;
	attack_body(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, "V155", R_INPUT_LIST);
	bottle_close_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1), "close");
	buffer_clear(&record);
	bottle_ballot(b, &record, 0, one, 1);
	attack(b, buffer_slice(&record), "V124", R_LATE_BALLOT);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

START_TEST(a17_before_the_beginning)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	struct buffer record = { 0 };

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open(b);
	bottle_ballot(b, &record, 0, one, 1);
	attack(b, buffer_slice(&record), "V124", R_CLOSED);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

START_TEST(a98_cast_after_an_audit)
{
	struct bottle *b = voting(NULL);
	struct ballot_parts p;
	struct buffer record = { 0 }, body = { 0 };
	struct digest tracker;

	ballot_parts_new(&p, b, 0, one, 1);
	ballot_parts_body(&p, &body);
	record_tracker(&tracker, buffer_slice(&body));
	bottle_challenged(b, &record, 0, &tracker);
	bottle_must(b, bottle_append(b, buffer_slice(&record)), "challenged");
	/* its prev is no longer right, but it is named for what it is */
	attack_parts(&p, b, "V124", R_CHALLENGED);
	/* and what was cast can no longer be disowned */
	bottle_vote(b, 0, 1, "2");
	{
		struct last_ballot last;

		bottle_must(b, rules_last_ballot(b->rules, b->voters[0].line, 1, &last), "ballot");
		buffer_clear(&record);
		bottle_challenged(b, &record, 0, &last.tracker);
		attack(b, buffer_slice(&record), "V134", R_STATE);
	}
	buffer_free(&record);
	buffer_free(&body);
	bottle_free(b);
}
END_TEST

/* ---- registrars ---- */

/* Post the roll with its blob changed. */
static void
attack_roll(struct bottle *b, const char *from, const char *to, const char *check,
    enum result reason)
{
	struct buffer blob = { 0 };
	union record_body body;

	bottle_roll_body(b, &body);
	attack_replace(&blob, bottle_find_blob(b, &body.roll.blob)->bytes, from, to);
	body.roll.blob = bottle_blob(b, buffer_slice(&blob));
	body.roll.bytes = blob.n;
	attack_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1, check, reason);
	buffer_free(&blob);
}

START_TEST(a20_two_names_one_key)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	struct buffer blob = { 0 };
	union record_body body;
	struct slice text, line;

	bottle_definition(b);
	bottle_roll_body(b, &body);
	text = bottle_find_blob(b, &body.roll.blob)->bytes;
	ck_assert(slice_line(&line, &text));
	buffer_add(&blob, line.p, line.n);
	buffer_add_string(&blob, "\n");
	{
		struct buffer other = { 0 };
		char *name = memmem(line.p, line.n, "voter ", 6);

		ck_assert_ptr_nonnull(name);
		buffer_add(&other, line.p, line.n);
		other.p[(uint8_t *)name - line.p + 6] = '9';
		buffer_add(&blob, other.p, other.n);
		buffer_free(&other);
	}
	buffer_add_string(&blob, "\n");
	body.roll.blob = bottle_blob(b, buffer_slice(&blob));
	body.roll.bytes = blob.n;
	body.roll.count = 2;
	attack_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1, "V035", R_DUPLICATE_KEY);
	attack_roll(b, "\"voter 1\"", "\"voter 7\"", "V035", R_BAD_ROLL);
	attack_roll(b, "}\n", "}\n\n", "V031", R_BAD_ENCODING);
	/* a key under another's name, all sums and roots right */
	b->voters[1].name[0] = 'V';
	bottle_roll_body(b, &body);
	attack_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1, "V036", R_BAD_PROOF);
	buffer_free(&blob);
	bottle_free(b);
}
END_TEST

START_TEST(a21_roll_after_opening)
{
	struct bottle *b = voting(NULL);
	union record_body body;

	bottle_roll_body(b, &body);
	attack_body(b, RECORD_ROLL, &body, ROLE_ORGANISER, 1, "V034", R_ROLL_FROZEN);
	bottle_approve_body(b, &body, 1);
	attack_body(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1, "V044", R_ROLL_FROZEN);
	bottle_free(b);
}
END_TEST

START_TEST(a22_weights)
{
	const struct bottle_plan plan = { .classes = 2 };
	struct bottle *b = bottle_new(&plan);

	bottle_definition(b);
	attack_roll(b, "[1,2]", "[0,0]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[1,17592186044416]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[1,18446744073709551616]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[-1,2]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[007,2]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[\"007\",2]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[1]", "V031", R_BAD_WEIGHT);
	attack_roll(b, "[1,2]", "[1,3]", "V035", R_BAD_ROLL); /* the sums are others */
	bottle_free(b);
}
END_TEST

START_TEST(a38_accused_before_opening)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;

	bottle_definition(b);
	bottle_fault_body(b, &body, slice_of("{}"));
	attack_body(b, RECORD_FAULT, &body, ROLE_BOARD, 1, "V194", R_STATE);
	bottle_free(b);
}
END_TEST

START_TEST(approvals)
{
	const struct bottle_plan plan = { .registrars = 3, .registrar_quorum = 2 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_roll(b);
	bottle_keygen(b);
	bottle_approve_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1), "approve");
	bottle_open_body(b, &body);
	attack_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1, "V104", R_NOT_APPROVED);
	/* one registrar twice, or in another's name */
	bottle_approve_body(b, &body, 1);
	attack_body(b, RECORD_APPROVE, &body, ROLE_REGISTRAR, 1, "V044", R_STATE);
	bottle_approve_body(b, &body, 2);
	attack_body(b, RECORD_APPROVE, &body, ROLE_ORGANISER, 1, "V042", R_NOT_ALLOWED);
	bottle_free(b);
}
END_TEST

/* ---- boards ---- */

START_TEST(a25_another_key_or_roll)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	uint8_t *key;

	bottle_definition(b);
	bottle_item(b, COUNT_PLURALITY, 3);
	bottle_roll(b);
	bottle_approve(b);
	bottle_keygen(b);
	bottle_open_body(b, &body);
	key = attack_copy(b, body.open.key);
	body.open.key.p = b->voters[0].X; /* a key whose secret somebody knows */
	attack_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1, "V105", R_WRONG_KEY);
	body.open.key.p = key;
	body.open.roll.b[0] ^= 1;
	attack_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1, "V105", R_BAD_ROLL);
	bottle_free(b);
}
END_TEST

/* A ballot for somebody who did not vote. */
START_TEST(a31_a_ballot_made_up)
{
	struct bottle *b = voting(NULL);
	struct ballot_parts p;

	ballot_parts_new(&p, b, 1, one, 1);
	bottle_must(b, svec_random(p.secret, &b->rng), "random");
	attack_parts(&p, b, "V126", R_BAD_PROOF);
	bottle_free(b);
}
END_TEST

/* The bytes of each record so far once more, and a second definition. */
START_TEST(a37_again)
{
	struct bottle *b = voting(NULL);
	struct record *record;
	struct entry entry;
	struct why why;
	union record_body body;
	struct buffer line = { 0 };
	size_t i, n = b->line_count;

	for (i = 0; i < n; i++) {
		bottle_must(b, entry_read(&entry, b->lines[i], NULL), "entry");
		bottle_must(b, record_parse(&record, NULL, entry.record, NULL), "record");
		buffer_clear(&line);
		bottle_line(b, &line, entry.record);
		ck_assert_uint_ne(rules_entry(b->rules, buffer_slice(&line), &b->source, NULL,
				      &why),
		    R_GOOD);
		if (why.reason != R_STATE && why.reason != R_BAD_PREV &&
		    why.reason != R_ROLL_FROZEN)
			ck_abort_msg("entry %zu: %s", i, result_name(why.reason));
		attack(b, entry.record, why.check, why.reason);
		record_free(record);
	}
	bottle_definition_body(b, &body);
	attack_body(b, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1, "V014", R_STATE);
	bottle_open_body(b, &body);
	attack_body(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1, "V104", R_STATE);
	bottle_open_item_body(b, &body, 1);
	attack_body(b, RECORD_OPEN_ITEM, &body, ROLE_ORGANISER, 1, "V114", R_STATE);
	bottle_close(b, 1);
	bottle_closing_body(b, &body, 1);
	attack_body(b, RECORD_CLOSING, &body, ROLE_ORGANISER, 1, "V144", R_STATE);
	bottle_close_body(b, &body, 1);
	attack_body(b, RECORD_CLOSE, &body, ROLE_ORGANISER, 1, "V154", R_STATE);
	buffer_free(&line);
	bottle_free(b);
}
END_TEST

START_TEST(a38_wrong_kinds)
{
	struct bottle *b = voting(NULL);
	struct buffer record = { 0 }, other = { 0 };
	union record_body body;

	bottle_closing_body(b, &body, 1);
	bottle_sign(b, &record, RECORD_CLOSING, &body, ROLE_ORGANISER, 1);
	attack_replace(&other, buffer_slice(&record), "\"closing\"", "\"reopening\"");
	attack(b, buffer_slice(&other), "V004", R_STATE);
	/* of another phase */
	bottle_item_body(b, &body, COUNT_PLURALITY, 2);
	attack_body(b, RECORD_ITEM, &body, ROLE_ORGANISER, 1, "V024", R_STATE);
	bottle_skip_body(b, &body, 1);
	attack_body(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, "V094", R_STATE);
	/* by somebody else */
	bottle_closing_body(b, &body, 1);
	attack_body(b, RECORD_CLOSING, &body, ROLE_BOARD, 1, "V142", R_NOT_ALLOWED);
	attack_body(b, RECORD_CLOSING, &body, ROLE_TRUSTEE, 1, "V142", R_NOT_ALLOWED);
	/* signed by nobody */
	record.p[record.n - 20] ^= 1;
	attack(b, buffer_slice(&record), "V142", R_BAD_SIGNATURE);
	buffer_free(&record);
	buffer_free(&other);
	bottle_free(b);
}
END_TEST

/* Lines of the board edited and nothing else. */
START_TEST(a27_a39_lines)
{
	struct bottle *b = voting(NULL);
	struct slice *lines = calloc(b->line_count, sizeof *lines);
	struct buffer line = { 0 };
	const size_t k = 5;

	ck_assert_ptr_nonnull(lines);
	memcpy(lines, b->lines, b->line_count * sizeof *lines);
	attack_replace(&line, b->lines[k], "\"time\":", "\"time\":9");
	lines[k] = buffer_slice(&line);
	attack_lines(b, lines, b->line_count, "V006", R_CHAIN_BROKEN);
	buffer_clear(&line);
	attack_replace(&line, b->lines[k], "\"seq\":5", "\"seq\":6");
	lines[k] = buffer_slice(&line);
	attack_lines(b, lines, b->line_count, "V005", R_BAD_SEQUENCE);
	lines[k] = b->lines[k + 1]; /* one left out, one twice */
	attack_lines(b, lines, b->line_count, "V005", R_BAD_SEQUENCE);
	lines[k] = b->lines[k - 1];
	attack_lines(b, lines, b->line_count, "V005", R_BAD_SEQUENCE);
	free(lines);
	buffer_free(&line);
	bottle_free(b);
}
END_TEST

/* A receipt of an entry that the board then leaves out, and of one that was never there. */
START_TEST(a26_a32_a33_receipts)
{
	struct bottle *b = voting(NULL);
	struct digest leaves[64];
	struct merkle_tree *tree;
	struct receipt_expect expect = { .signers = frozen_signers(rules_now(b->rules)) };
	struct definition other = *expect.signers.definition;
	struct receipt receipt = { .path = leaves };
	struct buffer note = { 0 };
	struct entry entry;
	struct digest leaf;
	char *text;
	size_t i;

	ck_assert_uint_eq(merkle_tree_new(&tree), R_GOOD);
	for (i = 0; i < b->line_count; i++) {
		merkle_leaf(&leaf, b->lines[i].p, b->lines[i].n);
		ck_assert_uint_eq(merkle_tree_append(tree, &leaf), R_GOOD);
	}
	bottle_checkpoint(b, &note, b->lines, b->line_count);
	buffer_add(&note, "", 1);
	receipt.checkpoint = (const char *)note.p;
	receipt.path_count = merkle_tree_inclusion(tree, leaves, b->line_count - 1, b->line_count);
	text = (char *)attack_copy(b, b->lines[b->line_count - 1]);
	receipt.entry = text;
	ck_assert_uint_eq(entry_read(&entry, b->lines[b->line_count - 1], NULL), R_GOOD);
	expect.record = entry.record;
	ck_assert_uint_eq(receipt_verify(&receipt, &expect, NULL, NULL), R_GOOD);
	/* shown to somebody else */
	ck_assert_uint_eq(entry_read(&entry, b->lines[b->line_count - 2], NULL), R_GOOD);
	expect.record = entry.record;
	ck_assert_uint_eq(receipt_verify(&receipt, &expect, NULL, NULL), R_RECEIPT_NOT_MINE);
	/* an entry that is not below that head */
	text[b->lines[b->line_count - 1].n - 2] ^= 1;
	ck_assert_uint_eq(receipt_verify(&receipt, &expect, NULL, NULL), R_MISSING_ENTRY);
	/* another board's head */
	other.board.key = b->organiser.public;
	expect.signers.definition = &other;
	ck_assert_uint_eq(receipt_verify(&receipt, &expect, NULL, NULL), R_BAD_CHECKPOINT);
	merkle_tree_free(tree);
	buffer_free(&note);
	bottle_free(b);
}
END_TEST

START_TEST(a75_groups)
{
	static const char *const names[] = { "modp1024", "ristretto", "RISTRETTO255", "p=23,g=2" };
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	struct buffer record = { 0 }, other = { 0 };
	union record_body body;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		bottle_definition_body(b, &body);
		buffer_clear(&record);
		buffer_clear(&other);
		bottle_sign(b, &record, RECORD_DEFINITION, &body, ROLE_ORGANISER, 1);
		attack_replace(&other, buffer_slice(&record), "ristretto255", names[i]);
		attack(b, buffer_slice(&other), "V011", R_UNKNOWN_GROUP);
	}
	buffer_free(&record);
	buffer_free(&other);
	bottle_free(b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("attacks");
	TCase *t = tcase_create("voters");

	tcase_add_test(t, a1_proof_by_another_credential);
	tcase_add_test(t, a2_not_on_the_roll);
	tcase_add_test(t, a3_weak_challenge);
	tcase_add_test(t, a4_a5_copies);
	tcase_add_test(t, a6_another_election);
	tcase_add_test(t, a7_moved_to_another_question);
	tcase_add_test(t, a8_identity);
	tcase_add_test(t, a10_scalar_plus_order);
	tcase_add_test(t, a11_a12_modp);
	tcase_add_test(t, a13_wrong_numbers);
	tcase_add_test(t, a14_spelling);
	tcase_add_test(t, a74_empty_proof);
	tcase_add_test(t, a17_a34_after_the_end);
	tcase_add_test(t, a17_before_the_beginning);
	tcase_add_test(t, a98_cast_after_an_audit);
	suite_add_tcase(s, t);
	t = tcase_create("registrars");
	tcase_add_test(t, a20_two_names_one_key);
	tcase_add_test(t, a21_roll_after_opening);
	tcase_add_test(t, a22_weights);
	tcase_add_test(t, approvals);
	suite_add_tcase(s, t);
	t = tcase_create("board");
	tcase_add_test(t, a25_another_key_or_roll);
	tcase_add_test(t, a31_a_ballot_made_up);
	tcase_add_test(t, a37_again);
	tcase_add_test(t, a38_wrong_kinds);
	tcase_add_test(t, a38_accused_before_opening);
	tcase_add_test(t, a27_a39_lines);
	tcase_add_test(t, a26_a32_a33_receipts);
	tcase_add_test(t, a75_groups);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_main(suite());
}
