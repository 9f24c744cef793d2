/*
 * test_keyfile: sealed keys come back, and no byte of the text can be changed.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/base64.h"
#include "crypto/keyfile.h"
#include "crypto/mem.h"
#include "tests/must.h"
#include "tests/suite.h"

static const struct keyfile_cost cheap = { 1, KEYFILE_KIB_MIN };
static const struct slice no_passphrase = { NULL, 0 };

static void
seal(struct buffer *out, const char *passphrase)
{
	uint8_t seed[32] = { 1 };
	struct rng rng;

	rng_seeded(&rng, seed);
	buffer_clear(out);
	ck_assert_int_eq(keyfile_seal(out, "trustee", slice_of("public"), slice_of("the secret"),
			     passphrase == NULL ? no_passphrase : slice_of(passphrase), &cheap,
			     &rng),
	    R_GOOD);
}

static enum result
open_text(struct slice text, const char *passphrase)
{
	struct keyfile k;
	uint8_t *secret;
	size_t n;
	enum result r;

	r = keyfile_open(&k, &secret, &n, text,
	    passphrase == NULL ? no_passphrase : slice_of(passphrase));
	if (r == R_GOOD)
		must(n == 10 && memcmp(secret, "the secret", 10) == 0);
	else
		must(secret == NULL && n == 0);
	mem_free(secret);
	return r;
}

/* The form of the text, and the secret in it, by libsodium alone. */
static void
check_by_hand(const struct buffer *out, const char *head, const uint8_t derived[56])
{
	uint8_t sealed[26], opened[10];
	size_t n = strlen(head);

	ck_assert_uint_eq(out->n, n + BASE64URL_LEN(26) + 1);
	ck_assert_mem_eq(out->p, head, n);
	ck_assert_int_eq(out->p[out->n - 1], '\n');
	ck_assert_int_eq(base64url_decode(sealed, 26,
			     (struct slice){ out->p + n, BASE64URL_LEN(26) }),
	    R_GOOD);
	ck_assert_int_eq(crypto_aead_xchacha20poly1305_ietf_decrypt(opened, NULL, NULL, sealed, 26,
			     out->p, n, derived + 32, derived),
	    0);
	ck_assert_mem_eq(opened, "the secret", 10);
}

START_TEST(the_text_has_its_form)
{
	uint8_t seed[32] = { 1 }, salt[16], derived[64], labelled[19 + 16];
	struct buffer out = { 0 };
	char head[300], salt_text[BASE64URL_LEN(16) + 1];
	struct rng rng;

	rng_seeded(&rng, seed);
	rng_fill(&rng, salt, sizeof salt);
	base64url_encode(salt_text, salt, sizeof salt);

	seal(&out, "correct horse");
	snprintf(head, sizeof head,
	    "tabella key 1\nkind trustee\npublic cHVibGlj\nlock passphrase 1 8\nsalt %s\nsealed ",
	    salt_text);
	ck_assert_int_eq(crypto_pwhash(derived, 56, "correct horse", 13, salt, 1, 8192,
			     crypto_pwhash_ALG_ARGON2ID13),
	    0);
	check_by_hand(&out, head, derived);
	ck_assert_int_eq(open_text(buffer_slice(&out), "correct horse"), R_GOOD);

	seal(&out, NULL);
	snprintf(head, sizeof head,
	    "tabella key 1\nkind trustee\npublic cHVibGlj\nlock none\nsalt %s\nsealed ", salt_text);
	memcpy(labelled, "tabella/1 key file", 19);
	memcpy(labelled + 19, salt, 16);
	crypto_hash_sha512(derived, labelled, sizeof labelled);
	check_by_hand(&out, head, derived);
	ck_assert_int_eq(open_text(buffer_slice(&out), NULL), R_GOOD);
	ck_assert_int_eq(open_text(buffer_slice(&out), "not looked at"), R_GOOD);
	buffer_free(&out);
}
END_TEST

START_TEST(what_stands_outside_is_readable)
{
	struct buffer out = { 0 };
	struct keyfile k;

	seal(&out, "p");
	ck_assert_int_eq(keyfile_read(&k, buffer_slice(&out)), R_GOOD);
	ck_assert_str_eq(k.kind, "trustee");
	ck_assert_uint_eq(k.public_len, 6);
	ck_assert_mem_eq(k.public, "public", 6);
	ck_assert_int_eq(k.locked, 1);
	seal(&out, NULL);
	ck_assert_int_eq(keyfile_read(&k, buffer_slice(&out)), R_GOOD);
	ck_assert_int_eq(k.locked, 0);
	buffer_free(&out);
}
END_TEST

