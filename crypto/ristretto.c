/* ristretto255 (RFC 9496): elements through crypto/lanes.h, scalars through crypto/scalar.h.
 * A vector holds points, of which many stand for one element. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/group_ops.h"
#include "crypto/lanes.h"
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

/* Commitments that are made at a time: their exponents and points stay in the cache. */
#define COMMITMENTS 256

/* Elements that are decoded at a time. */
#define VERDICTS 128

_Static_assert(SCALAR_BYTES == BYTES, "scalars have 32 bytes");
_Static_assert(sizeof(struct ed) <= GROUP_STORE_MAX, "an element fits on the stack");

/* The generator's table, made at its first use, the same in every run. */
static struct lanes_table *generator_table;
static pthread_once_t generator_once = PTHREAD_ONCE_INIT;

/* The vectors start at multiples of 64 and their elements are whole structs. */
static struct ed *
element(const struct gvec *v, size_t i)
{
	struct ed *first = (struct ed *)(void *)v->at;

	return first + (v->n == 1 ? 0 : i);
}

/* From one element of an input to the next. */
static size_t
step(const struct gvec *v)
{
	return v->n == 1 ? 0 : 1;
}

static uint8_t *
scalar(const struct svec *v, size_t i)
{
	return v->at + (v->n == 1 ? 0 : i * BYTES);
}

