/*
 * test_base64: RFC 4648's vectors, round trips, and that each text but the
 * encoder's own is refused; the small tools of slices and buffers.
 */
#include <check.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/buffer.h"
#include "tests/suite.h"

/* RFC 4648 section 10, without and with padding. */
static const struct {
	const char *bytes, *url, *padded, *hex;
} vectors[] = {
	{ "", "", "", "" },
	{ "f", "Zg", "Zg==", "66" },
	{ "fo", "Zm8", "Zm8=", "666f" },
	{ "foo", "Zm9v", "Zm9v", "666f6f" },
	{ "foob", "Zm9vYg", "Zm9vYg==", "666f6f62" },
	{ "fooba", "Zm9vYmE", "Zm9vYmE=", "666f6f6261" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
};

START_TEST(known_answers)
{
	uint8_t bytes[8];
	char text[16];
	size_t i, n, size;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const uint8_t *p = (const uint8_t *)vectors[i].bytes;

		n = strlen(vectors[i].bytes);
		ck_assert_uint_eq(base64url_encode(text, p, n), BASE64URL_LEN(n));
		ck_assert_str_eq(text, vectors[i].url);
		ck_assert_uint_eq(base64_encode(text, p, n), BASE64_LEN(n));
		ck_assert_str_eq(text, vectors[i].padded);
		ck_assert_uint_eq(hex_encode(text, p, n), HEX_LEN(n));
		ck_assert_str_eq(text, vectors[i].hex);

		ck_assert_int_eq(base64url_size(&size, strlen(vectors[i].url)), R_GOOD);
		ck_assert_uint_eq(size, n);
		ck_assert_int_eq(base64_size(&size, slice_of(vectors[i].padded)), R_GOOD);
		ck_assert_uint_eq(size, n);
		ck_assert_int_eq(base64url_decode(bytes, n, slice_of(vectors[i].url)), R_GOOD);
		ck_assert_mem_eq(bytes, p, n);
		ck_assert_int_eq(base64_decode(bytes, n, slice_of(vectors[i].padded)), R_GOOD);
		ck_assert_mem_eq(bytes, p, n);
		ck_assert_int_eq(hex_decode(bytes, n, slice_of(vectors[i].hex)), R_GOOD);
		ck_assert_mem_eq(bytes, p, n);
	}
}
END_TEST

START_TEST(the_alphabets_differ_in_two_letters)
{
	static const uint8_t ones[3] = { 0xfb, 0xff, 0xbe };
	uint8_t got[3];
	char text[8];

	base64url_encode(text, ones, 3);
	ck_assert_str_eq(text, "-_--");
	ck_assert_int_eq(base64_decode(got, 3, slice_of(text)), R_BAD_ENCODING);
	base64_encode(text, ones, 3);
	ck_assert_str_eq(text, "+/++");
	ck_assert_int_eq(base64url_decode(got, 3, slice_of(text)), R_BAD_ENCODING);
}
END_TEST

/* Texts of up to seven bytes with each of the 256 characters in each place: a text is
 * taken if and only if it is what the encoder writes for what was read. */
START_TEST(only_the_encoders_text_is_taken)
{
	size_t n, at, len;
	uint8_t bytes[8], got[8], text[16];
	char again[16];
	int c, padded;
	enum result r;
	uint32_t seed = 1;
	size_t i;

	for (n = 0; n <= 7; n++)
		for (padded = 0; padded < 2; padded++)
			for (at = 0; at < (padded ? BASE64_LEN(n) : BASE64URL_LEN(n)); at++)
				for (c = 0; c < 256; c++) {
					for (i = 0; i < n; i++)
						bytes[i] = (uint8_t)((seed = seed * 1664525 +
									     1013904223) >>
						    24);
					len = padded ? base64_encode(again, bytes, n)
						     : base64url_encode(again, bytes, n);
					memcpy(text, again, len);
					text[at] = (uint8_t)c;
					r = padded
					    ? base64_decode(got, n, (struct slice){ text, len })
					    : base64url_decode(got, n, (struct slice){ text, len });
					if (r != R_GOOD) {
						ck_assert_int_eq(r, R_BAD_ENCODING);
						continue;
					}
					len = padded ? base64_encode(again, got, n)
						     : base64url_encode(again, got, n);
					ck_assert_mem_eq(again, text, len);
				}
}
END_TEST

START_TEST(every_letter_of_a_byte_pair)
{
	uint8_t bytes[2], got[2];
	char text[8];
	unsigned x, taken = 0, a, b, c;
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (x = 0; x < 65536; x++) {
		bytes[0] = (uint8_t)(x >> 8);
		bytes[1] = (uint8_t)x;
		base64url_encode(text, bytes, 2);
		ck_assert_int_eq(base64url_decode(got, 2, slice_of(text)), R_GOOD);
		ck_assert_mem_eq(got, bytes, 2);
	}
	/* Of the 2^18 texts of three letters exactly 2^16 have zero spare bits. */
	for (a = 0; a < 64; a++)
		for (b = 0; b < 64; b++)
			for (c = 0; c < 64; c++) {
				text[0] = letters[a];
				text[1] = letters[b];
				text[2] = letters[c];
				text[3] = '\0';
				taken += base64url_decode(got, 2, slice_of(text)) == R_GOOD;
			}
	ck_assert_uint_eq(taken, 65536);
}
END_TEST

