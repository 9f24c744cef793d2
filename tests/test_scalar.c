/*
 * test_scalar: the numbers modulo q beside GMP's and beside libsodium's, at the edges and
 * at random.
 */
#include <check.h>
#include <gmp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/rng.h"
#include "crypto/scalar.h"
#include "tests/suite.h"

#define EDGES 64
#define RANDOM 400

static const uint8_t seed[32] = "test_scalar";

/* ---- numbers ---- */

static void
get(mpz_t x, const uint8_t *bytes, size_t n)
{
	mpz_import(x, n, -1, 1, -1, 0, bytes);
}

static void
put(uint8_t *bytes, size_t n, const mpz_t x)
{
	ck_assert_uint_le(mpz_sizeinbase(x, 256), n);
	memset(bytes, 0, n);
	mpz_export(bytes, NULL, -1, 1, -1, 0, x);
}

static void
get_order(mpz_t q)
{
	mpz_set_str(q, "27742317777372353535851937790883648493", 10);
	mpz_setbit(q, 252);
}

/* The scalar must be x modulo q. */
static void
assert_is(const uint8_t s[SCALAR_BYTES], const mpz_t x)
{
	mpz_t want, q;
	uint8_t bytes[SCALAR_BYTES];

	mpz_inits(want, q, NULL);
	get_order(q);
	mpz_mod(want, x, q);
	put(bytes, sizeof bytes, want);
	ck_assert_mem_eq(s, bytes, sizeof bytes);
	mpz_clears(want, q, NULL);
}

/* Add x to the edges if it is a scalar and new to them. */
static void
edge(uint8_t s[][SCALAR_BYTES], size_t *n, const mpz_t x)
{
	mpz_t q;

	mpz_init(q);
	get_order(q);
	if (mpz_sgn(x) >= 0 && mpz_cmp(x, q) < 0) {
		ck_assert_uint_lt(*n, EDGES);
		put(s[(*n)++], SCALAR_BYTES, x);
	}
	mpz_clear(q);
}

/* Scalars where a carry, a fold or a comparison may go wrong: around 0, q, its half and the
 * numbers it is made of, around powers of two at the limbs' borders. */
static size_t
edges(uint8_t s[][SCALAR_BYTES])
{
	static const unsigned bits[] = { 1, 64, 124, 125, 126, 128, 192, 251, 252 };
	size_t n = 0, i;
	mpz_t x, q;
	int d;

	mpz_inits(x, q, NULL);
	get_order(q);
	for (d = -2; d <= 2; d++) {
		mpz_set_si(x, d);
		edge(s, &n, x);
		mpz_add(x, x, q);
		edge(s, &n, x);
		mpz_fdiv_q_2exp(x, q, 1);
		mpz_add_ui(x, x, (unsigned)(d + 2));
		edge(s, &n, x);
		mpz_set(x, q);
		mpz_clrbit(x, 252);
		mpz_add_ui(x, x, (unsigned)(d + 2));
		edge(s, &n, x);
	}
	for (i = 0; i < sizeof bits / sizeof bits[0]; i++)
		for (d = 0; d <= 2; d++) {
			mpz_set_ui(x, 0);
			mpz_setbit(x, bits[i]);
			mpz_add_ui(x, x, 1);
			mpz_sub_ui(x, x, (unsigned)d);
			edge(s, &n, x);
		}
	mpz_clears(x, q, NULL);
	return n;
}

static void
draw(uint8_t s[SCALAR_BYTES], struct rng *rng)
{
	uint8_t wide[SCALAR_WIDE];

	rng_fill(rng, wide, sizeof wide);
	crypto_core_ristretto255_scalar_reduce(s, wide);
}

/* ---- two at a time ---- */

