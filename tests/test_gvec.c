/*
 * test_gvec: operations on vectors of elements, in every group and for every way in
 * which outputs and inputs may share memory, against the definitions (tests/slow.h).
 */
#include <check.h>
#include <gmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/rng.h"
#include "tests/slow.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_gvec";

/* Lengths; the last is longer than what shares one inversion and what one thread
 * takes. */
static const size_t lengths[] = { 0, 1, 2, 3, 18 };

#define LENGTHS (sizeof lengths / sizeof lengths[0])

#define GOOD(call) ck_assert_int_eq((call), R_GOOD)

/* ---- vectors of test values ---- */

static struct gvec *
elements(const struct group *g, size_t n)
{
	struct gvec *v;

	GOOD(gvec_new(&v, g, n));
	return v;
}

static struct svec *
scalars(const struct group *g, size_t n)
{
	struct svec *v;

	GOOD(svec_new(&v, g, n));
	return v;
}

static struct gvec *
slice(struct gvec *v, size_t from, size_t n)
{
	struct gvec *view;

	GOOD(gvec_slice(&view, v, from, n));
	return view;
}

/* Scalars as they may come: 0, 1, q - 1, short ones and random ones. */
static struct svec *
some_scalars(const struct group *g, size_t n, struct rng *rng)
{
	struct svec *v = scalars(g, n), *one = scalars(g, 1), *view;
	uint8_t short_one[16];

	GOOD(svec_random(v, rng));
	if (n > 1)
		svec_set_u64(v, 1, 0);
	if (n > 2) {
		svec_set_u64(one, 0, 1);
		svec_neg(one, one);
		svec_copy(v, 2, one, 0, 1);
	}
	if (n > 4) {
		svec_set_u64(v, 3, 1);
		rng_fill(rng, short_one, sizeof short_one);
		GOOD(svec_slice(&view, v, 4, 1));
		svec_from_128(view, short_one);
		svec_free(view);
	}
	svec_free(one);
	return v;
}

/* Elements as they may come: random ones, the identity, the generator. */
static struct gvec *
some_elements(const struct group *g, size_t n, struct rng *rng)
{
	struct gvec *v = elements(g, n), *one = elements(g, 1);
	struct svec *e = scalars(g, n);

	GOOD(svec_random(e, rng));
	gvec_set_generator(one);
	GOOD(gvec_pow_fixed(v, one, e, NULL));
	if (n > 3)
		gvec_copy(v, 2, one, 0, 1);
	gvec_set_identity(one);
	if (n > 4)
		gvec_copy(v, 4, one, 0, 1);
	gvec_free(one);
	svec_free(e);
	return v;
}

static struct gvec *
copy_of(const struct gvec *v)
{
	struct gvec *copy = elements(gvec_group(v), gvec_len(v));

	gvec_copy(copy, 0, v, 0, gvec_len(v));
	return copy;
}

/* Write the encoding of v[i]. */
static void
encoding(uint8_t *out, const struct gvec *v, size_t i)
{
	struct gvec *one = elements(gvec_group(v), 1);

	gvec_copy(one, 0, v, i, 1);
	GOOD(gvec_encode(out, SLOW_BYTES, one, NULL));
	gvec_free(one);
}

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

static void
assert_is(const struct gvec *v, size_t i, const uint8_t *want)
{
	uint8_t have[SLOW_BYTES];

	encoding(have, v, i);
	ck_assert_mem_eq(have, want, group_element_bytes(gvec_group(v)));
}

static void
assert_same(const struct gvec *a, const struct gvec *b)
{
	ck_assert_uint_eq(gvec_differ_vartime(a, b), gvec_len(a));
}

/* want = base[i or 0] ^ e[j], by the definition. */
static void
slow_power(uint8_t *want, const struct gvec *base, size_t i, const struct svec *e, size_t j)
{
	uint8_t bytes[SLOW_BYTES];
	mpz_t x;

	mpz_init(x);
	encoding(bytes, base, i);
	number(x, e, j);
	slow_pow(gvec_group(base), want, bytes, x);
	mpz_clear(x);
}

