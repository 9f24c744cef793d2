/* ristretto255 (RFC 9496): elements through crypto/ristretto_point.h, scalars through
 * crypto/scalar.h. A vector holds points, of which many stand for one element. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/mem.h"
#include "crypto/ristretto_block.h"
#include "crypto/ristretto_point.h"
#include "crypto/scalar.h"

#define BYTES RISTRETTO_BYTES

/* For embedding: the counter fills the 7 free bits of the first byte (the lowest is
 * the sign) and the 7 of the last (the highest is always zero). */
#define COUNTERS (1u << 14)

/* Hashes for generators that are made at a time. */
#define HASHES 32

/* A table of the base pays from so many powers of it on. */
#define TABLE_PAYS 8

_Static_assert(SCALAR_BYTES == BYTES, "scalars have 32 bytes");
_Static_assert(sizeof(struct ed) <= GROUP_STORE_MAX, "an element fits on the stack");

/* The generator's table, made at its first use, the same in every run. */
static struct ed_table *generator_table;
static pthread_once_t generator_once = PTHREAD_ONCE_INIT;

/* The vectors start at multiples of 64 and their elements are whole structs. */
static struct ed *
element(const struct gvec *v, size_t i)
{
	struct ed *first = (struct ed *)(void *)v->at;

	return first + (v->n == 1 ? 0 : i);
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
	size_t i;

	for (i = 0; i < out->n; i++)
		*element(out, i) = ed_identity;
}

static void
set_generator(struct gvec *out)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		*element(out, i) = ed_generator;
}

static int
equal(const unsigned char *a, const unsigned char *b)
{
	return (int)ristretto_equal((const struct ed *)(const void *)a,
	    (const struct ed *)(const void *)b);
}

static enum result
decode(struct gvec *out, const uint8_t *bytes, size_t stride, enum decode which, size_t *bad)
{
	static const uint8_t identity[BYTES]; /* encodes as zeros */
	enum result r;
	size_t i;

	for (i = 0; i < out->n; i++) {
		r = ristretto_decode(element(out, i), bytes + i * stride);
		if (r == R_GOOD && which != DECODE_ANY &&
		    memcmp(bytes + i * stride, identity, BYTES) == 0)
			r = R_BAD_ELEMENT;
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
		ristretto_encode(bytes + i * stride, element(v, i));
}

static void
mul(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	struct ed_cached factor;
	size_t i;

	for (i = 0; i < out->n; i++) {
		if (i == 0 || b->n != 1)
			ed_cache(&factor, element(b, i));
		ed_add(element(out, i), element(a, i), &factor);
	}
	sodium_memzero(&factor, sizeof factor);
}

static void
divide(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	struct ed_cached divisor;
	size_t i;

	for (i = 0; i < out->n; i++) {
		if (i == 0 || b->n != 1)
			ed_cache(&divisor, element(b, i));
		ed_sub(element(out, i), element(a, i), &divisor);
	}
	sodium_memzero(&divisor, sizeof divisor);
}

static enum result
power(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		ed_pow(element(out, i), element(base, i), scalar(e, i));
	return R_GOOD;
}

static enum result
power_vartime(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		ed_pow_vartime(element(out, i), element(base, i), scalar(e, i));
	return R_GOOD;
}

static enum result
multipow(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	return ed_multi(element(out, 0), element(base, 0), scalar(e, 0), e->n == 1 ? 0 : BYTES,
	    base->n);
}

static enum result
multipow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	return ed_multi_vartime(element(out, 0), element(base, 0), scalar(e, 0),
	    e->n == 1 ? 0 : BYTES, base->n);
}

static void
make_generator_table(void)
{
	(void)ed_table_new(&generator_table, &ed_generator);
}

static enum result
table(const void **out, void **owned, const struct gvec *base, size_t n)
{
	struct ed_table *own;
	enum result r;

	if (ristretto_equal(element(base, 0), &ed_generator)) {
		(void)pthread_once(&generator_once, make_generator_table);
		*out = generator_table; /* NULL if there was no memory: slower, but right */
		return R_GOOD;
	}
	if (n < TABLE_PAYS)
		return R_GOOD;
	r = ed_table_new(&own, element(base, 0));
	*out = *owned = own;
	return r;
}

static void
power_table(struct gvec *out, const void *multiples, const struct svec *e)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		ed_table_pow(element(out, i), multiples, scalar(e, i));
}

