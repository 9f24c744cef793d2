/*
 * test_group: the groups' parameters and the one way from bytes to elements, against
 * the definitions (tests/slow.h).
 */
#include <check.h>
#include <gmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/modp.h"
#include "crypto/rng.h"
#include "tests/judge.h"
#include "tests/slow.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_group";

/* ---- parameters ---- */

START_TEST(names)
{
	static const char *const strangers[] = { "", "tiny11", "tiny23", "Ristretto255",
		"ristretto255 ", "ristretto", "modp1024", "modp2047", "modp8192", "P-256" };
	static const char *const known[] = { "ristretto255", "modp2048", "modp3072", "modp4096" };
	size_t i;

	for (i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		ck_assert_ptr_null(group_by_name(strangers[i]));
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		ck_assert_str_eq(group_name(group_by_name(known[i])), known[i]);
}
END_TEST

START_TEST(sizes)
{
	static const size_t element[] = { 1, 1, 32, 256, 384, 512 };
	static const size_t wide[] = { 17, 17, 64, 272, 400, 528 };
	const struct group *g = slow_group(_i);
	mpz_t q;

	ck_assert_uint_eq(group_element_bytes(g), element[_i]);
	ck_assert_uint_eq(group_scalar_bytes(g), element[_i]);
	ck_assert_uint_eq(group_wide_bytes(g), wide[_i]);
	mpz_init(q);
	slow_order(q, g);
	ck_assert_uint_ge(8 * group_wide_bytes(g), mpz_sizeinbase(q, 2) + 128);
	mpz_clear(q);
}
END_TEST

START_TEST(primes)
{
	static const struct modp *const groups[] = { &modp2048, &modp3072, &modp4096 };
	const struct modp *m = groups[_i];
	const mp_size_t n = (mp_size_t)m->limbs;
	mpz_t p, q, have;

	mpz_inits(p, q, NULL);
	slow_rfc3526(p, (unsigned)(64 * m->limbs));
	ck_assert_int_eq(mpz_cmp(p, mpz_roinit_n(have, m->p, n)), 0);
	slow_order(q, &m->group);
	ck_assert_int_eq(mpz_cmp(q, mpz_roinit_n(have, m->q, n)), 0);
	ck_assert_uint_eq(mpz_sizeinbase(q, 2), m->order_bits);
	ck_assert_int_ne(mpz_probab_prime_p(p, 10), 0);
	ck_assert_int_ne(mpz_probab_prime_p(q, 10), 0);
	ck_assert_uint_eq(m->generator, 2);
	ck_assert_uint_eq(mpz_fdiv_ui(p, 8), 7);
	mpz_clears(p, q, NULL);
}
END_TEST

/* The generator is a member, is what the definition says and has order q. */
START_TEST(generator)
{
	const struct group *g = slow_group(_i);
	uint8_t bytes[SLOW_BYTES], have[SLOW_BYTES];
	struct gvec *v;
	mpz_t q;

	mpz_init(q);
	slow_generator(g, bytes);
	ck_assert_int_eq(gvec_new(&v, g, 1), R_GOOD);
	gvec_set_generator(v);
	ck_assert_int_eq(gvec_encode(have, sizeof have, v, NULL), R_GOOD);
	ck_assert_mem_eq(have, bytes, group_element_bytes(g));
	ck_assert_int_eq(judge(g, bytes), R_GOOD);
	slow_order(q, g);
	slow_pow(g, have, bytes, q);
	slow_identity(g, bytes);
	ck_assert_mem_eq(have, bytes, group_element_bytes(g));
	ck_assert_int_eq(judge(g, bytes), R_BAD_ELEMENT);
	ck_assert_int_eq(judge_one(g, bytes, DECODE_ANY), R_GOOD);
	gvec_free(v);
	mpz_clear(q);
}
END_TEST

START_TEST(tiny_knows_two)
{
	(void)tiny_group(13);
}
END_TEST

/* ---- decoding ---- */

/* Judge x and its neighbours as encodings, if they fit. */
static void
judge_near(const struct group *g, const mpz_t x, int spread)
{
	const size_t n = group_element_bytes(g);
	uint8_t bytes[SLOW_BYTES];
	mpz_t y;
	int i;

	mpz_init(y);
	for (i = -spread; i <= spread; i++) {
		if (i < 0)
			mpz_sub_ui(y, x, (unsigned long)-i);
		else
			mpz_add_ui(y, x, (unsigned long)i);
		if (mpz_sgn(y) < 0 || mpz_sizeinbase(y, 2) > 8 * n)
			continue;
		slow_put(bytes, n, g, y);
		(void)judge(g, bytes);
	}
	mpz_clear(y);
}

START_TEST(decodes_edges)
{
	const struct group *g = slow_group(_i);
	const int spread = _i < 3 ? 40 : 3;
	mpz_t p, x;

	mpz_inits(p, x, NULL);
	slow_modulus(p, g);
	judge_near(g, x, spread); /* 0 */
	judge_near(g, p, spread);
	mpz_fdiv_q_2exp(x, p, 1);
	judge_near(g, x, spread);
	mpz_mul_2exp(x, p, 1);
	judge_near(g, x, spread);
	mpz_set_ui(x, 0);
	mpz_setbit(x, 8 * group_element_bytes(g));
	judge_near(g, x, spread);
	mpz_fdiv_q_2exp(x, x, 1);
	judge_near(g, x, spread);
	slow_order(x, g);
	judge_near(g, x, spread);
	mpz_clears(p, x, NULL);
}
END_TEST

/* Everything that is near an element: other representatives of the same number,
 * its negative, and every single bit turned over. */
START_TEST(decodes_neighbours)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_element_bytes(g);
	uint8_t bytes[SLOW_BYTES], base[SLOW_BYTES];
	struct rng rng;
	mpz_t p, q, x, y;
	size_t bit;
	int i;

	mpz_inits(p, q, x, y, NULL);
	rng_seeded(&rng, seed);
	slow_modulus(p, g);
	slow_order(q, g);
	slow_generator(g, base);
	for (i = 0; i < (_i < 3 ? 4 : 1); i++) {
		rng_fill(&rng, bytes, n);
		slow_get(x, bytes, n, g);
		mpz_mod(x, x, q);
		slow_pow(g, bytes, base, x);
		ck_assert_int_eq(judge_one(g, bytes, DECODE_ANY), R_GOOD);
		slow_get(x, bytes, n, g);

		mpz_add(y, x, p);
		judge_near(g, y, 0);
		mpz_add(y, y, p);
		judge_near(g, y, 0);
		mpz_sub(y, p, x);
		judge_near(g, y, 0);
		slow_put(bytes, n, g, y);
		ck_assert_int_ne(judge_one(g, bytes, DECODE_NO_IDENTITY), R_GOOD);
		mpz_add(y, y, p);
		judge_near(g, y, 0);
		for (bit = 0; bit < 8 * n; bit += _i < 3 ? 1 : 197) {
			mpz_set(y, x);
			mpz_combit(y, bit);
			judge_near(g, y, 0);
		}
	}
	mpz_clears(p, q, x, y, NULL);
}
END_TEST

