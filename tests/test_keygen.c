/*
 * test_keygen: keys that any t trustees can use, and every way to spoil a key generation: who is
 * refused at once, who is complained about, and who is then at fault.
 */
#include <sodium.h>
#include <string.h>

#include "crypto/dleq.h"
#include "crypto/keygen.h"
#include "crypto/keygen_parts.h"
#include "crypto/schnorr.h"
#include "tests/proof_kit.h"
#include "tests/suite.h"
#include "tests/tiny.h"

#define MOST 5

/* What one trustee has and posts. */
struct trustee {
	struct keygen_secret *secret;
	uint8_t *receive, *receive_proof;
	uint8_t *A, *proof, *shares;
};

/* An attempt in which everybody is honest. */
struct attempt {
	const struct group *g;
	size_t n;
	size_t element, scalar, box, share;
	struct digest election;
	uint32_t participants[MOST];
	struct keygen_attempt a;
	struct trustee trustees[MOST];
	struct keygen_commit commits[MOST];
	struct keygen_deal deals[MOST];
	struct gvec *y, *X;
	struct svec *x[MOST];
};

static void
make_trustee(struct attempt *k, size_t i)
{
	struct trustee *t = &k->trustees[i];
	uint8_t seed[32] = "a trustee's seed";

	seed[31] = (uint8_t)i;
	good(keygen_secret_new(&t->secret, &k->a, k->participants[i], seed));
	t->receive = malloc(keygen_key_bytes(k->g));
	t->receive_proof = malloc(keygen_proof_bytes(k->g));
	t->A = malloc(k->a.threshold * keygen_key_bytes(k->g));
	t->proof = malloc(keygen_proof_bytes(k->g));
	t->shares = malloc(k->n * keygen_share_bytes(k->g));
	good(keygen_make_commit(&k->commits[i].commit, t->receive, t->receive_proof, &k->a,
	    t->secret));
	k->commits[i].receive = (struct slice){ t->receive, keygen_key_bytes(k->g) };
	k->commits[i].proof = (struct slice){ t->receive_proof, keygen_proof_bytes(k->g) };
}

static void
make_deal(struct attempt *k, size_t i)
{
	struct trustee *t = &k->trustees[i];

	good(keygen_make_deal(t->A, t->proof, t->shares, &k->a, k->commits, t->secret));
	k->deals[i] = (struct keygen_deal){ { t->A, k->a.threshold * keygen_key_bytes(k->g) },
		{ t->proof, keygen_proof_bytes(k->g) },
		{ t->shares, k->n * keygen_share_bytes(k->g) } };
}

/* Let the trustees of these numbers go through an attempt with threshold t. */
static void
make_attempt(struct attempt *k, const struct group *g, const uint32_t *numbers, size_t n, size_t t)
{
	size_t i;

	memset(k, 0, sizeof *k);
	k->g = g;
	k->n = n;
	k->element = group_element_bytes(g);
	k->scalar = group_scalar_bytes(g);
	k->box = keygen_box_bytes(g);
	k->share = keygen_share_bytes(g);
	memset(k->election.b, 0xe1, sizeof k->election.b);
	memcpy(k->participants, numbers, n * sizeof *numbers);
	k->a = (struct keygen_attempt){ g, &k->election, 2, t, n, k->participants };
	for (i = 0; i < n; i++)
		make_trustee(k, i);
	for (i = 0; i < n; i++)
		good(keygen_check_commit(&k->a, k->participants[i], &k->commits[i]));
	for (i = 0; i < n; i++)
		make_deal(k, i);
	for (i = 0; i < n; i++)
		good(keygen_check_deal(&k->a, k->commits, k->participants[i], &k->deals[i]));
	good(gvec_new(&k->y, g, 1));
	good(gvec_new(&k->X, g, n));
	good(keygen_keys(k->y, k->X, &k->a, k->deals));
	for (i = 0; i < n; i++) {
		uint32_t dealer = 0;

		good(svec_new(&k->x[i], g, 1));
		good(keygen_share(k->x[i], &dealer, &k->a, k->commits, k->deals,
		    k->trustees[i].secret));
	}
}

