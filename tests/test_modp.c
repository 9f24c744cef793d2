/*
 * test_modp: products and powers modulo p, each way to them (crypto/modp_path.h) against
 * GMP's integers, byte for byte: at random, at the edges of limbs and of the modulus, with
 * one input for all, and for lengths that fill lanes and blocks or do not.
 */
#include <check.h>
#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cpu.h"
#include "crypto/mem.h"
#include "crypto/modp_path.h"
#include "crypto/rng.h"
#include "tests/suite.h"

static const struct modp *const groups[] = { &modp2048, &modp3072, &modp4096 };

#define GROUPS 3

/* Pairs of a base and an exponent, with their powers. */
#define PAIRS 20

static const struct modp_path *const paths[] = {
	&modp_gmp,
#if TABELLA_IFMA
	&modp_ifma,
#endif
};

/* How many of them this machine has. */
static int
count_paths(void)
{
	if (cpu_has(CPU_IFMA))
		return (int)(sizeof paths / sizeof paths[0]);
	suite_skip("the path ifma: this machine does not have it, or it was not built");
	return 1;
}

/* A loop over groups and paths. */
static void
take(int i, const struct modp **m, const struct modp_path **path)
{
	*m = groups[i % GROUPS];
	*path = paths[i / GROUPS];
}

static void
to_limbs(mp_limb_t *out, const mpz_t x, size_t limbs)
{
	memset(out, 0, limbs * sizeof *out);
	mpz_export(out, NULL, -1, sizeof *out, 0, 0, x);
}

static void
draw(mp_limb_t *out, const mp_limb_t *below, size_t limbs, struct rng *rng)
{
	mpz_t x, m;

	mpz_init(x);
	mpz_import(x, limbs, -1, sizeof *out, 0, 0, below);
	rng_fill(rng, (uint8_t *)out, limbs * sizeof *out);
	mpz_mod(x, mpz_roinit_n(m, out, (mp_size_t)limbs), x);
	to_limbs(out, x, limbs);
	mpz_clear(x);
}

/* The i-th number below m, of EDGES: 0, 1, m - 1 and what lies about it, powers of two about the
 * edges of limbs of 64 and 52 bits and one less, long runs of zeros and of ones. */
#define EDGES 48

static void
edge(mp_limb_t *out, const mp_limb_t *m, size_t limbs, int i)
{
	const unsigned long bits = 64 * limbs;
	mpz_t x, modulus;

	mpz_init(x);
	mpz_roinit_n(modulus, m, (mp_size_t)limbs);
	if (i < 4)
		mpz_set_ui(x, (unsigned long)i);
	else if (i < 8)
		mpz_sub_ui(x, modulus, (unsigned long)i - 3);
	else if (i < 10)
		mpz_fdiv_q_2exp(x, modulus, (unsigned long)i - 7);
	else if (i < 20)
		mpz_setbit(x, (unsigned long)(i - 9) * 52);
	else if (i < 30)
		mpz_setbit(x, (unsigned long)(i - 19) * 64 - (unsigned long)i % 2);
	else if (i < 40)
		mpz_setbit(x, bits - 2 - (unsigned long)(i - 30) * 21);
	else {
		/* ones from one bit on to another */
		mpz_setbit(x, bits - 3 - (unsigned long)(i - 40) * 100);
		mpz_sub_ui(x, x, 1);
		mpz_fdiv_q_2exp(x, x, (unsigned long)(i - 40) * 150);
		mpz_mul_2exp(x, x, (unsigned long)(i - 40) * 150);
	}
	if (i >= 10 && i < 40 && i % 3 == 0)
		mpz_sub_ui(x, x, 1);
	mpz_mod(x, x, modulus);
	to_limbs(out, x, limbs);
	mpz_clear(x);
}

/* ---- products ---- */

static void
mul_want(mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b, const mp_limb_t *m, size_t limbs)
{
	const mp_size_t n = (mp_size_t)limbs;
	mpz_t x, left, right, modulus;

	mpz_init(x);
	mpz_mul(x, mpz_roinit_n(left, a, n), mpz_roinit_n(right, b, n));
	mpz_mod(x, x, mpz_roinit_n(modulus, m, n));
	to_limbs(out, x, limbs);
	mpz_clear(x);
}

static void
power_want(mp_limb_t *out, const struct modp *m, const mp_limb_t *base, const mp_limb_t *e)
{
	const mp_size_t n = (mp_size_t)m->limbs;
	mpz_t x, b, k, p;

	mpz_init(x);
	mpz_powm(x, mpz_roinit_n(b, base, n), mpz_roinit_n(k, e, n), mpz_roinit_n(p, m->p, n));
	to_limbs(out, x, m->limbs);
	mpz_clear(x);
}

