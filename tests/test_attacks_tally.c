/*
 * test_attacks_tally: what trustees and organisers try while the key is made, and when ballots are
 * mixed, opened and counted. As test_attacks.
 */
#include <check.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/elgamal.h"
#include "crypto/schnorr.h"
#include "crypto/shuffle.h"
#include "crypto/transcript.h"
#include "tests/attack_kit.h"
#include "tests/suite.h"

/* ---- the key ---- */

static struct bottle *
before_key(void)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);

	bottle_definition(b);
	return b;
}

static void
take(struct bottle *b, enum record_type type, const union record_body *body, unsigned trustee)
{
	bottle_must(b, bottle_post(b, type, body, ROLE_TRUSTEE, trustee), record_type_name(type));
}

static void
commit_all(struct bottle *b, unsigned from)
{
	union record_body body;

	for (; from <= 3; from++) {
		bottle_commit_body(b, &body, from);
		take(b, RECORD_KEYGEN_COMMIT, &body, from);
	}
}

static void
deal_all(struct bottle *b, unsigned from)
{
	union record_body body;

	for (; from <= 3; from++) {
		bottle_deal_body(b, &body, from);
		take(b, RECORD_KEYGEN_DEAL, &body, from);
	}
}

START_TEST(a40_a46_rogue_keys)
{
	struct bottle *b = before_key();
	union record_body first, body;

	bottle_commit_body(b, &first, 1);
	take(b, RECORD_KEYGEN_COMMIT, &first, 1);
	/* the receiving key of another, with its proof */
	bottle_commit_body(b, &body, 2);
	body.keygen_commit.receive = first.keygen_commit.receive;
	body.keygen_commit.proof = first.keygen_commit.proof;
	attack_body(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, "V056", R_BAD_PROOF);
	body.keygen_commit.proof.n = 0;
	attack_body(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, "V051", R_BAD_ENCODING);
	commit_all(b, 2);
	/* another's commitments: they are not what was committed to */
	bottle_deal_body(b, &first, 1);
	take(b, RECORD_KEYGEN_DEAL, &first, 1);
	bottle_deal_body(b, &body, 2);
	body.keygen_deal.commitments = first.keygen_deal.commitments;
	body.keygen_deal.proof = first.keygen_deal.proof;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, "V065", R_BAD_SHARE);
	/* the own ones, another's proof */
	bottle_deal_body(b, &body, 2);
	body.keygen_deal.proof = first.keygen_deal.proof;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, "V066", R_BAD_PROOF);
	body.keygen_deal.proof.n = 0;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, "V061", R_BAD_ENCODING);
	bottle_free(b);
}
END_TEST

/* Somebody guessed, or was told, what trustee 1 would deal, and committed to it. */
START_TEST(a46_copied_and_committed_to)
{
	struct bottle *b = before_key(), *told = before_key();
	union record_body first, body;
	struct transcript t;
	struct digest hash;
	uint8_t out[64];

	commit_all(told, 1);
	bottle_deal_body(told, &first, 1);
	bottle_commit_body(b, &body, 1);
	take(b, RECORD_KEYGEN_COMMIT, &body, 1);
	bottle_commit_body(b, &body, 2);
	transcript_start(&t, "tabella/1 keygen commit", "ristretto255",
	    frozen_election(rules_now(b->rules)));
	transcript_u64(&t, 1);
	transcript_u64(&t, 2);
	sha256(&hash, first.keygen_deal.commitments.p, first.keygen_deal.commitments.n);
	transcript_list(&t, &hash, 2, 1);
	transcript_finish(&t, out);
	memcpy(body.keygen_commit.commit.b, out, 32);
	/* the proof of the receiving key is bound to the commit: made anew */
	{
		struct keygen_status s;
		struct keygen_secret *secret;
		struct gvec *R;
		struct svec *rho;
		uint8_t *bytes = attack_copy(b, body.keygen_commit.receive), *proof;

		bottle_must(b, frozen_keygen(rules_now(b->rules), &s), "keygen");
		bottle_must(b, keygen_secret_new(&secret, &s.attempt, 2, b->trustees[1].seed),
		    "secret");
		proof = attack_copy(b, body.keygen_commit.proof);
		keygen_complaint(out, secret);
		bottle_must(b, svec_new(&rho, b->group, 1), "rho");
		bottle_must(b, svec_decode(rho, out, 32, NULL), "rho");
		bottle_must(b, gvec_new(&R, b->group, 1), "R");
		bottle_must(b, gvec_decode(R, bytes, 32, DECODE_NO_IDENTITY, NULL, NULL), "R");
		transcript_start(&t, "tabella/1 keygen receive", "ristretto255",
		    frozen_election(rules_now(b->rules)));
		transcript_u64(&t, 1);
		transcript_u64(&t, 2);
		transcript_bytes(&t, body.keygen_commit.commit.b, 32);
		bottle_must(b, schnorr_prove(proof, &t, R, rho, &b->rng), "proof");
		body.keygen_commit.proof.p = proof;
		gvec_free(R);
		svec_free(rho);
		keygen_secret_free(secret);
	}
	take(b, RECORD_KEYGEN_COMMIT, &body, 2);
	commit_all(b, 3);
	bottle_deal_body(b, &body, 2);
	body.keygen_deal.commitments = first.keygen_deal.commitments;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, "V066", R_BAD_PROOF);
	body.keygen_deal.proof = first.keygen_deal.proof;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, "V066", R_BAD_PROOF);
	bottle_free(told);
	bottle_free(b);
}
END_TEST

