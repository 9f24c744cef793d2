/* ristretto255 (RFC 9496) through libsodium, one operation at a time. A vector
 * holds the encodings themselves.
 *
 * What libsodium 1.0.18 does and this file does not pass on: its decoder ignores
 * the top bit of the last byte; its powers return -1 (but the right bytes) when
 * the result is the identity, and reduce their exponent silently. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group_ops.h"

#define BYTES 32

/* For embedding: the counter fills the 7 free bits of the first byte (the lowest is
 * the sign) and the 7 of the last (the highest is always zero). */
#define COUNTERS (1u << 14)

_Static_assert(crypto_core_ristretto255_BYTES == BYTES, "elements have 32 bytes");
_Static_assert(crypto_core_ristretto255_SCALARBYTES == BYTES, "scalars have 32 bytes");

static const uint8_t identity[BYTES]; /* encodes as zeros */

static const uint8_t generator[BYTES] = { 0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8,
	0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d,
	0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76 };

/* 2^252 + 27742317777372353535851937790883648493 */
static const uint8_t order[BYTES] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
	0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10 };

static uint8_t *
element(const struct gvec *v, size_t i)
{
	return v->at + (v->n == 1 ? 0 : i * BYTES);
}

static uint8_t *
scalar(const struct svec *v, size_t i)
{
	return v->at + (v->n == 1 ? 0 : i * BYTES);
}

/* ---- elements ---- */

static void
set_identity(struct gvec *out)
{
	memset(out->at, 0, out->n * BYTES);
}

static void
set_generator(struct gvec *out)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		memcpy(element(out, i), generator, BYTES);
}

/* Return 1 if s is an even number below 2^255 - 19: RFC 9496 4.3.1, step 1. */
static int
canonical(const uint8_t s[BYTES])
{
	size_t i;

	if ((s[0] & 1) != 0 || s[BYTES - 1] > 0x7f)
		return 0;
	if (s[BYTES - 1] < 0x7f || s[0] < 0xed)
		return 1;
	for (i = 1; i < BYTES - 1; i++)
		if (s[i] != 0xff)
			return 1;
	return 0;
}

static enum result
decode_one(uint8_t out[BYTES], const uint8_t s[BYTES], enum decode which)
{
	uint8_t again[BYTES];

	/* Whatever the library lets through, there is one encoding for each element. */
	if (crypto_core_ristretto255_add(again, s, identity) != 0)
		return canonical(s) ? R_NOT_IN_GROUP : R_NON_CANONICAL;
	if (memcmp(again, s, BYTES) != 0)
		return R_NON_CANONICAL;
	if (which != DECODE_ANY && memcmp(s, identity, BYTES) == 0)
		return R_BAD_ELEMENT;
	memcpy(out, s, BYTES);
	return R_GOOD;
}

static enum result
decode(struct gvec *out, const uint8_t *bytes, size_t stride, enum decode which, size_t *bad)
{
	enum result r;
	size_t i;

	for (i = 0; i < out->n; i++) {
		r = decode_one(element(out, i), bytes + i * stride, which);
		if (r != R_GOOD) {
			*bad = i;
			return r;
		}
	}
	return R_GOOD;
}

static void
encode(uint8_t *bytes, size_t stride, const struct gvec *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		memcpy(bytes + i * stride, element(v, i), BYTES);
}

/* libsodium refuses what does not decode; ours always does. */
static void
mul(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		group_must(crypto_core_ristretto255_add(element(out, i), element(a, i),
			       element(b, i)) == 0);
}

static void
divide(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		group_must(crypto_core_ristretto255_sub(element(out, i), element(a, i),
			       element(b, i)) == 0);
}

static enum result
power(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	uint8_t x[BYTES];
	size_t i;
	int ignore;

	/* The result of -1 is for the identity, which is as good as any element: out
	 * holds it. */
	for (i = 0; i < out->n; i++) {
		if (memcmp(element(base, i), generator, BYTES) == 0)
			ignore = crypto_scalarmult_ristretto255_base(x, scalar(e, i));
		else
			ignore = crypto_scalarmult_ristretto255(x, scalar(e, i), element(base, i));
		(void)ignore;
		memcpy(element(out, i), x, BYTES);
	}
	sodium_memzero(x, sizeof x);
	return R_GOOD;
}

static void
generators(struct gvec *out, const char *label, uint64_t first)
{
	uint8_t hash[64];
	uint64_t ctr;
	size_t i;

	for (i = 0; i < out->n; i++) {
		ctr = 0;
		do {
			generator_hash(hash, out->group, label, first + i, ctr++, 0);
			crypto_core_ristretto255_from_hash(element(out, i), hash);
		} while (memcmp(element(out, i), identity, BYTES) == 0);
	}
}