/* Fail unless the path multiplies all numbers in a by all in b, of n each. */
static void
all_products(const struct modp_path *path, const mp_limb_t *m, size_t limbs, const mp_limb_t *a,
    const mp_limb_t *b, size_t n)
{
	const struct modp_inputs left = { a, limbs };
	mp_limb_t *have, *want;
	size_t i, j;

	have = calloc(n * limbs, sizeof *have);
	want = calloc(limbs, sizeof *want);
	ck_assert(have != NULL && want != NULL);
	for (j = 0; j < n; j++) {
		const struct modp_inputs right = { b + j * limbs, 0 };

		path->mul(have, m, limbs, left, right, n);
		for (i = 0; i < n; i++) {
			mul_want(want, a + i * limbs, right.at, m, limbs);
			ck_assert_mem_eq(have + i * limbs, want, limbs * sizeof *want);
		}
	}
	free(have);
	free(want);
}

START_TEST(products_of_edges)
{
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *a;
	int i;

	take(_i, &m, &path);
	a = calloc(EDGES * m->limbs, sizeof *a);
	ck_assert_ptr_nonnull(a);
	for (i = 0; i < EDGES; i++)
		edge(a + (size_t)i * m->limbs, m->p, m->limbs, i);
	all_products(path, m->p, m->limbs, a, a, EDGES);
	for (i = 0; i < EDGES; i++)
		edge(a + (size_t)i * m->limbs, m->q, m->limbs, i);
	all_products(path, m->q, m->limbs, a, a, EDGES);
	free(a);
}
END_TEST

/* An assertion that costs nothing where it holds: the library's own writes to a pipe. */
static void
same(const mp_limb_t *a, const mp_limb_t *b, size_t limbs)
{
	if (memcmp(a, b, limbs * sizeof *a) != 0)
		ck_assert_mem_eq(a, b, limbs * sizeof *a);
}

/* A number below m of runs of zeros and of ones, or one uniformly at random. */
static void
draw_runs(mp_limb_t *out, const mp_limb_t *m, size_t limbs, struct rng *rng)
{
	mpz_t x, modulus;
	uint32_t kind;

	draw(out, m, limbs, rng);
	kind = rng_below(rng, 4);
	if (kind == 0)
		return;
	mpz_init(x);
	mpz_import(x, limbs, -1, sizeof *out, 0, 0, out);
	while (kind-- > 0) {
		const unsigned long from = rng_below(rng, (uint32_t)(64 * limbs));
		const unsigned long length = rng_below(rng, (uint32_t)(32 * limbs));
		unsigned long i;

		for (i = from; i < from + length; i++)
			if (kind % 2 == 0)
				mpz_clrbit(x, i);
			else
				mpz_setbit(x, i);
	}
	mpz_mod(x, x, mpz_roinit_n(modulus, m, (mp_size_t)limbs));
	to_limbs(out, x, limbs);
	mpz_clear(x);
}

/* With TABELLA_LONG=n in the environment n products modulo each number on each path, and an
 * eighth of as many powers with short exponents, instead of a few. */
START_TEST(long_run)
{
	enum { N = 64, POWERS = 8 };
	static const uint8_t seed[32] = "long_run";
	const char *asked = getenv("TABELLA_LONG");
	const unsigned long total = asked != NULL ? strtoul(asked, NULL, 10) : 1024;
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *a, *b, *e, *have, *want;
	unsigned long done;
	struct rng rng;
	size_t i;

	take(_i, &m, &path);
	rng_seeded(&rng, seed);
	a = calloc(N * m->limbs, sizeof *a);
	b = calloc(N * m->limbs, sizeof *b);
	e = calloc(POWERS * m->limbs, sizeof *e);
	have = calloc(N * m->limbs, sizeof *have);
	want = calloc(m->limbs, sizeof *want);
	ck_assert(a != NULL && b != NULL && e != NULL && have != NULL && want != NULL);
	for (done = 0; done < 2 * total; done += N) {
		const mp_limb_t *modulus = done / N % 2 == 0 ? m->p : m->q;
		const struct modp_inputs left = { a, m->limbs }, right = { b, m->limbs };
		const struct modp_inputs exponents = { e, m->limbs };

		for (i = 0; i < N; i++) {
			draw_runs(a + i * m->limbs, modulus, m->limbs, &rng);
			draw_runs(b + i * m->limbs, modulus, m->limbs, &rng);
		}
		path->mul(have, modulus, m->limbs, left, right, N);
		for (i = 0; i < N; i++) {
			mul_want(want, a + i * m->limbs, b + i * m->limbs, modulus, m->limbs);
			same(have + i * m->limbs, want, m->limbs);
		}
		for (i = 0; i < POWERS; i++)
			rng_fill(&rng, (uint8_t *)(e + i * m->limbs), sizeof *e);
		ck_assert_int_eq(path->pow(have, m, left, exponents, POWERS, 64), R_GOOD);
		for (i = 0; i < POWERS; i++) {
			power_want(want, m, a + i * m->limbs, e + i * m->limbs);
			same(have + i * m->limbs, want, m->limbs);
		}
	}
	free(a);
	free(b);
	free(e);
	free(have);
	free(want);
}
END_TEST