START_TEST(a42_identity)
{
	struct bottle *b = before_key();
	union record_body body;
	uint8_t *A;
	unsigned i;

	bottle_commit_body(b, &body, 1);
	memset((uint8_t *)(uintptr_t)body.keygen_commit.receive.p, 0, 32);
	attack_body(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, "V051", R_BAD_ELEMENT);
	commit_all(b, 1);
	for (i = 0; i < 2; i++) {
		bottle_deal_body(b, &body, 1);
		A = attack_copy(b, body.keygen_deal.commitments);
		memset(A + 32 * i, 0, 32);
		body.keygen_deal.commitments.p = A;
		attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, "V061", R_BAD_ELEMENT);
	}
	/* in place of the point of a share */
	bottle_deal_body(b, &body, 1);
	A = attack_copy(b, body.keygen_deal.shares);
	memset(A, 0, 32);
	body.keygen_deal.shares.p = A;
	attack_body(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, "V061", R_BAD_ELEMENT);
	bottle_free(b);
}
END_TEST

/* Who is excluded after trustee 1 complains about trustee 2. */
static uint64_t
blamed(int wrong_share)
{
	struct bottle *b = before_key();
	struct keygen_status s;
	union record_body body;
	uint64_t excluded;

	commit_all(b, 1);
	bottle_deal_body(b, &body, 1);
	take(b, RECORD_KEYGEN_DEAL, &body, 1);
	bottle_deal_body(b, &body, 2);
	body.keygen_deal.shares.p = attack_copy(b, body.keygen_deal.shares);
	((uint8_t *)(uintptr_t)body.keygen_deal.shares.p)[40] ^= wrong_share != 0;
	take(b, RECORD_KEYGEN_DEAL, &body, 2);
	deal_all(b, 3);
	bottle_complain_body(b, &body, 1, 2);
	take(b, RECORD_KEYGEN_COMPLAIN, &body, 1);
	bottle_must(b, frozen_keygen(rules_now(b->rules), &s), "keygen");
	excluded = s.excluded;
	/* the one who was excluded is out of it */
	bottle_commit_body(b, &body, 3);
	body.keygen_commit.prev = bottle_prev(b, ROLE_TRUSTEE, excluded == 1 ? 1 : 2);
	attack_body(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, excluded == 1 ? 1 : 2, "V054",
	    R_STATE);
	bottle_free(b);
	return excluded;
}

START_TEST(a43_a44_complaints)
{
	ck_assert_uint_eq(blamed(1), 1U << 1);
	ck_assert_uint_eq(blamed(0), 1U << 0);
}
END_TEST

START_TEST(a47_complaint_after_confirming)
{
	struct bottle *b = before_key();
	union record_body body;

	commit_all(b, 1);
	deal_all(b, 1);
	bottle_confirm_body(b, &body, 1);
	body.keygen_confirm.transcript.b[0] ^= 1;
	attack_body(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, 1, "V075", R_WRONG_KEY);
	body.keygen_confirm.transcript.b[0] ^= 1;
	take(b, RECORD_KEYGEN_CONFIRM, &body, 1);
	bottle_complain_body(b, &body, 1, 2);
	attack_body(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 1, "V084", R_STATE);
	/* about oneself; and the organiser may not skip who is there */
	bottle_complain_body(b, &body, 2, 2);
	attack_body(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 2, "V084", R_STATE);
	bottle_skip_body(b, &body, 1);
	attack_body(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, "V094", R_STATE);
	bottle_free(b);
}
END_TEST

