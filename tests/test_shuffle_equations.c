/*
 * test_shuffle_equations: each equation of the shuffle is checked, and checked for itself: in the
 * six separate functions and in the one random combination. In the group of order 11, all
 * challenges and answers are tried.
 */
#include <string.h>

#include "crypto/shuffle_parts.h"
#include "tests/mix_kit.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_shuffle_equations";

/* ---- one equation at a time ---- */

/* A decoded proof that holds, its challenge kept fixed. */
struct fixed {
	struct mix m;
	struct shuffle_claim p;
	struct svec *c;
	struct rng rng;
};

static void
fixed_make(struct fixed *f, const struct group *g, size_t rows, size_t width)
{
	mix_kit_make(&f->m, g, rows, width, 3);
	good(svec_new(&f->c, g, 1));
	good(shuffle_claim_read(&f->p, f->c, &f->m.st,
	    (struct slice){ f->m.proof, f->m.proof_bytes }, NULL));
	rng_seeded(&f->rng, seed);
}

static void
fixed_free(struct fixed *f)
{
	shuffle_claim_free(&f->p);
	svec_free(f->c);
	mix_kit_free(&f->m);
}

/* The equations that do not hold, one bit each, in their order; those with k one bit a column. */
static unsigned
failing(struct fixed *f)
{
	enum result results[16], all = R_GOOD;
	unsigned n = 0, i, set = 0;
	size_t k;

	results[n++] = shuffle_equation_12(&f->p, f->c);
	results[n++] = shuffle_equation_13(&f->p, f->c);
	results[n++] = shuffle_equation_14(&f->p, f->c);
	results[n++] = shuffle_equation_17(&f->p, f->c);
	for (k = 0; k < f->p.width; k++) {
		results[n++] = shuffle_equation_15(&f->p, k, f->c);
		results[n++] = shuffle_equation_16(&f->p, k, f->c);
	}
	for (i = 0; i < n; i++) {
		if (results[i] == R_GOOD)
			continue;
		ck_result(results[i], R_BAD_SHUFFLE);
		set |= 1u << i;
		all = R_BAD_SHUFFLE;
	}
	ck_result(shuffle_equations(&f->p, f->c), all);
	ck_result(shuffle_equations_at_once(&f->p, f->c, &f->rng, NULL), all);
	return set;
}

/* v[i] *= g^x, for x = 1 or -1 */
static void
shift(struct gvec *v, size_t i, int x)
{
	struct gvec *g, *one;

	good(gvec_new(&g, gvec_group(v), 1));
	good(gvec_slice(&one, v, i, 1));
	gvec_set_generator(g);
	if (x > 0)
		gvec_mul(one, one, g);
	else
		gvec_div(one, one, g);
	gvec_free(g);
	gvec_free(one);
}

/* v[i] += x, for x = 1 or -1 */
static void
step(struct svec *v, size_t i, int x)
{
	struct svec *s, *one = kit_scalar(svec_group(v), 1);

	good(svec_slice(&s, v, i, 1));
	if (x > 0)
		svec_add(s, s, one);
	else
		svec_sub(s, s, one);
	svec_free(s);
	svec_free(one);
}

START_TEST(each_commitment_has_its_equation)
{
	struct fixed f;
	size_t i, k;

	fixed_make(&f, kit_group(_i), 3, 2);
	ck_assert_uint_eq(failing(&f), 0);
	for (i = 0; i < 3; i++) {
		shift(f.p.t, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << i);
		shift(f.p.t, i, -1);
		shift(f.p.that, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << 3);
		shift(f.p.that, i, -1);
	}
	for (k = 0; k < 4; k++) {
		shift(f.p.t, 3 + k, 1);
		ck_assert_uint_eq(failing(&f), 1u << (4 + k));
		shift(f.p.t, 3 + k, -1);
	}
	ck_assert_uint_eq(failing(&f), 0);
	fixed_free(&f);
}
END_TEST

