/*
 * test_svec: scalars in every group against GMP's integers.
 */
#include <check.h>
#include <gmp.h>
#include <signal.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/rng.h"
#include "tests/slow.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_svec";

/* Lengths; the last is longer than what shares one inversion. */
static const size_t lengths[] = { 0, 1, 2, 3, 35 };

#define LENGTHS (sizeof lengths / sizeof lengths[0])

#define GOOD(call) ck_assert_int_eq((call), R_GOOD)

static struct svec *
scalars(const struct group *g, size_t n)
{
	struct svec *v;

	GOOD(svec_new(&v, g, n));
	return v;
}

static struct svec *
slice(struct svec *v, size_t from, size_t n)
{
	struct svec *view;

	GOOD(svec_slice(&view, v, from, n));
	return view;
}

/* Random scalars, none of them zero, with 1 and q - 1 among many. */
static struct svec *
units(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v = scalars(g, n), *one = scalars(g, 1);
	size_t i;

	GOOD(svec_random(v, rng));
	svec_set_u64(one, 0, 1);
	for (i = 0; i < n; i++)
		if (svec_is_zero(v, i))
			svec_copy(v, i, one, 0, 1);
	if (n > 2)
		svec_copy(v, 1, one, 0, 1);
	svec_neg(one, one);
	if (n > 2)
		svec_copy(v, 2, one, 0, 1);
	svec_free(one);
	return v;
}

/* The same with a zero among many. */
static struct svec *
some(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v = units(g, n, rng);

	if (n > 3)
		svec_set_u64(v, 3, 0);
	return v;
}

static struct svec *
copy_of(const struct svec *v)
{
	struct svec *copy = scalars(svec_group(v), svec_len(v));

	svec_copy(copy, 0, v, 0, svec_len(v));
	return copy;
}

/* x = v[i] */
static void
number(mpz_t x, const struct svec *v, size_t i)
{
	const struct group *g = svec_group(v);
	struct svec *one = scalars(g, 1);
	uint8_t bytes[SLOW_BYTES];

	svec_copy(one, 0, v, i, 1);
	svec_encode(bytes, sizeof bytes, one);
	slow_get(x, bytes, group_scalar_bytes(g), g);
	svec_free(one);
}

/* v[i] must be x modulo q. */
static void
assert_is(const struct svec *v, size_t i, const mpz_t x)
{
	mpz_t have, want;

	mpz_inits(have, want, NULL);
	slow_order(want, svec_group(v));
	mpz_mod(want, x, want);
	number(have, v, i);
	ck_assert_int_eq(mpz_cmp(have, want), 0);
	mpz_clears(have, want, NULL);
}

static void
assert_same(const struct svec *a, const struct svec *b)
{
	ck_assert_uint_eq(svec_differ_vartime(a, b), svec_len(a));
}

/* ---- bytes ---- */

START_TEST(new_ones_are_zero)
{
	const struct group *g = slow_group(_i);
	struct svec *v = scalars(g, 3), *none = scalars(g, 0);
	uint8_t bytes[3 * SLOW_BYTES], zero[3 * SLOW_BYTES] = { 0 };
	size_t i;

	ck_assert_uint_eq(svec_len(v), 3);
	ck_assert_uint_eq(svec_len(none), 0);
	ck_assert_ptr_eq(svec_group(v), g);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(svec_is_zero(v, i), 1);
	svec_encode(bytes, group_scalar_bytes(g), v);
	ck_assert_mem_eq(bytes, zero, 3 * group_scalar_bytes(g));
	svec_free(v);
	svec_free(none);
	svec_free(NULL);
}
END_TEST

/* Decode x; it must be taken exactly if it is below q. */
static void
decode_number(const struct group *g, const mpz_t q, const mpz_t x)
{
	const size_t n = group_scalar_bytes(g);
	uint8_t bytes[SLOW_BYTES], again[SLOW_BYTES];
	struct svec *v = scalars(g, 1);
	enum result want;

	slow_put(bytes, n, g, x);
	want = mpz_cmp(x, q) < 0 ? R_GOOD : R_NON_CANONICAL;
	ck_assert_int_eq(svec_decode(v, bytes, n, NULL), want);
	if (want == R_GOOD) {
		svec_encode(again, n, v);
		ck_assert_mem_eq(again, bytes, n);
	}
	svec_free(v);
}