/* ---- mixing ---- */

/* One item of `options` options with three ballots, closed. */
static struct bottle *
closed(enum count_method method, unsigned options)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);

	bottle_to_voting(b, method, options);
	bottle_vote(b, 0, 1, "1");
	bottle_vote(b, 1, 1, "2");
	bottle_vote(b, 2, 1, "2");
	bottle_vote(b, 0, 1, "2");
	bottle_close(b, 1);
	return b;
}

/* The blob of a mix or decryption, to be changed: *id is the new one once attack_blob was
 * called. */
static uint8_t *
open_blob(struct bottle *b, const struct digest *id, size_t *n)
{
	const struct bottle_blob *blob = bottle_find_blob(b, id);

	*n = blob->bytes.n;
	return attack_copy(b, blob->bytes);
}

static void
attack_mix(struct bottle *b, const union record_body *body, unsigned trustee, const char *check,
    enum result reason)
{
	attack_body(b, RECORD_MIX, body, ROLE_TRUSTEE, trustee, check, reason);
}

/* A mix of trustee 1 of this list, proved, as of this item. */
static void
mix_of(struct bottle *b, union record_body *body, struct slice input, unsigned trustee,
    uint64_t item, uint64_t ordinal)
{
	struct item_status s;
	struct shuffle_statement statement = { .group = b->group,
		.item = item,
		.ordinal = ordinal,
		.trustee = trustee,
		.y = frozen_key(rules_now(b->rules)),
		.input = input };
	uint8_t *output, *proof;
	size_t out_n, proof_n;

	bottle_must(b, frozen_item(rules_now(b->rules), 1, &s), "item");
	statement.close = s.close;
	statement.rows = (size_t)s.counted;
	statement.width = s.width;
	out_n = shuffle_output_bytes(b->group, statement.rows, statement.width);
	proof_n = shuffle_proof_bytes(b->group, statement.rows, statement.width);
	output = arena_alloc(&b->arena, out_n);
	proof = arena_alloc(&b->arena, proof_n);
	bottle_must(b, shuffle_mix(&statement, output, proof, &b->rng, NULL), "mix");
	bottle_mix_body(b, body, trustee, 1);
	body->mix.output = bottle_blob(b, (struct slice){ output, out_n });
	body->mix.proof = bottle_blob(b, (struct slice){ proof, proof_n });
}

START_TEST(a48_a53_other_rows)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);
	union record_body honest, body;
	struct list list;
	uint8_t *bytes;
	size_t n;

	bottle_ready(b, 1);
	bottle_mix_body(b, &honest, 1, 1);
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	/* one row replaced by one of the input, the proof as it was */
	body = honest;
	bytes = open_blob(b, &honest.mix.output, &n);
	memcpy(bytes, list.bytes.p, 64);
	body.mix.output = bottle_blob(b, (struct slice){ bytes, n });
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	/* one doubled, one dropped */
	bytes = open_blob(b, &honest.mix.output, &n);
	memcpy(bytes, bytes + 64, 64);
	body.mix.output = bottle_blob(b, (struct slice){ bytes, n });
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	/* the prover began with another list: one vote is another's */
	bytes = attack_copy(b, list.bytes);
	memcpy(bytes, bytes + 64, 64);
	mix_of(b, &body, (struct slice){ bytes, list.bytes.n }, 1, 1, 1);
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	body.mix.input = list.digest;
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	/* and says so */
	sha256(&body.mix.input, bytes, list.bytes.n);
	attack_mix(b, &body, 1, "V175", R_INPUT_LIST);
	list_release(&list);
	bottle_free(b);
}
END_TEST

START_TEST(a54_nothing_mixed)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);
	union record_body body;
	struct list list;

	bottle_ready(b, 1);
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	bottle_mix_body(b, &body, 1, 1);
	body.mix.output = bottle_blob(b, list.bytes);
	attack_mix(b, &body, 1, "V175", R_NOOP_MIX);
	list_release(&list);
	bottle_free(b);
}
END_TEST

