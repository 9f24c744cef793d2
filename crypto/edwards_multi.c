/* Products of many powers, and of those with public exponents. */
#include <sodium.h>
#include <string.h>

#include "crypto/edwards.h"
#include "crypto/mem.h"

/* Straus's method with sliding windows: odd digits of up to 15, a table of the odd multiples
 * 1, 3, ..., 15 for each point. A carry may make a digit for bit 253. */
#define POSITIONS 254
#define ODD 8
#define WINDOW 5

/* From ED_MANY points on Pippenger's method is faster (measured: at 96 Straus's still is for
 * full exponents, at 128 no more, and for 128-bit ones it never is from 96 on). */

/* Pippenger's buckets have to stay in the second-level cache: 640 KiB. */
#define BUCKET_BITS_MAX 13

struct scalar {
	uint64_t word[5]; /* the last is zero, so that a window may reach into it */
};

static void
load(struct scalar *out, const uint8_t e[ED_SCALAR_BYTES])
{
	unsigned i;

	memset(out, 0, sizeof *out);
	for (i = 0; i < ED_SCALAR_BYTES; i++)
		out->word[i / 8] |= (uint64_t)e[i] << (i % 8 * 8);
}

/* Return n bits of the number from bit `at` on; n < 32, at < 256. */
static unsigned
window(const struct scalar *e, unsigned at, unsigned n)
{
	const unsigned shift = at % 64;
	uint64_t bits = e->word[at / 64] >> shift;

	if (shift + n > 64)
		bits |= e->word[at / 64 + 1] << (64 - shift);
	return (unsigned)(bits & (((uint64_t)1 << n) - 1));
}

/* Return the number of bits up to the highest that is set. */
static unsigned
length_vartime(const struct scalar *e)
{
	unsigned i;

	for (i = 4; i-- > 0;)
		if (e->word[i] != 0)
			return 64 * i + 64 - (unsigned)__builtin_clzll(e->word[i]);
	return 0;
}

/* ---- Straus ---- */

/* Write e as the sum of digit[at * step] 2^at, digits zero or odd and at most 15 in absolute
 * value. Return how many positions are in use. */
static unsigned
slide_vartime(int8_t *digit, size_t step, const struct scalar *e)
{
	unsigned at = 0, bits, carry = 0, used = 0;

	while (at < POSITIONS) {
		digit[at * step] = 0;
		if ((window(e, at, 1) ^ carry) == 0) {
			at++;
			continue;
		}
		/* odd, with the carry */
		bits = window(e, at, WINDOW) + carry;
		carry = bits >> (WINDOW - 1);
		digit[at * step] = (int8_t)((int)bits - (int)(carry << WINDOW));
		used = at + 1;
		for (at++; at < used + WINDOW - 1 && at < POSITIONS; at++)
			digit[at * step] = 0;
	}
	return used;
}

static void
odd_multiples(struct ed_cached out[ODD], const struct ed *p)
{
	struct ed_cached twice;
	struct ed sum;
	unsigned k;

	ed_double(&sum, p, 1);
	ed_cache(&twice, &sum);
	sum = *p;
	ed_cache(&out[0], &sum);
	for (k = 1; k < ODD; k++) {
		ed_add(&sum, &sum, &twice);
		ed_cache(&out[k], &sum);
	}
}

/* digit[at * n + i] belongs to point i. */
static void
straus_sum_vartime(struct ed *out, const struct ed_cached (*multiple)[ODD], const int8_t *digit,
    unsigned used, size_t n)
{
	struct ed sum = ed_identity;
	unsigned at, due = 0;
	size_t i;
	int d;

	for (at = used; at-- > 0;) {
		due++;
		for (i = 0; i < n; i++) {
			d = digit[at * n + i];
			if (d == 0)
				continue;
			if (due > 0)
				ed_double(&sum, &sum, due);
			due = 0;
			if (d > 0)
				ed_add(&sum, &sum, &multiple[i][d / 2]);
			else
				ed_sub(&sum, &sum, &multiple[i][-d / 2]);
		}
	}
	if (due > 0)
		ed_double(&sum, &sum, due);
	*out = sum;
}

static enum result
straus_vartime(struct ed *out, const struct ed *p, const struct scalar *e, size_t n)
{
	struct ed_cached(*multiple)[ODD];
	enum result r = R_NO_MEMORY;
	unsigned used = 0, u;
	int8_t *digit;
	size_t i;

	multiple = mem_new(n, sizeof *multiple);
	digit = mem_new(n, POSITIONS);
	if (multiple == NULL || digit == NULL)
		goto out;
	for (i = 0; i < n; i++) {
		odd_multiples(multiple[i], &p[i]);
		u = slide_vartime(digit + i, n, &e[i]);
		used = u > used ? u : used;
	}
	straus_sum_vartime(out, (const struct ed_cached(*)[ODD])multiple, digit, used, n);
	r = R_GOOD;
out:
	mem_free(multiple);
	mem_free(digit);
	return r;
}

/* ---- Pippenger ----
 *
 * No branch here depends on an exponent; addresses do. */

/* Digits of c bits with a sign need one bit more than the number has. */
static unsigned
columns(unsigned bits, unsigned c)
{
	return bits / c + 1;
}