START_TEST(another_passphrase_does_not_open)
{
	struct buffer out = { 0 };

	seal(&out, "correct horse");
	ck_assert_int_eq(open_text(buffer_slice(&out), "correct horsf"), R_KEY_CORRUPT);
	ck_assert_int_eq(open_text(buffer_slice(&out), "correct hors"), R_KEY_CORRUPT);
	ck_assert_int_eq(open_text(buffer_slice(&out), "correct horse "), R_KEY_CORRUPT);
	ck_assert_int_eq(open_text(buffer_slice(&out), ""), R_KEY_CORRUPT);
	ck_assert_int_eq(open_text(buffer_slice(&out), NULL), R_KEY_CORRUPT);
	buffer_free(&out);
}
END_TEST

static void
change_every_byte(const char *passphrase)
{
	struct buffer out = { 0 };
	uint8_t *copy;
	size_t at, n, c;

	seal(&out, passphrase);
	n = out.n;
	copy = malloc(n + 1);
	for (at = 0; at < n; at++)
		for (c = 0; c < 256; c++) {
			memcpy(copy, out.p, n);
			if (copy[at] == c)
				continue;
			copy[at] = (uint8_t)c;
			must(open_text((struct slice){ copy, n }, passphrase) == R_KEY_CORRUPT);
			/* And put in before it, a sample of them. */
			if (c % 16 == at % 16) {
				memcpy(copy + at + 1, out.p + at, n - at);
				must(open_text((struct slice){ copy, n + 1 }, passphrase) ==
				    R_KEY_CORRUPT);
			}
		}
	for (at = 0; at < n; at++) {
		memcpy(copy, out.p, n);
		memmove(copy + at, copy + at + 1, n - at - 1);
		must(open_text((struct slice){ copy, n - 1 }, passphrase) == R_KEY_CORRUPT);
		copy = realloc(copy, at + 1);
		memcpy(copy, out.p, at);
		must(open_text((struct slice){ copy, at }, passphrase) == R_KEY_CORRUPT);
		copy = realloc(copy, n + 1);
	}
	memcpy(copy, out.p, n);
	copy[n] = '\n';
	must(open_text((struct slice){ copy, n + 1 }, passphrase) == R_KEY_CORRUPT);
	free(copy);
	buffer_free(&out);
}

START_TEST(no_byte_can_be_changed_when_locked)
{
	change_every_byte("p");
}
END_TEST

START_TEST(no_byte_can_be_changed_when_not_locked)
{
	change_every_byte(NULL);
}
END_TEST

/* A hostile file cannot make us take more than 1 GiB: these end at once. */
START_TEST(limits_are_bounded)
{
	static const char *const locks[] = { "passphrase 1 1048577", "passphrase 1 104857600",
		"passphrase 17 8", "passphrase 18446744073709551617 8", "passphrase 0 8",
		"passphrase 1 7", "passphrase 1 0", "passphrase 1", "passphrase 1 ",
		"passphrase  1 8", "passphrase 01 8", "passphrase 1 08", "passphrase 1 8 ",
		"passphrase -1 8", "passphrase 1 8 8", "passphrase", "none ", "None", "" };
	char text[300];
	size_t i;

	for (i = 0; i < sizeof locks / sizeof locks[0]; i++) {
		snprintf(text, sizeof text,
		    "tabella key 1\nkind a\npublic \nlock %s\nsalt AAAAAAAAAAAAAAAAAAAAAA\nsealed "
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		    locks[i]);
		ck_assert_int_eq(open_text(slice_of(text), "p"), R_KEY_CORRUPT);
	}
}
END_TEST