START_TEST(each_answer_has_its_equations)
{
	struct fixed f;
	size_t i;

	fixed_make(&f, kit_group(_i), 3, 2);
	for (i = 0; i < 3; i++) {
		step(f.p.s, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << i);
		step(f.p.s, i, -1);
		step(f.p.shat, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << 3);
		step(f.p.shat, i, -1);
		/* s'_i is in all that is about the permutation. */
		step(f.p.sprime, i, 1);
		ck_assert_uint_eq(failing(&f), 0xfc);
		step(f.p.sprime, i, -1);
	}
	step(f.p.s, 3, 1);
	ck_assert_uint_eq(failing(&f), 3u << 4);
	step(f.p.s, 3, -1);
	step(f.p.s, 4, 1);
	ck_assert_uint_eq(failing(&f), 3u << 6);
	step(f.p.s, 4, -1);
	step(f.c, 0, 1);
	ck_assert_uint_eq(failing(&f), 0xff);
	step(f.c, 0, -1);
	ck_assert_uint_eq(failing(&f), 0);
	fixed_free(&f);
}
END_TEST

START_TEST(each_value_has_its_equations)
{
	struct fixed f;
	size_t i, k;

	fixed_make(&f, kit_group(_i), 3, 2);
	for (i = 0; i < 3; i++) {
		shift(f.p.c, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << 0 | 1u << 2);
		shift(f.p.c, i, -1);
		shift(f.p.chat, i, 1);
		ck_assert_uint_eq(failing(&f), i == 2 ? 1u << 1 | 1u << 3 : 1u << 3);
		shift(f.p.chat, i, -1);
		shift(f.p.h_i, i, 1);
		ck_assert_uint_eq(failing(&f), 1u << 0 | 1u << 2);
		shift(f.p.h_i, i, -1);
		step(f.p.u, i, 1);
		ck_assert_uint_eq(failing(&f), 0xf6);
		step(f.p.u, i, -1);
		for (k = 0; k < 2; k++) {
			shift(f.p.in->a[k], i, 1);
			ck_assert_uint_eq(failing(&f), 1u << (4 + 2 * k));
			shift(f.p.in->a[k], i, -1);
			shift(f.p.in->b[k], i, 1);
			ck_assert_uint_eq(failing(&f), 1u << (5 + 2 * k));
			shift(f.p.in->b[k], i, -1);
			shift(f.p.out->a[k], i, 1);
			ck_assert_uint_eq(failing(&f), 1u << (4 + 2 * k));
			shift(f.p.out->a[k], i, -1);
			shift(f.p.out->b[k], i, 1);
			ck_assert_uint_eq(failing(&f), 1u << (5 + 2 * k));
			shift(f.p.out->b[k], i, -1);
		}
	}
	shift(f.p.h, 0, 1);
	ck_assert_uint_eq(failing(&f), 1u << 1 | 1u << 3);
	shift(f.p.h, 0, -1);
	ck_assert_uint_eq(failing(&f), 0);
	fixed_free(&f);
}
END_TEST

/* What is wrong in one equation by as much as in another, the other way round. */
START_TEST(errors_do_not_cancel)
{
	struct fixed f;
	size_t i, j;

	fixed_make(&f, kit_group(0), 3, 2);
	for (i = 0; i < 7; i++)
		for (j = 0; j < 7; j++) {
			if (i == j)
				continue;
			shift(f.p.t, i, 1);
			shift(f.p.t, j, -1);
			ck_assert_uint_ne(failing(&f), 0);
			shift(f.p.t, i, -1);
			shift(f.p.t, j, 1);
		}
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			shift(f.p.that, i, 1);
			shift(f.p.t, j, -1);
			ck_assert_uint_ne(failing(&f), 0);
			shift(f.p.t, j, 1);
			if (i != j) {
				shift(f.p.that, j, -1);
				ck_assert_uint_ne(failing(&f), 0);
				shift(f.p.that, j, 1);
			}
			shift(f.p.that, i, -1);
		}
	ck_assert_uint_eq(failing(&f), 0);
	fixed_free(&f);
}
END_TEST

/* ---- the tiny group ---- */