START_TEST(decodes)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_scalar_bytes(g);
	uint8_t bytes[SLOW_BYTES];
	struct rng rng;
	mpz_t x, q;
	int i, m;
	size_t bit;

	rng_seeded(&rng, seed);
	mpz_inits(x, q, NULL);
	slow_order(q, g);
	/* around the multiples of q that fit, and the ends */
	for (m = 0; m < 16; m++)
		for (i = -2; i <= 2; i++) {
			mpz_mul_ui(x, q, (unsigned long)m);
			mpz_add_ui(x, x, 2);
			mpz_sub_ui(x, x, (unsigned long)(2 - i));
			if (mpz_sgn(x) >= 0 && mpz_sizeinbase(x, 2) <= 8 * n)
				decode_number(g, q, x);
		}
	for (bit = 0; bit < 8 * n; bit += _i < 3 ? 1 : 21) {
		mpz_set_ui(x, 0);
		mpz_setbit(x, bit);
		decode_number(g, q, x);
		mpz_add(x, x, q);
		if (mpz_sizeinbase(x, 2) <= 8 * n)
			decode_number(g, q, x);
		mpz_set(x, q);
		mpz_combit(x, bit);
		decode_number(g, q, x);
	}
	for (i = 0; i < 200; i++) {
		rng_fill(&rng, bytes, n);
		slow_get(x, bytes, n, g);
		decode_number(g, q, x);
		mpz_mod(x, x, q);
		decode_number(g, q, x);
	}
	mpz_set_ui(x, 0);
	mpz_setbit(x, 8 * n);
	mpz_sub_ui(x, x, 1);
	decode_number(g, q, x);
	mpz_clears(x, q, NULL);
}
END_TEST

START_TEST(names_the_first_bad)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_scalar_bytes(g), stride = n + 3;
	uint8_t bytes[5 * (SLOW_BYTES + 3)] = { 0 };
	struct svec *v = scalars(g, 5);
	size_t bad = 9;

	GOOD(svec_decode(v, bytes, stride, &bad));
	memset(bytes + 4 * stride, 0xff, n);
	ck_assert_int_eq(svec_decode(v, bytes, stride, &bad), R_NON_CANONICAL);
	ck_assert_uint_eq(bad, 4);
	memset(bytes + 2 * stride, 0xff, n);
	ck_assert_int_eq(svec_decode(v, bytes, stride, &bad), R_NON_CANONICAL);
	ck_assert_uint_eq(bad, 2);
	svec_free(v);
}
END_TEST

START_TEST(encodes_with_a_stride)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_scalar_bytes(g), stride = n + 1;
	uint8_t bytes[3 * (SLOW_BYTES + 1)];
	struct rng rng;
	struct svec *v, *w = scalars(g, 3);
	size_t i;

	rng_seeded(&rng, seed);
	v = some(g, 3, &rng);
	memset(bytes, 0x5a, sizeof bytes);
	svec_encode(bytes, stride, v);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(bytes[i * stride + n], 0x5a);
	GOOD(svec_decode(w, bytes, stride, NULL));
	assert_same(v, w);
	svec_free(v);
	svec_free(w);
}
END_TEST

/* ---- numbers from elsewhere ---- */

START_TEST(sets_small_numbers)
{
	static const uint64_t numbers[] = { 0, 1, 2, 10, 11, 12, 22, 23, 24, 255, 256,
		UINT64_C(0xffffffff), UINT64_C(0x100000000), UINT64_MAX };
	const struct group *g = slow_group(_i);
	struct svec *v = scalars(g, 3);
	size_t i;
	mpz_t x;

	mpz_init(x);
	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		svec_set_u64(v, 1, numbers[i]);
		mpz_set_ui(x, numbers[i]);
		assert_is(v, 1, x);
		ck_assert_int_eq(svec_is_zero(v, 0) && svec_is_zero(v, 2), 1);
	}
	mpz_clear(x);
	svec_free(v);
}
END_TEST