/* Each line on its own, where nothing is sealed that would give a change away. */
START_TEST(forms_of_the_text)
{
#define SALT "salt AAAAAAAAAAAAAAAAAAAAAA\n"
#define SEALED "sealed AAAAAAAAAAAAAAAAAAAAAAA\n" /* 17 bytes: a secret of one */
	static const char *const bad[] = {
		"tabella key 2\nkind a\npublic \nlock none\n" SALT SEALED,
		"tabella key 1 \nkind a\npublic \nlock none\n" SALT SEALED,
		"tabella kex 1\nkind a\npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nkinda\npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nKind a\npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nkind \npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nkind A\npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nkind a_\npublic \nlock none\n" SALT SEALED,
		"tabella key 1\nkind aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\npublic \nlock none\n" SALT
		    SEALED,
		"tabella key 1\npublic \nkind a\nlock none\n" SALT SEALED,
		"tabella key 1\nkind a\npublic A\nlock none\n" SALT SEALED,
		"tabella key 1\nkind a\npublic AB\nlock none\n" SALT SEALED,
		"tabella key 1\nkind a\npublic AA==\nlock none\n" SALT SEALED,
		"tabella key 1\nkind a\npublic \nlock  none\n" SALT SEALED,
		"tabella key 1\nkind a\npublic \nlock Passphrase 1 8\n" SALT SEALED,
		"tabella key 1\nkind a\npublic \nlock passphrase-1 8\n" SALT SEALED,
		"tabella key 1\nkind a\npublic \nlock p\n" SALT SEALED,
		"tabella key 1\nkind a\npublic \nlock none\nsalt AAAAAAAAAAAAAAAAAAAA\n" SEALED,
		"tabella key 1\nkind a\npublic \nlock none\nsalt AAAAAAAAAAAAAAAAAAAAAB\n" SEALED,
		"tabella key 1\nkind a\npublic \nlock none\n" SALT
		"sealed AAAAAAAAAAAAAAAAAAAAAA\n",
		"tabella key 1\nkind a\npublic \nlock none\n" SALT "sealed \n",
		"tabella key 1\nkind a\npublic \nlock none\n" SALT
		"sealed AAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"tabella key 1\nkind a\npublic \nlock none\n" SALT SEALED "more\n",
		"tabella key 1\nkind a\npublic \nlock none\n" SALT,
		"tabella key 1\nkind a\npublic \nlock none\n" SEALED,
		"tabella key 1\r\nkind a\r\npublic \r\nlock none\r\n" SALT SEALED,
		"t\n",
		"",
	};
	static const char good[] = "tabella key 1\nkind a\npublic \nlock none\n" SALT SEALED;
	struct buffer out = { 0 };
	struct keyfile k;
	size_t i, n;

	ck_assert_int_eq(keyfile_read(&k, slice_of(good)), R_GOOD);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (keyfile_read(&k, slice_of(bad[i])) != R_KEY_CORRUPT)
			ck_abort_msg("%s", bad[i]);
	/* A public key and a secret as long as they may be, and one letter longer. */
	for (n = BASE64URL_LEN(KEYFILE_PUBLIC_MAX); n < BASE64URL_LEN(KEYFILE_PUBLIC_MAX) + 3;
	     n += 2) {
		buffer_clear(&out);
		buffer_add_string(&out, "tabella key 1\nkind a\npublic ");
		for (i = 0; i < n; i++)
			buffer_add_string(&out, "A");
		buffer_add_string(&out, "\nlock none\n" SALT SEALED);
		ck_assert_int_eq(keyfile_read(&k, buffer_slice(&out)),
		    n == BASE64URL_LEN(KEYFILE_PUBLIC_MAX) ? R_GOOD : R_KEY_CORRUPT);
	}
	for (n = BASE64URL_LEN(KEYFILE_SECRET_MAX + 16);
	     n < BASE64URL_LEN(KEYFILE_SECRET_MAX + 16) + 2; n++) {
		buffer_clear(&out);
		buffer_add_string(&out,
		    "tabella key 1\nkind a\npublic \nlock none\n" SALT "sealed ");
		for (i = 0; i < n; i++)
			buffer_add_string(&out, "A");
		buffer_add_string(&out, "\n");
		ck_assert_int_eq(keyfile_read(&k, buffer_slice(&out)),
		    n == BASE64URL_LEN(KEYFILE_SECRET_MAX + 16) ? R_GOOD : R_KEY_CORRUPT);
	}
	buffer_free(&out);
}
END_TEST

