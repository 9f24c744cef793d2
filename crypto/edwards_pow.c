/* Powers in constant time: signed windows of five bits, and every entry of a table is read
 * whichever is wanted. */
#include <sodium.h>

#include "crypto/edwards.h"
#include "crypto/mem.h"

/* 51 digits cover 255 bits; a table has the multiples 1 to 16 for digits of -16 to 15. */
#define BITS 5
#define DIGITS 51
#define MULTIPLES 16

/* struct ed_affine in words: what is read so often should be short. */
struct packed {
	uint64_t sum[4], difference[4], t2d[4];
};

struct ed_table {
	/* multiple[i][k] = (k + 1) 32^i times the point */
	struct packed multiple[DIGITS][MULTIPLES];
};

/* Write e as the sum of digit[i] 32^i, -16 <= digit[i] < 16. e is below 2^253, so that the
 * last digit is at most 8 and nothing is carried out of it. */
static void
digits(int8_t digit[DIGITS], const uint8_t e[ED_SCALAR_BYTES])
{
	unsigned i, at, bits, carry = 0;

	for (i = 0; i < DIGITS; i++) {
		at = i * BITS / 8;
		bits = e[at];
		if (at + 1 < ED_SCALAR_BYTES)
			bits |= (unsigned)e[at + 1] << 8;
		bits = (bits >> (i * BITS % 8) & (2 * MULTIPLES - 1)) + carry;
		carry = (bits + MULTIPLES) >> BITS;
		digit[i] = (int8_t)((int)bits - (int)(carry << BITS));
	}
}

/* Return the digit's absolute value, and in *mask all ones if it is negative. */
static unsigned
magnitude(int8_t digit, uint64_t *mask)
{
	const unsigned negative = (unsigned)(uint8_t)digit >> 7;
	const int sign = -(int)negative;

	*mask = fe_mask(negative);
	return (unsigned)(((int)digit ^ sign) - sign);
}

/* Return 1 if the small n is zero, else 0. */
static uint64_t
is_zero(unsigned n)
{
	return fe_hide(((uint64_t)n - 1) >> 63);
}

/* Two words at a time: what every 64-bit machine has, and few enough of them that the
 * entry being put together stays in registers. */
typedef uint32_t lanes __attribute__((vector_size(16), aligned(8), may_alias));

#define LANES(type) (sizeof(type) / sizeof(lanes))

_Static_assert(LANES(struct packed) == 6, "six pairs of words");
_Static_assert(LANES(struct ed_cached) == 10, "ten pairs of limbs");

/* Write the n-th of the entries, counted from 1, of `wide` (6 or 10) pairs each; zeros for
 * n = 0. */
static inline __attribute__((always_inline)) void
pick(void *out, const void *table, size_t wide, uint32_t n)
{
	lanes s0 = { 0 }, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0,
	      s9 = s0, at = s0, mask;
	const lanes wanted = at + n;
	const lanes *from = table;
	lanes *to = out;
	unsigned k;

	for (k = 0; k < MULTIPLES; k++, from += wide) {
		at += 1;
		mask = (lanes)(at == wanted);
		s0 |= from[0] & mask;
		s1 |= from[1] & mask;
		s2 |= from[2] & mask;
		s3 |= from[3] & mask;
		s4 |= from[4] & mask;
		s5 |= from[5] & mask;
		if (wide == 10) {
			s6 |= from[6] & mask;
			s7 |= from[7] & mask;
			s8 |= from[8] & mask;
			s9 |= from[9] & mask;
		}
	}
	to[0] = s0;
	to[1] = s1;
	to[2] = s2;
	to[3] = s3;
	to[4] = s4;
	to[5] = s5;
	if (wide == 10) {
		to[6] = s6;
		to[7] = s7;
		to[8] = s8;
		to[9] = s9;
	}
}

/* out = digit times the point whose multiples these are. Zeros become the identity, in
 * which all but 2dt is 1. */
static void
pick_cached(struct ed_cached *out, const struct ed_cached multiple[MULTIPLES], int8_t digit)
{
	uint64_t negative, none;
	unsigned n;

	n = magnitude(digit, &negative);
	pick(out, multiple, LANES(struct ed_cached), n);
	none = is_zero(n);
	out->sum.v[0] |= none;
	out->difference.v[0] |= none;
	out->z.v[0] |= none;
	fe_swap_if(&out->sum, &out->difference, negative);
	fe_neg_wide_if(&out->t2d, negative);
}

static void
pick_affine(struct ed_affine *out, const struct packed multiple[MULTIPLES], int8_t digit)
{
	lanes *half, other, sign = { 0 };
	uint64_t negative, none;
	struct packed entry;
	unsigned n, k;

	n = magnitude(digit, &negative);
	pick(&entry, multiple, LANES(struct packed), n);
	/* Swap sum and difference while they are two pairs of words each. */
	half = (lanes *)&entry;
	sign += (uint32_t)negative;
	for (k = 0; k < 2; k++) {
		other = (half[k] ^ half[k + 2]) & sign;
		half[k] ^= other;
		half[k + 2] ^= other;
	}
	fe_from_words(&out->sum, entry.sum);
	fe_from_words(&out->difference, entry.difference);
	fe_from_words(&out->t2d, entry.t2d);
	none = is_zero(n);
	out->sum.v[0] |= none;
	out->difference.v[0] |= none;
	fe_neg_wide_if(&out->t2d, negative);
}