/* Pairwise, of every length up to two full sets of lanes and one more, into a new place and
 * into the place of either factor. */
START_TEST(products_of_pairs)
{
	enum { N = 17 };
	static const uint8_t seed[32] = "products_of_pairs";
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *a, *b, *want, *have;
	struct rng rng;
	size_t i, n, limbs, size;
	int place;

	take(_i, &m, &path);
	rng_seeded(&rng, seed);
	limbs = m->limbs;
	size = limbs * sizeof *a;
	a = calloc(N, size);
	b = calloc(N, size);
	want = calloc(N, size);
	have = calloc(N, size);
	ck_assert(a != NULL && b != NULL && want != NULL && have != NULL);
	for (i = 0; i < N; i++) {
		draw(a + i * limbs, m->p, limbs, &rng);
		draw(b + i * limbs, m->p, limbs, &rng);
		mul_want(want + i * limbs, a + i * limbs, b + i * limbs, m->p, limbs);
	}
	for (n = 0; n <= N; n++) {
		for (place = 0; place < 3; place++) {
			const struct modp_inputs left = { place == 1 ? have : a, limbs };
			const struct modp_inputs right = { place == 2 ? have : b, limbs };

			memcpy(have, place == 2 ? b : a, N * size);
			path->mul(have, m->p, limbs, left, right, n);
			ck_assert_mem_eq(have, want, n * size);
			/* and nothing beyond */
			ck_assert_mem_eq(have + n * limbs, (place == 2 ? b : a) + n * limbs,
			    (N - n) * size);
		}
	}
	free(a);
	free(b);
	free(want);
	free(have);
}
END_TEST

/* ---- powers ---- */

struct pairs {
	const struct modp *m;
	size_t limbs, size;
	mp_limb_t *base, *e, *power, *product; /* PAIRS; product[i] of the first i */
	mp_limb_t *out;
};

/* Bases: 1, 2, p - 1, p - 2, ..., edges, random. Exponents: 0, 1, q - 1, ..., edges, random. Neither
 * comes always with the same of the other. */
static void
pairs_make(struct pairs *x, const struct modp *m)
{
	static const uint8_t seed[32] = "pairs";
	const size_t limbs = m->limbs;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	*x = (struct pairs){ .m = m, .limbs = limbs, .size = limbs * sizeof *x->base };
	x->base = calloc(PAIRS, x->size);
	x->e = calloc(PAIRS, x->size);
	x->power = calloc(PAIRS, x->size);
	x->product = calloc(PAIRS + 1, x->size);
	x->out = calloc(PAIRS, x->size);
	ck_assert(x->base != NULL && x->e != NULL && x->power != NULL && x->product != NULL &&
	    x->out != NULL);
	x->product[0] = 1;
	for (i = 0; i < PAIRS; i++) {
		static const int base_edge[] = { 9, 1, 4, 2, 5, 21, 33, 46 };
		static const int e_edge[] = { 5, 11, 0, 1, 4, 45, 22, 32, 2, 9, 47, 38 };

		draw(x->base + i * limbs, m->p, limbs, &rng);
		draw(x->e + i * limbs, m->q, limbs, &rng);
		if (i % 5 != 0)
			edge(x->base + i * limbs, m->p, limbs, base_edge[i % 8]);
		if (i % 4 != 3)
			edge(x->e + i * limbs, m->q, limbs, e_edge[i % 12]);
		power_want(x->power + i * limbs, m, x->base + i * limbs, x->e + i * limbs);
		mul_want(x->product + (i + 1) * limbs, x->product + i * limbs, x->power + i * limbs,
		    m->p, limbs);
	}
}

static void
pairs_free(struct pairs *x)
{
	free(x->base);
	free(x->e);
	free(x->power);
	free(x->product);
	free(x->out);
}

