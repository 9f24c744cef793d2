/* test_rules_keygen: key generation on the board: every refusal, complaints, skips, attempts. */
#include <check.h>
#include <string.h>

#include "crypto/keygen_parts.h"
#include "crypto/schnorr.h"
#include "tests/expect.h"
#include "tests/suite.h"

/* The participants' arrays in it last until the next record. */
static struct keygen_status
status_of(struct bottle *b)
{
	struct keygen_status s;

	ck_assert_int_eq(frozen_keygen(rules_now(b->rules), &s), R_GOOD);
	return s;
}

static void
start(struct bottle **b, const struct bottle_plan *plan)
{
	*b = bottle_new(plan);
	bottle_definition(*b);
	bottle_item(*b, COUNT_PLURALITY, 2);
	bottle_roll(*b);
	bottle_approve(*b);
}

static void
commit_all(struct bottle *b)
{
	union record_body body;
	unsigned t;

	for (t = 1; t <= b->plan.trustees; t++) {
		bottle_commit_body(b, &body, t);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, t),
		    "commit");
	}
}

static void
deal_all(struct bottle *b)
{
	union record_body body;
	unsigned t;

	for (t = 1; t <= b->plan.trustees; t++) {
		bottle_deal_body(b, &body, t);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, t), "deal");
	}
}

/* A copy of bytes that may be changed; it lives as long as the bottle. */
static uint8_t *
copy(struct bottle *b, struct slice *bytes)
{
	uint8_t *p = arena_alloc(&b->arena, bytes->n);

	memcpy(p, bytes->p, bytes->n);
	bytes->p = p;
	return p;
}

static const struct bottle_plan three = { .voters = 2 };

START_TEST(commits)
{
	struct bottle *b;
	union record_body body;
	struct body_keygen_commit *c = &body.keygen_commit;
	uint8_t *p;

	start(&b, &three);
	bottle_commit_body(b, &body, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_GOOD);
	/* somebody else's, as it is */
	c->prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 1, R_BAD_PROOF);
	c->attempt = 2;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_STATE);
	c->attempt = 1;
	c->commit.b[0] ^= 1; /* the proof is bound to it */
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_PROOF);
	c->commit.b[0] ^= 1;
	c->proof.n--;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_ENCODING);
	c->proof.n = 0;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_ENCODING);
	bottle_commit_body(b, &body, 2);
	c->receive.n--;
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_ENCODING);
	c->receive.n++;
	p = copy(b, &c->receive);
	memset(p, 0, c->receive.n);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_ELEMENT);
	ck_assert_str_eq(b->why.check, "V051");
	memset(p, 0xff, c->receive.n);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_NON_CANONICAL);
	/* both fields bad: the first is named */
	p = copy(b, &c->proof);
	memset(p, 0, 32);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_BAD_ELEMENT);

	bottle_commit_body(b, &body, 2);
	ck_assert_int_eq(bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2), R_GOOD);
	c->prev = bottle_prev(b, ROLE_TRUSTEE, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_STATE);
	ck_assert_uint_eq(status_of(b).posted, 2);
	bottle_free(b);
}
END_TEST

START_TEST(deals)
{
	struct bottle *b;
	union record_body body, other;
	struct body_keygen_deal *d = &body.keygen_deal;
	uint8_t *p;
	size_t i;

	start(&b, &three);
	commit_all(b);
	bottle_deal_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_GOOD);
	/* another's deal, and one's own commitments with another's proof */
	bottle_deal_body(b, &other, 2);
	other.keygen_deal.prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &other, ROLE_TRUSTEE, 1, R_BAD_SHARE);
	ck_assert_str_eq(b->why.check, "V065");
	d->proof = other.keygen_deal.proof;
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_PROOF);
	bottle_deal_body(b, &body, 1);
	p = copy(b, &d->commitments);
	memcpy(p + 32, other.keygen_deal.commitments.p + 32, 32);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_SHARE);
	memset(p + 32, 0, 32);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_ELEMENT);
	d->commitments.n = 32;
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	bottle_deal_body(b, &body, 1);
	d->shares.n--;
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	d->shares.n = 2 * (32 + 48);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_ENCODING);
	bottle_deal_body(b, &body, 1);
	p = copy(b, &d->shares);
	for (i = 0; i < 3; i++) {
		uint8_t before[32];

		memcpy(before, p + i * 80, 32);
		memset(p + i * 80, 0, 32);
		EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_BAD_ELEMENT);
		memcpy(p + i * 80, before, 32);
	}
	d->attempt = 2;
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_STATE);
	d->attempt = 1;
	ck_assert_int_eq(bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1), R_GOOD);
	d->prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1, R_STATE);
	bottle_free(b);
}
END_TEST