/* Operations on a, b and c. */
static void
compare(const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES], const uint8_t c[SCALAR_BYTES])
{
	uint8_t have[SCALAR_BYTES], want[SCALAR_BYTES];
	mpz_t x, y, z;

	mpz_inits(x, y, z, NULL);
	get(x, a, SCALAR_BYTES);
	get(y, b, SCALAR_BYTES);

	scalar_add(have, a, b);
	crypto_core_ristretto255_scalar_add(want, a, b);
	ck_assert_mem_eq(have, want, sizeof have);
	mpz_add(z, x, y);
	assert_is(have, z);

	scalar_sub(have, a, b);
	crypto_core_ristretto255_scalar_sub(want, a, b);
	ck_assert_mem_eq(have, want, sizeof have);
	mpz_sub(z, x, y);
	assert_is(have, z);

	scalar_mul(have, a, b);
	crypto_core_ristretto255_scalar_mul(want, a, b);
	ck_assert_mem_eq(have, want, sizeof have);
	mpz_mul(z, x, y);
	assert_is(have, z);

	scalar_muladd(have, a, b, c);
	get(y, c, SCALAR_BYTES);
	mpz_add(z, z, y);
	assert_is(have, z);
	mpz_clears(x, y, z, NULL);
}

START_TEST(two_at_the_edges)
{
	uint8_t s[EDGES][SCALAR_BYTES];
	const size_t n = edges(s);
	size_t i, k;

	ck_assert_uint_gt(n, 30);
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			compare(s[i], s[k], s[(i + k) % n]);
}
END_TEST

START_TEST(two_at_random)
{
	uint8_t a[SCALAR_BYTES], b[SCALAR_BYTES], c[SCALAR_BYTES];
	struct rng rng;
	int i;

	rng_seeded(&rng, seed);
	for (i = 0; i < RANDOM; i++) {
		draw(a, &rng);
		draw(b, &rng);
		draw(c, &rng);
		compare(a, b, c);
		compare(a, a, a);
	}
}
END_TEST

/* The greatest that a * b + c can be. */
START_TEST(greatest)
{
	uint8_t s[SCALAR_BYTES];
	mpz_t q;

	mpz_init(q);
	get_order(q);
	mpz_sub_ui(q, q, 1);
	put(s, sizeof s, q);
	compare(s, s, s);
	mpz_clear(q);
}
END_TEST

START_TEST(an_output_may_be_an_input)
{
	uint8_t a[SCALAR_BYTES], b[SCALAR_BYTES], want[SCALAR_BYTES], have[SCALAR_BYTES];
	struct rng rng;

	rng_seeded(&rng, seed);
	draw(a, &rng);
	draw(b, &rng);
#define BOTH(f) \
	do { \
		f(want, a, b); \
		memcpy(have, a, sizeof have); \
		f(have, have, b); \
		ck_assert_mem_eq(have, want, sizeof have); \
		memcpy(have, b, sizeof have); \
		f(have, a, have); \
		ck_assert_mem_eq(have, want, sizeof have); \
	} while (0)
	BOTH(scalar_add);
	BOTH(scalar_sub);
	BOTH(scalar_mul);
	scalar_muladd(want, a, b, a);
	memcpy(have, a, sizeof have);
	scalar_muladd(have, have, b, have);
	ck_assert_mem_eq(have, want, sizeof have);
}
END_TEST

/* ---- one at a time ---- */

static void
alone(const uint8_t a[SCALAR_BYTES])
{
	uint8_t s[SCALAR_BYTES], want[SCALAR_BYTES];
	mpz_t x, q;

	mpz_inits(x, q, NULL);
	get_order(q);
	ck_assert_int_eq(scalar_canonical(a), 1);

	scalar_half(s, a);
	ck_assert_int_eq(scalar_canonical(s), 1);
	scalar_add(want, s, s);
	ck_assert_mem_eq(want, a, sizeof want);

	scalar_invert(s, a);
	get(x, a, SCALAR_BYTES);
	if (mpz_sgn(x) != 0)
		ck_assert_int_ne(mpz_invert(x, x, q), 0);
	assert_is(s, x);
	memcpy(want, a, sizeof want);
	scalar_invert(want, want);
	ck_assert_mem_eq(want, s, sizeof want);
	mpz_clears(x, q, NULL);
}

START_TEST(alone_at_the_edges)
{
	uint8_t s[EDGES][SCALAR_BYTES];
	const size_t n = edges(s);
	size_t i;

	for (i = 0; i < n; i++)
		alone(s[i]);
}
END_TEST

START_TEST(alone_at_random)
{
	uint8_t s[SCALAR_BYTES];
	struct rng rng;
	int i;

	rng_seeded(&rng, seed);
	for (i = 0; i < RANDOM; i++) {
		draw(s, &rng);
		alone(s);
	}
}
END_TEST