/* Lengths that fill eight lanes, or do not; for GMP, which has none, some of them. */
static int
worth_trying(const struct modp_path *path, size_t n)
{
	return path == &modp_gmp ? n == 1 || n == 3 : n < 3 || n == 7 || n == 8 || n == 9 || n > 16;
}

START_TEST(powers)
{
	const struct modp_path *path;
	const struct modp *m;
	struct pairs x;
	size_t n;

	take(_i, &m, &path);
	pairs_make(&x, m);
	for (n = 0; n <= 17; n++) {
		const struct modp_inputs base = { x.base, x.limbs }, e = { x.e, x.limbs };
		const struct modp_inputs place = { x.out, x.limbs };

		if (!worth_trying(path, n))
			continue;
		memset(x.out, 0, PAIRS * x.size);
		ck_assert_int_eq(path->pow(x.out, m, base, e, n, m->order_bits), R_GOOD);
		ck_assert_mem_eq(x.out, x.power, n * x.size);
		ck_assert(mpn_zero_p(x.out + n * x.limbs, (mp_size_t)((PAIRS - n) * x.limbs)));
		/* over the bases */
		memcpy(x.out, x.base, PAIRS * x.size);
		ck_assert_int_eq(path->pow(x.out, m, place, e, n, m->order_bits), R_GOOD);
		ck_assert_mem_eq(x.out, x.power, n * x.size);
	}
	pairs_free(&x);
}
END_TEST

/* All the pairs' bases to one power, and one base to all their powers. */
START_TEST(powers_of_one)
{
	enum { N = 9 };
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *want;
	struct pairs x;
	size_t i;
	int which;

	take(_i, &m, &path);
	pairs_make(&x, m);
	want = calloc(N, x.size);
	ck_assert_ptr_nonnull(want);
	for (which = 0; which < 2; which++) {
		const struct modp_inputs bases = { x.base + 5 * x.limbs, which == 0 ? x.limbs : 0 };
		const struct modp_inputs exponents = { x.e + 3 * x.limbs,
			which == 0 ? 0 : x.limbs };

		for (i = 0; i < N; i++) {
			power_want(want + i * x.limbs, m, modp_input(bases, i),
			    modp_input(exponents, i));
		}
		ck_assert_int_eq(path->pow(x.out, m, bases, exponents, N, m->order_bits), R_GOOD);
		ck_assert_mem_eq(x.out, want, N * x.size);
	}
	free(want);
	pairs_free(&x);
}
END_TEST

/* With tables for few powers and for many, which have windows of different widths; and more
 * powers than go through a table at once. */
START_TEST(powers_of_a_fixed_base)
{
	static const size_t for_powers[] = { 1, 4, 9, 40, 200, 100000 };
	enum { N = 17, MANY = 131 };
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *want, *have;
	struct pairs x;
	size_t i, k, n;
	void *table;

	take(_i, &m, &path);
	pairs_make(&x, m);
	want = calloc(PAIRS, x.size);
	have = calloc(MANY, x.size);
	ck_assert(want != NULL && have != NULL);
	for (i = 0; i < PAIRS; i++) {
		power_want(want + i * x.limbs, m, x.base, x.e + i * x.limbs);
	}
	for (k = 0; k < sizeof for_powers / sizeof for_powers[0]; k++) {
		const struct modp_inputs exponents = { x.e, x.limbs }, same = { x.e, 0 };

		ck_assert_int_eq(path->table(&table, m, x.base, for_powers[k]), R_GOOD);
		ck_assert(table != NULL || for_powers[k] < 9);
		if (table == NULL)
			continue;
		for (n = 0; n <= N; n++) {
			if (!worth_trying(path, n))
				continue;
			memset(have, 0, PAIRS * x.size);
			path->table_pow(have, m, table, exponents, n);
			ck_assert_mem_eq(have, want, n * x.size);
			ck_assert(
			    mpn_zero_p(have + n * x.limbs, (mp_size_t)((PAIRS - n) * x.limbs)));
		}
		n = path == &modp_gmp ? 2 : MANY;
		path->table_pow(have, m, table, same, n);
		for (i = 0; i < n; i++)
			ck_assert_mem_eq(have + i * x.limbs, want, x.size);
		mem_free(table);
	}
	free(want);
	free(have);
	pairs_free(&x);
}
END_TEST

/* ---- products of powers ---- */