START_TEST(confirmations)
{
	struct bottle *b;
	union record_body body, complaint;
	struct digest none;

	start(&b, &three);
	ck_assert_ptr_null(frozen_key(rules_now(b->rules)));
	commit_all(b);
	ck_assert_ptr_null(status_of(b).transcript);
	deal_all(b);
	ck_assert_ptr_nonnull(frozen_key(rules_now(b->rules)));
	ck_assert_ptr_nonnull(frozen_share(rules_now(b->rules), 3));
	ck_assert_ptr_null(frozen_share(rules_now(b->rules), 4));
	ck_assert_ptr_null(frozen_share(rules_now(b->rules), 0));
	none = *status_of(b).transcript;
	bottle_confirm_body(b, &body, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, 1, R_GOOD);
	body.keygen_confirm.transcript.b[31] ^= 1;
	EXPECT_BODY(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, 1, R_WRONG_KEY);
	ck_assert_str_eq(b->why.check, "V075");
	body.keygen_confirm.transcript = none;
	ck_assert_int_eq(bottle_post(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, 1), R_GOOD);
	body.keygen_confirm.prev = bottle_prev(b, ROLE_TRUSTEE, 1);
	EXPECT_BODY(b, RECORD_KEYGEN_CONFIRM, &body, ROLE_TRUSTEE, 1, R_STATE);
	/* Who has confirmed has nothing to complain about. */
	bottle_complain_body(b, &complaint, 1, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &complaint, ROLE_TRUSTEE, 1, R_STATE);
	bottle_keygen(b);
	ck_assert_int_eq(status_of(b).step, KEYGEN_DONE);
	bottle_open(b);
	bottle_free(b);
}
END_TEST

/* ---- blame ---- */

/* Vote and count with whoever is left: the key works. */
static void
whole_election(struct bottle *b)
{
	bottle_open(b);
	bottle_open_item(b, 1);
	bottle_vote(b, 0, 1, "1");
	bottle_vote(b, 1, 1, "2");
	bottle_finish(b, 1);
	ck_assert_int_eq(rules_complete(b->rules, NULL), R_GOOD);
}

/* Trustee 2 deals a wrong share to trustee 3, who complains: 2 is out, the next attempt is fresh. */
START_TEST(bad_dealer)
{
	struct bottle *b;
	union record_body body;
	struct body_keygen_complain *c = &body.keygen_complain;
	uint8_t *p;
	struct keygen_status s;

	start(&b, &three);
	commit_all(b);
	bottle_deal_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1), "deal");
	bottle_deal_body(b, &body, 2);
	p = copy(b, &body.keygen_deal.shares);
	p[2 * 80 + 32] ^= 1; /* in the box for trustee 3 */
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2), "deal");
	bottle_deal_body(b, &body, 3);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 3), "deal");

	bottle_complain_body(b, &body, 3, 2);
	c->dealer = 3; /* oneself */
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3, R_STATE);
	c->dealer = 4; /* nobody */
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3, R_STATE);
	c->dealer = 2;
	c->attempt = 2;
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3, R_STATE);
	c->attempt = 1;
	c->rho.n = 31;
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3, R_BAD_ENCODING);
	c->rho.n = 32;
	p = copy(b, &c->rho);
	p[31] |= 0xf0;
	EXPECT_BODY(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3, R_NON_CANONICAL);
	bottle_complain_body(b, &body, 3, 2);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 3), "complain");

	s = status_of(b);
	ck_assert_int_eq(s.step, KEYGEN_COMMIT);
	ck_assert_uint_eq(s.attempt.attempt, 2);
	ck_assert_uint_eq(s.attempt.count, 2);
	ck_assert_uint_eq(s.attempt.participants[0], 1);
	ck_assert_uint_eq(s.attempt.participants[1], 3);
	ck_assert_uint_eq(s.excluded, 2);
	ck_assert_uint_eq(s.posted, 0);
	ck_assert_ptr_null(frozen_key(rules_now(b->rules)));
	/* The culprit takes no part any more. */
	memset(&body, 0, sizeof body);
	body.keygen_commit.attempt = 2;
	body.keygen_commit.election = *frozen_election(rules_now(b->rules));
	body.keygen_commit.prev = bottle_prev(b, ROLE_TRUSTEE, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 2, R_STATE);
	bottle_skip_body(b, &body, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_keygen(b);
	ck_assert_ptr_null(frozen_share(rules_now(b->rules), 2));
	whole_election(b);
	bottle_free(b);
}
END_TEST

