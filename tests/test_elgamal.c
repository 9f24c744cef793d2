/*
 * test_elgamal: encryption and re-encryption are what they should be, and a list of
 * ciphertexts has one spelling.
 */
#include <string.h>

#include "crypto/elgamal.h"
#include "tests/proof_kit.h"
#include "tests/suite.h"

static const uint8_t seed[32] = "test_elgamal";

/* m = b / a^x */
static struct gvec *
decrypt(const struct gvec *a, const struct gvec *b, const struct svec *x)
{
	struct gvec *m;

	good(gvec_new(&m, gvec_group(a), gvec_len(a)));
	good(gvec_pow(m, a, x, NULL));
	gvec_div(m, b, m);
	return m;
}

/* ---- (E1), (E2) ---- */

START_TEST(encryption)
{
	const struct group *g = kit_group(_i);
	const size_t n = 5;
	struct rng rng;
	struct svec *x, *r, *r2;
	struct gvec *y, *m, *a, *b, *a2, *b2, *again, *expect;
	size_t i;

	rng_seeded(&rng, seed);
	x = kit_scalars(g, 1, &rng);
	y = kit_powers(x);
	m = kit_elements(g, n, &rng);
	r = kit_scalars(g, n, &rng);
	r2 = kit_scalars(g, n, &rng);
	good(gvec_new(&a, g, n));
	good(gvec_new(&b, g, n));
	good(gvec_new(&a2, g, n));
	good(gvec_new(&b2, g, n));

	good(elgamal_encrypt(a, b, y, m, r, NULL));
	expect = kit_powers(r);
	ck_assert_uint_eq(gvec_differ_vartime(a, expect), n);
	gvec_free(expect);
	again = decrypt(a, b, x);
	ck_assert_uint_eq(gvec_differ_vartime(again, m), n);
	gvec_free(again);

	/* Another randomness, the same message; the randomness adds up. */
	good(elgamal_reencrypt(a2, b2, y, a, b, r2, NULL));
	again = decrypt(a2, b2, x);
	ck_assert_uint_eq(gvec_differ_vartime(again, m), n);
	gvec_free(again);
	for (i = 0; i < n; i++) {
		struct gvec *old, *new;

		good(gvec_slice(&old, a, i, 1));
		good(gvec_slice(&new, a2, i, 1));
		ck_assert_uint_eq(gvec_differ_vartime(old, new), 0);
		gvec_free(old);
		gvec_free(new);
	}
	svec_add(r, r, r2);
	good(elgamal_encrypt(a, b, y, m, r, NULL));
	ck_assert_uint_eq(gvec_differ_vartime(a, a2), n);
	ck_assert_uint_eq(gvec_differ_vartime(b, b2), n);

	/* In place. */
	good(elgamal_reencrypt(a, b, y, a, b, r2, NULL));
	good(elgamal_reencrypt(a2, b2, y, a2, b2, r2, NULL));
	ck_assert_uint_eq(gvec_differ_vartime(a, a2), n);
	ck_assert_uint_eq(gvec_differ_vartime(b, b2), n);

	svec_free(x);
	svec_free(r);
	svec_free(r2);
	gvec_free(y);
	gvec_free(m);
	gvec_free(a);
	gvec_free(b);
	gvec_free(a2);
	gvec_free(b2);
}
END_TEST

/* ---- lists ---- */

/* A list of 3 rows and width 2 under some key. */
struct sample {
	const struct group *g;
	size_t size; /* of an element */
	struct gvec *y;
	struct slice bytes;
	uint8_t *p; /* the same bytes, to change */
};

static struct sample
sample(const struct group *g)
{
	struct sample s = { .g = g, .size = group_element_bytes(g) };
	struct rng rng;

	rng_seeded(&rng, seed);
	s.y = kit_elements(g, 1, &rng);
	s.bytes = kit_list(s.y, 3, 2, NULL, &rng);
	s.p = (uint8_t *)(uintptr_t)s.bytes.p;
	return s;
}

static void
sample_free(struct sample *s)
{
	gvec_free(s->y);
	free(s->p);
}

START_TEST(lists_go_row_by_row)
{
	struct sample s = sample(kit_group(_i));
	struct elgamal_list *list;
	uint8_t *again = malloc(s.bytes.n), one[GROUP_ENCODING_MAX];
	size_t i, k;

	ck_assert_uint_eq(s.bytes.n, 3 * 2 * 2 * s.size);
	good(elgamal_list_decode(&list, s.g, 3, 2, s.bytes, NULL, NULL));
	ck_assert_uint_eq(list->rows, 3);
	ck_assert_uint_eq(list->width, 2);
	good(elgamal_list_encode(again, list, NULL));
	ck_assert_mem_eq(again, s.p, s.bytes.n);
	for (i = 0; i < 3; i++)
		for (k = 0; k < 2; k++) {
			struct gvec *v;

			good(gvec_slice(&v, list->a[k], i, 1));
			good(gvec_encode(one, s.size, v, NULL));
			ck_assert_mem_eq(one, s.p + (i * 2 + k) * 2 * s.size, s.size);
			gvec_free(v);
			good(gvec_slice(&v, list->b[k], i, 1));
			good(gvec_encode(one, s.size, v, NULL));
			ck_assert_mem_eq(one, s.p + ((i * 2 + k) * 2 + 1) * s.size, s.size);
			gvec_free(v);
		}
	elgamal_list_free(list);
	free(again);
	sample_free(&s);
}
END_TEST