/*
 * In so small a group everybody knows all logarithms, and no commitment binds. What can be tried
 * out is the rest: given that the s'_i are bound to w'_i + c * u'_i (which is what the c_i and (S12)
 * to (S14), (S17) are for), an output that is no re-encryption of the input under the
 * weights u' has an answer s_4 to one challenge at most. The others of these equations are
 * statements of knowledge: they have exactly one answer to each challenge.
 */
#define ORDER 11
#define ROWS 2

struct tiny_mix {
	struct svec *x; /* y = g^x */
	struct gvec *y;
	uint8_t input[4], output[4], proof[3 * ROWS + 5 + 2 * ROWS + 4];
	struct digest close;
	struct shuffle_statement st;
	struct shuffle_secrets *secrets;
	struct shuffle_claim p;
	struct svec *c, *uprime;
};

static void
tiny_mix_free(struct tiny_mix *m)
{
	svec_free(m->x);
	gvec_free(m->y);
	shuffle_secrets_free(m->secrets);
	shuffle_claim_free(&m->p);
	svec_free(m->c);
	svec_free(m->uprime);
}

/* Make one from the stream; the identity may come up, or a zero weight: then it is of no use. */
static enum result
tiny_mix_try(struct tiny_mix *m, struct rng *rng)
{
	const struct group *g = tiny_group(ORDER);
	struct gvec *parts;
	enum result r;
	size_t i;

	memset(m, 0, sizeof *m);
	m->x = kit_scalars(g, 1, rng);
	m->y = kit_powers(m->x);
	parts = kit_elements(g, 4, rng);
	good(gvec_encode(m->input, 1, parts, NULL));
	gvec_free(parts);
	rng_fill(rng, m->close.b, sizeof m->close.b);
	m->st = (struct shuffle_statement){ .group = g,
		.close = &m->close,
		.item = 1,
		.ordinal = 1,
		.trustee = 1,
		.y = m->y,
		.rows = ROWS,
		.width = 1,
		.input = { m->input, 4 } };
	ck_assert_uint_eq(shuffle_proof_bytes(g, ROWS, 1), sizeof m->proof);
	good(shuffle_secrets_new(&m->secrets, g, ROWS, 1, rng));
	good(svec_new(&m->c, g, 1));
	good(svec_new(&m->uprime, g, ROWS));
	r = shuffle_mix_with(&m->st, m->output, m->proof, m->secrets, NULL);
	if (r != R_GOOD)
		return r;
	r = shuffle_claim_read(&m->p, m->c, &m->st, (struct slice){ m->proof, sizeof m->proof },
	    NULL);
	if (r != R_GOOD)
		return r;
	svec_gather(m->uprime, m->p.u, m->secrets->psi);
	for (i = 0; i < ROWS; i++)
		if (svec_is_zero(m->p.u, i))
			return R_BAD_ELEMENT;
	return R_GOOD;
}

/* Try until one is of use, which must not take long. */
static void
tiny_mix_make(struct tiny_mix *m, struct rng *rng)
{
	enum result r;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		r = tiny_mix_try(m, rng);
		if (r == R_GOOD)
			return;
		ck_result(r, R_BAD_ELEMENT);
		tiny_mix_free(m);
	}
	ck_abort_msg("no proof without an identity in %d", tries);
}

/* Set the challenge, and the s'_i to what they are bound to be. */
static void
challenge(struct tiny_mix *m, unsigned c)
{
	svec_set_u64(m->c, 0, c);
	svec_mul(m->p.sprime, m->uprime, m->c);
	svec_add(m->p.sprime, m->p.sprime, m->secrets->wprime);
}

/* The number of challenges with an s_4 that satisfies (S15) and (S16). */
static unsigned
answerable(struct tiny_mix *m)
{
	unsigned c, s, accepted, count = 0;

	for (c = 0; c < ORDER; c++) {
		challenge(m, c);
		accepted = 0;
		for (s = 0; s < ORDER; s++) {
			svec_set_u64(m->p.s, 3, s);
			accepted += shuffle_equation_15(&m->p, 0, m->c) == R_GOOD &&
			    shuffle_equation_16(&m->p, 0, m->c) == R_GOOD;
		}
		ck_assert_uint_le(accepted, 1);
		count += accepted;
	}
	return count;
}