START_TEST(a54_a_single_row)
{
	const struct bottle_plan plan = { .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;
	struct list list;

	bottle_to_voting(b, COUNT_PLURALITY, 3);
	bottle_vote(b, 0, 1, "1");
	bottle_close(b, 1);
	bottle_ready(b, 1);
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	bottle_mix_body(b, &body, 1, 1);
	body.mix.output = bottle_blob(b, list.bytes);
	attack_mix(b, &body, 1, "V175", R_NOOP_MIX);
	list_release(&list);
	bottle_free(b);
}
END_TEST

START_TEST(a55_a57_whose_mix)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);
	union record_body body, second;
	struct list list;

	bottle_ready(b, 1);
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	/* another's mix as one's own; one for another question; one for another place */
	mix_of(b, &body, list.bytes, 2, 1, 1);
	second = body;
	second.mix.prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	attack_mix(b, &second, 1, "V176", R_BAD_SHUFFLE);
	mix_of(b, &body, list.bytes, 1, 2, 1);
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	mix_of(b, &body, list.bytes, 1, 1, 2);
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	/* twice */
	bottle_mix_body(b, &body, 1, 1);
	take(b, RECORD_MIX, &body, 1);
	bottle_mix_body(b, &second, 1, 1);
	attack_mix(b, &second, 1, "V174", R_MIX_TRUSTEE);
	/* the first list again, after it was mixed */
	bottle_mix_body(b, &second, 2, 1);
	second.mix.input = list.digest;
	attack_mix(b, &second, 2, "V175", R_INPUT_LIST);
	/* lengths */
	bottle_mix_body(b, &second, 2, 1);
	second.mix.proof = bottle_blob(b, slice_of(""));
	attack_mix(b, &second, 2, "V171", R_BAD_WIDTH);
	second.mix.output = bottle_blob(b, slice_of("x"));
	attack_mix(b, &second, 2, "V171", R_BAD_WIDTH);
	/* one that is not there */
	second.mix.output.b[0] ^= 1;
	attack_mix(b, &second, 2, "V175", R_MISSING_BLOB);
	list_release(&list);
	bottle_free(b);
}
END_TEST

START_TEST(a56_a65_a66_too_early)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);
	union record_body body;
	struct list list;

	bottle_ready(b, 1);
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	bottle_decrypt_body(b, &body, 1, 1);
	attack_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, "V184", R_MIX_MISSING);
	bottle_mix_body(b, &body, 1, 1);
	take(b, RECORD_MIX, &body, 1);
	bottle_decrypt_body(b, &body, 1, 1);
	attack_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, "V184", R_MIX_MISSING);
	bottle_mix(b, 1);
	/* the ballots as they were cast */
	bottle_decrypt_body(b, &body, 1, 1);
	body.decrypt.list = list.digest;
	attack_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, "V185", R_NOT_MIXED);
	body.decrypt.list.b[0] ^= 1;
	attack_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, "V185", R_INPUT_LIST);
	list_release(&list);
	bottle_free(b);
}
END_TEST

/* Two ciphertexts a row: columns swapped, in one row and in all. */
START_TEST(a58_columns)
{
	struct bottle *b = closed(COUNT_CONDORCET, 40);
	union record_body honest, body;
	uint8_t *bytes, kept[64];
	size_t n, row, rows;

	bottle_ready(b, 1);
	bottle_mix_body(b, &honest, 1, 1);
	for (rows = 1; rows <= 3; rows += 2) {
		body = honest;
		bytes = open_blob(b, &honest.mix.output, &n);
		for (row = 0; row < rows; row++) {
			memcpy(kept, bytes + row * 128, 64);
			memcpy(bytes + row * 128, bytes + row * 128 + 64, 64);
			memcpy(bytes + row * 128 + 64, kept, 64);
		}
		body.mix.output = bottle_blob(b, (struct slice){ bytes, n });
		attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	}
	/* re-paired with another row's */
	body = honest;
	bytes = open_blob(b, &honest.mix.output, &n);
	memcpy(kept, bytes + 64, 64);
	memcpy(bytes + 64, bytes + 128 + 64, 64);
	memcpy(bytes + 128 + 64, kept, 64);
	body.mix.output = bottle_blob(b, (struct slice){ bytes, n });
	attack_mix(b, &body, 1, "V176", R_BAD_SHUFFLE);
	bottle_free(b);
}
END_TEST