START_TEST(reduces_wide_numbers)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_wide_bytes(g);
	uint8_t wide[SLOW_BYTES + 16];
	struct svec *v = scalars(g, 2);
	struct rng rng;
	mpz_t x;
	int i;

	rng_seeded(&rng, seed);
	mpz_init(x);
	for (i = 0; i < 100; i++) {
		if (i < 2)
			memset(wide, i == 0 ? 0 : 0xff, n);
		else
			rng_fill(&rng, wide, n);
		slow_get(x, wide, n, g);
		svec_from_wide(v, 1, wide);
		assert_is(v, 1, x);
		ck_assert_int_eq(svec_is_zero(v, 0), 1);
	}
	mpz_clear(x);
	svec_free(v);
}
END_TEST

/* The i-th random scalar is the i-th piece of the stream, reduced; and the stream goes on
 * after the last. There are more than are read from the stream at once. */
START_TEST(draws)
{
	enum { N = 2065 };
	const struct group *g = slow_group(_i);
	const size_t n = group_wide_bytes(g);
	const size_t many = strncmp(group_name(g), "modp", 4) == 0 ? 67 : N;
	uint8_t wide[SLOW_BYTES + 16], next[5], more[5];
	struct svec *v = scalars(g, many);
	struct rng rng, after;
	size_t i;
	mpz_t x;

	mpz_init(x);
	rng_seeded(&after, seed);
	GOOD(svec_random(v, &after));
	rng_seeded(&rng, seed);
	for (i = 0; i < many; i++) {
		rng_fill(&rng, wide, n);
		slow_get(x, wide, n, g);
		assert_is(v, i, x);
	}
	rng_fill(&rng, next, sizeof next);
	rng_fill(&after, more, sizeof more);
	ck_assert_mem_eq(next, more, sizeof next);
	mpz_clear(x);
	svec_free(v);
}
END_TEST

START_TEST(draws_every_tiny_scalar)
{
	const unsigned orders[] = { 11, 23 };
	struct svec *v = scalars(tiny_group(orders[_i]), 1000);
	unsigned count[23] = { 0 }, i;
	static uint8_t bytes[1000];
	struct rng rng;

	rng_seeded(&rng, seed);
	GOOD(svec_random(v, &rng));
	svec_encode(bytes, 1, v);
	for (i = 0; i < 1000; i++)
		count[bytes[i]]++;
	/* 91 or 43 of each are to be expected */
	for (i = 0; i < orders[_i]; i++)
		ck_assert_uint_gt(count[i], 15);
	svec_free(v);
}
END_TEST

START_TEST(reads_128_bits)
{
	const struct group *g = slow_group(_i);
	uint8_t bytes[16 * 4];
	struct svec *v = scalars(g, 4);
	struct rng rng;
	size_t i;
	mpz_t x;

	mpz_init(x);
	rng_seeded(&rng, seed);
	rng_fill(&rng, bytes, sizeof bytes);
	memset(bytes, 0xff, 16);
	memset(bytes + 16, 0, 16);
	svec_from_128(v, bytes);
	for (i = 0; i < 4; i++) {
		mpz_import(x, 16, -1, 1, 1, 0, bytes + 16 * i);
		assert_is(v, i, x);
	}
	mpz_clear(x);
	svec_free(v);
}
END_TEST

START_TEST(reads_challenges)
{
	const struct group *g = slow_group(_i);
	const int ristretto = strcmp(group_name(g), "ristretto255") == 0;
	uint8_t hash[64];
	struct svec *v = scalars(g, 2);
	struct rng rng;
	mpz_t x;
	int i;

	mpz_init(x);
	rng_seeded(&rng, seed);
	for (i = 0; i < 50; i++) {
		if (i == 0)
			memset(hash, 0xff, sizeof hash);
		else
			rng_fill(&rng, hash, sizeof hash);
		mpz_import(x, ristretto ? 64 : 32, ristretto ? -1 : 1, 1, 1, 0, hash);
		svec_from_hash(v, 1, hash);
		assert_is(v, 1, x);
		ck_assert_int_eq(svec_is_zero(v, 0), 1);
	}
	mpz_clear(x);
	svec_free(v);
}
END_TEST

