/*
 * test_rows: operations with a verdict for each row, against those that stop at the first
 * refusal, and rows of powers, against powers one by one.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/rng.h"
#include "tests/slow.h"
#include "tests/suite.h"

#define GOOD(call) ck_assert_int_eq((call), R_GOOD)

static const uint8_t seed[32] = "test_rows";

static struct gvec *
elements(const struct group *g, size_t n)
{
	struct gvec *v;

	GOOD(gvec_new(&v, g, n));
	return v;
}

/* g^e for n random e. */
static struct gvec *
random_elements(const struct group *g, size_t n, struct rng *rng)
{
	struct gvec *v = elements(g, n), *base = elements(g, 1);
	struct svec *e;

	GOOD(svec_new(&e, g, n));
	GOOD(svec_random(e, rng));
	gvec_set_generator(base);
	GOOD(gvec_pow_fixed(v, base, e, NULL));
	gvec_free(base);
	svec_free(e);
	return v;
}

/* ---- decoding ---- */

/* Spoil encoding i in one of several ways, or not at all. */
static void
spoil(uint8_t *bytes, const struct group *g, size_t i)
{
	const size_t n = group_element_bytes(g);

	switch (i % 7) {
	case 1: memset(bytes, 0xff, n); break;
	case 3: memset(bytes, 0, n); break;
	case 4: slow_identity(g, bytes); break;
	case 6: bytes[n - 1 - i % n] ^= 2; break;
	default: break;
	}
}

/* Decode n encodings of which every seventh is spoilt in some way (`bad`), or none. */
static void
decode_and_compare(const struct group *g, size_t n, int bad, enum decode which)
{
	const size_t size = group_element_bytes(g), stride = size + 3;
	struct gvec *v, *out = elements(g, n), *one = elements(g, 1), *view;
	enum result *verdicts = calloc(n + 1, sizeof *verdicts), r;
	uint8_t *bytes = calloc(n + 1, stride);
	struct rng rng;
	size_t i;

	rng_seeded(&rng, seed);
	v = random_elements(g, n, &rng);
	GOOD(gvec_encode(bytes, stride, v, NULL));
	for (i = 0; i < n && bad; i++)
		spoil(bytes + i * stride, g, i);
	verdicts[n] = R_NOT_FOUND;
	GOOD(gvec_decode_each(out, verdicts, bytes, stride, which, NULL));
	ck_assert_int_eq(verdicts[n], R_NOT_FOUND);
	for (i = 0; i < n; i++) {
		r = slow_decode(g, bytes + i * stride, which);
		ck_assert_int_eq(verdicts[i], r);
		if (r == R_GOOD)
			GOOD(gvec_decode(one, bytes + i * stride, size, which, NULL, NULL));
		else
			gvec_set_identity(one);
		GOOD(gvec_slice(&view, out, i, 1));
		ck_assert_uint_eq(gvec_differ_vartime(view, one), 1);
		gvec_free(view);
	}
	gvec_free(v);
	gvec_free(out);
	gvec_free(one);
	free(verdicts);
	free(bytes);
}

START_TEST(decodes_each)
{
	static const size_t lengths[] = { 0, 1, 2, 7, 8, 9, 16, 29 };
	const struct group *g = slow_group(_i);
	size_t k;
	int bad;

	for (k = _i > 2 ? 4 : 0; k < (_i > 2 ? 5 : sizeof lengths / sizeof *lengths); k++)
		for (bad = 0; bad < 2; bad++) {
			decode_and_compare(g, lengths[k], bad, DECODE_NO_IDENTITY);
			decode_and_compare(g, lengths[k], bad, DECODE_ANY);
		}
	if (strcmp(group_name(g), "ristretto255") == 0)
		decode_and_compare(g, 300, 1, DECODE_NO_IDENTITY);
}
END_TEST

/* ---- squares ---- */