static void
generators(struct gvec *out, const char *label, uint64_t first)
{
	uint8_t hash[HASHES][64];
	uint64_t ctr;
	size_t i, k, n;

	for (i = 0; i < out->n; i += n) {
		n = out->n - i < HASHES ? out->n - i : HASHES;
		generator_hashes(hash[0], out->group, label, first + i, n);
		for (k = 0; k < n; k++)
			for (ctr = 1;; ctr++) {
				ristretto_map(element(out, i + k), hash[k]);
				if (!ristretto_equal(element(out, i + k), &ed_identity))
					break;
				generator_hash(hash[k], out->group, label, first + i + k, ctr, 0);
			}
	}
}

/* Find the encoding for a block, which s becomes, and its element. */
static void
embed_one(struct ed *out, uint8_t s[BYTES], const uint8_t block[GROUP_BLOCK_BYTES])
{
	unsigned ctr;

	memcpy(s + 1, block, GROUP_BLOCK_BYTES);
	for (ctr = 0; ctr < COUNTERS; ctr++) {
		s[0] = (uint8_t)((ctr & 0x7f) << 1);
		s[BYTES - 1] = (uint8_t)(ctr >> 7);
		if (ristretto_decode(out, s) == R_GOOD && !ristretto_equal(out, &ed_identity))
			break;
	}
	/* One string in four is an element: 16384 in a row that are none do not exist. */
	if (ctr == COUNTERS)
		abort();
}

static void
embed(struct gvec *out, const uint8_t *blocks)
{
	uint8_t s[BYTES];
	size_t i;

	for (i = 0; i < out->n; i++)
		embed_one(element(out, i), s, blocks + i * GROUP_BLOCK_BYTES);
	sodium_memzero(s, sizeof s);
}

static enum result
extract(uint8_t *blocks, const struct gvec *v, size_t *bad)
{
	uint8_t s[BYTES], again[BYTES];
	struct ed unused;
	size_t i;

	for (i = 0; i < v->n; i++) {
		ristretto_encode(s, element(v, i));
		memcpy(blocks + i * GROUP_BLOCK_BYTES, s + 1, GROUP_BLOCK_BYTES);
		embed_one(&unused, again, blocks + i * GROUP_BLOCK_BYTES);
		if (memcmp(again, s, BYTES) != 0) {
			*bad = i;
			return R_BAD_CHOICE;
		}
	}
	return R_GOOD;
}

/* ---- scalars ---- */

static enum result
read_scalars(struct svec *out, const uint8_t *bytes, size_t stride, size_t *bad)
{
	size_t i;

	for (i = 0; i < out->n; i++) {
		if (!scalar_canonical(bytes + i * stride)) {
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
	scalar_reduce(scalar(v, i), wide);
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
		scalar_add(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
sub(struct svec *out, const struct svec *a, const struct svec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		scalar_sub(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
mul_scalars(struct svec *out, const struct svec *a, const struct svec *b)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		scalar_mul(scalar(out, i), scalar(a, i), scalar(b, i));
}

static void
muladd(struct svec *out, const struct svec *a, const struct svec *b, const struct svec *c)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		scalar_muladd(scalar(out, i), scalar(a, i), scalar(b, i), scalar(c, i));
}

static void
sum(struct svec *out, const struct svec *v)
{
	scalar_sum(out->at, v->at, v->n);
}

static void
product(struct svec *out, const struct svec *v)
{
	scalar_product(out->at, v->at, v->n);
}

static void
inner(struct svec *out, const struct svec *a, const struct svec *b)
{
	scalar_inner(out->at, a->at, b->at, a->n);
}

static void
chain(struct svec *out, const struct svec *first, const struct svec *a, const struct svec *b)
{
	scalar_chain(out->at, first->at, a->at, b->at, out->n);
}

static void
invert(struct svec *out, const struct svec *a)
{
	scalar_invert(out->at, a->at);
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
	.pow_vartime = power_vartime,
	.equal = equal,
	.table = table,
	.pow_table = power_table,
	.multipow = multipow,
	.multipow_vartime = multipow_vartime,
	.generators = generators,
	.embed = embed,
	.extract = extract,
	.extract_each = ristretto_extract_each,
	.read = read_scalars,
	.write = write_scalars,
	.from_u64 = from_u64,
	.from_wide = from_wide,
	.from_128 = from_128,
	.from_hash = from_wide,
	.add = add,
	.sub = sub,
	.mul_scalars = mul_scalars,
	.muladd = muladd,
	.sum = sum,
	.product = product,
	.inner = inner,
	.chain = chain,
	.invert = invert,
};

const struct group ristretto255 = {
	.name = "ristretto255",
	.element_bytes = BYTES,
	.scalar_bytes = BYTES,
	.wide_bytes = 64,
	.element_store = sizeof(struct ed),
	.scalar_store = BYTES,
	.grain = 16,
	.ops = &ops,
};