static void
free_attempt(struct attempt *k)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		keygen_secret_free(k->trustees[i].secret);
		free(k->trustees[i].receive);
		free(k->trustees[i].receive_proof);
		free(k->trustees[i].A);
		free(k->trustees[i].proof);
		free(k->trustees[i].shares);
		svec_free(k->x[i]);
	}
	gvec_free(k->y);
	gvec_free(k->X);
}

/* ---- keys that work ---- */

/* Encrypt under y and decrypt with every set of t participants. */
static void
check_keys(struct attempt *k)
{
	struct dleq_statement st = { .group = k->g, .rows = 2, .width = 1 };
	struct slice bytes;
	struct gvec *messages, *found, *X;
	struct elgamal_list *list;
	struct dleq_share shares[MOST], chosen[MOST];
	uint8_t *factors[MOST];
	struct rng rng;
	static const uint8_t seed[32] = "keys";
	size_t i, have, sets = 0;
	unsigned set;

	rng_seeded(&rng, seed);
	bytes = kit_list(k->y, 2, 1, &messages, &rng);
	st.list = bytes;
	good(elgamal_list_decode(&list, k->g, 2, 1, bytes, NULL, NULL));
	good(gvec_new(&found, k->g, 2));
	for (i = 0; i < k->n; i++) {
		/* g^x_j = X_j */
		struct gvec *power = kit_powers(k->x[i]);

		good(gvec_slice(&X, k->X, i, 1));
		ck_assert_uint_eq(gvec_differ_vartime(power, X), 1);
		gvec_free(power);
		gvec_free(X);
		factors[i] = malloc(2 * k->element);
		good(dleq_factors(factors[i], &st, k->x[i], NULL));
		shares[i] =
		    (struct dleq_share){ k->participants[i], { factors[i], 2 * k->element } };
	}
	for (set = 0; set < 1u << k->n; set++) {
		for (i = have = 0; i < k->n; i++)
			if (set >> i & 1)
				chosen[have++] = shares[i];
		if (have != k->a.threshold)
			continue;
		good(dleq_combine(found, list, chosen, have, NULL));
		ck_assert_uint_eq(gvec_differ_vartime(found, messages), 2);
		sets++;
	}
	ck_assert_uint_gt(sets, 0);
	for (i = 0; i < k->n; i++)
		free(factors[i]);
	free((void *)(uintptr_t)bytes.p);
	elgamal_list_free(list);
	gvec_free(messages);
	gvec_free(found);
}

static const uint32_t all[MOST] = { 1, 2, 3, 4, 5 };
static const uint32_t without_2[4] = { 1, 3, 4, 5 };
static const uint32_t only_7[1] = { 7 };

static void
check_attempt(const struct group *g, const uint32_t *numbers, size_t n, size_t t)
{
	struct attempt k;

	make_attempt(&k, g, numbers, n, t);
	check_keys(&k);
	free_attempt(&k);
}

START_TEST(keys_that_work)
{
	const struct group *g = kit_group(_i);

	check_attempt(g, all, 1, 1);
	if (_i > 1)
		return;
	check_attempt(g, all, 3, 2);
	check_attempt(g, only_7, 1, 1);
	if (_i > 0)
		return;
	check_attempt(g, all, 5, 3);
	check_attempt(g, all, 3, 3);
	check_attempt(g, all, 3, 1);
	/* After trustee 2 has been excluded, the others keep their numbers. */
	check_attempt(g, without_2, 4, 3);
	check_attempt(g, without_2, 4, 4);
}
END_TEST