/* ---- moving and comparing ---- */

START_TEST(new_ones_are_identities)
{
	const struct group *g = slow_group(_i);
	uint8_t want[SLOW_BYTES];
	struct gvec *v = elements(g, 3), *none = elements(g, 0);
	size_t i;

	slow_identity(g, want);
	ck_assert_uint_eq(gvec_len(v), 3);
	ck_assert_ptr_eq(gvec_group(v), g);
	ck_assert_uint_eq(gvec_len(none), 0);
	for (i = 0; i < 3; i++) {
		assert_is(v, i, want);
		ck_assert_int_eq(gvec_is_identity_vartime(v, i), 1);
	}
	gvec_set_generator(v);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(gvec_is_identity_vartime(v, i), 0);
	gvec_set_identity(v);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(gvec_is_identity_vartime(v, i), 1);
	gvec_free(v);
	gvec_free(none);
	gvec_free(NULL);
}
END_TEST

/* A slice is a view: what is written through it is seen in its parent, and a slice
 * of a slice is one of the parent. */
START_TEST(slices)
{
	const struct group *g = slow_group(_i);
	struct rng rng;
	struct gvec *v, *before, *view, *inner, *empty;

	rng_seeded(&rng, seed);
	v = some_elements(g, 6, &rng);
	before = copy_of(v);
	view = slice(v, 1, 4);
	inner = slice(view, 1, 2);
	empty = slice(v, 6, 0);
	ck_assert_uint_eq(gvec_len(view), 4);
	ck_assert_uint_eq(gvec_len(empty), 0);
	ck_assert_ptr_eq(gvec_group(inner), g);
	gvec_copy(inner, 0, before, 0, 1);
	gvec_copy(inner, 1, before, 0, 1);
	gvec_free(empty);
	gvec_free(inner);
	gvec_free(view);

	view = slice(before, 2, 2);
	gvec_copy(view, 0, before, 0, 1);
	gvec_copy(view, 1, before, 0, 1);
	assert_same(v, before);
	gvec_free(view);
	gvec_free(v);
	gvec_free(before);
}
END_TEST

START_TEST(copies_and_gathers)
{
	static const uint32_t index[] = { 5, 0, 0, 3, 1, 4, 2, 5 };
	const struct group *g = slow_group(_i);
	uint8_t want[SLOW_BYTES];
	struct rng rng;
	struct gvec *v, *w, *out = elements(g, 8);
	size_t i;

	rng_seeded(&rng, seed);
	v = some_elements(g, 6, &rng);
	gvec_gather(out, v, index);
	for (i = 0; i < 8; i++) {
		encoding(want, v, index[i]);
		assert_is(out, i, want);
	}
	/* overlapping, both ways */
	w = copy_of(v);
	gvec_copy(w, 1, w, 0, 5);
	for (i = 0; i < 6; i++) {
		encoding(want, v, i == 0 ? 0 : i - 1);
		assert_is(w, i, want);
	}
	gvec_copy(w, 0, w, 1, 5);
	gvec_copy(w, 5, v, 5, 1);
	gvec_copy(w, 6, v, 6, 0);
	assert_same(v, w);
	gvec_free(v);
	gvec_free(w);
	gvec_free(out);
}
END_TEST

START_TEST(differences)
{
	const struct group *g = slow_group(_i);
	struct gvec *a = elements(g, 3), *b = elements(g, 3), *one;

	ck_assert_uint_eq(gvec_differ_vartime(a, b), 3);
	one = slice(b, 2, 1);
	gvec_set_generator(one);
	ck_assert_uint_eq(gvec_differ_vartime(a, b), 2);
	gvec_set_generator(b);
	ck_assert_uint_eq(gvec_differ_vartime(a, b), 0);
	gvec_free(one);
	gvec_free(a);
	gvec_free(b);
}
END_TEST

