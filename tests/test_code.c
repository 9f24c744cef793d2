/*
 * test_code: credential codes: every single typing error and every swap is caught,
 * and the secret is what protocol.md says.
 */
#include <check.h>
#include <string.h>

#include <sodium.h>

#include "crypto/code.h"
#include "tests/must.h"
#include "tests/suite.h"

static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

static struct rng rng;

static void
set_up(void)
{
	uint8_t seed[32] = { 3 };

	rng_seeded(&rng, seed);
}

static enum result
read_symbols(const char symbols[CODE_SYMBOLS])
{
	struct code code;

	return code_read(&code, (struct slice){ (const uint8_t *)symbols, CODE_SYMBOLS });
}

/* The check symbol by the formula of the header. */
START_TEST(the_check_symbol_is_the_weighted_sum)
{
	struct code code;
	unsigned n, i, sum;

	for (n = 0; n < 1000; n++) {
		code_draw(&code, &rng);
		sum = 0;
		for (i = 0; i < CODE_DATA; i++)
			sum += (i + 1) * (unsigned)(strchr(alphabet, code.symbol[i]) - alphabet);
		must(code.symbol[CODE_DATA] == alphabet[sum % 31]);
		must(read_symbols(code.symbol) == R_GOOD);
	}
	/* All zeros check to zero; a known code. */
	ck_assert_int_eq(code_read(&code, slice_of("2222-2222-2222-2222-2222-2222")), R_GOOD);
	ck_assert_int_eq(code_read(&code, slice_of("3222-2222-2222-2222-2222-2223")), R_GOOD);
	ck_assert_int_eq(code_read(&code, slice_of("2222-2222-2222-2222-2223-2222")), R_BAD_CODE);
	ck_assert_int_eq(code_read(&code, slice_of("ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZ5")), R_GOOD);
}
END_TEST

START_TEST(every_wrong_symbol_is_caught)
{
	struct code code;
	char typed[CODE_SYMBOLS];
	unsigned n, at, s;

	for (n = 0; n < 200; n++) {
		code_draw(&code, &rng);
		for (at = 0; at < CODE_SYMBOLS; at++)
			for (s = 0; s < 31; s++) {
				memcpy(typed, code.symbol, sizeof typed);
				typed[at] = alphabet[s];
				must((read_symbols(typed) == R_GOOD) ==
				    (alphabet[s] == code.symbol[at]));
			}
	}
}
END_TEST

START_TEST(every_swap_is_caught)
{
	struct code code;
	char typed[CODE_SYMBOLS];
	unsigned n, a, b;

	for (n = 0; n < 300; n++) {
		code_draw(&code, &rng);
		for (a = 0; a < CODE_SYMBOLS; a++)
			for (b = 0; b < a; b++) {
				memcpy(typed, code.symbol, sizeof typed);
				typed[a] = code.symbol[b];
				typed[b] = code.symbol[a];
				must((read_symbols(typed) == R_GOOD) ==
				    (code.symbol[a] == code.symbol[b]));
			}
	}
}
END_TEST

START_TEST(what_people_type)
{
	static const char text[] = "ABCD-EFGH-JKMN-PQRS-TUVW-XYZ";
	char full[40], out[CODE_TEXT];
	struct code code, again;
	const char *s;

	/* Find its check symbol by trying all. */
	for (s = alphabet; *s != '\0'; s++) {
		memcpy(full, text, sizeof text);
		full[sizeof text - 1] = *s;
		full[sizeof text] = '\0';
		if (code_read(&code, slice_of(full)) == R_GOOD)
			break;
	}
	ck_assert_int_ne(*s, '\0');
	code_print(out, &code);
	ck_assert_str_eq(out, full);
	ck_assert_uint_eq(strlen(out), CODE_TEXT - 1);

	ck_assert_int_eq(code_read(&again, slice_of("  abcdefgh jkmn--pqRS tuvw-xyz-")),
	    R_BAD_CODE);
	memcpy(full, " a-b c d - EFGHJKMNpqrstuvwxyz", 30);
	full[30] = *s;
	full[31] = ' ';
	full[32] = '\0';
	ck_assert_int_eq(code_read(&again, slice_of(full)), R_GOOD);
	ck_assert_mem_eq(&again, &code, sizeof code);
}
END_TEST