/* prod v_i^e_i */
static struct gvec *
weigh(const struct gvec *v, const struct svec *e)
{
	struct gvec *out;

	good(gvec_new(&out, gvec_group(v), 1));
	good(gvec_multipow_vartime(out, v, e, NULL));
	return out;
}

/* Do both lists hold the same weighted product? Found by decrypting, not by the equations. */
static int
same_product(const struct tiny_mix *m)
{
	struct gvec *in_a = weigh(m->p.in->a[0], m->p.u), *in_b = weigh(m->p.in->b[0], m->p.u);
	struct gvec *out_a = weigh(m->p.out->a[0], m->uprime);
	struct gvec *out_b = weigh(m->p.out->b[0], m->uprime);
	int same;

	good(gvec_pow(in_a, in_a, m->x, NULL));
	good(gvec_pow(out_a, out_a, m->x, NULL));
	gvec_div(in_b, in_b, in_a);
	gvec_div(out_b, out_b, out_a);
	same = gvec_differ_vartime(in_b, out_b) == 1;
	gvec_free(in_a);
	gvec_free(in_b);
	gvec_free(out_a);
	gvec_free(out_b);
	return same;
}

START_TEST(a_false_output_has_one_challenge_at_most)
{
	unsigned mixes, value, none = 0, one = 0;
	struct tiny_mix m;
	struct rng rng;
	size_t at;

	rng_seeded(&rng, seed);
	for (mixes = 0; mixes < 8; mixes++) {
		tiny_mix_make(&m, &rng);
		good(shuffle_equations(&m.p, m.c));
		ck_assert_uint_eq(answerable(&m), ORDER);
		/* Every other value of every part of the output. */
		for (at = 0; at < 2 * ROWS; at++) {
			struct gvec *list = at % 2 == 0 ? m.p.out->a[0] : m.p.out->b[0];
			struct gvec *old = kit_element(m.st.group, m.output[at]);

			for (value = 1; value < ORDER; value++) {
				unsigned count;

				shift(list, at / 2, 1);
				ck_assert_int_eq(same_product(&m), 0);
				count = answerable(&m);
				ck_assert_uint_le(count, 1);
				none += count == 0;
				one += count == 1;
			}
			shift(list, at / 2, 1);
			gvec_copy(list, at / 2, old, 0, 1);
			gvec_free(old);
		}
		ck_assert_uint_eq(answerable(&m), ORDER);
		tiny_mix_free(&m);
	}
	/* It is the prover's luck which challenge that is. */
	ck_assert_uint_gt(one, 0);
	ck_assert_uint_eq(none + one, 8 * 4 * 10);
}
END_TEST

/* The nonces chosen for it: with t_4 made for one challenge, a false output has its answer to that
 * one and to no other. */
START_TEST(a_prover_who_bets_on_one_challenge)
{
	struct tiny_mix m;
	struct rng rng;
	unsigned bet, c;

	rng_seeded(&rng, seed);
	tiny_mix_make(&m, &rng);
	shift(m.p.out->b[0], 0, 1);
	for (bet = 0; bet < ORDER; bet++) {
		struct gvec *t, *left, *right, *y = m.y;
		struct svec *s = kit_scalar(m.st.group, 5);

		/* t = g^-s * prod a'^s' / (prod a^u)^c, as (S15) and (S16) want it */
		challenge(&m, bet);
		svec_copy(m.p.s, 3, s, 0, 1);
		svec_neg(s, s);
		for (c = 0; c < 2; c++) {
			t = c == 0 ? kit_powers(s) : NULL;
			if (t == NULL) {
				good(gvec_new(&t, m.st.group, 1));
				good(gvec_pow_vartime(t, y, s, NULL));
			}
			left = weigh(c == 0 ? m.p.out->a[0] : m.p.out->b[0], m.p.sprime);
			right = weigh(c == 0 ? m.p.in->a[0] : m.p.in->b[0], m.p.u);
			good(gvec_pow_vartime(right, right, m.c, NULL));
			gvec_mul(t, t, left);
			gvec_div(t, t, right);
			gvec_copy(m.p.t, 3 + c, t, 0, 1);
			gvec_free(t);
			gvec_free(left);
			gvec_free(right);
		}
		good(shuffle_equation_15(&m.p, 0, m.c));
		good(shuffle_equation_16(&m.p, 0, m.c));
		ck_assert_uint_eq(answerable(&m), 1);
		svec_free(s);
	}
	tiny_mix_free(&m);
}
END_TEST