START_TEST(encodes_with_a_stride)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_element_bytes(g), stride = n + 5;
	uint8_t bytes[4 * (SLOW_BYTES + 5)], want[SLOW_BYTES];
	struct rng rng;
	struct gvec *v, *w = elements(g, 4);
	size_t i;

	rng_seeded(&rng, seed);
	v = some_elements(g, 4, &rng);
	memset(bytes, 0xa5, sizeof bytes);
	GOOD(gvec_encode(bytes, stride, v, NULL));
	for (i = 0; i < 4; i++) {
		encoding(want, v, i);
		ck_assert_mem_eq(bytes + i * stride, want, n);
		ck_assert_mem_eq(bytes + i * stride + n, "\xa5\xa5\xa5\xa5\xa5", 5);
	}
	GOOD(gvec_decode(w, bytes, stride, DECODE_ANY, NULL, NULL));
	assert_same(v, w);
	gvec_free(v);
	gvec_free(w);
}
END_TEST

/* ---- the group operation ---- */

static void
check_mul(const struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	const struct group *g = gvec_group(out);
	uint8_t left[SLOW_BYTES], right[SLOW_BYTES];
	size_t i;

	for (i = 0; i < gvec_len(out); i++) {
		encoding(left, a, i);
		encoding(right, b, gvec_len(b) == 1 ? 0 : i);
		slow_mul(g, left, left, right);
		assert_is(out, i, left);
	}
}

/* out = a / b if out * b = a. */
static void
check_div(const struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	check_mul(a, out, b);
}

typedef void operation(struct gvec *out, const struct gvec *a, const struct gvec *b);
typedef void checker(const struct gvec *out, const struct gvec *a, const struct gvec *b);

static void
check_operation(const struct group *g, size_t n, operation *f, checker *check)
{
	struct gvec *a, *b, *one, *out = elements(g, n), *copy, *inner;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	a = some_elements(g, n, &rng);
	b = some_elements(g, n, &rng);
	one = some_elements(g, 1, &rng);
	f(out, a, b);
	check(out, a, b);
	f(out, a, one);
	check(out, a, one);
	/* outputs that are inputs */
	copy = copy_of(a);
	f(copy, copy, b);
	check(copy, a, b);
	gvec_copy(copy, 0, b, 0, n);
	f(copy, a, copy);
	check(copy, a, b);
	gvec_copy(copy, 0, a, 0, n);
	f(copy, copy, copy);
	check(copy, a, a);
	/* one factor that lies in the output */
	for (i = 0; i<n; i += n - 1> 0 ? n - 1 : 1) {
		gvec_copy(copy, 0, a, 0, n);
		inner = slice(copy, i, 1);
		gvec_copy(one, 0, a, i, 1);
		f(copy, copy, inner);
		check(copy, a, one);
		gvec_free(inner);
	}
	gvec_free(a);
	gvec_free(b);
	gvec_free(one);
	gvec_free(out);
	gvec_free(copy);
}

START_TEST(multiplies)
{
	size_t k;

	for (k = 0; k < LENGTHS; k++)
		check_operation(slow_group(_i), lengths[k], gvec_mul, check_mul);
}
END_TEST

START_TEST(divides)
{
	size_t k;

	for (k = 0; k < LENGTHS; k++)
		check_operation(slow_group(_i), lengths[k], gvec_div, check_div);
}
END_TEST

START_TEST(products)
{
	const struct group *g = slow_group(_i);
	uint8_t want[SLOW_BYTES], next[SLOW_BYTES];
	struct gvec *v, *out = elements(g, 1), *inner;
	struct rng rng;
	size_t k, i;

	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		v = some_elements(g, lengths[k], &rng);
		slow_identity(g, want);
		for (i = 0; i < lengths[k]; i++) {
			encoding(next, v, i);
			slow_mul(g, want, want, next);
		}
		gvec_product(out, v);
		assert_is(out, 0, want);
		if (lengths[k] > 0) {
			inner = slice(v, lengths[k] - 1, 1);
			gvec_product(inner, v);
			assert_is(inner, 0, want);
			gvec_free(inner);
		}
		gvec_free(v);
	}
	gvec_free(out);
}
END_TEST