/* A false complaint, or one with a wrong rho: the complainer is out. */
START_TEST(false_complaint)
{
	struct bottle *b;
	union record_body body;
	uint8_t *p;

	start(&b, &three);
	commit_all(b);
	deal_all(b);
	bottle_complain_body(b, &body, 1, 2);
	if (_i == 1) {
		p = copy(b, &body.keygen_complain.rho);
		p[0] ^= 1;
	}
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMPLAIN, &body, ROLE_TRUSTEE, 1), "complain");
	ck_assert_uint_eq(status_of(b).excluded, 1);
	ck_assert_uint_eq(status_of(b).attempt.participants[0], 2);
	bottle_keygen(b);
	whole_election(b);
	bottle_free(b);
}
END_TEST

/* Who is silent at a step is skipped, and nobody else. */
START_TEST(skips)
{
	struct bottle *b;
	union record_body body;
	unsigned t;

	start(&b, &three);
	if (_i >= 1)
		commit_all(b);
	if (_i >= 2)
		deal_all(b);
	bottle_skip_body(b, &body, 4);
	EXPECT_BODY(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_skip_body(b, &body, 3);
	body.keygen_skip.attempt = 2;
	EXPECT_BODY(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, R_STATE);
	for (t = 1; t <= 2; t++) {
		if (_i == 0)
			bottle_commit_body(b, &body, t);
		else if (_i == 1)
			bottle_deal_body(b, &body, t);
		else
			bottle_confirm_body(b, &body, t);
		bottle_must(b,
		    bottle_post(b,
			_i == 0       ? RECORD_KEYGEN_COMMIT
			    : _i == 1 ? RECORD_KEYGEN_DEAL
				      : RECORD_KEYGEN_CONFIRM,
			&body, ROLE_TRUSTEE, t),
		    "step");
		bottle_skip_body(b, &body, t);
		EXPECT_BODY(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, R_STATE);
	}
	bottle_skip_body(b, &body, 3);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	ck_assert_uint_eq(status_of(b).excluded, 4);
	ck_assert_uint_eq(status_of(b).attempt.attempt, 2);
	bottle_keygen(b);
	whole_election(b);
	bottle_free(b);
}
END_TEST

/* Fewer trustees than mixers: no key, for good. */
START_TEST(too_few)
{
	struct bottle *b;
	union record_body body;

	start(&b, &three);
	bottle_skip_body(b, &body, 1);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	bottle_skip_body(b, &body, 2);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	ck_assert_int_eq(status_of(b).step, KEYGEN_FAILED);
	memset(&body, 0, sizeof body);
	body.keygen_commit.attempt = 3;
	body.keygen_commit.election = *frozen_election(rules_now(b->rules));
	body.keygen_commit.prev = bottle_prev(b, ROLE_TRUSTEE, 3);
	EXPECT_BODY(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, 3, R_STATE);
	bottle_skip_body(b, &body, 3);
	EXPECT_BODY(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_open_body(b, &body);
	EXPECT_BODY(b, RECORD_OPEN, &body, ROLE_ORGANISER, 1, R_STATE);
	bottle_free(b);
}
END_TEST

/* ---- the identity ---- */

/* Commit and deal by hand, with threshold 1, so that the constant term is a chosen one: a or -a. */
struct hand {
	struct svec *a;
	struct gvec *A;
	uint8_t bytes[32];
};

static void
hand_new(struct hand *h, const struct group *g, int negative)
{
	struct gvec *base;

	ck_assert_int_eq(svec_new(&h->a, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_new(&h->A, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_new(&base, g, 1), R_GOOD);
	svec_set_u64(h->a, 0, 12345);
	if (negative)
		svec_neg(h->a, h->a);
	gvec_set_generator(base);
	ck_assert_int_eq(gvec_pow_fixed(h->A, base, h->a, NULL), R_GOOD);
	ck_assert_int_eq(gvec_encode(h->bytes, 32, h->A, NULL), R_GOOD);
	gvec_free(base);
}

static void
hand_commit(struct bottle *b, struct hand *h, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	union record_body body;
	struct body_keygen_commit *c = &body.keygen_commit;
	struct transcript p;
	uint8_t *proof;

	bottle_commit_body(b, &body, trustee);
	keygen_hash_commit(&c->commit, &s.attempt, trustee, (struct slice){ h->bytes, 32 });
	/* The receiving key is the same element: its logarithm is known. */
	proof = arena_alloc(&b->arena, c->proof.n);
	keygen_receive_statement(&p, &s.attempt, trustee, &c->commit);
	ck_assert_int_eq(schnorr_prove(proof, &p, h->A, h->a, &b->rng), R_GOOD);
	c->proof.p = proof;
	c->receive = (struct slice){ h->bytes, 32 };
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, trustee),
	    "commit");
}

static void
hand_deal(struct bottle *b, struct hand *h, union record_body *body, unsigned trustee)
{
	struct keygen_status s = status_of(b);
	struct body_keygen_deal *d = &body->keygen_deal;
	const struct slice A = { h->bytes, 32 };
	struct transcript p;
	uint8_t *proof;

	bottle_deal_body(b, body, trustee);
	proof = arena_alloc(&b->arena, d->proof.n);
	keygen_constant_statement(&p, &s.attempt, trustee, A, s.commits);
	ck_assert_int_eq(schnorr_prove(proof, &p, h->A, h->a, &b->rng), R_GOOD);
	d->proof.p = proof;
	d->commitments = A;
}

/* The last deal would make y the identity: it is refused, and its dealer has to be skipped. */
START_TEST(key_of_nobody)
{
	static const struct bottle_plan plan = { .voters = 2,
		.trustees = 3,
		.threshold = 1,
		.mixers = 1 };
	struct bottle *b;
	union record_body body;
	struct hand h[2];
	int i;

	start(&b, &plan);
	bottle_skip_body(b, &body, 3);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	for (i = 0; i < 2; i++) {
		hand_new(&h[i], b->group, i);
		hand_commit(b, &h[i], (unsigned)i + 1);
	}
	hand_deal(b, &h[0], &body, 1);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 1), "deal");
	hand_deal(b, &h[1], &body, 2);
	EXPECT_BODY(b, RECORD_KEYGEN_DEAL, &body, ROLE_TRUSTEE, 2, R_BAD_ELEMENT);
	ck_assert_str_eq(b->why.check, "V061");
	bottle_skip_body(b, &body, 2);
	bottle_must(b, bottle_post(b, RECORD_KEYGEN_SKIP, &body, ROLE_ORGANISER, 1), "skip");
	bottle_keygen(b);
	whole_election(b);
	for (i = 0; i < 2; i++) {
		svec_free(h[i].a);
		gvec_free(h[i].A);
	}
	bottle_free(b);
}
END_TEST