/* ---- numbers of any size ---- */

static void
assert_reduces(const uint8_t wide[SCALAR_WIDE])
{
	uint8_t have[SCALAR_BYTES], want[SCALAR_BYTES];
	mpz_t x;

	mpz_init(x);
	scalar_reduce(have, wide);
	crypto_core_ristretto255_scalar_reduce(want, wide);
	ck_assert_mem_eq(have, want, sizeof have);
	get(x, wide, SCALAR_WIDE);
	assert_is(have, x);
	mpz_clear(x);
}

START_TEST(reduces)
{
	uint8_t wide[SCALAR_WIDE];
	struct rng rng;
	mpz_t x, q, m;
	int i, d;

	rng_seeded(&rng, seed);
	mpz_inits(x, q, m, NULL);
	get_order(q);
	for (i = 0; i < 10 * RANDOM; i++) {
		rng_fill(&rng, wide, sizeof wide);
		assert_reduces(wide);
	}
	/* each bit, all below it, all but it */
	for (i = 0; i < 8 * SCALAR_WIDE; i++) {
		for (d = 0; d < 2; d++) {
			mpz_set_ui(x, 0);
			mpz_setbit(x, (mp_bitcnt_t)i);
			mpz_sub_ui(x, x, (unsigned)d);
			put(wide, sizeof wide, x);
			assert_reduces(wide);
		}
		memset(wide, 0xff, sizeof wide);
		wide[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_reduces(wide);
	}
	memset(wide, 0xff, sizeof wide);
	assert_reduces(wide);
	/* around multiples of q: small ones, random ones, the last that fits */
	for (i = 0; i < RANDOM; i++) {
		rng_fill(&rng, wide, 32);
		get(m, wide, 32);
		if (i < 20) {
			mpz_set_ui(m, (unsigned)i);
		} else if (i == 20) {
			mpz_set_ui(m, 0);
			mpz_setbit(m, 8 * SCALAR_WIDE);
			mpz_fdiv_q(m, m, q);
		}
		for (d = -2; d <= 2; d++) {
			mpz_mul(x, m, q);
			mpz_add_ui(x, x, 2);
			mpz_sub_ui(x, x, (unsigned)(2 - d));
			if (mpz_sgn(x) >= 0 && mpz_sizeinbase(x, 2) <= 8 * SCALAR_WIDE) {
				put(wide, sizeof wide, x);
				assert_reduces(wide);
			}
		}
	}
	mpz_clears(x, q, m, NULL);
}
END_TEST

START_TEST(knows_what_is_below_q)
{
	uint8_t s[SCALAR_BYTES];
	struct rng rng;
	mpz_t x, q;
	int i, d;

	rng_seeded(&rng, seed);
	mpz_inits(x, q, NULL);
	get_order(q);
	for (i = 0; i < 16; i++)
		for (d = 0; d <= 4; d++) {
			mpz_mul_ui(x, q, (unsigned)i);
			mpz_add_ui(x, x, (unsigned)d);
			if (i > 0)
				mpz_sub_ui(x, x, 2);
			if (mpz_sizeinbase(x, 2) > 256)
				continue;
			put(s, sizeof s, x);
			ck_assert_int_eq(scalar_canonical(s), mpz_cmp(x, q) < 0);
		}
	for (i = 0; i < 256; i++) {
		mpz_set(x, q);
		mpz_combit(x, (mp_bitcnt_t)i);
		put(s, sizeof s, x);
		ck_assert_int_eq(scalar_canonical(s), mpz_cmp(x, q) < 0);
	}
	for (i = 0; i < RANDOM; i++) {
		rng_fill(&rng, s, sizeof s);
		s[31] &= 0x1f;
		get(x, s, sizeof s);
		ck_assert_int_eq(scalar_canonical(s), mpz_cmp(x, q) < 0);
	}
	memset(s, 0xff, sizeof s);
	ck_assert_int_eq(scalar_canonical(s), 0);
	mpz_clears(x, q, NULL);
}
END_TEST

/* ---- arrays ---- */

/* Long enough for several folds of a sum of products. */
#define MANY 300

static void
many(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t sum[SCALAR_BYTES] = { 0 }, product[SCALAR_BYTES] = { 1 };
	uint8_t inner[SCALAR_BYTES] = { 0 }, s[SCALAR_BYTES], have[SCALAR_BYTES];
	uint8_t chain[MANY * SCALAR_BYTES], last[SCALAR_BYTES];
	const uint8_t *x, *y;
	size_t i;

	memcpy(last, a, sizeof last);
	scalar_chain(chain, a, a, b, n);
	for (i = 0; i < n; i++) {
		x = a + i * SCALAR_BYTES;
		y = b + i * SCALAR_BYTES;
		crypto_core_ristretto255_scalar_add(sum, sum, x);
		crypto_core_ristretto255_scalar_mul(product, product, x);
		crypto_core_ristretto255_scalar_mul(s, x, y);
		crypto_core_ristretto255_scalar_add(inner, inner, s);
		crypto_core_ristretto255_scalar_mul(s, last, y);
		crypto_core_ristretto255_scalar_add(last, s, x);
		ck_assert_mem_eq(chain + i * SCALAR_BYTES, last, SCALAR_BYTES);
	}
	scalar_sum(have, a, n);
	ck_assert_mem_eq(have, sum, sizeof have);
	scalar_product(have, a, n);
	ck_assert_mem_eq(have, product, sizeof have);
	scalar_inner(have, a, b, n);
	ck_assert_mem_eq(have, inner, sizeof have);
}

START_TEST(arrays_at_random)
{
	uint8_t a[MANY * SCALAR_BYTES], b[MANY * SCALAR_BYTES], out[MANY * SCALAR_BYTES];
	struct rng rng;
	size_t n;

	rng_seeded(&rng, seed);
	for (n = 0; n < MANY; n++) {
		draw(a + n * SCALAR_BYTES, &rng);
		draw(b + n * SCALAR_BYTES, &rng);
	}
	for (n = 0; n <= MANY; n += n < 5 ? 1 : 59)
		many(a, b, n);
	scalar_chain(out, a + 7 * SCALAR_BYTES, a, b, MANY);
	scalar_chain(a, a + 7 * SCALAR_BYTES, a, b, MANY);
	ck_assert_mem_eq(a, out, sizeof out);
}
END_TEST

/* All of them q - 1, the most that sums have to hold. */
START_TEST(arrays_of_the_greatest)
{
	uint8_t a[MANY * SCALAR_BYTES];
	size_t i;
	mpz_t q;

	mpz_init(q);
	get_order(q);
	mpz_sub_ui(q, q, 1);
	for (i = 0; i < MANY; i++)
		put(a + i * SCALAR_BYTES, SCALAR_BYTES, q);
	for (i = 1; i <= MANY; i++)
		many(a, a, i);
	mpz_clear(q);
}
END_TEST

/* Many at once, one by one: the edges among them, in every place among the lanes. */
START_TEST(many_at_once)
{
	uint8_t a[MANY * SCALAR_BYTES], b[MANY * SCALAR_BYTES], c[MANY * SCALAR_BYTES];
	uint8_t out[MANY * SCALAR_BYTES + 1], want[SCALAR_BYTES], special[EDGES][SCALAR_BYTES];
	const size_t specials = edges(special), n = (size_t)_i;
	const uint8_t *factor;
	struct rng rng;
	size_t i, at, step;

	rng_seeded(&rng, seed);
	for (i = 0; i < MANY; i++) {
		draw(a + i * SCALAR_BYTES, &rng);
		draw(b + i * SCALAR_BYTES, &rng);
		draw(c + i * SCALAR_BYTES, &rng);
		if (rng_below(&rng, 2) == 0)
			memcpy(a + i * SCALAR_BYTES, special[(i + n) % specials], SCALAR_BYTES);
		if (rng_below(&rng, 2) == 0)
			memcpy(b + i * SCALAR_BYTES, special[(3 * i + n) % specials], SCALAR_BYTES);
		if (rng_below(&rng, 2) == 0)
			memcpy(c + i * SCALAR_BYTES, special[(5 * i) % specials], SCALAR_BYTES);
	}
	for (step = 0; step <= SCALAR_BYTES; step += SCALAR_BYTES) {
		memset(out, 0x5a, sizeof out);
		scalar_muladd_many(out, a, b, step, NULL, n);
		for (i = 0; i < n; i++) {
			at = i * SCALAR_BYTES;
			crypto_core_ristretto255_scalar_mul(want, a + at, b + i * step);
			ck_assert_mem_eq(out + at, want, sizeof want);
		}
		ck_assert_uint_eq(out[n * SCALAR_BYTES], 0x5a);
		scalar_muladd_many(out, a, b, step, c, n);
		for (i = 0; i < n; i++) {
			at = i * SCALAR_BYTES;
			crypto_core_ristretto255_scalar_mul(want, a + at, b + i * step);
			crypto_core_ristretto255_scalar_add(want, want, c + at);
			ck_assert_mem_eq(out + at, want, sizeof want);
		}
		ck_assert_uint_eq(out[n * SCALAR_BYTES], 0x5a);
		/* in place of each of them */
		for (i = 0; i < 3; i++) {
			uint8_t again[3][MANY * SCALAR_BYTES];

			memcpy(again[0], a, sizeof a);
			memcpy(again[1], b, sizeof b);
			memcpy(again[2], c, sizeof c);
			factor = i == 1 && step == 0 ? b : again[1];
			scalar_muladd_many(again[i], again[0], factor, step, again[2], n);
			ck_assert_mem_eq(again[i], out, n * SCALAR_BYTES);
		}
	}
}
END_TEST

START_TEST(many_reduced_at_once)
{
	enum { N = 8 * SCALAR_WIDE + 3 };
	static uint8_t wide[N * SCALAR_WIDE], out[N * SCALAR_BYTES + 1];
	uint8_t want[SCALAR_BYTES], *at;
	struct rng rng;
	size_t i, k, n;
	mpz_t x, q;

	rng_seeded(&rng, seed);
	mpz_inits(x, q, NULL);
	get_order(q);
	for (k = 0; k < 4; k++) {
		rng_fill(&rng, wide, sizeof wide);
		for (i = 0; i < N; i++) {
			at = wide + i * SCALAR_WIDE;
			if (k == 1) {
				/* ones from some bit on, and up to it */
				memset(at, i % 2 == 0 ? 0xff : 0, SCALAR_WIDE);
				memset(at, i % 2 == 0 ? 0 : 0xff, i / 8 % SCALAR_WIDE);
				at[i / 8 % SCALAR_WIDE] = (uint8_t)(0xff << i % 8);
			} else if (k >= 2) {
				/* around a multiple of q, of up to 258 or up to 64 bits */
				get(x, at, k == 2 ? 32 : 8);
				mpz_mul(x, x, q);
				mpz_add_ui(x, x, i % 3);
				if (mpz_sgn(x) > 0)
					mpz_sub_ui(x, x, 1);
				put(at, SCALAR_WIDE, x);
			}
		}
		for (n = 0; n <= N; n += n < 20 ? 1 : (N - 20) / 2) {
			out[n * SCALAR_BYTES] = 0x5a;
			scalar_reduce_many(out, wide, n);
			ck_assert_uint_eq(out[n * SCALAR_BYTES], 0x5a);
			for (i = 0; i < n; i++) {
				crypto_core_ristretto255_scalar_reduce(want,
				    wide + i * SCALAR_WIDE);
				ck_assert_mem_eq(out + i * SCALAR_BYTES, want, sizeof want);
			}
		}
	}
	mpz_clears(x, q, NULL);
}
END_TEST

/* Numbers made of long runs of equal bits, and of zeros and ones at the limbs' borders of
 * either form: what carries run through. */
static void
draw_runs(uint8_t *bytes, size_t n, struct rng *rng)
{
	size_t bit = 0, run;
	unsigned value = rng_below(rng, 2);

	memset(bytes, 0, n);
	while (bit < 8 * n) {
		for (run = 1 + rng_below(rng, 80); run > 0 && bit < 8 * n; run--, bit++)
			bytes[bit / 8] |= (uint8_t)(value << bit % 8);
		value ^= 1;
	}
}

/* An assertion that costs nothing where it holds: the library's own writes to a pipe. */
static void
same(const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES])
{
	if (memcmp(a, b, SCALAR_BYTES) != 0)
		ck_assert_mem_eq(a, b, SCALAR_BYTES);
}