/* ---- one history ---- */

START_TEST(a35_a101_other_lists)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);
	union record_body body;
	struct list list;
	struct record *first;
	struct entry entry;
	uint8_t *bytes;
	size_t i;

	/* voter 0's first vote instead of the last: as it stands on the board */
	bottle_must(b, frozen_list(rules_now(b->rules), 1, &b->source, &list, NULL), "list");
	bytes = attack_copy(b, list.bytes);
	i = 0;
	do {
		bottle_must(b, entry_read(&entry, b->lines[i++], NULL), "entry");
		bottle_must(b, record_parse(&first, NULL, entry.record, NULL), "record");
		if (first->type != RECORD_BALLOT)
			record_free(first);
		else
			break;
	} while (i < b->line_count);
	ck_assert_uint_lt(i, b->line_count);
	ck_assert_uint_eq(first->of.ballot.line, b->voters[0].line);
	memcpy(bytes + 64 * first->of.ballot.line, first->of.ballot.answers[0].cts.p, 64);
	ck_assert(memcmp(bytes, list.bytes.p, list.bytes.n) != 0);
	bottle_ready_body(b, &body, 1, 1);
	sha256(&body.ready.list, bytes, list.bytes.n);
	attack_body(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, "V165", R_INPUT_LIST);
	/* another close */
	bottle_ready_body(b, &body, 1, 1);
	body.ready.close.b[0] ^= 1;
	attack_body(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, "V163", R_WRONG_ELECTION);
	/* two of three are not enough to open anything */
	for (i = 1; i <= 2; i++) {
		bottle_ready_body(b, &body, (unsigned)i, 1);
		take(b, RECORD_READY, &body, (unsigned)i);
		bottle_ready_body(b, &body, (unsigned)i, 1);
		attack_body(b, RECORD_READY, &body, ROLE_TRUSTEE, (unsigned)i, "V164", R_STATE);
		bottle_mix_body(b, &body, 1, 1);
		attack_mix(b, &body, 1, "V174", R_NO_QUORUM);
	}
	/* now that some are ready, another list is still another */
	bottle_ready_body(b, &body, 3, 1);
	sha256(&body.ready.list, bytes, list.bytes.n);
	attack_body(b, RECORD_READY, &body, ROLE_TRUSTEE, 3, "V165", R_INPUT_LIST);
	bottle_ready(b, 1);
	mix_of(b, &body, (struct slice){ bytes, list.bytes.n }, 1, 1, 1);
	sha256(&body.mix.input, bytes, list.bytes.n);
	attack_mix(b, &body, 1, "V175", R_INPUT_LIST);
	record_free(first);
	list_release(&list);
	bottle_free(b);
}
END_TEST

START_TEST(a102_too_few_ballots)
{
	const struct bottle_plan plan = { .min_ballots = 3, .seed = 1 };
	struct bottle *b = bottle_new(&plan);
	union record_body body;

	bottle_to_voting(b, COUNT_PLURALITY, 3);
	bottle_vote(b, 0, 1, "1");
	bottle_vote(b, 1, 1, "2");
	bottle_close(b, 1);
	bottle_ready_body(b, &body, 1, 1);
	attack_body(b, RECORD_READY, &body, ROLE_TRUSTEE, 1, "V164", R_MIN_BALLOTS);
	bottle_mix_body(b, &body, 1, 1);
	attack_mix(b, &body, 1, "V174", R_MIN_BALLOTS);
	bottle_decrypt_body(b, &body, 1, 1);
	attack_body(b, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1, "V184", R_MIN_BALLOTS);
	bottle_result(b, 1);
	bottle_free(b);
}
END_TEST

/* ---- opening ---- */

static struct bottle *
mixed(void)
{
	struct bottle *b = closed(COUNT_PLURALITY, 3);

	bottle_ready(b, 1);
	bottle_mix(b, 1);
	return b;
}

static void
attack_decrypt(struct bottle *b, const union record_body *body, unsigned trustee, const char *check,
    enum result reason)
{
	attack_body(b, RECORD_DECRYPT, body, ROLE_TRUSTEE, trustee, check, reason);
}