/* ---- moving and comparing ---- */

START_TEST(moves)
{
	static const uint32_t index[] = { 5, 0, 0, 3, 1, 4, 2, 5 };
	const struct group *g = slow_group(_i);
	struct svec *v, *w, *out = scalars(g, 8), *view, *inner;
	struct rng rng;
	size_t i;
	mpz_t x;

	mpz_init(x);
	rng_seeded(&rng, seed);
	v = some(g, 6, &rng);
	svec_gather(out, v, index);
	for (i = 0; i < 8; i++) {
		number(x, v, index[i]);
		assert_is(out, i, x);
	}
	w = copy_of(v);
	svec_copy(w, 1, w, 0, 5);
	for (i = 0; i < 6; i++) {
		number(x, v, i == 0 ? 0 : i - 1);
		assert_is(w, i, x);
	}
	svec_copy(w, 0, w, 1, 5);
	svec_copy(w, 5, v, 5, 1);
	assert_same(v, w);

	view = slice(w, 2, 3);
	inner = slice(view, 1, 1);
	ck_assert_uint_eq(svec_len(inner), 1);
	ck_assert_ptr_eq(svec_group(inner), g);
	svec_add(inner, inner, inner);
	number(x, v, 3);
	mpz_mul_ui(x, x, 2);
	assert_is(w, 3, x);
	svec_set_u64(inner, 0, 7);
	ck_assert_uint_eq(svec_differ_vartime(v, w), 3);
	svec_free(inner);
	svec_free(view);
	svec_free(v);
	svec_free(w);
	svec_free(out);
	mpz_clear(x);
}
END_TEST

/* ---- arithmetic ---- */

typedef void operation(struct svec *out, const struct svec *a, const struct svec *b);
typedef void on_numbers(mpz_t out, const mpz_t a, const mpz_t b);

static void
check_one(const struct svec *out, const struct svec *a, const struct svec *b, on_numbers *want)
{
	mpz_t x, y;
	size_t i;

	mpz_inits(x, y, NULL);
	for (i = 0; i < svec_len(out); i++) {
		number(x, a, i);
		number(y, b, svec_len(b) == 1 ? 0 : i);
		want(x, x, y);
		assert_is(out, i, x);
	}
	mpz_clears(x, y, NULL);
}

static void
check_operation(const struct group *g, size_t n, operation *f, on_numbers *want)
{
	struct svec *a, *b, *one, *out = scalars(g, n), *copy, *inner;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	a = some(g, n, &rng);
	b = some(g, n, &rng);
	/* bring the special ones together with others */
	if (n > 3)
		svec_copy(b, 0, b, 1, n - 1);
	one = some(g, 1, &rng);
	f(out, a, b);
	check_one(out, a, b, want);
	f(out, a, one);
	check_one(out, a, one, want);
	copy = copy_of(a);
	f(copy, copy, b);
	check_one(copy, a, b, want);
	svec_copy(copy, 0, b, 0, n);
	f(copy, a, copy);
	check_one(copy, a, b, want);
	svec_copy(copy, 0, a, 0, n);
	f(copy, copy, copy);
	check_one(copy, a, a, want);
	for (i = 0; i<n; i += n - 1> 0 ? n - 1 : 1) {
		svec_copy(copy, 0, a, 0, n);
		inner = slice(copy, i, 1);
		svec_copy(one, 0, a, i, 1);
		f(copy, copy, inner);
		check_one(copy, a, one, want);
		svec_free(inner);
	}
	svec_free(a);
	svec_free(b);
	svec_free(one);
	svec_free(out);
	svec_free(copy);
}

START_TEST(adds)
{
	size_t k;

	for (k = 0; k < LENGTHS; k++)
		check_operation(slow_group(_i), lengths[k], svec_add, mpz_add);
}
END_TEST