START_TEST(other_forms_are_refused)
{
	static const char *const url[] = { "Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm8=", "Zm8 ", " Zg",
		"Zg\n", "Zm9vY", "Zm+v", "Zm/v", "Z\xc3\xa9", "Zm9v=", "====", "A" };
	static const char *const padded[] = { "Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "Zm8==", "Zm8=\n",
		"Zg===", "=Zg=", "Z===", "====", "=", "==", "Zm9v====", "Zm-v", "Zm_v",
		"Zg==Zg==", "Zg= =" };
	static const char *const hex[] = { "0", "0G", "0g", "AB", "aB", " a", "0x", "+1", "abc" };
	uint8_t got[16];
	size_t i, n;

	for (i = 0; i < sizeof url / sizeof url[0]; i++)
		for (n = 0; n < sizeof got; n++)
			ck_assert_int_eq(base64url_decode(got, n, slice_of(url[i])),
			    R_BAD_ENCODING);
	for (i = 0; i < sizeof padded / sizeof padded[0]; i++)
		for (n = 0; n < sizeof got; n++)
			ck_assert_int_eq(base64_decode(got, n, slice_of(padded[i])),
			    R_BAD_ENCODING);
	for (i = 0; i < sizeof hex / sizeof hex[0]; i++)
		for (n = 0; n < sizeof got; n++)
			ck_assert_int_eq(hex_decode(got, n, slice_of(hex[i])), R_BAD_ENCODING);
	ck_assert_int_eq(base64url_size(&n, 5), R_BAD_ENCODING);
	ck_assert_int_eq(base64_size(&n, slice_of("Zg")), R_BAD_ENCODING);
	ck_assert_int_eq(base64_size(&n, slice_of("ZgAAA=")), R_BAD_ENCODING);
	ck_assert_int_eq(base64_size(&n, (struct slice){ NULL, 0 }), R_GOOD);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(every_hexadecimal_digit)
{
	char text[3], again[3];
	uint8_t got;
	int c, at;

	for (at = 0; at < 2; at++)
		for (c = 0; c < 256; c++) {
			memcpy(text, "00", 3);
			text[at] = (char)c;
			if (hex_decode(&got, 1, (struct slice){ (uint8_t *)text, 2 }) == R_GOOD) {
				hex_encode(again, &got, 1);
				ck_assert_mem_eq(again, text, 2);
			} else
				ck_assert(c == '\0' || strchr("0123456789abcdef", c) == NULL);
		}
}
END_TEST

START_TEST(decimal_numbers)
{
	static const char *const bad[] = { "", "00", "01", "-1", "+1", " 1", "1 ", "1x", "0x1",
		"1.0", "/", ":", "18446744073709551616", "18446744073709551617",
		"184467440737095516150", "99999999999999999999999" };
	uint64_t x = 5;
	size_t i;

	ck_assert(slice_decimal(&x, slice_of("0"), 0) && x == 0);
	ck_assert(
	    slice_decimal(&x, slice_of("18446744073709551615"), UINT64_MAX) && x == UINT64_MAX);
	ck_assert(slice_decimal(&x, slice_of("120"), 120) && x == 120);
	ck_assert(!slice_decimal(&x, slice_of("121"), 120) && x == 120);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert(!slice_decimal(&x, slice_of(bad[i]), UINT64_MAX));
	ck_assert_uint_eq(x, 120);
}
END_TEST

START_TEST(lines)
{
	struct slice rest = slice_of("a\n\nbc"), line;

	ck_assert(slice_line(&line, &rest) && slice_equal(line, slice_of("a")));
	ck_assert(slice_line(&line, &rest) && line.n == 0);
	ck_assert(!slice_line(&line, &rest));
	ck_assert(slice_equal(rest, slice_of("bc")));
	rest = (struct slice){ NULL, 0 };
	ck_assert(!slice_line(&line, &rest));
}
END_TEST

START_TEST(buffers_grow)
{
	struct buffer b = { 0 };
	struct slice s;
	size_t i;

	for (i = 0; i < 1000; i++)
		buffer_add_string(&b, "0123456789");
	buffer_add(&b, NULL, 0);
	ck_assert_int_eq(buffer_result(&b), R_GOOD);
	s = buffer_slice(&b);
	ck_assert_uint_eq(s.n, 10000);
	for (i = 0; i < s.n; i++)
		ck_assert_int_eq(s.p[i], "0123456789"[i % 10]);
	buffer_clear(&b);
	buffer_add_u64(&b, 0);
	buffer_add_string(&b, " ");
	buffer_add_u64(&b, UINT64_MAX);
	ck_assert(slice_equal(buffer_slice(&b), slice_of("0 18446744073709551615")));
	buffer_free(&b);
	ck_assert_uint_eq(b.n, 0);
	buffer_free(&b);
}
END_TEST

START_TEST(a_buffer_remembers_that_memory_ran_out)
{
	struct buffer b = { 0 };

	buffer_add_string(&b, "x");
	ck_assert_ptr_null(buffer_room(&b, SIZE_MAX / 2));
	ck_assert_int_eq(buffer_result(&b), R_NO_MEMORY);
	buffer_add_string(&b, "y");
	ck_assert_uint_eq(b.n, 1);
	ck_assert_int_eq(buffer_result(&b), R_NO_MEMORY);
	buffer_clear(&b);
	buffer_add_string(&b, "z");
	ck_assert_int_eq(buffer_result(&b), R_GOOD);
	buffer_free(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tc = tcase_create("base64");

	tcase_add_test(tc, known_answers);
	tcase_add_test(tc, the_alphabets_differ_in_two_letters);
	tcase_add_test(tc, only_the_encoders_text_is_taken);
	tcase_add_test(tc, every_letter_of_a_byte_pair);
	tcase_add_test(tc, other_forms_are_refused);
	tcase_add_test(tc, every_hexadecimal_digit);
	tcase_add_test(tc, decimal_numbers);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, buffers_grow);
	tcase_add_test(tc, a_buffer_remembers_that_memory_ran_out);
	suite_add_tcase(suite, tc);
	return suite_main(suite);
}