/* In a tiny group much is the identity, and refused; whatever is not works. */
START_TEST(tiny_keys)
{
	const struct group *g = tiny_group(23);
	struct digest election = { { 0 } };
	struct keygen_attempt a = { g, &election, 1, 2, 2, all };
	unsigned held = 0;

	for (a.attempt = 1; held < 5; a.attempt++) {
		struct keygen_secret *secret[2];
		struct keygen_commit commits[2];
		struct keygen_deal deals[2];
		uint8_t receive[2], receive_proof[2][2], A[2][2], proof[2][2];
		uint8_t shares[2][2 * 18], seed[32] = "tiny";
		struct gvec *y, *X, *power;
		struct svec *x;
		enum result r = R_GOOD;
		size_t i;

		ck_assert_uint_lt(a.attempt, 1000);
		good(gvec_new(&y, g, 1));
		good(gvec_new(&X, g, 2));
		good(svec_new(&x, g, 1));
		for (i = 0; i < 2 && r == R_GOOD; i++) {
			seed[31] = (uint8_t)i;
			good(keygen_secret_new(&secret[i], &a, all[i], seed));
			r = keygen_make_commit(&commits[i].commit, &receive[i], receive_proof[i],
			    &a, secret[i]);
			commits[i].receive = (struct slice){ &receive[i], 1 };
			commits[i].proof = (struct slice){ receive_proof[i], 2 };
			if (r == R_GOOD)
				r = keygen_check_commit(&a, all[i], &commits[i]);
			if (r != R_GOOD)
				keygen_secret_free(secret[i]);
		}
		if (r != R_GOOD) {
			if (i == 2)
				keygen_secret_free(secret[0]);
			goto next;
		}
		for (i = 0; i < 2 && r == R_GOOD; i++) {
			r = keygen_make_deal(A[i], proof[i], shares[i], &a, commits, secret[i]);
			deals[i] =
			    (struct keygen_deal){ { A[i], 2 }, { proof[i], 2 }, { shares[i], 36 } };
			if (r == R_GOOD)
				r = keygen_check_deal(&a, commits, all[i], &deals[i]);
		}
		if (r == R_GOOD)
			r = keygen_keys(y, X, &a, deals);
		if (r == R_GOOD) {
			held++;
			good(keygen_share(x, NULL, &a, commits, deals, secret[1]));
			power = kit_powers(x);
			gvec_copy(X, 0, X, 1, 1);
			gvec_copy(y, 0, X, 0, 1);
			ck_assert_uint_eq(gvec_differ_vartime(power, y), 1);
			gvec_free(power);
		}
		keygen_secret_free(secret[0]);
		keygen_secret_free(secret[1]);
next:
		if (r != R_GOOD)
			ck_result(r, R_BAD_ELEMENT);
		gvec_free(y);
		gvec_free(X);
		svec_free(x);
	}
}
END_TEST

/* The seed is all that a trustee keeps. */
START_TEST(a_seed_gives_the_same_bytes_again)
{
	struct attempt k, again;
	size_t i;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	make_attempt(&again, kit_group(_i), all, 3, 2);
	for (i = 0; i < 3; i++) {
		ck_assert(digest_equal(&k.commits[i].commit, &again.commits[i].commit));
		ck_assert(slice_equal(k.commits[i].receive, again.commits[i].receive));
		ck_assert(slice_equal(k.commits[i].proof, again.commits[i].proof));
		ck_assert(slice_equal(k.deals[i].A, again.deals[i].A));
		ck_assert(slice_equal(k.deals[i].proof, again.deals[i].proof));
		ck_assert(slice_equal(k.deals[i].shares, again.deals[i].shares));
	}
	free_attempt(&again);
	free_attempt(&k);
}
END_TEST

/* Used at another place by mistake, a seed gives other secrets. */
START_TEST(a_seed_is_bound_to_its_place)
{
	const struct group *g = kit_group(0);
	const uint8_t seed[32] = "one seed";
	struct digest election = { { 1 } };
	struct keygen_attempt a = { g, &election, 1, 2, 3, all };
	struct digest commit;
	uint8_t receive[5][32], proof[64];
	struct keygen_secret *secret;
	int i, j;

	for (i = 0; i < 4; i++) {
		if (i == 2)
			a.attempt = 2;
		if (i == 3)
			election.b[31] = 1;
		good(keygen_secret_new(&secret, &a, i == 1 ? 2 : 1, seed));
		good(keygen_make_commit(&commit, receive[i], proof, &a, secret));
		keygen_secret_free(secret);
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(receive[i], receive[j], 32);
	}
}
END_TEST

/* ---- commits ---- */

static struct attempt *current;

static enum result
check_commit_1(void *ctx)
{
	(void)ctx;
	return keygen_check_commit(&current->a, 2, &current->commits[1]);
}