/* ---- duties ---- */

START_TEST(duties)
{
	struct bottle *b;
	union record_body body;
	struct duty duty[4];
	unsigned t;

	start(&b, &three);
	for (t = 1; t <= 3; t++) {
		ck_assert_uint_eq(frozen_duties(rules_now(b->rules), t, duty, 4), 1);
		ck_assert_int_eq(duty[0].kind, DUTY_KEYGEN_COMMIT);
		ck_assert_uint_eq(duty[0].attempt, 1);
		bottle_commit_body(b, &body, t);
		bottle_must(b, bottle_post(b, RECORD_KEYGEN_COMMIT, &body, ROLE_TRUSTEE, t),
		    "commit");
		ck_assert_uint_eq(frozen_duties(rules_now(b->rules), t, duty, 4), t == 3);
	}
	for (t = 1; t <= 3; t++) {
		ck_assert_uint_eq(frozen_duties(rules_now(b->rules), t, duty, 4), 1);
		ck_assert_int_eq(duty[0].kind, DUTY_KEYGEN_DEAL);
	}
	deal_all(b);
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 2, duty, 4), 1);
	ck_assert_int_eq(duty[0].kind, DUTY_KEYGEN_CONFIRM);
	ck_assert_str_eq(duty_name(duty[0].kind), "keygen-confirm");
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 4, duty, 4), 0);
	ck_assert_uint_eq(frozen_duties(rules_now(b->rules), 0, duty, 4), 0);
	bottle_keygen(b);
	for (t = 1; t <= 3; t++)
		ck_assert_uint_eq(frozen_duties(rules_now(b->rules), t, duty, 4), 0);
	bottle_free(b);
}
END_TEST

/* The keys in another group. */
START_TEST(modp)
{
	static const struct bottle_plan plan = { .voters = 2, .group = "modp2048" };
	struct bottle *b;

	start(&b, &plan);
	bottle_keygen(b);
	whole_election(b);
	bottle_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules_keygen");
	TCase *tc = tcase_create("rules_keygen");

	tcase_add_test(tc, commits);
	tcase_add_test(tc, deals);
	tcase_add_test(tc, confirmations);
	tcase_add_test(tc, bad_dealer);
	tcase_add_loop_test(tc, false_complaint, 0, 2);
	tcase_add_loop_test(tc, skips, 0, 3);
	tcase_add_test(tc, too_few);
	tcase_add_test(tc, key_of_nobody);
	tcase_add_test(tc, duties);
	tcase_add_test(tc, modp);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