START_TEST(subtracts)
{
	size_t k;

	for (k = 0; k < LENGTHS; k++)
		check_operation(slow_group(_i), lengths[k], svec_sub, mpz_sub);
}
END_TEST

START_TEST(multiplies)
{
	size_t k;

	for (k = 0; k < LENGTHS; k++)
		check_operation(slow_group(_i), lengths[k], svec_mul, mpz_mul);
}
END_TEST

/* out[i] must be a[i] * b[i] + c[i]. */
static void
check_muladd(const struct svec *out, const struct svec *a, const struct svec *b,
    const struct svec *c)
{
	mpz_t x, y;
	size_t i;

	mpz_inits(x, y, NULL);
	for (i = 0; i < svec_len(out); i++) {
		number(x, a, i);
		number(y, b, svec_len(b) == 1 ? 0 : i);
		mpz_mul(x, x, y);
		number(y, c, i);
		mpz_add(x, x, y);
		assert_is(out, i, x);
	}
	mpz_clears(x, y, NULL);
}

START_TEST(multiplies_and_adds)
{
	const struct group *g = slow_group(_i);
	struct svec *a, *b, *c, *one, *out, *view;
	struct rng rng;
	size_t k, n;

	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		n = lengths[k];
		a = some(g, n, &rng);
		b = some(g, n, &rng);
		c = some(g, n, &rng);
		one = some(g, 1, &rng);
		out = scalars(g, n);
		svec_muladd(out, a, b, c);
		check_muladd(out, a, b, c);
		svec_muladd(out, a, one, c);
		check_muladd(out, a, one, c);
		svec_copy(out, 0, a, 0, n);
		svec_muladd(out, out, b, c);
		check_muladd(out, a, b, c);
		svec_copy(out, 0, b, 0, n);
		svec_muladd(out, a, out, c);
		check_muladd(out, a, b, c);
		svec_copy(out, 0, c, 0, n);
		svec_muladd(out, a, b, out);
		check_muladd(out, a, b, c);
		if (n > 0) {
			/* a factor for all, inside the output */
			svec_copy(one, 0, c, n / 2, 1);
			svec_copy(out, 0, c, 0, n);
			view = slice(out, n / 2, 1);
			svec_muladd(out, a, view, out);
			check_muladd(out, a, one, c);
			svec_free(view);
		}
		svec_free(a);
		svec_free(b);
		svec_free(c);
		svec_free(one);
		svec_free(out);
	}
}
END_TEST

START_TEST(tiny_tables)
{
	const unsigned orders[] = { 11, 23 };
	const unsigned q = orders[_i];
	struct svec *a = scalars(tiny_group(q), 1), *b = scalars(tiny_group(q), 1);
	struct svec *out = scalars(tiny_group(q), 1);
	unsigned x, y;
	uint8_t byte;

	for (x = 0; x < q; x++)
		for (y = 0; y < q; y++) {
			svec_set_u64(a, 0, x);
			svec_set_u64(b, 0, y);
			svec_add(out, a, b);
			svec_encode(&byte, 1, out);
			ck_assert_uint_eq(byte, (x + y) % q);
			svec_sub(out, a, b);
			svec_encode(&byte, 1, out);
			ck_assert_uint_eq(byte, (x + q - y) % q);
			svec_mul(out, a, b);
			svec_encode(&byte, 1, out);
			ck_assert_uint_eq(byte, x * y % q);
		}
	svec_free(a);
	svec_free(b);
	svec_free(out);
}
END_TEST

START_TEST(negates)
{
	const struct group *g = slow_group(_i);
	struct svec *a, *out;
	struct rng rng;
	size_t k, i;
	mpz_t x;

	mpz_init(x);
	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		a = some(g, lengths[k], &rng);
		out = scalars(g, lengths[k]);
		svec_neg(out, a);
		for (i = 0; i < lengths[k]; i++) {
			number(x, a, i);
			mpz_neg(x, x);
			assert_is(out, i, x);
		}
		svec_neg(a, a);
		assert_same(a, out);
		svec_free(a);
		svec_free(out);
	}
	mpz_clear(x);
}
END_TEST