START_TEST(what_is_no_code)
{
	static const char *const bad[] = { "", "-", "2222-2222-2222-2222-2222-222",
		"2222-2222-2222-2222-2222-22222", "2222_2222_2222_2222_2222_2222",
		"2222\t2222 2222 2222 2222 2222", "2222-2222-2222-2222-2222-2222\n",
		"2222.2222.2222.2222.2222.2222", "2222-2222-2222-2222-2222-222O",
		"o222-2222-2222-2222-2222-2222", "0222-2222-2222-2222-2222-2222",
		"1222-2222-2222-2222-2222-2222", "I222-2222-2222-2222-2222-2222",
		"l222-2222-2222-2222-2222-2222", "L222-2222-2222-2222-2222-2222",
		"\xc3\xa9"
		"22-2222-2222-2222-2222-2222",
		"2222\xe2\x80\x93"
		"2222-2222-2222-2222-2222" };
	struct code code;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(code_read(&code, slice_of(bad[i])), R_BAD_CODE);
		ck_assert(sodium_is_zero((uint8_t *)&code, sizeof code));
	}
	ck_assert_int_eq(code_read(&code, (struct slice){ (const uint8_t *)"\0", 1 }), R_BAD_CODE);
	ck_assert_int_eq(code_read(&code,
			     (struct slice){ (const uint8_t *)"222222222222222222222222\0", 25 }),
	    R_BAD_CODE);
	ck_assert_int_eq(code_read(&code, (struct slice){ NULL, 0 }), R_BAD_CODE);
	/* What stood in the struct before does not complete it. */
	ck_assert_int_eq(code_read(&code, slice_of("222222222222222222222222")), R_GOOD);
	ck_assert_int_eq(code_read(&code, slice_of("22222222222222222222222")), R_BAD_CODE);
}
END_TEST

/* Every character of the 256 but the 31 symbols, their lower case, space and dash. */
START_TEST(no_other_character_is_read)
{
	char typed[CODE_SYMBOLS + 1];
	struct code code;
	int c, expected;

	for (c = 0; c < 256; c++) {
		memset(typed, '2', sizeof typed);
		typed[5] = (char)c;
		expected = c == ' ' || c == '-' ? R_GOOD : R_BAD_CODE;
		ck_assert_int_eq(code_read(&code, (struct slice){ (uint8_t *)typed, sizeof typed }),
		    expected);
	}
}
END_TEST

/* 31 symbols, 23 places: each is drawn about as often as any other. The bound is six
 * standard deviations. */
START_TEST(codes_are_uniform)
{
	static unsigned count[CODE_DATA][31];
	const unsigned draws = 31000;
	struct code code;
	unsigned n, i, s;

	for (n = 0; n < draws; n++) {
		code_draw(&code, &rng);
		for (i = 0; i < CODE_DATA; i++)
			count[i][strchr(alphabet, code.symbol[i]) - alphabet]++;
	}
	for (i = 0; i < CODE_DATA; i++)
		for (s = 0; s < 31; s++)
			must(count[i][s] > 1000 - 190 && count[i][s] < 1000 + 190);
}
END_TEST

START_TEST(the_secret_is_argon2id_of_the_data_symbols)
{
	uint8_t wide[64], other[64], expected[64], input[20 + 33];
	struct digest election, salt;
	struct code code;

	memset(election.b, 0x5c, 32);
	ck_assert_int_eq(code_read(&code, slice_of("3222-2222-2222-2222-2222-2223")), R_GOOD);
	ck_assert_int_eq(code_secret(wide, sizeof wide, &code, &election, 2), R_GOOD);

	memcpy(input, "tabella/1 code salt", 20);
	memcpy(input + 20, election.b, 32);
	input[52] = 2;
	crypto_hash_sha256(salt.b, input, sizeof input);
	ck_assert_int_eq(crypto_pwhash(expected, sizeof expected, "32222222222222222222222", 23,
			     salt.b, crypto_pwhash_OPSLIMIT_INTERACTIVE,
			     crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13),
	    0);
	ck_assert_mem_eq(wide, expected, sizeof wide);

	ck_assert_int_eq(code_secret(other, sizeof other, &code, &election, 1), R_GOOD);
	ck_assert_mem_ne(wide, other, sizeof wide);
	election.b[31] ^= 1;
	ck_assert_int_eq(code_secret(other, sizeof other, &code, &election, 2), R_GOOD);
	ck_assert_mem_ne(wide, other, sizeof wide);
	code_wipe(&code);
	ck_assert(sodium_is_zero((uint8_t *)&code, sizeof code));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("code");
	TCase *tc = tcase_create("code");

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, the_check_symbol_is_the_weighted_sum);
	tcase_add_test(tc, every_wrong_symbol_is_caught);
	tcase_add_test(tc, every_swap_is_caught);
	tcase_add_test(tc, what_people_type);
	tcase_add_test(tc, what_is_no_code);
	tcase_add_test(tc, no_other_character_is_read);
	tcase_add_test(tc, codes_are_uniform);
	tcase_add_test(tc, the_secret_is_argon2id_of_the_data_symbols);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
