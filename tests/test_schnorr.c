/*
 * test_schnorr: proofs of knowledge hold, and whatever is changed in statement or
 * proof, they no longer do. In the tiny groups, every challenge and answer is tried.
 */
#include <string.h>

#include "crypto/schnorr.h"
#include "tests/proof_kit.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_schnorr";

/* A statement about n elements with its proof. */
struct sample {
	const struct group *g;
	size_t n;
	struct transcript P;
	struct svec *x;
	struct gvec *X;
	uint8_t *proof;
	size_t bytes;
};

static void
start_transcript(struct transcript *P, const struct group *g, const char *label, uint64_t line)
{
	static const struct digest context = { "an election" };

	transcript_start(P, label, group_name(g), &context);
	transcript_u64(P, line);
}

/* Make the line-th of a series. */
static struct sample
sample(const struct group *g, size_t n, uint64_t line)
{
	struct sample s = { .g = g, .n = n };
	struct rng rng;

	rng_seeded(&rng, seed);
	rng.key[31] = (uint8_t)line;
	s.x = kit_scalars(g, n, &rng);
	s.X = kit_powers(s.x);
	start_transcript(&s.P, g, "tabella/1 test", line);
	s.bytes = schnorr_proof_bytes(g, n);
	s.proof = malloc(s.bytes + 1);
	good(schnorr_prove(s.proof, &s.P, s.X, s.x, &rng));
	return s;
}

static void
sample_free(struct sample *s)
{
	svec_free(s->x);
	gvec_free(s->X);
	free(s->proof);
}

static enum result
verify(void *ctx)
{
	const struct sample *s = ctx;

	return schnorr_verify(&s->P, s->X, (struct slice){ s->proof, s->bytes });
}

START_TEST(true_statements)
{
	static const size_t lengths[] = { 1, 2, 7 };
	size_t i;

	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct sample s = sample(kit_group(_i), lengths[i], 1);

		ck_assert_uint_eq(s.bytes,
		    lengths[i] * (group_element_bytes(s.g) + group_scalar_bytes(s.g)));
		good(verify(&s));
		good(verify(&s)); /* the transcript has not been used up */
		sample_free(&s);
	}
}
END_TEST

START_TEST(every_field_of_the_proof)
{
	struct sample s = sample(kit_group(_i), 3, 1);
	const size_t element = group_element_bytes(s.g), scalar = group_scalar_bytes(s.g);
	size_t i;

	for (i = 0; i < s.n; i++) {
		kit_spoil_element(s.g, s.proof + i * element, R_BAD_PROOF, verify, &s);
		kit_spoil_scalar(s.g, s.proof + s.n * element + i * scalar, R_BAD_PROOF, verify,
		    &s);
	}
	good(verify(&s));
	sample_free(&s);
}
END_TEST

