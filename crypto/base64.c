#include "crypto/base64.h"

/* The value of a letter with this bit set; 0 for whatever is no letter. So one
 * `and` over a group tells whether all of it are letters. */
#define LETTER 0x40

struct alphabet {
	char letter[65];
	uint8_t value[256];
};

/* clang-format off */
#define COUNT_13(from) from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 6, from + 7, \
	from + 8, from + 9, from + 10, from + 11, from + 12
#define COUNT_10(from) from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 6, from + 7, \
	from + 8, from + 9
#define ALPHABET(text62, c62, c63) { \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" text62, \
	{ \
		['A'] = COUNT_13(LETTER), COUNT_13(LETTER + 13), \
		['a'] = COUNT_13(LETTER + 26), COUNT_13(LETTER + 39), \
		['0'] = COUNT_10(LETTER + 52), \
		[c62] = LETTER + 62, [c63] = LETTER + 63, \
	} }
/* clang-format on */

static const struct alphabet url = ALPHABET("-_", '-', '_');
static const struct alphabet standard = ALPHABET("+/", '+', '/');

/* Write the letters for n bytes, without padding; return how many. */
static size_t
encode(char *out, const struct alphabet *set, const uint8_t *p, size_t n)
{
	const char *letter = set->letter;
	char *at = out;
	uint32_t v;

	for (; n >= 3; n -= 3, p += 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*at++ = letter[v >> 18];
		*at++ = letter[v >> 12 & 63];
		*at++ = letter[v >> 6 & 63];
		*at++ = letter[v & 63];
	}
	if (n > 0) {
		v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
		*at++ = letter[v >> 18];
		*at++ = letter[v >> 12 & 63];
		if (n == 2)
			*at++ = letter[v >> 6 & 63];
	}
	*at = '\0';
	return (size_t)(at - out);
}

/* Read n bytes from BASE64URL_LEN(n) letters. */
static enum result
decode(uint8_t *out, const struct alphabet *set, size_t n, const uint8_t *p)
{
	const uint8_t *value = set->value;
	uint32_t v, a, b, c, d, good = LETTER;

	for (; n >= 3; n -= 3, p += 4, out += 3) {
		a = value[p[0]];
		b = value[p[1]];
		c = value[p[2]];
		d = value[p[3]];
		good &= a & b & c & d;
		/* The carries of the LETTER bits end above bit 23 or are taken off. */
		v = (a << 18) + (b << 12) + (c << 6) + d - 0x1041040;
		out[0] = (uint8_t)(v >> 16);
		out[1] = (uint8_t)(v >> 8);
		out[2] = (uint8_t)v;
	}
	if (n > 0) {
		a = value[p[0]];
		b = value[p[1]];
		c = n == 2 ? value[p[2]] : LETTER;
		good &= a & b & c;
		v = (a << 18) + (b << 12) + (c << 6) - 0x1041000;
		out[0] = (uint8_t)(v >> 16);
		if (n == 2)
			out[1] = (uint8_t)(v >> 8);
		/* Spare bits: 4 of the second letter, or 2 of the third. */
		if ((v & (n == 2 ? 0xff : 0xffff)) != 0)
			return R_BAD_ENCODING;
	}
	return good != 0 ? R_GOOD : R_BAD_ENCODING;
}

size_t
base64url_encode(char *out, const uint8_t *bytes, size_t n)
{
	return encode(out, &url, bytes, n);
}

enum result
base64url_size(size_t *n, size_t len)
{
	size_t rest = len % 4;

	*n = len / 4 * 3 + (rest > 0 ? rest - 1 : 0);
	return rest == 1 ? R_BAD_ENCODING : R_GOOD;
}

enum result
base64url_decode(uint8_t *out, size_t n, struct slice text)
{
	if (text.n != BASE64URL_LEN(n))
		return R_BAD_ENCODING;
	return decode(out, &url, n, text.p);
}

size_t
base64_encode(char *out, const uint8_t *bytes, size_t n)
{
	size_t len = encode(out, &standard, bytes, n);

	while (len % 4 != 0)
		out[len++] = '=';
	out[len] = '\0';
	return len;
}

enum result
base64_size(size_t *n, struct slice text)
{
	size_t padding = 0;

	while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
		padding++;
	(void)base64url_size(n, text.n - padding);
	return text.n == BASE64_LEN(*n) ? R_GOOD : R_BAD_ENCODING;
}

enum result
base64_decode(uint8_t *out, size_t n, struct slice text)
{
	size_t size;

	if (base64_size(&size, text) != R_GOOD || size != n)
		return R_BAD_ENCODING;
	return decode(out, &standard, n, text.p);
}

size_t
hex_encode(char *out, const uint8_t *bytes, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
	out[2 * n] = '\0';
	return 2 * n;
}

/* Return the value of a lower-case hexadecimal digit, or -1. */
static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum result
hex_decode(uint8_t *out, size_t n, struct slice text)
{
	int high, low;
	size_t i;

	if (text.n != HEX_LEN(n))
		return R_BAD_ENCODING;
	for (i = 0; i < n; i++) {
		high = nibble(text.p[2 * i]);
		low = nibble(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return R_BAD_ENCODING;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return R_GOOD;
}
