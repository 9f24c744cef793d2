/* Powers in constant time: signed windows of five bits, and every entry of a table is read
 * whichever is wanted. */
#include <sodium.h>

#include "crypto/edwards.h"
#include "crypto/mem.h"

/* 51 digits cover 255 bits; a table has the multiples 1 to 16 for digits of -16 to 15. */
#define BITS 5
#define DIGITS 51
#define MULTIPLES 16

struct ed_table {
	/* multiple[i][k] = (k + 1) 32^i times the point */
	struct ed_affine multiple[DIGITS][MULTIPLES];
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

/* Return all ones if a equals b, else zero; both are small. */
static uint64_t
equal(unsigned a, unsigned b)
{
	return fe_mask(((uint64_t)(a ^ b) - 1) >> 63);
}

/* Swap the tight or loose a and b if the mask is all ones. */
static void
swap_if(struct fe *a, struct fe *b, uint64_t mask)
{
	uint64_t x;
	unsigned i;

	for (i = 0; i < 5; i++) {
		x = mask & (a->v[i] ^ b->v[i]);
		a->v[i] ^= x;
		b->v[i] ^= x;
	}
}

static inline __attribute__((always_inline)) void
take_if(struct fe *out, const struct fe *in, uint64_t mask)
{
	unsigned i;

	for (i = 0; i < 5; i++)
		out->v[i] |= mask & in->v[i];
}

/* out = digit times the point whose multiples these are. Of the identity and the entries
 * exactly one is taken. */
static void
pick_cached(struct ed_cached *out, const struct ed_cached multiple[MULTIPLES], int8_t digit)
{
	uint64_t negative, mask;
	unsigned k, n;

	n = magnitude(digit, &negative);
	*out = (struct ed_cached){ 0 };
	mask = equal(n, 0);
	take_if(&out->sum, &fe_one, mask);
	take_if(&out->difference, &fe_one, mask);
	take_if(&out->z, &fe_one, mask);
	for (k = 0; k < MULTIPLES; k++) {
		mask = equal(n, k + 1);
		take_if(&out->sum, &multiple[k].sum, mask);
		take_if(&out->difference, &multiple[k].difference, mask);
		take_if(&out->z, &multiple[k].z, mask);
		take_if(&out->t2d, &multiple[k].t2d, mask);
	}
	swap_if(&out->sum, &out->difference, negative);
	fe_neg_if(&out->t2d, negative);
}

static void
pick_affine(struct ed_affine *out, const struct ed_affine multiple[MULTIPLES], int8_t digit)
{
	uint64_t negative, mask;
	unsigned k, n;

	n = magnitude(digit, &negative);
	*out = (struct ed_affine){ 0 };
	mask = equal(n, 0);
	take_if(&out->sum, &fe_one, mask);
	take_if(&out->difference, &fe_one, mask);
	for (k = 0; k < MULTIPLES; k++) {
		mask = equal(n, k + 1);
		take_if(&out->sum, &multiple[k].sum, mask);
		take_if(&out->difference, &multiple[k].difference, mask);
		take_if(&out->t2d, &multiple[k].t2d, mask);
	}
	swap_if(&out->sum, &out->difference, negative);
	fe_neg_if(&out->t2d, negative);
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

void
ed_pow(struct ed *out, const struct ed *p, const uint8_t e[ED_SCALAR_BYTES])
{
	struct ed_cached multiple[MULTIPLES], next;
	struct ed point[MULTIPLES], sum = ed_identity;
	int8_t digit[DIGITS];
	unsigned i;

	digits(digit, e);
	multiples(point, p);
	for (i = 0; i < MULTIPLES; i++)
		ed_cache(&multiple[i], &point[i]);
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
	sodium_memzero(point, sizeof point);
	sodium_memzero(multiple, sizeof multiple);
}

enum result
ed_table_new(struct ed_table **out, const struct ed *p)
{
	struct ed (*point)[MULTIPLES] = NULL, first = *p;
	enum result r = R_NO_MEMORY;
	unsigned i;

	*out = mem_new(1, sizeof **out);
	point = mem_new(DIGITS, sizeof *point);
	if (*out == NULL || point == NULL)
		goto out;
	for (i = 0; i < DIGITS; i++) {
		multiples(point[i], &first);
		ed_double(&first, &point[i][MULTIPLES - 1], 1);
	}
	r = ed_affine_many((*out)->multiple[0], point[0], DIGITS * MULTIPLES);
out:
	if (r != R_GOOD) {
		mem_free(*out);
		*out = NULL;
	}
	mem_free(point);
	return r;
}

void
ed_table_pow(struct ed *out, const struct ed_table *table, const uint8_t e[ED_SCALAR_BYTES])
{
	struct ed sum = ed_identity;
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