START_TEST(commits_that_are_refused)
{
	struct attempt k;
	struct keygen_commit *c = &k.commits[1];
	size_t i;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	current = &k;
	for (i = 0; i < 32; i++) {
		c->commit.b[i] ^= 1;
		ck_result(check_commit_1(NULL), R_BAD_PROOF);
		c->commit.b[i] ^= 1;
	}
	kit_spoil_element(k.g, k.trustees[1].receive, R_BAD_PROOF, check_commit_1, NULL);
	kit_spoil_element(k.g, k.trustees[1].receive_proof, R_BAD_PROOF, check_commit_1, NULL);
	kit_spoil_scalar(k.g, k.trustees[1].receive_proof + k.element, R_BAD_PROOF, check_commit_1,
	    NULL);
	for (i = 0; i < k.element; i += 7) {
		c->receive.n = i;
		ck_result(check_commit_1(NULL), R_BAD_ENCODING);
	}
	c->receive.n = k.element;
	for (i = 0; i < k.element + k.scalar; i += 7) {
		c->proof.n = i;
		ck_result(check_commit_1(NULL), R_BAD_ENCODING);
	}
	c->proof.n = k.element + k.scalar;

	/* For another attempt, election, trustee. */
	k.a.attempt++;
	ck_result(check_commit_1(NULL), R_BAD_PROOF);
	k.a.attempt--;
	k.election.b[0] ^= 1;
	ck_result(check_commit_1(NULL), R_BAD_PROOF);
	k.election.b[0] ^= 1;
	ck_result(keygen_check_commit(&k.a, 3, c), R_BAD_PROOF);
	good(check_commit_1(NULL));
	free_attempt(&k);
}
END_TEST

/* ---- deals ---- */

static enum result
check_deal_1(void *ctx)
{
	(void)ctx;
	return keygen_check_deal(&current->a, current->commits, 2, &current->deals[1]);
}

START_TEST(deals_that_are_refused)
{
	struct attempt k;
	struct keygen_deal *d = &k.deals[1];
	struct slice *parts[3] = { &d->A, &d->proof, &d->shares };
	size_t i, j;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	current = &k;
	/* The commitments: none the identity, all as committed to. */
	for (i = 0; i < 2; i++)
		kit_spoil_element(k.g, k.trustees[1].A + i * k.element, R_BAD_SHARE, check_deal_1,
		    NULL);
	kit_spoil_element(k.g, k.trustees[1].proof, R_BAD_PROOF, check_deal_1, NULL);
	kit_spoil_scalar(k.g, k.trustees[1].proof + k.element, R_BAD_PROOF, check_deal_1, NULL);
	/* Another E_ij is nobody's business but j's, as long as it is an element. */
	for (i = 0; i < 3; i++)
		kit_spoil_element(k.g, k.trustees[1].shares + i * k.share, R_GOOD, check_deal_1,
		    NULL);
	for (i = 0; i < 3; i++) {
		size_t whole = parts[i]->n;

		for (j = 0; j < whole; j += 1 + whole / 20) {
			parts[i]->n = j;
			ck_result(check_deal_1(NULL), R_BAD_ENCODING);
		}
		parts[i]->n = whole - 1;
		ck_result(check_deal_1(NULL), R_BAD_ENCODING);
		parts[i]->n = whole;
	}

	/* For another attempt, election, trustee, and other receiving keys. */
	k.a.attempt++;
	ck_result(check_deal_1(NULL), R_BAD_SHARE);
	k.a.attempt--;
	k.election.b[0] ^= 1;
	ck_result(check_deal_1(NULL), R_BAD_SHARE);
	k.election.b[0] ^= 1;
	ck_result(keygen_check_deal(&k.a, k.commits, 3, d), R_BAD_SHARE);
	kit_next_element(k.g, k.trustees[2].receive);
	ck_result(check_deal_1(NULL), R_BAD_PROOF);
	free_attempt(&k);
}
END_TEST

/* trustee 3 takes what trustee 1 has posted for its own; with its commit made to
 * fit, so that the proof alone stands in the way. */
START_TEST(copies)
{
	struct attempt k;
	struct keygen_commit copy;
	struct keygen_deal deal;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	ck_result(keygen_check_commit(&k.a, 3, &k.commits[0]), R_BAD_PROOF);
	copy = k.commits[2];
	copy.receive = k.commits[0].receive;
	ck_result(keygen_check_commit(&k.a, 3, &copy), R_BAD_PROOF);
	copy.proof = k.commits[0].proof;
	ck_result(keygen_check_commit(&k.a, 3, &copy), R_BAD_PROOF);

	deal = k.deals[2];
	deal.A = k.deals[0].A;
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &deal), R_BAD_SHARE);
	keygen_hash_commit(&k.commits[2].commit, &k.a, 3, deal.A);
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &deal), R_BAD_PROOF);
	deal.proof = k.deals[0].proof;
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &deal), R_BAD_PROOF);
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &k.deals[0]), R_BAD_PROOF);
	free_attempt(&k);
}
END_TEST