/* Nobody may seal a file with nothing and have it pass for a locked one. */
START_TEST(an_empty_passphrase_opens_nothing)
{
	static const char head[] =
	    "tabella key 1\nkind a\npublic \nlock passphrase 1 8\n" SALT "sealed ";
	uint8_t derived[56], sealed[26], salt[16] = { 0 };
	char text[sizeof head + BASE64URL_LEN(26) + 2];

	ck_assert_int_eq(crypto_pwhash(derived, 56, "", 0, salt, 1, 8192,
			     crypto_pwhash_ALG_ARGON2ID13),
	    0);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, (const uint8_t *)"the secret", 10,
	    (const uint8_t *)head, sizeof head - 1, NULL, derived + 32, derived);
	memcpy(text, head, sizeof head);
	base64url_encode(text + sizeof head - 1, sealed, 26);
	strcat(text, "\n");
	ck_assert_int_eq(open_text(slice_of(text), ""), R_KEY_CORRUPT);
	ck_assert_int_eq(open_text(slice_of(text), NULL), R_KEY_CORRUPT);
}
END_TEST

START_TEST(what_cannot_be_sealed)
{
	static uint8_t big[KEYFILE_SECRET_MAX + 1];
	struct keyfile_cost costs[] = { { 0, 8 }, { 17, 8 }, { 1, 7 }, { 1, 1048577 } };
	struct slice s = slice_of("secret"), p = slice_of("p"), most = { big, KEYFILE_SECRET_MAX };
	struct buffer out = { 0 };
	uint8_t seed[32] = { 0 }, *secret;
	struct keyfile k;
	struct rng rng;
	size_t i, n;

	rng_seeded(&rng, seed);
	buffer_add_string(&out, "before");
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(keyfile_seal(&out, "a", s, s, p, &costs[i], &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "", s, s, p, &cheap, &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "A", s, s, p, &cheap, &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "a b", s, s, p, &cheap, &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "123456789012345678901234567890123", s, s, p, &cheap,
			     &rng),
	    R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "a", s, s, slice_of(""), &cheap, &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "a", s, slice_of(""), p, &cheap, &rng), R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "a", s, (struct slice){ big, sizeof big }, p, &cheap,
			     &rng),
	    R_BAD_INPUT);
	ck_assert_int_eq(keyfile_seal(&out, "a", (struct slice){ big, KEYFILE_PUBLIC_MAX + 1 }, s,
			     p, &cheap, &rng),
	    R_BAD_INPUT);
	ck_assert(slice_equal(buffer_slice(&out), slice_of("before")));

	/* The largest there is, after something else in the buffer. */
	ck_assert_int_eq(keyfile_seal(&out, "a-1", (struct slice){ big, KEYFILE_PUBLIC_MAX }, most,
			     p, &cheap, &rng),
	    R_GOOD);
	ck_assert_int_eq(keyfile_open(&k, &secret, &n, (struct slice){ out.p + 6, out.n - 6 }, p),
	    R_GOOD);
	ck_assert_uint_eq(n, KEYFILE_SECRET_MAX);
	ck_assert_uint_eq(k.public_len, KEYFILE_PUBLIC_MAX);
	mem_free(secret);
	buffer_free(&out);
}
END_TEST

START_TEST(two_seals_of_one_key_differ)
{
	struct buffer a = { 0 }, b = { 0 };
	uint8_t seed[32] = { 0 };
	struct rng rng;
	struct slice s = slice_of("the secret"), p = slice_of("p");

	rng_seeded(&rng, seed);
	ck_assert_int_eq(keyfile_seal(&a, "a", s, s, p, &cheap, &rng), R_GOOD);
	ck_assert_int_eq(keyfile_seal(&b, "a", s, s, p, &cheap, &rng), R_GOOD);
	ck_assert_uint_eq(a.n, b.n);
	ck_assert_mem_ne(a.p + a.n - 36, b.p + b.n - 36, 35);
	ck_assert_int_eq(open_text(buffer_slice(&a), "p"), R_GOOD);
	ck_assert_int_eq(open_text(buffer_slice(&b), "p"), R_GOOD);
	ck_assert_ptr_null(memmem(a.p, a.n, "the secret", 10));
	buffer_free(&a);
	buffer_free(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keyfile");
	TCase *tc = tcase_create("keyfile");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, the_text_has_its_form);
	tcase_add_test(tc, what_stands_outside_is_readable);
	tcase_add_test(tc, another_passphrase_does_not_open);
	tcase_add_test(tc, no_byte_can_be_changed_when_locked);
	tcase_add_test(tc, no_byte_can_be_changed_when_not_locked);
	tcase_add_test(tc, limits_are_bounded);
	tcase_add_test(tc, forms_of_the_text);
	tcase_add_test(tc, an_empty_passphrase_opens_nothing);
	tcase_add_test(tc, what_cannot_be_sealed);
	tcase_add_test(tc, two_seals_of_one_key_differ);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