static size_t
stride(const struct svec *v)
{
	return v->n == 1 ? 0 : BYTES;
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

/* Return 1 if these bytes are the identity's. */
static int
is_identity(const uint8_t s[BYTES])
{
	static const uint8_t identity[BYTES];

	return memcmp(s, identity, BYTES) == 0;
}

/* Decode n of out's elements from the i-th on. */
static void
decode_some(struct gvec *out, enum result *verdicts, size_t i, const uint8_t *bytes,
    size_t distance, enum decode which, size_t n)
{
	size_t k;

	lanes_chosen()->decode(element(out, i), verdicts, bytes + i * distance, distance, n);
	for (k = 0; k < n; k++)
		if (which != DECODE_ANY && is_identity(bytes + (i + k) * distance))
			verdicts[k] = R_BAD_ELEMENT;
}

static enum result
decode(struct gvec *out, const uint8_t *bytes, size_t distance, enum decode which, size_t *bad)
{
	enum result verdicts[VERDICTS];
	size_t i, k, n;

	for (i = 0; i < out->n; i += n) {
		n = out->n - i < VERDICTS ? out->n - i : VERDICTS;
		decode_some(out, verdicts, i, bytes, distance, which, n);
		for (k = 0; k < n; k++)
			if (verdicts[k] != R_GOOD) {
				*bad = i + k;
				return verdicts[k];
			}
	}
	return R_GOOD;
}

static void
decode_each(struct gvec *out, enum result *verdicts, const uint8_t *bytes, size_t distance,
    enum decode which)
{
	size_t i;

	decode_some(out, verdicts, 0, bytes, distance, which, out->n);
	for (i = 0; i < out->n; i++)
		if (verdicts[i] != R_GOOD)
			*element(out, i) = ed_identity;
}

static void
encode(uint8_t *bytes, size_t distance, const struct gvec *v)
{
	lanes_chosen()->encode(bytes, distance, element(v, 0), v->n);
}

static void
encode_squares(uint8_t *bytes, size_t distance, const struct gvec *v)
{
	lanes_chosen()->encode_double(bytes, distance, element(v, 0), v->n);
}

static void
mul(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	lanes_chosen()->add(element(out, 0), element(a, 0), element(b, 0), step(b), out->n);
}

static void
divide(struct gvec *out, const struct gvec *a, const struct gvec *b)
{
	lanes_chosen()->sub(element(out, 0), element(a, 0), element(b, 0), step(b), out->n);
}

static void
mul_all(struct gvec *out, const struct gvec *v)
{
	lanes_chosen()->sum(element(out, 0), element(v, 0), v->n);
}

static enum result
power(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	lanes_chosen()->pow(element(out, 0), element(base, 0), step(base), scalar(e, 0), stride(e),
	    out->n);
	return R_GOOD;
}

static enum result
multipow(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	return lanes_chosen()->multi(element(out, 0), element(base, 0), scalar(e, 0), stride(e),
	    base->n);
}

static enum result
multipow_vartime(struct gvec *out, const struct gvec *base, const struct svec *e)
{
	return lanes_chosen()->multi_vartime(element(out, 0), element(base, 0), scalar(e, 0),
	    stride(e), base->n);
}

static void
make_generator_table(void)
{
	(void)lanes_chosen()->table(&generator_table, &ed_generator);
}

static enum result
table(const void **out, void **owned, const struct gvec *base, size_t n)
{
	struct lanes_table *own;
	enum result r;

	if (ristretto_equal(element(base, 0), &ed_generator)) {
		(void)pthread_once(&generator_once, make_generator_table);
		*out = generator_table; /* NULL if there was no memory: slower, but right */
		return R_GOOD;
	}
	if (n < lanes_chosen()->table_pays)
		return R_GOOD;
	r = lanes_chosen()->table(&own, element(base, 0));
	*out = *owned = own;
	return r;
}

static void
power_table(struct gvec *out, const void *multiples, const struct svec *e)
{
	lanes_chosen()->table_pow(element(out, 0), multiples, scalar(e, 0), stride(e), NULL,
	    out->n);
}

/* x^e y^f v, for n of them. */
static void
commit_some(struct ed *p, const struct ed *v, const void *x, const uint8_t *e, const void *y,
    const uint8_t *f, size_t n)
{
	lanes_chosen()->table_pow(p, x, e, BYTES, v, n);
	if (y != NULL)
		lanes_chosen()->table_pow(p, y, f, BYTES, p, n);
}

/* Encode v 2p, or 2p if v is NULL. */
static void
encode_halved(uint8_t *bytes, size_t distance, const struct ed *v, const struct ed *p, size_t n)
{
	const struct lanes *lanes = lanes_chosen();

	if (v != NULL)
		lanes->encode_add_double(bytes, distance, v, p, n);
	else
		lanes->encode_double(bytes, distance, p, n);
}

/* Where it can be the exponents are halved: what is then encoded is twice what was made, and
 * that is much cheaper than to encode it as it is. */
static enum result
commit(uint8_t *bytes, size_t distance, struct gvec *out, const struct gvec *v, const void *x,
    const struct svec *e, const void *y, const struct svec *f)
{
	const struct lanes *lanes = lanes_chosen();
	const int halved = v == NULL || lanes->encode_add_double != NULL;
	uint8_t half_e[COMMITMENTS * BYTES], half_f[COMMITMENTS * BYTES];
	struct ed p[COMMITMENTS];
	const struct ed *plus;
	size_t at, i, n;

	for (at = 0; at < e->n; at += n) {
		n = e->n - at < COMMITMENTS ? e->n - at : COMMITMENTS;
		plus = v != NULL ? element(v, at) : NULL;
		if (halved) {
			for (i = 0; i < n; i++)
				scalar_half(half_e + i * BYTES, scalar(e, at + i));
			for (i = 0; y != NULL && i < n; i++)
				scalar_half(half_f + i * BYTES, scalar(f, at + i));
			commit_some(p, NULL, x, half_e, y, half_f, n);
			encode_halved(bytes + at * distance, distance, plus, p, n);
			if (out != NULL)
				lanes->twice(p, p, n);
			if (out != NULL && plus != NULL)
				lanes->add(p, p, plus, 1, n);
		} else {
			commit_some(p, plus, x, scalar(e, at), y, y != NULL ? scalar(f, at) : NULL,
			    n);
			lanes->encode(bytes + at * distance, distance, p, n);
		}
		if (out != NULL)
			memcpy(element(out, at), p, n * sizeof *p);
	}
	sodium_memzero(half_e, sizeof half_e);
	sodium_memzero(half_f, sizeof half_f);
	sodium_memzero(p, sizeof p);
	return R_GOOD;
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
		lanes_chosen()->map(element(out, i), hash[0], n);
		for (k = 0; k < n; k++)
			for (ctr = 1; ristretto_equal(element(out, i + k), &ed_identity); ctr++) {
				generator_hash(hash[k], out->group, label, first + i + k, ctr, 0);
				ristretto_map(element(out, i + k), hash[k]);
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
from_wides(struct svec *out, const uint8_t *wide)
{
	scalar_reduce_many(out->at, wide, out->n);
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
	scalar_muladd_many(out->at, a->at, b->at, stride(b), NULL, out->n);
}

static void
muladd(struct svec *out, const struct svec *a, const struct svec *b, const struct svec *c)
{
	scalar_muladd_many(out->at, a->at, b->at, stride(b), c->at, out->n);
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
	.decode_each = decode_each,
	.encode = encode,
	.encode_squares = encode_squares,
	.mul = mul,
	.div = divide,
	.mul_all = mul_all,
	.pow = power,
	.pow_vartime = power,
	.equal = equal,
	.table = table,
	.pow_table = power_table,
	.commit = commit,
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
	.from_wides = from_wides,
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