/* a rogue key. Trustee 3 wants y to be a key it knows, and commits to that key divided
 * by the constant terms of the others: it cannot prove that it knows the logarithm. */
START_TEST(rogue_key)
{
	struct attempt k;
	struct transcript P;
	struct keygen_deal deal;
	struct svec *mine;
	struct gvec *key, *other, *rogue;
	struct rng rng;
	static const uint8_t seed[32] = "rogue";
	uint8_t proof[64], A[64];
	size_t i;

	make_attempt(&k, kit_group(0), all, 3, 2);
	rng_seeded(&rng, seed);
	mine = kit_scalars(k.g, 1, &rng);
	key = kit_powers(mine);
	good(gvec_new(&rogue, k.g, 1));
	good(gvec_new(&other, k.g, 1));
	gvec_copy(rogue, 0, key, 0, 1);
	for (i = 0; i < 2; i++) {
		good(gvec_decode(other, k.deals[i].A.p, 32, DECODE_NO_IDENTITY, NULL, NULL));
		gvec_div(rogue, rogue, other);
	}
	memcpy(A, k.deals[2].A.p, 64);
	good(gvec_encode(A, 32, rogue, NULL));
	deal = k.deals[2];
	deal.A.p = A;
	deal.proof.p = proof;
	keygen_hash_commit(&k.commits[2].commit, &k.a, 3, deal.A);
	keygen_constant_statement(&P, &k.a, 3, deal.A, k.commits);
	good(schnorr_prove(proof, &P, rogue, mine, &rng));
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &deal), R_BAD_PROOF);
	good(schnorr_prove(proof, &P, key, mine, &rng));
	ck_result(keygen_check_deal(&k.a, k.commits, 3, &deal), R_BAD_PROOF);
	svec_free(mine);
	gvec_free(key);
	gvec_free(other);
	gvec_free(rogue);
	free_attempt(&k);
}
END_TEST

/* ---- keys that nobody may have ---- */

/* bytes = g^x0, g^x1, for x that may be below 0 */
static void
commitments(const struct group *g, uint8_t *bytes, int x0, int x1)
{
	const int x[2] = { x0, x1 };
	struct svec *e, *s;
	struct gvec *v;
	size_t i;

	good(svec_new(&e, g, 2));
	for (i = 0; i < 2; i++) {
		good(svec_slice(&s, e, i, 1));
		svec_set_u64(s, 0, (uint64_t)(x[i] < 0 ? -x[i] : x[i]));
		if (x[i] < 0)
			svec_neg(s, s);
		svec_free(s);
	}
	v = kit_powers(e);
	good(gvec_encode(bytes, group_element_bytes(g), v, NULL));
	svec_free(e);
	gvec_free(v);
}

/* Keys from the sum of f(z) = 3 + 5z and another polynomial. */
static enum result
keys_with(const struct group *g, int x0, int x1)
{
	const struct digest election = { { 0 } };
	const struct keygen_attempt a = { g, &election, 1, 2, 3, all };
	struct keygen_deal deals[3];
	uint8_t A[3][2 * 32];
	struct gvec *y, *X;
	enum result r;
	size_t i;

	memset(deals, 0, sizeof deals);
	commitments(g, A[0], 3, 5);
	commitments(g, A[1], x0, x1);
	commitments(g, A[2], 10, 10);
	for (i = 0; i < 3; i++)
		deals[i].A = (struct slice){ A[i], 64 };
	good(gvec_new(&y, g, 1));
	good(gvec_new(&X, g, 3));
	r = keygen_keys(y, X, &a, deals);
	gvec_free(y);
	gvec_free(X);
	return r;
}