START_TEST(every_byte_of_the_proof)
{
	struct sample s = sample(kit_group(0), 2, 1);
	size_t i;

	for (i = 0; i < 8 * s.bytes; i++) {
		s.proof[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_ne((int)verify(&s), R_GOOD);
		s.proof[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	good(verify(&s));
	sample_free(&s);
}
END_TEST

START_TEST(other_statements)
{
	struct sample s = sample(kit_group(_i), 3, 1);
	struct transcript P = s.P;
	struct gvec *X = s.X, *one;
	size_t i;

	/* Another P: a label, a field, a field more. */
	start_transcript(&s.P, s.g, "tabella/1 tests", 1);
	ck_result(verify(&s), R_BAD_PROOF);
	start_transcript(&s.P, s.g, "tabella/1 test", 2);
	ck_result(verify(&s), R_BAD_PROOF);
	start_transcript(&s.P, s.g, "tabella/1 test", 1);
	good(verify(&s));
	transcript_bytes(&s.P, "", 0);
	ck_result(verify(&s), R_BAD_PROOF);
	s.P = P;

	/* Another X at each place; the identity; two exchanged. */
	good(gvec_new(&one, s.g, 1));
	gvec_set_generator(one);
	good(gvec_new(&s.X, s.g, s.n));
	for (i = 0; i < s.n; i++) {
		gvec_copy(s.X, 0, X, 0, s.n);
		gvec_copy(s.X, i, one, 0, 1);
		ck_result(verify(&s), R_BAD_PROOF);
		gvec_set_identity(one);
		gvec_copy(s.X, i, one, 0, 1);
		ck_result(verify(&s), R_BAD_ELEMENT);
		gvec_set_generator(one);
	}
	gvec_copy(s.X, 0, X, 0, s.n);
	good(verify(&s));
	gvec_copy(s.X, 0, X, 1, 1);
	gvec_copy(s.X, 1, X, 0, 1);
	ck_result(verify(&s), R_BAD_PROOF);
	gvec_free(s.X);
	s.X = X;

	gvec_free(one);
	sample_free(&s);
}
END_TEST

START_TEST(wrong_lengths)
{
	struct sample s = sample(kit_group(_i), 2, 1);
	size_t bytes = s.bytes;

	s.proof[bytes] = 0;
	s.bytes = bytes + 1;
	ck_result(verify(&s), R_BAD_ENCODING);
	for (s.bytes = 0; s.bytes < bytes; s.bytes++)
		ck_result(verify(&s), R_BAD_ENCODING);
	ck_result(schnorr_verify(&s.P, s.X, (struct slice){ NULL, 0 }), R_BAD_ENCODING);
	good(verify(&s));
	sample_free(&s);
}
END_TEST

/* A proof for some elements says nothing about more of them. */
START_TEST(the_first_of_two)
{
	struct sample one = sample(kit_group(0), 1, 1), two = sample(kit_group(0), 2, 1);
	const size_t size = group_element_bytes(one.g);

	/* The answer and commitment of X_1 twice. */
	memcpy(two.proof, one.proof, size);
	memcpy(two.proof + size, one.proof, size);
	memcpy(two.proof + 2 * size, one.proof + size, size);
	memcpy(two.proof + 3 * size, one.proof + size, size);
	ck_result(verify(&two), R_BAD_PROOF);
	sample_free(&one);
	sample_free(&two);
}
END_TEST

/* ---- weak challenges ---- */

/* The challenge of P, the bytes of X and those of T, some of which may be left out (NULL). */
static struct svec *
weak_challenge(const struct sample *s, const uint8_t *X, const uint8_t *T)
{
	const size_t n = s->n * group_element_bytes(s->g);
	struct transcript t = s->P;
	struct svec *c = kit_scalar(s->g, 0);
	uint8_t hash[64];

	if (X != NULL)
		elgamal_list_enter(&t, (struct slice){ X, n }, s->n, 1);
	if (T != NULL)
		elgamal_list_enter(&t, (struct slice){ T, n }, s->n, 1);
	transcript_finish(&t, hash);
	svec_from_hash(c, 0, hash);
	return c;
}

/* T = g^s / X^c is an answer to any c that is known before T. */
static void
forge_commitment(struct sample *s, const struct svec *c)
{
	const size_t size = group_element_bytes(s->g);
	struct svec *answer = kit_scalar(s->g, 77);
	struct gvec *T = kit_powers(answer), *X_c;

	good(gvec_new(&X_c, s->g, 1));
	good(gvec_pow(X_c, s->X, c, NULL));
	gvec_div(T, T, X_c);
	good(gvec_encode(s->proof, size, T, NULL));
	svec_encode(s->proof + size, group_scalar_bytes(s->g), answer);
	good(schnorr_equations(s->X, T, c, answer));
	svec_free(answer);
	gvec_free(T);
	gvec_free(X_c);
}

/* X = (g^s / T)^(1/c) fits any c that is known before X: a proof about an element whose
 * logarithm nobody knows. */
static void
forge_statement(struct sample *s, struct svec *c)
{
	const size_t size = group_element_bytes(s->g);
	struct svec *answer = kit_scalar(s->g, 77), *inverse = kit_scalar(s->g, 0);
	struct gvec *T, *power = kit_powers(answer);

	good(gvec_new(&T, s->g, 1));
	good(gvec_decode(T, s->proof, size, DECODE_NO_IDENTITY, NULL, NULL));
	svec_invert(inverse, c);
	gvec_div(power, power, T);
	good(gvec_pow(s->X, power, inverse, NULL));
	svec_encode(s->proof + size, group_scalar_bytes(s->g), answer);
	good(schnorr_equations(s->X, T, c, answer));
	svec_free(answer);
	svec_free(inverse);
	gvec_free(T);
	gvec_free(power);
}

/* Proofs that would hold if the challenge left something out: they do not. */
START_TEST(forgeries_against_a_weak_challenge)
{
	struct sample s;
	struct svec *c;
	uint8_t *X;
	int without_P;

	for (without_P = 0; without_P < 2; without_P++) {
		s = sample(kit_group(_i), 1, 1);
		if (without_P)
			transcript_start_bare(&s.P);
		X = kit_encode(s.X);
		c = weak_challenge(&s, X, NULL);
		forge_commitment(&s, c);
		if (without_P)
			start_transcript(&s.P, s.g, "tabella/1 test", 1);
		ck_result(verify(&s), R_BAD_PROOF);
		svec_free(c);
		sample_free(&s);
		free(X);

		s = sample(kit_group(_i), 1, 1);
		if (without_P)
			transcript_start_bare(&s.P);
		c = weak_challenge(&s, NULL, s.proof);
		forge_statement(&s, c);
		if (without_P)
			start_transcript(&s.P, s.g, "tabella/1 test", 1);
		ck_result(verify(&s), R_BAD_PROOF);
		svec_free(c);
		sample_free(&s);
	}
}
END_TEST

/* ---- nonces ---- */

/* If the stream repeats itself, two statements still have different nonces. */
START_TEST(nonces_are_hedged)
{
	struct sample s = sample(kit_group(_i), 2, 1);
	const size_t size = group_element_bytes(s.g);
	struct transcript P = s.P;
	uint8_t *again = malloc(s.bytes);
	struct svec *x, *one = kit_scalar(s.g, 1);
	struct gvec *X;
	struct rng rng;

	rng_seeded(&rng, seed);
	good(schnorr_prove(s.proof, &s.P, s.X, s.x, &rng));
	rng_seeded(&rng, seed);
	good(schnorr_prove(again, &s.P, s.X, s.x, &rng));
	ck_assert_mem_eq(again, s.proof, s.bytes);

	transcript_u64(&P, 1);
	rng_seeded(&rng, seed);
	good(schnorr_prove(again, &P, s.X, s.x, &rng));
	ck_assert_mem_ne(again, s.proof, size);
	ck_assert_mem_ne(again + size, s.proof + size, size);

	good(svec_new(&x, s.g, 2));
	svec_add(x, s.x, one);
	X = kit_powers(x);
	rng_seeded(&rng, seed);
	good(schnorr_prove(again, &s.P, X, x, &rng));
	ck_assert_mem_ne(again, s.proof, size);
	ck_assert_mem_ne(again + size, s.proof + size, size);

	/* And of course with another stream. */
	good(schnorr_prove(again, &s.P, s.X, s.x, &rng));
	ck_assert_mem_ne(again, s.proof, size);

	svec_free(x);
	svec_free(one);
	gvec_free(X);
	free(again);
	sample_free(&s);
}
END_TEST

/* ---- batches ---- */

#define BATCH 12

/* Statements of 1 to 4 elements each, as claims, with other elements that come along. */
struct series {
	struct sample s[BATCH];
	struct schnorr_claim claim[BATCH];
	uint8_t *X[BATCH];
};

static void
series_make(struct series *b, const struct group *g)
{
	size_t i;

	for (i = 0; i < BATCH; i++) {
		b->s[i] = sample(g, 1 + i % 4, i);
		b->X[i] = kit_encode(b->s[i].X);
		b->claim[i] = (struct schnorr_claim){ .X = b->X[i],
			.n = b->s[i].n,
			.others = b->X[i],
			.more = i % 3 % (b->s[i].n + 1),
			.proof = { b->s[i].proof, b->s[i].bytes } };
	}
}

static void
series_free(struct series *b)
{
	size_t i;

	for (i = 0; i < BATCH; i++) {
		free(b->X[i]);
		sample_free(&b->s[i]);
	}
}

/* What a claim is alone, step by step. */
static enum result
alone(const struct sample *s, const struct schnorr_claim *c)
{
	const size_t size = group_element_bytes(s->g);
	struct gvec *X, *others;
	enum result r;

	good(gvec_new(&X, s->g, c->n));
	good(gvec_new(&others, s->g, c->more));
	if ((r = gvec_decode(X, c->X, size, DECODE_NO_IDENTITY, NULL, NULL)) == R_GOOD &&
	    (r = gvec_decode(others, c->others, size, DECODE_NO_IDENTITY, NULL, NULL)) == R_GOOD)
		r = schnorr_verify(&s->P, X, c->proof);
	gvec_free(X);
	gvec_free(others);
	return r;
}

/* Verify the first n at once and each alone: the same verdicts. */
static enum result
agree(struct series *b, size_t n)
{
	enum result one, first = R_GOOD, all;
	struct rng rng;
	size_t i;

	good(rng_system(&rng));
	for (i = 0; i < BATCH; i++) {
		b->claim[i].verdict = R_NOT_FOUND;
		b->claim[i].p = b->s[i].P;
	}
	all = schnorr_verify_batch(b->claim, n, b->s[0].g, &rng, NULL);
	for (i = 0; i < n; i++) {
		one = alone(&b->s[i], &b->claim[i]);
		ck_result(b->claim[i].verdict, one);
		if (first == R_GOOD)
			first = one;
	}
	for (; i < BATCH; i++)
		ck_result(b->claim[i].verdict, R_NOT_FOUND);
	ck_result(all, first);
	return all;
}

START_TEST(batches_of_true_statements)
{
	struct series b;
	size_t n;

	series_make(&b, kit_group(_i));
	for (n = 0; n <= BATCH; n = _i == 0 ? n + 1 : 2 * n + 1)
		good(agree(&b, n));
	series_free(&b);
}
END_TEST

START_TEST(batches_name_the_bad_ones)
{
	struct series b;
	const struct group *g = kit_group(0);
	const size_t size = group_element_bytes(g);
	size_t i, j;

	series_make(&b, g);
	/* Each one alone; at each of its equations. */
	for (i = 0; i < BATCH; i++)
		for (j = 0; j < b.s[i].n; j++) {
			uint8_t *field = b.s[i].proof + (b.s[i].n + j) * size, saved[64];

			memcpy(saved, field, size);
			kit_next_scalar(g, field);
			ck_result(agree(&b, BATCH), R_BAD_PROOF);
			memcpy(field, saved, size);
		}
	/* Every third; each in another way. */
	for (i = 0; i < BATCH; i += 3) {
		if (i == 0)
			b.claim[i].proof.n--;
		else if (i == 3)
			kit_identity(g, b.s[i].proof);
		else if (i == 6)
			kit_add_order(g, b.s[i].proof + b.s[i].n * size);
		else
			kit_next_element(g, b.s[i].proof);
	}
	ck_result(agree(&b, BATCH), R_BAD_ENCODING);
	/* All of them. */
	for (i = 0; i < BATCH; i++)
		start_transcript(&b.s[i].P, g, "another label", i);
	ck_result(agree(&b, BATCH), R_BAD_ENCODING);
	series_free(&b);
}
END_TEST

/* Two errors that cancel in a plain sum, in one proof and across two: the coefficients keep them
 * apart. */
START_TEST(batches_do_not_let_errors_cancel)
{
	struct series b;
	const struct group *g = kit_group(_i);
	const size_t element = group_element_bytes(g), scalar = group_scalar_bytes(g);
	struct svec *s, *one = kit_scalar(g, 1);
	uint8_t *plus, *minus, saved[GROUP_ENCODING_MAX];

	series_make(&b, g);
	good(svec_new(&s, g, 1));

	plus = b.s[1].proof + b.s[1].n * element;
	memcpy(saved, plus, scalar);
	minus = plus + scalar;
	kit_next_scalar(g, plus);
	good(svec_decode(s, minus, scalar, NULL));
	svec_sub(s, s, one);
	svec_encode(minus, scalar, s);
	ck_result(agree(&b, 2), R_BAD_PROOF);
	kit_next_scalar(g, minus);
	memcpy(plus, saved, scalar);
	good(agree(&b, 3));

	minus = b.s[2].proof + b.s[2].n * element;
	kit_next_scalar(g, plus);
	good(svec_decode(s, minus, scalar, NULL));
	svec_sub(s, s, one);
	svec_encode(minus, scalar, s);
	ck_result(agree(&b, 3), R_BAD_PROOF);

	svec_free(s);
	svec_free(one);
	series_free(&b);
}
END_TEST

/* ---- the tiny groups ---- */

/* For every X, T and c exactly one answer is accepted, and two answers to the same T give the
 * exponent away: (s - s') / (c - c') = x. So whoever can answer two challenges knows x. */
START_TEST(one_answer_per_challenge)
{
	const struct group *g = tiny_group(_i == 0 ? 11 : 23);
	const unsigned q = _i == 0 ? 11 : 23;
	unsigned x, w, c, s, accepted, answer;

	for (x = 0; x < q; x++)
		for (w = 0; w < q; w++) {
			struct svec *sx = kit_scalar(g, x), *sw = kit_scalar(g, w);
			struct gvec *X = kit_powers(sx), *T = kit_powers(sw);
			unsigned first = 0;

			for (c = 0; c < q; c++) {
				struct svec *sc = kit_scalar(g, c);

				accepted = answer = 0;
				for (s = 0; s < q; s++) {
					struct svec *ss = kit_scalar(g, s);
					enum result r = schnorr_equations(X, T, sc, ss);

					if (r == R_GOOD) {
						accepted++;
						answer = s;
					} else {
						ck_result(r, R_BAD_PROOF);
					}
					svec_free(ss);
				}
				ck_assert_uint_eq(accepted, 1);
				if (c == 0)
					first = answer;
				/* answer - first = c * x */
				ck_assert_uint_eq((answer + q - first) % q, c * x % q);
				svec_free(sc);
			}
			svec_free(sx);
			svec_free(sw);
			gvec_free(X);
			gvec_free(T);
		}
}
END_TEST

/* With two equations, neither is checked in place of the other. */
START_TEST(both_equations_count)
{
	const struct group *g = tiny_group(11);
	const unsigned x[2] = { 3, 7 }, w[2] = { 5, 9 };
	struct svec *sx, *sw, *sc, *s;
	struct gvec *X, *T;
	unsigned c, s0, s1;

	good(svec_new(&sx, g, 2));
	good(svec_new(&sw, g, 2));
	good(svec_new(&s, g, 2));
	for (c = 0; c < 2; c++) {
		svec_set_u64(sx, c, x[c]);
		svec_set_u64(sw, c, w[c]);
	}
	X = kit_powers(sx);
	T = kit_powers(sw);
	for (c = 0; c < 11; c++) {
		sc = kit_scalar(g, c);
		for (s0 = 0; s0 < 11; s0++)
			for (s1 = 0; s1 < 11; s1++) {
				int right =
				    s0 == (w[0] + c * x[0]) % 11 && s1 == (w[1] + c * x[1]) % 11;

				svec_set_u64(s, 0, s0);
				svec_set_u64(s, 1, s1);
				ck_result(schnorr_equations(X, T, sc, s),
				    right ? R_GOOD : R_BAD_PROOF);
			}
		svec_free(sc);
	}
	svec_free(sx);
	svec_free(sw);
	svec_free(s);
	gvec_free(X);
	gvec_free(T);
}
END_TEST

/* Completeness where commitments are often the identity: those are refused, all others hold. */
START_TEST(tiny_proofs)
{
	const struct group *g = tiny_group(_i == 0 ? 11 : 23);
	struct transcript P;
	struct rng rng;
	struct svec *x = kit_scalar(g, 4);
	struct gvec *X = kit_powers(x);
	uint8_t proof[2];
	unsigned tries, good = 0, identity = 0;
	enum result r;

	rng_seeded(&rng, seed);
	start_transcript(&P, g, "tabella/1 test", 0);
	for (tries = 0; tries < 500; tries++) {
		good(schnorr_prove(proof, &P, X, x, &rng));
		r = schnorr_verify(&P, X, (struct slice){ proof, 2 });
		ck_result(r, proof[0] == 1 ? R_BAD_ELEMENT : R_GOOD);
		good += r == R_GOOD;
		identity += r == R_BAD_ELEMENT;
	}
	ck_assert_uint_gt(good, 400);
	ck_assert_uint_gt(identity, 5);
	svec_free(x);
	gvec_free(X);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schnorr");
	TCase *tc = tcase_create("schnorr");

	tcase_add_loop_test(tc, true_statements, 0, KIT_GROUPS);
	tcase_add_loop_test(tc, every_field_of_the_proof, 0, KIT_GROUPS);
	tcase_add_test(tc, every_byte_of_the_proof);
	tcase_add_loop_test(tc, other_statements, 0, 2);
	tcase_add_loop_test(tc, wrong_lengths, 0, 2);
	tcase_add_test(tc, the_first_of_two);
	tcase_add_loop_test(tc, forgeries_against_a_weak_challenge, 0, 2);
	tcase_add_loop_test(tc, nonces_are_hedged, 0, 2);
	tcase_add_loop_test(tc, batches_of_true_statements, 0, 2);
	tcase_add_test(tc, batches_name_the_bad_ones);
	tcase_add_loop_test(tc, batches_do_not_let_errors_cancel, 0, 2);
	tcase_add_loop_test(tc, one_answer_per_challenge, 0, 2);
	tcase_add_test(tc, both_equations_count);
	tcase_add_loop_test(tc, tiny_proofs, 0, 2);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