START_TEST(encodes_squares)
{
	static const size_t lengths[] = { 0, 1, 2, 7, 8, 9, 17, 300 };
	const struct group *g = slow_group(_i);
	const size_t size = group_element_bytes(g), stride = size + 5;
	struct rng rng;
	size_t k, i;

	rng_seeded(&rng, seed);
	for (k = 0; k < (_i > 2 ? 4 : sizeof lengths / sizeof *lengths); k++) {
		const size_t n = lengths[k];
		struct gvec *v = random_elements(g, n, &rng), *one = elements(g, 1);
		uint8_t *have = calloc(n + 1, stride), *want = calloc(n + 1, stride);

		/* Identities, one of them as the quotient of what is not. */
		if (n > 1)
			gvec_copy(v, n - 1, one, 0, 1);
		if (n > 7) {
			gvec_set_generator(one);
			gvec_div(one, one, one);
			gvec_copy(v, 3, one, 0, 1);
		}
		memset(have, 0x55, n * stride);
		memset(want, 0x55, n * stride);
		GOOD(gvec_encode_squares(have, stride, v, NULL));
		gvec_mul(v, v, v);
		GOOD(gvec_encode(want, stride, v, NULL));
		for (i = 0; i < n; i++)
			ck_assert_mem_eq(have + i * stride, want + i * stride, size);
		ck_assert_mem_eq(have, want, n * stride);
		gvec_free(v);
		gvec_free(one);
		free(have);
		free(want);
	}
}
END_TEST

/* ---- powers ---- */

/* Exponents of some kind: tiny ones with either sign, 128 bits, any. */
static void
set_exponent(struct svec *e, size_t j, unsigned kind, struct rng *rng)
{
	struct svec *one, *wide;
	uint8_t bytes[16];

	GOOD(svec_new(&one, svec_group(e), 1));
	GOOD(svec_slice(&wide, e, j, 1));
	switch (kind) {
	case 0: svec_set_u64(e, j, j % 4); break;
	case 1:
		svec_set_u64(one, 0, 1 + j % 7);
		svec_neg(wide, one);
		break;
	case 2: svec_set_u64(e, j, 0xffffffffffffffff - j); break;
	case 3:
		rng_fill(rng, bytes, sizeof bytes);
		svec_from_128(wide, bytes);
		break;
	default: GOOD(svec_random(wide, rng));
	}
	svec_free(one);
	svec_free(wide);
}

/* The product of v[j]^e[j], slowly. */
static struct gvec *
slow_rows(struct gvec *const *v, const struct svec *e, size_t n)
{
	const struct group *g = svec_group(e);
	struct gvec *product = elements(g, n), *power = elements(g, n);
	struct svec *one;
	size_t j;

	GOOD(svec_new(&one, g, 1));
	for (j = 0; j < svec_len(e); j++) {
		svec_copy(one, 0, e, j, 1);
		GOOD(gvec_pow(power, v[j], one, NULL));
		gvec_mul(product, product, power);
	}
	gvec_free(power);
	svec_free(one);
	return product;
}

START_TEST(raises_rows)
{
	enum { K = 4 };
	static const size_t lengths[] = { 0, 1, 5, 9 };
	const struct group *g = slow_group(_i);
	unsigned kind;
	struct rng rng;
	size_t k, j, at;

	rng_seeded(&rng, seed);
	for (at = _i > 2 ? 2 : 0; at < (_i > 2 ? 3 : sizeof lengths / sizeof *lengths); at++)
		for (kind = 0; kind < 5; kind++)
			for (k = _i > 2 ? 2 : 0; k <= (_i > 2 ? 2 : K); k++) {
				const size_t n = lengths[at];
				struct gvec *v[K], *out = elements(g, n), *want;
				const struct gvec *in[K];
				struct svec *e;

				GOOD(svec_new(&e, g, k));
				for (j = 0; j < k; j++) {
					in[j] = v[j] = random_elements(g, n, &rng);
					set_exponent(e, j, kind, &rng);
				}
				GOOD(gvec_rowpow_vartime(out, in, e, NULL));
				want = slow_rows(v, e, n);
				ck_assert_uint_eq(gvec_differ_vartime(out, want), n);
				for (j = 0; j < k; j++)
					gvec_free(v[j]);
				gvec_free(out);
				gvec_free(want);
				svec_free(e);
			}
}
END_TEST

/* More rows than one thread takes. */
START_TEST(raises_many_rows)
{
	enum { N = 700 };
	const struct effort effort = { .threads = 3 };
	const struct group *g = slow_group(2);
	struct gvec *v[2], *out = elements(g, N), *want;
	struct svec *e;
	struct rng rng;
	size_t j;

	rng_seeded(&rng, seed);
	GOOD(svec_new(&e, g, 2));
	for (j = 0; j < 2; j++) {
		v[j] = random_elements(g, N, &rng);
		set_exponent(e, j, (unsigned)j, &rng);
	}
	GOOD(gvec_rowpow_vartime(out, (const struct gvec *const *)v, e, &effort));
	want = slow_rows(v, e, N);
	ck_assert_uint_eq(gvec_differ_vartime(out, want), N);
	gvec_free(v[0]);
	gvec_free(v[1]);
	gvec_free(out);
	gvec_free(want);
	svec_free(e);
}
END_TEST