/* Random strings: a quarter or half of them are elements, and of the rest each
 * kind occurs. */
START_TEST(decodes_random)
{
	const struct group *g = slow_group(_i);
	const int tries = _i < 3 ? 2000 : 20;
	uint8_t bytes[SLOW_BYTES];
	int good = 0, not_canonical = 0, stranger = 0, i;
	struct rng rng;

	rng_seeded(&rng, seed);
	for (i = 0; i < tries; i++) {
		rng_fill(&rng, bytes, group_element_bytes(g));
		switch (judge(g, bytes)) {
		case R_GOOD: good++; break;
		case R_NON_CANONICAL: not_canonical++; break;
		case R_NOT_IN_GROUP: stranger++; break;
		case R_BAD_ELEMENT: break;
		default: ck_abort_msg("another verdict");
		}
	}
	ck_assert_int_gt(good, 0);
	ck_assert_int_gt(stranger, 0);
	/* a random number of 2048 bits is below p all but surely */
	if (_i < 3)
		ck_assert_int_gt(not_canonical, 0);
}
END_TEST

/* The first refused element is the one that is named, whatever the threads do. */
START_TEST(names_the_first_bad)
{
	enum { N = 700, STRIDE = 33 };
	const struct group *g = group_by_name("ristretto255");
	static uint8_t bytes[N * STRIDE];
	struct gvec *v;
	uint8_t g_bytes[32];
	size_t bad, i;
	int threads;

	slow_generator(g, g_bytes);
	for (i = 0; i < N; i++)
		memcpy(bytes + i * STRIDE, g_bytes, sizeof g_bytes);
	ck_assert_int_eq(gvec_new(&v, g, N), R_GOOD);
	for (threads = 0; threads <= 3; threads++) {
		const struct effort effort = { .threads = threads };

		ck_assert_int_eq(gvec_decode(v, bytes, STRIDE, DECODE_NO_IDENTITY, &bad, &effort),
		    R_GOOD);
	}
	bytes[333 * STRIDE] ^= 1; /* negative */
	memset(bytes + 350 * STRIDE, 0, 32);
	bytes[699 * STRIDE] ^= 1;
	for (threads = 0; threads <= 3; threads++) {
		const struct effort effort = { .threads = threads };

		bad = 0;
		ck_assert_int_eq(gvec_decode(v, bytes, STRIDE, DECODE_NO_IDENTITY, &bad, &effort),
		    R_NON_CANONICAL);
		ck_assert_uint_eq(bad, 333);
	}
	bytes[333 * STRIDE] ^= 1;
	bytes[699 * STRIDE] ^= 1;
	ck_assert_int_eq(gvec_decode(v, bytes, STRIDE, DECODE_NO_IDENTITY, &bad, NULL),
	    R_BAD_ELEMENT);
	ck_assert_uint_eq(bad, 350);
	ck_assert_int_eq(gvec_decode(v, bytes, STRIDE, DECODE_ANY, &bad, NULL), R_GOOD);
	gvec_free(v);
}
END_TEST

