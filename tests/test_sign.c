/*
 * test_sign: RFC 8032's vectors, labels, and each signature and key that must be
 * refused.
 */
#include <check.h>
#include <string.h>

#include <sodium.h>

#include "crypto/base64.h"
#include "crypto/sign.h"
#include "tests/suite.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *public, *message, *signature;
} vectors[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
	    "701cf9b46b"
	    "d25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
	    "13d0f11d8c"
	    "387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
	    "60984dc659"
	    "4a7c15e9716ed28dc027beceea1ec40a" },
};

static size_t
unhex(uint8_t *out, const char *hex)
{
	struct slice text = slice_of(hex);

	ck_assert_int_eq(hex_decode(out, text.n / 2, text), R_GOOD);
	return text.n / 2;
}

START_TEST(known_answers)
{
	struct signature expected, got;
	uint8_t seed[32], message[8];
	struct sign_public public;
	struct sign_key key;
	struct slice m;
	size_t i;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		unhex(seed, vectors[i].seed);
		unhex(expected.b, vectors[i].signature);
		m.p = message;
		m.n = unhex(message, vectors[i].message);
		sign_key_from_seed(&public, &key, seed);
		unhex(seed, vectors[i].public);
		ck_assert_mem_eq(public.b, seed, 32);
		sign_make_raw(&got, &key, m);
		ck_assert_mem_eq(got.b, expected.b, 64);
		ck_assert_int_eq(sign_check_raw(&public, m, &expected), R_GOOD);
		ck_assert_int_eq(sign_public_check(&public), R_GOOD);
	}
	sign_key_wipe(&key);
	ck_assert(sodium_is_zero(key.b, sizeof key.b));
}
END_TEST

START_TEST(label_message_key_and_signature_all_count)
{
	uint8_t seed[32] = { 1 }, text[5000] = { 0 };
	struct sign_public public, other;
	struct signature s, raw, bad;
	static const size_t sizes[] = { 0, 1, 100, 2036, 2037, 2038, 2039, 5000 };
	struct sign_key key, key2;
	struct slice m = { text, 0 };
	size_t i, bit;

	sign_key_from_seed(&public, &key, seed);
	seed[31] = 9;
	sign_key_from_seed(&other, &key2, seed);
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		m.n = sizes[i];
		ck_assert_int_eq(sign_make(&s, &key, "some label", m), R_GOOD);
		ck_assert_int_eq(sign_check(&public, "some label", m, &s), R_GOOD);
		ck_assert_int_eq(sign_check(&public, "some labem", m, &s), R_BAD_SIGNATURE);
		ck_assert_int_eq(sign_check(&public, "some labe", m, &s), R_BAD_SIGNATURE);
		ck_assert_int_eq(sign_check(&other, "some label", m, &s), R_BAD_SIGNATURE);
		ck_assert_int_eq(sign_check_raw(&public, m, &s), R_BAD_SIGNATURE);
		if (m.n > 0) {
			text[m.n - 1] ^= 1;
			ck_assert_int_eq(sign_check(&public, "some label", m, &s), R_BAD_SIGNATURE);
			text[m.n - 1] ^= 1;
			m.n--;
			ck_assert_int_eq(sign_check(&public, "some label", m, &s), R_BAD_SIGNATURE);
		}
	}
	/* label || 0x00 || message, and nothing else. */
	m = slice_of("message");
	ck_assert_int_eq(sign_make(&s, &key, "label", m), R_GOOD);
	sign_make_raw(&raw, &key, (struct slice){ (const uint8_t *)"label\0message", 13 });
	ck_assert_mem_eq(s.b, raw.b, 64);
	for (bit = 0; bit < 512; bit++) {
		bad = s;
		bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(sign_check(&public, "label", m, &bad), R_BAD_SIGNATURE);
	}
}
END_TEST

/* S + L is the same number modulo the group order L. */
START_TEST(a_second_form_of_s_is_refused)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
		0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	uint8_t seed[32];
	struct sign_public public;
	struct signature s;
	struct sign_key key;
	struct slice m = slice_of("message");
	unsigned carry = 0, i, n;

	for (n = 0; n < 16; n++) {
		memset(seed, (int)n, sizeof seed);
		sign_key_from_seed(&public, &key, seed);
		sign_make_raw(&s, &key, m);
		carry = 0;
		for (i = 0; i < 32; i++) {
			carry += (unsigned)s.b[32 + i] + order[i];
			s.b[32 + i] = (uint8_t)carry;
			carry >>= 8;
		}
		ck_assert_uint_eq(carry, 0);
		ck_assert_int_eq(sign_check_raw(&public, m, &s), R_BAD_SIGNATURE);
	}
}
END_TEST

/* Under a key of small order S = 0 and R = identity would sign anything. */
START_TEST(useless_keys_are_refused)
{
	static const char *const keys[] = {
		/* y = 0, 1, -1; two of order 8 */
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		/* y = p, p + 1: second forms of 0 and 1; the sign of x = 0 */
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0100000000000000000000000000000000000000000000000000000000000080",
		/* not on the curve */
		"0200000000000000000000000000000000000000000000000000000000000000",
	};
	struct signature s = { { 1 } };
	struct sign_public public;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		unhex(public.b, keys[i]);
		ck_assert_int_eq(sign_public_check(&public), R_NON_CANONICAL);
		ck_assert_int_eq(sign_check_raw(&public, slice_of("any"), &s), R_BAD_SIGNATURE);
	}
}
END_TEST

/* A good key plus a point of order 8 lies outside the prime-order subgroup. */
START_TEST(a_key_with_torsion_is_refused_by_the_check)
{
	uint8_t seed[32] = { 3 }, eight[32];
	struct sign_public public, mixed;
	struct sign_key key;

	sign_key_from_seed(&public, &key, seed);
	unhex(eight, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
	ck_assert_int_eq(crypto_core_ed25519_add(mixed.b, public.b, eight), 0);
	ck_assert_int_eq(sign_public_check(&mixed), R_NON_CANONICAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sign");
	TCase *tc = tcase_create("sign");

	tcase_add_test(tc, known_answers);
	tcase_add_test(tc, label_message_key_and_signature_all_count);
	tcase_add_test(tc, a_second_form_of_s_is_refused);
	tcase_add_test(tc, useless_keys_are_refused);
	tcase_add_test(tc, a_key_with_torsion_is_refused_by_the_check);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
