/*
 * test_fe51: the field against GMP's integers, at random numbers, at the edges of p and of
 * the limbs, and with limbs as large as each function allows.
 */
#include <check.h>
#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/fe51.h"
#include "crypto/mem.h"
#include "crypto/rng.h"

static mpz_t p;

/* Limbs of each kind are below these. */
#define TIGHT (((uint64_t)1 << 51) + ((uint64_t)1 << 13))
#define WIDE ((uint64_t)1 << 53)
#define LOOSE ((uint64_t)1 << 54)

#define RANDOM 200

static void
value(mpz_t out, const struct fe *a)
{
	unsigned i;

	mpz_set_ui(out, 0);
	for (i = 5; i-- > 0;) {
		mpz_mul_2exp(out, out, 51);
		mpz_add_ui(out, out, a->v[i]);
	}
	mpz_mod(out, out, p);
}

static void
to_bytes(uint8_t bytes[FE_BYTES], const mpz_t x)
{
	memset(bytes, 0, FE_BYTES);
	mpz_export(bytes, NULL, -1, 1, 0, 0, x);
}

/* Fail unless a is the number want modulo p, its limbs are below bound, and its bytes are
 * canonical. */
static void
is(const struct fe *a, const mpz_t want, uint64_t bound)
{
	uint8_t bytes[FE_BYTES], expected[FE_BYTES];
	mpz_t have, reduced;
	unsigned i;

	mpz_inits(have, reduced, NULL);
	mpz_mod(reduced, want, p);
	value(have, a);
	ck_assert(mpz_cmp(have, reduced) == 0);
	for (i = 0; i < 5; i++)
		ck_assert(a->v[i] < bound);
	fe_to_bytes(bytes, a);
	to_bytes(expected, reduced);
	ck_assert_mem_eq(bytes, expected, FE_BYTES);
	ck_assert_uint_eq(fe_is_zero(a), mpz_sgn(reduced) == 0);
	ck_assert_uint_eq(fe_is_negative(a), (uint64_t)mpz_odd_p(reduced));
	mpz_clears(have, reduced, NULL);
}

/* Numbers whose limbs stand at 0, 1, and around 2^51 and the bound: the i-th of EDGES. */
#define EDGES 40

static struct fe
edge(int i, uint64_t bound)
{
	const uint64_t at[] = { 0, 1, 18, 19, FE_MASK - 19, FE_MASK - 18, FE_MASK, FE_MASK + 1,
		bound - 2, bound - 1 };
	const int n = (int)(sizeof at / sizeof at[0]);
	struct fe a = { { 0 } };
	int k;

	if (i < n) /* all the same */
		for (k = 0; k < 5; k++)
			a.v[k] = at[i];
	else if (i < 2 * n) /* one limb */
		a.v[i % 5] = at[i - n];
	else if (i < 3 * n) { /* p and its neighbours, the multiples of p */
		for (k = 0; k < 5; k++)
			a.v[k] = FE_MASK;
		a.v[0] = FE_MASK - 18 - 5 + (uint64_t)(i - 2 * n);
	} else {
		for (k = 0; k < 5; k++)
			a.v[k] = at[(i * 7 + k * 3) % n];
	}
	return a;
}

/* Call the test for every pair of edges and for random pairs with limbs below bound. */
static void
pairs(void (*test)(const struct fe *a, const struct fe *b), uint64_t bound)
{
	const uint8_t seed[32] = "test_fe51";
	struct fe a, b;
	struct rng rng;
	int i, k;

	for (i = 0; i < EDGES; i++)
		for (k = 0; k < EDGES; k++) {
			a = edge(i, bound);
			b = edge(k, bound);
			test(&a, &b);
		}
	rng_seeded(&rng, seed);
	for (i = 0; i < RANDOM; i++) {
		rng_fill(&rng, (uint8_t *)&a, sizeof a);
		rng_fill(&rng, (uint8_t *)&b, sizeof b);
		for (k = 0; k < 5; k++) {
			a.v[k] %= bound;
			b.v[k] %= bound;
		}
		test(&a, &b);
	}
}

static void
products(const struct fe *a, const struct fe *b)
{
	mpz_t x, y;
	struct fe out;

	mpz_inits(x, y, NULL);
	value(x, a);
	value(y, b);
	mpz_mul(y, x, y);
	fe_mul(&out, a, b);
	is(&out, y, TIGHT);
	out = *b;
	fe_mul(&out, a, &out);
	is(&out, y, TIGHT);
	mpz_mul(y, x, x);
	fe_square(&out, a);
	is(&out, y, TIGHT);
	out = *a;
	is(&out, x, LOOSE);
	fe_carry(&out);
	is(&out, x, TIGHT);
	mpz_clears(x, y, NULL);
}

START_TEST(loose_numbers)
{
	pairs(products, LOOSE);
}
END_TEST