/* Wrong factors, and a proof for a challenge that was chosen before them. */
START_TEST(a60_weak_challenge)
{
	struct bottle *b = mixed();
	union record_body body, fault;
	struct gvec *g, *A, *X, *D, *T1, *T2;
	struct svec *c, *s;
	struct buffer record = { 0 };
	struct item_status status;
	uint8_t *factors, *proof;
	size_t n;

	bottle_decrypt_body(b, &body, 1, 1);
	factors = open_blob(b, &body.decrypt.factors, &n);
	memcpy(factors, factors + 32, 32); /* as good as any wrong element */
	body.decrypt.factors = bottle_blob(b, (struct slice){ factors, n });
	attack_decrypt(b, &body, 1, "V186", R_BAD_DECRYPTION);
	/* T_1 = g^s / X^c, T_2 = A^s / D^c hold for the chosen c, whatever A and D are. */
	bottle_must(b, gvec_new(&g, b->group, 1), "g");
	bottle_must(b, gvec_new(&A, b->group, 1), "A");
	bottle_must(b, gvec_new(&X, b->group, 1), "X");
	bottle_must(b, gvec_new(&D, b->group, 1), "D");
	bottle_must(b, gvec_new(&T1, b->group, 1), "T1");
	bottle_must(b, gvec_new(&T2, b->group, 1), "T2");
	bottle_must(b, svec_new(&c, b->group, 1), "c");
	bottle_must(b, svec_new(&s, b->group, 1), "s");
	bottle_must(b, svec_random(c, &b->rng), "c");
	bottle_must(b, svec_random(s, &b->rng), "s");
	gvec_set_generator(g);
	bottle_must(b, gvec_decode(A, factors, 32, DECODE_NO_IDENTITY, NULL, NULL), "A");
	bottle_must(b, gvec_decode(D, factors + 64, 32, DECODE_NO_IDENTITY, NULL, NULL), "D");
	bottle_must(b, gvec_pow(T1, g, s, NULL), "T1");
	bottle_must(b, gvec_pow(X, frozen_share(rules_now(b->rules), 1), c, NULL), "X");
	gvec_div(T1, T1, X);
	bottle_must(b, gvec_pow(T2, A, s, NULL), "T2");
	bottle_must(b, gvec_pow(X, D, c, NULL), "D");
	gvec_div(T2, T2, X);
	bottle_must(b, dleq_equations(frozen_share(rules_now(b->rules), 1), A, D, T1, T2, c, s),
	    "the forgery");
	proof = attack_copy(b, body.decrypt.proof);
	bottle_must(b, gvec_encode(proof, 32, T1, NULL), "T1");
	bottle_must(b, gvec_encode(proof + 32, 32, T2, NULL), "T2");
	svec_encode(proof + 64, 32, s);
	body.decrypt.proof.p = proof;
	attack_decrypt(b, &body, 1, "V186", R_BAD_DECRYPTION);
	/* the board says who it was; it is out, and the others finish */
	bottle_sign(b, &record, RECORD_DECRYPT, &body, ROLE_TRUSTEE, 1);
	bottle_fault_body(b, &fault, buffer_slice(&record));
	bottle_must(b, bottle_post(b, RECORD_FAULT, &fault, ROLE_BOARD, 1), "fault");
	bottle_must(b, frozen_item(rules_now(b->rules), 1, &status), "item");
	ck_assert_uint_eq(status.faults, 1);
	bottle_decrypt_body(b, &body, 1, 1);
	attack_decrypt(b, &body, 1, "V182", R_NOT_ALLOWED);
	bottle_decrypt(b, 1);
	bottle_result(b, 1);
	gvec_free(g);
	gvec_free(A);
	gvec_free(X);
	gvec_free(D);
	gvec_free(T1);
	gvec_free(T2);
	svec_free(c);
	svec_free(s);
	buffer_free(&record);
	bottle_free(b);
}
END_TEST

