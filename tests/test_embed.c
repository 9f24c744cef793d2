/*
 * test_embed: elements made from hashes and from blocks, and blocks read back,
 * against the definitions (tests/slow.h).
 */
#include <check.h>
#include <gmp.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>

#include "crypto/group.h"
#include "crypto/rng.h"
#include "tests/slow.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static const uint8_t seed[32] = "test_embed";

/* ---- generators ---- */

static void
hash_field(crypto_hash_sha512_state *state, char tag, const void *content, uint64_t n)
{
	const uint8_t length[8] = { (uint8_t)(n >> 56), (uint8_t)(n >> 48), (uint8_t)(n >> 40),
		(uint8_t)(n >> 32), (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n };

	crypto_hash_sha512_update(state, (const uint8_t *)&tag, 1);
	crypto_hash_sha512_update(state, length, 8);
	crypto_hash_sha512_update(state, content, n);
}

/* W(label, index, ctr, k) with numbers of at most one byte. */
static void
slow_w(uint8_t out[64], const struct group *g, const char *label, uint8_t index, uint8_t ctr,
    uint8_t k)
{
	const uint8_t numbers[3][8] = { { [7] = index }, { [7] = ctr }, { [7] = k } };
	crypto_hash_sha512_state state;

	crypto_hash_sha512_init(&state);
	hash_field(&state, 'S', "tabella/1 generator", 19);
	hash_field(&state, 'S', group_name(g), strlen(group_name(g)));
	hash_field(&state, 'S', label, strlen(label));
	hash_field(&state, 'U', numbers[0], 8);
	hash_field(&state, 'U', numbers[1], 8);
	hash_field(&state, 'U', numbers[2], 8);
	crypto_hash_sha512_final(&state, out);
}

static void
slow_h(uint8_t *out, const struct group *g, const char *label, uint8_t index)
{
	const size_t n = group_element_bytes(g);
	uint8_t hash[64 * 9];
	uint8_t ctr, k;
	mpz_t x, p;

	mpz_inits(x, p, NULL);
	slow_modulus(p, g);
	for (ctr = 0;; ctr++) {
		for (k = 0; k < 9; k++)
			slow_w(hash + 64 * k, g, label, index, ctr, k);
		if (strcmp(group_name(g), "ristretto255") == 0) {
			slow_ristretto_map(out, hash);
		} else {
			slow_get(x, hash, n + 16, g);
			mpz_powm_ui(x, x, 2, p);
			slow_put(out, n, g, x);
		}
		if (slow_decode(g, out, DECODE_NO_IDENTITY) == R_GOOD)
			break;
	}
	mpz_clears(x, p, NULL);
}

START_TEST(generators)
{
	enum { N = 70 };
	const struct group *g = slow_group(_i);
	const size_t n = group_element_bytes(g);
	static uint8_t have[N * SLOW_BYTES], more[N * SLOW_BYTES];
	const struct effort two = { .threads = 2 };
	uint8_t want[SLOW_BYTES];
	struct gvec *v;
	uint8_t i;

	ck_assert_int_eq(gvec_new(&v, g, N), R_GOOD);
	ck_assert_int_eq(gvec_generators(v, "shuffle", 0, &two), R_GOOD);
	ck_assert_int_eq(gvec_encode(have, n, v, NULL), R_GOOD);
	for (i = 0; i < N; i++) {
		slow_h(want, g, "shuffle", i);
		ck_assert_mem_eq(have + i * n, want, n);
		ck_assert_int_eq(gvec_is_identity_vartime(v, i), 0);
	}
	/* from another place on */
	ck_assert_int_eq(gvec_generators(v, "shuffle", 9, NULL), R_GOOD);
	ck_assert_int_eq(gvec_encode(more, n, v, NULL), R_GOOD);
	ck_assert_mem_eq(more, have + 9 * n, (N - 9) * n);
	/* under another label */
	ck_assert_int_eq(gvec_generators(v, "shuffles", 0, NULL), R_GOOD);
	ck_assert_int_eq(gvec_encode(more, n, v, NULL), R_GOOD);
	ck_assert_mem_ne(more, have, N * n);
	slow_h(want, g, "shuffles", 3);
	ck_assert_mem_eq(more + 3 * n, want, n);
	gvec_free(v);
}
END_TEST

/* An index does not fit in 32 bits by accident. */
START_TEST(generators_have_wide_indexes)
{
	struct gvec *a, *b;

	ck_assert_int_eq(gvec_new(&a, group_by_name("ristretto255"), 1), R_GOOD);
	ck_assert_int_eq(gvec_new(&b, group_by_name("ristretto255"), 1), R_GOOD);
	ck_assert_int_eq(gvec_generators(a, "x", 7, NULL), R_GOOD);
	ck_assert_int_eq(gvec_generators(b, "x", 7 + (UINT64_C(1) << 32), NULL), R_GOOD);
	ck_assert_uint_eq(gvec_differ_vartime(a, b), 0);
	gvec_free(a);
	gvec_free(b);
}
END_TEST

/* ---- embedding ---- */

/* The candidate of a block for a counter. */
static void
slow_candidate(uint8_t *out, const struct group *g, const uint8_t *block, unsigned ctr)
{
	const size_t n = group_element_bytes(g);

	memset(out, 0, n);
	if (strcmp(group_name(g), "ristretto255") == 0) {
		out[0] = (uint8_t)(ctr % 128 * 2);
		memcpy(out + 1, block, 30);
		out[31] = (uint8_t)(ctr / 128);
	} else {
		memcpy(out + n - 32, block, 30);
		out[n - 2] = (uint8_t)(ctr >> 8);
		out[n - 1] = (uint8_t)ctr;
	}
}

/* Write the element of the block with the smallest counter from ctr on and return
 * that. */
static unsigned
slow_embed(uint8_t *out, const struct group *g, const uint8_t *block, unsigned ctr)
{
	for (;; ctr++) {
		slow_candidate(out, g, block, ctr);
		if (slow_decode(g, out, DECODE_NO_IDENTITY) == R_GOOD)
			return ctr;
	}
}

START_TEST(embeds)
{
	enum { N = 6 };
	const struct group *g = slow_group(_i);
	const size_t n = group_element_bytes(g);
	uint8_t blocks[N * 30], back[N * 30], have[SLOW_BYTES], want[SLOW_BYTES];
	struct rng rng;
	struct gvec *v;
	unsigned i, ctr;

	rng_seeded(&rng, seed);
	rng_fill(&rng, blocks, sizeof blocks);
	memset(blocks, 0, 30);
	memset(blocks + 30, 0xff, 30);
	memset(blocks + 60, 0, 30);
	blocks[60] = 1;
	memset(blocks + 90, 0, 30);
	blocks[119] = 1;
	ck_assert_int_eq(gvec_new(&v, g, N), R_GOOD);
	ck_assert_int_eq(gvec_embed(v, blocks), R_GOOD);
	ck_assert_int_eq(gvec_extract(back, v, NULL), R_GOOD);
	ck_assert_mem_eq(back, blocks, sizeof blocks);
	for (i = 0; i < N; i++) {
		struct gvec *one;
		size_t bad;

		ck_assert_int_eq(gvec_slice(&one, v, i, 1), R_GOOD);
		ck_assert_int_eq(gvec_encode(have, n, one, NULL), R_GOOD);
		ctr = slow_embed(want, g, blocks + 30 * i, 0);
		ck_assert_mem_eq(have, want, n);
		/* the next counter that works makes another spelling: refused */
		(void)slow_embed(want, g, blocks + 30 * i, ctr + 1);
		ck_assert_int_eq(gvec_decode(one, want, n, DECODE_ANY, NULL, NULL), R_GOOD);
		bad = N;
		ck_assert_int_eq(gvec_extract(back, v, &bad), R_BAD_CHOICE);
		ck_assert_uint_eq(bad, i);
		ck_assert_int_eq(gvec_decode(one, have, n, DECODE_ANY, NULL, NULL), R_GOOD);
		gvec_free(one);
	}
	gvec_free(v);
}
END_TEST

/* Elements that no block has: the identity, the generator, random ones, and for modp
 * what is a block but for a high bit. */
START_TEST(extract_refuses)
{
	const struct group *g = slow_group(_i);
	const size_t n = group_element_bytes(g);
	uint8_t block[30] = "a block", back[60], bytes[SLOW_BYTES];
	struct gvec *v, *one;
	struct svec *e;
	struct rng rng;
	size_t bad, i;
	int tried = 0;

	rng_seeded(&rng, seed);
	ck_assert_int_eq(gvec_new(&v, g, 2), R_GOOD);
	ck_assert_int_eq(gvec_slice(&one, v, 1, 1), R_GOOD);
	ck_assert_int_eq(svec_new(&e, g, 1), R_GOOD);
	ck_assert_int_eq(gvec_extract(back, v, &bad), R_BAD_CHOICE);
	ck_assert_uint_eq(bad, 0);
	if (_i > 2) {
		/* the block of zeros is 2; from here on v[0] is good */
		gvec_set_generator(v);
		ck_assert_int_eq(gvec_extract(back, v, &bad), R_GOOD);
	}
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(svec_random(e, &rng), R_GOOD);
		gvec_set_generator(one);
		ck_assert_int_eq(gvec_pow(one, one, e, NULL), R_GOOD);
		ck_assert_int_eq(gvec_extract(back, one, NULL), R_BAD_CHOICE);
	}
	if (_i > 2) {
		(void)slow_embed(bytes, g, block, 0);
		for (i = 33; i <= n; i += 31) {
			memset(bytes, 0, n - 32);
			bytes[n - i] = 1;
			if (slow_decode(g, bytes, DECODE_NO_IDENTITY) != R_GOOD)
				continue;
			ck_assert_int_eq(gvec_decode(one, bytes, n, DECODE_ANY, NULL, NULL),
			    R_GOOD);
			ck_assert_int_eq(gvec_extract(back, v, &bad), R_BAD_CHOICE);
			ck_assert_uint_eq(bad, 1);
			tried++;
		}
		ck_assert_int_gt(tried, 0);
	}
	gvec_free(one);
	gvec_free(v);
	svec_free(e);
}
END_TEST

/* The tiny groups have no room; asking them is our own bug. */
START_TEST(tiny_does_not_embed)
{
	const uint8_t block[30] = { 0 };
	struct gvec *v;

	if (gvec_new(&v, tiny_group(11), 1) == R_GOOD)
		(void)gvec_embed(v, block);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("embed");
	TCase *tc = tcase_create("embed"), *modp = tcase_create("embed_modp");

	suite_groups(tc, modp, generators, 0, 3, SLOW_GROUPS);
	tcase_add_test(tc, generators_have_wide_indexes);
	suite_groups(tc, modp, embeds, 2, 3, SLOW_GROUPS);
	suite_groups(tc, modp, extract_refuses, 2, 3, SLOW_GROUPS);
	tcase_add_test_raise_signal(tc, tiny_does_not_embed, SIGABRT);
	tcase_set_tags(modp, "modp");
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, modp);
	return suite_main(suite);
}