START_TEST(no_key_is_the_identity)
{
	const struct group *g = kit_group(0);

	good(keys_with(g, 1, 1));
	/* The sum is 0 + ..., z - 1, z - 2, z - 3, z - 4. */
	ck_result(keys_with(g, -13, 1), R_BAD_ELEMENT);
	ck_result(keys_with(g, -14, -14), R_BAD_ELEMENT);
	ck_result(keys_with(g, -15, -14), R_BAD_ELEMENT);
	ck_result(keys_with(g, -16, -14), R_BAD_ELEMENT);
	good(keys_with(g, -17, -14));
}
END_TEST

/* Deals are checked before their keys are made; if they were not, this is no way in. */
START_TEST(keys_of_bad_deals)
{
	struct attempt k;
	struct gvec *y, *X;

	make_attempt(&k, kit_group(0), all, 3, 2);
	good(gvec_new(&y, k.g, 1));
	good(gvec_new(&X, k.g, 3));
	k.deals[1].A.n -= k.element;
	ck_result(keygen_keys(y, X, &k.a, k.deals), R_BAD_ENCODING);
	k.deals[1].A.n += k.element;
	good(keygen_keys(y, X, &k.a, k.deals));
	kit_identity(k.g, k.trustees[1].A + k.element);
	ck_result(keygen_keys(y, X, &k.a, k.deals), R_BAD_ELEMENT);
	gvec_free(y);
	gvec_free(X);
	free_attempt(&k);
}
END_TEST

START_TEST(the_transcript_covers_everything)
{
	struct attempt k;
	struct digest last = { { 7 } }, first, other;
	struct gvec *y;
	int i;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	good(keygen_transcript(&first, &k.a, &last, k.y, k.X));
	good(keygen_transcript(&other, &k.a, &last, k.y, k.X));
	ck_assert(digest_equal(&first, &other));
	good(gvec_new(&y, k.g, 1));
	for (i = 0; i < 5; i++) {
		gvec_copy(y, 0, k.y, 0, 1);
		if (i == 0)
			k.election.b[0] ^= 1;
		else if (i == 1)
			k.a.attempt++;
		else if (i == 2)
			last.b[31] ^= 1;
		else if (i == 3)
			gvec_set_generator(y);
		else
			gvec_copy(k.X, 2, k.X, 1, 1);
		good(keygen_transcript(&other, &k.a, &last, y, k.X));
		ck_assert(!digest_equal(&first, &other));
		if (i == 0)
			k.election.b[0] ^= 1;
		else if (i == 1)
			k.a.attempt--;
		else if (i == 2)
			last.b[31] ^= 1;
	}
	gvec_free(y);
	free_attempt(&k);
}
END_TEST

/* ---- complaints ---- */

/* Let trustee 2 open its shares, find that of trustee 3 wrong, and complain. */
static void
trustee_3_is_found_out(struct attempt *k)
{
	uint8_t rho[GROUP_ENCODING_MAX];
	uint32_t dealer = 0, at_fault = 0;
	struct svec *x;

	good(svec_new(&x, k->g, 1));
	ck_result(keygen_share(x, &dealer, &k->a, k->commits, k->deals, k->trustees[1].secret),
	    R_BAD_SHARE);
	ck_assert_uint_eq(dealer, 3);
	ck_result(keygen_share(x, NULL, &k->a, k->commits, k->deals, k->trustees[1].secret),
	    R_BAD_SHARE);
	keygen_complaint(rho, k->trustees[1].secret);
	good(keygen_judge(&at_fault, &k->a, k->commits, 2, (struct slice){ rho, k->scalar }, 3,
	    &k->deals[2]));
	ck_assert_uint_eq(at_fault, 3);
	/* Nobody else has a reason to complain. */
	good(keygen_share(x, &dealer, &k->a, k->commits, k->deals, k->trustees[0].secret));
	svec_free(x);
}

/* a box that does not open. */
START_TEST(garbage)
{
	struct attempt k;
	uint8_t *box;
	size_t i;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	box = k.trustees[2].shares + k.share + k.element;
	for (i = 0; i < k.box; i += _i == 0 ? 1 : 50) {
		box[i] ^= 0x10;
		trustee_3_is_found_out(&k);
		box[i] ^= 0x10;
	}
	randombytes_buf(box, k.box);
	trustee_3_is_found_out(&k);
	/* The box of somebody else. */
	memcpy(box, k.trustees[2].shares + k.element, k.box);
	trustee_3_is_found_out(&k);
	free_attempt(&k);
}
END_TEST

