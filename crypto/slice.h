/*
 * slice: bytes that somebody else owns. A slice never frees and never outlives
 * what it points into; the function that hands one out says what that is.
 * Its pointer may be NULL only if n is 0.
 */
#ifndef CRYPTO_SLICE_H
#define CRYPTO_SLICE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

/* Return the bytes of a C string, without its NUL. */
static inline struct slice
slice_of(const char *string)
{
	struct slice s = { (const uint8_t *)string, strlen(string) };

	return s;
}

/* Return 1 if both hold the same bytes, else 0. Variable time. */
static inline int
slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Read a number in decimal, without sign or leading zeros, that is at most `max`.
 * Return 1, or 0 if the bytes are none. */
static inline int
slice_decimal(uint64_t *out, struct slice s, uint64_t max)
{
	uint64_t x = 0, digit;
	size_t i;

	if (s.n == 0 || (s.p[0] == '0' && s.n > 1))
		return 0;
	for (i = 0; i < s.n; i++) {
		digit = (uint64_t)s.p[i] - '0';
		if (digit > 9 || x > (UINT64_MAX - digit) / 10 || 10 * x + digit > max)
			return 0;
		x = 10 * x + digit;
	}
	*out = x;
	return 1;
}

/* Take the first line off *rest, without its line feed. Return 1, or 0 if there is no
 * line feed. */
static inline int
slice_line(struct slice *line, struct slice *rest)
{
	const uint8_t *feed = rest->n > 0 ? (const uint8_t *)memchr(rest->p, '\n', rest->n) : NULL;

	if (feed == NULL)
		return 0;
	line->p = rest->p;
	line->n = (size_t)(feed - rest->p);
	rest->p = feed + 1;
	rest->n -= line->n + 1;
	return 1;
}

#endif
