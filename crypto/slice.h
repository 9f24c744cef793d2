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

#endif