/* Another E: the key is another one. */
START_TEST(another_point)
{
	struct attempt k;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	kit_next_element(k.g, k.trustees[2].shares + k.share);
	trustee_3_is_found_out(&k);
	free_attempt(&k);
}
END_TEST

/* Seal what we like for trustee 2 in the name of trustee 3. */
static void
seal(struct attempt *k, const uint8_t *plain)
{
	const uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES] = { 0 };
	static const uint8_t seed[32] = "seal";
	uint8_t key[32], *E = k->trustees[2].shares + k->share;
	struct gvec *point;
	struct svec *e;
	struct rng rng;

	rng_seeded(&rng, seed);
	e = kit_scalars(k->g, 1, &rng);
	point = kit_powers(e);
	good(gvec_encode(E, k->element, point, NULL));
	good(
	    gvec_decode(point, k->trustees[1].receive, k->element, DECODE_NO_IDENTITY, NULL, NULL));
	good(gvec_pow(point, point, e, NULL));
	keygen_box_key(key, &k->a, 3, 2, E, k->trustees[1].receive, point);
	crypto_aead_chacha20poly1305_ietf_encrypt(E + k->element, NULL, plain, k->scalar, NULL, 0,
	    NULL, nonce, key);
	gvec_free(point);
	svec_free(e);
}

/* Boxes that open and hold something wrong: another number, no number below q, the right number
 * plus q. Not wrong is the right number, sealed by hand. */
START_TEST(wrong_shares)
{
	struct attempt k;
	uint8_t right[GROUP_ENCODING_MAX], wrong[GROUP_ENCODING_MAX], rho[GROUP_ENCODING_MAX];
	struct svec *share, *rho_2;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	good(svec_new(&share, k.g, 1));
	good(svec_new(&rho_2, k.g, 1));
	keygen_complaint(rho, k.trustees[1].secret);
	good(svec_decode(rho_2, rho, k.scalar, NULL));
	good(keygen_open(share, &k.a, k.commits, 3, &k.deals[2], 2, rho_2));
	svec_encode(right, k.scalar, share);

	memcpy(wrong, right, k.scalar);
	kit_next_scalar(k.g, wrong);
	seal(&k, wrong);
	trustee_3_is_found_out(&k);
	memset(wrong, 0, k.scalar);
	seal(&k, wrong);
	trustee_3_is_found_out(&k);
	memset(wrong, 0xff, k.scalar);
	seal(&k, wrong);
	trustee_3_is_found_out(&k);
	memcpy(wrong, right, k.scalar);
	kit_add_order(k.g, wrong);
	seal(&k, wrong);
	trustee_3_is_found_out(&k);

	seal(&k, right);
	good(keygen_share(share, NULL, &k.a, k.commits, k.deals, k.trustees[1].secret));
	ck_assert_uint_eq(svec_differ_vartime(share, k.x[1]), 1);
	svec_free(share);
	svec_free(rho_2);
	free_attempt(&k);
}
END_TEST

/* Shares of another polynomial than the one committed to, for everybody. */
START_TEST(another_polynomial)
{
	struct attempt k;
	struct keygen_secret *secret;
	struct svec *x;
	const uint8_t seed[32] = "another polynomial";
	uint8_t A[64], proof[64], rho[32];
	uint32_t dealer, at_fault, j;

	make_attempt(&k, kit_group(0), all, 3, 2);
	good(keygen_secret_new(&secret, &k.a, 3, seed));
	good(keygen_make_deal(A, proof, k.trustees[2].shares, &k.a, k.commits, secret));
	good(keygen_check_deal(&k.a, k.commits, 3, &k.deals[2]));
	good(svec_new(&x, k.g, 1));
	for (j = 0; j < 2; j++) {
		ck_result(keygen_share(x, &dealer, &k.a, k.commits, k.deals, k.trustees[j].secret),
		    R_BAD_SHARE);
		ck_assert_uint_eq(dealer, 3);
		keygen_complaint(rho, k.trustees[j].secret);
		good(keygen_judge(&at_fault, &k.a, k.commits, j + 1, (struct slice){ rho, 32 }, 3,
		    &k.deals[2]));
		ck_assert_uint_eq(at_fault, 3);
	}
	keygen_secret_free(secret);
	svec_free(x);
	free_attempt(&k);
}
END_TEST