START_TEST(products_of_powers)
{
	const struct modp_path *path;
	const struct modp *m;
	struct pairs x;
	size_t n;

	take(_i, &m, &path);
	pairs_make(&x, m);
	for (n = 1; n <= 17; n++) {
		const struct modp_inputs base = { x.base, x.limbs }, e = { x.e, x.limbs };
		const mp_limb_t *want = x.product + n * x.limbs;

		if (!worth_trying(path, n))
			continue;
		ck_assert_int_eq(path->straus(x.out, m, base, e, n, m->order_bits), R_GOOD);
		ck_assert_mem_eq(x.out, want, x.size);
		ck_assert_int_eq(path->buckets(x.out, m, base, e, n, m->order_bits, 0), R_GOOD);
		ck_assert_mem_eq(x.out, want, x.size);
		ck_assert_int_eq(path->buckets(x.out, m, base, e, n, m->order_bits, 1), R_GOOD);
		ck_assert_mem_eq(x.out, want, x.size);
	}
	pairs_free(&x);
}
END_TEST

/* Fill e with n exponents of at most `bits` bits, every seventh shorter than 65. */
static void
draw_short(mp_limb_t *e, size_t limbs, size_t n, size_t bits, struct rng *rng)
{
	mp_limb_t *x;
	size_t i;

	memset(e, 0, n * limbs * sizeof *e);
	for (i = 0; i < n; i++) {
		x = e + i * limbs;
		rng_fill(rng, (uint8_t *)x, (bits + 63) / 64 * sizeof *x);
		if (bits % 64 != 0)
			x[bits / 64] &= ((mp_limb_t)1 << bits % 64) - 1;
		if (i % 7 == 0)
			memset(x + 1, 0, (limbs - 1) * sizeof *x);
	}
}

static void
product_of_powers(mp_limb_t *out, const struct modp *m, const mp_limb_t *base, const mp_limb_t *e,
    size_t n)
{
	mp_limb_t power[MODP_LIMBS_MAX];
	size_t i;

	memset(out, 0, m->limbs * sizeof *out);
	out[0] = 1;
	for (i = 0; i < n; i++) {
		power_want(power, m, base + i * m->limbs, e + i * m->limbs);
		mul_want(out, out, power, m->p, m->limbs);
	}
}

/* Enough for several of Straus's blocks and for wide windows of Pippenger's, with exponents of
 * several lengths, short ones so that GMP can say in reasonable time what is right. */
START_TEST(products_of_many_powers)
{
	enum { N = 261 };
	static const uint8_t seed[32] = "products_of_many_powers";
	static const size_t lengths[] = { 1, 52, 64, 128, 130, 256 };
	const struct modp_path *path;
	const struct modp *m;
	mp_limb_t *base, *e, *out, *want;
	struct rng rng;
	size_t i, at, limbs, size;
	int is_public;

	take(_i, &m, &path);
	rng_seeded(&rng, seed);
	limbs = m->limbs;
	size = limbs * sizeof *base;
	base = calloc(N, size);
	e = calloc(N, size);
	out = calloc(1, size);
	want = calloc(1, size);
	ck_assert(base != NULL && e != NULL && out != NULL && want != NULL);
	for (i = 0; i < N; i++)
		draw(base + i * limbs, m->p, limbs, &rng);
	for (at = 0; at < sizeof lengths / sizeof lengths[0]; at++) {
		const struct modp_inputs bases = { base, limbs }, exponents = { e, limbs };
		const size_t bits = lengths[at];

		draw_short(e, limbs, N, bits, &rng);
		product_of_powers(want, m, base, e, N);
		ck_assert_int_eq(path->straus(out, m, bases, exponents, N, bits), R_GOOD);
		ck_assert_mem_eq(out, want, size);
		for (is_public = 0; is_public < 2; is_public++) {
			ck_assert_int_eq(path->buckets(out, m, bases, exponents, N, bits,
					     is_public),
			    R_GOOD);
			ck_assert_mem_eq(out, want, size);
		}
	}
	free(base);
	free(e);
	free(out);
	free(want);
}
END_TEST

int
main(void)
{
	const int loops = GROUPS * count_paths();
	Suite *suite = suite_create("modp");
	TCase *tc = tcase_create("modp");

	tcase_set_timeout(tc, getenv("TABELLA_LONG") != NULL ? 0 : 300);
	tcase_add_loop_test(tc, products_of_edges, 0, loops);
	tcase_add_loop_test(tc, long_run, 0, loops);
	tcase_add_loop_test(tc, products_of_pairs, 0, loops);
	tcase_add_loop_test(tc, powers, 0, loops);
	tcase_add_loop_test(tc, powers_of_one, 0, loops);
	tcase_add_loop_test(tc, powers_of_a_fixed_base, 0, loops);
	tcase_add_loop_test(tc, products_of_powers, 0, loops);
	tcase_add_loop_test(tc, products_of_many_powers, 0, loops);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