/* ---- powers ---- */

typedef enum result power(struct gvec *out, const struct gvec *base, const struct svec *e,
    const struct effort *effort);

static void
check_power(const struct gvec *out, const struct gvec *base, const struct svec *e)
{
	uint8_t want[SLOW_BYTES];
	size_t i;

	for (i = 0; i < gvec_len(out); i++) {
		slow_power(want, base, gvec_len(base) == 1 ? 0 : i, e, svec_len(e) == 1 ? 0 : i);
		assert_is(out, i, want);
	}
}

/* Powers modulo long primes take their time. */
static size_t
few(const struct group *g, size_t n)
{
	const size_t most = group_element_bytes(g) > 32 ? 5 : 18;

	return n < most ? n : most;
}

static void
check_powers(const struct group *g, power *f)
{
	struct gvec *base, *out;
	struct svec *e, *one;
	struct rng rng;
	size_t k, n;

	rng_seeded(&rng, seed);
	one = some_scalars(g, 1, &rng);
	for (k = 0; k < LENGTHS; k++) {
		n = few(g, lengths[k]);
		base = some_elements(g, n, &rng);
		e = some_scalars(g, n, &rng);
		out = elements(g, n);
		GOOD(f(out, base, e, NULL));
		check_power(out, base, e);
		GOOD(f(out, base, one, NULL));
		check_power(out, base, one);
		gvec_copy(out, 0, base, 0, n);
		GOOD(f(out, out, e, NULL));
		check_power(out, base, e);
		gvec_free(base);
		gvec_free(out);
		svec_free(e);
	}
	svec_free(one);
}

START_TEST(powers)
{
	check_powers(slow_group(_i), gvec_pow);
}
END_TEST

START_TEST(powers_vartime)
{
	check_powers(slow_group(_i), gvec_pow_vartime);
}
END_TEST

/* All the exponents that go wrong first, on all such bases. */
START_TEST(special_exponents)
{
	const struct group *g = slow_group(_i);
	struct gvec *base = elements(g, 3), *out = elements(g, 5), *one;
	struct svec *e;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	e = some_scalars(g, 5, &rng);
	one = slice(base, 1, 1);
	gvec_set_generator(one);
	gvec_free(one);
	one = some_elements(g, 1, &rng);
	gvec_copy(base, 2, one, 0, 1);
	for (i = 0; i < 3; i++) {
		gvec_copy(one, 0, base, i, 1);
		GOOD(gvec_pow_fixed(out, one, e, NULL));
		check_power(out, one, e);
	}
	gvec_free(base);
	gvec_free(one);
	gvec_free(out);
	svec_free(e);
}
END_TEST

START_TEST(fixed_base_inside_the_output)
{
	const struct group *g = slow_group(_i);
	struct gvec *out, *base, *inner;
	struct svec *e;
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	e = some_scalars(g, 3, &rng);
	for (i = 0; i < 3; i++) {
		out = some_elements(g, 3, &rng);
		inner = slice(out, i, 1);
		base = copy_of(inner);
		GOOD(gvec_pow_fixed(out, inner, e, NULL));
		check_power(out, base, e);
		gvec_free(out);
		gvec_free(inner);
		gvec_free(base);
	}
	svec_free(e);
}
END_TEST