/* whoever complains without a reason, or with another's key, is at fault. */
START_TEST(false_complaints)
{
	struct attempt k;
	uint8_t rho[GROUP_ENCODING_MAX];
	struct slice bytes = { rho, 0 };
	uint32_t at_fault, i, j;

	make_attempt(&k, kit_group(_i), all, 3, 2);
	bytes.n = k.scalar;
	for (j = 1; j <= 3; j++)
		for (i = 1; i <= 3; i++) {
			if (i == j)
				continue;
			keygen_complaint(rho, k.trustees[j - 1].secret);
			good(
			    keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i, &k.deals[i - 1]));
			ck_assert_uint_eq(at_fault, j);
			/* A rho that is not the one behind R_j, even if the box is bad. */
			k.trustees[i - 1].shares[(j - 1) * k.share + k.element] ^= 1;
			kit_next_scalar(k.g, rho);
			good(
			    keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i, &k.deals[i - 1]));
			ck_assert_uint_eq(at_fault, j);
			memset(rho, 0, k.scalar);
			good(
			    keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i, &k.deals[i - 1]));
			ck_assert_uint_eq(at_fault, j);
			/* With the right one, the dealer is. */
			keygen_complaint(rho, k.trustees[j - 1].secret);
			good(
			    keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i, &k.deals[i - 1]));
			ck_assert_uint_eq(at_fault, i);
			/* What is no scalar is no complaint. */
			kit_add_order(k.g, rho);
			ck_result(keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i,
				      &k.deals[i - 1]),
			    R_NON_CANONICAL);
			bytes.n--;
			ck_result(keygen_judge(&at_fault, &k.a, k.commits, j, bytes, i,
				      &k.deals[i - 1]),
			    R_BAD_ENCODING);
			bytes.n++;
			k.trustees[i - 1].shares[(j - 1) * k.share + k.element] ^= 1;
		}
	free_attempt(&k);
}
END_TEST

/* After trustee 3 has been excluded: a new attempt of the others, and it works. */
START_TEST(the_next_attempt)
{
	static const uint32_t rest[3] = { 1, 2, 4 };
	struct attempt k, next;
	uint8_t *saved;

	make_attempt(&k, kit_group(0), all, 4, 2);
	make_attempt(&next, kit_group(0), rest, 3, 2);
	check_keys(&next);
	/* Boxes of the one are no good in the other. */
	saved = next.trustees[2].shares;
	next.deals[2].shares.p = k.trustees[3].shares;
	{
		struct svec *x;
		uint32_t dealer;

		good(svec_new(&x, next.g, 1));
		ck_result(keygen_share(x, &dealer, &next.a, next.commits, next.deals,
			      next.trustees[0].secret),
		    R_BAD_SHARE);
		ck_assert_uint_eq(dealer, 4);
		svec_free(x);
	}
	next.deals[2].shares.p = saved;
	free_attempt(&next);
	free_attempt(&k);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keygen");
	TCase *tc = tcase_create("keygen");

	tcase_add_loop_test(tc, keys_that_work, 0, KIT_GROUPS);
	tcase_add_test(tc, tiny_keys);
	tcase_add_loop_test(tc, a_seed_gives_the_same_bytes_again, 0, 2);
	tcase_add_test(tc, a_seed_is_bound_to_its_place);
	tcase_add_loop_test(tc, commits_that_are_refused, 0, 2);
	tcase_add_loop_test(tc, deals_that_are_refused, 0, 2);
	tcase_add_loop_test(tc, copies, 0, 2);
	tcase_add_test(tc, rogue_key);
	tcase_add_test(tc, no_key_is_the_identity);
	tcase_add_test(tc, keys_of_bad_deals);
	tcase_add_loop_test(tc, the_transcript_covers_everything, 0, 1);
	tcase_add_loop_test(tc, garbage, 0, 2);
	tcase_add_loop_test(tc, another_point, 0, 2);
	tcase_add_loop_test(tc, wrong_shares, 0, 2);
	tcase_add_test(tc, another_polynomial);
	tcase_add_loop_test(tc, false_complaints, 0, 2);
	tcase_add_test(tc, the_next_attempt);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