static void
sums(const struct fe *a, const struct fe *b)
{
	const struct fe zero = { { 0 } };
	struct fe out;
	mpz_t x, y, z;

	mpz_inits(x, y, z, NULL);
	value(x, a);
	value(y, b);
	fe_add(&out, a, b);
	mpz_add(z, x, y);
	is(&out, z, 2 * TIGHT);
	fe_sub(&out, a, b);
	mpz_sub(z, x, y);
	is(&out, z, WIDE);
	fe_neg(&out, a);
	mpz_neg(z, x);
	is(&out, z, TIGHT);
	ck_assert_uint_eq(fe_equal(a, b), mpz_cmp(x, y) == 0);
	ck_assert_uint_eq(fe_equal(a, a), 1);
	ck_assert_uint_eq(fe_equal(&out, a), mpz_sgn(x) == 0);
	fe_neg_if(&out, fe_mask(0));
	is(&out, z, TIGHT);
	fe_neg_if(&out, fe_mask(1));
	is(&out, x, TIGHT);
	out = *a;
	fe_move_if(&out, b, fe_mask(0));
	is(&out, x, TIGHT);
	fe_move_if(&out, b, fe_mask(1));
	is(&out, y, TIGHT);
	out = *a;
	fe_abs(&out);
	if (mpz_odd_p(x))
		mpz_neg(z, x);
	else
		mpz_set(z, x);
	is(&out, z, TIGHT);
	ck_assert_uint_eq(fe_is_zero(&zero), 1);
	mpz_clears(x, y, z, NULL);
}

START_TEST(tight_numbers)
{
	pairs(sums, TIGHT);
}
END_TEST

/* The root and the inverse, slowly. */
static void
roots(const struct fe *u, const struct fe *v)
{
	mpz_t x, y, ratio, have;
	uint64_t square;
	struct fe out;

	mpz_inits(x, y, ratio, have, NULL);
	value(x, u);
	value(y, v);
	if (mpz_invert(ratio, y, p) == 0)
		mpz_set_ui(ratio, 0);
	fe_invert(&out, v);
	is(&out, ratio, TIGHT);
	mpz_mul(ratio, ratio, x);
	mpz_mod(ratio, ratio, p);
	square = fe_sqrt_ratio(&out, u, v);
	value(have, &out);
	is(&out, have, TIGHT);
	ck_assert(mpz_even_p(have));
	mpz_mul(have, have, have);
	if (mpz_sgn(x) == 0 || mpz_sgn(y) == 0) {
		ck_assert(mpz_sgn(have) == 0);
		ck_assert_uint_eq(square, mpz_sgn(x) == 0);
	} else {
		ck_assert_uint_eq(square, mpz_legendre(ratio, p) == 1);
		value(x, &fe_i);
		if (!square)
			mpz_mul(ratio, ratio, x);
		ck_assert(mpz_congruent_p(have, ratio, p));
	}
	mpz_clears(x, y, ratio, have, NULL);
}

START_TEST(square_roots)
{
	pairs(roots, TIGHT);
}
END_TEST

/* 255 bits in and out, below p and not, the top bit set and not. */
START_TEST(bytes)
{
	const uint8_t seed[32] = "test_fe51 bytes";
	uint8_t in[FE_BYTES], out[FE_BYTES];
	struct rng rng;
	struct fe a;
	mpz_t x;
	int i;

	rng_seeded(&rng, seed);
	mpz_init(x);
	for (i = 0; i < 4 * 64 + RANDOM; i++) {
		if (i < 64) { /* 2^255 - 64 and up: around p */
			mpz_add_ui(x, p, 19);
			mpz_sub_ui(x, x, (unsigned long)(64 - i));
		} else if (i < 128) {
			mpz_set_ui(x, (unsigned long)(i - 64));
		} else if (i < 256) { /* on both sides of each limb */
			mpz_set_ui(x, 1);
			mpz_mul_2exp(x, x, (mp_bitcnt_t)(51 * (i % 5)));
			mpz_add_ui(x, x, (unsigned long)(i - 128));
			mpz_sub_ui(x, x, i % 5 == 0 ? 0 : 64);
		} else {
			rng_fill(&rng, in, sizeof in);
			in[31] &= 0x7f;
			mpz_import(x, FE_BYTES, -1, 1, 0, 0, in);
		}
		to_bytes(in, x);
		fe_from_bytes(&a, in);
		is(&a, x, TIGHT);
		fe_to_bytes(out, &a);
		ck_assert_int_eq(memcmp(in, out, FE_BYTES) == 0, mpz_cmp(x, p) < 0);
		in[31] |= 0x80;
		fe_from_bytes(&a, in);
		is(&a, x, TIGHT);
	}
	mpz_clear(x);
}
END_TEST

START_TEST(constants)
{
	mpz_t x, y;

	mpz_inits(x, y, NULL);
	is(&fe_zero, x, TIGHT);
	mpz_set_ui(x, 1);
	is(&fe_one, x, TIGHT);
	mpz_neg(x, x);
	value(y, &fe_i);
	mpz_mul(y, y, y);
	ck_assert(mpz_congruent_p(x, y, p));
	mpz_set_ui(y, 121666);
	ck_assert(mpz_invert(y, y, p) != 0);
	mpz_mul_si(y, y, -121665);
	is(&fe_d, y, TIGHT);
	mpz_mul_ui(y, y, 2);
	is(&fe_2d, y, TIGHT);
	mpz_clears(x, y, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fe51");
	TCase *tc = tcase_create("fe51");
	SRunner *runner;
	int failed;

	if (mem_init() != R_GOOD)
		return EXIT_FAILURE;
	mpz_init(p);
	mpz_setbit(p, 255);
	mpz_sub_ui(p, p, 19);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, loose_numbers);
	tcase_add_test(tc, tight_numbers);
	tcase_add_test(tc, square_roots);
	tcase_add_test(tc, bytes);
	tcase_add_test(tc, constants);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	mpz_clear(p);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