static void
check_multipow(const struct group *g, power *f)
{
	uint8_t want[SLOW_BYTES], next[SLOW_BYTES];
	struct gvec *base, *out = elements(g, 1), *inner;
	struct svec *e;
	struct rng rng;
	size_t k, i, n;

	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS; k++) {
		n = few(g, lengths[k]);
		base = some_elements(g, n, &rng);
		e = some_scalars(g, n, &rng);
		slow_identity(g, want);
		for (i = 0; i < n; i++) {
			slow_power(next, base, i, e, i);
			slow_mul(g, want, want, next);
		}
		GOOD(f(out, base, e, NULL));
		assert_is(out, 0, want);
		if (n > 0) {
			inner = slice(base, n - 1, 1);
			GOOD(f(inner, base, e, NULL));
			assert_is(inner, 0, want);
			gvec_free(inner);
		}
		gvec_free(base);
		svec_free(e);
	}
	gvec_free(out);
}

/* Commitments in every form, against powers, products and encodings. */
static void
commit_case(const struct group *g, size_t n, struct rng *rng, int with_v, int with_y, int with_out)
{
	const size_t size = group_element_bytes(g), stride = size + 3;
	struct svec *e = some_scalars(g, n, rng), *f = some_scalars(g, n, rng);
	struct gvec *one = some_elements(g, 1, rng), *v = some_elements(g, n, rng);
	struct gvec *expected = elements(g, n), *power = elements(g, n), *out = copy_of(v);
	uint8_t *bytes = malloc(n * stride + 1), *want = malloc(n * stride + 1);
	struct gbase *x, *y;

	ck_assert(bytes != NULL && want != NULL);
	memset(bytes, 7, n * stride);
	memset(want, 7, n * stride);
	GOOD(gbase_new(&y, one, n));
	GOOD(gvec_pow_fixed(power, one, f, NULL));
	gvec_set_generator(one);
	GOOD(gbase_new(&x, one, n));
	GOOD(gvec_pow_fixed(expected, one, e, NULL));
	if (with_y)
		gvec_mul(expected, expected, power);
	if (with_v)
		gvec_mul(expected, expected, v);
	GOOD(gvec_encode(want, stride, expected, NULL));

	/* where there is an output it is v itself */
	GOOD(gvec_commit(bytes, stride, with_out ? out : NULL, with_v ? out : NULL, x, e,
	    with_y ? y : NULL, with_y ? f : NULL, NULL));
	ck_assert_mem_eq(bytes, want, n * stride);
	if (with_out)
		ck_assert_uint_eq(gvec_differ_vartime(out, expected), n);
	gbase_free(x);
	gbase_free(y);
	svec_free(e);
	svec_free(f);
	gvec_free(one);
	gvec_free(v);
	gvec_free(expected);
	gvec_free(power);
	gvec_free(out);
	free(bytes);
	free(want);
}

START_TEST(commitments)
{
	const struct group *g = slow_group((size_t)_i);
	struct rng rng;
	size_t k;
	int form;

	rng_seeded(&rng, seed);
	for (k = 0; k < LENGTHS - (group_element_bytes(g) > 32 ? 2 : 0); k++)
		for (form = 0; form < 8; form++)
			commit_case(g, lengths[k], &rng, form & 1, form & 2, form & 4);
}
END_TEST

START_TEST(multipowers)
{
	check_multipow(slow_group(_i), gvec_multipow);
}
END_TEST

START_TEST(multipowers_vartime)
{
	check_multipow(slow_group(_i), gvec_multipow_vartime);
}
END_TEST

/* Every base and exponent of a tiny group. */
START_TEST(tiny_powers)
{
	const unsigned orders[] = { 11, 23 };
	const unsigned q = orders[_i], p = 2 * q + 1;
	const struct group *g = tiny_group(q);
	struct gvec *base = elements(g, 1), *out = elements(g, 1), *fast = elements(g, 1);
	struct svec *e = scalars(g, 1);
	unsigned x, k, want, members = 0;
	uint8_t byte;

	for (x = 0; x < 256; x++) {
		byte = (uint8_t)x;
		if (gvec_decode(base, &byte, 1, DECODE_ANY, NULL, NULL) != R_GOOD)
			continue;
		members++;
		for (k = 0, want = 1; k < q; k++, want = want * x % p) {
			svec_set_u64(e, 0, k);
			GOOD(gvec_pow(out, base, e, NULL));
			GOOD(gvec_pow_vartime(fast, base, e, NULL));
			assert_same(out, fast);
			GOOD(gvec_encode(&byte, 1, out, NULL));
			ck_assert_uint_eq(byte, want);
		}
	}
	ck_assert_uint_eq(members, q);
	gvec_free(base);
	gvec_free(out);
	gvec_free(fast);
	svec_free(e);
}
END_TEST