/* Count the values of s[at] that are accepted. */
static unsigned
accepted(struct tiny_mix *m, struct svec *s, size_t at,
    enum result (*equation)(const struct shuffle_claim *p, const struct svec *c))
{
	unsigned value, count = 0;

	for (value = 0; value < ORDER; value++) {
		svec_set_u64(s, at, value);
		count += equation(&m->p, m->c) == R_GOOD;
	}
	return count;
}

/* The answers to the statements of knowledge, found by trying: one to each challenge, and it is on
 * a line whose slope is the secret. */
START_TEST(one_answer_per_challenge)
{
	struct tiny_mix m;
	struct rng rng;
	unsigned c, mixes;
	struct svec *shat;

	rng_seeded(&rng, seed);
	for (mixes = 0; mixes < 8; mixes++) {
		tiny_mix_make(&m, &rng);
		good(svec_new(&shat, m.st.group, ROWS));
		for (c = 0; c < ORDER; c++) {
			challenge(&m, c);
			ck_assert_uint_eq(accepted(&m, m.p.s, 0, shuffle_equation_12), 1);
			ck_assert_uint_eq(accepted(&m, m.p.s, 1, shuffle_equation_13), 1);
			ck_assert_uint_eq(accepted(&m, m.p.s, 2, shuffle_equation_14), 1);
			/* (S17): the answers of an honest prover, and no other */
			svec_mul(shat, m.secrets->rhat, m.c);
			svec_add(shat, shat, m.secrets->what);
			svec_copy(m.p.shat, 0, shat, 0, ROWS);
			good(shuffle_equation_17(&m.p, m.c));
			ck_assert_uint_eq(accepted(&m, m.p.shat, 0, shuffle_equation_17), 1);
			svec_copy(m.p.shat, 0, shat, 0, ROWS);
			ck_assert_uint_eq(accepted(&m, m.p.shat, 1, shuffle_equation_17), 1);
		}
		svec_free(shat);
		tiny_mix_free(&m);
	}
}
END_TEST

/* Whole proofs in the tiny groups: those without an identity hold. */
START_TEST(tiny_proofs)
{
	struct tiny_mix m;
	struct rng rng;
	unsigned i, held = 0;

	rng_seeded(&rng, seed);
	for (i = 0; held < 20; i++) {
		ck_assert_uint_lt(i, 2000);
		if (tiny_mix_try(&m, &rng) == R_GOOD) {
			const struct slice proof = { m.proof, sizeof m.proof };

			good(shuffle_verify(&m.st, proof, NULL));
			good(shuffle_verify_slow(&m.st, proof, NULL));
			held++;
		}
		tiny_mix_free(&m);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shuffle_equations");
	TCase *tc = tcase_create("shuffle_equations");

	tcase_add_loop_test(tc, each_commitment_has_its_equation, 0, 2);
	tcase_add_loop_test(tc, each_answer_has_its_equations, 0, 2);
	tcase_add_loop_test(tc, each_value_has_its_equations, 0, 1);
	tcase_add_test(tc, errors_do_not_cancel);
	tcase_add_test(tc, a_false_output_has_one_challenge_at_most);
	tcase_add_test(tc, a_prover_who_bets_on_one_challenge);
	tcase_add_test(tc, one_answer_per_challenge);
	tcase_add_test(tc, tiny_proofs);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