START_TEST(a62_a63_factors)
{
	struct bottle *b = mixed();
	union record_body first, body;
	uint8_t *factors, kept[32];
	size_t n;

	bottle_decrypt_body(b, &first, 1, 1);
	take(b, RECORD_DECRYPT, &first, 1);
	/* the same under another's name */
	bottle_decrypt_body(b, &body, 2, 1);
	body.decrypt.factors = first.decrypt.factors;
	attack_decrypt(b, &body, 2, "V186", R_BAD_DECRYPTION);
	body.decrypt.proof = first.decrypt.proof;
	attack_decrypt(b, &body, 2, "V186", R_BAD_DECRYPTION);
	/* twice */
	bottle_decrypt_body(b, &body, 1, 1);
	attack_decrypt(b, &body, 1, "V184", R_STATE);
	/* permuted, one missing, one too many, the identity, no proof */
	bottle_decrypt_body(b, &body, 2, 1);
	factors = open_blob(b, &body.decrypt.factors, &n);
	memcpy(kept, factors, 32);
	memcpy(factors, factors + 32, 32);
	memcpy(factors + 32, kept, 32);
	body.decrypt.factors = bottle_blob(b, (struct slice){ factors, n });
	attack_decrypt(b, &body, 2, "V186", R_BAD_DECRYPTION);
	body.decrypt.factors = bottle_blob(b, (struct slice){ factors, n - 32 });
	attack_decrypt(b, &body, 2, "V181", R_BAD_WIDTH);
	body.decrypt.factors = bottle_blob(b, (struct slice){ factors, n + 1 });
	attack_decrypt(b, &body, 2, "V181", R_BAD_WIDTH);
	memset(factors, 0, 32);
	body.decrypt.factors = bottle_blob(b, (struct slice){ factors, n });
	attack_decrypt(b, &body, 2, "V181", R_BAD_ELEMENT);
	bottle_decrypt_body(b, &body, 2, 1);
	body.decrypt.proof.n = 0;
	attack_decrypt(b, &body, 2, "V181", R_BAD_ENCODING);
	bottle_free(b);
}
END_TEST

/* ---- results ---- */

START_TEST(a68_a69_results)
{
	struct bottle *b = mixed();
	union record_body body, honest;
	struct digest other;

	bottle_decrypt_body(b, &body, 1, 1);
	take(b, RECORD_DECRYPT, &body, 1);
	bottle_result_body(b, &body, 1);
	attack_body(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, "V204", R_BELOW_THRESHOLD);
	bottle_decrypt(b, 1);
	bottle_result_body(b, &honest, 1);
	/* other totals */
	body = honest;
	body_result_hash(&other, slice_of("{\"winners\":[1]}"));
	body.result.result = other;
	attack_body(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, "V205", R_RESULT_MISMATCH);
	/* from before the last decryption that is needed */
	body = honest;
	body.result.upto.seq--;
	attack_body(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, "V205", R_INPUT_LIST);
	bottle_must(b, rules_entry_hash(b->rules, body.result.upto.seq, &body.result.upto.hash),
	    "entry");
	attack_body(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, "V205", R_INPUT_LIST);
	/* an accusation of nothing */
	{
		struct record *record;
		struct entry entry;

		bottle_must(b, entry_read(&entry, b->lines[b->line_count - 1], NULL), "entry");
		bottle_must(b, record_parse(&record, NULL, entry.record, NULL), "record");
		bottle_fault_body(b, &body, record->bytes);
		attack_body(b, RECORD_FAULT, &body, ROLE_BOARD, 1, "V195", R_BAD_FAULT);
		record_free(record);
	}
	bottle_must(b, bottle_post(b, RECORD_RESULT, &honest, ROLE_ORGANISER, 1), "result");
	bottle_result_body(b, &body, 1);
	attack_body(b, RECORD_RESULT, &body, ROLE_ORGANISER, 1, "V204", R_STATE);
	bottle_free(b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("attacks_tally");
	TCase *t = tcase_create("key");

	tcase_add_test(t, a40_a46_rogue_keys);
	tcase_add_test(t, a46_copied_and_committed_to);
	tcase_add_test(t, a42_identity);
	tcase_add_test(t, a43_a44_complaints);
	tcase_add_test(t, a47_complaint_after_confirming);
	suite_add_tcase(s, t);
	t = tcase_create("mixing");
	tcase_add_test(t, a48_a53_other_rows);
	tcase_add_test(t, a54_nothing_mixed);
	tcase_add_test(t, a54_a_single_row);
	tcase_add_test(t, a55_a57_whose_mix);
	tcase_add_test(t, a56_a65_a66_too_early);
	tcase_add_test(t, a58_columns);
	tcase_add_test(t, a35_a101_other_lists);
	tcase_add_test(t, a102_too_few_ballots);
	suite_add_tcase(s, t);
	t = tcase_create("opening");
	tcase_add_test(t, a60_weak_challenge);
	tcase_add_test(t, a62_a63_factors);
	tcase_add_test(t, a68_a69_results);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_main(suite());
}