/* ---- threads ---- */

/* Whatever the number of threads, the result is the same. */
START_TEST(threads)
{
	const struct group *g = slow_group(_i);
	const size_t n = _i < 2 ? 4000 : _i == 2 ? 300 : 5;
	struct gvec *base, *one, *want = elements(g, n), *have = elements(g, n);
	struct gvec *product = elements(g, 2), *left, *right;
	struct svec *e;
	struct rng rng;
	int t;

	rng_seeded(&rng, seed);
	base = some_elements(g, n, &rng);
	e = some_scalars(g, n, &rng);
	one = slice(base, 0, 1);
	left = slice(product, 0, 1);
	right = slice(product, 1, 1);
	for (t = 0; t <= (_i < 3 ? 3 : 0); t++) {
		const struct effort effort = { .threads = t };

		GOOD(gvec_pow(want, base, e, NULL));
		GOOD(gvec_pow(have, base, e, &effort));
		assert_same(want, have);
		GOOD(gvec_pow_vartime(have, base, e, &effort));
		assert_same(want, have);
		GOOD(gvec_multipow(left, base, e, NULL));
		gvec_product(right, want);
		assert_same(left, right);
		GOOD(gvec_multipow(left, base, e, &effort));
		assert_same(left, right);
		GOOD(gvec_multipow_vartime(left, base, e, &effort));
		assert_same(left, right);
		GOOD(gvec_pow_fixed(want, one, e, NULL));
		GOOD(gvec_pow_fixed(have, one, e, &effort));
		assert_same(want, have);
	}
	gvec_free(one);
	gvec_free(base);
	gvec_free(want);
	gvec_free(have);
	gvec_free(left);
	gvec_free(right);
	gvec_free(product);
	svec_free(e);
}
END_TEST

static int
refuse(void *ctx, uint64_t done, uint64_t total)
{
	ck_assert_uint_le(done, total);
	++*(int *)ctx;
	return 1;
}