static void
embed_one(uint8_t out[BYTES], const uint8_t block[GROUP_BLOCK_BYTES])
{
	uint8_t s[BYTES];
	unsigned ctr;

	memcpy(s + 1, block, GROUP_BLOCK_BYTES);
	for (ctr = 0; ctr < COUNTERS; ctr++) {
		s[0] = (uint8_t)((ctr & 0x7f) << 1);
		s[BYTES - 1] = (uint8_t)(ctr >> 7);
		if (decode_one(out, s, DECODE_NO_IDENTITY) == R_GOOD)
			break;
	}
	/* One string in four is an element: 16384 in a row that are none do not exist. */
	if (ctr == COUNTERS)
		abort();
	sodium_memzero(s, sizeof s);
}

static void
embed(struct gvec *out, const uint8_t *blocks)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		embed_one(element(out, i), blocks + i * GROUP_BLOCK_BYTES);
}

static enum result
extract(uint8_t *blocks, const struct gvec *v, size_t *bad)
{
	uint8_t again[BYTES];
	size_t i;

	for (i = 0; i < v->n; i++) {
		memcpy(blocks + i * GROUP_BLOCK_BYTES, element(v, i) + 1, GROUP_BLOCK_BYTES);
		embed_one(again, blocks + i * GROUP_BLOCK_BYTES);
		if (memcmp(again, element(v, i), BYTES) != 0) {
			*bad = i;
			return R_BAD_CHOICE;
		}
	}
	return R_GOOD;
}

/* ---- scalars ---- */

/* Return 1 if s < q, else 0, in constant time. */
static unsigned
below_order(const uint8_t s[BYTES])
{
	unsigned borrow = 0;
	size_t i;

	for (i = 0; i < BYTES; i++)
		borrow = ((unsigned)s[i] - (unsigned)order[i] - borrow) >> 8 & 1;
	return borrow;
}

static enum result
read_scalars(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad)
{
	size_t i;

	for (i = 0; i < out->n; i++) {
		if (!below_order(bytes + i * stride)) {
			*bad = i;
			return R_NON_CANONICAL;
		}
		memcpy(scalar(out, i), bytes + i * stride, BYTES);
	}
	return R_GOOD;
}

static void
write_scalars(uint8_t *bytes, size_t stride, const struct svec *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		memcpy(bytes + i * stride, scalar(v, i), BYTES);
}

static void
from_u64(struct svec *v, size_t i, uint64_t x)
{
	uint8_t *s = scalar(v, i);
	unsigned k;

	memset(s, 0, BYTES);
	for (k = 0; k < 8; k++)
		s[k] = (uint8_t)(x >> (8 * k));
}

static void
from_wide(struct svec *v, size_t i, const uint8_t *wide)
{
	crypto_core_ristretto255_scalar_reduce(scalar(v, i), wide);
}

static void
from_128(struct svec *out, const uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < out->n; i++) {
		memcpy(scalar(out, i), bytes + i * 16, 16);
		memset(scalar(out, i) + 16, 0, 16);
	}
}

static void
add(struct svec *out, const struct svec *a, const struct svec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		crypto_core_ristretto255_scalar_add(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
sub(struct svec *out, const struct svec *a, const struct svec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		crypto_core_ristretto255_scalar_sub(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
mul_scalars(struct svec *out, const struct svec *a, const struct svec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		crypto_core_ristretto255_scalar_mul(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
invert(struct svec *out, const struct svec *a)
{
	/* It fails for zero only, which svec_invert has ruled out. */
	(void)crypto_core_ristretto255_scalar_invert(out->at, a->at);
}

/* ---- the group ---- */

static const struct group_ops ops = {
	.set_identity = set_identity,
	.set_generator = set_generator,
	.decode = decode,
	.encode = encode,
	.mul = mul,
	.div = divide,
	.pow = power,
	.pow_vartime = power,
	.generators = generators,
	.embed = embed,
	.extract = extract,
	.read = read_scalars,
	.write = write_scalars,
	.from_u64 = from_u64,
	.from_wide = from_wide,
	.from_128 = from_128,
	.from_hash = from_wide,
	.add = add,
	.sub = sub,
	.mul_scalars = mul_scalars,
	.invert = invert,
};

const struct group ristretto255 = {
	.name = "ristretto255",
	.element_bytes = BYTES,
	.scalar_bytes = BYTES,
	.wide_bytes = 64,
	.element_store = BYTES,
	.scalar_store = BYTES,
	.grain = 16,
	.ops = &ops,
};