START_TEST(inverts)
{
	const struct group *g = slow_group(_i);
	struct svec *a, *out;
	struct rng rng;
	size_t k, i;
	mpz_t x, q;

	mpz_inits(x, q, NULL);
	slow_order(q, g);
	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		a = units(g, lengths[k], &rng);
		out = scalars(g, lengths[k]);
		svec_invert(out, a);
		for (i = 0; i < lengths[k]; i++) {
			number(x, a, i);
			mpz_invert(x, x, q);
			assert_is(out, i, x);
		}
		svec_invert(a, a);
		assert_same(a, out);
		svec_free(a);
		svec_free(out);
	}
	mpz_clears(x, q, NULL);
}
END_TEST

/* Sum, product and inner product; the output may be one of the inputs' places. */
START_TEST(folds)
{
	const struct group *g = slow_group(_i);
	struct svec *a, *b, *out = scalars(g, 1), *last;
	mpz_t sum, product, inner, x, y;
	struct rng rng;
	size_t k, i, n;

	mpz_inits(sum, product, inner, x, y, NULL);
	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		n = lengths[k];
		a = some(g, n, &rng);
		if (n > 3)
			svec_set_u64(a, 3, 5); /* else the product would be 0 */
		b = units(g, n, &rng);
		mpz_set_ui(sum, 0);
		mpz_set_ui(product, 1);
		mpz_set_ui(inner, 0);
		for (i = 0; i < n; i++) {
			number(x, a, i);
			number(y, b, i);
			mpz_add(sum, sum, x);
			mpz_mul(product, product, x);
			mpz_addmul(inner, x, y);
		}
		svec_sum(out, a);
		assert_is(out, 0, sum);
		svec_product(out, a);
		assert_is(out, 0, product);
		svec_inner(out, a, b);
		assert_is(out, 0, inner);
		if (n > 0) {
			last = slice(b, n - 1, 1);
			svec_inner(last, a, b);
			assert_is(last, 0, inner);
			svec_free(last);
			last = slice(a, n - 1, 1);
			number(x, a, n - 1);
			svec_sum(last, a);
			assert_is(last, 0, sum);
			svec_free(last);
		}
		svec_free(a);
		svec_free(b);
	}
	svec_free(out);
	mpz_clears(sum, product, inner, x, y, NULL);
}
END_TEST

/* out[i] = a[i] + b[i] * out[i-1], in place too. */
START_TEST(chains)
{
	const struct group *g = slow_group(_i);
	struct svec *a, *b, *first, *out, *copy, *inner;
	struct rng rng;
	size_t k, i, n;
	mpz_t last, x;

	mpz_inits(last, x, NULL);
	rng_seeded(&rng, seed);
	first = units(g, 1, &rng);
	for (k = 0; k < LENGTHS; k++) {
		n = lengths[k];
		a = some(g, n, &rng);
		b = some(g, n, &rng);
		out = scalars(g, n);
		svec_chain(out, first, a, b);
		number(last, first, 0);
		for (i = 0; i < n; i++) {
			number(x, b, i);
			mpz_mul(last, last, x);
			number(x, a, i);
			mpz_add(last, last, x);
			assert_is(out, i, last);
		}
		copy = copy_of(a);
		svec_chain(copy, first, copy, b);
		assert_same(copy, out);
		svec_copy(copy, 0, b, 0, n);
		svec_chain(copy, first, a, copy);
		assert_same(copy, out);
		if (n > 0) {
			/* the start lies in the output */
			inner = slice(copy, n - 1, 1);
			svec_copy(copy, n - 1, first, 0, 1);
			svec_chain(copy, inner, a, b);
			assert_same(copy, out);
			svec_free(inner);
		}
		svec_free(a);
		svec_free(b);
		svec_free(out);
		svec_free(copy);
	}
	svec_free(first);
	mpz_clears(last, x, NULL);
}
END_TEST

/* ---- our own bugs ---- */