/* What takes an effort can be cancelled. */
START_TEST(cancels)
{
	enum { N = 3000 };
	const struct group *g = tiny_group(11);
	int calls = 0, want = 0, t;
	struct gvec *v = elements(g, N), *one = elements(g, 1);
	struct svec *e = scalars(g, N);
	static uint8_t bytes[N];

	memset(bytes, 2, sizeof bytes);
	for (t = 1; t <= 2; t++) {
		const struct effort effort = { t, refuse, &calls };

		ck_assert_int_eq(gvec_pow(v, v, e, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_pow_vartime(v, v, e, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_pow_fixed(v, one, e, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_multipow(one, v, e, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_multipow_vartime(one, v, e, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_generators(v, "x", 0, &effort), R_CANCELLED);
		ck_assert_int_eq(gvec_encode(bytes, 1, v, &effort), R_CANCELLED);
		memset(bytes, 2, sizeof bytes);
		ck_assert_int_eq(gvec_decode(v, bytes, 1, DECODE_ANY, NULL, &effort), R_CANCELLED);
		want += 8;
		ck_assert_int_ge(calls, want);
	}
	gvec_free(v);
	gvec_free(one);
	svec_free(e);
}
END_TEST

/* ---- our own bugs ---- */

/* Each calls one function with vectors that do not belong together. */
START_TEST(mismatches)
{
	const struct group *g = tiny_group(11), *h = tiny_group(23);
	/* with room behind, so that nothing but the check ends the program */
	struct gvec *room = elements(g, 24), *space = elements(h, 8);
	struct gvec *one = slice(room, 0, 1), *two = slice(room, 8, 2), *three = slice(room, 16, 3);
	struct gvec *other = slice(space, 0, 3), *view;
	struct svec *e2 = scalars(g, 2), *e3 = scalars(g, 3), *f3 = scalars(h, 3);
	const uint32_t index[] = { 0, 3 }, inside[] = { 0, 1 };
	uint8_t bytes[3] = { 1, 1, 1 };

	switch (_i) {
	case 0: gvec_mul(three, three, two); break;
	case 1: gvec_mul(two, three, two); break;
	case 2: gvec_mul(three, one, three); break;
	case 3: gvec_mul(three, three, other); break;
	case 4: gvec_div(three, three, two); break;
	case 5: gvec_div(other, three, three); break;
	case 6: gvec_product(two, three); break;
	case 7: gvec_product(one, other); break;
	case 8: (void)gvec_pow(three, three, e2, NULL); break;
	case 9: (void)gvec_pow(three, one, e3, NULL); break;
	case 10: (void)gvec_pow(three, three, f3, NULL); break;
	case 11: (void)gvec_pow_vartime(two, three, e3, NULL); break;
	case 12: (void)gvec_pow_fixed(three, three, e3, NULL); break;
	case 13: (void)gvec_pow_fixed(three, one, e2, NULL); break;
	case 14: (void)gvec_multipow(two, three, e3, NULL); break;
	case 15: (void)gvec_multipow(one, three, e2, NULL); break;
	case 16: (void)gvec_multipow_vartime(one, three, f3, NULL); break;
	case 17: (void)gvec_differ_vartime(two, three); break;
	case 18: (void)gvec_differ_vartime(three, other); break;
	case 19: gvec_copy(three, 2, three, 0, 2); break;
	case 20: gvec_copy(three, 0, three, 2, 2); break;
	case 21: gvec_copy(three, 4, three, 0, 0); break;
	case 22: gvec_copy(three, 0, other, 0, 1); break;
	case 23: gvec_gather(two, three, index); break;
	case 24: gvec_gather(two, other, inside); break;
	case 25: (void)gvec_slice(&view, three, 2, 2); break;
	case 26: (void)gvec_slice(&view, three, 1, SIZE_MAX); break;
	case 27: (void)gvec_is_identity_vartime(three, 3); break;
	case 28: (void)gvec_decode(three, bytes, 0, DECODE_ANY, NULL, NULL); break;
	case 29: (void)gvec_encode(bytes, 0, three, NULL); break;
	case 30: gvec_div(two, three, two); break;
	default: break;
	}
	gvec_free(one);
	gvec_free(two);
	gvec_free(three);
	gvec_free(other);
	gvec_free(room);
	gvec_free(space);
	svec_free(e2);
	svec_free(e3);
	svec_free(f3);
}
END_TEST

#define MISMATCHES 31

int
main(void)
{
	Suite *suite = suite_create("gvec");
	TCase *tc = tcase_create("gvec"), *modp = tcase_create("gvec_modp");

	suite_groups(tc, modp, new_ones_are_identities, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, slices, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, copies_and_gathers, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, differences, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, encodes_with_a_stride, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, multiplies, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, divides, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, products, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, powers, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, powers_vartime, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, special_exponents, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, fixed_base_inside_the_output, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, commitments, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, multipowers, 0, 3, SLOW_GROUPS);
	suite_groups(tc, modp, multipowers_vartime, 0, 3, SLOW_GROUPS);
	tcase_add_loop_test(tc, tiny_powers, 0, 2);
	suite_groups(tc, modp, threads, 0, 3, SLOW_GROUPS);
	tcase_add_test(tc, cancels);
	tcase_add_loop_test_raise_signal(tc, mismatches, SIGABRT, 0, MISMATCHES);
	tcase_set_tags(modp, "modp");
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, modp);
	return suite_main(suite);
}
