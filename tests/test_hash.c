/*
 * test_hash: known answers of FIPS 180-4, labels, and the framing of transcripts
 * against bytes framed by hand.
 */
#include <check.h>
#include <sodium.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/group_ops.h"
#include "crypto/hash.h"
#include "crypto/transcript.h"
#include "tests/suite.h"

static void
assert_hex(const uint8_t *bytes, size_t n, const char *hex)
{
	char text[HEX_LEN(64) + 1];

	hex_encode(text, bytes, n);
	ck_assert_str_eq(text, hex);
}

START_TEST(sha256_known_answers)
{
	static uint8_t million[1000000];
	struct digest d;

	sha256(&d, "", 0);
	assert_hex(d.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256(&d, NULL, 0);
	assert_hex(d.b, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256(&d, "abc", 3);
	assert_hex(d.b, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(million, 'a', sizeof million);
	sha256(&d, million, sizeof million);
	assert_hex(d.b, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(sha256_in_pieces)
{
	struct digest whole, pieces;
	struct sha256 s, fork;
	uint8_t data[300];
	size_t i, cut;

	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	sha256(&whole, data, sizeof data);
	for (cut = 0; cut <= sizeof data; cut++) {
		sha256_start(&s);
		sha256_add(&s, data, cut);
		fork = s;
		sha256_add(&s, data + cut, sizeof data - cut);
		sha256_finish(&s, &pieces);
		ck_assert(digest_equal(&whole, &pieces));
		sha256_add(&fork, data + cut, sizeof data - cut);
		sha256_finish(&fork, &pieces);
		ck_assert(digest_equal(&whole, &pieces));
	}
}
END_TEST

START_TEST(sha512_in_pieces)
{
	uint8_t data[300], whole[64], pieces[64];
	struct sha512 s, fork, zero;
	size_t i, cut;

	memset(&zero, 0, sizeof zero);
	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	sha512(whole, data, sizeof data);
	for (cut = 0; cut <= sizeof data; cut++) {
		sha512_start(&s);
		sha512_add(&s, data, cut);
		fork = s;
		sha512_add(&s, data + cut, sizeof data - cut);
		sha512_finish(&s, pieces);
		ck_assert_mem_eq(whole, pieces, sizeof whole);
		ck_assert_mem_eq(&s, &zero, sizeof s);
		sha512_add(&fork, data + cut, sizeof data - cut);
		sha512_finish(&fork, pieces);
		ck_assert_mem_eq(whole, pieces, sizeof whole);
		/* libsodium's is another one */
		crypto_hash_sha512(pieces, data, cut);
		sha512(whole, data, cut);
		ck_assert_mem_eq(whole, pieces, sizeof whole);
		sha512(whole, data, sizeof data);
	}
}
END_TEST

START_TEST(sha512_known_answers)
{
	uint8_t d[64];

	sha512(d, "abc", 3);
	assert_hex(d, 64,
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}
END_TEST

/* Messages of every length around the blocks' borders, as many as fill the lanes and some. */
START_TEST(sha512_of_many)
{
	enum { N = 19, LEN = 300 };
	static uint8_t data[N * LEN];
	uint8_t have[64 * N + 1], want[64];
	size_t len, n, i;

	for (i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	for (len = 0; len <= LEN; len++)
		for (n = len % 2 == 0 ? N : 0; n <= N; n++) {
			have[64 * n] = 0x5a;
			sha512_many(have, data, len, n);
			ck_assert_uint_eq(have[64 * n], 0x5a);
			for (i = 0; i < n; i++) {
				sha512(want, data + i * len, len);
				ck_assert_mem_eq(have + 64 * i, want, 64);
			}
		}
}
END_TEST

START_TEST(generators_hashed_together)
{
	enum { N = 75 };
	const struct group *g = group_by_name("ristretto255");
	static const uint64_t firsts[] = { 0, 1, 250, UINT64_C(0xfffffffff0) };
	uint8_t have[64 * N], want[64];
	const char *label = _i < 4 ? "shuffle" : "a label that needs another block of the hash";
	size_t n, i;

	for (n = 0; n <= N; n += n < 10 ? 1 : 13) {
		generator_hashes(have, g, label, firsts[_i % 4], n);
		for (i = 0; i < n; i++) {
			generator_hash(want, g, label, firsts[_i % 4] + i, 0, 0);
			ck_assert_mem_eq(have + 64 * i, want, 64);
		}
	}
}
END_TEST

START_TEST(a_label_ends_with_a_zero_byte)
{
	struct digest a, b;
	struct sha256 s;

	hash_tagged(&a, "label", "data", 4);
	sha256(&b, "label\0data", 10);
	ck_assert(digest_equal(&a, &b));
	hash_tagged_start(&s, "label");
	sha256_add(&s, "da", 2);
	sha256_add(&s, "ta", 2);
	sha256_finish(&s, &b);
	ck_assert(digest_equal(&a, &b));
	hash_tagged(&b, "labeld", "ata", 3);
	ck_assert(!digest_equal(&a, &b));
}
END_TEST

START_TEST(digests_have_an_order)
{
	struct digest a = { { 0 } }, b = { { 0 } };

	ck_assert(digest_is_zero(&a));
	ck_assert_int_eq(digest_compare(&a, &b), 0);
	b.b[31] = 1;
	ck_assert(!digest_is_zero(&b));
	ck_assert(!digest_equal(&a, &b));
	ck_assert_int_lt(digest_compare(&a, &b), 0);
	a.b[0] = 0x80;
	ck_assert_int_gt(digest_compare(&a, &b), 0);
}
END_TEST

static size_t
put(uint8_t *at, char tag, const void *content, uint8_t n)
{
	memset(at, 0, 9);
	at[0] = (uint8_t)tag;
	at[8] = n;
	memcpy(at + 9, content, n);
	return 9u + n;
}

START_TEST(a_transcript_is_its_framed_fields)
{
	static const uint8_t number[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	uint8_t framed[512], list[48] = { 0 }, expected[64], got[64];
	struct digest context, of_list;
	struct transcript t, fork;
	size_t n = 0;

	memset(context.b, 0x11, 32);
	memset(of_list.b, 0x22, 32);
	memset(list, 0x22, 32);
	list[39] = 7;
	list[47] = 3;
	n += put(framed + n, 'S', "tabella/1 test", 14);
	n += put(framed + n, 'S', "ristretto255", 12);
	n += put(framed + n, 'B', context.b, 32);
	n += put(framed + n, 'S', "", 0);
	n += put(framed + n, 'U', number, 8);
	n += put(framed + n, 'B', "bytes", 5);
	n += put(framed + n, 'L', list, 48);
	sha512(expected, framed, n);

	transcript_start(&t, "tabella/1 test", "ristretto255", &context);
	transcript_string(&t, "");
	transcript_u64(&t, 0x0123456789abcdef);
	transcript_bytes(&t, "bytes", 5);
	fork = t;
	transcript_list(&t, &of_list, 7, 3);
	transcript_finish(&t, got);
	ck_assert_mem_eq(got, expected, 64);

	transcript_list(&fork, &of_list, 3, 7);
	transcript_finish(&fork, got);
	ck_assert_mem_ne(got, expected, 64);

	transcript_start_bare(&t);
	transcript_finish(&t, got);
	sha512(expected, NULL, 0);
	ck_assert_mem_eq(got, expected, 64);
}
END_TEST

/* What moves from one field to the next, or changes only its type, is seen. */
START_TEST(the_framing_is_seen)
{
	uint8_t got[5][64];
	struct transcript t;
	int i, j;

	transcript_start_bare(&t);
	transcript_bytes(&t, "ab", 2);
	transcript_bytes(&t, "c", 1);
	transcript_finish(&t, got[0]);
	transcript_start_bare(&t);
	transcript_bytes(&t, "a", 1);
	transcript_bytes(&t, "bc", 2);
	transcript_finish(&t, got[1]);
	transcript_start_bare(&t);
	transcript_bytes(&t, "abc", 3);
	transcript_finish(&t, got[2]);
	transcript_start_bare(&t);
	transcript_string(&t, "abc");
	transcript_finish(&t, got[3]);
	transcript_start_bare(&t);
	transcript_string(&t, "abc");
	transcript_bytes(&t, NULL, 0);
	transcript_finish(&t, got[4]);
	for (i = 0; i < 5; i++)
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(got[i], got[j], 64);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");

	tcase_add_test(tc, sha256_known_answers);
	tcase_add_test(tc, sha256_in_pieces);
	tcase_add_test(tc, sha512_known_answers);
	tcase_add_test(tc, sha512_in_pieces);
	tcase_add_test(tc, sha512_of_many);
	tcase_add_loop_test(tc, generators_hashed_together, 0, 8);
	tcase_add_test(tc, a_label_ends_with_a_zero_byte);
	tcase_add_test(tc, digests_have_an_order);
	tcase_add_test(tc, a_transcript_is_its_framed_fields);
	tcase_add_test(tc, the_framing_is_seen);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