/* ---- memory ---- */

START_TEST(too_large)
{
	const struct group *g = slow_group(_i);
	const size_t sizes[] = { SIZE_MAX, SIZE_MAX / group_element_bytes(g), (size_t)1 << 62,
		(size_t)PTRDIFF_MAX / group_element_bytes(g), (size_t)1 << 50 };
	struct gvec *v;
	struct svec *s;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		ck_assert_int_eq(gvec_new(&v, g, sizes[i]), R_NO_MEMORY);
		ck_assert_ptr_null(v);
		ck_assert_int_eq(svec_new(&s, g, sizes[i]), R_NO_MEMORY);
		ck_assert_ptr_null(s);
	}
}
END_TEST

/* AddressSanitizer would end the program where malloc just says no. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

int
main(void)
{
	Suite *suite = suite_create("group");
	TCase *tc = tcase_create("group");

	tcase_add_test(tc, names);
	tcase_add_loop_test(tc, sizes, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, primes, 0, 3);
	tcase_add_loop_test(tc, generator, 0, SLOW_GROUPS);
	tcase_add_test_raise_signal(tc, tiny_knows_two, SIGABRT);
	tcase_add_loop_test(tc, decodes_edges, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, decodes_neighbours, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, decodes_random, 0, SLOW_GROUPS);
	tcase_add_test(tc, names_the_first_bad);
	tcase_add_loop_test(tc, too_large, 0, SLOW_GROUPS);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