/* Every way to multiply, add and reduce, against each other and against libsodium. With
 * TABELLA_LONG=n in the environment on n triples of numbers instead of a few thousand. */
START_TEST(long_run)
{
	enum { N = 64 };
	static uint8_t wide[3][N * SCALAR_WIDE], s[3][N * SCALAR_BYTES];
	static uint8_t product[N * SCALAR_BYTES], sum[N * SCALAR_BYTES];
	const char *asked = getenv("TABELLA_LONG");
	const unsigned long total = asked != NULL ? strtoul(asked, NULL, 10) : 4096;
	uint8_t want[SCALAR_BYTES], have[SCALAR_BYTES];
	unsigned long done;
	struct rng rng;
	size_t i, k, at;

	rng_seeded(&rng, seed);
	for (done = 0; done < total; done += N) {
		for (k = 0; k < 3; k++) {
			if (done / N % 4 == k)
				rng_fill(&rng, wide[k], sizeof wide[k]);
			else
				for (i = 0; i < N; i++)
					draw_runs(wide[k] + i * SCALAR_WIDE, SCALAR_WIDE, &rng);
			scalar_reduce_many(s[k], wide[k], N);
			for (i = 0; i < N; i++) {
				crypto_core_ristretto255_scalar_reduce(want,
				    wide[k] + i * SCALAR_WIDE);
				same(s[k] + i * SCALAR_BYTES, want);
				scalar_reduce(have, wide[k] + i * SCALAR_WIDE);
				same(have, want);
			}
		}
		/* scalars as they come, too, not only what reductions leave */
		if (done / N % 2 == 0)
			for (k = 0; k < 3; k++)
				for (i = 0; i < N; i++) {
					memcpy(have, wide[k] + i * SCALAR_WIDE, sizeof have);
					have[SCALAR_BYTES - 1] &= 0x1f;
					if (scalar_canonical(have))
						memcpy(s[k] + i * SCALAR_BYTES, have, sizeof have);
				}
		scalar_muladd_many(product, s[0], s[1], SCALAR_BYTES, NULL, N);
		scalar_muladd_many(sum, s[0], s[1], SCALAR_BYTES, s[2], N);
		for (i = 0; i < N; i++) {
			at = i * SCALAR_BYTES;
			crypto_core_ristretto255_scalar_mul(want, s[0] + at, s[1] + at);
			same(product + at, want);
			scalar_mul(have, s[0] + at, s[1] + at);
			same(have, want);
			crypto_core_ristretto255_scalar_add(want, want, s[2] + at);
			same(sum + at, want);
			scalar_muladd(have, s[0] + at, s[1] + at, s[2] + at);
			same(have, want);
			crypto_core_ristretto255_scalar_add(want, s[0] + at, s[2] + at);
			scalar_add(have, s[0] + at, s[2] + at);
			same(have, want);
			crypto_core_ristretto255_scalar_sub(want, s[0] + at, s[2] + at);
			scalar_sub(have, s[0] + at, s[2] + at);
			same(have, want);
			scalar_half(have, s[1] + at);
			scalar_add(have, have, have);
			same(have, s[1] + at);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scalar");
	TCase *tcase = tcase_create("scalar");

	tcase_set_timeout(tcase, getenv("TABELLA_LONG") != NULL ? 0 : 300);
	tcase_add_test(tcase, two_at_the_edges);
	tcase_add_test(tcase, two_at_random);
	tcase_add_test(tcase, greatest);
	tcase_add_test(tcase, an_output_may_be_an_input);
	tcase_add_test(tcase, alone_at_the_edges);
	tcase_add_test(tcase, alone_at_random);
	tcase_add_test(tcase, reduces);
	tcase_add_test(tcase, knows_what_is_below_q);
	tcase_add_test(tcase, arrays_at_random);
	tcase_add_test(tcase, arrays_of_the_greatest);
	tcase_add_loop_test(tcase, many_at_once, 0, 40);
	tcase_add_loop_test(tcase, many_at_once, MANY - 9, MANY);
	tcase_add_test(tcase, many_reduced_at_once);
	tcase_add_test(tcase, long_run);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