/* ---- blocks ---- */

/* v[i] becomes another spelling of its block: the next element with the same bytes and a higher
 * counter. */
static void
respell(const struct group *g, struct gvec *v, size_t i)
{
	const size_t n = group_element_bytes(g);
	const int ristretto = strcmp(group_name(g), "ristretto255") == 0;
	uint8_t bytes[SLOW_BYTES];
	struct gvec *one;
	unsigned ctr;

	GOOD(gvec_slice(&one, v, i, 1));
	GOOD(gvec_encode(bytes, n, one, NULL));
	do {
		ctr = ristretto ? bytes[0] / 2u + bytes[n - 1] * 128u
				: bytes[n - 1] + bytes[n - 2] * 256u;
		ctr++;
		bytes[ristretto ? 0 : n - 1] = (uint8_t)(ristretto ? ctr % 128 * 2 : ctr);
		bytes[ristretto ? n - 1 : n - 2] = (uint8_t)(ristretto ? ctr / 128 : ctr / 256);
	} while (slow_decode(g, bytes, DECODE_NO_IDENTITY) != R_GOOD);
	GOOD(gvec_decode(one, bytes, n, DECODE_NO_IDENTITY, NULL, NULL));
	gvec_free(one);
}

/* n rows: blocks, other spellings of them, identities, elements at random. */
static void
extract_and_compare(const struct group *g, size_t n, const struct effort *effort)
{
	uint8_t *blocks = calloc(n + 1, GROUP_BLOCK_BYTES), *back, *valid, want[GROUP_BLOCK_BYTES];
	const uint8_t zeros[GROUP_BLOCK_BYTES] = { 0 };
	struct gvec *v = elements(g, n), *other, *one;
	struct rng rng;
	size_t i;
	enum result r;

	back = calloc(n + 1, GROUP_BLOCK_BYTES);
	valid = calloc(n + 1, 1);
	rng_seeded(&rng, seed);
	rng_fill(&rng, blocks, n * GROUP_BLOCK_BYTES);
	if (n > 0)
		memset(blocks, 0, GROUP_BLOCK_BYTES);
	GOOD(gvec_embed(v, blocks));
	other = random_elements(g, n, &rng);
	for (i = 0; i < n; i++)
		switch (i % 8) {
		case 2: respell(g, v, i); break;
		case 5: gvec_copy(v, i, other, i, 1); break;
		case 7:
			GOOD(gvec_slice(&one, v, i, 1));
			gvec_set_identity(one);
			gvec_free(one);
			break;
		default: break;
		}
	memset(back, 1, n * GROUP_BLOCK_BYTES);
	memset(valid, 2, n + 1);
	GOOD(gvec_extract_each(back, valid, v, effort));
	ck_assert_uint_eq(valid[n], 2);
	for (i = 0; i < n; i++) {
		GOOD(gvec_slice(&one, v, i, 1));
		r = gvec_extract(want, one, NULL);
		gvec_free(one);
		ck_assert_uint_eq(valid[i], r == R_GOOD);
		ck_assert_mem_eq(back + i * GROUP_BLOCK_BYTES, r == R_GOOD ? want : zeros,
		    GROUP_BLOCK_BYTES);
		ck_assert(r == R_GOOD || i % 8 == 2 || i % 8 == 5 || i % 8 == 7);
		ck_assert(r != R_GOOD || (i % 8 != 2 && i % 8 != 7));
		if (i % 8 != 2 && i % 8 != 5 && i % 8 != 7)
			ck_assert_mem_eq(back + i * GROUP_BLOCK_BYTES,
			    blocks + i * GROUP_BLOCK_BYTES, GROUP_BLOCK_BYTES);
	}
	gvec_free(v);
	gvec_free(other);
	free(blocks);
	free(back);
	free(valid);
}

START_TEST(extracts_each)
{
	const struct effort two = { .threads = 2 };
	const struct group *g = slow_group(_i);

	extract_and_compare(g, 0, NULL);
	extract_and_compare(g, 1, NULL);
	extract_and_compare(g, 9, NULL);
	if (_i == 2)
		extract_and_compare(g, 1000, &two);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rows");
	TCase *tc = tcase_create("rows");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, decodes_each, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, encodes_squares, 0, SLOW_GROUPS);
	tcase_add_loop_test(tc, raises_rows, 0, SLOW_GROUPS);
	tcase_add_test(tc, raises_many_rows);
	tcase_add_loop_test(tc, extracts_each, 2, SLOW_GROUPS);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