/* Return the digit size with the fewest additions: one for each point and column, and
 * about two and a half for each of a column's 2^(c-1) buckets. */
static unsigned
best_digit(size_t n, unsigned bits)
{
	unsigned c, best = 4;
	double cost, least = 0;

	for (c = 4; c <= BUCKET_BITS_MAX; c++) {
		cost = columns(bits, c) * ((double)n + 2.5 * (double)(1u << (c - 1)));
		if (c == 4 || cost < least) {
			least = cost;
			best = c;
		}
	}
	return best;
}

/* out = the sum of (k + 1) bucket[k] */
static void
bucket_sum(struct ed *out, const struct ed *bucket, size_t n)
{
	struct ed running = ed_identity, sum = ed_identity;
	struct ed_cached next;

	while (n-- > 0) {
		ed_cache(&next, &bucket[n]);
		ed_add(&running, &running, &next);
		ed_cache(&next, &running);
		ed_add(&sum, &sum, &next);
	}
	*out = sum;
}

/* Return the absolute value of Booth's digit for the column at bit `at`: its c bits and the
 * one below them, halved and rounded up, less 2^c if the highest is set. */
static unsigned
booth(unsigned *negative, const struct scalar *e, unsigned at, unsigned c)
{
	const unsigned bits = at == 0 ? window(e, 0, c) << 1 : window(e, at - 1, c + 1);
	const unsigned sign = bits >> c, half = (bits + 1) >> 1;

	*negative = sign;
	return (half ^ (0 - sign)) + sign + (sign << c);
}

/* One column: add the points to their digits' buckets, and those up. Bucket 0 is for the
 * digit zero and counts for nothing. */
static void
column(struct ed *out, struct ed *bucket, const struct ed_affine *p, const struct scalar *e,
    size_t n, unsigned at, unsigned c)
{
	const size_t buckets = (size_t)1 << (c - 1);
	unsigned negative, digit;
	size_t i;

	for (i = 0; i <= buckets; i++)
		bucket[i] = ed_identity;
	for (i = 0; i < n; i++) {
		digit = booth(&negative, &e[i], at, c);
		ed_add_affine_signed(&bucket[digit], &bucket[digit], &p[i], negative);
	}
	bucket_sum(out, bucket + 1, buckets);
}

/* Points at a time: what is made of them stays in the third-level cache. */
#define BLOCK 65536

static enum result
pippenger(struct ed *out, const struct ed *p, const struct scalar *e, size_t n, unsigned bits)
{
	const unsigned c = best_digit(n, bits), all = columns(bits, c);
	struct ed *bucket = NULL, *sum = NULL;
	struct ed_affine *affine = NULL;
	enum result r = R_NO_MEMORY;
	struct ed_cached next;
	unsigned i;

	affine = mem_new(n, sizeof *affine);
	bucket = mem_new(((size_t)1 << (c - 1)) + 1, sizeof *bucket);
	sum = mem_new(all, sizeof *sum);
	if (affine == NULL || bucket == NULL || sum == NULL)
		goto out;
	r = ed_affine_many(affine, p, n);
	if (r != R_GOOD)
		goto out;
	for (i = 0; i < all; i++)
		column(&sum[i], bucket, affine, e, n, i * c, c);
	*out = sum[all - 1];
	for (i = all - 1; i-- > 0;) {
		ed_double(out, out, c);
		ed_cache(&next, &sum[i]);
		ed_add(out, out, &next);
	}
out:
	mem_free(affine);
	mem_free(bucket);
	mem_free(sum);
	return r;
}

/* Block by block. */
static enum result
pippenger_all(struct ed *out, const struct ed *p, const struct scalar *e, size_t n, unsigned bits)
{
	const size_t blocks = n / BLOCK + 1;
	struct ed sum = ed_identity, part;
	struct ed_cached next;
	size_t k, from, to;
	enum result r;

	for (k = 0; k < blocks; k++) {
		from = n / blocks * k + (k < n % blocks ? k : n % blocks);
		to = from + n / blocks + (k < n % blocks);
		r = pippenger(&part, p + from, e + from, to - from, bits);
		if (r != R_GOOD)
			return r;
		ed_cache(&next, &part);
		ed_add(&sum, &sum, &next);
	}
	*out = sum;
	return R_GOOD;
}

enum result
ed_multi(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n)
{
	struct scalar *x;
	enum result r;
	size_t i;

	if (n < ED_MANY)
		return ed_multi_few(out, p, e, stride, n);
	x = mem_new(n, sizeof *x);
	if (x == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++)
		load(&x[i], e + i * stride);
	r = pippenger_all(out, p, x, n, 8 * ED_SCALAR_BYTES - 3);
	mem_free(x);
	return r;
}

enum result
ed_multi_vartime(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n)
{
	unsigned bits = 0, b;
	struct scalar *x;
	enum result r;
	size_t i;

	x = mem_new(n, sizeof *x);
	if (x == NULL)
		return R_NO_MEMORY;
	for (i = 0; i < n; i++) {
		load(&x[i], e + i * stride);
		b = length_vartime(&x[i]);
		bits = b > bits ? b : bits;
	}
	r = n < ED_MANY ? straus_vartime(out, p, x, n) : pippenger_all(out, p, x, n, bits);
	mem_free(x);
	return r;
}