START_TEST(lists_have_one_length)
{
	struct sample s = sample(kit_group(0));
	static const size_t shapes[][2] = { { 0, 2 }, { 3, 0 }, { 0, 0 }, { 2, 3 }, { 3, 1 },
		{ 3, 3 }, { 4, 2 }, { 2, 2 }, { SIZE_MAX, 2 }, { SIZE_MAX / 2 + 1, 2 },
		{ (size_t)1 << 32, (size_t)1 << 32 }, { (size_t)1 << 58, 2 } };
	struct elgamal_list *list = (struct elgamal_list *)&s;
	size_t i;

	for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		/* 2 rows of 3 have the bytes of 3 rows of 2. */
		if (shapes[i][0] * shapes[i][1] == 6)
			continue;
		ck_result(elgamal_list_decode(&list, s.g, shapes[i][0], shapes[i][1], s.bytes, NULL,
			      NULL),
		    R_BAD_WIDTH);
		ck_assert_ptr_null(list);
	}
	for (i = 0; i < s.bytes.n; i += 5)
		ck_result(elgamal_list_decode(&list, s.g, 3, 2, (struct slice){ s.p, i }, NULL,
			      NULL),
		    R_BAD_WIDTH);
	ck_result(elgamal_list_decode(&list, s.g, 0, 0, (struct slice){ NULL, 0 }, NULL, NULL),
	    R_BAD_WIDTH);
	ck_assert_uint_eq(elgamal_list_bytes(s.g, SIZE_MAX, 2), 0);
	ck_assert_uint_eq(elgamal_list_bytes(s.g, (size_t)1 << 58, 1), 0);
	elgamal_list_free(NULL);
	sample_free(&s);
}
END_TEST

static enum result
decode_sample(void *ctx)
{
	const struct sample *s = ctx;
	struct elgamal_list *list;
	enum result r;

	r = elgamal_list_decode(&list, s->g, 3, 2, s->bytes, NULL, NULL);
	elgamal_list_free(list);
	return r;
}

START_TEST(lists_refuse_each_bad_element)
{
	struct sample s = sample(kit_group(_i));
	size_t at;

	for (at = 0; at < s.bytes.n; at += s.size)
		kit_spoil_element(s.g, s.p + at, R_GOOD, decode_sample, &s);
	good(decode_sample(&s));
	sample_free(&s);
}
END_TEST

/* Spoil the element of row i, place k: return what the decoder says of the row. */
START_TEST(lists_name_the_first_bad_row)
{
	struct sample s = sample(kit_group(0));
	struct elgamal_list *list;
	size_t first, second, row;
	uint8_t *saved = malloc(s.bytes.n);

	memcpy(saved, s.p, s.bytes.n);
	for (first = 0; first < 12; first++)
		for (second = 0; second < 12; second++) {
			kit_identity(s.g, s.p + first * s.size);
			memset(s.p + second * s.size, 0xff, s.size);
			row = 99;
			ck_result(elgamal_list_decode(&list, s.g, 3, 2, s.bytes, &row, NULL),
			    first < second ? R_BAD_ELEMENT : R_NON_CANONICAL);
			ck_assert_uint_eq(row, (first < second ? first : second) / 4);
			memcpy(s.p, saved, s.bytes.n);
		}
	free(saved);
	sample_free(&s);
}
END_TEST

START_TEST(the_field_covers_bytes_and_shape)
{
	static const struct digest context = { "context" };
	uint8_t bytes[6] = "bytes", want[64], have[64];
	struct transcript t;
	struct digest digest;

	sha256(&digest, bytes, 6);
	transcript_start(&t, "label", "group", &context);
	transcript_list(&t, &digest, 3, 2);
	transcript_finish(&t, want);
	transcript_start(&t, "label", "group", &context);
	elgamal_list_enter(&t, (struct slice){ bytes, 6 }, 3, 2);
	transcript_finish(&t, have);
	ck_assert_mem_eq(have, want, 64);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("elgamal");
	TCase *tc = tcase_create("elgamal"), *modp = tcase_create("elgamal_modp");

	suite_groups(tc, modp, encryption, 0, 1, KIT_GROUPS);
	suite_groups(tc, modp, lists_go_row_by_row, 0, 1, 2);
	tcase_add_test(tc, lists_have_one_length);
	suite_groups(tc, modp, lists_refuse_each_bad_element, 0, 1, 2);
	tcase_add_test(tc, lists_name_the_first_bad_row);
	tcase_add_test(tc, the_field_covers_bytes_and_shape);
	tcase_set_tags(modp, "modp");
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, modp);
	return suite_main(suite);
}