START_TEST(mismatches)
{
	const struct group *g = tiny_group(11), *h = tiny_group(23);
	/* with room behind, so that nothing but the check ends the program */
	struct svec *room = scalars(g, 24), *space = scalars(h, 8);
	struct svec *one = slice(room, 0, 1), *two = slice(room, 8, 2), *three = slice(room, 16, 3);
	struct svec *other = slice(space, 0, 3), *view;
	const uint32_t index[] = { 0, 3 }, inside[] = { 0, 1 };
	uint8_t bytes[64] = { 0 };

	switch (_i) {
	case 0: svec_add(three, three, two); break;
	case 1: svec_add(two, three, two); break;
	case 2: svec_sub(three, one, three); break;
	case 3: svec_mul(three, three, other); break;
	case 4: svec_neg(three, two); break;
	case 5: svec_neg(three, other); break;
	case 6: svec_invert(two, three); break;
	case 7: svec_sum(two, three); break;
	case 8: svec_sum(one, other); break;
	case 9: svec_product(two, three); break;
	case 10: svec_inner(one, two, three); break;
	case 11: svec_inner(two, three, three); break;
	case 12: svec_inner(one, three, other); break;
	case 13: svec_chain(three, one, two, three); break;
	case 14: svec_chain(three, two, three, three); break;
	case 15: svec_chain(three, one, three, two); break;
	case 16: svec_set_u64(three, 3, 1); break;
	case 17: svec_from_wide(three, 3, bytes); break;
	case 18: svec_from_hash(three, 3, bytes); break;
	case 19: (void)svec_is_zero(three, 3); break;
	case 20: (void)svec_differ_vartime(two, three); break;
	case 21: svec_copy(three, 2, three, 0, 2); break;
	case 22: svec_copy(three, 0, three, 2, 2); break;
	case 23: svec_copy(three, 0, other, 0, 1); break;
	case 24: svec_gather(two, three, index); break;
	case 25: (void)svec_slice(&view, three, 2, 2); break;
	case 26: (void)svec_decode(three, bytes, 0, NULL); break;
	case 27: svec_encode(bytes, 0, three); break;
	case 28: svec_gather(two, other, inside); break;
	case 29: svec_set_u64(other, 0, 1), svec_invert(one, other); break;
	case 30: svec_chain(three, one, three, other); break;
	case 31: svec_set_u64(two, 0, 1), svec_set_u64(two, 1, 1), svec_invert(one, two); break;
	case 32: svec_muladd(three, three, two, three); break;
	case 33: svec_muladd(three, two, three, three); break;
	case 34: svec_muladd(three, three, one, one); break;
	case 35: svec_muladd(three, three, three, other); break;
	default: break;
	}
	svec_free(one);
	svec_free(two);
	svec_free(three);
	svec_free(other);
	svec_free(room);
	svec_free(space);
}
END_TEST

#define MISMATCHES 36

/* Zero has no inverse, wherever it stands. */
START_TEST(zero_has_no_inverse)
{
	const struct group *g = slow_group(_i);
	struct svec *v;
	struct rng rng;

	rng_seeded(&rng, seed);
	v = units(g, 20, &rng);
	svec_set_u64(v, 17, 0);
	svec_invert(v, v);
	svec_free(v);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("svec");
	TCase *tc = tcase_create("svec");

	tcase_add_loop_test(tc, new_ones_are_zero, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, decodes, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, names_the_first_bad, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, encodes_with_a_stride, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, sets_small_numbers, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, reduces_wide_numbers, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, draws, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, draws_every_tiny_scalar, 0, 2);
	tcase_add_loop_test(tc, reads_128_bits, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, reads_challenges, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, moves, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, adds, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, subtracts, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, multiplies, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, multiplies_and_adds, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, tiny_tables, 0, 2);
	tcase_add_loop_test(tc, negates, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, inverts, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, folds, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, chains, 0, SLOW_GROUPS);
	tcase_add_loop_test_raise_signal(tc, mismatches, SIGABRT, 0, MISMATCHES);
	tcase_add_loop_test_raise_signal(tc, zero_has_no_inverse, SIGABRT, 0, SLOW_GROUPS);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