/* out[k] = (k + 1) p */
static void
multiples(struct ed out[MULTIPLES], const struct ed *p)
{
	struct ed_cached step;
	unsigned k;

	ed_cache(&step, p);
	out[0] = *p;
	for (k = 1; k < MULTIPLES; k++) {
		if (k % 2 == 1)
			ed_double(&out[k], &out[k / 2], 1);
		else
			ed_add(&out[k], &out[k - 1], &step);
	}
}

static void
cached_multiples(struct ed_cached out[MULTIPLES], const struct ed *p)
{
	struct ed point[MULTIPLES];
	unsigned k;

	multiples(point, p);
	for (k = 0; k < MULTIPLES; k++)
		ed_cache(&out[k], &point[k]);
	sodium_memzero(point, sizeof point);
}

void
ed_pow(struct ed *out, const struct ed *p, const uint8_t e[ED_SCALAR_BYTES])
{
	struct ed_cached multiple[MULTIPLES], next;
	struct ed sum = ed_identity;
	int8_t digit[DIGITS];
	unsigned i;

	digits(digit, e);
	cached_multiples(multiple, p);
	for (i = DIGITS; i-- > 0;) {
		if (i < DIGITS - 1)
			ed_double(&sum, &sum, BITS);
		pick_cached(&next, multiple, digit[i]);
		ed_add(&sum, &sum, &next);
	}
	*out = sum;
	sodium_memzero(digit, sizeof digit);
	sodium_memzero(&next, sizeof next);
	sodium_memzero(&sum, sizeof sum);
	sodium_memzero(multiple, sizeof multiple);
}

/* As ed_pow, with the doublings shared. */
enum result
ed_multi_few(struct ed *out, const struct ed *p, const uint8_t *e, size_t stride, size_t n)
{
	struct ed_cached(*multiple)[MULTIPLES], next;
	int8_t(*digit)[DIGITS];
	struct ed sum = ed_identity;
	enum result r = R_NO_MEMORY;
	unsigned at;
	size_t i;

	multiple = mem_new(n, sizeof *multiple);
	digit = mem_new(n, sizeof *digit);
	if (multiple == NULL || digit == NULL)
		goto out;
	for (i = 0; i < n; i++) {
		digits(digit[i], e + i * stride);
		cached_multiples(multiple[i], &p[i]);
	}
	for (at = DIGITS; at-- > 0;) {
		if (at < DIGITS - 1)
			ed_double(&sum, &sum, BITS);
		for (i = 0; i < n; i++) {
			pick_cached(&next, multiple[i], digit[i][at]);
			ed_add(&sum, &sum, &next);
		}
	}
	*out = sum;
	sodium_memzero(&next, sizeof next);
	sodium_memzero(&sum, sizeof sum);
	r = R_GOOD;
out:
	mem_free(multiple);
	mem_free(digit);
	return r;
}

static void
pack(struct packed *out, const struct ed_affine *p)
{
	fe_to_words(out->sum, &p->sum);
	fe_to_words(out->difference, &p->difference);
	fe_to_words(out->t2d, &p->t2d);
}

enum result
ed_table_new(struct ed_table **out, const struct ed *p)
{
	struct ed(*point)[MULTIPLES] = NULL, first = *p;
	struct ed_affine(*affine)[MULTIPLES] = NULL;
	enum result r = R_NO_MEMORY;
	unsigned i, k;

	*out = mem_new(1, sizeof **out);
	point = mem_new(DIGITS, sizeof *point);
	affine = mem_new(DIGITS, sizeof *affine);
	if (*out == NULL || point == NULL || affine == NULL)
		goto out;
	for (i = 0; i < DIGITS; i++) {
		multiples(point[i], &first);
		ed_double(&first, &point[i][MULTIPLES - 1], 1);
	}
	r = ed_affine_many(affine[0], point[0], DIGITS * MULTIPLES);
	for (i = 0; r == R_GOOD && i < DIGITS; i++)
		for (k = 0; k < MULTIPLES; k++)
			pack(&(*out)->multiple[i][k], &affine[i][k]);
out:
	if (r != R_GOOD) {
		mem_free(*out);
		*out = NULL;
	}
	mem_free(point);
	mem_free(affine);
	return r;
}

void
ed_table_pow(struct ed *out, const struct ed_table *table, const uint8_t e[ED_SCALAR_BYTES],
    const struct ed *and)
{
	struct ed sum = *and;
	int8_t digit[DIGITS];
	struct ed_affine next;
	unsigned i;

	digits(digit, e);
	for (i = 0; i < DIGITS; i++) {
		pick_affine(&next, table->multiple[i], digit[i]);
		ed_add_affine(&sum, &sum, &next);
	}
	*out = sum;
	sodium_memzero(digit, sizeof digit);
	sodium_memzero(&next, sizeof next);
	sodium_memzero(&sum, sizeof sum);
}
